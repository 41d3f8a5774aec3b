"""Self against on-site check and the county exercise, by small cases worked out by hand."""

import math

import pandas as pd
import pytest
from labdata import STREET, observed

from chengxin import lab
from chengxin.errors import UsageError
from chengxin.lab import assessors
from chengxin.rubric.load import load_rubric


def changed(frame, line, value, assessment=None):
    at = frame["line"] == line
    at &= True if assessment is None else frame["assessment"] == assessment
    return frame.assign(value=frame["value"].mask(at, value))


def test_the_same_judgements_agree_fully():
    frame = observed(STREET, 4, 1, idle=0.1)
    found = lab.compare(STREET, frame, frame).set_index("line")
    assert found.loc["全部", "raw"] == 1
    assert found.loc["全部", "ac1"] == 1
    assert found["said"].isin(["平均相同", "没有可比的得分"]).all()
    assert list(found.index[1:]) == [line.id for line in STREET.lines]


def test_a_self_assessment_that_is_too_kind():
    site = changed(observed(STREET, 10, 2), "3.1", 0.0)
    own = changed(site, "3.1", 1.0, "A00")
    own = changed(own, "3.1", 1.0, "A01")
    row = lab.compare(STREET, own, site).set_index("line").loc["3.1"]
    assert (row["n"], row["agreed"], row["raw"]) == (10, 8, 0.8)
    assert row["directions"] == {("满分", "零分"): 2}
    assert math.isclose(row["bias"], 1.0)
    assert row["said"] == "前者平均高1.00分"
    assert row["kappa"] is None
    assert row["kappa_note"].startswith("不适用")
    # by hand: 3.1 is met or not, q = 2; prevalences 0.1 and 0.9: pe = (0.09 + 0.09)/(2 − 1), AC1 = (0.8 − 0.18)/0.82
    assert math.isclose(row["ac1"], (0.8 - 0.18) / 0.82)


def test_a_line_has_the_categories_its_rule_can_come_to():
    scenic = load_rubric("scenic_area")
    for line in [*STREET.lines, *scenic.lines]:
        known = assessors.possible(line)
        assert (known[0], known[-1]) == ("满分", "零分")
        assert len(known) == 2 or line.rule.kind != "met"
    assert assessors.possible(scenic.line("2.1")) == ("满分", "部分得分", "零分")
    assert assessors.possible(STREET.line("1.1")) == ("满分", "部分得分", "零分")
    assert assessors.possible(STREET.line("3.1")) == ("满分", "零分")


def test_not_applicable_is_a_category_where_somebody_says_so():
    site = changed(observed(STREET, 10, 2), "3.1", 0.0)
    own = changed(changed(site, "3.1", 1.0, "A00"), "3.1", 1.0, "A01")
    aside = (site["line"] == "3.1") & (site["assessment"] == "A02")
    both = [f.assign(outcome=f["outcome"].mask(aside, "not_applicable"), value=f["value"].mask(aside))
            for f in (own, site)]  # fmt: skip
    row = lab.compare(STREET, *both).set_index("line").loc["3.1"]
    # q = 3; 满分 0.1, 零分 0.8, 不适用 0.1: pe = (0.09 + 0.16 + 0.09)/2 = 0.17
    assert math.isclose(row["ac1"], (0.8 - 0.17) / 0.83)


def test_a_deduction_given_makes_the_total_lower_not_higher():
    site = observed(STREET, 5, 2)
    site = site[site["line"] != "19.1"]
    hit = [
        {"assessment": name, "line": "19.1", "value": 1.0, "outcome": "assessed"} for name in set(site["assessment"])
    ]
    own = pd.concat([site, pd.DataFrame(hit)], ignore_index=True).astype({"of": float})
    found = lab.compare(STREET, own, site).set_index("line")
    full = STREET.line("19.1").points
    assert found.loc["19.1", "bias"] == -full
    assert found.loc["19.1", "said"] == f"前者平均多扣{full:.2f}分"
    assert "平均低" in found.loc["全部", "said"]
    case = site[site["assessment"] == "A00"]
    lines, told = lab.consistency(STREET, own[own["assessment"] == "A00"].assign(assessment="甲"), case)
    assert lines.set_index("line").loc["19.1", "bias"] == told["off"].iloc[0] == -full


def test_different_areas_cannot_be_compared():
    frame = observed(STREET, 1, 1)
    with pytest.raises(UsageError, match="没有相同的评价编号"):
        lab.compare(STREET, frame, frame.assign(assessment="B"))


def test_several_teams_on_one_paper_case():
    case = changed(observed(STREET, 1, 3), "3.1", 1.0).assign(assessment="参考")
    parts = [case.assign(assessment=team) for team in ("甲", "乙", "丙")]
    teams = changed(pd.concat(parts, ignore_index=True), "3.1", 0.0, "丙")
    teams = teams[~((teams["assessment"] == "乙") & (teams["line"] == "7.1"))]
    lines, told = lab.consistency(STREET, teams, case)
    first = lines.iloc[0]
    assert (first["line"], first["reference"], first["low"], first["high"]) == ("3.1", 5, 0, 5)
    assert math.isclose(first["same"], 2 / 3)
    assert math.isclose(first["sd"], math.sqrt(50 / 9))
    assert math.isclose(first["bias"], -5 / 3)
    assert lines.set_index("line").loc["7.1", "teams"] == 2
    by_team = told.set_index("assessment")
    assert math.isclose(by_team.loc["丙", "off"], -5)
    assert by_team.loc["丙", "differ"] == 1
    assert by_team.loc["甲", "differ"] == 0
    assert math.isnan(by_team.loc["乙", "off"])


def test_self_checks_against_on_site_checks_by_group():
    rows = [("1", "商贸", True, True)] * 6 + [("1", "商贸", True, False)] * 2 + [("2", "餐饮", False, True)]
    checked = pd.DataFrame(rows, columns=["item", "sector", "self_good", "check_good"])
    (whole,) = assessors.filed(checked).to_dict("records")
    assert (whole["n"], whole["agreed"], whole["overstated"], whole["understated"]) == (9, 6, 2, 1)
    assert whole["said"] == "自查偏高：虚报2处，漏报1处"
    by_item = assessors.filed(checked, ["item", "sector"]).set_index("item")
    assert by_item.loc["1", ["sector", "n", "raw", "said"]].tolist() == ["商贸", 8, 0.75, "自查偏高：虚报2处，漏报0处"]
    assert by_item.loc["1", "kappa_note"].startswith("不适用")
    assert by_item.loc["2", "said"] == "自查偏低：虚报0处，漏报1处"


def test_assessors_are_paired_by_what_each_stored_last():
    stored = observed(STREET, 2, 4).assign(version=1, at="2026-01-01T08:00", who="甲")
    again = stored[stored["line"] == "3.1"].assign(version=2, at="2026-01-01T09:00", value=0.0)
    other = stored[stored["line"].isin(["3.1", "7.1"]) & (stored["assessment"] == "A00")]
    other = other.assign(version=3, at="2026-01-02T08:00", who="乙", value=1.0)
    third = other[other["line"] == "7.1"].assign(version=4, at="2026-01-03T08:00", who="丙", value=0.0)
    a, b = assessors.assessors(pd.concat([third, other, again, stored], ignore_index=True))
    assert sorted(set(a["assessment"])) == ["A00#1", "A00#2", "A00#3"]
    first = a[a["assessment"] == "A00#1"].set_index("line")["value"]
    assert first.to_dict() == {
        "3.1": 0.0,
        "7.1": stored.query("assessment == 'A00' and line == '7.1'")["value"].iloc[0],
    }
    assert b[b["assessment"] == "A00#1"].set_index("line")["value"].to_dict() == {"3.1": 1.0, "7.1": 1.0}
    told = lab.compare(STREET, a, b, written=True).set_index("line")
    row = told.loc["3.1"]
    assert told.loc["全部", "n"] == len(a)
    assert (row["n"], row["agreed"], row["said"]) == (1, 0, "前者平均低5.00分")
    assert all(side.empty for side in assessors.assessors(stored))


def test_a_reference_is_one_assessment():
    frame = observed(STREET, 2, 1)
    with pytest.raises(UsageError, match="应为1个"):
        lab.consistency(STREET, frame, frame)


def test_two_sides_that_judged_no_line_in_common_have_nothing_to_compare():
    frame = observed(STREET, 2, 1)
    (row,) = lab.compare(STREET, frame[frame["line"] == "1.1"], frame[frame["line"] == "3.1"], written=True).to_dict(
        "records"
    )
    assert (row["line"], row["n"], row["ac1"]) == ("全部", 0, None)
