"""Totals of one block of assessments: float64 sums, the limits of the readings, exact rounding."""

import numpy as np
import pandas as pd

from chengxin.rubric.rules import Column
from chengxin.scoring.figures import Figures
from chengxin.scoring.rounding import half_up

COLUMNS = (
    "base", "bonus", "deduction", "raw", "unrounded", "total",
    "assessed_points", "missing_points", "low", "high", "complete",
)  # fmt: skip


class Sums:
    """Sums one block of assessments after another.

    Parameters
    ----------
    figures : the sheet
    """

    def __init__(self, figures: Figures) -> None:
        self.figures = figures

    def __call__(self, at: slice) -> dict[str, Column]:
        """Totals of a block as columns."""
        f = self.figures
        score, state = (np.ascontiguousarray(table[at].T) for table in (f.score, f.state))
        base, bonus, deduction = (np.nansum(score[f.section == n], axis=0) for n in range(3))
        missing, idle = f.without(state)
        applicable = f.full - idle if f.rescale else np.full(len(base), f.full)
        factor = np.divide(f.full, applicable, out=np.full(len(base), np.nan), where=applicable > 0)
        red = f.crossed(at).any(axis=1)
        size = (base + missing) * factor + bonus + deduction
        bonus = np.minimum(bonus, f.bonus_cap)
        raw, high = base * factor + bonus - deduction, (base + missing) * factor + bonus - deduction
        unrounded, high = f.limited(raw, red), f.limited(high, red)
        low = half_up(f, at.start, unrounded, size, 0 * missing, applicable)
        complete = (missing == 0) & (applicable > 0)
        return {
            "base": base * factor, "bonus": bonus, "deduction": deduction, "raw": raw, "unrounded": unrounded,
            "total": np.where(complete, low, np.nan), "assessed_points": f.full - missing,
            "missing_points": missing, "low": low, "complete": complete,
            "high": half_up(f, at.start, high, size, missing, applicable),
        }  # fmt: skip


def red_lines(figures: Figures) -> pd.Categorical:
    """For every assessment the ids of the red lines that were crossed, joined by 、; few distinct texts."""
    hits = figures.crossed()
    names = np.array(figures.ids)[figures.red]
    patterns, codes = np.unique(hits @ (1 << np.arange(len(names))), return_inverse=True)
    texts = ["、".join(names[(int(pattern) >> np.arange(len(names))) & 1 == 1]) for pattern in patterns]
    return pd.Categorical.from_codes(codes, categories=texts)
