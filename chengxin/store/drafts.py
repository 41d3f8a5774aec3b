"""What is typed into a form, kept change by change: one small row each, never overwritten, durable once saved.

The table only grows. What a field holds now is its newest version; a save names the version it was read at, so
two people on one field are told instead of the later silently winning. A form is frozen by the state of what it
is for: an assessment that is no longer a draft, a filing that was submitted.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from chengxin.errors import ChengxinError, DataError, UsageError
from chengxin.store.engine import writing
from chengxin.store.schema import ASSESSMENT, ASSESSMENT_STATES, DRAFT, FILING, PRESENCE

Entry = dict[str, Any]
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LARGEST = 65_536  # bytes of one entry as JSON
THERE = timedelta(seconds=15)  # how long somebody counts as present after the last sign


@dataclass(frozen=True)
class Saved:
    """One field as stored: what was entered, which version it is, by whom and when (UTC, ISO text)."""

    field: str
    entry: Entry
    version: int
    who: str
    at: str


class Conflict(ChengxinError):  # noqa: N818 — nobody did wrong
    """Somebody else saved fields after they were read; nothing was written.

    Parameters
    ----------
    clashes : field → what the caller wanted to save, and what is stored
    """

    def __init__(self, clashes: Mapping[str, tuple[Entry, Saved]]) -> None:
        self.clashes = dict(clashes)
        self.mine, self.theirs = next(iter(self.clashes.values()))
        people = "、".join(dict.fromkeys(saved.who for _, saved in self.clashes.values()))
        super().__init__(f"{people}已先改了“{'、'.join(self.clashes)}”，没有覆盖；请在两个值中选一个。")


class Frozen(ChengxinError):  # noqa: N818
    """What the form is for takes no more changes; nothing was written."""


def save(
    engine: Engine, form: str, subject: str, field: str, entry: Entry, *, version: int, who: str, at: datetime
) -> Saved:
    """Save one field; durable when it returns.

    Parameters
    ----------
    engine : from `open_store`
    form : ``assessment``, ``filing`` (the point's side) or ``filing_check`` (the regulator's side)
    subject : id of the assessment or filing
    field : line, item or cell that changed, such as ``10.1`` or ``10.1@M0012``
    entry : what it holds now, as JSON takes it; control characters are left out
    version : the version that was read; 0 where there was none
    who : the person's name
    at : the moment, with a time zone

    Returns
    -------
    the field as stored; an entry that changes nothing keeps its version

    Raises
    ------
    Conflict : the stored version is another one
    Frozen : no more changes are taken
    UsageError : unknown form, no name, no time zone, or an entry that is too large or no JSON
    """
    return save_all(engine, form, subject, {field: (entry, version)}, who=who, at=at)[0]


def save_all(
    engine: Engine, form: str, subject: str, fields: Mapping[str, tuple[Entry, int]], *, who: str, at: datetime
) -> list[Saved]:
    """Save several fields in one transaction: all of them or, on any conflict, none.

    Parameters
    ----------
    fields : field → entry and the version that was read
    engine, form, subject, who, at : as for `save`

    Returns, Raises
    ---------------
    as for `save`
    """
    clean = {field: (_clean(field, entry), version) for field, (entry, version) in fields.items()}
    moment = _moment(who, at)
    try:
        with writing(engine) as conn:
            _refuse_frozen(conn, form, subject)
            found = _newest(conn, form, subject, list(clean))
            _refuse_conflicts(clean, found)
            fresh = {f: new for f, new in clean.items() if f not in found or found[f].entry != new[0]}
            rows = [
                {"form": form, "subject": subject, "field": field, "version": version + 1, "entry": entry, "who": who,
                 "at": moment}
                for field, (entry, version) in fresh.items()
            ]  # fmt: skip
            if rows:
                conn.execute(sa.insert(DRAFT), rows)
    except DataError:  # two saved at one moment, which only a server database lets happen
        _refuse_conflicts(clean, saved(engine, form, subject))
        raise
    made = {row["field"]: _saved(row) for row in rows}
    return [made.get(field) or found[field] for field in clean]


def saved(engine: Engine, form: str, subject: str) -> dict[str, Saved]:
    """All fields of a form as they are now.

    Parameters
    ----------
    engine, form, subject : as for `save`
    """
    with engine.connect() as conn:
        return _newest(conn, form, subject)


def since(engine: Engine, form: str, subject: str, change: int) -> tuple[list[Saved], int]:
    """What was saved after a change, by anybody.

    Parameters
    ----------
    engine, form, subject : as for `save`
    change : number of the last change that is known; 0 for all

    Returns
    -------
    the changes in order, and the number of the newest
    """
    query = sa.select(DRAFT).where(DRAFT.c.form == form, DRAFT.c.subject == subject, DRAFT.c.id > change)
    with engine.connect() as conn:
        rows = conn.execute(query.order_by(DRAFT.c.id)).mappings().all()
    return [_saved(row) for row in rows], rows[-1]["id"] if rows else change


def changes(engine: Engine, form: str, subject: str) -> pd.DataFrame:
    """Every change ever made in a form, oldest first.

    Parameters
    ----------
    engine, form, subject : as for `save`

    Returns
    -------
    columns field, version, entry (dict), who, at (UTC, ISO text)
    """
    names = ["field", "version", "entry", "who", "at"]
    query = sa.select(*(DRAFT.c[name] for name in names)).where(DRAFT.c.form == form, DRAFT.c.subject == subject)
    with engine.connect() as conn:
        rows = conn.execute(query.order_by(DRAFT.c.id)).all()
    return pd.DataFrame(rows, columns=names).astype({"version": "int64"})


def present(engine: Engine, form: str, subject: str, *, who: str, session: str, at: datetime) -> list[str]:
    """Say that somebody has a form open, and learn who else has.

    Parameters
    ----------
    who, session : the person's name, and a key of this window
    at : the moment; others count as there for a while after their last sign (`THERE`)
    engine, form, subject : as for `save`

    Returns
    -------
    names of the people in other windows, without repeats; may hold ``who`` when the same person has two
    """
    moment, t = _moment(who, at), PRESENCE.c
    mine = {"form": form, "subject": subject, "session": session}
    with writing(engine) as conn:
        conn.execute(sa.delete(PRESENCE).where(t.seen < _iso(at - THERE)))
        same = [t[name] == value for name, value in mine.items()]
        if not conn.execute(sa.update(PRESENCE).where(*same).values(who=who, seen=moment)).rowcount:
            conn.execute(sa.insert(PRESENCE).values(**mine, who=who, seen=moment))
        others = sa.select(t.who).where(t.form == form, t.subject == subject, t.session != session)
        return list(dict.fromkeys(conn.execute(others.order_by(t.who)).scalars()))


def _newest(conn: Connection, form: str, subject: str, fields: Sequence[str] | None = None) -> dict[str, Saved]:
    """The newest version of every field, or of some fields, by field."""
    d = DRAFT.c
    last = sa.select(d.field, sa.func.max(d.version).label("version")).where(d.form == form, d.subject == subject)
    if fields is not None and len(fields) <= 500:
        last = last.where(d.field.in_(fields))
    newest = last.group_by(d.field).subquery()
    query = sa.select(DRAFT).join(newest, (d.field == newest.c.field) & (d.version == newest.c.version))
    rows = conn.execute(query.where(d.form == form, d.subject == subject).order_by(d.id)).mappings()
    return {row["field"]: _saved(row) for row in rows}


def _saved(row: Any) -> Saved:
    return Saved(row["field"], row["entry"], row["version"], row["who"], row["at"])


def _refuse_conflicts(wanted: Mapping[str, tuple[Entry, int]], found: Mapping[str, Saved]) -> None:
    clashes = {}
    for field, (entry, version) in wanted.items():
        stored = found.get(field)
        if stored is not None and stored.version != version and stored.entry != entry:
            clashes[field] = (entry, stored)
        elif stored is None and version:
            raise UsageError(f"“{field}”没有第{version}版；请重新打开表单。")
    if clashes:
        raise Conflict(clashes)


def _refuse_frozen(conn: Connection, form: str, subject: str) -> None:
    if form not in FROZEN:
        raise UsageError(f"没有表单“{form}”；可用：{'、'.join(FROZEN)}。")
    reason = FROZEN[form](conn, subject)
    if reason:
        raise Frozen(reason)


def _assessment(conn: Connection, subject: str) -> str:
    status = conn.execute(sa.select(ASSESSMENT.c.status).where(ASSESSMENT.c.id == subject)).scalar()
    if status is None:
        return f"没有评价“{subject}”；请先建立评价。"
    return "" if status == "draft" else f"评价{ASSESSMENT_STATES[status]}，不能再改；要改，请先退回。"


def _filing(conn: Connection, subject: str) -> str:
    submitted, returned, _ = _days(conn, subject)
    return "季报已提交，不能再改；要改，请市场监管部门退回补正。" if submitted and not returned else ""


def _filing_check(conn: Connection, subject: str) -> str:
    submitted, returned, checked = _days(conn, subject)
    if not submitted or returned:
        return "监测点还没有提交季报，不能核查。"
    return "核查已提交，不能再改。" if checked else ""


def _days(conn: Connection, subject: str) -> Any:
    f = FILING.c
    row = conn.execute(sa.select(f.submitted_on, f.returned_on, f.checked_on).where(f.id == subject)).first()
    return row or (None, None, None)


FROZEN = {"assessment": _assessment, "filing": _filing, "filing_check": _filing_check}


def _clean(field: str, entry: Entry) -> Entry:
    """An entry as the database gives it back: control characters left out."""
    try:
        text = json.dumps(entry, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        raise UsageError(f"“{field}”的内容不能保存；应为文字、有限的数、是否或它们的列表。") from None
    if len(text.encode("utf-8", "replace")) > LARGEST:
        raise UsageError(f"“{field}”的内容太长，不能保存；最多约2万字，请缩短。")
    return dict(_cleaned(json.loads(text)))


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return CONTROL.sub("", value).encode("utf-8", "ignore").decode()
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    return {key: _cleaned(each) for key, each in value.items()} if isinstance(value, dict) else value


def _moment(who: str, at: datetime) -> str:
    if not who.strip():
        raise UsageError("没有写明是谁在填写；请先填写姓名。")
    if at.tzinfo is None:
        raise UsageError(f"时刻{at.isoformat()}没有时区；应为带时区的时刻，如 2025-03-31T16:00:00+08:00。")
    return _iso(at)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
