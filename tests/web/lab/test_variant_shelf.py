"""Variants on the page: loaded, compared, saved where one may, taken along elsewhere; foreign files are not trusted."""

import base64
import json
import re
from datetime import UTC, datetime

import pytest
from labdata import STREET, observed

from chengxin import lab
from chengxin.errors import ChengxinError, RubricError, UsageError
from chengxin.lab.variants import read_variant_text
from chengxin.rubric.load import load_rubric
from chengxin.store.access import IDENTITY
from chengxin.web.lab.variant_shelf import comparison, may_write
from chengxin.web.lab.what_if_form import WhatIfForm

AT = datetime(2026, 11, 1, tzinfo=UTC)
ABOUT = {"id": "trial", "title": "试", "approved_by": "演示", "effective_from": "2026-01-01", "why": "试"}


@pytest.fixture
def form(tmp_path):
    return WhatIfForm(STREET, observed(STREET, 6, 1), names={"A00": "<b>甲</b>"}, folder=tmp_path, demo=True)


def fill(form):
    for name, value in ABOUT.items():
        form.shelf.about[name].value = value


def sign_in(monkeypatch, role, who="li"):
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5")
    monkeypatch.setenv(IDENTITY, json.dumps({"who": who, "name": "李四", "role": role, "unit": "331082", "point": ""}))


def hand_over(form, text, name="mine.yaml"):
    content = text if isinstance(text, bytes) else text.encode()
    form.shelf.file.value = [{"name": name, "type": "", "size": len(content), "content": content, "last_modified": AT}]


def test_what_was_tried_is_saved_and_can_be_taken_along(form, tmp_path):
    form.line.value = "17.1"
    form.points.value = "8"
    fill(form)
    form.shelf.store()
    saved = tmp_path / "trial.yaml"
    assert "已存为trial.yaml" in form.shelf.saved.value
    assert load_rubric(saved).line("17.1").points == 8
    link = re.search(r'download="trial.yaml" href="data:application/yaml;base64,([^"]+)"', form.shelf.saved.value)
    assert base64.b64decode(link[1]) == saved.read_bytes()
    form.shelf.store()
    assert "请换一个编号" in form.shelf.saved.value


def test_what_does_not_sum_or_says_nothing_is_not_saved(form, tmp_path):
    fill(form)
    form.shelf.store()
    assert "没有差别" in form.shelf.saved.value
    form.points.value = "12"
    form.shelf.store()
    assert "请先调回再保存" in form.shelf.saved.value
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("role", "who", "writes"), [("city", "shi", True), ("city", "demo", False),
                                                     ("county", "li", False), ("leader", "ju", False)])  # fmt: skip
def test_on_the_site_only_the_citys_account_writes_into_the_kit(monkeypatch, tmp_path, role, who, writes):
    sign_in(monkeypatch, role, who)
    assert may_write() is writes
    form = WhatIfForm(STREET, observed(STREET, 2, 1), folder=tmp_path)
    form.line.value = "17.1"
    form.points.value = "8"
    fill(form)
    form.shelf.store()
    assert [path.name for path in tmp_path.iterdir()] == (["trial.yaml"] if writes else [])
    assert 'download="trial.yaml"' in form.shelf.saved.value


def test_a_variant_of_the_kit_is_loaded_into_the_form_and_compared(form):
    form.shelf.known.value = "street_strict_demo"
    expected = load_rubric("street_strict_demo")
    assert form.shelf.tried().lines == expected.lines
    assert form.shelf.tried().chosen == expected.chosen
    assert form.readings["bonus_cap"].value == "8"
    assert "演示（未经任何单位批准）决定" in form.shelf.said.value
    form.line.value = "1.1"
    form.points.value = "11"
    assert form.changes["1.1"]["note"].startswith("演示")  # what the form does not edit stays
    form.shelf.name.value = "<i>二"
    form.shelf.add()
    form.shelf.add()
    assert "已有“&lt;i&gt;二”" in form.shelf.said.value
    form.shelf.name.value = ""
    form.shelf.add()
    assert list(form.shelf.kept) == ["street_strict_demo", "<i>二", "方案3"]
    assert "<i>" not in form.shelf.table.value
    assert "第1项 器具检定合格率：分值 10分 → 11分" in form.shelf.table.value
    assert "points: 11" in form.shelf.table.value
    form.shelf.empty()
    assert form.shelf.table.value == ""


def test_what_is_missing_for_a_file_is_said_in_the_words_of_the_form(form):
    form.points.value = "11"
    form.line.value = "2.1"
    form.points.value = "4"
    form.shelf.about["id"].value = "../x"
    form.shelf.about["effective_from"].value = "明天"
    form.shelf.store()
    said = form.shelf.saved.value
    told = (
        "变体编号：得到“../x”，应为小写字母开头，只含小写字母、数字和下划线的编号",
        "名称：得到空白，应为非空的文字",
        "何时起用：得到“明天”，应为形如2025-01-31的日期",
        "由谁决定：",
        "为什么改：",
    )
    for words in told:
        assert words in said
    assert "match" not in said


def test_readings_that_a_variant_takes_from_a_line_stay_taken_while_it_is_edited(form):
    hand_over(form, lab.variant_yaml(lab.changed(STREET, {"15.1": {"readings": [], "points": 4}}), **ABOUT))
    form.line.value = "15.1"
    form.points.value = "2"
    assert form.changes["15.1"] == {"readings": [], "points": 2}


def test_the_comparison_is_that_of_each_variant_alone():
    frame = observed(STREET, 5, 1, missing=0.005)
    heavy, strict = lab.changed(STREET, {"1.1": {"points": 40}}), load_rubric("street_strict_demo")
    rubrics = {"原细则": STREET, "甲": heavy, "乙": strict}
    page = comparison(rubrics, frame, {}).text
    rows = {row[0]: row[1:] for row in (re.findall(r"<td[^>]*>([^<]*)</td>", line) for line in page.split("<tr>")[2:])}
    found = lab.compare_variants(rubrics, frame)
    for row in found.itertuples():
        at = 2 * list(rubrics).index(row.variant)
        told = ("—", "—") if row.total != row.total else (f"{row.total:.2f}", str(row.rank))
        assert tuple(rows[row.assessment][at : at + 2]) == told
    assert "只列名次相差最大的40个" in comparison(rubrics, observed(STREET, 45, 1), {}).text


def test_a_file_is_loaded_and_a_bad_one_changes_nothing(form):
    text = lab.variant_yaml(lab.changed(STREET, {"17.1": {"points": 8}}), **ABOUT)
    hand_over(form, text)
    assert form.changes == {"17.1": {"points": 8}}
    hand_over(form, text.replace("points: 8", "points: 多"), "<b>.yaml")
    assert "&lt;b&gt;.yaml" in form.shelf.said.value
    assert "<b>" not in form.shelf.said.value
    assert form.changes == {"17.1": {"points": 8}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "读不出|应为|没有"),
        (b"\xff\xfe\x00garbage", "UTF-8|编码|字符"),
        (b"a: &x [1]\nb: *x\nextends: street", "锚|别名|&"),
        (b"extends: scenic_area\n", "应为“street”的变体"),
        (b"extends: ../../../../etc/passwd\n", "应为“street”的变体"),
        (b"id: street\nlines: []\n", "应为“street”的变体"),
        (b"x" * 300_000, "应不超过200千字节"),
        (b"[" * 10_000, "嵌套超过"),
    ],
    ids=["empty", "bytes", "alias", "other", "path", "whole", "large", "deep"],
)
def test_a_file_from_elsewhere_is_refused_with_the_reason(text, said):
    with pytest.raises((RubricError, UsageError)) as refused:
        read_variant_text(text, "mine.yaml", STREET)
    assert re.search(said, str(refused.value)), str(refused.value)
    assert "tmp" not in str(refused.value)
    assert isinstance(refused.value, ChengxinError)
