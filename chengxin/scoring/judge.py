"""Points of one block of assessments, line by line, with the reading of what does not apply."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chengxin.rubric.model import Rubric
from chengxin.rubric.rules import Column
from chengxin.scoring.grid import ASSESSED, NOT_APPLICABLE, NOT_ASSESSED, Grid


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
