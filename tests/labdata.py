"""Random but valid observations for tests of the lab."""

import numpy as np
import pandas as pd

from chengxin.rubric.load import load_rubric

STREET, SCENIC = load_rubric("street"), load_rubric("scenic_area")


def observed(rubric, areas, seed, missing=0.0, idle=0.0, ties=False):
    """Observations of some areas; with ties, all areas have one of two patterns."""
    rng = np.random.default_rng(seed)
    patterns = [_pattern(rubric, rng, idle) for _ in range(2 if ties else areas)]
    rows = []
    for area in range(areas):
        for row in patterns[area % len(patterns)]:
            if rng.random() >= missing:
                rows.append({"assessment": f"A{area:02d}", **row})
    return pd.DataFrame(rows, columns=["assessment", "line", "value", "of", "outcome", "note"])


def _pattern(rubric, rng, idle):
    rows = []
    for line in rubric.lines:
        row = {"line": line.id, "value": 0.0, "of": np.nan, "outcome": "assessed", "note": "演示"}
        if line.section == "base" and rng.random() < idle:
            row |= {"value": np.nan, "outcome": "not_applicable"}
        elif line.rule.needs_of:
            row["of"] = float(rng.integers(1, 40))
            row["value"] = float(rng.binomial(int(row["of"]), rng.uniform(0.6, 1)))
        elif line.rule.kind == "marks":
            row["value"] = float(rng.integers(0, int(line.points) + 1))
        elif line.section == "base":
            row["value"] = float(rng.random() < 0.8)
        else:
            row["value"] = float(rng.random() < 0.2)
        rows.append(row)
    return rows
