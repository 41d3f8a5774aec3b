"""What-if and effects of readings against scoring twice and comparing by hand; changes that do not fit."""

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labdata import SCENIC, STREET, observed

from chengxin import lab
from chengxin.errors import UsageError
from chengxin.scoring.ranking import rank
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals

SEEDS = st.integers(0, 10**6)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.booleans(), st.sampled_from([{"1.1": {"points": 4}}, {"repeats": "each"}, {"red_line": "cap"}]))
def test_what_if_is_scoring_twice(seed, ties, changes):
    frame = observed(STREET, 6, seed, missing=0.02, idle=0.1, ties=ties)
    found = lab.what_if(STREET, frame, changes)
    old, new = (totals(score(rubric, frame)).set_index("assessment") for rubric in (found.before, found.after))
    for row in found.table.itertuples():
        was, now = old.loc[row.assessment], new.loc[row.assessment]
        assert row.before == was["total"] or (math.isnan(row.before) and not was["complete"])
        if was["complete"] and now["complete"]:
            assert math.isclose(row.change, now["unrounded"] - was["unrounded"], abs_tol=2e-9)
            higher = [n for n in new.index if new.loc[n, "complete"]]
            assert row.rank_after == 1 + sum(new.loc[n, "unrounded"] > now["unrounded"] + 1e-9 for n in higher)
            assert row.moved == row.rank_before - row.rank_after
        else:
            assert math.isnan(row.change)
            assert row.rank_before is pd.NA
    assert (rank(totals(score(STREET, frame))).astype("float") == found.table["rank_before"].astype("float")).all() or (
        found.table["rank_before"].isna().any()
    )


def test_who_moves_and_by_which_line():
    frame = observed(STREET, 5, 3)
    frame.loc[frame["line"] == "1.1", ["value", "of"]] = [10.0, 10.0]
    frame.loc[(frame["line"] == "1.1") & (frame["assessment"] == "A02"), "value"] = 5.0
    found = lab.what_if(STREET, frame, {"1.1": {"points": 20}})
    assert found.table["by"].tolist() == ["1.1 +10.00"] * 2 + ["1.1 +5.00"] + ["1.1 +10.00"] * 2
    assert found.lines.to_dict("records") == [
        {"line": "1.1", "label": "器具检定合格率", "areas": 5, "mean": 9.0, "most": 10.0}
    ]
    assert found.breaches == ["基本项各条合计110分，应为100分，多10分"]


def test_what_a_limit_takes_is_said_as_such():
    frame = observed(STREET, 3, 5)
    found = lab.what_if(STREET, frame, {"ceiling": 50})
    assert found.table["by"].str.fullmatch(r"(合计规则 -\d+\.\d\d)?").all()
    assert found.table["by"].str.len().max() > 0
    assert found.breaches == []


def test_a_group_that_no_longer_sums_is_said():
    assert lab.breaches(lab.changed(SCENIC, {"1.1": {"points": 2}})) == [
        "基本项各条合计99分，应为100分，少1分",
        "“建档完整”组各条合计5分，应为6分，少1分",
    ]


def test_a_change_leaves_the_rubric_as_it_was():
    before = STREET.model_dump_json()
    lab.changed(STREET, {"1.1": {"points": 4}, "repeats": "each"})
    assert STREET.model_dump_json() == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"99.9": {"points": 1}}, ["没有条目或读法“99.9”"]),
        ({"1.1": {"points": -1}}, ["“1.1”条points：得到“-1”，应为大于0的数"]),
        ({"1.1": {"points": "多"}}, ["points：得到“多”，应为数字"]),
        ({"1.1": {"point": 1}}, ["没有“point”这一项"]),
        ({"1.1": {"id": "1.2"}}, ["不能改条目编号和类别"]),
        ({"1.1": {"section": "bonus"}}, ["不能改条目编号和类别"]),
        ({"1.1": 5}, ["应为要改的项和值"]),
        ({"1.1": {"rule": {"kind": "magic"}}}, ["kind", "met、share"]),
        ({"1.1": {"rule": {"kind": "share", "when_none": "maybe"}}}, ["when_none：得到“maybe”，应为full、zero"]),
        ({"1.1": {"rule": {"kind": "threshold", "when_none": "zero"}}}, ["at_least：缺少"]),
        ({"red_line": "never"}, ["读法“red_line”没有选项“never”"]),
        ({"1.1": {"points": 0}, "2.1": {"label": ""}}, ["“1.1”条", "“2.1”条label", "非空的文字"]),
        ({"4.1": {"rule": {"kind": "met"}}, "below_threshold": "ratio"}, ["与所用读法不合", "没有“below”这一项"]),
    ],
)
def test_changes_that_do_not_fit_are_refused_all_at_once(changes, said):
    with pytest.raises(UsageError) as refused:
        lab.changed(STREET, changes)
    assert [part for part in said if part not in str(refused.value)] == []


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_effects_of_readings_are_those_of_scoring_with_them(seed):
    frame = observed(STREET, 5, seed, idle=0.1)
    found = lab.readings_effect(STREET, frame)
    for row in found.itertuples():
        other = row.option if row.option != "NUMBER" else row.number
        old = totals(score(STREET, frame))
        new = totals(score(STREET.with_readings({row.reading: other}), frame))
        off = (new["unrounded"] - old["unrounded"])[old["complete"] & new["complete"]]
        assert row.areas == len(off)
        assert row.changed == (off.abs() > 1e-9).sum()
        assert math.isclose(row.mean_size, off.abs().mean(), abs_tol=1e-8)
        assert row.reranked == (rank(old) != rank(new)).sum()
    assert found["mean_size"].is_monotonic_decreasing
    options = sum(len(reading.options) for reading in STREET.readings.values())
    assert len(found) == options - len(STREET.readings)


def test_the_readings_of_an_empty_frame_have_no_effect():
    found = lab.readings_effect(STREET, observed(STREET, 3, 1, missing=0.9))
    assert found["areas"].eq(0).all()
    assert found[["changed", "mean", "most", "reranked"]].eq(0).all(axis=None)


def test_a_base_line_as_red_line_is_crossed_by_getting_nothing_and_not_by_earning_points():
    """A veto on a base line: who fails it wholly stops at the cap, everybody else keeps the total."""
    frame = observed(STREET, 12, 1)
    frame.loc[(frame["line"] == "3.1") & (frame["assessment"] == "A03"), ["value", "outcome"]] = [0.0, "assessed"]
    frame.loc[(frame["line"] == "3.1") & (frame["assessment"] == "A04"), ["value", "outcome"]] = [1.0, "assessed"]
    found = lab.what_if(STREET, frame, {"3.1": {"red_line": True}, "red_line": "cap"})
    lines = score(found.after, frame).query("line == '3.1'").set_index("assessment")
    fell = lines.index[(lines["score"] == 0) & (lines["outcome"] == "assessed")].tolist()
    table = found.table.set_index("assessment")
    assert "A03" in fell
    assert "A04" not in fell
    assert (table.loc[fell, "after"].dropna() <= 60).all()
    held = table.drop(index=fell)
    crossed = totals(score(found.before, frame)).set_index("assessment")["red_lines"]
    assert (held.loc[crossed[held.index] == "", "change"].dropna() == 0).all()
    named = totals(score(found.after, frame)).set_index("assessment")["red_lines"]
    assert all("3.1" in str(named[who]).split("、") for who in fell)
