"""From draft to publication: what is stored when, who may undo it, and what stays frozen."""

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from stores import opened

from chengxin.errors import ChengxinError, DataError, UsageError
from chengxin.store import drafts, read
from chengxin.store.drafts import Frozen
from chengxin.store.engine import writing
from chengxin.store.schema import CHECK, SAMPLE
from chengxin.store.write import put
from chengxin.workflow import assessment_steps
from chengxin.workflow.assessment import grid_lines, judge
from chengxin.workflow.assessment import opened as work_of

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
HERE = {"who": "李科员", "at": AT}
DRAFT = "331024-S2-2026"


@pytest.fixture
def engine(fresh):
    with fresh("sample") as address, opened(address) as engine:
        yield engine


def enter(engine, field, **entry):
    stored = drafts.saved(engine, "assessment", DRAFT).get(field)
    return drafts.save(engine, "assessment", DRAFT, field, entry, version=stored.version if stored else 0, **HERE)


def complete(engine):
    enter(engine, "7.1", value="1")
    enter(engine, "10.1", value="16", of="17", note="另有一户停业")


def status_of(engine):
    return read.assessments(engine).set_index("id").loc[DRAFT, "status"]


def test_an_incomplete_assessment_is_not_handed_in_and_all_is_told(engine):
    enter(engine, "8.1", value="x", of="3")
    enter(engine, "10.1", value="20", of="30")
    with pytest.raises(DataError) as refused:
        assessment_steps.submit(engine, DRAFT, **HERE)
    places = [fault.where.split("条")[0] for fault in refused.value.faults]
    assert {"7.1", "8.1", "10.1"} <= set(places)
    assert status_of(engine) == "draft"
    assert read.history(engine, DRAFT)["version"].max() == 1


def test_what_was_typed_becomes_observations_and_the_draft_is_frozen(engine):
    complete(engine)
    made = assessment_steps.submit(engine, DRAFT, **HERE)
    assert made.result["complete"]
    seen = read.observations(engine, "2026").query("assessment == @DRAFT").set_index("line")
    assert (seen.loc["10.1", "value"], seen.loc["10.1", "of"], seen.loc["10.1", "note"]) == (16, 17, "另有一户停业")
    assert status_of(engine) == "submitted"
    with pytest.raises(Frozen, match="已提交"):
        enter(engine, "7.1", value="0")
    with pytest.raises(UsageError, match="已提交"):
        assessment_steps.submit(engine, DRAFT, **HERE)


def test_a_line_that_was_cleared_counts_as_none(engine):
    complete(engine)
    (bonus, *_) = [line.id for line in work_of(engine, DRAFT).rubric.lines if line.section == "deduction"]
    stored = [line for line in work_of(engine, DRAFT).stored if line.startswith(("19", "20", "21"))]
    for line in stored:
        enter(engine, line, value="", note="")
    assessment_steps.submit(engine, DRAFT, **HERE)
    seen = read.observations(engine, "2026").query("assessment == @DRAFT")
    assert not set(stored) & set(seen["line"])
    assert bonus


def test_a_return_needs_a_comment_and_opens_the_draft_with_all_that_was_typed(engine):
    complete(engine)
    assessment_steps.submit(engine, DRAFT, **HERE)
    with pytest.raises(UsageError, match="为什么"):
        assessment_steps.move(engine, DRAFT, "draft", why="  ", **HERE)
    assessment_steps.move(engine, DRAFT, "draft", who="王科长", why="10.1条请附照片", at=AT)
    assert work_of(engine, DRAFT).entries["10.1"].entry["note"] == "另有一户停业"
    enter(engine, "7.1", value="0")
    assessment_steps.submit(engine, DRAFT, **HERE)
    assert read.observations(engine, "2026").query("assessment == @DRAFT and line == '7.1'")["value"].item() == 0
    said = assessment_steps.history(engine, DRAFT)
    assert "10.1条请附照片" in said["why"].tolist()
    assert {"李科员", "王科长"} <= set(said["who"])
    assert [entry["status"] for entry in said[said["what"] == ""]["entry"]][-3:] == ["submitted", "draft", "submitted"]


def test_approval_keeps_what_the_ledgers_said(engine):
    complete(engine)
    gone = sorted(work_of(engine, DRAFT).observed.values["line"])
    for line in gone:
        enter(engine, line, value="", of="", note="")  # leave these to the ledgers
    assessment_steps.submit(engine, DRAFT, **HERE)
    before = read.observations(engine, "2026").query("assessment == @DRAFT")
    assessment_steps.move(engine, DRAFT, "approved", who="王科长", why="审定", at=AT)
    after = read.observations(engine, "2026").query("assessment == @DRAFT")
    assert set(after["line"]) - set(before["line"]) == set(gone)
    total = judge_stored(engine)
    with writing(engine) as conn:  # a ledger changes afterwards
        conn.execute(sa.text("DELETE FROM verification"))
    assert judge_stored(engine) == total


def judge_stored(engine):
    work = work_of(engine, DRAFT)
    return judge(work, {field: one.entry for field, one in work.entries.items()}).result["total"]


def test_an_incomplete_assessment_is_neither_approved_nor_published(engine):
    with writing(engine) as conn:
        put(conn, "assessment", [{"id": DRAFT, "status": "submitted"}], who="王", why="试", at=AT)
    with pytest.raises(DataError, match=r"7\.1条"):
        assessment_steps.move(engine, DRAFT, "approved", who="王科长", why="审定", at=AT)
    assert status_of(engine) == "submitted"


def test_the_grid_is_kept_as_records(engine):
    complete(engine)
    work = work_of(engine, DRAFT)
    drawn = work.merchants["code"].tolist()
    line = next(line.id for line in grid_lines(work.rubric) if line.id == "12.2")
    enter(engine, "sample", seed=20261102, merchants=drawn, of=len(drawn))
    enter(engine, line, value="", of="", note="")
    cells = {f"{line}@{code}": ({"result": "bad" if n == 3 else "ok"}, 0) for n, code in enumerate(drawn)}
    drafts.save_all(engine, "assessment", DRAFT, cells, **HERE)
    assessment_steps.submit(engine, DRAFT, **HERE)
    with engine.connect() as conn:
        kept = sa.select(SAMPLE.c.seed, SAMPLE.c.population, SAMPLE.c.drawn).where(SAMPLE.c.assessment == DRAFT)
        assert conn.execute(kept).all() == [(20261102, 30, 30)]
        found = sa.select(CHECK.c.merchant, CHECK.c.result).where(CHECK.c.assessment == DRAFT, CHECK.c.line == line)
        results = conn.execute(found).all()
    assert dict(results)[drawn[3]] == "bad"
    assert len(results) == 30
    seen = read.observations(engine, "2026").query("assessment == @DRAFT and line == @line")
    assert (seen["value"].item(), seen["of"].item()) == (29, 30)


def test_somebody_typing_while_it_is_handed_in_is_noticed(engine, monkeypatch):
    complete(engine)
    real = assessment_steps.judge

    def while_judging(work, entries):
        made = real(work, entries)
        enter(engine, "7.1", value="0")
        return made

    monkeypatch.setattr(assessment_steps, "judge", while_judging)
    with pytest.raises(UsageError, match="有人正在改动"):
        assessment_steps.submit(engine, DRAFT, **HERE)
    assert status_of(engine) == "draft"


def test_a_failing_step_stores_nothing(engine, monkeypatch):
    complete(engine)
    monkeypatch.setattr(assessment_steps, "_keep_grid", lambda *_: 1 / 0)
    before = read.history(engine, DRAFT)
    with pytest.raises(ZeroDivisionError):
        assessment_steps.submit(engine, DRAFT, **HERE)
    assert status_of(engine) == "draft"
    assert read.history(engine, DRAFT).equals(before)


def test_an_assessment_is_begun_once(engine):
    key = assessment_steps.create(engine, "331024-S2", "2027", date(2027, 10, 31), **HERE)
    assert key == "331024-S2-2027"
    assert assessment_steps.create(engine, "331024-S2", "2027", date(2027, 12, 31), **HERE) == key
    assert work_of(engine, key).about["rubric"] == "scenic_area"
    with pytest.raises(UsageError, match="没有景区、街区“X”"):
        assessment_steps.create(engine, "X", "2027", date(2027, 10, 31), **HERE)


def test_handing_in_by_changing_the_state_is_refused(engine):
    with pytest.raises(ChengxinError, match="要用表单的“提交”"):
        assessment_steps.move(engine, DRAFT, "submitted", why="试", **HERE)
