"""The form, charts, memo and pages of the lab: what is changed is scored, said, saved; what is typed is escaped."""

import re

import pytest
from labdata import SCENIC, STREET, observed
from lxml import html

from chengxin import lab
from chengxin.rubric.rules import KINDS
from chengxin.web.lab import charts
from chengxin.web.lab.what_if_form import WhatIfForm


@pytest.fixture
def form(tmp_path):
    return WhatIfForm(STREET, observed(STREET, 6, 1), names={"A00": "<b>甲</b>"}, folder=tmp_path, demo=True)


def shown(form):
    return form.said.value + form.bar.value + form.charts.value + form.tables.value


@pytest.mark.parametrize("rubric", [STREET, SCENIC], ids=["street", "scenic_area"])
def test_every_line_opens_as_it_stands_and_offers_every_kind_of_rule(rubric):
    form = WhatIfForm(rubric, observed(rubric, 2, 1))
    for line in rubric.as_written:
        form.line.value = line.id
        assert (form.points.value, form.rule.kind.value) == (f"{line.points:g}", line.rule.kind)
        assert form._typed() == {}
        form.rule.edited = lambda: None
        for kind in KINDS:
            form.rule.kind.value = kind
            assert set(form.rule.asked) == set(KINDS[kind].model_fields) - {"kind"}


def test_an_edit_is_scored_at_once_and_kept_while_others_are_made(form):
    form.line.value = "12.1"
    form.rule.kind.value = "threshold"
    form.rule.asked["at_least"].value = "90"
    form.line.value = "17.1"
    form.points.value = "8"
    form.red.value = False
    form.readings["ceiling"].value = "99.5"
    assert form.changes["12.1"] == {"rule": {"kind": "threshold", "at_least": 0.9, "inclusive": True, "below": "zero",
                                             "when_none": "zero"}}  # fmt: skip
    assert form.changes["17.1"] == {"points": 8, "red_line": False}
    assert form.changes["ceiling"] == "99.5"
    assert "基本项合计与原文一致" in form.bar.value
    assert "第12项 消费者满意度：按比例得分，满分6分 → 达到90%得6分，未达到不得分" in form.said.value
    assert "at_least: 0.9" in form.said.value
    expected = lab.what_if(STREET, form.observations, form.changes)
    for total in expected.table["after"].dropna():
        assert f"{total:.2f}" in form.tables.value
    form.undo_line()
    assert "17.1" not in form.changes
    assert "12.1" in form.changes
    form.undo()
    assert (form.changes, form.charts.value) == ({}, "")
    assert form._typed() == {}


def test_the_example_of_the_issue_satisfaction_by_share_instead_of_a_threshold():
    """Two readings rewrite the rule of 15.1; a rule of another kind leaves those that it cannot take."""
    form = WhatIfForm(SCENIC, observed(SCENIC, 5, 1))
    form.line.value = "15.1"
    assert form.rule.asked["inclusive"].disabled
    form.rule.kind.value = "share"
    assert form.changes["15.1"]["rule"]["kind"] == "share"
    assert form.changes["15.1"]["readings"] == ()
    assert "第15项 群众满意度：达到95%得4分，未达到不得分 → 按比例得分，满分4分" in form.said.value
    expected = lab.what_if(SCENIC, form.observations, form.changes)
    assert expected.after.line("15.1").rule.kind == "share"


def test_what_a_reading_decides_cannot_be_typed_and_follows_the_reading():
    form = WhatIfForm(SCENIC, observed(SCENIC, 5, 1))
    form.line.value = "15.1"
    form.readings["threshold"].value = "exclusive"
    assert (form.rule.asked["inclusive"].value, form.rule.asked["inclusive"].disabled) == (False, True)
    assert form.changes == {"threshold": "exclusive"}
    assert "由下面的读法决定" in form.rule.parameters.children[-1].value


@pytest.mark.parametrize(
    ("points", "said"),
    [("多", "应为数字"), ("-1", "大于0"), ("", "分值"), ("<img src=x>", "&lt;img"), ("1e9", "1000")],
)
def test_what_does_not_fit_is_said_and_changes_nothing(form, points, said):
    form.points.value = points
    assert said in form.said.value
    assert "<img" not in shown(form)
    assert form.changes == {}


def test_a_limit_and_a_standard_are_refused_in_the_words_of_the_form(form):
    form.readings["ceiling"].value = "很多"
    assert "“总分是否封顶”没有选项“很多”，可用：空着、数字" in form.said.value
    form.undo()
    form.line.value = "4.1"
    form.rule.asked["at_least"].value = "150"
    assert "标准（%）得到“150”；应为大于0、不大于100的数。" in form.said.value
    form.rule.asked["at_least"].value = "97.5"
    assert form.changes["4.1"]["rule"]["at_least"] == 0.975


def test_a_rule_that_the_observations_do_not_fit_is_said_briefly(form):
    form.line.value = "3.1"
    form.rule.kind.value = "share"
    assert "已录入的观测换不到这种规则" in form.said.value
    assert len(form.said.value) < 700
    assert form.changes == {}


def test_a_breach_is_shown_while_one_tries(form):
    form.points.value = "12"
    assert "基本项各条合计102分，应为100分，多2分" in form.bar.value
    assert "<b>102</b>/100分" in form.bar.value
    assert form.changes == {"1.1": {"points": 12}}


def test_what_a_red_line_means_depends_on_the_line_and_a_bonus_is_none(form):
    for line, words, shut in (("2.1", "得零分的", False), ("17.1", "发生扣分的", False), ("14.1", "加分项不作", True)):
        form.line.value = line
        assert words in form.red.description
        assert form.red.disabled is shut


def test_names_are_escaped(form):
    form.points.value = "12"
    assert "&lt;b&gt;甲" in form.tables.value
    assert "<b>甲" not in shown(form)


def test_a_bump_chart_of_many_shows_those_that_move_most():
    found = lab.what_if(STREET, observed(STREET, 60, 1), {"1.1": {"points": 40}})
    sides = charts.two_sides(found)
    assert len(sides) == 40
    moves = found.table["moved"].astype(int).abs().sort_values(ascending=False)
    assert (sides["before"] - sides["after"]).abs().min() == moves.iloc[39]
    assert sides.sort_values("right")["after"].is_monotonic_increasing
    assert sides["before"].is_monotonic_increasing
    drawn = charts.bump(found)
    assert "只画变动最大的40个" in drawn.title
    assert "只列变动最大的40个" in charts.moves_table(found).text


def test_the_bump_chart_joins_each_old_rank_with_its_new_one():
    found = lab.what_if(STREET, observed(STREET, 8, 1), {"1.1": {"points": 40}})
    drawn = html.fromstring(charts.bump(found, names={"A00": "<b>&"}).svg)
    texts = [text.text_content() for text in drawn.iter("text")]
    for row in found.table.itertuples():
        name = "<b>&" if row.assessment == "A00" else row.assessment
        assert f"{name}　{row.rank_before}" in texts
        assert f"{row.rank_after}　{name}" in texts
    ends = [[float(number) for number in re.findall(r"[\d.]+", path.get("d"))] for path in drawn.iter("path")
            if "L" in path.get("d")]  # fmt: skip
    sides = charts.two_sides(found)
    assert [(end[3] - end[1]) / charts.STEP for end in ends] == (sides["right"] - sides["left"]).tolist()
    assert max(end[2] for end in ends) < float(drawn.get("width"))


def test_the_distribution_counts_every_complete_assessment_on_both_sides():
    found = lab.what_if(STREET, observed(STREET, 30, 1, missing=0.01), {"1.1": {"points": 40}})
    drawn = html.fromstring(charts.shift(found).svg)
    counts = [int(text.text_content()) for text in drawn.iter("text") if text.text_content().isdigit()]
    bars = list(drawn.iter("rect"))
    assert sum(counts) == int(found.table["before"].notna().sum() + found.table["after"].notna().sum())
    assert len(bars) == len(counts)
    heights = [float(bar.get("height")) for bar in bars]
    assert all(abs(high - 140 * n / max(counts)) < 1 for high, n in zip(heights, counts, strict=True))


def test_charts_of_nothing_complete_do_not_fail():
    frame = observed(STREET, 3, 1, missing=0.9)
    found = lab.what_if(STREET, frame, {"repeats": "each"})
    assert "0个完整的评价" in charts.bump(found).alt
    assert "没有完整的评价" in charts.shift(found).alt
    assert "<svg" in charts.intervals(lab.rank_intervals(STREET, frame, 5, 1)).svg
