"""What a named person decides, through the command: recorded with who, when and why; refused without a reason."""

import json
from datetime import date

import pytest
from stores import sample_database

from chengxin.store import read
from chengxin.store.engine import open_store
from chengxin.workflow import inputs

DAY = date(2026, 10, 31)
SAID = {"point": "331002-P01", "kind": "merchant", "answer": "yes", "quarter": "2026Q3", "who": "演示局长甲"}


@pytest.fixture
def database(tmp_path):
    return sample_database(tmp_path / "x.db")


def decide(chengxin, database, **more):
    words = [part for name, value in (SAID | more).items() for part in (f"--{name}", value)]
    return chengxin("decide", *words, "--on", "2026-10-31", "--database", database)


def state(database):
    """Books, filings of the quarter by point, and the newest row of the trail."""
    engine = open_store(str(database), read_only=True)
    books, trail = read.books(engine), read.audit_trail(engine, 1)
    judged = inputs.filings(books, "2026Q3", DAY).set_index("point")
    engine.dispose()
    return books, judged, trail.iloc[0]


def test_a_candidate_is_agreed_to_on_its_grounds_and_the_name_stands_there(database, chengxin):
    before, *_ = state(database)
    done = decide(chengxin, database)
    assert done.returncode == 0, done.stderr
    books, judged, last = state(database)
    assert judged.loc["331002-P01", "decision_merchant"] == "同意（演示局长甲，2026年10月31日）"
    assert (last["who"], last["subject"], last["key"]) == ("演示局长甲", "point_decision", "331002-P01-2026Q3-merchant")
    assert "连续4个季度报送良好" in last["why"]
    assert books["monitoring_point"].equals(before["monitoring_point"])
    assert len(books["point_decision"]) == len(before["point_decision"]) + 1


def test_a_cancellation_leaves_the_points_state_to_a_person(database, chengxin):
    done = decide(chengxin, database, point="331002-P08", kind="cancel")
    assert done.returncode == 0, done.stderr
    assert "监测点的状态没有改动" in done.stdout
    books, judged, _ = state(database)
    assert judged.loc["331002-P08", "decision_cancel"].startswith("同意（演示局长甲")
    assert books["monitoring_point"].set_index("code").loc["331002-P08", "status"] == "accepted"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"point": "331002-P02"}, "在2026Q3不是诚信计量商户的候选；仍要这样决定的，请用--why写明理由"),
        ({"answer": "no"}, "决定为不同意；仍要这样决定的"),
        ({"point": "X"}, "监测点“X”没有登记"),
        ({"kind": "x"}, "merchant（诚信计量商户）、cancel（取消监测点资格）"),
        ({"quarter": "2026Q4"}, "应为2026Q4结束以后的日期"),
        ({"quarter": "2026-3"}, "季度“2026-3”写法有误"),
        ({"who": "  "}, "有权决定的人的姓名"),
        ({"answer": "或许"}, "--answer得到“或许”"),
    ],
)
def test_what_the_grounds_do_not_carry_is_refused_and_nothing_is_stored(database, chengxin, change, said):
    done = decide(chengxin, database, **change)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(state(database)[0]["point_decision"]) == 14


def test_with_a_reason_it_is_stored_and_may_be_changed_the_trail_keeps_both(database, chengxin):
    assert decide(chengxin, database, point="331002-P02", why="<b>群众推荐</b>").returncode == 0
    other = {"point": "331002-P02", "answer": "no", "who": "演示局长乙"}
    assert decide(chengxin, database, **other).returncode == 2
    assert decide(chengxin, database, **other, why="复核不符").returncode == 0
    books, judged, last = state(database)
    assert judged.loc["331002-P02", "decision_merchant"] == "不同意（演示局长乙，2026年10月31日）"
    assert (last["action"], last["old"]["decided_by"]) == ("update", "演示局长甲")
    assert last["new"]["decided_by"] == "演示局长乙"
    assert len(books["point_decision"]) == 15


def test_a_day_that_has_not_come_is_refused(database, chengxin):
    words = [part for name, value in SAID.items() for part in (f"--{name}", value)]
    done = chengxin("decide", *words, "--on", "2999-01-01", "--database", database)
    assert "还没有到" in done.stderr


def test_a_units_own_setting_is_set_listed_used_and_told(database, chengxin):
    base = ("--database", database)
    change = ("setting", "set", "--unit", "331002", "--who", "演示局长甲", "--why", "试行从严")
    done = chengxin(*change, "filing_due_days=5", "dispute_days=10", "--since", "2026-01-01", *base)
    assert done.returncode == 0, done.stderr
    assert "改动2项" in done.stdout
    assert state(database)[2]["why"] == "试行从严"
    rows = json.loads(chengxin("setting", "list", "--unit", "331002", "--format", "json", *base).stdout)
    assert {row["setting"]: row["value"] for row in rows if row["own"]} == {"filing_due_days": 5, "dispute_days": 10}
    rows = json.loads(chengxin("setting", "list", "--format", "json", *base).stdout)
    assert [row["unit"] for row in rows if row["own"]] == ["331002", "331002"]
    assert {row["value"] for row in rows if row["setting"] == "dispute_days"} == {45, 10}
    status = ("filings", "status", "--quarter", "2026Q3", "--as-of", "2026-10-31", *base)
    assert "季报应在季度结束后几天内报送：5天（工具包为15天）。" in chengxin(*status).stdout
    due = {row["point"]: row["due"] for row in json.loads(chengxin(*status, "--format", "json").stdout)}
    assert (due["331002-P01"], due["331003-P01"]) == ("2026-10-05", "2026-10-15")
    typed = chengxin(*status, "--setting", "filing_due_days=7").stdout
    assert "2026-10-07" in typed
    assert "采用本单位的设定" not in typed
    assert chengxin(*change, "filing_due_days=缺省", "--since", "2026-02-01", *base).returncode == 0
    assert "采用本单位的设定" not in chengxin(*status).stdout


def test_settings_that_units_may_not_set_are_told_together_and_nothing_is_stored(database, chengxin):
    words = ("setting", "set", "--database", database, "--why", "乙", "--who")
    done = chengxin(*words, "甲", "--unit", "X", "serve_kernels=1", "x=1", "dispute_days=十", "survey_confidence=200")
    assert (done.returncode, done.stdout) == (2, "")
    for said in ("没有“X”", "不由填报单位设定", "没有这项设定", "“十”", "应为1至99.9的数（单位：%）"):
        assert said in done.stderr
    for wrong in (["dispute_days"], ["dispute_days=1", "dispute_days=2"]):
        assert "每项一次" in chengxin(*words, "甲", "--unit", "331002", *wrong).stderr
    assert "who和why都要有内容" in chengxin(*words, " ", "--unit", "331002", "dispute_days=1").stderr
    assert "没有填报单位“X”" in chengxin("setting", "list", "--unit", "X", "--database", database).stderr
    engine = open_store(str(database), read_only=True)
    assert read.unit_settings(engine).empty
    engine.dispose()
