"""What a form of one assessment shows: entries, measured values, the period before, faults and gaps."""

import pandas as pd
import pytest
from stores import opened

from chengxin.errors import UsageError
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals
from chengxin.store import read
from chengxin.workflow.assessment import grid_lines, judge
from chengxin.workflow.assessment import opened as work_of

DRAFT = "331024-S2-2026"  # a scenic area whose assessment is a draft, with one line missing


@pytest.fixture(scope="module")
def engine(fresh):
    with fresh("sample") as address, opened(address) as engine:
        yield engine


@pytest.fixture(scope="module")
def work(engine):
    return work_of(engine, DRAFT)


@pytest.fixture
def entries(work):
    return {field: {**one.entry, "note": ""} for field, one in work.entries.items()}


def test_a_form_opens_with_all_that_is_known(work):
    assert work.about["name"] == "演示·竹溪漂流景区"
    assert len(work.merchants) == 30
    assert {one.version for one in work.entries.values()} == {0}
    assert set(work.observed.values["line"]) <= {line.id for line in work.rubric.lines}
    assert (work.observed.values["area"] == "331024-S2").all()
    assert work.before["reason"].str.endswith("。").all()
    assert set(work.before["assessment"].astype(str)) == {"331024-S2-2025"}


def test_an_assessment_that_is_not_there_is_told(engine):
    with pytest.raises(UsageError, match="没有评价“X”"):
        work_of(engine, "X")


def test_the_score_while_typing_is_the_score_of_the_observations(engine, work, entries):
    entries["7.1"] = {"value": "1"}
    entries["10.1"]["note"] = "现场复核"
    made = judge(work, entries)
    assert not made.faults
    assert not made.missing
    columns = ["assessment", "line", "value", "of", "outcome", "note"]
    again = totals(score(work.rubric, made.observations[columns])).iloc[0]
    assert again["total"] == made.result["total"]
    assert made.result["complete"]


def test_an_empty_form_has_a_range_from_nothing_to_full(work):
    made = judge(work, {})
    measured = set(work.observed.values["line"])
    assert set(made.observations["line"]) == measured
    assert made.result["high"] <= 100
    assert set(made.missing) == {line.id for line in work.rubric.lines if line.section == "base"} - measured


@pytest.mark.parametrize(
    ("line", "entry", "where", "found"),
    [
        ("10.1", {"value": "一半", "of": "20"}, "10.1条铅封与强检标志 数值", "“一半”不是数字"),
        ("10.1", {"value": "21", "of": "20"}, "10.1条铅封与强检标志 数值", "21大于检查数20"),
        ("10.1", {"value": "", "of": "20"}, "10.1条铅封与强检标志 数值", "没有数值"),
        ("10.1", {"value": "3", "of": ""}, "10.1条铅封与强检标志 总数", "没有检查数"),
        ("10.1", {"outcome": "not_applicable", "note": " "}, "10.1条铅封与强检标志 说明", "没有说明"),
        ("10.1", {"value": "nan", "of": "20"}, "10.1条铅封与强检标志 数值", "不是数字"),
        ("10.1", {"value": "1_0", "of": "20"}, "10.1条铅封与强检标志 数值", "“1_0”不是数字"),
        ("1.1", {"value": "2"}, "1.1条", "得到2"),
    ],
)
def test_a_half_typed_line_is_told_and_left_out(work, entries, line, entry, where, found):
    whole = judge(work, entries | {line: {}}).result
    made = judge(work, entries | {line: entry})
    (fault,) = made.faults[line]
    assert fault.where.startswith(where)
    assert found in fault.found
    assert line not in made.missing
    assert made.result["base"] == pytest.approx(whole["base"]) or line in set(work.observed.values["line"])


def test_full_width_digits_are_read(work, entries):
    entries["10.1"] = {"value": "１６", "of": "１８", "note": ""}
    row = judge(work, entries).observations.query("line == '10.1'").iloc[0]
    assert (row["value"], row["of"]) == (16, 18)


def test_a_measured_value_is_changed_only_with_a_note(work, entries):
    measured = work.observed.values.set_index("line").loc["10.1"]
    entries["10.1"] = {"value": measured["value"] - 1, "of": measured["of"]}
    assert "与台账的" in judge(work, entries).faults["10.1"][0].found
    entries["10.1"]["note"] = "现场另发现一户铅封损坏"
    assert "10.1" not in judge(work, entries).faults
    entries["10.1"] = {"value": measured["value"], "of": measured["of"]}
    assert "10.1" not in judge(work, entries).faults


def test_merchants_checked_one_by_one_give_the_counts(work, entries):
    lines = [line.id for line in grid_lines(work.rubric)]
    assert "10.2" in lines
    assert "1.1" not in lines
    drawn = work.merchants["code"].tolist()
    entries["sample"] = {"seed": 7, "merchants": drawn, "of": len(drawn)}
    entries["10.2"] = {"value": "", "of": "", "note": ""}
    results = ["ok"] * 20 + ["bad"] * 4 + ["na"] * 5
    entries |= {f"10.2@{code}": {"result": result} for code, result in zip(drawn, results, strict=False)}
    made = judge(work, entries)
    assert made.missing["10.2"] == "还有1户没有检查"
    entries[f"10.2@{drawn[-1]}"] = {"result": "ok"}
    row = judge(work, entries).observations.query("line == '10.2'").iloc[0]
    assert (row["value"], row["of"]) == (21, 25)
    entries["10.2"] = {"value": "30", "of": "30"}  # a typed count comes first
    row = judge(work, entries).observations.query("line == '10.2'").iloc[0]
    assert (row["value"], row["of"]) == (30, 30)


def test_merchants_that_were_not_drawn_do_not_count(work, entries):
    drawn = work.merchants["code"].tolist()[:2]
    entries["sample"] = {"seed": 7, "merchants": drawn, "of": 30}
    entries["10.2"] = {}
    entries |= {f"10.2@{code}": {"result": "bad"} for code in work.merchants["code"]}
    row = judge(work, entries).observations.query("line == '10.2'").iloc[0]
    assert (row["value"], row["of"]) == (0, 2)


def test_judging_changes_nothing(work, entries):
    before = {field: dict(entry) for field, entry in entries.items()}
    first = judge(work, entries)
    second = judge(work, entries)
    assert entries == before
    pd.testing.assert_frame_equal(first.sheet, second.sheet)


def test_every_assessment_of_the_sample_opens(engine):
    for key in read.assessments(engine)["id"]:
        made = judge(work_of(engine, key), {})
        assert len(made.sheet)
