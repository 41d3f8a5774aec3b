"""A unit's own settings: which hold on a day, who is judged by which, and that outputs say so."""

from datetime import UTC, date, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stores import opened, sample_database

from chengxin.ledgers.unit_settings import COLUMNS, groups, in_force, said
from chengxin.reports.county_index import county_index
from chengxin.reports.monitoring_year import monitoring_year
from chengxin.rubric.load import load_rubric
from chengxin.settings import defaults
from chengxin.store import read
from chengxin.workflow import inputs
from chengxin.workflow.assessment import opened as opened_work
from chengxin.workflow.decisions import set_own

AT = datetime(2026, 11, 1, tzinfo=UTC)
DAY = date(2026, 10, 31)


def stored(*rows):
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"value": float})


def test_the_latest_that_has_begun_holds_and_an_empty_one_is_the_kits():
    rows = stored(
        ("U", "dispute_days", "2026-06-01", 20),
        ("U", "dispute_days", "2026-01-01", 10),
        ("U", "dispute_days", "2026-12-01", 30),
        ("V", "dispute_days", "2026-01-01", 10),
        ("V", "dispute_days", "2026-07-01", None),
        ("V", "serve_kernels", "2026-01-01", 1),
        ("V", "long_gone", "2026-01-01", 1),
    )
    assert in_force(rows, "2026-05-31") == {"U": {"dispute_days": 10}, "V": {"dispute_days": 10}}
    assert in_force(rows, DAY) == {"U": {"dispute_days": 20}}
    assert in_force(rows, "2025-12-31") == in_force(None, DAY) == {}


@given(
    st.lists(st.tuples(st.sampled_from("ABCD"), st.sampled_from(["dispute_days", "good_quarters"]), st.integers(1, 3))),
    st.lists(st.sampled_from("ABCDE")),
    st.dictionaries(st.just("dispute_days"), st.integers(1, 3)),
)
def test_rows_are_parted_by_values_and_none_is_lost(own, units, typed):
    own = {(unit, setting): (unit, setting, "2026-01-01", value) for unit, setting, value in own}
    rows = stored(*own.values())
    parts = list(groups(rows, pd.DataFrame({"unit": units}, dtype="str"), DAY, typed))
    assert sorted(unit for _, part in parts for unit in part["unit"]) == sorted(units)
    seen = [tuple(sorted(values.items())) for values, _ in parts]
    assert len(seen) == len(set(seen))
    for values, part in parts:
        for unit in part["unit"]:
            assert values == {name: row[3] for (who, name), row in own.items() if who == unit} | typed


def test_nobody_is_one_part_of_the_kits_values():
    assert [(values, len(part)) for values, part in groups(None, pd.DataFrame({"unit": []}), DAY)] == [({}, 0)]


def test_sentences_name_unit_question_both_values_and_leave_out_what_was_typed_or_is_not_used():
    rows = stored(("U", "dispute_days", "2026-01-01", 10), ("U", "good_quarters", "2026-01-01", 3))
    text = "演示局采用本单位的设定：计量纠纷几个工作日内处置完毕算及时：10个工作日（工具包为45个工作日）。"
    assert said(rows, {"U": "演示局"}, DAY, ["measuring"]) == [text]
    assert said(rows, {"U": "演示局"}, DAY, ["measuring"], ["dispute_days"]) == []
    assert said(rows, {"V": "另一局"}, DAY, ["measuring", "filing"]) == []
    assert said(rows, {"U": "演示局"}, DAY, ["planning"]) == []


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """The sample data, in which one unit has settings of its own."""
    with opened(sample_database(tmp_path_factory.mktemp("own") / "x.db")) as engine:
        given = {"dispute_days": "1", "filing_due_days": "5", "good_quarters": "1", "plan_random_share": "100"}
        about = {"who": "演示局长", "why": "试行", "at": AT}
        assert set_own(engine, "331002", given, since=date(2026, 1, 1), **about) == 4
        assert set_own(engine, "331002", given, since=date(2026, 1, 1), **about) == 0
        yield engine


def without(engine, books):
    return {**books, "unit_setting": read.unit_settings(engine).iloc[:0]}


def test_filings_of_the_unit_go_by_its_own_and_all_others_stay(engine):
    books = read.books(engine)
    own, kit = inputs.filings(books, "2026Q3", DAY), inputs.filings(without(engine, books), "2026Q3", DAY)
    assert list(own["point"]) == list(kit["point"])
    mine = own["unit"] == "331002"
    pd.testing.assert_frame_equal(own[~mine], kit[~mine])
    assert (kit.loc[mine, "due"] - own.loc[mine, "due"] == pd.Timedelta(days=10)).all()
    changes = in_force(books["unit_setting"], DAY)["331002"]
    whole = inputs.filings(without(engine, books), "2026Q3", DAY, changes)
    pd.testing.assert_frame_equal(own[mine], whole[mine])
    typed = inputs.filings(books, "2026Q3", DAY, {"filing_due_days": 15, "good_quarters": 4})
    pd.testing.assert_frame_equal(typed, kit)


def test_the_plan_draws_by_the_units_own_share_and_all_others_stay(engine, tmp_path):
    typed = {"filing_due_days": 15, "good_quarters": 4}
    own = inputs.plan(engine, 2027, DAY, 3, typed).visits
    with opened(sample_database(tmp_path / "kit.db")) as other:
        kit = inputs.plan(other, 2027, DAY, 3, typed).visits
    others = [rows[rows["unit"] != "331002"].reset_index(drop=True) for rows in (own, kit)]
    pd.testing.assert_frame_equal(*others)
    drawn = [((rows["unit"] == "331002") & (rows["way"] == "随机")).sum() for rows in (own, kit)]
    assert drawn[0] > drawn[1] > 0
    assert own["unit"].is_monotonic_increasing


def test_lines_measured_form_and_report_go_by_it_and_say_so(engine):
    books, changes = read.books(engine), 0
    for name in ("scenic_area", "street"):
        rubric, work = load_rubric(name), read.assessments(engine, "2026")
        own = inputs.filled(engine, rubric, work, books).observations.set_index(["assessment", "line"])
        kit = inputs.filled(engine, rubric, work, without(engine, books)).observations
        kit = kit.set_index(["assessment", "line"]).loc[own.index]
        unlike = own[own["measured_value"].notna() & (own["measured_value"] != kit["measured_value"])]
        assert {assessment[:6] for assessment, _ in unlike.index} <= {"331002"}
        changes += len(unlike)
        for (assessment, line), row in unlike.iterrows():
            seen = opened_work(engine, assessment).observed.values.set_index("line")["value"]
            assert seen[line] == row["measured_value"]
    assert changes
    report = county_index(engine, "331002", "2026")
    assert "本单位设定" in report.title_facts().text
    assert "1个工作日（工具包为45个工作日）" in report.title_facts().text
    assert "本单位设定" not in county_index(engine, "331082", "2026").title_facts().text
    assert "单位设定" not in monitoring_year(engine, "331082", 2026, DAY).title_facts().text
    assert "5天（工具包为15天）" in monitoring_year(engine, "city", 2026, DAY).title_facts().text


def test_limits_of_the_site_are_not_for_units_to_set():
    own = {name for name, setting in defaults().items() if setting.by_unit}
    assert not [name for name in own if name.startswith(("serve_", "sign_in_", "evidence_", "suppress_"))]
    assert {"dispute_days", "filing_due_days", "plan_random_share"} <= own
