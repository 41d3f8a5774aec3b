"""Changes of the database, each with who, when and why. The caller gives the moment; no clock is read."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Column, Connection, Table

from chengxin.errors import DataError, Fault, UsageError
from chengxin.store.schema import AUDIT, HISTORY, OBSERVATION, REGISTRIES, WORK
from chengxin.store.states import refused

CHUNK = 500  # keys per query: well below the parameter limits of both databases

Row = dict[str, Any]


def put(
    conn: Connection, table_name: str, rows: Iterable[Mapping[str, Any]], *, who: str, why: str, at: datetime
) -> int:
    """Insert or update registry rows, with one audit row for every row that really changes.

    Parameters
    ----------
    conn : in a transaction, see `writing`
    table_name : one of `schema.REGISTRIES` or `schema.WORK`
    rows : a mapping of columns for every row; columns left out keep what is stored
    who, why : for the audit
    at : the moment, with a time zone

    Returns
    -------
    number of rows inserted or updated

    Raises
    ------
    UsageError : unknown table or column, who or why empty, no time zone
    DataError : a key is missing or given twice, or a state may not follow the stored one, see `states`
    """
    known = REGISTRIES | WORK
    if table_name not in known:
        raise UsageError(f"没有登记表“{table_name}”；可用的有{'、'.join(known)}。")
    table, moment = known[table_name], _moment(who, why, at)
    key = [column.name for column in table.primary_key]
    given = [_row(table, row) for row in rows]
    _distinct(table_name, [tuple(row.get(name) for name in key) for row in given])
    found = _stored(conn, table, table.c[key[0]], list(dict.fromkeys(row[key[0]] for row in given)))
    stored = {_key(old, key): old for old in found}
    blank = {c.name: getattr(c.default, "arg", None) for c in table.columns}
    merged = [(old, {**(old or blank), **row}) for row in given for old in (stored.get(_key(row, key)),)]
    changes = [(old, new) for old, new in merged if old != new]
    _may_follow(table, changes)
    _write(conn, table, changes)
    about = {"at": moment, "who": who, "why": why, "subject": table_name}
    if changes:
        trail = [{**about, **_change(_key(new, key), old, new)} for old, new in changes]
        conn.execute(sa.insert(AUDIT), trail)
    return len(changes)


def _may_follow(table: Table, changes: Sequence[tuple[Row | None, Row]]) -> None:
    key = [column.name for column in table.primary_key]
    wrong = [refused(table.name, _key(new, key), old, new) for old, new in changes if old]
    faults = [Fault(*said) for said in wrong if said]
    if faults:
        raise DataError("状态不能这样改，什么都没有保存", faults)


def record(conn: Connection, observations: pd.DataFrame, *, who: str, why: str, at: datetime) -> int:
    """Store observations; every one that is new or changed gets the next version and a row of history.

    Parameters
    ----------
    conn : in a transaction, see `writing`
    observations : columns assessment, line, value and perhaps of, outcome, note; other columns are left out
    who, why, at : as for `put`

    Returns
    -------
    number of observations that were new or changed

    Raises
    ------
    UsageError : a column is missing, who or why empty, no time zone
    DataError : a key is missing or given twice, or a number is infinite
    """
    moment = _moment(who, why, at)
    given = _observed(observations)
    keys = [(row["assessment"], row["line"]) for row in given]
    _distinct("observation", keys)
    found = _stored(conn, OBSERVATION, OBSERVATION.c.assessment, list(dict.fromkeys(key[0] for key in keys)))
    stored = {(old["assessment"], old["line"]): old for old in found}
    changes = []
    for key, row in zip(keys, given, strict=True):
        old = stored.get(key)
        version = old["version"] if old else 0
        if old != {**row, "version": version}:
            changes.append((old, {**row, "version": version + 1}))
    _write(conn, OBSERVATION, changes)
    if changes:
        about = {"at": moment, "who": who, "why": why}
        conn.execute(sa.insert(HISTORY), [{**new, **about} for _, new in changes])
    return len(changes)


def _moment(who: str, why: str, at: datetime) -> str:
    if not who.strip() or not why.strip():
        raise UsageError("没有写明谁、为什么改动；who和why都要有内容。")
    if at.tzinfo is None:
        raise UsageError(f"时刻{at.isoformat()}没有时区；应为带时区的时刻，如 2025-03-31T16:00:00+08:00。")
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _row(table: Table, row: Mapping[str, Any]) -> Row:
    unknown = [name for name in row if name not in table.columns]
    if unknown:
        known = "、".join(table.columns.keys())
        raise UsageError(f"{table.name}没有列{'、'.join(map(str, unknown))}；可用的有{known}。")
    return {name: _cell(table.columns[name], value) for name, value in row.items()}


def _cell(column: Column[Any], value: Any) -> Any:
    """A value as the database gives it back, so that unchanged rows are seen to be unchanged."""
    if pd.isna(value) or (value == "" and column.nullable):
        return None
    if isinstance(column.type, sa.Date):
        try:
            day = datetime.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            raise UsageError(f"{column.name}得到“{value}”；应为日期，如 2025-03-31。") from None
        return day.date() if isinstance(day, datetime) else day
    if isinstance(column.type, sa.Float) and isinstance(value, str):
        return float(value)
    if isinstance(column.type, sa.Text) and not isinstance(value, str):
        raise UsageError(f"{column.name}得到{value!r}；应为文字，编号也要加引号。")
    return value.item() if hasattr(value, "item") else value


def _observed(observations: pd.DataFrame) -> list[Row]:
    """Observations as rows of the table without version."""
    absent = [name for name in ("assessment", "line", "value") if name not in observations]
    if absent:
        raise UsageError(f"观测数据缺少列{'、'.join(absent)}；应有assessment、line、value。")
    blank = {"assessment": None, "line": None, "value": None, "of": None, "outcome": "assessed", "note": ""}
    columns = {}
    for name, instead in blank.items():
        given = observations[name] if name in observations else [None] * len(observations)
        cells = [instead if pd.isna(cell) or cell == "" else cell for cell in given]
        columns[name] = [_number(cell) for cell in cells] if name in ("value", "of") else cells
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    faults = [
        Fault(f"“{row['assessment']}”的“{row['line']}”条", "数值不是有限的数", "有限的数")
        for row in rows
        if not math.isfinite(row["value"] or 0) or not math.isfinite(row["of"] or 0)
    ]
    if faults:
        raise DataError("观测数据没有保存", faults)
    return rows


def _number(cell: Any) -> float | None:
    """A number as the database gives it back; what is no number becomes infinite and is refused."""
    try:
        return None if cell is None else float(cell)
    except (TypeError, ValueError):
        return math.inf


def _distinct(name: str, keys: list[tuple[Any, ...]]) -> None:
    seen: set[tuple[Any, ...]] = set()
    faults = []
    for n, key in enumerate(keys, 1):
        if None in key:
            faults.append(Fault(f"{name} 第{n}条", "没有编号", "非空的编号"))
        elif key in seen:
            faults.append(Fault(f"{name} 第{n}条", f"“{'、'.join(map(str, key))}”重复", "每个编号只有一条"))
        seen.add(key)
    if faults:
        raise DataError("没有保存", faults)


def _stored(conn: Connection, table: Table, key: Column[Any], wanted: list[Any]) -> list[Row]:
    parts = [wanted[n : n + CHUNK] for n in range(0, len(wanted), CHUNK)]
    found = (conn.execute(sa.select(table).where(key.in_(part))) for part in parts)
    return [dict(row) for result in found for row in result.mappings()]


def _write(conn: Connection, table: Table, changes: Sequence[tuple[Row | None, Row]]) -> None:
    fresh = [new for old, new in changes if old is None]
    if fresh:
        conn.execute(sa.insert(table), fresh)
    changed = [{f"new_{name}": value for name, value in new.items()} for old, new in changes if old]
    if changed:
        same = [column == sa.bindparam(f"new_{column.name}") for column in table.primary_key]
        rest = [column for column in table.c if not column.primary_key]
        values: dict[Any, Any] = {column: sa.bindparam(f"new_{column.name}") for column in rest}
        conn.execute(sa.update(table).where(*same).values(values), changed)


def _key(row: Row, names: Sequence[str]) -> str:
    """A row's key as text; the parts of a key of several columns with a stroke between them."""
    return "/".join(row[name] for name in names)


def _change(key: str, old: Row | None, new: Row) -> Row:
    return {"key": key, "action": "update" if old else "insert", "old": _json(old), "new": _json(new)}


def _json(row: Row | None) -> Row | None:
    """A row with its dates as text."""
    return row and {k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()}
