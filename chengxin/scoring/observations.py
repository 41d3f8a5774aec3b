"""Observations as one kind of frame, whatever file or frame they come in.

A file is a CSV however a spreadsheet saved it; a frame is one of pandas or any that hands out an Arrow stream
(polars, pyarrow, DuckDB), none of which is imported here. Columns go by their English or Chinese names.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import pandas as pd

from chengxin.csvfile import Placed, normal, read_cells, words
from chengxin.errors import DataError, Fault, MissingExtraError, UsageError
from chengxin.rubric.model import Rubric
from chengxin.scoring.columns import as_category, as_numbers, distinct, is_text, texts
from chengxin.scoring.faults import OUTCOMES, ObservationFaults, line_of, observation_faults

NEEDED, OPTIONAL = ("assessment", "line", "value"), ("of", "outcome", "note")
MORE = ("rubric",)  # may stand in a file or frame; only one rubric's observations are scored together
CHINESE = {
    "assessment": ("评价", "评价编号"),
    "line": ("条目", "条目编号"),
    "value": ("数值", "得数"),
    "of": ("总数", "分母"),
    "outcome": ("结论", "评价结论"),
    "note": ("说明", "备注", "理由"),
    "rubric": ("细则", "评分细则"),
    "row": ("行号",),
}
NAMES = {other: name for name, others in CHINESE.items() for other in others}
CALLED = {**NAMES, **{name: name for name in CHINESE}}
ASSESSED, IDLE = OUTCOMES
OUTCOME_WORDS = {"已评": ASSESSED, "已评价": ASSESSED, "不适用": IDLE} | {name: name for name in OUTCOMES}


class ArrowFrame(Protocol):
    """Any frame that hands out its columns as an Arrow stream."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


Observations: TypeAlias = pd.DataFrame | ArrowFrame | str | os.PathLike[str]


@dataclass(frozen=True)
class Taken:
    """A file or frame as it was taken.

    Parameters
    ----------
    frame : canonical names; value and of float64, or as they came where a cell is no number
    file : name of the file; empty for a frame without one
    faults : what is wrong with its form, each with its line
    """

    frame: pd.DataFrame
    file: str
    faults: list[Placed]

    def wrong(self, rubric: Rubric | None) -> ObservationFaults:
        """Every fault of form, type and (with a rubric) content."""
        whole = set(NEEDED) <= set(self.frame.columns)
        frame = self.frame if whole else pd.DataFrame(columns=list(NEEDED))
        return observation_faults(rubric, frame, self.file, self.faults)


def read_observations(source: Observations) -> pd.DataFrame:
    """Read observations from a CSV file, or from a frame of another library.

    Parameters
    ----------
    source : path of a CSV file (UTF-8, UTF-16 or GB 18030; commas, semicolons or tabs), or a pandas, polars, pyarrow
        or other Arrow frame; columns assessment, line, value and perhaps of, outcome, note, under these names or in
        Chinese (评价、条目、数值、总数、结论、说明)

    Returns
    -------
    columns assessment, line (text; a number where a frame has numbers, which `score` reads by the rubric), value, of
    (float64, NaN where empty), outcome (``assessed`` where empty), note; and of a file ``row``, the line of the file

    Raises
    ------
    DataError : every fault by row and column
    UsageError : neither a path nor a frame
    MissingExtraError : an Arrow frame, and pyarrow is not installed

    >>> from chengxin.paths import place
    >>> seen = read_observations(place("sample_data") / "observations.csv")
    >>> print(seen.loc[:1, ["assessment", "line", "value"]])
           assessment line  value
    0  331002-S1-2024  1.1    1.0
    1  331002-S1-2024  1.2    1.0
    """
    taken = take(source)
    faults = taken.wrong(None)
    if faults:
        raise DataError(f"{taken.file or '观测数据'}没有读入", faults)
    frame = taken.frame
    blank = {"of": np.nan, "outcome": ASSESSED, "note": ""}
    frame = frame.assign(**{name: cell for name, cell in blank.items() if name not in frame})
    return frame[[name for name in (*NEEDED, *OPTIONAL, *MORE, "row") if name in frame]]


def take(source: Observations) -> Taken:
    """A file or frame with its columns by their names and its numbers as numbers; errors as `read_observations`."""
    if isinstance(source, str | os.PathLike):
        return read_file(Path(source))
    if not isinstance(source, pd.DataFrame):
        source = _of_arrow(source)
    return _of_frame(source, str(source.attrs.get("file", "")))


def read_file(path: Path) -> Taken:
    """A CSV file of observations; what cannot be read is among the faults, the sound rows are in the frame."""
    cells, faults = read_cells(path, NEEDED, (*OPTIONAL, *MORE), names=NAMES)
    more = [name for name in MORE if name in cells]
    frame = cells.reindex(columns=[*NEEDED, *OPTIONAL, *more, "row"], fill_value="")
    frame = frame.assign(**{name: _each(frame[name], normal) for name in (*NEEDED, "of", "outcome", *more)})
    frame["outcome"] = _each(frame["outcome"], lambda cell: OUTCOME_WORDS.get(cell, cell) or ASSESSED)
    frame["note"] = _each(frame["note"], words)
    frame = _with_numbers(frame.reset_index(drop=True))
    frame.attrs["file"] = path.name
    return Taken(frame, path.name, faults)


def keyed(rubric: Rubric, frame: pd.DataFrame) -> pd.DataFrame:
    """A taken frame with assessments and lines as texts, numbers of lines read by the rubric."""
    reads: dict[str, tuple[Any, ...]] = {"line": (line_of(rubric)[0],), "assessment": ()}
    keys = {name: as_category(*texts(frame[name], *how)) for name, how in reads.items() if not is_text(frame[name])}
    return frame.assign(**keys) if keys else frame


def of_one_rubric(rubric: Rubric, frame: pd.DataFrame) -> bool:
    """Whether a column ``rubric`` names no other rubric than this one."""
    return "rubric" not in frame or set(texts(frame["rubric"])[1]) <= {rubric.id, rubric.title}


def _each(column: pd.Series, change: Callable[[str], str]) -> pd.Series:
    """Every text changed; each distinct one is looked at once."""
    codes, cells = distinct(column)
    return pd.Series(pd.array([change(cell) for cell in cells], dtype="str").take(codes), index=column.index)


def _of_arrow(source: Any) -> pd.DataFrame:
    if not (hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__")):
        kind = type(source).__name__
        raise UsageError(f"观测数据是“{kind}”；应为CSV文件的路径，或pandas、polars、Arrow的数据表。")
    try:
        return pd.DataFrame.from_arrow(source)
    except ImportError:
        raise MissingExtraError(
            "读取polars或Arrow的数据表需要pyarrow，没有安装；请运行 pip install pyarrow，或先存为CSV文件。"
        ) from None


def _of_frame(frame: pd.DataFrame, file: str) -> Taken:
    columns = [CALLED.get(normal(str(name)).lower(), str(name)) for name in frame.columns]
    faults = _of_columns(columns, file)
    if faults:
        return Taken(frame.iloc[:, :0], file, [(0, fault) for fault in faults])
    if columns != list(frame.columns):
        frame = frame.set_axis(columns, axis=1)
    if "outcome" in frame:
        frame = _with_outcomes(frame)
    return Taken(_with_numbers(frame), file, [])


def _of_columns(columns: Sequence[str], file: str) -> list[Fault]:
    expected, known = f"含{'、'.join(NEEDED)}的表头", {*NEEDED, *OPTIONAL, *MORE, "row"}
    absent = [name for name in NEEDED if name not in columns]
    twice = [name for name in dict.fromkeys(columns) if name in known and columns.count(name) > 1]
    faults = [Fault(file, f"缺少列{'、'.join(absent)}", expected, "请补上该列", column="表头")] if absent else []
    return faults + [Fault(file, f"列{name}重复", "每列只有一个", "请删去多余的列", column="表头") for name in twice]


def _with_outcomes(frame: pd.DataFrame) -> pd.DataFrame:
    """Outcomes by their codes; a frame that has them already is left as it is."""
    codes, names = texts(frame["outcome"])
    plain = is_text(frame["outcome"]) and all(name in OUTCOMES for name in names)
    if plain and isinstance(frame["outcome"].dtype, pd.CategoricalDtype):
        return frame
    column = pd.Series(as_category(codes, names), index=frame.index)
    coded = texts(column, lambda cell: OUTCOME_WORDS.get(normal(cell), cell))
    return frame.assign(outcome=as_category(*coded))


def _with_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns value and of as float64; one with a cell that is no number stays, and is told as a fault."""
    numbers = dict[str, Any]()
    for name in ("value", "of"):
        if name in frame and frame[name].dtype != np.float64:
            number, bad = as_numbers(frame, name)
            numbers |= {} if bad.any() else {name: number}
    return frame.assign(**numbers) if numbers else frame
