"""Variants saved, loaded and compared; what must not be written is not."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labdata import SCENIC, STREET, observed

from chengxin import lab
from chengxin.errors import UsageError
from chengxin.rubric.load import load_rubric, rubric_paths
from chengxin.scoring.ranking import rank
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals

ABOUT = {
    "id": "trial_one", "title": "试算一", "approved_by": "演示小组", "effective_from": "2026-01-01",
    "why": "演示：试一试",
}  # fmt: skip
KEPT = {"1.1": {"points": 12, "red_line": True}, "8.1": {"points": 3}, "repeats": "each", "ceiling": 100.5}


def test_a_saved_variant_loads_as_what_was_tried(tmp_path):
    after = lab.changed(STREET, KEPT)
    path = lab.save_variant(after, tmp_path, **ABOUT)
    loaded = load_rubric(path)
    assert path.name == "trial_one.yaml"
    assert loaded.lines == after.lines
    assert loaded.chosen == after.chosen
    assert (loaded.changed_by.why, loaded.changed_by.approved_by) == (ABOUT["why"], ABOUT["approved_by"])
    assert [each.name for each in tmp_path.iterdir()] == ["trial_one.yaml"]
    assert lab.diff(after, loaded).empty


def test_only_what_differs_is_written():
    text = lab.variant_yaml(lab.changed(STREET, KEPT), **ABOUT)
    assert text.splitlines()[6:] == [
        "changes:", "  '1.1':", "    points: 12", "    red_line: true", "  '8.1':", "    points: 3", "readings:",
        "  repeats: each", "  ceiling: 100.5",
    ]  # fmt: skip


def test_a_threshold_in_words_and_as_yaml(tmp_path):
    rule = {"kind": "share", "when_none": "zero"}
    after = lab.changed(SCENIC, {"15.1": {"rule": rule, "readings": ()}})
    words = lab.diff_in_words(lab.diff(SCENIC, after))
    assert "第15项 群众满意度：达到95%得4分，未达到不得分 → 按比例得分，满分4分" in words
    assert "kind: share" in lab.variant_yaml(after, **ABOUT)
    assert load_rubric(lab.save_variant(after, tmp_path, **ABOUT)).lines == after.lines


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(STREET.lines[:20]), st.sampled_from(STREET.lines[:20])), max_size=4))
def test_any_moves_of_points_survive_the_file(tmp_path_factory, moves):
    points = {line.id: line.points for line in STREET.lines}
    for one, two in moves:
        if points[one.id] > 1:
            points[one.id] -= 0.5
            points[two.id] += 0.5
    after = lab.changed(STREET, {line.id: {"points": points[line.id]} for line in STREET.lines})
    folder = tmp_path_factory.mktemp("v")
    if after.lines == STREET.lines:
        with pytest.raises(UsageError, match="没有差别"):
            lab.save_variant(after, folder, **ABOUT)
        return
    assert load_rubric(lab.save_variant(after, folder, **ABOUT)).lines == after.lines


@pytest.mark.parametrize(
    ("changes", "about", "said"),
    [
        ({"1.1": {"points": 12}}, {}, "合计102分，应为100分"),
        (KEPT, {"id": "../evil"}, "id：得到“../evil”"),
        (KEPT, {"id": "A"}, "id：得到“A”，应为小写字母开头"),
        (KEPT, {"id": "street"}, "“street”是细则的编号"),
        (KEPT, {"id": "x" * 61}, "id：得到“x+”，应为"),
        (KEPT, {"approved_by": "  ", "why": "　"}, "approved_by：得到“  ”，应为不只是空格的文字；why"),
        (KEPT, {"why": ""}, "why：得到空白，应为非空的文字"),
        (KEPT, {"effective_from": "2026-02-30"}, "日历上有的日期"),
        (KEPT, {"effective_from": "明天"}, "effective_from：得到“明天”，应为形如2025-01-31的日期"),
        ({}, {}, "没有差别"),
    ],
)
def test_what_must_not_be_saved_leaves_nothing_behind(tmp_path, changes, about, said):
    with pytest.raises(UsageError, match=said):
        lab.save_variant(lab.changed(STREET, changes), tmp_path, **{**ABOUT, **about})
    assert list(tmp_path.iterdir()) == []


def test_nobody_s_variant_is_written_over(tmp_path):
    path = lab.save_variant(lab.changed(STREET, KEPT), tmp_path, **ABOUT)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="已有变体"):
        lab.save_variant(lab.changed(STREET, {"repeats": "each"}), tmp_path, **ABOUT)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(UsageError, match="没有文件夹"):
        lab.save_variant(lab.changed(STREET, KEPT), tmp_path / "none", **ABOUT)


def test_a_variant_file_never_takes_the_place_of_a_rubric(tmp_path, monkeypatch):
    for name in ("street.yaml", "variants/street.yaml", "variants/trial.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("", "utf-8")
    monkeypatch.setattr("chengxin.rubric.load.place", lambda _: tmp_path)
    assert rubric_paths() == {"street": tmp_path / "street.yaml", "trial": tmp_path / "variants" / "trial.yaml"}


def test_any_number_of_variants_side_by_side():
    frame = observed(STREET, 5, 1)
    tried = {
        "原文": STREET,
        "从严": load_rubric("street_strict_demo"),
        "每次": lab.changed(STREET, {"repeats": "each"}),
    }
    found = lab.compare_variants(tried, frame)
    assert len(found) == 15
    for name, rubric in tried.items():
        part, own = found[found["variant"] == name].reset_index(drop=True), totals(score(rubric, frame))
        assert part["total"].tolist() == own["total"].tolist()
        assert part["rank"].tolist() == rank(own).tolist()
    assert found.loc[found["variant"] == "原文", ["change", "moved"]].eq(0).all(axis=None)
    with pytest.raises(UsageError, match="没有给出"):
        lab.compare_variants({}, frame)


def test_whole_numbers_of_a_rule_have_no_point():
    after = lab.changed(STREET, {"14.1": {"rule": {"kind": "each", "cap": 4}}})
    text = lab.diff_in_yaml(STREET, after)
    assert "cap: 4\n" in text
    assert "4.0" not in text


@pytest.mark.parametrize("name", ["con", "nul", "com1", "lpt9"])
def test_a_name_that_windows_keeps_is_refused(name):
    after = lab.changed(STREET, {"15.1": {"readings": []}})
    about = {"title": "名", "approved_by": "某", "effective_from": "2026-01-01", "why": "因"}
    with pytest.raises(UsageError, match="Windows保留的名称"):
        lab.variant_yaml(after, id=name, **about)


def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_left(tmp_path, monkeypatch):
    after = lab.changed(STREET, {"15.1": {"readings": []}})
    about = {"id": "trial", "title": "名", "approved_by": "某", "effective_from": "2026-01-01", "why": "因"}
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(UsageError, match=r"没有存入.*请核对能不能写入、磁盘有没有空间"):
        lab.save_variant(after, tmp_path, **about)
    assert list(tmp_path.iterdir()) == []
