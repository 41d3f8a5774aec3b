"""Keeping a ledger: its rows filtered, one added, changed or retired, many added; nothing is ever deleted.

A change names the row as it was read; where somebody else changed it in between, nothing is written and both are told.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from chengxin.errors import DataError, UsageError
from chengxin.exchange.books import RETIRED, Book
from chengxin.exchange.csv import normal
from chengxin.exchange.paste import Rows, checked
from chengxin.ledgers.verification import STATES, clock
from chengxin.store import read
from chengxin.store.engine import writing
from chengxin.store.schema import REGISTRIES
from chengxin.store.write import put

Row = dict[str, Any]


def rows(engine: Engine, book: Book, as_of: date) -> pd.DataFrame:
    """All rows of a ledger as text, ready to show and to filter.

    Parameters
    ----------
    engine : from `open_store`
    book : the ledger
    as_of : the day for the clock of instruments

    Returns
    -------
    the book's columns in Chinese words (text, empty where nothing stands), for instruments also state (of the clock)
    and valid_until; newest id last
    """
    table = REGISTRIES[book.table]
    with engine.connect() as conn:
        raw = [dict(row) for row in conn.execute(sa.select(table).order_by(*table.primary_key)).mappings()]
    frame = pd.DataFrame([{name: shown(book, name, row[name]) for name in book.labels} for row in raw],
                         columns=list(book.labels), dtype="str")  # fmt: skip
    if book.table == "instrument":
        books = read.books(engine)
        clocked = clock(books["instrument"], books["verification"], str(as_of)).set_index("id")
        frame["state"] = frame["id"].map(clocked["state"].map(STATES)).fillna("")
        frame["valid_until"] = frame["id"].map(clocked["valid_until"].dt.strftime("%Y-%m-%d")).fillna("")
    return frame


def found(frame: pd.DataFrame, words: str, **equal: str) -> pd.DataFrame:
    """Rows that hold all of some words in any column, and exact values in some columns.

    Parameters
    ----------
    frame : from `rows`
    words : with blanks between them; plain text, never a pattern
    equal : column → value; an empty one is not asked for
    """
    kept = pd.Series(True, frame.index)
    whole = frame.iloc[:, 0].str.cat([frame[name] for name in frame.columns[1:]], sep="\t").str.lower()
    for word in normal(words).lower().split():
        kept &= whole.str.contains(word, regex=False)
    for name, value in equal.items():
        kept &= (frame[name] == value) | (not value)
    return frame[kept]


def shown(book: Book, column: str, value: Any) -> str:
    """A stored value in words."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(book.choices.get(column, {}).get(value, value))


def stored(engine: Engine, book: Book, key: str) -> Row:
    """One row as stored.

    Raises
    ------
    UsageError : there is none
    """
    with engine.connect() as conn:
        row = _row(conn, book, key)
    if row is None:
        raise UsageError(f"{book.name}台账中没有“{key[:40]}”；请从列表中选择。")
    return row


def save(
    engine: Engine, book: Book, cells: Mapping[str, str], old: Row | None, *, who: str, why: str, at: datetime
) -> bool:
    """Add a row or change one, by the rules of `chengxin load`.

    Parameters
    ----------
    engine : from `open_store`
    book : the ledger
    cells : column → text as typed
    old : the row as it was read; None for a new one
    who, why, at : for the record

    Returns
    -------
    whether anything changed

    Raises
    ------
    DataError : every fault of the row
    UsageError : no reason given, or somebody changed the row after it was read; nothing is written
    """
    cells = cells if old is None else {**cells, "id": old["id"]}
    frame = pd.DataFrame([{"row": 1, **{name: cells.get(name, "") for name in book.labels}}])
    good, faults = checked(book, frame, lambda table: read.keys(engine, table), fresh=old is None)
    if faults:
        raise DataError(f"{book.name}没有保存", [fault for _, fault in faults])
    with writing(engine) as conn:
        _unchanged(conn, book, good[0][1]["id"], old)
        return bool(put(conn, book.table, [good[0][1]], who=who, why=why, at=at))


def add(engine: Engine, book: Book, good: Rows, *, who: str, why: str, at: datetime) -> int:
    """Add the sound rows of a paste, all in one transaction.

    Raises
    ------
    UsageError : one of them was added by somebody else in between
    """
    with writing(engine) as conn:
        for _, row in good:
            _unchanged(conn, book, row["id"], None)
        return put(conn, book.table, [row for _, row in good], who=who, why=why, at=at)


def retire(engine: Engine, book: Book, old: Row, day: date, *, who: str, why: str, at: datetime) -> None:
    """Retire an instrument or withdraw a commitment: the row stays, with the day.

    Raises
    ------
    UsageError : a ledger without such a state, retired already, or changed by somebody else
    DataError : a day before it began
    """
    if book.table not in RETIRED:
        raise UsageError(f"{book.name}台账没有停用的状态；有误的请修改并写明理由。")
    column, more, word = RETIRED[book.table]
    if old[column] is not None:
        raise UsageError(f"“{old['id']}”已于{old[column]}{word}。")
    cells = {name: shown(book, name, old[name]) for name in book.labels}
    cells |= {column: day.isoformat(), **more}
    save(engine, book, cells, old, who=who, why=why, at=at)


def _row(conn: Connection, book: Book, key: str) -> Row | None:
    table = REGISTRIES[book.table]
    row = conn.execute(sa.select(table).where(table.c.id == key)).mappings().first()
    return dict(row) if row else None


def _unchanged(conn: Connection, book: Book, key: str, old: Row | None) -> None:
    """Refuse when the row is not what was read."""
    now = _row(conn, book, key)
    if now == old:
        return
    if now is None or old is None:
        raise UsageError(f"“{key}”刚刚被别人{'登记' if now else '移走'}，没有覆盖；请重新打开。")
    changed = [f"{book.labels[name]}：“{shown(book, name, old[name])}”→“{shown(book, name, now[name])}”"
               for name in book.labels if now[name] != old[name]]  # fmt: skip
    raise UsageError(f"“{key}”在您打开后被别人改过，没有覆盖。{'；'.join(changed)}。请看过后重新打开再改。")
