"""Observations arranged once as assessments × lines, whatever their order in the frame.

A frame in which every assessment has all its lines in rubric order is taken as it is; any other gets an index
from cell to row. Keys, outcomes and columns that cannot be arranged are noticed. `Judge` then turns the grid into
points, block by block and line by line, with the reading of what does not apply.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chengxin.rubric.model import Rubric
from chengxin.rubric.rules import Column
from chengxin.scoring.columns import as_numbers

OUTCOMES = ("assessed", "not_applicable", "not_assessed")
ASSESSED, NOT_APPLICABLE, NOT_ASSESSED = range(3)
SECTIONS = ("base", "bonus", "deduction")
BLOCK = 8192  # assessments worked on at a time: large enough for two threads, small enough for the cache
Result = TypeVar("Result")


@dataclass(frozen=True)
class Grid:
    """Observations as assessments × lines: ids, and for every cell its row in the frame (None: in order)."""

    ids: pd.Index
    rows: NDArray[np.int32] | None
    value: Column
    of: Column
    idle: NDArray[np.bool_] | None  # outcome is not_applicable

    def block(self, at: slice, width: int) -> tuple[Column, Column, NDArray[np.bool_], NDArray[np.bool_]]:
        """value, of, not-applicable and present of some assessments, each lines × assessments."""
        cells = slice(at.start * width, at.stop * width)
        if self.rows is None:
            present = np.ones((width, at.stop - at.start), bool)
            idle = present ^ True if self.idle is None else _turn(self.idle[cells], width)
            return _turn(self.value[cells], width), _turn(self.of[cells], width), idle, present
        rows = self.rows[cells]
        present = rows >= 0
        value = np.where(present, self.value.take(rows), np.nan)
        of = np.where(present, self.of.take(rows), np.nan)
        idle = present & self.idle.take(rows) if self.idle is not None else np.zeros(len(rows), bool)
        return _turn(value, width), _turn(of, width), _turn(idle, width), _turn(present, width)


def _turn(cells: NDArray[Any], width: int) -> NDArray[Any]:
    return np.ascontiguousarray(cells.reshape(-1, width).T)


def _codes(column: pd.Series) -> tuple[NDArray[Any], pd.Index]:
    """Codes and the distinct texts of a key column; -1 where it is missing."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(), column.cat.categories
    codes, texts = pd.factorize(column)
    return codes, pd.Index(texts)


def _numbers(observations: pd.DataFrame, name: str) -> Column | None:
    """A number column as float64, also one of dtype object; absent → NaN; None when it holds something else."""
    if name not in observations:
        return np.full(len(observations), np.nan)
    column = observations[name]
    if column.dtype.kind not in "iuf":  # texts, objects, truth values, complex numbers
        number, bad = as_numbers(observations, name)
        return None if bad.any() else number
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))


def _idle(observations: pd.DataFrame) -> tuple[NDArray[np.bool_] | None, bool]:
    """Which rows are not applicable, and whether every outcome is a known one."""
    if "outcome" not in observations:
        return None, True
    codes, texts = _codes(observations["outcome"])
    known = texts.isin([*OUTCOMES[:2], ""])
    fine = bool(known[np.unique(codes[codes >= 0])].all())
    position = texts.get_indexer([OUTCOMES[NOT_APPLICABLE]])[0]
    return (codes == position if position >= 0 else None), fine


def arrange(rubric: Rubric, observations: pd.DataFrame, wanted: pd.Index | None = None) -> Grid | None:
    """The grid of the observations, or None where something is wrong with keys, outcomes or number columns.

    wanted: assessments that get a row each, in this order, whether observed or not; default: those observed.
    """
    if not {"assessment", "line", "value"} <= set(observations.columns):
        return None
    value, of = _numbers(observations, "value"), _numbers(observations, "of")
    idle, fine = _idle(observations)
    if value is None or of is None or not fine:
        return None
    who, ids = _codes(observations["assessment"])
    if wanted is not None:
        who, ids = np.append(wanted.get_indexer(ids), -1)[who], wanted
    codes, texts = _codes(observations["line"])
    where = pd.Index([line.id for line in rubric.lines]).get_indexer(texts).astype(np.int16)
    line = np.append(where, np.int16(-1))[codes]
    width = len(rubric.lines)
    first = _in_order(who, line, width)
    if first is not None and (wanted is None or len(first) == len(wanted)):
        return Grid(ids.take(first), None, value, of, idle)
    if (line < 0).any() or (who < 0).any():
        return None
    seen = np.bincount(who, minlength=len(ids)) > (0 if wanted is None else -1)
    place = np.cumsum(seen) - 1
    rows = np.full(int(seen.sum()) * width, -1, np.int32)
    rows[place[who] * width + line] = np.arange(len(line), dtype=np.int32)
    if np.count_nonzero(rows >= 0) != len(line):
        return None
    if not len(line):
        value, of, idle = np.full(1, np.nan), np.full(1, np.nan), None
    return Grid(ids[seen], rows, value, of, idle)


def _in_order(who: NDArray[Any], line: NDArray[np.int16], width: int) -> NDArray[Any] | None:
    """Codes of the assessments when every one has all lines in rubric order, else None."""
    if len(line) == 0 or len(line) % width:
        return None
    owner = who.reshape(-1, width)
    first = owner[:, 0]
    tidy = (line.reshape(-1, width) == np.arange(width, dtype=np.int16)).all() and (owner == first[:, None]).all()
    tidy = tidy and first.min() >= 0 and np.bincount(first).max() == 1
    return first if tidy else None


class Judge:
    """Scores one block of assessments after another into the arrays of the sheet."""

    def __init__(
        self,
        rubric: Rubric,
        grid: Grid,
        points: Column,
        state: NDArray[np.int8],
        copies: tuple[Column, Column] | None,
    ) -> None:
        self.rubric, self.grid, self.points, self.state, self.copies = rubric, grid, points, state, copies
        idle = rubric.choice("not_applicable") or "full"
        self.idle = {"full": 1.0, "zero": 0.0, "rescale": np.nan}[str(idle)]
        self.unexplained: list[NDArray[np.int64]] = []  # rows that need a note

    def __call__(self, at: slice) -> bool:
        """Judge a block; False when any cell is faulty."""
        width = len(self.rubric.lines)
        value, of, idle, present = self.grid.block(at, width)
        scores, state = np.empty_like(value), np.full(value.shape, ASSESSED, np.int8)
        reasons = idle.copy()
        for n, line in enumerate(self.rubric.lines):
            faulty = line.rule.wrong(line.points, value[n], of[n]) | (np.isnan(value[n]) & present[n])
            if line.rule.needs_of:
                faulty |= np.isnan(of[n]) & present[n]
            if (faulty & ~idle[n]).any():
                return False
            scores[n] = line.rule.score(line.points, value[n], of[n])
            self._open(n, scores[n], state[n], idle[n], present[n])
            if line.rule.kind == "marks":
                reasons[n] |= (scores[n] < line.points) & present[n]
        if reasons.any():
            self._needs_note(at, reasons)
        self.points[at], self.state[at] = scores.T, state.T
        if self.copies is not None:
            self.copies[0][at], self.copies[1][at] = value.T, of.T
        return True

    def _open(self, n: int, score: Column, state: Any, idle: Any, present: Any) -> None:
        """Cells without an observation, not applicable, or 0 of 0 without a standard."""
        line = self.rubric.lines[n]
        base = line.section == "base"
        if not present.all():
            score[~present] = np.nan if base else 0.0
            state[~present] = NOT_ASSESSED if base else ASSESSED
        nobody = idle | (np.isnan(score) & present)
        if nobody.any():
            score[nobody] = line.points * self.idle if base else 0.0
            state[nobody] = NOT_APPLICABLE

    def _needs_note(self, at: slice, cells: NDArray[np.bool_]) -> None:
        width = len(self.rubric.lines)
        flat = np.flatnonzero(cells.T) + at.start * width
        self.unexplained.append(flat if self.grid.rows is None else self.grid.rows[flat].astype(np.int64))


def in_blocks(work: Callable[[slice], Result], count: int) -> list[Result]:
    """What `work` returns for each block of `count` assessments, in order; two threads where there are many."""
    blocks = [slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]
    if len(blocks) < 3:
        return [work(block) for block in blocks]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, blocks))
