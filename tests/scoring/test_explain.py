"""Reasons: every row has one, their arithmetic is right, and their points add up to the exact result."""

import re
from fractions import Fraction

import numpy as np
import pytest
from assessed import CASES, RUBRICS, assessments, frame, full_marks
from exact import assess
from hypothesis import given, settings
from hypothesis import strategies as st

from chengxin.rubric.load import load_rubric
from chengxin.scoring.explain import explain, improvements, points_in_words, reason, total_in_words
from chengxin.scoring.score import score, totals

SUM = re.compile(r"(?P<work>[\d.]+(?:[×÷−][\d.]+)+)(?P<sign>[=≈])(?P<points>[\d.]+)分")
SAID = re.compile(r"[，；](?P<how>[^，；]*?)(?:得|加|扣)(?P<points>[\d.]+)分(?:（满分[\d.]+分）)?。$")


def worked_out(text: str) -> Fraction:
    """The value of a sum such as ``6−2×2`` or ``3×37÷40`` in exact fractions."""
    total = Fraction(0)
    for n, term in enumerate(text.split("−")):
        first, *steps = re.split(r"([×÷])", term)
        part = Fraction(first)
        for sign, number in zip(steps[::2], steps[1::2], strict=True):
            part = part * Fraction(number) if sign == "×" else part / Fraction(number)
        total += -part if n else part
    return total


def points_of(line, reason: str) -> Fraction:
    """Points that a reason states, its arithmetic checked on the way."""
    assert reason.endswith("。")
    if "尚未评价，暂不计分" in reason or reason.endswith("，不计分。"):
        return Fraction(0)
    if found := SUM.search(reason):
        exact = worked_out(found["work"])
        if found["sign"] == "=":
            assert exact == Fraction(found["points"]), reason
        else:
            assert abs(exact - Fraction(found["points"])) <= Fraction(1, 20000), reason
        return exact
    if reason.endswith("不计入，其余折算。"):
        return Fraction(0)
    found = SAID.search(reason)
    assert found, reason
    if over := re.search(r"([\d.]+(?:[×÷−][\d.]+)+)([＜＞])([\d.]+)，", reason):
        exact = worked_out(over[1])
        assert exact < Fraction(over[3]) if over[2] == "＜" else exact > Fraction(over[3])
    return Fraction(found["points"])


def check_reasons(name, readings, lines):
    rubric, data = load_rubric(name, readings), RUBRICS[name]
    sheet = score(rubric, frame({"x": lines}))
    want = assess(data, readings, lines)
    rows = explain(rubric, sheet)
    assert len(rows) == len(rubric.lines)
    sums = dict.fromkeys(("base", "bonus", "deduction"), Fraction(0))
    for line, row in zip(rubric.lines, rows.itertuples(), strict=True):
        assert row.reason.startswith(f"{line.label}：")
        assert "{" not in row.reason
        assert "nan" not in row.reason
        points = points_of(line, row.reason)
        assert points == (want["scores"][line.id] or 0), row.reason
        sums[line.section] += points
    if readings.get("bonus_cap", "none") == "none" and readings.get("not_applicable") != "rescale":
        assert sums == {section: want[section] for section in sums}
    return rubric, sheet, want


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_reasons_of_worked_cases(case):
    for way in ({"readings": {}}, *case.get("alternatives", [])):
        check_reasons(case["rubric"], way["readings"], case["observations"])


@pytest.mark.parametrize("name", RUBRICS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(random=st.data())
def test_reasons_of_random_observations(name, random):
    readings, seen = random.draw(assessments(RUBRICS[name]))
    for lines in seen.values():
        check_reasons(name, readings, lines)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_improvements_add_up_to_what_was_lost(case):
    rubric, sheet, want = check_reasons(case["rubric"], {}, case["observations"])
    todo = improvements(rubric, sheet)
    decided = {line.id: line for line in rubric.lines if want["scores"][line.id] is not None}
    lost = {key: line.points - float(want["scores"][key]) for key, line in decided.items() if line.section == "base"}
    lost |= {key: float(want["scores"][key]) for key, line in decided.items() if line.section == "deduction"}
    lost = {key: points for key, points in lost.items() if points > 0}
    assert dict(zip(todo["line"], todo["lost"], strict=True)) == pytest.approx(lost)
    assert todo["lost"].is_monotonic_decreasing
    order = [line.id for line in rubric.lines]
    keys = [(-points, order.index(line)) for line, points in zip(todo["line"], todo["lost"], strict=True)]
    assert keys == sorted(keys)
    assert todo["lost"].sum() == pytest.approx(sum(lost.values()))
    assert todo["remedy"].tolist() == [rubric.line(line).remedy for line in todo["line"]]
    assert todo["red_line"].tolist() == [rubric.line(line).red_line for line in todo["line"]]


def test_no_improvements_when_nothing_was_lost():
    rubric = load_rubric("street")
    assert improvements(rubric, score(rubric, frame({"x": full_marks("street")}))).empty


SENTENCES = [
    ("scenic_area", {}, "2.1", {"value": 2}, "器具在检定周期内：2台件脱离检定周期，6−2×2=2分（满分6分）。"),
    ("scenic_area", {}, "2.1", {"value": 4},
     "器具在检定周期内：4台件脱离检定周期，6−2×4＜0，扣完为止，得0分（满分6分）。"),
    ("scenic_area", {}, "15.1", {"value": 95, "of": 100}, "群众满意度：满意度测评95%，达到95%，得4分。"),
    ("street", {}, "17.1", {"value": 2}, "器具拒不整改：使用未检、超期或不合格器具拒不整改2次，扣5×2=10分。"),
    ("street", {}, "5.1", {"value": 0, "of": 0}, "纠纷及时处置率：本期没有此类情形，得5分。"),
    ("street", {}, "2.1", {"value": 3, "note": "缺十台。"},
     "计量器具数据库：评价人员评定（缺十台），得3分（满分5分）。"),
    ("street", {}, "3.1", {"outcome": "not_applicable", "note": "新设"},
     "制度制定与公布：不适用（新设），按满分计，得5分。"),
    ("street", {"not_applicable": "rescale"}, "3.1", {"outcome": "not_applicable", "note": "新设"},
     "制度制定与公布：不适用（新设），不计入，其余折算。"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "readings", "line", "seen", "words"), SENTENCES)
def test_sentence(name, readings, line, seen, words):
    rubric = load_rubric(name, readings)
    rows = explain(rubric, score(rubric, frame({"x": {**full_marks(name), line: seen}})))
    assert rows.set_index("line").loc[line, "reason"] == words


def test_what_was_not_assessed_is_said():
    line = load_rubric("street").line("3.1")
    words = reason(load_rubric("street"), line, np.nan, "not_assessed", np.nan, np.nan, None)
    assert words.sentence == "制度制定与公布：尚未评价，暂不计分（满分5分）。"


PARTS = [
    ("2.1", {"value": 3, "note": "缺十台。"}, "计量器具数据库", "评价人员评定（缺十台）", "得3分（满分5分）"),
    ("17.1", {"value": 2}, "器具拒不整改", "使用未检、超期或不合格器具拒不整改2次", "扣5×2=10分"),
    ("3.1", {"outcome": "not_applicable", "note": "新设"}, "制度制定与公布", "不适用（新设）", "按满分计，得5分"),
    ("14.1", None, "媒体宣传", "没有记录", "按未发生计，加0分"),
    ("1.1", None, "器具检定合格率", "尚未评价", "暂不计分（满分10分）"),
]


@pytest.mark.parametrize(("line", "seen", "standard", "fact", "arithmetic"), PARTS)
def test_parts_of_a_reason_are_data(line, seen, standard, fact, arithmetic):
    rubric = load_rubric("street")
    lines = {key: cell for key, cell in {**full_marks("street"), line: seen}.items() if cell}
    row = explain(rubric, score(rubric, frame({"x": lines}))).set_index("line").loc[line]
    assert (row["standard"], row["fact"], row["arithmetic"]) == (standard, fact, arithmetic)
    assert row["why"] == f"{fact}，{arithmetic}。"
    assert row["reason"] == f"{standard}：{fact}，{arithmetic}。"


def test_parts_stay_whole_whatever_stands_in_a_note():
    rubric = load_rubric("street")
    seen = {**full_marks("street"), "2.1": {"value": 3, "note": "说明：甲，乙；丙＜0，扣完为止"}}
    row = explain(rubric, score(rubric, frame({"x": seen}))).set_index("line").loc["2.1"]
    assert row["fact"] == "评价人员评定（说明：甲，乙；丙＜0，扣完为止）"
    assert row["arithmetic"] == "得3分（满分5分）"


def test_points_in_words():
    assert [points_in_words(x) for x in (2.925, 2, 29 / 3)] == ["=2.925", "=2", "≈9.6667"]


def said(readings, lines, name="street"):
    results = totals(score(load_rubric(name, readings), frame({"x": lines})))
    return total_in_words(results.iloc[0], results.attrs)


def test_total_in_words():
    full = full_marks("street")
    part = {key: value for key, value in full.items() if key != "1.1"}
    assert said({}, full) == "基本分100分＋加分0分－扣分0分＝100分，四舍五入到两位小数为100.00分。"
    assert said({}, part) == "尚有10分没有评价：总分在90.00分至100.00分之间，暂不发布。"
    many = {**full, "14.1": {"value": 6}, "17.1": {"value": 1}}
    assert said({}, many) == "基本分100分＋加分12分－扣分5分＝107分，四舍五入到两位小数为107.00分。"
    capped = said({"bonus_cap": 8}, many)
    assert capped == "基本分100分＋加分8分－扣分5分＝103分，加分以8分为限；四舍五入到两位小数为103.00分。"
    limited = said({"red_line": "cap"}, many)
    assert limited == "基本分100分＋加分12分－扣分5分＝107分，按所选读法的上下限计60分；四舍五入到两位小数为60.00分。"
    assert "计100分；" in said({"ceiling": 100}, many)
    assert "其余折算；" in said({"not_applicable": "rescale"}, full)
