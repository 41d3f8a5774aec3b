"""How firm ranks are: intervals of ranks over draws, how often A beats B, and what each line decides."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd

from chengxin.errors import UsageError
from chengxin.lab.draws import VARY, Checks, arranged, counted, points_drawn, sampled, shares_drawn, spread_in_words
from chengxin.lab.panel import Panel, panel
from chengxin.lab.table import small_html, small_text
from chengxin.rubric.model import Rubric
from chengxin.rubric.rules import Column
from chengxin.scoring.ranking import TIE, placed, ranked
from chengxin.settings import settings

BLOCK = 250_000  # totals drawn at a time, small enough for the cache
MOST_PAIRS = 300  # assessments whose every pair is compared
MOST_RANKED = 4000  # assessments that are ranked together: their table of ranks, n × n counts, takes 128 MB
THREADS = 2
SAME = "名次不可区分"


SHOWN = {
    "assessment": "评价", "total": "总分（分）", "rank": "名次", "low": "最好", "median": "居中", "high": "最差",
    "note": "说明",
}  # fmt: skip


@dataclass(frozen=True, repr=False)
class RankIntervals:
    """Ranks under uncertainty.

    Parameters
    ----------
    table : one row per complete assessment, best first: assessment, total (official, points), rank (official);
        low, median, high (ranks, the ends of the interval); overlaps (how many others have an interval that
        overlaps); beats_next (share of draws with a higher total than the next row's, equal ones not counted; NaN in
        the last); note (名次不可区分 where the interval overlaps another's); merchants (how inspected merchants
        were drawn: 逐户 whole merchants, 部分逐户 in some lines, 按户数 from the counts alone; empty where they did
        not vary)
    incomplete : assessments that were left out, since an incomplete one has no rank
    draws, seed, by, vary, concentration, confidence : how it was drawn
    said : how far the points move, in Chinese; empty where they do not vary
    """

    table: pd.DataFrame
    incomplete: list[str]
    draws: int
    seed: int
    by: str
    vary: tuple[str, ...]
    concentration: float
    confidence: float
    said: str

    def __repr__(self) -> str:
        return small_text(self._title(), self.table, SHOWN)

    def _repr_html_(self) -> str:
        return small_html(self._title(), self.table, SHOWN)

    def _title(self) -> str:
        left = f"，{len(self.incomplete)}个不完整的没有排名" if self.incomplete else ""
        return (
            f"名次区间：{len(self.table)}个完整的评价{left}；抽取{self.draws}次，种子{self.seed}，"
            f"区间为{self.confidence:g}%的抽取所在。"
        )


@dataclass(frozen=True)
class _Plan:
    panel: Panel
    seed: int
    draws: int
    by: str
    vary: tuple[str, ...]
    concentration: float
    population: Column
    checks: Checks

    def blocks(self) -> Iterator[tuple[int, np.random.SeedSequence]]:
        """Sizes and seeds of the blocks; the seeds do not depend on the threads."""
        size = max(1, min(self.draws, BLOCK // max(1, len(self.panel.ids))))
        sizes = [min(size, self.draws - start) for start in range(0, self.draws, size)]
        return zip(sizes, np.random.SeedSequence(self.seed).spawn(len(sizes)), strict=True)

    def how(self) -> list[str]:
        """How each assessment's merchants are drawn; empty texts where they do not vary."""
        counts = [counted(self.panel, line) for line in self.checks.lines] if "merchants" in self.vary else []
        return self.checks.how(np.stack(counts, axis=1)) if counts else [""] * len(self.panel.ids)

    def totals(self, size: int, seed: np.random.SeedSequence) -> Column:
        """Draws × assessments."""
        rng = np.random.default_rng(seed)
        weights = np.tile(self.panel.points, (size, 1))
        if "points" in self.vary:
            weights = points_drawn(rng, self.panel.rubric, size, self.by, self.concentration)
        return self.panel.totals(weights, shares_drawn(rng, self.panel, size, self.vary, self.population, self.checks))


def rank_intervals(
    rubric: Rubric,
    observations: pd.DataFrame,
    draws: int,
    seed: int,
    *,
    by: str = "line",
    vary: Sequence[str] = ("points",),
    concentration: float | None = None,
    confidence: float | None = None,
    population: Mapping[str, float] | None = None,
    checks: pd.DataFrame | None = None,
) -> RankIntervals:
    """Intervals of ranks when points, inspected merchants or survey shares had come out otherwise.

    Parameters
    ----------
    rubric, observations : as `score.score` takes them; what was reached of a line's points is kept while points vary
    draws, seed : how many draws (1 to 1 000 000), and their seed: the same seed gives the same
    by : points vary by ``line``, or by ``group``
    vary : any of ``points`` (`draws.points_drawn`), ``merchants`` and ``surveys`` (`draws.survey_drawn`)
    concentration : of the points; default the setting lab_concentration
    confidence : percent of the draws between the ends; default the setting lab_confidence
    population : assessment → number of all its merchants, where known
    checks : assessment, merchant, line, result (ok, bad, na): what was found at each merchant. Where these sum to the
        counts that were scored, whole merchants are drawn (`draws.resampled`), so that their lines move together;
        elsewhere each line is drawn from its counts alone (`draws.merchants_drawn`), as if merchants that fail in
        one line had nothing to do with those that fail in another. The column ``merchants`` says which

    Returns
    -------
    quantile intervals of the drawn ranks (method of the OECD/JRC Handbook on Constructing Composite Indicators,
    2008, step 7; Saisana, Saltelli & Tarantola 2005, JRSS A 168, 307–323)

    Raises
    ------
    UsageError : draws, seed, `vary`, `by`, concentration, population or confidence outside what is allowed; more than
        4000 complete assessments (counts of ranks are an n × n table, one for the sum and one for each of two threads)
    DataError : faulty observations

    >>> import chengxin
    >>> from chengxin.paths import place
    >>> street = chengxin.load_rubric("street")
    >>> seen = chengxin.read_observations(place("sample_data") / "observations.csv")
    >>> seen = seen[seen["assessment"].isin(["331002-J1-2026", "331003-J1-2026"])]
    >>> found = chengxin.rank_intervals(street, seen, draws=100, seed=1)
    >>> found.table[["assessment", "rank", "low", "high"]].values.tolist()
    [['331002-J1-2026', 1, 1, 1], ['331003-J1-2026', 2, 2, 2]]
    """
    plan = _plan(rubric, observations, draws, seed, by, vary, concentration, population, checks)
    percent = settings()["lab_confidence"] if confidence is None else confidence
    if not 0 < percent < 100:
        raise UsageError(f"置信水平得到{percent:g}；应为大于0、小于100的数（单位：%）。")
    found = plan.panel
    if len(found.ids) > MOST_RANKED:
        raise UsageError(
            f"完整的评价有{len(found.ids)}个；名次区间一次最多算{MOST_RANKED}个，再多占用内存过大。请按县或等级分开算。"
        )
    said = spread_in_words(rubric, by, plan.concentration) if "points" in plan.vary else ""
    return RankIntervals(_table(plan, percent), found.incomplete, draws, seed, by, plan.vary, plan.concentration,
                         float(percent), said)  # fmt: skip


def _table(plan: _Plan, percent: float) -> pd.DataFrame:
    """The table of `RankIntervals`: all draws are made here."""
    found = plan.panel
    total = found.results["unrounded"].to_numpy()
    first = np.argsort(-total, kind="stable")
    counts, wins = _drawn(plan, first)
    ends = _quantiles(counts, plan.draws, [(1 - percent / 100) / 2, 0.5, (1 + percent / 100) / 2])
    table = pd.DataFrame(
        {
            "assessment": found.ids,
            "total": found.results["total"],
            "rank": placed(total[None])[0] if len(total) else np.empty(0, int),
            **dict(zip(("low", "median", "high"), ends, strict=True)),
            "merchants": plan.how(),
        }
    ).iloc[first]
    table = table.reset_index(drop=True)
    table["overlaps"] = overlaps(table["low"].to_numpy(), table["high"].to_numpy())
    table["beats_next"] = np.append(wins / plan.draws, np.nan)[: len(table)]
    table["note"] = np.where(table["overlaps"] > 0, SAME, "")
    table["merchants"] = table.pop("merchants")
    return table


def _plan(
    rubric: Rubric, observations: pd.DataFrame, draws: int, seed: int, by: str, vary: Sequence[str],
    concentration: float | None, population: Mapping[str, float] | None, checks: pd.DataFrame | None,
) -> _Plan:  # fmt: skip
    kinds = tuple(dict.fromkeys(vary))
    if not 1 <= draws <= 10**6 or draws != int(draws) or not kinds or not set(kinds) <= set(VARY):
        raise UsageError(f"抽取{draws}次、变动“{'、'.join(kinds)}”；应为1至1000000次，变动{'、'.join(VARY)}中的几样。")
    if not seed >= 0 or seed != int(seed):
        raise UsageError(f"种子得到{seed}；应为0或正整数。")
    strange = [f"{name}{count:g}户" for name, count in (population or {}).items() if not _known(count)]
    if strange:
        raise UsageError(f"经营户总数有误：{'、'.join(strange[:20])}；应为不小于1的整数，不知道的不写。")
    near = float(settings()["lab_concentration"] if concentration is None else concentration)
    points_drawn(np.random.default_rng(0), rubric, 1, by, near)  # refuses a wrong `by` or concentration
    found = panel(rubric, observations)
    every = np.array([(population or {}).get(name, np.nan) for name in found.ids], float)
    lines = [line for line, kind in sampled(found) if kind == "merchants"]
    return _Plan(found, seed, draws, by, kinds, near, every, arranged(found, lines, checks))


def _known(count: float) -> bool:
    """Whether a number of merchants is a whole one, or missing."""
    return pd.isna(count) or (1 <= count < np.inf and count == int(count))


def _drawn(plan: _Plan, first: Any) -> tuple[Any, Any]:
    """How often each assessment took each rank (n × n), and how often each of `first` beat the one after it."""
    n = len(plan.panel.ids)

    counts, wins, adding = np.zeros(n * n, np.int64), np.zeros(max(0, n - 1), np.int64), Lock()

    def work(block: tuple[int, np.random.SeedSequence]) -> None:
        totals = plan.totals(*block)
        order, rank = ranked(totals)
        some = np.bincount((order * n + rank - 1).ravel(), minlength=n * n)
        sorted_totals = totals[:, first]
        won = (sorted_totals[:, :-1] - sorted_totals[:, 1:] > TIE).sum(axis=0)
        with adding:  # here and not by whoever waits for the results, so that none of them pile up
            np.add(counts, some, out=counts)
            np.add(wins, won, out=wins)

    if n:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(work, plan.blocks()))
    return counts.reshape(n, n), wins


def _quantiles(counts: Any, draws: int, at: Sequence[float]) -> list[Any]:
    """For each row of counts of ranks the smallest rank with at least that share of the draws up to it."""
    below = counts.cumsum(axis=1)
    return [(below < share * draws - 1e-6).sum(axis=1) + 1 for share in at]


def overlaps(low: Any, high: Any) -> Any:
    """How many other intervals each interval touches; n ends of intervals, both included."""
    return np.searchsorted(np.sort(low), high, "right") - np.searchsorted(np.sort(high), low, "left") - 1


def beats(
    rubric: Rubric, observations: pd.DataFrame, draws: int, seed: int, only: Sequence[str] | None = None, **how: Any
) -> pd.DataFrame:
    """Share of draws in which the row's assessment has a higher total than the column's.

    Parameters
    ----------
    rubric, observations, draws, seed : as for `rank_intervals`
    only : assessments to compare, at most 300 of them; default all complete ones
    how : by, vary, concentration, population, checks, as for `rank_intervals`

    Returns
    -------
    square frame, 0 to 1; equal totals count for neither, so a pair and its mirror sum to 1 less the ties

    Raises
    ------
    UsageError : too many, or one that is not there or not complete
    """
    options = {"by": "line", "vary": ("points",), "concentration": None, "population": None, "checks": None, **how}
    plan = _plan(rubric, observations, draws, seed, **options)
    wanted = pd.Index(plan.panel.ids if only is None else list(only))
    at = plan.panel.ids.get_indexer(wanted)
    if (at < 0).any() or len(wanted) > MOST_PAIRS:
        strange = f"，其中没有或不完整的：{'、'.join(wanted[at < 0])}" if (at < 0).any() else ""
        raise UsageError(f"逐对比较{len(wanted)}个评价{strange}；应为不超过{MOST_PAIRS}个完整的评价。")
    won = np.zeros((len(at), len(at)))
    for block in plan.blocks():
        totals = plan.totals(*block)[:, at]
        for n in range(len(at)):
            won[n] += (totals[:, [n]] - totals > TIE).sum(axis=0)
    return pd.DataFrame(won / draws, index=wanted, columns=wanted)


def leave_one_out(rubric: Rubric, observations: pd.DataFrame) -> pd.DataFrame:
    """Ranks without each base line in turn: which lines decide the order.

    The line's points are taken away from everybody and not spread over the others, so totals are out of less than
    full marks. Only assessments complete with all lines are ranked, with and without the line (Saisana, Saltelli &
    Tarantola 2005, as for `rank_intervals`).

    Parameters
    ----------
    rubric, observations : as `score.score` takes them

    Returns
    -------
    one row per base line, the greatest effect first: line, label, points, reranked (how many change rank), mean_places
    (mean size of the change of rank), most_places, most_at (an assessment with the largest), first (who is first
    without it, joined by 、)

    Raises
    ------
    DataError : faulty observations
    """
    found = panel(rubric, observations)
    k, points = len(found.places), found.points
    whole = placed(found.totals(points[None]))[0]
    without = placed(found.totals(points * (1 - np.eye(k)))) if k > 1 else np.ones((k, len(found.ids)), int)
    size = np.abs(without - whole)
    rows = [
        {
            "line": line.id,
            "label": line.label,
            "points": line.points,
            "reranked": int((size[n] > 0).sum()),
            "mean_places": float(size[n].mean()) if size.shape[1] else 0.0,
            "most_places": int(size[n].max(initial=0)),
            "most_at": str(found.ids[size[n].argmax()]) if size[n].any() else "",
            "first": "、".join(found.ids[without[n] == 1]),
        }
        for n, line in enumerate(rubric.lines[place] for place in found.places)
    ]
    frame = pd.DataFrame(rows)
    return frame.sort_values(["mean_places", "most_places"], ascending=False, kind="stable", ignore_index=True)
