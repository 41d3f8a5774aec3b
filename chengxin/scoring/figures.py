"""A sheet as plain arrays, assessments × lines, with the limits that its readings set on totals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from chengxin.rubric.model import Line
from chengxin.rubric.rules import Column
from chengxin.scoring.grid import ASSESSED, NOT_APPLICABLE, NOT_ASSESSED, SECTIONS

PLACES = 9  # most decimals of any product of points and observation


def places(numbers: Column) -> int:
    """Decimals that write all the numbers exactly, up to `PLACES`."""
    scaled = (numbers * 10.0**k for k in range(PLACES))
    return next((k for k, x in enumerate(scaled) if (np.abs(x - np.rint(x)) < 1e-4).all()), PLACES)


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
        return limits[np.isfinite(limits)]

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
