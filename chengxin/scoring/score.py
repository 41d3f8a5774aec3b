"""From observations to a sheet, one row per assessment × line.

Everything is columns: a long frame is arranged once as assessments × lines and judged in blocks that fit the
processor's cache (`grid`; two threads, NumPy releases the lock), and the sheet's columns are those same arrays.
Nothing is clamped, filled or dropped in silence.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chengxin.errors import DataError, UsageError
from chengxin.rubric.model import Rubric
from chengxin.rubric.rules import Column
from chengxin.scoring.grid import OUTCOMES, SECTIONS, Grid, Judge, arrange, in_blocks
from chengxin.scoring.observations import Observations, keyed, of_one_rubric, take


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
    if not (all(in_blocks(judge, shape[0])) and _noted(observations, judge.unexplained)):
        return None
    kept = [grid.value, grid.of] if copies is None else [copy.reshape(-1) for copy in copies]
    return _sheet(rubric, grid, points, state, kept, observations)


def _refuse_strangers(observed: pd.Series, wanted: pd.Index) -> None:
    strange = observed[~observed.isin(wanted)].astype("str").unique()
    if len(strange):
        raise UsageError(f"观测数据里有没有要求评分的评价：{'、'.join(strange[:5])}。")


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
