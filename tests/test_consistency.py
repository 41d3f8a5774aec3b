"""Self against on-site check and the county exercise, by small cases worked out by hand."""

import math

import pandas as pd
import pytest
from labdata import STREET, observed

from chengxin import lab
from chengxin.errors import UsageError


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
    # by hand, q = 4, prevalences 0.1 and 0.9: pe = 0.18/3, AC1 = (0.8 − 0.06)/0.94
    assert math.isclose(row["ac1"], (0.8 - 0.06) / 0.94)


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


def test_a_reference_is_one_assessment():
    frame = observed(STREET, 2, 1)
    with pytest.raises(UsageError, match="应为1个"):
        lab.consistency(STREET, frame, frame)
