"""From observations to a sheet (one row per assessment × line), and from the sheet to totals and ranks.

Everything is columns: a long frame is arranged once as assessments × lines (`grid`), judged in blocks that fit
the processor's cache (`judge`; two threads, NumPy releases the lock), and the sheet's columns are those same
arrays. Totals are float64 sums (`sums`); where a printed total lies on a tie of two decimals whole numbers
decide (`rounding`), so every printed total equals exact arithmetic. Nothing is clamped, filled or dropped in silence.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chengxin.errors import DataError, UsageError
from chengxin.rubric.model import Rubric
from chengxin.rubric.rules import Column
from chengxin.scoring.figures import Figures
from chengxin.scoring.grid import OUTCOMES, SECTIONS, Grid, arrange
from chengxin.scoring.judge import Judge
from chengxin.scoring.observations import Observations, keyed, of_one_rubric, take
from chengxin.scoring.sums import COLUMNS, Sums, red_lines

BLOCK = 8192  # assessments judged at a time: large enough for two threads, small enough for the cache


def score(rubric: Rubric, observations: Observations, assessments: Iterable[str] | None = None) -> pd.DataFrame:
    """Score observations line by line.

    Parameters
    ----------
    rubric : the rubric with its readings
    observations : path of a CSV file, or a long frame of pandas, polars or Arrow; columns assessment, line (text,
        categorical, or a number that stands for one line of the rubric), value (number; True is 1), and as needed
        of (number), outcome (assessed | not_applicable), note (text), under these names or in Chinese, see
        `observations`. One row per assessment × line at most.
    assessments : ids that get their rows in this order, whether observed or not; default: those observed

    Returns
    -------
    the sheet: one row per assessment × line; assessments in order of appearance (of their categories where the
    column is categorical, unless each has all its lines in order), lines in rubric order;
    columns assessment, line, section (categorical), points, score (float64, NaN unless decided), outcome
    (categorical), value, of (float64) and note where observations have one. Attributes name rubric, version,
    variant, readings and sha256.

    Raises
    ------
    DataError : every fault by row and column, of form, type and content together; nothing is scored
    UsageError : observations of an assessment that is not among `assessments`; neither a path nor a frame

    >>> import chengxin, pandas as pd
    >>> street = chengxin.load_rubric("street")
    >>> seen = pd.DataFrame({"评价": ["甲"], "条目": [1.1], "数值": [9], "总数": [10]})
    >>> print(chengxin.score(street, seen).loc[:0, ["assessment", "line", "points", "score"]])
      assessment line  points  score
    0          甲  1.1    10.0    9.0
    """
    taken = take(observations)
    sheet = None if taken.faults else _scored(rubric, taken.frame, assessments)
    if sheet is None:
        raise DataError("观测数据有误，没有评分", taken.wrong(rubric))
    return sheet


def _scored(rubric: Rubric, observations: pd.DataFrame, assessments: Iterable[str] | None) -> pd.DataFrame | None:
    """The sheet; None when anything is wrong."""
    if not of_one_rubric(rubric, observations):
        return None
    observations = keyed(rubric, observations)
    wanted = None if assessments is None else pd.Index(list(assessments), dtype="str")
    if wanted is not None:
        _refuse_strangers(observations["assessment"], wanted)
    grid = arrange(rubric, observations, wanted)
    if grid is None or grid.ids.isin([""]).any():
        return None
    shape = (len(grid.ids), len(rubric.lines))
    points, state = np.empty(shape), np.empty(shape, np.int8)
    copies = None if grid.rows is None else (np.empty(shape), np.empty(shape))
    judge = Judge(rubric, grid, points, state, copies)
    if not (all(_threads(judge, _blocks(shape[0]))) and _noted(observations, judge.unexplained)):
        return None
    kept = [grid.value, grid.of] if copies is None else [copy.reshape(-1) for copy in copies]
    return _sheet(rubric, grid, points, state, kept, observations)


def _refuse_strangers(observed: pd.Series, wanted: pd.Index) -> None:
    strange = observed[~observed.isin(wanted)].astype("str").unique()
    if len(strange):
        raise UsageError(f"观测数据里有没有要求评分的评价：{'、'.join(strange[:5])}。")


def _blocks(count: int) -> Iterator[slice]:
    return (slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK))


def _threads(work: Callable[[slice], Any], blocks: Iterator[slice]) -> list[Any]:
    todo = list(blocks)
    if len(todo) < 3:
        return [work(block) for block in todo]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, todo))


def _noted(observations: pd.DataFrame, unexplained: list[NDArray[np.int64]]) -> bool:
    """True when every row that needs a note has one."""
    if not unexplained:
        return True
    if "note" not in observations:
        return False
    notes = observations["note"].take(np.concatenate(unexplained)).astype("str")
    return bool((notes.str.strip().fillna("") != "").all())


def _sheet(
    rubric: Rubric, grid: Grid, points: Column, state: Any, kept: list[Column], observations: pd.DataFrame
) -> pd.DataFrame:
    count, width = points.shape
    lines = rubric.lines
    who = np.repeat(np.arange(count, dtype=np.int32), width)
    section = np.array([SECTIONS.index(line.section) for line in lines], np.int8)
    columns: dict[str, Any] = {
        "assessment": pd.Categorical.from_codes(who, categories=grid.ids.astype("str"), validate=False),
        "line": pd.Categorical.from_codes(
            np.tile(np.arange(width, dtype=np.min_scalar_type(-width)), count), categories=[line.id for line in lines]
        ),
        "section": pd.Categorical.from_codes(np.tile(section, count), categories=list(SECTIONS)),
        "points": np.tile(np.array([line.points for line in lines], float), count),
        "score": points.reshape(-1),
        "outcome": pd.Categorical.from_codes(state.reshape(-1), categories=list(OUTCOMES)),
        "value": kept[0],
        "of": kept[1],
    }
    if "note" in observations:
        notes = observations["note"].reset_index(drop=True)
        columns["note"] = (notes if grid.rows is None else notes.reindex(grid.rows).reset_index(drop=True)).array
    sheet = pd.DataFrame(columns, copy=False)
    sheet.attrs = identity(rubric)
    return sheet


def identity(rubric: Rubric) -> dict[str, Any]:
    """What every result names: rubric, version, variant, readings, sha256; and the figures totals need."""
    capped = rubric.choice("red_line")
    reading = rubric.readings.get("red_line")
    return {
        "rubric": rubric.id,
        "version": rubric.version,
        "variant": rubric.variant,
        "readings": dict(rubric.chosen),
        "sha256": rubric.sha256,
        "full_marks": rubric.full_marks,
        "red_lines": [line.id for line in rubric.lines if line.red_line],
        "red_line_cap": reading.options[str(capped)].at if reading else None,
        "divides": [line.rule.needs_of for line in rubric.lines],
    }


def totals(sheet: pd.DataFrame) -> pd.DataFrame:
    """Sum a sheet.

    Parameters
    ----------
    sheet : what `score` returned, whole and unsorted

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
    parts = _threads(Sums(figures), _blocks(len(figures.score)))
    columns = {name: np.concatenate([part[name] for part in parts]) if parts else np.empty(0) for name in COLUMNS}
    names = sheet["assessment"].cat.categories
    results = pd.DataFrame({"assessment": names, "rubric": sheet.attrs["rubric"], **columns})
    results["complete"] = results["complete"].astype(bool)
    results["red_lines"] = red_lines(figures)
    results.attrs = dict(sheet.attrs)
    return results


def rank(results: pd.DataFrame) -> pd.Series:
    """Ranks of complete assessments by unrounded total, 1 the best, equal totals sharing the better rank.

    Parameters
    ----------
    results : from `totals`; only results of one rubric, version and readings can be ranked together

    Returns
    -------
    Int64 column, NA where incomplete. Totals closer than 1e-9 are the same total: two different sums of
    shares of real inspections lie further apart, while float64 sums differ by less than 1e-12.

    >>> import chengxin
    >>> from chengxin.paths import place
    >>> street = chengxin.load_rubric("street")
    >>> seen = chengxin.read_observations(place("sample_data") / "observations.csv")
    >>> seen = seen[seen["assessment"].isin(["331002-J1-2026", "331003-J1-2026"])]
    >>> chengxin.rank(chengxin.totals(chengxin.score(street, seen))).tolist()
    [1, 2]
    """
    total = results["unrounded"].where(results["complete"])
    order = total.sort_values(ascending=False, kind="stable").dropna()
    step = (order.diff().abs() > 1e-9).to_numpy()
    place = np.arange(1, len(order) + 1)
    first = np.maximum.accumulate(np.where(step, place, 1)) if len(order) else place
    return pd.Series(first, index=order.index, dtype="Int64").reindex(results.index).rename("rank")
