"""An assessment from beginning to publication: begun, handed in, returned, approved, published; and who did what.

What is typed is in `drafts`, what it gives in `assessment`; here it becomes observations, each step with who and why.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from chengxin.errors import DataError, Fault, UsageError
from chengxin.ledgers.observe import ENTERED, MEASURED
from chengxin.rubric.model import Rubric
from chengxin.store import read
from chengxin.store.drafts import Entry, changes
from chengxin.store.engine import writing
from chengxin.store.schema import ASSESSMENT, ASSESSMENT_STATES, AUDIT, CHECK, CHECKS, DRAFT, SAMPLE
from chengxin.store.write import put, record
from chengxin.workflow.assessment import AT, FORM, SAMPLED, Judged, Work, grid_lines, judge, opened


def create(engine: Engine, area: str, period: str, as_of: date, *, who: str, at: datetime, demo: bool = False) -> str:
    """Begin the assessment of an area for a period, with the rubric of its kind.

    Returns
    -------
    its id; the one that exists already, if so

    Raises
    ------
    UsageError : unknown area
    """
    known = read.areas(engine).set_index("code")
    if area not in known.index:
        raise UsageError(f"没有景区、街区“{area}”；请先登记。")
    rubric, t = str(known.loc[area, "kind"]), ASSESSMENT.c
    with writing(engine) as conn:
        same = (t.area == area) & (t.period == period) & (t.rubric == rubric)
        found = conn.execute(sa.select(t.id).where(same)).scalar()
        if found is None:
            found = f"{area}-{period}"
            row = {"id": found, "area": area, "period": period, "rubric": rubric, "as_of": as_of, "status": "draft",
                   "demo": demo}  # fmt: skip
            put(conn, ASSESSMENT.name, [row], who=who, why="建立评价", at=at)
    return str(found)


def submit(engine: Engine, assessment: str, *, who: str, at: datetime) -> Judged:
    """Hand in an assessment: what was typed and checked becomes its observations; the draft is frozen.

    Lines that the ledgers fill are stored when it is approved, see `move`.

    Parameters
    ----------
    engine : from `open_store`
    assessment : its id
    who, at : for the record

    Raises
    ------
    DataError : all that is missing or wrong, by line; nothing is stored
    UsageError : it is no draft, or somebody typed at this very moment
    """
    work = opened(engine, assessment)
    entries = {field: one.entry for field, one in work.entries.items()}
    judged = judge(work, entries)
    faults = [fault for each in judged.faults.values() for fault in each] + _gaps(work.rubric, judged.missing)
    if faults:
        raise DataError("评价没有提交", faults)
    about: dict[str, Any] = {"who": who, "why": "提交评价", "at": at}
    entered = judged.observations[judged.observations["source"] == ENTERED]
    with writing(engine) as conn:
        _still(conn, work)
        record(conn, pd.concat([entered, _cleared(work, entered)]), **about)
        _keep_grid(conn, work, entries, about)
        put(conn, ASSESSMENT.name, [{"id": assessment, "status": "submitted"}], **about)
    return judged


def move(engine: Engine, assessment: str, status: str, *, who: str, why: str, at: datetime) -> None:
    """Let an assessment pass on: return it for correction (draft), approve, publish or withdraw it.

    Approval stores the lines that the ledgers fill, so that a later change of a ledger changes no approved score.

    Parameters
    ----------
    status : one of `schema.ASSESSMENT_STATES`; which may follow which is in `states`
    why : the comment; never empty
    engine, assessment, who, at : as for `submit`

    Raises
    ------
    UsageError : no comment, no such assessment, or a step that is not allowed
    DataError : incomplete assessments are neither approved nor published
    """
    if status == "submitted":
        raise UsageError("提交评价要用表单的“提交”，不能直接改状态。")
    work = opened(engine, assessment)
    about: dict[str, Any] = {"who": who, "why": why, "at": at}
    with writing(engine) as conn:
        if status in ("approved", "published"):
            judged = judge(work, {field: one.entry for field, one in work.entries.items()})
            if not judged.result["complete"]:
                raise DataError(f"评价没有{ASSESSMENT_STATES[status][1:]}", _gaps(work.rubric, judged.missing))
            if status == "approved":
                record(conn, judged.observations[judged.observations["source"] == MEASURED], **about)
        put(conn, ASSESSMENT.name, [{"id": assessment, "status": status}], **about)


def status(engine: Engine, assessment: str) -> str:
    """State of an assessment now; one small query."""
    with engine.connect() as conn:
        return str(conn.execute(sa.select(ASSESSMENT.c.status).where(ASSESSMENT.c.id == assessment)).scalar())


def history(engine: Engine, assessment: str) -> pd.DataFrame:
    """Who changed what and when, from the first entry to publication, oldest first.

    Returns
    -------
    columns at (UTC, ISO text), who, what (field, or empty for a step of the whole), entry (dict; of a step its
    status), why
    """
    typed = changes(engine, FORM, assessment).rename(columns={"field": "what"}).assign(why="")
    query = sa.select(AUDIT.c.at, AUDIT.c.who, AUDIT.c.new.label("entry"), AUDIT.c.why)
    query = query.where(AUDIT.c.subject == ASSESSMENT.name, AUDIT.c.key == assessment).order_by(AUDIT.c.id)
    with engine.connect() as conn:
        steps = pd.DataFrame(conn.execute(query).all(), columns=["at", "who", "entry", "why"])
    steps["entry"] = [{"status": entry["status"]} for entry in steps["entry"]]
    both = pd.concat([typed.drop(columns="version"), steps.assign(what="")], ignore_index=True)
    return both.sort_values("at", kind="stable", ignore_index=True)[["at", "who", "what", "entry", "why"]]


def comment(engine: Engine, assessment: str) -> str:
    """Why an assessment came back last, with who said it; empty where its last step was no return."""
    query = sa.select(AUDIT.c.who, AUDIT.c.old, AUDIT.c.new, AUDIT.c.why).order_by(AUDIT.c.id.desc())
    with engine.connect() as conn:
        steps = conn.execute(query.where(AUDIT.c.subject == ASSESSMENT.name, AUDIT.c.key == assessment))
        for who, old, new, why in steps:
            if old is None or old["status"] != new["status"]:
                return f"{why}（{who}）" if old and new["status"] == "draft" else ""
    return ""


def _gaps(rubric: Rubric, missing: Mapping[str, str]) -> list[Fault]:
    labels = {line.id: line.label for line in rubric.lines}
    return [Fault(f"{line}条{labels[line]}", said, "有评价结果，不适用的写明理由") for line, said in missing.items()]


def _still(conn: Connection, work: Work) -> None:
    """Refuse when the assessment is no draft any more or somebody typed since it was read."""
    now = conn.execute(sa.select(ASSESSMENT.c.status).where(ASSESSMENT.c.id == work.about["id"])).scalar()
    if now != "draft":
        raise UsageError(f"评价{ASSESSMENT_STATES[str(now)]}，不能再提交。")
    newest = sa.select(sa.func.max(DRAFT.c.id)).where(DRAFT.c.form == FORM, DRAFT.c.subject == work.about["id"])
    if (conn.execute(newest).scalar() or 0) != work.change:
        raise UsageError("提交时有人正在改动，没有提交；请看过改动后再提交。")


def _cleared(work: Work, entered: pd.DataFrame) -> pd.DataFrame:
    """Lines that were stored and are blank now; an observation without a value counts as none."""
    gone = sorted(work.stored - set(entered["line"]))
    blank = {"assessment": work.about["id"], "line": gone, "value": None, "outcome": "assessed", "note": ""}
    return pd.DataFrame(blank).astype({"value": "float64"})


def _keep_grid(conn: Connection, work: Work, entries: Mapping[str, Entry], about: dict[str, Any]) -> None:
    """The merchants drawn and what was found at each, as records."""
    sample, key = entries.get(SAMPLED), work.about["id"]
    if not sample:
        return
    drawn = list(sample.get("merchants", []))
    row = {"assessment": key, "seed": sample["seed"], "population": sample["of"], "drawn": len(drawn)}
    put(conn, SAMPLE.name, [row], **about)
    checks = [
        {
            "assessment": key,
            "merchant": merchant,
            "line": line.id,
            "result": entry["result"],
            "note": str(entry.get("note") or ""),
        }
        for line in grid_lines(work.rubric)
        for merchant in drawn
        if (entry := entries.get(f"{line.id}{AT}{merchant}", {})).get("result") in CHECKS
    ]
    put(conn, CHECK.name, checks, **about)
