"""Every fault of a frame of observations, by row and column. Asked only after scoring has refused the frame."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from chengxin.errors import Fault
from chengxin.rubric.model import Line, Rubric
from chengxin.rubric.rules import LARGEST, plain

NEEDED = ("assessment", "line", "value")
KNOWN = (*NEEDED, "of", "outcome", "note", "row")
OUTCOMES = {"assessed": "已评", "not_applicable": "不适用"}


def observation_faults(rubric: Rubric, observations: pd.DataFrame, named: str = "") -> list[Fault]:
    """All that is wrong with observations.

    Parameters
    ----------
    rubric : the rubric they are for
    observations : long frame; a column ``row`` gives the row numbers to name (default: 第1行 is the first)
    named : name of the file, put before every place

    Returns
    -------
    faults in row order; empty when the frame can be scored
    """
    absent = [name for name in NEEDED if name not in observations]
    if absent:
        return [Fault(f"{named}表头", f"缺少列{'、'.join(absent)}", f"含{'、'.join(NEEDED)}的表头", "请补上该列")]
    numbers = observations["row"].to_numpy() if "row" in observations else np.arange(1, len(observations) + 1)
    return [Fault(f"{named}第{numbers[n]}行 {column}列", *rest) for n, column, *rest in located(rubric, observations)]


def located(rubric: Rubric, observations: pd.DataFrame) -> list[tuple[Any, ...]]:
    """The faults of observations by place.

    Parameters
    ----------
    rubric, observations : as for `observation_faults`, with all needed columns

    Returns
    -------
    position of the row, column, found, expected and perhaps remedy; in row order
    """
    return sorted(_rows(rubric, observations), key=lambda fault: fault[0])


_Row = tuple[Any, ...]


def _rows(rubric: Rubric, observations: pd.DataFrame) -> Iterator[_Row]:
    frame = observations.reset_index(drop=True)
    lines = {line.id: line for line in rubric.lines}
    line_ids = frame["line"].astype("str").where(frame["line"].notna(), "")
    who = frame["assessment"].astype("str").where(frame["assessment"].notna(), "")
    for n in np.flatnonzero(who.str.strip() == ""):
        yield n, "assessment", "没有评价编号", "评价编号"
    for n in np.flatnonzero(~line_ids.isin(lines)):
        yield n, "line", f"{rubric.title}没有“{line_ids[n]}”条", "细则中的条目编号", _hint(line_ids[n])
    yield from _repeats(who, line_ids)
    yield from _outcomes(frame)
    numbers, bad = {}, {}
    for name in ("value", "of"):
        numbers[name], bad[name] = as_numbers(frame, name)
        for n in np.flatnonzero(bad[name]):
            yield n, name, f"“{frame[name].iloc[n]}”不是数字", "有限的数"
    idle = (frame["outcome"].astype("str") == "not_applicable") if "outcome" in frame else pd.Series(False, frame.index)
    note = (
        frame["note"].astype("str").where(frame["note"].notna(), "") if "note" in frame else pd.Series("", frame.index)
    )
    for line_id, rows in line_ids.groupby(line_ids, sort=False).groups.items():
        if line_id in lines:
            at = np.asarray(rows)
            live = at[~idle.to_numpy()[at]]
            yield from _values(lines[line_id], live, numbers, bad, note.to_numpy())
    for n in np.flatnonzero(idle & (note.str.strip() == "")):
        yield n, "note", "不适用但没有说明", "不适用的理由", "请在说明（note）中写明为何不适用"


def _hint(line_id: str) -> str:
    return "编号须为文字，如10.1不能写成10.10，表格软件会改动编号" if line_id.replace(".", "").isdigit() else ""


def _repeats(who: pd.Series, line_ids: pd.Series) -> Iterator[_Row]:
    pair = pd.DataFrame({"who": who, "line": line_ids})
    for n in np.flatnonzero(pair.duplicated()):
        yield n, "line", f"“{who[n]}”的“{line_ids[n]}”条重复", "每个评价每条只有一行", "请删去多余的行"


def _outcomes(frame: pd.DataFrame) -> Iterator[_Row]:
    if "outcome" not in frame:
        return
    outcome = frame["outcome"].astype("str").where(frame["outcome"].notna(), "")
    for n in np.flatnonzero(~outcome.isin(["", *OUTCOMES])):
        known = "或".join(f"{name}（{words}）" for name, words in OUTCOMES.items())
        yield n, "outcome", f"“{outcome[n]}”", known


def as_numbers(frame: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    """A column of numbers or of their texts as float64, and where it holds something that is not a finite number.

    Parameters
    ----------
    frame : observations
    name : of the column; NaN throughout where it is absent
    """
    if name not in frame:
        return np.full(len(frame), np.nan), np.zeros(len(frame), bool)
    given = frame[name]
    number = pd.to_numeric(given.astype(object).where(given.notna(), np.nan), errors="coerce").to_numpy(float)
    empty = (given.isna() | (given.astype("str").str.strip() == "")).to_numpy()
    truth = given.map(lambda cell: isinstance(cell, bool)).to_numpy(bool)
    return number, (~empty & ~np.isfinite(number)) | truth


def _values(
    line: Line, at: np.ndarray, numbers: dict[str, Any], bad: dict[str, Any], note: np.ndarray
) -> Iterator[_Row]:
    value, of = numbers["value"][at], numbers["of"][at]
    broken = bad["value"][at] | bad["of"][at]
    where = f"“{line.id}”条{line.label}"
    for n in at[np.isnan(value) & ~broken]:
        yield n, "value", f"{where}没有数值", line.rule.accepts, "没有评价的条目请留空，不要有这一条"
    if line.rule.needs_of:
        for n in at[np.isnan(of) & ~broken & ~np.isnan(value)]:
            yield n, "of", f"{where}没有分母", "不小于value的整数", "请填写总数"
    wrong = line.rule.wrong(line.points, value, of) & ~broken & ~np.isnan(value)
    for k in np.flatnonzero(wrong):
        yield _wrong(line, at[k], value[k], of[k], where)
    if line.rule.kind == "marks":
        for k in np.flatnonzero((value < line.points) & ~wrong & ~broken):
            if not str(note[at[k]]).strip():
                yield at[k], "note", f"{where}评{plain(value[k])}分，未给满分也没有理由", "扣分的理由"


def _wrong(line: Line, n: int, value: float, of: float, where: str) -> _Row:
    if value < 0:
        return n, "value", f"{where}得到负数{plain(value)}", line.rule.accepts
    if line.rule.needs_of:
        if not of >= 0 or of > LARGEST or of != np.rint(of):
            return n, "of", f"{where}的分母是{plain(of)}", "不小于0的整数"
        if value > of:
            return n, "value", f"{where}的{plain(value)}大于分母{plain(of)}", "不大于of的数", "请核对两数是否写反"
    if line.rule.kind == "marks" and value > line.points:
        return n, "value", f"{where}评{plain(value)}分，超过满分{plain(line.points)}分", line.rule.accepts
    hint = "比例请填分子和分母，如19与20" if line.rule.needs_of else ""
    return n, "value", f"{where}得到{plain(value)}", line.rule.accepts, hint
