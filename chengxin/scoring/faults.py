"""Every fault of a frame of observations, by row and column. Asked only after scoring has refused the frame.

Faults are found by whole columns and kept as row numbers, kind by kind; a `Fault` is made when one is asked for,
so that a million wrong rows cost no more than a few arrays.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chengxin.errors import FIELDS, Fault, Faults
from chengxin.rubric.model import Line, Rubric
from chengxin.rubric.rules import LARGEST, plain
from chengxin.scoring.columns import NUMBER, SHOWN, as_numbers, as_text, texts

Positions = NDArray[np.int64]
OUTCOMES = {"assessed": "已评", "not_applicable": "不适用"}
SEVERAL = 3  # unknown lines of another rubric that make a mixture rather than a slip of the pen


@dataclass(frozen=True)
class Wording:
    """How faults call things: in a table by its columns, in a form by its controls.

    Parameters
    ----------
    subject : a line, before what is wrong with it; may be empty
    whole : the number that a line's value is part of, in what was found
    of, value : the columns, in what is expected
    number : what a number is
    plainly, leave_out : how to write a number, and what to do with a line that is not assessed
    """

    subject: Callable[[Line], str] = lambda line: f"“{line.id}”条{line.label}"
    whole: Callable[[Line], str] = lambda line: "分母"
    of: Callable[[Line], str] = lambda line: "of"
    value: str = "value"
    number: str = "有限的数"
    plainly: str = "只写数字，不带单位、百分号和千分位"
    leave_out: str = "没有评价的条目请留空，不要有这一条"

    def of_line(self, line: Line) -> str:
        """A line, before one of its numbers."""
        subject = self.subject(line)
        return f"{subject}的" if subject else ""


IN_TABLE = Wording()


@dataclass(frozen=True)
class Kind:
    """Faults of one kind: positions of the rows, column, what a row holds (made when asked for), what is expected."""

    rows: Positions
    column: str
    found: Callable[[int], str]
    expected: str
    remedy: str


class ObservationFaults(Faults):
    """Faults in order of the rows, each made when it is asked for.

    Parameters
    ----------
    kinds : the faults
    numbers : position → number of the row to name
    file : name of the file; empty for a frame without one
    others : faults of the file's form, each with its line
    """

    def __init__(
        self, kinds: Sequence[Kind], numbers: Positions, file: str = "", others: Sequence[tuple[int, Fault]] = ()
    ) -> None:
        self._kinds, self._numbers, self._file = list(kinds), numbers, file
        self._others = [fault for _, fault in others]
        parts = [each.rows for each in self._kinds]
        rows = [np.array([line for line, _ in others], np.int64), *(numbers[part] for part in parts)]
        order = np.argsort(np.concatenate(rows), kind="stable")
        self._kind = np.repeat(np.arange(-1, len(parts)), [len(part) for part in rows])[order]
        self._at = np.concatenate([np.arange(len(others)), *parts])[order]

    def __len__(self) -> int:
        return len(self._at)

    @overload
    def __getitem__(self, n: int) -> Fault: ...
    @overload
    def __getitem__(self, n: slice) -> Sequence[Fault]: ...
    def __getitem__(self, n: int | slice) -> Fault | Sequence[Fault]:
        if isinstance(n, slice):
            return tuple(self[each] for each in range(*n.indices(len(self))))
        which, at = int(self._kind[n]), int(self._at[n])
        if which < 0:
            return self._others[at]
        kind = self._kinds[which]
        row, column = int(self._numbers[at]), kind.column
        return Fault(self._file, kind.found(at), kind.expected, kind.remedy, row=row, column=column)

    def kinds(self) -> Counter[tuple[str, str]]:
        """How many faults of each kind: column and what is expected there."""
        counts = Counter((fault.column, fault.expected) for fault in self._others)
        for kind in self._kinds:
            counts[kind.column, kind.expected] += len(kind.rows)
        return counts

    def frame(self) -> pd.DataFrame:
        """All faults as a table, see `Faults.frame`; made kind by kind."""
        parts = [Faults(self._others).frame()]
        for kind in self._kinds:
            cells = (self._file, self._numbers[kind.rows], kind.column, [kind.found(int(n)) for n in kind.rows],
                     kind.expected, kind.remedy)  # fmt: skip
            parts.append(pd.DataFrame(dict(zip(FIELDS, cells, strict=True))).astype({"row": "Int64"}))
        whole = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
        return whole.sort_values("row", kind="stable", ignore_index=True)


def observation_faults(
    rubric: Rubric | None,
    observations: pd.DataFrame,
    file: str = "",
    others: Sequence[tuple[int, Fault]] = (),
    wording: Wording = IN_TABLE,
) -> ObservationFaults:
    """All that is wrong with observations.

    Parameters
    ----------
    rubric : the rubric they are for; None: only what is wrong whatever the rubric
    observations : long frame with the columns of `observations.NEEDED`; a column ``row`` gives the row numbers to
        name (default: 第1行 is the first)
    file : name of the file, put before every place
    others : faults of the file's form, each with its line, to be told among these
    wording : how the faults call things

    Returns
    -------
    faults in row order; empty when the frame can be scored
    """
    numbers = row_numbers(observations)
    mixed = [] if rubric is None else list(_of_other_rubrics(rubric, observations, file))
    if mixed:
        return ObservationFaults([], numbers, file, [*others, *((0, fault) for fault in mixed)])
    found = [kind for kind in _Look(rubric, observations, wording).kinds() if len(kind.rows)]
    return ObservationFaults(found, numbers, file, others)


def row_numbers(observations: pd.DataFrame) -> Positions:
    """The number by which each row is named: column ``row`` where it holds whole numbers, else 1, 2, …"""
    if "row" in observations and pd.api.types.is_integer_dtype(observations["row"]):
        return np.asarray(observations["row"].to_numpy(np.int64, na_value=0))
    return np.arange(1, len(observations) + 1)


def line_of(rubric: Rubric | None) -> tuple[Callable[[Any], str], Mapping[str, list[str]]]:
    """How a cell of the line column is read, and the numbers that stand for several lines (filled by reading).

    A number is the one line whose id has that value: 10.1 read as a number is line "10.1", or "10.10" where that is
    the only one. Where both exist nobody can tell, and the cell is told as a fault.
    """
    values = {line.id: float(line.id) for line in rubric.lines if NUMBER.fullmatch(line.id)} if rubric else {}
    unclear = dict[str, list[str]]()

    def text(cell: Any) -> str:
        name = as_text(cell)
        if isinstance(cell, str) or not NUMBER.fullmatch(name):
            return name
        same = [line_id for line_id, value in values.items() if value == float(name)]
        if len(same) > 1:
            name = f"{name}\0"  # no id of a line, so it is refused
            unclear[name] = same
        return same[0] if len(same) == 1 else name

    return text, unclear


def _of_other_rubrics(rubric: Rubric, frame: pd.DataFrame, file: str) -> Iterator[Fault]:
    """One fault where a frame holds observations of another rubric, instead of one for every row."""
    remedy = "请按细则把观测分成几份，分别评分"
    if "rubric" in frame:
        names = texts(frame["rubric"])[1]
        if set(names) - {rubric.id, rubric.title}:
            found = f"有{'、'.join(f'“{name[:SHOWN]}”' for name in names[:5])}的观测"
            yield Fault(file, found, f"只有“{rubric.id}”（{rubric.title}）的观测", remedy, column="rubric")
        return
    codes, names = texts(frame["line"], line_of(rubric)[0])
    strange = set(names) - {line.id for line in rubric.lines}
    if len(strange) < SEVERAL:
        return
    who = texts(frame["assessment"])[0]
    theirs = np.isin(who, who[np.isin(codes, [n for n, name in enumerate(names) if name in strange])])
    used = {names[n] for n in np.unique(codes[theirs]) if n >= 0}
    for other, lines in _other_lines(rubric).items():
        if used <= lines:
            found = f"有{int(theirs.sum())}行是“{other}”的观测（如{'、'.join(sorted(strange)[:3])}条）"
            yield Fault(file, found, f"只有“{rubric.id}”（{rubric.title}）的观测", remedy, column="line")
            return


def _other_lines(rubric: Rubric) -> dict[str, set[str]]:
    from chengxin.rubric.load import load_rubric, rubric_paths

    others = (load_rubric(name) for name in rubric_paths())
    return {other.id: {line.id for line in other.lines} for other in others if other.id != rubric.id}


class _Look:
    """The columns of a frame, read once, and what is wrong in them."""

    def __init__(self, rubric: Rubric | None, frame: pd.DataFrame, wording: Wording) -> None:
        self.rubric, self.frame, self.wording = rubric, frame, wording
        read, self.unclear = line_of(rubric)
        self.line, self.names = texts(frame["line"], read)
        self.who, self.called = texts(frame["assessment"])
        self.value, self.bad_value = as_numbers(frame, "value")
        self.of, self.bad_of = as_numbers(frame, "of")
        self.outcome, self.outcomes = self._text("outcome")
        self.note = self._text("note")[0] >= 0
        idle = [n for n, name in enumerate(self.outcomes) if name == "not_applicable"]
        self.idle = np.isin(self.outcome, idle)

    def _text(self, name: str) -> tuple[Positions, list[str]]:
        return texts(self.frame[name]) if name in self.frame else (np.full(len(self.frame), -1), [])

    def kinds(self) -> Iterator[Kind]:
        """Faults by kind, empty kinds among them."""
        yield self._kind(self.who < 0, "assessment", "没有评价编号", "评价编号", "请填写评价编号")
        yield from self._unknown_lines()
        yield self._repeats()
        for name, bad in (("value", self.bad_value), ("of", self.bad_of)):
            yield self._kind(bad, name, self._no_number(name), self.wording.number, self.wording.plainly)
        known = [n for n, name in enumerate(self.outcomes) if name in OUTCOMES]
        expected = "或".join(f"{name}（{words}）" for name, words in OUTCOMES.items())
        strange = (self.outcome >= 0) & ~np.isin(self.outcome, known)
        yield self._kind(strange, "outcome", lambda n: f"“{self.outcomes[self.outcome[n]][:SHOWN]}”", expected,
                         "请改为其中之一，或留空")  # fmt: skip
        if self.rubric is not None:
            at = {name: n for n, name in enumerate(self.names)}
            for line in self.rubric.lines:
                yield from self._values(line, np.flatnonzero((self.line == at.get(line.id, -2)) & ~self.idle))
            yield self._kind(self.idle & ~self.note, "note", "不适用但没有说明", "不适用的理由",
                             "请在说明（note）中写明为何不适用")  # fmt: skip

    def _kind(self, rows: Any, column: str, found: str | Callable[[int], str], expected: str, remedy: str) -> Kind:
        at = np.asarray(rows)
        at = np.flatnonzero(at) if at.dtype == bool else at.astype(np.int64)
        return Kind(at, column, (lambda n: found) if isinstance(found, str) else found, expected, remedy)

    def _no_number(self, name: str) -> Callable[[int], str]:
        return lambda n: f"“{str(self.frame[name].iloc[n])[:SHOWN]}”不是数字"

    def _unknown_lines(self) -> Iterator[Kind]:
        yield self._kind(self.line < 0, "line", "没有条目编号", "细则中的条目编号", "请填写条目编号")
        unclear = [n for n, name in enumerate(self.names) if name in self.unclear]
        yield self._kind(
            np.isin(self.line, unclear), "line", self._several, "写成文字的条目编号",
            "请把line列按文字读入，如pd.read_csv(文件, dtype={'line': 'str'})，或用chengxin.read_observations读文件",
        )  # fmt: skip
        if self.rubric is None:
            return
        known, title = {line.id for line in self.rubric.lines}, self.rubric.title
        strange = [n for n, name in enumerate(self.names) if name not in known and name not in self.unclear]
        digits = [n for n in strange if self.names[n].replace(".", "").isdigit()]
        for rows, hint in (
            (digits, "编号须为文字，如10.1不能写成10.10，表格软件会改动编号"),
            (sorted(set(strange) - set(digits)), "请按细则核对条目编号"),
        ):
            yield self._kind(
                np.isin(self.line, rows), "line", lambda n: f"{title}没有“{self.names[self.line[n]][:SHOWN]}”条",
                "细则中的条目编号", hint,
            )  # fmt: skip

    def _several(self, n: int) -> str:
        name = self.names[self.line[n]]
        return f"数{name[:-1]}可以是{'、'.join(f'“{each}”' for each in self.unclear[name])}条"

    def _repeats(self) -> Kind:
        pair = self.who * max(len(self.names), 1) + self.line
        again = pd.Series(pair).duplicated().to_numpy() & (self.who >= 0) & (self.line >= 0)

        def found(n: int) -> str:
            return f"“{self.called[self.who[n]][:SHOWN]}”的“{self.names[self.line[n]][:SHOWN]}”条重复"

        return self._kind(again, "line", found, "每个评价每条只有一行", "请删去多余的行")

    def _values(self, line: Line, at: Positions) -> Iterator[Kind]:
        """What is wrong with the numbers of one line."""
        say, rule = self.wording, line.rule
        value, of = self.value[at], self.of[at]
        broken, none = self.bad_value[at] | self.bad_of[at], np.isnan(value)
        accepts, subject = rule.accepts.format(of=say.of(line)), say.subject(line)
        yield self._kind(at[none & ~broken], "value", f"{subject}没有数值", accepts, say.leave_out)
        if rule.needs_of:
            yield self._kind(at[np.isnan(of) & ~broken & ~none], "of", f"{subject}没有{say.whole(line)}",
                             f"不小于{say.value}的整数", "请填写总数")  # fmt: skip
        wrong = rule.wrong(line.points, value, of) & ~broken & ~none
        if wrong.any():
            yield from self._wrong(line, at[wrong], accepts)
        if rule.kind == "marks":
            yield self._kind(
                at[(value < line.points) & ~wrong & ~broken & ~self.note[at]], "note",
                lambda n: f"{subject}评{plain(self.value[n])}分，未给满分也没有理由", "扣分的理由",
                "请在说明（note）中写明扣分的理由",
            )  # fmt: skip

    def _wrong(self, line: Line, at: Positions, accepts: str) -> Iterator[Kind]:
        """Numbers that the rule does not take, each told by the first of these that holds."""
        say, value, of = self.wording, self.value, self.of
        subject, its, whole, parts = say.subject(line), say.of_line(line), say.whole(line), line.rule.needs_of
        full, low = plain(line.points), self.value[at] < 0
        off = ~low & parts & (~(of[at] >= 0) | (of[at] > LARGEST) | (of[at] != np.rint(of[at])))
        above = ~low & ~off & parts & (value[at] > of[at])
        over = ~low & (line.rule.kind == "marks") & (value[at] > line.points)
        yield self._kind(at[low], "value", lambda n: f"{subject}得到负数{plain(value[n])}", accepts, "请改正该数")
        yield self._kind(at[off], "of", lambda n: f"{its}{whole}是{plain(of[n])}", "不小于0的整数", "请填写总数")
        yield self._kind(at[above], "value", lambda n: f"{its}{plain(value[n])}大于{whole}{plain(of[n])}",
                         f"不大于{say.of(line)}的数", "请核对两数是否写反")  # fmt: skip
        yield self._kind(at[over], "value", lambda n: f"{subject}评{plain(value[n])}分，超过满分{full}分", accepts,
                         "请改正评分")  # fmt: skip
        hint = "比例请填分子和分母，如19与20" if parts else "请改正该数"
        rest = at[~(low | off | above | over)]
        yield self._kind(rest, "value", lambda n: f"{subject}得到{plain(value[n])}", accepts, hint)
