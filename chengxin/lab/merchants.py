"""Bootstrap of whole merchants from what was found at each, so that lines on the same merchants move together."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chengxin.lab.panel import Panel
from chengxin.rubric.rules import Column

OK, BAD = "ok", "bad"  # results of a merchant; any other one does not count
ONE_BY_ONE, PARTLY, BY_COUNT = "逐户", "部分逐户", "按户数"


@dataclass(frozen=True)
class Checked:
    """Assessments with the same number m of inspected merchants.

    Parameters
    ----------
    at : k positions among the panel's assessments
    passed, counted : k × m × lines, 1.0 where a merchant passed, where it counts
    """

    at: NDArray[np.intp]
    passed: Column
    counted: Column


@dataclass(frozen=True)
class Checks:
    """What was found merchant by merchant, arranged for draws.

    Parameters
    ----------
    lines : positions among the base lines
    parts : assessments by number of merchants
    covers : n × lines, True where the merchants' results sum to the counts that were scored
    """

    lines: list[int]
    parts: list[Checked]
    covers: NDArray[np.bool_]

    def how(self, counts: NDArray[np.bool_]) -> list[str]:
        """How each assessment's merchants are drawn: 逐户, 部分逐户, 按户数, or empty where there are none.

        Parameters
        ----------
        counts : n × lines, True where a sample of merchants was counted
        """
        some, all_ = (self.covers & counts).any(axis=1), (self.covers | ~counts).all(axis=1)
        words = np.where(some & all_, ONE_BY_ONE, np.where(some, PARTLY, BY_COUNT))
        return [str(word) for word in np.where(counts.any(axis=1), words, "")]

    def drawn(self, rng: np.random.Generator, draws: int, population: Column) -> tuple[Column, Column]:
        """Counts of merchants that passed and that count, under resampled merchants.

        Parameters
        ----------
        population : n numbers of all merchants, NaN where unknown

        Returns
        -------
        two arrays draws × n × lines; 0 where nothing is known merchant by merchant
        """
        shape = (draws, *self.covers.shape)
        passed, counted = np.zeros(shape), np.zeros(shape)
        for part in self.parts:
            weights = resampled(rng, part.passed.shape[1], draws, population[part.at])
            mine = weights.transpose(1, 0, 2)  # a small product for each assessment, which starts no threads
            passed[:, part.at] = (mine @ part.passed).transpose(1, 0, 2)
            counted[:, part.at] = (mine @ part.counted).transpose(1, 0, 2)
        return passed, counted


def resampled(rng: np.random.Generator, m: int, draws: int, population: Column) -> Column:
    """How often each of m inspected merchants is in a resample of m, for k assessments.

    Where the number of all merchants is unknown, m are drawn with replacement (Efron 1979). Where it is known, a
    made-up population holds each inspected merchant as often as it fits and the rest drawn from them without
    replacement, and m are drawn from it without replacement (Booth, Butler & Hall 1994); where all were inspected
    nothing varies.

    Parameters
    ----------
    population : k numbers, NaN where unknown

    Returns
    -------
    draws × k × m whole numbers that sum to m over the last axis
    """
    k, known = len(population), np.isfinite(population)
    weights = np.empty((draws, k, m))
    if not known.all():
        cells = draws * int((~known).sum())
        who = rng.integers(m, size=(cells, m)) + m * np.arange(cells)[:, None]
        weights[:, ~known] = np.bincount(who.ravel(), minlength=cells * m).reshape(draws, -1, m)
    if known.any():
        every = np.maximum(population[known].astype(np.int64), m)
        times, over = np.divmod(every, m)
        order = rng.random((draws, len(every), m)).argsort(axis=2).argsort(axis=2)
        copies = times[:, None] + (order < over[:, None])
        weights[:, known] = _without_replacement(rng, copies, m)
    return weights


def _without_replacement(rng: np.random.Generator, copies: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Multivariate hypergeometric draws, one merchant after the other; copies: draws × k × m."""
    left, wanted = copies.sum(axis=2), np.full(copies.shape[:2], size)
    taken = np.empty_like(copies)
    for n in range(copies.shape[2]):
        own = copies[:, :, n]
        left = left - own
        taken[:, :, n] = rng.hypergeometric(own, left, wanted)
        wanted = wanted - taken[:, :, n]
    return taken


def arranged(panel: Panel, lines: list[int], checks: pd.DataFrame | None) -> Checks:
    """Rows of merchants' checks as arrays.

    Parameters
    ----------
    panel : the complete assessments
    lines : positions among the base lines whose counts come from inspected merchants
    checks : columns assessment, merchant, line, result (ok, bad; any other does not count); None: none are known

    Returns
    -------
    what is known; a line whose merchants do not sum to the counts that were scored (they were mended by hand, or not
    all merchants are recorded) is not covered
    """
    n, covers = len(panel.ids), np.zeros((len(panel.ids), len(lines)), bool)
    if checks is None or checks.empty or not lines:
        return Checks(lines, [], covers)
    ids = [panel.rubric.lines[panel.places[line]].id for line in lines]
    at, line = panel.ids.get_indexer(checks["assessment"].astype("str")), pd.Index(ids).get_indexer(checks["line"])
    kept = (at >= 0) & (line >= 0)
    at, line, result = at[kept], line[kept], checks["result"].to_numpy()[kept]
    who = checks["assessment"].astype("str").str.cat(checks["merchant"].astype("str"), sep="\n")[kept]
    row, _ = pd.factorize(who)
    owner = np.zeros(row.max(initial=-1) + 1, np.intp)
    owner[row] = at
    passed, counted = np.zeros((len(owner), len(lines))), np.zeros((len(owner), len(lines)))
    np.add.at(passed, (row, line), result == OK)
    np.add.at(counted, (row, line), (result == OK) | (result == BAD))
    sizes, order = np.bincount(owner, minlength=n), np.argsort(owner, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    parts = [_part(np.flatnonzero(sizes == m), m, starts, order, passed, counted) for m in np.unique(sizes[sizes > 0])]
    for part in parts:
        cells = np.ix_(part.at, np.array(lines))
        same = (panel.value[cells] == part.passed.sum(1)) & (panel.of[cells] == part.counted.sum(1))
        covers[part.at] = same & (panel.of[cells] > 0)
    return Checks(lines, parts, covers)


def _part(
    at: NDArray[np.intp], m: int, starts: NDArray[np.intp], order: NDArray[np.intp], passed: Column, counted: Column
) -> Checked:
    rows = order[starts[at][:, None] + np.arange(m)]
    return Checked(at, passed[rows], counted[rows])
