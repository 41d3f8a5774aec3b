"""Worked cases, rubrics as plain data, and random legal observations, for tests of scores, totals and sentences."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from hypothesis import strategies as st

HERE = Path(__file__).parent


RUBRICS = {
    name: yaml.safe_load((HERE.parent / "rubrics" / f"{name}.yaml").read_text("utf-8"))
    for name in ("scenic_area", "street")
}


CASES = yaml.safe_load((HERE / "cases" / "index_cases.yaml").read_text("utf-8"))


def frame(assessments: dict) -> pd.DataFrame:
    rows = [
        {"assessment": who, "line": line, "value": np.nan, "of": np.nan, "outcome": "assessed", "note": "", **seen}
        for who, lines in assessments.items()
        for line, seen in lines.items()
    ]
    return pd.DataFrame(rows, columns=["assessment", "line", "value", "of", "outcome", "note"])


def observed(line: dict, draw):
    """A legal observation for a line, often on an edge."""
    kind, points = line["rule"]["kind"], line["points"]
    note = "理由"
    if draw(st.integers(0, 19)) == 0:
        return {"outcome": "not_applicable", "note": note}
    if kind in ("share", "threshold"):
        if draw(st.integers(0, 4)) == 0:
            return {"value": draw(st.integers(0, 1000)) / 10, "of": 100}
        of = draw(st.sampled_from([0, 1, 3, 7, 8, 16, 20, 37, 40, 64, 80, 200, 333, 997]))
        return {"value": draw(st.integers(0, of)), "of": of}
    if kind == "met":
        return {"value": draw(st.integers(0, 1))}
    if kind == "marks":
        return {"value": draw(st.integers(0, int(points * 8))) / 8, "note": note}
    return {"value": draw(st.integers(0, 5))}


READINGS = {
    "merchants": ["share", "all"],
    "threshold": ["inclusive", "exclusive"],
    "below_threshold": ["zero", "ratio"],
    "no_cases": ["full", "zero", "not_applicable"],
    "repeats": ["once", "each"],
    "not_applicable": ["full", "rescale", "zero"],
    "bonus_cap": ["none", 8.0, 0.125, 2.5],
    "ceiling": ["none", 100.0, 90.125],
    "floor": ["zero", "none"],
    "red_line": ["flag", "cap"],
}


@st.composite
def assessments(draw, data):
    readings = {key: draw(st.sampled_from(READINGS[key])) for key in data["readings"]}
    whole = draw(st.booleans())
    seen = {
        f"评价{n}": {
            line["id"]: observed(line, draw) for line in data["lines"] if whole or draw(st.integers(0, 15)) > 0
        }
        for n in range(draw(st.integers(1, 3)))
    }
    return readings, {who: lines for who, lines in seen.items() if lines}


def full_marks(name: str) -> dict:
    seen = {}
    for line in RUBRICS[name]["lines"]:
        kind, base = line["rule"]["kind"], line["section"] == "base"
        if kind in ("share", "threshold"):
            seen[line["id"]] = {"value": 40, "of": 40}
        else:
            best = {"per_unit": 0, "marks": line["points"]}.get(kind, 1)
            seen[line["id"]] = {"value": best if base else 0}
    return seen
