"""Draws for the lab: points around the official ones, inspected merchants, survey shares. Every draw has a seed.

Where it is known what was found at each merchant, whole merchants are drawn, so that lines on the same merchants move
together; elsewhere each line is drawn from its counts.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chengxin.errors import UsageError
from chengxin.lab.panel import Panel
from chengxin.lab.table import Sample, lab_table
from chengxin.rubric.model import Rubric, groups
from chengxin.rubric.rules import Column, plain

BY = ("line", "group")
VARY = ("points", "merchants", "surveys")
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


def points_drawn(
    rng: np.random.Generator, rubric: Rubric, draws: int, by: str = "line", concentration: float = 400
) -> Column:
    """Points of the base lines around the official ones, each draw summing to full marks.

    A Dirichlet distribution with mean at the official points: w ~ full × Dirichlet(concentration × points ÷ full).
    Its sum is full marks by construction and its mean is the official points; independent uniform draws rescaled to
    the total have neither the wanted mean nor the wanted spread (Devroye 1986, Non-Uniform Random Variate Generation,
    ch. XI.4). Standard deviation of a line's share s: √(s(1 − s) ÷ (concentration + 1)).

    Parameters
    ----------
    rng : source of the draws
    rubric : its base lines' points are the centre
    draws : how many
    by : ``line``; or ``group``: groups are drawn and lines keep their part of their group
    concentration : sum of the parameters, above 0; the larger, the nearer to the official points

    Returns
    -------
    draws × base lines, points

    Raises
    ------
    UsageError : another `by`, or a concentration that is not a number above 0
    """
    if by not in BY or not 0 < concentration < float("inf"):
        raise UsageError(f"分值按“{by}”、集中度{concentration:g}变动；应为{'、'.join(BY)}之一，集中度为正数。")
    share = np.array([line.points for line in rubric.lines if line.section == "base"]) / rubric.full_marks
    share = share / share.sum()
    if by == "line":
        return rubric.full_marks * rng.dirichlet(concentration * share, draws)
    members = [places for _, places in groups(rubric)]
    whole = np.array([share[places].sum() for places in members])
    drawn = rng.dirichlet(concentration * whole, draws)
    return rubric.full_marks * spread(members, share, drawn)


def spread(members: list[list[int]], share: Column, drawn: Column) -> Column:
    """Shares of groups (draws × groups) to shares of lines: a line keeps its part of its group."""
    lines = np.empty((len(drawn), len(share)))
    for n, places in enumerate(members):
        lines[:, places] = drawn[:, [n]] * (share[places] / share[places].sum())
    return lines


def spread_in_words(rubric: Rubric, by: str, concentration: float) -> str:
    """How far the points move in these draws, by the example of the most frequent line or the largest group.

    Parameters
    ----------
    rubric, by, concentration : as for `points_drawn`
    """
    base = [line.points for line in rubric.lines if line.section == "base"]
    sums = [sum(base[n] for n in members) for _, members in groups(rubric)]
    points, what = (max(sums), "组") if by == "group" else (max(base, key=lambda each: (base.count(each), each)), "条")
    share = points / sum(base)
    sd = sum(base) * (share * (1 - share) / (concentration + 1)) ** 0.5
    return f"分值的集中度为{plain(concentration)}：{plain(points)}分的一{what}，抽到的分值标准差约{sd:.2f}分"


def merchants_drawn(rng: np.random.Generator, value: Column, of: Column, draws: int, population: Column) -> Column:
    """Bootstrap of the inspected merchants of one line.

    A merchant passes or not, so resampling `of` merchants with replacement is a binomial draw. Where the number of
    all merchants is known, each is drawn from a made-up population instead, which holds the sample as often as it
    fits and the rest drawn from it without replacement (Booth, Butler & Hall 1994, JASA 89, 1282–1289); where all
    were inspected nothing varies. A sample that all passed (or failed) never varies: the bootstrap cannot show what
    it never saw.

    Parameters
    ----------
    value, of : n counts, passed and inspected
    population : n counts of all merchants, NaN where unknown

    Returns
    -------
    draws × n counts of passed merchants
    """
    size = (draws, len(value))
    whole, passed = np.rint(of).astype(np.int64), np.rint(value).astype(np.int64)
    free = rng.binomial(whole, np.divide(value, of, out=np.zeros(len(of)), where=of > 0), size)
    known = np.isfinite(population)
    if not known.any():
        return free.astype(float)
    every = np.maximum(np.where(known, population, of).astype(np.int64), whole)
    times, over = np.divmod(every, np.maximum(whole, 1))
    good = times * passed + rng.hypergeometric(passed, whole - passed, np.where(whole > 0, over, 0), size)
    bound = rng.hypergeometric(good, np.broadcast_to(np.where(whole > 0, every, 0), size) - good, whole, size)
    return np.where(known, bound, free).astype(float)


def survey_drawn(rng: np.random.Generator, value: Column, of: Column, draws: int) -> Column:
    """Share of all visitors that a survey leaves possible, as a count of the same number of answers.

    Beta(satisfied + ½, others + ½), the posterior under Jeffreys' prior (Brown, Cai & DasGupta 2001, Statistical
    Science 16, 101–133).

    Parameters
    ----------
    value, of : n counts, satisfied and answers

    Returns
    -------
    draws × n, share × answers (not whole)
    """
    return rng.beta(value + 0.5, of - value + 0.5, (draws, len(value))) * of


def sampled(panel: Panel) -> list[tuple[int, Sample]]:
    """Base lines whose counts come from a sample: position and kind, by the unit of the line."""
    kinds, lines = lab_table().sampled, panel.rubric.lines
    found = [(n, lines[place]) for n, place in enumerate(panel.places)]
    return [(n, kinds[line.unit]) for n, line in found if line.rule.needs_of and line.unit in kinds]


def counted(panel: Panel, line: int) -> NDArray[np.bool_]:
    """Which assessments have counts of a sample in a base line: whole numbers, applicable, not 0 of 0."""
    value, of = panel.value[:, line], panel.of[:, line]
    whole: NDArray[np.bool_] = (value == np.rint(value)) & (of == np.rint(of))
    return panel.free[:, line] & (of > 0) & whole


def shares_drawn(
    rng: np.random.Generator, panel: Panel, draws: int, kinds: tuple[str, ...], population: Column,
    checks: Checks | None = None,
) -> dict[int, Column]:  # fmt: skip
    """Shares of points under resampled counts, by base line.

    Cells that are not counts (a percentage with decimals), not applicable or 0 of 0 keep what was found.

    Parameters
    ----------
    kinds : which samples vary: merchants, surveys
    population : n numbers of all merchants, NaN where unknown
    checks : what was found merchant by merchant; where it covers a line, merchants are drawn whole, else by count
    """
    drawn: dict[int, Column] = {}
    applicable = _applicable(panel, population)
    whole = checks.drawn(rng, draws, population) if checks and checks.parts and "merchants" in kinds else None
    for n, kind in (pair for pair in sampled(panel) if pair[1] in kinds):
        line = panel.rubric.lines[panel.places[n]]
        value, of, alone = panel.value[:, n], panel.of[:, n], counted(panel, n)
        if not alone.any():
            continue
        shares = np.tile(panel.share[:, n], (draws, 1))
        if whole and checks and kind == "merchants":
            place = checks.lines.index(n)
            joint = checks.covers[:, place] & alone
            passed, some = (part[:, joint, place] for part in whole)
            points = line.rule.score(line.points, passed, some) / line.points
            shares[:, joint] = np.where(some > 0, points, shares[:, joint])
            alone = alone & ~joint
        way: Callable[..., Column] = survey_drawn if kind == "surveys" else merchants_drawn
        more = () if kind == "surveys" else (applicable[alone, n],)
        found = way(rng, value[alone], of[alone], draws, *more)
        shares[:, alone] = line.rule.score(line.points, found, np.broadcast_to(of[alone], found.shape)) / line.points
        drawn[n] = shares
    return drawn


def _applicable(panel: Panel, population: Column) -> Column:
    """Numbers of all merchants that each line applies to (n × k): the same part of all as of those inspected.

    Inspected were as many as the line that applies to most of them has.
    """
    found = [n for n, kind in sampled(panel) if kind == "merchants"]
    counts = np.zeros_like(panel.of)
    for n in found:
        counts[:, n] = np.where(counted(panel, n), panel.of[:, n], 0)
    inspected = counts.max(axis=1, initial=0)[:, None]
    part = np.divide(counts, inspected, out=np.ones_like(counts), where=inspected > 0)
    whole: Column = np.rint(population[:, None] * part)
    return whole
