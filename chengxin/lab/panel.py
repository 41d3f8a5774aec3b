"""Scored assessments as arrays that draws work on: shares of the points reached, and totals and ranks of many draws.

A draw keeps what was found and changes how much it counts (points), or keeps the points and changes what was found
(samples). Only complete assessments are ranked; the others are named and left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chengxin.rubric.model import Rubric
from chengxin.rubric.rules import Column
from chengxin.scoring.grid import NOT_APPLICABLE
from chengxin.scoring.score import score
from chengxin.scoring.totals import Figures, totals


@dataclass(frozen=True)
class Panel:
    """Complete assessments (n) of one rubric with its base lines (k).

    Parameters
    ----------
    rubric : the rubric
    ids : n ids, in order of the observations
    incomplete : ids of those left out
    results : from `totals`, the n complete ones
    places : k positions of the base lines among all lines
    share : n × k, points reached ÷ points of the line; 0 where the base is rescaled and the line does not apply
    idle : n × k, 1.0 where the base is rescaled and the line does not apply, else 0.0
    value, of : n × k, what was found
    free : n × k, True where a line was assessed (not set aside as not applicable)
    rest : n, bonus after its cap less deductions, points
    red : n, True where a red line was crossed
    figures : the limits of totals
    """

    rubric: Rubric
    ids: pd.Index
    incomplete: list[str]
    results: pd.DataFrame
    places: NDArray[np.intp]
    share: Column
    idle: Column
    value: Column
    of: Column
    free: NDArray[np.bool_]
    rest: Column
    red: NDArray[np.bool_]
    figures: Figures

    @property
    def points(self) -> Column:
        """Official points of the k base lines."""
        points: Column = self.figures.points[self.places]
        return points

    def totals(self, weights: Column, shares: Mapping[int, Column] | None = None) -> Column:
        """Unrounded totals under other points or other findings.

        Parameters
        ----------
        weights : draws × k points of the base lines, each row summing to full marks
        shares : base line (0 to k − 1) → draws × n shares of its points, instead of what was found

        Returns
        -------
        draws × n, after rescaling, red-line cap, ceiling and floor as the readings have them
        """
        kept = np.ones(len(self.places), bool)
        kept[list(shares or ())] = False
        base = by_rows(weights[:, kept], self.share[:, kept])
        for line, drawn in (shares or {}).items():
            base += weights[:, [line]] * drawn
        if self.figures.rescale:
            full = weights.sum(axis=1, keepdims=True)
            base *= full / (full - by_rows(weights, self.idle))
        base += self.rest
        return self.figures.limited(base, self.red)


def panel(rubric: Rubric, observations: pd.DataFrame) -> Panel:
    """Score observations and arrange them for draws; DataError when they are faulty."""
    sheet = score(rubric, observations)
    results, figures = totals(sheet), Figures(sheet, rubric.lines)
    whole = results["complete"].to_numpy()
    places = np.flatnonzero(figures.section == 0)
    cells = np.ix_(whole, places)
    points, state = figures.points[places], figures.state[cells]
    idle = (state == NOT_APPLICABLE) & figures.rescale
    part = np.nan_to_num(figures.score[cells]) / points
    bonus, deduction = (np.nansum(figures.score[:, figures.section == n], axis=1)[whole] for n in (1, 2))
    return Panel(
        rubric,
        pd.Index(results["assessment"][whole].astype("str")),
        list(results["assessment"][~whole]),
        results[whole].reset_index(drop=True),
        places,
        np.where(idle, 0.0, part),
        idle.astype(float),
        figures.value[cells],
        figures.of[cells],
        state != NOT_APPLICABLE,
        np.minimum(bonus, figures.bonus_cap) - deduction,
        figures.crossed().any(axis=1)[whole],
        figures,
    )


def by_rows(weights: Column, shares: Column) -> Column:
    """``weights @ shares.T`` draw by draw, so that the linear algebra starts no threads beside those that draw."""
    product: Column = np.matmul(weights[:, None, :], shares.T)[:, 0]
    return product
