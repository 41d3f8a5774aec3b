"""Statistics of lines against plain loops; pairs that count twice."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labdata import SCENIC, STREET, observed

from chengxin import lab
from chengxin.lab.table import lab_table
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_statistics_against_a_loop(seed, ties):
    frame = observed(STREET, 7, seed, missing=0.01, idle=0.1, ties=ties)
    found = lab.line_statistics(STREET, frame).set_index("line")
    sheet, whole = score(STREET, frame), totals(score(STREET, frame)).query("complete")["assessment"]
    sheet = sheet[sheet["assessment"].isin(whole)]
    sign = {"base": 1, "bonus": 1, "deduction": -1}
    table = sheet.assign(signed=sheet["score"] * sheet["section"].astype(str).map(sign))
    sums = table.groupby("assessment", observed=True)["signed"].sum()
    for line, part in sheet.groupby("line", observed=True):
        row, judged = found.loc[str(line)], part[part["outcome"] == "assessed"]
        assert row["n"] == len(judged)
        if len(judged):
            assert np.isclose(row["rate"], (judged["score"] / judged["points"]).mean())
            assert np.isclose(row["sd"], judged["score"].std(ddof=0))
            assert np.isclose(row["full"], (judged["score"] >= judged["points"] - 1e-9).mean())
        own = table[table["line"] == line].set_index("assessment")["signed"].loc[sums.index]
        if len(sums) > 1 and sums.var() > 1e-9:
            assert np.isclose(row["effective"], np.cov(own, sums)[0, 1] / sums.var())
    if len(sums) > 1 and sums.var() > 1e-9:
        assert np.isclose(found["effective"].sum(), 1)
    assert np.isclose(found["weight"].sum(), 1)


def test_dead_lines_ceilings_and_floors_are_said():
    frame = observed(STREET, 20, 8)
    frame.loc[frame["line"] == "7.1", "value"] = 1.0
    frame.loc[frame["line"] == "3.1", "value"] = [1.0] * 19 + [0.0]
    frame.loc[frame["line"] == "7.2", "value"] = [0.0] * 19 + [1.0]
    findings = lab.line_statistics(STREET, frame).set_index("line")["findings"]
    assert findings["7.1"] == "无区分度（全部满分）"
    assert findings["3.1"] == "封顶（95%满分）"
    assert findings["7.2"] == "触底（95%零分）"


def test_one_area_says_nothing_about_lines():
    assert lab.line_statistics(STREET, observed(STREET, 1, 1))["findings"].eq("样本不足").all()


def test_the_guidance_s_own_double_penalties_come_first_and_name_lines_that_exist():
    for rubric in (STREET, SCENIC):
        known = {line.id for line in rubric.lines}
        pairs = lab_table().double_counted[rubric.id]
        assert all(set(pair.lines) <= known for pair in pairs)
        found = lab.double_counting(rubric, observed(rubric, 12, 3))
        first = found.iloc[: len(pairs)]
        assert first["source"].eq("原文").all()
        assert first[["first", "second"]].to_numpy().tolist() == [pair.lines for pair in pairs]


def test_lines_that_say_the_same_are_found_and_opposite_ones_are_not():
    frame = observed(STREET, 20, 9)
    wide = frame.pivot(index="assessment", columns="line", values="value")
    wide["7.2"], wide["7.1"] = wide["3.1"], 1 - wide["3.1"]
    long = wide.stack().rename("value").reset_index()
    frame = frame.drop(columns="value").merge(long, on=["assessment", "line"])
    found = lab.double_counting(STREET, frame)
    pairs = found[["first", "second"]].to_numpy().tolist()
    assert ["3.1", "7.2"] in pairs
    assert ["3.1", "7.1"] not in pairs
    row = found[(found["first"] == "3.1") & (found["second"] == "7.2")].iloc[0]
    assert np.isclose(row["correlation"], 1)
    assert row["n"] == 20
    assert row["both"] == int((wide["3.1"] == 0).sum())


@pytest.mark.parametrize("failing", [4, 6])
def test_a_few_that_happen_to_fail_twice_are_no_double_counting(failing):
    frame = observed(STREET, 12, 9)
    wide = frame.pivot(index="assessment", columns="line", values="value")
    wide["3.1"] = wide["7.2"] = [0.0] * failing + [1.0] * (12 - failing)  # always together
    long = wide.stack().rename("value").reset_index()
    found = lab.double_counting(STREET, frame.drop(columns="value").merge(long, on=["assessment", "line"]))
    found = found[(found["first"] == "3.1") & (found["second"] == "7.2")]
    assert len(found) == (failing >= 5)
    for row in found.itertuples():
        assert (row.n, row.both) == (12, 6)
        assert row.why.endswith("评价不足30个，样本少，只作线索")


def test_pairs_of_an_empty_frame_are_only_the_guidance_s():
    found = lab.double_counting(STREET, observed(STREET, 2, 1, missing=0.9))
    assert found["source"].tolist() == ["原文"]
    assert pd.isna(found["correlation"]).all()
