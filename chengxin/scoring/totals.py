"""From the sheet to totals: its columns as plain arrays, summed in blocks under the limits of the readings.

Totals are float64 sums; where a printed total lies on a tie of two decimals whole numbers decide (`rounding`), so
every printed total equals exact arithmetic.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from chengxin.rubric.model import Line
from chengxin.rubric.rules import Column
from chengxin.scoring.grid import ASSESSED, NOT_APPLICABLE, NOT_ASSESSED, SECTIONS, in_blocks
from chengxin.scoring.rounding import half_up

COLUMNS = (
    "base", "bonus", "deduction", "raw", "unrounded", "total",
    "assessed_points", "missing_points", "low", "high", "complete",
)  # fmt: skip


def totals(sheet: pd.DataFrame) -> pd.DataFrame:
    """Sum a sheet.

    Parameters
    ----------
    sheet : what `score.score` returned, whole and unsorted

    Returns
    -------
    one row per assessment: assessment, rubric, base, bonus, deduction (points, unrounded), raw (their sum),
    unrounded (after the limits of the readings; ranks use it), total (unrounded, half up to 2 decimals; NaN
    while incomplete), assessed_points, missing_points, low, high (total if every missing line got nothing or
    full points, 2 decimals), complete (bool), red_lines (ids of red lines that were
    crossed, joined by 、: a deduction was made, or a base line got nothing)

    >>> import chengxin
    >>> from chengxin.paths import place
    >>> street = chengxin.load_rubric("street")
    >>> seen = chengxin.read_observations(place("sample_data") / "observations.csv")
    >>> seen = seen[seen["assessment"].isin(["331002-J1-2026", "331003-J1-2026"])]
    >>> chengxin.totals(chengxin.score(street, seen))[["assessment", "base", "bonus", "total"]].round(2).values.tolist()
    [['331002-J1-2026', 97.83, 3.0, 100.83], ['331003-J1-2026', 87.85, 3.0, 90.85]]
    """
    figures = Figures(sheet)
    parts = in_blocks(Sums(figures), len(figures.score))
    columns = {name: np.concatenate([part[name] for part in parts]) if parts else np.empty(0) for name in COLUMNS}
    names = sheet["assessment"].cat.categories
    results = pd.DataFrame({"assessment": names, "rubric": sheet.attrs["rubric"], **columns})
    results["complete"] = results["complete"].astype(bool)
    results["red_lines"] = _red_lines(figures)
    results.attrs = dict(sheet.attrs)
    return results


class Figures:
    """What summing needs of a sheet.

    Parameters
    ----------
    sheet : what `score.score` returned, whole and unsorted
    lines : of the rubric; an empty sheet does not know their points and sections itself
    """

    def __init__(self, sheet: pd.DataFrame, lines: Sequence[Line] = ()) -> None:
        about, self.ids = sheet.attrs, list(sheet["line"].cat.categories)
        self.width = len(self.ids)
        self.points = sheet["points"].to_numpy()[: self.width]
        self.section = sheet["section"].cat.codes.to_numpy()[: self.width]
        if lines and sheet.empty:
            self.points = np.array([line.points for line in lines])
            self.section = np.array([SECTIONS.index(line.section) for line in lines])
        self.score, self.value, self.of = (self._cells(sheet[name]) for name in ("score", "value", "of"))
        self.state = self._cells(sheet["outcome"].cat.codes)
        self.divides = np.array(about["divides"], bool)
        self.red = np.isin(self.ids, about["red_lines"])
        readings = about["readings"]
        self.rescale = readings.get("not_applicable") == "rescale"
        self.bonus_cap, self.ceiling = (_limit(readings.get(key)) for key in ("bonus_cap", "ceiling"))
        self.red_cap = np.inf if about["red_line_cap"] is None else about["red_line_cap"]
        self.floor = 0.0 if readings.get("floor", "zero") == "zero" else -np.inf

    def _cells(self, column: pd.Series) -> Any:
        return column.to_numpy().reshape(-1, self.width)

    @property
    def full(self) -> float:
        """Points of all base lines."""
        return float(self.points[self.section == 0].sum())

    def crossed(self, at: Any = slice(None)) -> Any:
        """Where red lines are crossed, assessments × red lines: a deduction was made, or a base line got nothing."""
        score, state = self.score[at][:, self.red], self.state[at][:, self.red]
        if not len(score):
            return score > 0  # an empty sheet does not know its sections
        return np.where(self.section[self.red] == 0, (score <= 0) & (state == ASSESSED), score > 0)

    def limits(self) -> Column:
        """The limits that are set, as points."""
        limits = np.array([self.bonus_cap, self.ceiling, self.red_cap])
        return np.asarray(limits[np.isfinite(limits)])

    def without(self, state: Any) -> tuple[Column, Column]:
        """Base points not assessed and not applicable, by assessment; `state` is lines × assessments."""
        base = self.section == 0
        missing, idle = (self.points[base] @ (state[base] == code) for code in (NOT_ASSESSED, NOT_APPLICABLE))
        return missing, idle

    def limited(self, raw: Column, red: Any) -> Column:
        """Totals after red-line cap, ceiling and floor."""
        capped = np.where(red, np.minimum(raw, self.red_cap), raw) if np.isfinite(self.red_cap) else raw
        return np.maximum(np.minimum(capped, self.ceiling), self.floor)


def _limit(option: Any) -> float:
    return option if isinstance(option, float) else np.inf


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


def _red_lines(figures: Figures) -> pd.Categorical:
    """For every assessment the ids of the red lines that were crossed, joined by 、; few distinct texts."""
    hits = figures.crossed()
    names = np.array(figures.ids)[figures.red]
    patterns, codes = np.unique(hits @ (1 << np.arange(len(names))), return_inverse=True)
    texts = ["、".join(names[(int(pattern) >> np.arange(len(names))) & 1 == 1]) for pattern in patterns]
    return pd.Categorical.from_codes(codes, categories=texts)
