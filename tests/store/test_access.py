"""What each role reads and writes, held against a plain reading of the sample data; attacks on the border."""

import json
from datetime import UTC, datetime

import pandas as pd
import pytest
import sqlalchemy as sa
from stores import opened

from chengxin.errors import DataError, StoreError
from chengxin.store import access, accounts, drafts, narrowing, read
from chengxin.store.access import Access, current
from chengxin.store.account_tables import ACCOUNT, ASSIGNMENT
from chengxin.store.engine import open_store, put, writing
from chengxin.store.schema import AREA, ASSESSMENT, DRAFT, FILING, METADATA, POINT
from chengxin.workflow import assessment_steps

AT = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
MINE, OTHER = "331082", "331002"
PASSWORD = "three odd words 7"
COUNTY = Access("li", "李四", "county", unit=MINE)
ASSESSOR = Access("zhao", "赵六", "assessor")
POINT_ = Access("dian", "某市场", "point", point=f"{MINE}-P01")
LEADER = Access("zhang", "张局", "leader")
PUBLIC = Access("x", "x", "public")
NONE_ELSEWHERE = {
    "account", "assignment", "attachment", "audit", "merchant_check", "merchant_sample", "observation_history",
    "presence",
    "reporting_unit", "sign_in", "unit_setting",
}  # fmt: skip
ROLES = {"county": COUNTY, "assessor": ASSESSOR, "point": POINT_, "public": PUBLIC}


@pytest.fixture(scope="module")
def path(fresh):
    """A database with work of two units."""
    with fresh("sample") as address:
        _work(address)
        yield address


def _work(address):
    engine = open_store(address)
    for unit in (MINE, OTHER):
        for area in read.areas(engine, unit)["code"][:2]:
            assessment_steps.create(engine, area, "2027", AT.date(), who="市局", at=AT)
    with writing(engine) as conn:
        about = {"who": "市局", "at": AT}
        accounts.add(conn, accounts.Account("zhao", "赵六", "assessor", None, None, "active"), PASSWORD, **about)
        accounts.assign(conn, "zhao", drafts_of(engine, MINE)[0], **about)
    for unit in (MINE, OTHER):
        for subject in drafts_of(engine, unit):
            drafts.save(engine, "assessment", subject, "2.1", {"value": 1}, version=0, who="某人", at=AT)
    for point in (f"{MINE}-P01", f"{OTHER}-P01"):
        drafts.save(engine, "filing", f"{point}-2026Q4", "3", {"value": 1}, version=0, who="某人", at=AT)
    engine.dispose()


def drafts_of(engine, unit):
    work = read.assessments(engine, unit=unit)
    return work.loc[work["status"] == "draft", "id"].to_list()


@pytest.fixture
def whole(path):
    engine = open_store(path)
    yield engine
    engine.dispose()


@pytest.fixture
def as_(path, monkeypatch):
    """The store as a page of the site opens it for somebody."""
    engines = []

    def open_as(who, **options):
        monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
        monkeypatch.setenv(access.IDENTITY, json.dumps(vars(who)))
        engines.append(open_store(path, **options))
        return engines[-1]

    yield open_as
    for engine in engines:
        engine.dispose()


def rows(engine, query):
    with engine.connect() as conn:
        return [tuple(row) for row in conn.execute(query)]


def test_a_county_reads_its_own_unit_and_nothing_else(as_, whole):
    mine = as_(COUNTY)
    assert set(read.areas(mine)["unit"]) == {MINE}
    assert read.areas(mine)["code"].to_list() == read.areas(whole, MINE)["code"].to_list()
    assert set(read.assessments(mine)["unit"]) == {MINE}
    assert len(read.observations(mine)) == len(read.observations(whole, unit=MINE)) > 0
    held = {subject for (subject,) in rows(mine, sa.select(DRAFT.c.subject))}
    assert held == {*drafts_of(whole, MINE), f"{MINE}-P01-2026Q4"}
    assert drafts.saved(mine, "assessment", drafts_of(whole, OTHER)[0]) == {}


@pytest.mark.parametrize("role", [*ROLES, "leader"])
def test_everybody_is_told_that_data_are_sample_data(as_, role):
    assert access.sample(as_({**ROLES, "leader": LEADER}[role]))


def test_real_data_are_not_called_sample_data(fresh):
    with fresh("sample") as address, opened(address) as engine:
        assert access.sample(engine)
        with engine.begin() as conn:
            conn.execute(sa.update(ASSESSMENT).values(demo=False))
        assert not access.sample(engine)


@pytest.mark.parametrize("name", sorted(METADATA.tables))
def test_a_county_sees_of_each_table_what_a_plain_reading_says(as_, whole, name):
    """The rows of every table, found a second way: with frames, reference by reference."""
    mine = as_(COUNTY)
    seen = len(rows(mine, sa.select(METADATA.tables[name])))
    if name == "audit":
        assert 0 < seen < len(rows(whole, sa.select(METADATA.tables[name])))
    else:
        assert seen == len(plainly(whole, name))


def plainly(engine, name):
    frame = pd.DataFrame(rows(engine, sa.select(METADATA.tables[name])), columns=METADATA.tables[name].columns.keys())
    if name == "reporting_unit":
        return frame
    if "unit" in frame and name != "account":
        return frame[frame["unit"] == MINE]
    if name in ("draft", "presence"):
        points = plainly(engine, "monitoring_point")["code"]
        known = {*plainly(engine, "assessment")["id"], *(f"{point}-2026Q4" for point in points)}
        return frame[frame["subject"].isin(known)]
    over = {"assessment": "assessment", "filing": "filing"}
    owners = {"area": "area", "merchant": "merchant", "point": "monitoring_point", "instrument": "instrument"}
    for columns in (over, owners):
        known = {column: table for column, table in columns.items() if column in frame and table != name}
        if known and name != "account":
            inside = [frame[column].isin(plainly(engine, table).iloc[:, 0]) for column, table in known.items()]
            return frame[pd.concat(inside, axis=1).any(axis=1)]
    return frame.iloc[:0]


@pytest.mark.parametrize("role", ROLES)
def test_accounts_and_passwords_are_hidden_from_every_narrowed_role(as_, role):
    mine = as_(ROLES[role])
    assert rows(mine, sa.select(ACCOUNT)) == []
    assert len(rows(mine, sa.select(ASSIGNMENT))) == (role in ("assessor", "county"))


def test_an_assessor_reads_the_areas_of_what_is_assigned_and_a_point_itself(as_, whole):
    (assigned,) = rows(as_(ASSESSOR), sa.select(ASSIGNMENT.c.assessment))[0]
    area = read.assessments(whole).set_index("id").loc[assigned, "area"]
    mine = as_(ASSESSOR)
    assert set(read.areas(mine)["code"]) == {area}
    assert len(read.assessments(mine)) > 1  # with the periods before it
    point = as_(POINT_)
    assert rows(point, sa.select(POINT.c.code)) == [(POINT_.point,)]
    assert {code for (code,) in rows(point, sa.select(FILING.c.point))} == {POINT_.point}
    assert rows(point, sa.select(ASSESSMENT)) == rows(point, sa.select(AREA)) == []
    assert all(
        not rows(as_(PUBLIC), sa.select(table)) for table in METADATA.sorted_tables if table.name != "reporting_unit"
    )


def save(engine, form, subject, who):
    found = drafts.saved(engine, form, subject).get("9.9")
    entry = {"value": (found.version if found else 0) + 5}
    return drafts.save(engine, form, subject, "9.9", entry, version=found.version if found else 0, who=who, at=AT)


def test_each_role_types_into_its_own_forms(as_, whole):
    (assigned, *_), point = drafts_of(whole, MINE), f"{MINE}-P01-2026Q4"
    assert save(as_(COUNTY), "assessment", assigned, "李四").who == "李四"
    submitted = rows(as_(COUNTY), sa.select(FILING.c.id).where(FILING.c.checked_on.is_(None)))
    assert save(as_(COUNTY), "filing_check", submitted[0][0], "李四").version == 1
    assert save(as_(ASSESSOR), "assessment", assigned, "赵六").version == 2
    assert save(as_(POINT_), "filing", point, "某市场").version >= 1
    drafts.present(as_(COUNTY), "assessment", assigned, who="李四", session="1", at=AT)


@pytest.mark.parametrize(
    ("who", "form", "subject"),
    [
        (COUNTY, "assessment", f"{OTHER}-S1-2027"),
        (COUNTY, "filing", f"{OTHER}-P01-2026Q4"),
        (COUNTY, "filing_check", f"{OTHER}-P01-2026Q4"),
        (ASSESSOR, "assessment", f"{OTHER}-S1-2027"),
        (ASSESSOR, "filing", f"{MINE}-P01-2026Q4"),
        (POINT_, "filing", f"{MINE}-P02-2026Q4"),
        (POINT_, "filing_check", f"{MINE}-P01-2026Q4"),
        (POINT_, "assessment", f"{MINE}-S1-2027"),
    ],
)
def test_nobody_types_into_the_forms_of_others(as_, whole, who, form, subject):
    before = rows(whole, sa.select(sa.func.count()).select_from(DRAFT))
    engine = as_(who)
    with pytest.raises((StoreError, DataError, drafts.Frozen), match=r"无权|没有"):
        save(engine, form, subject, who.name)
    row = {"form": form, "subject": subject, "field": "9.9", "version": 9, "entry": {}, "who": who.name, "at": "now"}
    refused(engine, sa.insert(DRAFT).values(**row))
    assert rows(whole, sa.select(sa.func.count()).select_from(DRAFT)) == before


def test_nobody_signs_with_the_name_of_another(as_, whole):
    with pytest.raises(StoreError, match="无权"):
        save(as_(COUNTY), "assessment", drafts_of(whole, MINE)[0], "王五")


def refused(engine, statement, said="无权"):
    with pytest.raises((StoreError, DataError), match=said), writing(engine) as conn:
        conn.execute(statement)


@pytest.mark.parametrize("name", sorted(METADATA.tables))
@pytest.mark.parametrize("role", ROLES)
def test_rows_of_others_can_be_neither_changed_nor_deleted(as_, whole, role, name):
    table = METADATA.tables[name]
    column = next((c for c in table.c if not c.primary_key and not c.foreign_keys), next(iter(table.c)))
    key = next(iter(table.primary_key))
    mine = {row[0] for row in rows(as_(ROLES[role]), sa.select(key))}
    others = [row[0] for row in rows(whole, sa.select(key)) if row[0] not in mine]
    if not others:
        assert name in NONE_ELSEWHERE
        return
    engine = as_(ROLES[role])
    changes = [sa.update(table).values({column: column})]
    if name != "presence":  # stale signs of anybody are cleared away
        changes.append(sa.delete(table))
    for change in changes:
        refused(engine, change.where(key == others[0]), r"无权|只能追加|只读")


def test_a_row_can_be_neither_moved_to_another_unit_nor_made_there(as_, whole):
    mine = as_(COUNTY)
    area = read.areas(mine)["code"][0]
    refused(mine, sa.update(AREA).where(AREA.c.code == area).values(unit=OTHER))
    row = {"id": "x", "area": read.areas(whole, OTHER)["code"][0], "period": "2027", "rubric": "street",
           "as_of": AT.date(), "status": "draft", "demo": False}  # fmt: skip
    refused(mine, sa.insert(ASSESSMENT).values(**row))
    with pytest.raises(StoreError, match="无权"), writing(mine) as conn:
        put(conn, "assessment", [row], who="李四", why="试", at=AT)


def test_steps_that_belong_to_others_are_refused(as_, whole):
    (assigned, *_) = drafts_of(whole, MINE)
    for engine, status in ((as_(COUNTY), "approved"), (as_(COUNTY), "published"), (as_(ASSESSOR), "approved")):
        refused(engine, sa.update(ASSESSMENT).where(ASSESSMENT.c.id == assigned).values(status=status), "审定|只能提交")
    point = as_(POINT_)
    filing = rows(point, sa.select(FILING.c.id))[0][0]
    refused(point, sa.update(FILING).where(FILING.c.id == filing).values(checked_on=AT.date()), "监管人员")
    answers = METADATA.tables["filing_answer"]
    refused(point, sa.update(answers).where(answers.c.filing == filing).values(check_answer="none"), "监管人员")
    refused(point, sa.update(POINT).where(POINT.c.code == POINT_.point).values(name="改名"), "无权")
    refused(as_(COUNTY), sa.insert(ACCOUNT).values(name="me", display="我", role="city", password="x", status="active"))
    refused(as_(ASSESSOR), sa.insert(ASSIGNMENT).values(assessment=f"{OTHER}-S1-2027", account="zhao"))


def test_a_whole_piece_of_work_goes_through(as_, whole):
    """A county begins an assessment and types into it; the audit names the county's person."""
    mine = as_(COUNTY)
    area = read.areas(mine)["code"][0]
    made = assessment_steps.create(mine, area, "2031", AT.date(), who="李四", at=AT)
    assert save(mine, "assessment", made, "李四").version == 1
    assert read.audit_trail(mine, 1)["who"].to_list() == ["李四"]
    assert assessment_steps.create(mine, area, "2031", AT.date(), who="李四", at=AT) == made


def test_leaders_read_everything_and_change_nothing(as_, whole):
    engine = as_(LEADER)
    assert len(read.assessments(engine)) == len(read.assessments(whole))
    with pytest.raises(StoreError, match="只读"):
        save(engine, "assessment", drafts_of(whole, MINE)[0], "张局")


def test_what_is_opened_to_read_only_is_narrowed_too(as_):
    engine = as_(COUNTY, read_only=True)
    assert set(read.areas(engine)["unit"]) == {MINE}
    with pytest.raises(StoreError, match="只读"):
        save(engine, "assessment", f"{MINE}-S1-2027", "李四")


@pytest.mark.parametrize("unit", ["x' OR '1'='1", "331082' --", "'; DROP TABLE area; --", "\x00' OR 1 --"])
def test_codes_are_text_and_never_sql(as_, whole, unit):
    engine = as_(Access("m", "m' OR 1=1 --", "county", unit=unit))
    assert read.areas(engine).empty
    assert len(read.areas(whole)) > 0


@pytest.mark.parametrize("told", [None, "", "{}", "[]", '{"who": "x"}', '{"who":"x","name":"x","role":"city","god":1}'])
def test_a_page_without_identity_gets_nothing(path, monkeypatch, told):
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    if told is None:
        monkeypatch.delenv(access.IDENTITY, raising=False)
    else:
        monkeypatch.setenv(access.IDENTITY, told)
    with pytest.raises(StoreError, match="不知道是谁"):
        open_store(path)


def test_an_unknown_role_gets_nothing(as_):
    with pytest.raises(StoreError, match="不知道是谁"):
        as_(Access("x", "x", "god"))


def test_outside_of_the_site_whoever_sits_at_the_machine_works_with_everything(monkeypatch):
    monkeypatch.delenv("SERVER_SOFTWARE", raising=False)
    monkeypatch.setenv(access.IDENTITY, '{"who":"x","name":"x","role":"county"}')
    assert current().role == "city"


def test_a_table_that_nobody_thought_of_is_hidden_and_closed():
    new = sa.Table("brand_new", sa.MetaData(), sa.Column("secret", sa.Text))
    for who in ROLES.values():
        reach = narrowing.Reach(who, "main")
        assert narrowing._part(new, access.ROOTS[who.role], "", reach) == "(FALSE)"
        assert all(narrowing._guards(new, action, reach)[0][0] == "TRUE" for action in narrowing.ROWS)
