"""From observations to a sheet (one row per assessment × line), and from the sheet to totals and ranks.

Everything is columns: a long frame is arranged once as assessments × lines, judged in blocks that fit the
processor's cache (two threads; NumPy releases the lock), and the sheet's columns are those same arrays.
Totals are float64 sums; where a printed total lies on a tie of two decimals the exact rational sum decides
(`half_up`), so every printed total equals exact arithmetic. Nothing is clamped, filled or dropped in silence.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chengxin.errors import DataError
from chengxin.faults import observation_faults
from chengxin.rubric import Rubric
from chengxin.rules import LARGEST, Column

OUTCOMES = ("assessed", "not_applicable", "not_assessed")
ASSESSED, NOT_APPLICABLE, NOT_ASSESSED = range(3)
SECTIONS = ("base", "bonus", "deduction")
BLOCK = 8192  # assessments judged at a time: large enough for two threads, small enough for the cache
TIE = 1e-6  # totals this near to a tie (in hundredths) are settled by whole numbers


@dataclass(frozen=True)
class _Grid:
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


def score(rubric: Rubric, observations: pd.DataFrame) -> pd.DataFrame:
    """Score observations line by line.

    Parameters
    ----------
    rubric : the rubric with its readings
    observations : long frame; columns assessment, line (text or categorical), value (number), and as needed
        of (number), outcome (assessed | not_applicable), note (text). One row per assessment × line at most.

    Returns
    -------
    the sheet: one row per assessment × line; assessments in order of appearance (of their categories where the
    column is categorical, unless each has all its lines in order), lines in rubric order;
    columns assessment, line, section (categorical), points, score (float64, NaN unless decided), outcome
    (categorical), value, of (float64) and note where observations have one. Attributes name rubric, version,
    variant, readings and sha256.

    Raises
    ------
    DataError : every fault by row and column; nothing is scored
    """
    grid = _arrange(rubric, observations)
    shape = (len(grid.ids), len(rubric.lines)) if grid is not None else (0, 0)
    points, state = np.empty(shape), np.empty(shape, np.int8)
    kept: list[Column] = [np.empty(0)] * 2
    clean = grid is not None
    if grid is not None:
        copies = None if grid.rows is None else (np.empty(shape), np.empty(shape))
        judge = _Judge(rubric, grid, points, state, copies)
        clean = all(_threads(judge, _blocks(shape[0]))) and _noted(observations, judge.unexplained)
        kept = [grid.value, grid.of] if copies is None else [copy.reshape(-1) for copy in copies]
    if not clean or grid is None:
        raise DataError("观测数据有误，没有评分", observation_faults(rubric, observations))
    return _sheet(rubric, grid, points, state, kept, observations)


def _blocks(count: int) -> Iterator[slice]:
    return (slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK))


def _threads(work: Callable[[slice], Any], blocks: Iterator[slice]) -> list[Any]:
    todo = list(blocks)
    if len(todo) < 3:
        return [work(block) for block in todo]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, todo))


def _codes(column: pd.Series) -> tuple[NDArray[Any], pd.Index]:
    """Codes and the distinct texts of a key column; -1 where it is missing."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(), column.cat.categories
    codes, texts = pd.factorize(column)
    return codes, pd.Index(texts)


def _numbers(observations: pd.DataFrame, name: str) -> Column | None:
    """A number column as float64; absent → NaN; None when it holds something other than numbers."""
    if name not in observations:
        return np.full(len(observations), np.nan)
    column = observations[name]
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return np.full(len(observations), np.nan) if column.isna().all() else None
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _idle(observations: pd.DataFrame) -> tuple[NDArray[np.bool_] | None, bool]:
    """Which rows are not applicable, and whether every outcome is a known one."""
    if "outcome" not in observations:
        return None, True
    codes, texts = _codes(observations["outcome"])
    known = texts.isin([*OUTCOMES[:2], ""])
    fine = bool(known[np.unique(codes[codes >= 0])].all())
    position = texts.get_indexer([OUTCOMES[NOT_APPLICABLE]])[0]
    return (codes == position if position >= 0 else None), fine


def _arrange(rubric: Rubric, observations: pd.DataFrame) -> _Grid | None:
    """The grid of the observations, or None where something is wrong with keys, outcomes or number columns."""
    if not {"assessment", "line", "value"} <= set(observations.columns):
        return None
    value, of = _numbers(observations, "value"), _numbers(observations, "of")
    idle, fine = _idle(observations)
    if value is None or of is None or not fine:
        return None
    who, ids = _codes(observations["assessment"])
    codes, texts = _codes(observations["line"])
    where = pd.Index([line.id for line in rubric.lines]).get_indexer(texts).astype(np.int16)
    line = np.append(where, np.int16(-1))[codes]
    width = len(rubric.lines)
    first = _in_order(who, line, width)
    if first is not None:
        return _Grid(ids.take(first), None, value, of, idle)
    if (line < 0).any() or (who < 0).any():
        return None
    seen = np.bincount(who, minlength=len(ids)) > 0
    place = np.cumsum(seen) - 1
    rows = np.full(int(seen.sum()) * width, -1, np.int32)
    rows[place[who] * width + line] = np.arange(len(line), dtype=np.int32)
    if np.count_nonzero(rows >= 0) != len(line):
        return None
    return _Grid(ids[seen], rows, value, of, idle)


def _in_order(who: NDArray[Any], line: NDArray[np.int16], width: int) -> NDArray[Any] | None:
    """Codes of the assessments when every one has all lines in rubric order, else None."""
    if len(line) == 0 or len(line) % width:
        return None
    owner = who.reshape(-1, width)
    first = owner[:, 0]
    tidy = (line.reshape(-1, width) == np.arange(width, dtype=np.int16)).all() and (owner == first[:, None]).all()
    tidy = tidy and first.min() >= 0 and np.bincount(first).max() == 1
    return first if tidy else None


class _Judge:
    """Scores one block of assessments after another into the arrays of the sheet."""

    def __init__(
        self,
        rubric: Rubric,
        grid: _Grid,
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


def _noted(observations: pd.DataFrame, unexplained: list[NDArray[np.int64]]) -> bool:
    """True when every row that needs a note has one."""
    if not unexplained:
        return True
    if "note" not in observations:
        return False
    notes = observations["note"].take(np.concatenate(unexplained)).astype("str")
    return bool((notes.str.strip().fillna("") != "").all())


def _sheet(
    rubric: Rubric, grid: _Grid, points: Column, state: Any, kept: list[Column], observations: pd.DataFrame
) -> pd.DataFrame:
    count, width = points.shape
    lines = rubric.lines
    who = np.repeat(np.arange(count, dtype=np.int32), width)
    section = np.array([SECTIONS.index(line.section) for line in lines], np.int8)
    columns: dict[str, Any] = {
        "assessment": pd.Categorical.from_codes(who, categories=grid.ids.astype("str"), validate=False),
        "line": pd.Categorical.from_codes(
            np.tile(np.arange(width, dtype=np.int8), count), categories=[line.id for line in lines]
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
    full points, 2 decimals), complete (bool), red_lines (ids of red lines that were deducted, joined by 、)
    """
    width = int(sheet["line"].cat.categories.size)
    table = _Totals(sheet, width)
    parts = _threads(table, _blocks(len(sheet) // width))
    columns = {name: np.concatenate([part[name] for part in parts]) if parts else np.empty(0) for name in COLUMNS}
    names = sheet["assessment"].cat.categories
    results = pd.DataFrame({"assessment": names, "rubric": sheet.attrs["rubric"], **columns})
    results["complete"] = results["complete"].astype(bool)
    results["red_lines"] = table.red_lines()
    results.attrs = dict(sheet.attrs)
    return results


COLUMNS = (
    "base", "bonus", "deduction", "raw", "unrounded", "total",
    "assessed_points", "missing_points", "low", "high", "complete",
)  # fmt: skip


class _Totals:
    """Sums one block of assessments after another."""

    def __init__(self, sheet: pd.DataFrame, width: int) -> None:
        self.width, self.about = width, sheet.attrs
        self.points = sheet["points"].to_numpy()[:width]
        self.section = sheet["section"].cat.codes.to_numpy()[:width]
        self.ids = list(sheet["line"].cat.categories)
        self.score = sheet["score"].to_numpy().reshape(-1, width)
        self.state = sheet["outcome"].cat.codes.to_numpy().reshape(-1, width)
        self.value = sheet["value"].to_numpy().reshape(-1, width)
        self.of = sheet["of"].to_numpy().reshape(-1, width)
        readings = sheet.attrs["readings"]
        self.rescale = readings.get("not_applicable") == "rescale"
        self.bonus_cap, self.ceiling = (_limit(readings.get(key)) for key in ("bonus_cap", "ceiling"))
        self.floor = 0.0 if readings.get("floor", "zero") == "zero" else -np.inf
        self.red = np.isin(self.ids, sheet.attrs["red_lines"])
        self.red_cap = sheet.attrs["red_line_cap"]

    def __call__(self, at: slice) -> dict[str, Column]:
        """Totals of a block as columns."""
        score, state = np.ascontiguousarray(self.score[at].T), np.ascontiguousarray(self.state[at].T)
        base, bonus, deduction = (np.nansum(score[self.section == n], axis=0) for n in range(3))
        is_base = self.section == 0
        missing = self.points[is_base] @ (state[is_base] == NOT_ASSESSED)
        idle = self.points[is_base] @ (state[is_base] == NOT_APPLICABLE)
        full = self.points[is_base].sum()
        applicable = full - idle if self.rescale else np.full(len(base), full)
        factor = np.divide(full, applicable, out=np.full(len(base), np.nan), where=applicable > 0)
        red = (score[self.red] > 0).any(axis=0)
        bonus = np.minimum(bonus, self.bonus_cap)
        raw, high = base * factor + bonus - deduction, (base + missing) * factor + bonus - deduction
        unrounded, high = self._limits(raw, red), self._limits(high, red)
        exact = _Exact(self, at, score)
        low, high = exact.half_up(unrounded, 0 * missing, applicable), exact.half_up(high, missing, applicable)
        complete = (missing == 0) & (applicable > 0)
        return {
            "base": base * factor, "bonus": bonus, "deduction": deduction, "raw": raw, "unrounded": unrounded,
            "total": np.where(complete, low, np.nan), "assessed_points": full - missing,
            "missing_points": missing, "low": low, "high": high, "complete": complete,
        }  # fmt: skip

    def _limits(self, raw: Column, red: Any) -> Column:
        """Red-line cap, ceiling and floor of the readings."""
        capped = raw if self.red_cap is None else np.where(red, np.minimum(raw, self.red_cap), raw)
        return np.maximum(np.minimum(capped, self.ceiling), self.floor)

    def red_lines(self) -> pd.Categorical:
        """For every assessment the ids of the red lines that were deducted, joined; few distinct texts."""
        hits = self.score[:, self.red] > 0
        names = np.array(self.ids)[self.red]
        patterns, codes = np.unique(hits @ (1 << np.arange(len(names))), return_inverse=True)
        texts = ["、".join(names[(int(pattern) >> np.arange(len(names))) & 1 == 1]) for pattern in patterns]
        return pd.Categorical.from_codes(codes, categories=texts)


def _limit(option: Any) -> float:
    return option if isinstance(option, float) else np.inf


class _Exact:
    """Exact sums of one block in whole numbers, asked only for totals that lie on a tie."""

    def __init__(self, table: _Totals, at: slice, score: Column) -> None:
        self.table, self.at, self.score = table, at, score

    def half_up(self, total: Column, missing: Column, applicable: Column) -> Column:
        """Round to 2 decimals, half away from zero (GB/T 8170), as exact arithmetic would.

        `total` is the float64 sum after limits, `missing` the points added to the base, `applicable` the
        points the base is rescaled from.
        """
        cents = total * 100
        rounded = np.copysign(np.floor(np.abs(cents) + 0.5), cents)
        near = np.flatnonzero(np.abs(np.abs(cents - np.trunc(cents)) - 0.5) < TIE)
        if near.size:
            rounded[near] = self._settle(near, total[near], missing[near], applicable[near])
        return rounded / 100 + 0.0

    def _settle(self, near: NDArray[np.int64], total: Column, missing: Column, applicable: Column) -> Column:
        rows, t = near + self.at.start, self.table
        of = np.where(np.array(t.about["divides"]) & (t.of[rows] > 0), t.of[rows], 1.0)
        value = np.where(np.isnan(t.value[rows]), 0, t.value[rows])
        value_places = next(
            k for k in range(7) if k == 6 or (np.abs(value * 10**k - np.rint(value * 10**k)) < 1e-4).all()
        )
        point_places = next(k for k in range(4) if k == 3 or (np.rint(t.points * 10**k) == t.points * 10**k).all())
        scale = 10 ** (value_places + point_places)
        score = np.where(np.isnan(self.score.T[near]), 0, self.score.T[near])
        part = np.rint(score * of * scale)
        whole = np.rint(of)
        common = _lcm(whole, np.int64)
        fits = (common > 0) & ((np.abs(total) + 1e3) * 400 * common * scale * 1e6 < 4e18)
        out = np.empty(len(near))
        for dtype, chosen in ((np.int64, fits), (object, ~fits)):
            if chosen.any():
                d = common[chosen] if dtype is np.int64 else _lcm(whole[chosen], object)
                out[chosen] = self._cents(
                    part[chosen], whole[chosen], d, scale, total[chosen], missing[chosen], applicable[chosen], dtype
                )
        return out

    def _cents(self, part, whole, common, scale, total, missing, applicable, dtype):  # type: ignore[no-untyped-def]
        """Hundredths of the exact totals; all numbers whole, of `dtype` int64 or object (any size)."""
        t = self.table
        number = _whole(part, dtype) * (common[:, None] // _whole(whole, dtype))
        base, bonus, deduction = (number[:, t.section == n].sum(axis=1) for n in range(3))
        unit = common * scale
        cap = t.bonus_cap
        if np.isfinite(cap):
            bonus = np.minimum(bonus, _whole(np.full(len(total), cap * 1000), dtype) * unit // 1000)
        top, bottom = (
            (1, np.ones(len(total), int))
            if not t.rescale
            else (round(t.points[t.section == 0].sum() * 1000), applicable * 1000)
        )
        bottom = _whole(np.rint(np.asarray(bottom, float)), dtype)
        lost = _whole(np.rint(missing * 1000), dtype) * unit // 1000
        exact = (base + lost) * top + (bonus - deduction) * bottom
        under = unit * bottom
        limits = [x for x in (t.red_cap, t.ceiling, t.floor) if x is not None and np.isfinite(x)]
        sign = np.where(exact < 0, -1, 1)
        cents = sign * ((abs(exact) * 200 + under) // (2 * under))
        for limit in limits:
            cents = np.where(
                total == limit, int((Decimal(str(limit)) * 100).quantize(Decimal(1), ROUND_HALF_UP)), cents
            )
        return cents.astype(float)


def _whole(numbers: Column, dtype: Any) -> Any:
    return np.rint(numbers).astype(np.int64).astype(dtype) if dtype is object else np.rint(numbers).astype(dtype)


def _lcm(whole: Column, dtype: Any) -> Any:
    """Least common multiple of each row; 0 where it leaves 1e12 in int64."""
    if dtype is object:
        return np.lcm.reduce(_whole(whole, object), axis=1)
    common = np.ones(len(whole), np.int64)
    for column in _whole(whole, np.int64).T:
        odd = np.flatnonzero((common > 0) & (common % column != 0))
        if odd.size:
            grown = np.lcm(common[odd], column[odd])
            common[odd] = np.where((grown > 1e12) | (column[odd] > LARGEST), 0, grown)
    return common


def rank(results: pd.DataFrame) -> pd.Series:
    """Ranks of complete assessments by unrounded total, 1 the best, equal totals sharing the better rank.

    Parameters
    ----------
    results : from `totals`; only results of one rubric, version and readings can be ranked together

    Returns
    -------
    Int64 column, NA where incomplete. Totals closer than 1e-9 are the same total: two different sums of
    shares of real inspections lie further apart, while float64 sums differ by less than 1e-12.
    """
    total = results["unrounded"].where(results["complete"])
    order = total.sort_values(ascending=False, kind="stable").dropna()
    step = (order.diff().abs() > 1e-9).to_numpy()
    place = np.arange(1, len(order) + 1)
    first = np.maximum.accumulate(np.where(step, place, 1)) if len(order) else place
    return pd.Series(first, index=order.index, dtype="Int64").reindex(results.index).rename("rank")
