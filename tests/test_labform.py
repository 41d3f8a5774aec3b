"""The form, charts, memo and pages of the lab: what is changed is scored, said, saved; what is typed is escaped."""

import pytest
from labdata import SCENIC, STREET, observed
from stores import sample_database

from chengxin import lab, labcharts, labpage
from chengxin.errors import UsageError
from chengxin.labform import WhatIfForm
from chengxin.labmemo import memo
from chengxin.rubric import load_rubric
from chengxin.rules import KINDS


@pytest.fixture
def form(tmp_path):
    return WhatIfForm(STREET, observed(STREET, 6, 1), names={"A00": "<b>甲</b>"}, folder=tmp_path, demo=True)


def test_every_line_opens_as_it_stands(form):
    for line in STREET.lines:
        form.line.value = line.id
        assert (form.points.value, form.kind.value) == (f"{line.points:g}", line.rule.kind)
        assert form._typed() == {}
        for kind in KINDS:
            form.kind.value = kind
            assert set(form.asked) == set(KINDS[kind].model_fields) - {"kind"}


def test_a_change_is_scored_at_once_and_kept_while_others_are_made(form):
    form.line.value = "12.1"
    form.kind.value = "threshold"
    form.asked["at_least"].value = "0.9"
    form.score()
    form.line.value = "17.1"
    form.points.value = "8"
    form.readings["ceiling"].value = "99.5"
    form.score()
    assert form.changes["12.1"]["rule"]["at_least"] == 0.9
    assert form.changes["17.1"] == {"points": 8}
    assert form.changes["ceiling"] == "99.5"
    assert "基本项合计与原文一致" in form.said.value
    assert "按比例得分，满分6分；未开展不得分 → 达到90%得6分" in form.said.value.replace("\n　　　　新：", " → ")
    expected = lab.what_if(STREET, form.observations, form.changes)
    for total in expected.table["after"].dropna():
        assert f"{total:.2f}" in form.result.value
    form.undo()
    assert (form.changes, form.said.value, form.result.value) == ({}, "", "")
    assert form._typed() == {}


@pytest.mark.parametrize(
    ("points", "said"), [("多", "应为数字"), ("-1", "大于0"), ("", "points"), ("<img src=x>", "&lt;img")]
)
def test_what_does_not_fit_is_said_and_changes_nothing(form, points, said):
    form.points.value = points
    form.score()
    assert said in form.said.value
    assert "<img" not in form.said.value
    assert form.changes == {}


def test_a_breach_is_shown_and_not_saved(form, tmp_path):
    form.points.value = "12"
    form.score()
    assert "基本项各条合计102分，应为100分，多2分" in form.said.value
    form.store()
    assert "请先调回再保存" in form.kept.value
    assert list(tmp_path.iterdir()) == []


def test_what_was_tried_is_saved_as_a_variant(form, tmp_path):
    form.line.value = "17.1"
    form.points.value = "8"
    for name, value in {
        "id": "trial",
        "title": "试",
        "approved_by": "演示",
        "effective_from": "2026-01-01",
        "why": "试",
    }.items():
        form.about[name].value = value
    form.store()
    assert "已存为trial.yaml" in form.kept.value
    assert load_rubric(tmp_path / "trial.yaml").line("17.1").points == 8


def test_names_are_escaped(form):
    form.score()
    assert "&lt;b&gt;甲" in form.result.value
    assert "<b>甲" not in form.result.value


def test_a_bump_chart_of_many_shows_those_that_move_most():
    found = lab.what_if(STREET, observed(STREET, 60, 1), {"1.1": {"points": 40}})
    sides = labcharts.two_sides(found)
    assert len(sides) == 80
    moves = found.table["moved"].astype(int).abs().sort_values(ascending=False)
    wide = sides.pivot(index="name", columns="side", values="rank")
    assert (wide["原细则"] - wide["改动后"]).abs().min() == moves.iloc[39]
    assert "只画变动最大的40个" in labcharts.bump(found).title


def test_charts_of_nothing_complete_do_not_fail():
    frame = observed(STREET, 3, 1, missing=0.9)
    found = lab.what_if(STREET, frame, {"repeats": "each"})
    assert "0个完整的评价" in labcharts.bump(found).alt
    assert "<svg" in labcharts.intervals(lab.rank_intervals(STREET, frame, 5, 1)).svg


def test_the_memo_lists_every_reading_and_loads_nothing():
    page = memo(SCENIC, observed(SCENIC, 5, 1), "<script>", demo=True).text
    assert all(reading.question in page for reading in SCENIC.readings.values())
    assert "&lt;script&gt;" in page
    assert "演示数据" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "演示数据" not in memo(SCENIC, observed(SCENIC, 5, 1), "", demo=False).text


@pytest.mark.parametrize("rubric", [STREET, SCENIC], ids=["street", "scenic_area"])
def test_wording_stands_beside_rule_and_example(rubric):
    page = labpage.beside_wording(rubric).text
    assert page.count("<tr>") == len(rubric.lines) + 1
    assert labpage.example(SCENIC.line("2.1")) == "1台件：得4分"
    assert labpage.example(STREET.line("12.1")) == "20份中18份：得5.4分"


def test_a_study_of_a_period(tmp_path):
    found = labpage.study("2026", "street_strict_demo", str(sample_database(tmp_path / "x.db")))
    assert (found.rubric.variant, found.demo) == ("street_strict_demo", True)
    assert set(found.observations["assessment"]) == set(found.names)
    assert "演示数据" in found.form().page.children[0].value
    with pytest.raises(UsageError, match="1999"):
        labpage.study("1999", "street", str(tmp_path / "x.db"))
