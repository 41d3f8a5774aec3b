"""Points that are no reading: what is measured is by hand, what cannot be measured says why."""

import pandas as pd
import pytest
from labdata import SCENIC, STREET, observed
from pydantic import ValidationError

from chengxin import lab
from chengxin.lab.open_points import OpenPoint, open_points
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals

FIELDS = {"lines": ["1.1"], "question": "问", "in_use": "甲", "other": "乙", "source": "原文"}


def row(rubric, frame, lines):
    return lab.open_effect(rubric, frame).set_index("lines").loc[lines]


def with_values(frame, **values):
    """The same value of a line in the first assessment; none of the other deductions or bonuses."""
    frame = frame.assign(value=frame["value"].astype(float))
    for line, value in values.items():
        at = (frame["line"] == line.replace("_", ".")[1:]) & (frame["assessment"] == "A00")
        frame.loc[at, "value"] = float(value)
    return frame


def quiet(rubric, areas=3):
    """Assessments that have everything and no bonus or deduction."""
    frame = observed(rubric, areas, 1)
    lines = {line.id: line for line in rubric.lines}
    best = []
    for seen in frame.itertuples():
        line = lines[seen.line]
        full = {"marks": line.points, "per_unit": 0.0}.get(line.rule.kind, seen.of if line.rule.needs_of else 1.0)
        best.append(full if line.section == "base" else 0.0)
    return frame.assign(value=best)


@pytest.mark.parametrize("rubric", [STREET, SCENIC], ids=["street", "scenic"])
def test_every_point_names_lines_that_exist_and_is_measured_or_says_why(rubric):
    known = {line.id for line in rubric.lines}
    points = open_points()[rubric.id]
    assert all(set(point.lines) <= known for point in points)
    found = lab.open_effect(rubric, observed(rubric, 6, 2))
    assert len(found) == len(points)
    assert (found["why"] == "").eq(found["changed"].notna()).all()
    assert found["changed"].isna().is_monotonic_increasing  # what cannot be measured stands last
    assert 2 <= (found["why"] == "").sum() < len(points)


def test_who_is_punished_twice_gets_the_base_line_back():
    frame = with_values(quiet(STREET), _17_1=1)
    at = (frame["line"] == "1.1") & (frame["assessment"] == "A00")
    frame.loc[at, ["value", "of"]] = [8.0, 10.0]
    frame.loc[(frame["line"] == "1.1") & (frame["assessment"] == "A01"), ["value", "of"]] = [8.0, 10.0]
    found = row(STREET, frame, "1.1、17.1")
    assert (found["areas"], found["changed"]) == (3, 1)  # A01 lost in one of the two only
    assert found["most"] == pytest.approx(STREET.line("1.1").points * 0.2)


def test_what_a_line_takes_beyond_its_points_is_taken_from_the_total():
    frame = with_values(quiet(SCENIC), _2_1=5)  # 5 units of 2 points: 6 are the line's, 4 more
    found = row(SCENIC, frame, "2.1")
    assert (found["changed"], found["most"], found["mean"]) == (1, -4, pytest.approx(-4 / 3))
    assert found["reranked"] == 0
    frame = with_values(quiet(SCENIC), _2_1=500)
    total = totals(score(SCENIC, frame))["unrounded"].iloc[0]
    assert row(SCENIC, frame, "2.1")["most"] == pytest.approx(-total)  # not below 0


def test_a_cap_is_tried_as_a_rule():
    points = STREET.line("14.1").points
    frame = with_values(quiet(STREET), _14_1=10)
    assert row(STREET, frame, "14.1")["most"] == pytest.approx(6 - 10 * points)


@pytest.mark.parametrize("more", [{}, {"why": "没有", "measured": "carry"}, {"rule": {"kind": "met"}, "why": "没有"}])
def test_a_point_is_measured_in_one_way_or_says_why(more):
    with pytest.raises(ValidationError, match="measured、rule、why中的一项"):
        OpenPoint(**FIELDS, **more)


def test_observations_stay_as_they_are():
    frame = with_values(quiet(STREET), _17_1=1)
    before = frame.copy()
    lab.open_effect(STREET, frame)
    pd.testing.assert_frame_equal(frame, before)
