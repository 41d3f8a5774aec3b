"""A filing's steps: handed in by the point, checked on site or returned for completion; and who did what."""

from datetime import datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from chengxin.clock import china_day
from chengxin.errors import DataError, Fault, UsageError
from chengxin.store.drafts import changes
from chengxin.store.engine import writing
from chengxin.store.schema import ANSWER, AUDIT, DRAFT, FILING
from chengxin.store.write import put
from chengxin.workflow.filing import CHECK, OWN, STEPS, Filing, Judged, judge, opened


def submit(engine: Engine, point: str, quarter: str, *, who: str, at: datetime) -> Judged:
    """Hand in the point's side: filing and answers in one transaction; the draft is frozen.

    After a return the day of the first submission stays: completing is not filing late. Contradictions do not keep
    a point from filing; they are shown and found again by `judge.judge`.

    Parameters
    ----------
    engine : from `open_store`
    point, quarter : as for `filing.opened`
    who, at : for the record

    Raises
    ------
    DataError : all that is missing or wrong, by item; nothing is stored
    UsageError : it was submitted already, or somebody typed at this very moment
    """
    filing = opened(engine, point, quarter)
    own, found = _entries(filing)
    judged = judge(filing, own, found)
    faults = [fault for each in judged.faults.values() for fault in each]
    faults += _gaps(filing, judged.missing, "逐项填写")
    if faults:
        raise DataError("季报没有提交", faults)
    about: dict[str, Any] = {"who": who, "why": "提交季报", "at": at}
    first = filing.row.get("submitted_on") or china_day(at)
    row = {"id": filing.id, "point": point, "quarter": quarter, "submitted_on": first, "returned_on": None}
    counts = {name: judged.counts.get(name, 0) for name in filing.form.counts}
    with writing(engine) as conn:
        _still(conn, filing, OWN, ("open", "returned"))
        put(conn, FILING.name, [row | counts], **about)
        put(conn, ANSWER.name, [_answer(filing, item.id, self_answer=own[item.id]["answer"])
                                for item in filing.form.items], **about)  # fmt: skip
    return judged


def check(engine: Engine, point: str, quarter: str, *, who: str, at: datetime) -> Judged:
    """Hand in the on-site check of a submitted filing.

    Raises
    ------
    DataError : items without a check; nothing is stored
    UsageError : not submitted, returned or checked already, or somebody typed at this very moment
    """
    filing = opened(engine, point, quarter)
    own, found = _entries(filing)
    judged = judge(filing, own, found)
    if judged.unchecked:
        gaps = dict.fromkeys(judged.unchecked, "没有核查结果")
        raise DataError("核查没有提交", _gaps(filing, gaps, "逐项核查"))
    about: dict[str, Any] = {"who": who, "why": "提交核查", "at": at}
    with writing(engine) as conn:
        _still(conn, filing, CHECK, ("submitted",))
        put(conn, FILING.name, [{"id": filing.id, "checked_on": china_day(at)}], **about)
        put(conn, ANSWER.name, [
            _answer(filing, item.id, check_answer=found[item.id]["answer"],
                    note=str(found[item.id].get("note") or "").strip()[:200])
            for item in filing.form.items
        ], **about)  # fmt: skip
    return judged


def give_back(engine: Engine, point: str, quarter: str, *, comment: str, who: str, at: datetime) -> None:
    """Return a submitted filing for completion, with a comment.

    Raises
    ------
    UsageError : no comment, or nothing that could be returned
    """
    if not comment.strip():
        raise UsageError("请写明退回的意见，监测点据此补正。")
    filing = opened(engine, point, quarter)
    with writing(engine) as conn:
        _still(conn, filing, CHECK, ("submitted",))
        row = {"id": filing.id, "returned_on": china_day(at)}
        put(conn, FILING.name, [row], who=who, why=comment.strip(), at=at)


def history(engine: Engine, filing: str) -> pd.DataFrame:
    """Who changed what and when, oldest first.

    Parameters
    ----------
    engine : from `open_store`
    filing : its id

    Returns
    -------
    columns at (UTC, ISO text), who, form (``filing``, ``filing_check``; empty for a step), what (field), entry, why
    """
    typed = [changes(engine, form, filing).assign(form=form, why="") for form in (OWN, CHECK)]
    query = sa.select(AUDIT.c.at, AUDIT.c.who, AUDIT.c.new.label("entry"), AUDIT.c.why)
    query = query.where(AUDIT.c.subject == FILING.name, AUDIT.c.key == filing).order_by(AUDIT.c.id)
    with engine.connect() as conn:
        steps = pd.DataFrame(conn.execute(query).all(), columns=["at", "who", "entry", "why"])
    parts = [part.rename(columns={"field": "what"}) for part in typed if len(part)]
    both = pd.concat([*parts, steps.assign(form="", what="")], ignore_index=True)
    return both.sort_values("at", kind="stable", ignore_index=True)[["at", "who", "form", "what", "entry", "why"]]


def comment(engine: Engine, filing: str) -> str:
    """Why a filing was returned last, with who said it; empty where it never was."""
    steps = history(engine, filing)
    steps = steps[steps["form"] == ""]
    back = [row for row in steps.to_dict("records") if (row["entry"] or {}).get("returned_on")]
    return f"{back[-1]['why']}（{back[-1]['who']}）" if back else ""


def _entries(filing: Filing) -> tuple[dict[str, Any], dict[str, Any]]:
    own, found = ({field: one.entry for field, one in part.items()} for part in (filing.own, filing.found))
    return own, found


def _gaps(filing: Filing, missing: dict[str, str], expected: str) -> list[Fault]:
    labels = {item.id: item.label for item in filing.form.items}
    return [Fault(f"第{n}项 {labels[n]}", said, expected) for n, said in missing.items()]


def _answer(filing: Filing, item: str, **values: Any) -> dict[str, Any]:
    """A row of answers; what is not given stays as stored."""
    return {"filing": filing.id, "item": item, **({} if item in filing.noted else {"note": ""}), **values}


def _still(conn: Connection, filing: Filing, form: str, steps: tuple[str, ...]) -> None:
    """Refuse when the filing went on or somebody typed since it was read."""
    if filing.step not in steps:
        raise UsageError(f"季报{STEPS[filing.step]}，不能进行这一步；请重新打开。")
    t = FILING.c
    days = (t.submitted_on, t.checked_on, t.returned_on)
    now = conn.execute(sa.select(*days).where(t.id == filing.id)).first()
    known = [filing.row.get(column.name) for column in days]
    if [None if day is None else pd.Timestamp(day) for day in now or (None, None, None)] != known:
        raise UsageError("季报刚刚被别人提交或退回；请重新打开。")
    newest = sa.select(sa.func.max(DRAFT.c.id)).where(DRAFT.c.form == form, DRAFT.c.subject == filing.id)
    if (conn.execute(newest).scalar() or 0) != filing.change[form]:
        raise UsageError("提交时有人正在改动，没有提交；请看过改动后再提交。")
