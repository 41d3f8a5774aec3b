"""The two official rubrics against the guidance, readings, variants and the words of a difference."""

import re
from itertools import groupby
from pathlib import Path

import pytest

from chengxin.errors import RubricError, UsageError
from chengxin.lab.what_if import changed
from chengxin.rubric.diff import FIELDS, diff, diff_in_words
from chengxin.rubric.load import Rubric, load_rubric, rubric_paths
from chengxin.rubric.model import Line
from chengxin.scoring.explain import page

RUBRICS = Path(__file__).parents[2] / "rubrics"
GUIDANCE = (RUBRICS / "source" / "guidance.txt").read_text("utf-8")
ANNEX = {
    "scenic_area": GUIDANCE[GUIDANCE.index("附件3\n\n重点景区诚信计量指数") : GUIDANCE.index("附件4\n\n")],
    "street": GUIDANCE[GUIDANCE.index("附件4\n\n") :],
}
NAMES = list(ANNEX)


def cells(annex: str) -> list[tuple[str, str]]:
    """Every 考评标准 of an annex with its 分值: the cell before each cell that only holds a number, and that number.

    The number of a line (序号) is a number cell too, but what stands before it is empty or a short heading; the
    分值 is the last cell of a row, and a row ends with an empty line.
    """
    found = []
    for row in annex[annex.index("\t分值") :].split("\n\n\t"):
        parts = [part.strip() for part in row.split("\n\t") if part.strip()]
        if len(parts) >= 2 and re.fullmatch(r"\d+", parts[-1]):
            found.append((parts[-2], parts[-1]))
    return found


@pytest.mark.parametrize(("name", "lines"), [("scenic_area", (31, 3, 3)), ("street", (20, 3, 3))])
def test_lines_and_full_marks(name, lines):
    rubric = load_rubric(name)
    counts = [sum(line.section == section for line in rubric.lines) for section in ("base", "bonus", "deduction")]
    assert tuple(counts) == lines
    assert sum(line.points for line in rubric.lines if line.section == "base") == rubric.full_marks == 100
    assert rubric.id == name
    assert rubric.variant is None
    assert [line.section for line in rubric.lines] == sorted((line.section for line in rubric.lines), key=ORDER.index)


ORDER = ["base", "bonus", "deduction"]


@pytest.mark.parametrize("name", NAMES)
def test_wording_is_the_guidance_in_order_with_nothing_left_out(name):
    lines = load_rubric(name).lines
    place = 0
    for line in lines:
        place = ANNEX[name].find(line.text, place)
        assert place >= 0, (line.id, line.text)
        place += len(line.text)
    assert [(line.text, f"{line.points:g}") for line in lines] == cells(ANNEX[name])


@pytest.mark.parametrize("name", NAMES)
def test_groups_are_as_printed(name):
    base = [line for line in load_rubric(name).lines if line.section == "base"]
    groups = [(key[1], list(lines)) for key, lines in groupby(base, key=lambda line: (line.subject, line.group))]
    if name == "street":
        assert {line.group_points for line in base} == {None}
        assert all(f"\t{group}\n" in ANNEX[name] for group, _ in groups)
        return
    printed = re.findall(r"\t(\S+)（(\d+)分）", ANNEX[name])
    assert [(group, f"{lines[0].group_points:g}") for group, lines in groups] == printed
    for _, lines in groups:
        assert sum(line.points for line in lines) == lines[0].group_points


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_those_of_the_source(name):
    for line in load_rubric(name).lines:
        assert line.number is None or line.id.split(".")[0] == str(line.number)


DEFAULTS = {
    "merchants": ("share", ["share", "all"]),
    "threshold": ("inclusive", ["inclusive", "exclusive"]),
    "below_threshold": ("zero", ["zero", "ratio"]),
    "no_cases": ("full", ["full", "zero", "not_applicable"]),
    "repeats": ("once", ["once", "each"]),
    "not_applicable": ("full", ["full", "rescale", "zero"]),
    "bonus_cap": ("none", ["none", "NUMBER"]),
    "ceiling": ("none", ["none", "NUMBER"]),
    "floor": ("zero", ["zero", "none"]),
    "red_line": ("flag", ["flag", "cap"]),
}


@pytest.mark.parametrize("name", NAMES)
def test_readings_and_their_defaults(name):
    rubric = load_rubric(name)
    want = {key: value for key, value in DEFAULTS.items() if key != "no_cases" or name == "street"}
    assert {key: (reading.default, list(reading.options)) for key, reading in rubric.readings.items()} == want
    assert rubric.chosen == {key: default for key, (default, _) in want.items()}
    assert all(reading.question and reading.reason and reading.source for reading in rubric.readings.values())


@pytest.mark.parametrize(("name", "red"), [("scenic_area", ["19.1", "20.1"]), ("street", ["17.1", "18.1"])])
def test_red_lines(name, red):
    assert [line.id for line in load_rubric(name).lines if line.red_line] == red


REWRITES = [
    ("merchants", "all", "share", {"all_or_nothing": True}),
    ("threshold", "exclusive", "threshold", {"inclusive": False}),
    ("below_threshold", "ratio", "threshold", {"below": "ratio"}),
    ("no_cases", "zero", "share", {"when_none": "zero"}),
    ("no_cases", "not_applicable", "share", {"when_none": "not_applicable"}),
    ("repeats", "each", "at_least", {"kind": "each", "cap": None}),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("key", "option", "kind", "wanted"), REWRITES)
def test_a_reading_rewrites_its_lines_and_back(name, key, option, kind, wanted):
    plain = load_rubric(name)
    if key not in plain.readings:
        with pytest.raises(UsageError, match=f"没有读法“{key}”"):
            plain.with_readings({key: option})
        return
    other = plain.with_readings({key: option})
    touched = [line.id for line in plain.lines if key in line.readings]
    assert touched
    for before, after in zip(plain.lines, other.lines, strict=True):
        if before.id in touched:
            assert before.rule.kind == kind
            assert wanted.items() <= after.rule.model_dump().items()
            assert after.rule_in_words() != before.rule_in_words()
        else:
            assert after == before
    assert other.chosen[key] == option
    assert load_rubric(name, {key: option}) == other
    assert other.with_readings({key: plain.readings[key].default}) == plain
    assert plain == load_rubric(name)


def test_which_lines_a_reading_touches():
    touched = {
        (name, key): [line.id for line in load_rubric(name).lines if key in line.readings]
        for name in NAMES
        for key in ("threshold", "below_threshold", "no_cases", "repeats")
    }
    assert touched["scenic_area", "threshold"] == touched["scenic_area", "below_threshold"] == ["15.1"]
    assert touched["street", "threshold"] == touched["street", "below_threshold"] == ["4.1"]
    assert touched["street", "no_cases"] == ["5.1"]
    assert touched["scenic_area", "repeats"] == ["16.1", "17.1", "19.1", "20.1", "21.1"]
    assert touched["street", "repeats"] == ["15.1", "19.1"]
    for name, subject in (("scenic_area", "经营者"), ("street", "商家")):
        lines = load_rubric(name).lines
        merchants = [line.id for line in lines if "merchants" in line.readings]
        assert merchants == [line.id for line in lines if line.subject == subject and line.rule.kind == "share"]


@pytest.mark.parametrize("said", [8, 8.0, "8", "8.0"])
def test_a_number_as_an_option(said):
    rubric = load_rubric("street", {"bonus_cap": said})
    assert rubric.chosen["bonus_cap"] == 8.0
    assert rubric.limit("bonus_cap") == 8.0
    assert rubric.choice_in_words("bonus_cap") == "加分合计不超过给定的分数：8分"
    assert rubric.with_readings({"bonus_cap": "none"}).limit("bonus_cap") is None


@pytest.mark.parametrize("said", ["x", "NUMBER", "-1", -1, "nan", "inf", "1e9", "", None])
def test_what_is_no_number_is_refused(said):
    with pytest.raises(UsageError, match=r"读法“bonus_cap”没有选项.*可用：none、数字"):
        load_rubric("street", {"bonus_cap": said})


def test_all_unknown_readings_and_options_are_named():
    with pytest.raises(UsageError) as refused:
        load_rubric("street", {"bonus": "8", "merchants": "half", "floor": "zero", "threshold": 3})
    said = str(refused.value)
    for words in ("没有读法“bonus”", "读法“merchants”没有选项“half”，可用：share、all", "读法“threshold”没有选项“3”"):
        assert words in said
    assert "floor" not in said.split("；", 1)[1]


def test_an_unknown_rubric_is_named():
    with pytest.raises(UsageError, match="没有评分细则“sceneric”，可用：scenic_area、street"):
        load_rubric("sceneric")


VARIANT = """\
id: trial
title: 试点
extends: scenic_area
approved_by: 样例市场监督管理局
effective_from: 2025-01-01
why: 试行
changes:
  "1.1":
    points: 4
  "1.2":
    points: 2
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "trial.yaml"
    path.write_text(text, "utf-8")
    return path


def faults(path: Path) -> list[str]:
    with pytest.raises(RubricError) as refused:
        load_rubric(path)
    assert all(fault.where.startswith(f"{path}:") for fault in refused.value.faults)
    return [str(fault).removeprefix(f"{path}:") for fault in refused.value.faults]


def test_a_variant_loads_and_is_named(tmp_path):
    base, variant = load_rubric("scenic_area"), load_rubric(write(tmp_path, VARIANT))
    assert (variant.id, variant.variant, variant.version) == ("scenic_area", "trial", base.version)
    assert (variant.line("1.1").points, variant.line("1.2").points) == (4, 2)
    assert variant.sha256 != base.sha256
    assert load_rubric(write(tmp_path, VARIANT + "# x\n")).sha256 != variant.sha256
    assert [line.id for line in variant.lines] == [line.id for line in base.lines]
    assert variant.lines[2:] == base.lines[2:]


def test_a_variant_chooses_readings(tmp_path):
    variant = load_rubric(write(tmp_path, VARIANT + "readings: {merchants: all, bonus_cap: 8}\n"))
    assert (variant.chosen["merchants"], variant.chosen["bonus_cap"]) == ("all", 8.0)
    assert variant.line("8.1").rule == load_rubric("scenic_area", {"merchants": "all"}).line("8.1").rule
    assert variant.with_readings({"merchants": "share"}).line("8.1") == load_rubric("scenic_area").line("8.1")


def at(text: str, what: str) -> int:
    return text[: text.index(what)].count("\n") + 1


BROKEN = {
    "sum of the group": (
        "points: 4",
        "points: 5",
        '  "1.1":',
        "“建档完整”组各条合计7分；应为6分",
    ),
    "sum of the base": ("points: 4", "points: 5", "changes:", "changes：基本项分值合计101分"),
    "unknown line": ('"1.2"', '"1.9"', '"1.2"', "changes.1.9：scenic_area没有“1.9”条"),
    "unquoted line": ('"1.2"', "1.2", '"1.2"', '键1.2没有加引号，不是文字；应为文字。请写成"1.2"'),
    "unknown field": (
        "points: 2",
        "pionts: 2",
        "points: 2",
        "changes.1.2.pionts：不认识的键“pionts”；应为规定的键。是否想写“points”",
    ),
    "wrong type": ("points: 2", "points: 两分", "points: 2", "changes.1.2.points：“两分”；应为数字"),
    "rule": ("points: 2", "points: 2\n    rule: {kind: mett}", "points: 2", "不认识的规则种类“mett”"),
    "another id": ("points: 2", 'points: 2\n    id: "1.3"', "points: 2", "改了条目编号"),
    "repeated label": ("points: 2", "points: 2\n    label: 强检器具台账", "points: 2", "“强检器具台账”重复"),
    "unknown base": ("extends: scenic_area", "extends: scenic", "extends", "extends：没有评分细则“scenic”"),
    "date": ("2025-01-01", "2025年1月", "effective_from", "“2025年1月”；应为形如2025-01-31的日期"),
    "no such day": ("2025-01-01", "2025-02-30", "effective_from", "“2025-02-30”；应为日历上有的日期"),
    "no changes": (
        VARIANT[VARIANT.index("changes:") :],
        "changes: {}\n",
        "id: trial",
        "没有写changes，也没有写readings",
    ),
    "approval": ("approved_by: 样例市场监督管理局\n", "", "id: trial", "缺少“approved_by”"),
    "unknown reading": ("why: 试行", "readings: {merchant: all}\nwhy: 试行", "why", "没有读法“merchant”"),
    "unknown option": ("why: 试行", "readings: {merchants: half}\nwhy: 试行", "why", "没有选项“half”"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_variant_is_refused_at_its_own_line(tmp_path, name):
    old, new, place, words = BROKEN[name]
    told = [fault for fault in faults(write(tmp_path, VARIANT.replace(old, new, 1))) if words in fault]
    assert len(told) == 1
    line = at(VARIANT, place) + (new.startswith("points: 2\n"))
    assert re.match(r"\d+", told[0])[0] == str(line), told


def test_a_group_that_no_longer_adds_up_is_told_at_the_changed_line(tmp_path):
    """The first line of the group is not in the variant; the fault stands at the one that is."""
    text = VARIANT.replace('  "1.1":\n    points: 4\n', "").replace("points: 2", "points: 1")
    assert faults(write(tmp_path, text)) == [
        "7 changes：基本项分值合计98分；应为100分。请核对各条points。",
        "8 changes.1.2.group_points：“建档完整”组各条合计4分；应为6分。请核对该组各条points和group_points。",
    ]


def test_a_reading_that_no_line_lists_any_more_falls_away(tmp_path):
    text = VARIANT + '  "15.1":\n    rule: {kind: share, when_none: zero}\n    readings: []\n'
    variant = load_rubric(write(tmp_path, text))
    assert not {"threshold", "below_threshold"} & {*variant.readings, *variant.chosen}
    gone = diff(load_rubric("scenic_area"), variant).set_index("line").loc[["threshold", "below_threshold"], "after"]
    assert gone.tolist() == ["", ""]
    told = faults(write(tmp_path, text + "readings: {threshold: exclusive}\n"))
    assert told[0].startswith("15 readings.threshold：没有读法“threshold”，可用：merchants、")


def test_a_variant_of_a_variant_is_refused(tmp_path):
    first = write(tmp_path, VARIANT)
    second = tmp_path / "second.yaml"
    second.write_text(VARIANT.replace("extends: scenic_area", f"extends: {first}"), "utf-8")
    assert "本身是变体" in faults(second)[0]
    second.write_text(VARIANT.replace("extends: scenic_area", f"extends: {second}"), "utf-8")
    assert "本身是变体" in faults(second)[0]


def test_a_difference_in_words(tmp_path):
    base = load_rubric("scenic_area")
    assert diff(base, base).empty
    changed = VARIANT + '  "2.1":\n    rule: {kind: per_unit, each: 3}\n    text: 新的标准。\n    red_line: true\n'
    rows = diff(base, load_rubric(write(tmp_path, changed), {"merchants": "all", "bonus_cap": 8}))
    assert rows["item"].tolist()[:3] == ["第1项第1条", "第1项第2条", "第2项"]
    assert rows["item"].tolist()[-2:] == ["读法", "读法"]
    assert rows.drop(columns="item").to_dict("split", index=False)["data"] == [
        ["1.1", "强检器具台账", "分值", "3", "4"],
        ["1.2", "投诉处置台账", "分值", "3", "2"],
        ["2.1", "器具在检定周期内", "考评标准", base.line("2.1").text, "新的标准。"],
        [
            "2.1", "器具在检定周期内", "规则",
            "满分6分，每发现1台件扣2分，扣完为止", "满分6分，每发现1台件扣3分，扣完为止",
        ],
        ["2.1", "器具在检定周期内", "红线", "否", "是"],
        *[
            [line.id, line.label, "规则", line.rule_in_words(), line.rule_in_words().replace("按比例", "全部合格")]
            for line in base.lines
            if "merchants" in line.readings
        ],
        [
            "merchants", "经营者各条抽查多户，怎样合成一个得分", "读法",
            "按合格户数占抽查户数的比例得分", "抽查的户全部合格才得分，有一户不合格即不得分",
        ],
        ["bonus_cap", "加分合计是否封顶", "读法", "不封顶", "加分合计不超过给定的分数：8分"],
    ]  # fmt: skip


def without(rubric: Rubric, line_id: str) -> Rubric:
    return rubric.model_copy(update={"lines": tuple(line for line in rubric.lines if line.id != line_id)})


def test_added_and_removed_lines():
    whole = load_rubric("street")
    text = f"{whole.line('18.1').text}（5分）"
    removed, added = diff(whole, without(whole, "18.1")), diff(without(whole, "18.1"), whole)
    assert removed.to_numpy().tolist() == [["第18项", "18.1", "恶意调整准确度", "删去", text, ""]]
    assert added.to_numpy().tolist() == [["第18项", "18.1", "恶意调整准确度", "新增", "", text]]


def test_a_reading_only_one_rubric_has():
    rows = diff(load_rubric("scenic_area"), load_rubric("street"))
    readings = rows[rows["what"] == "读法"].to_numpy().tolist()
    question = "评价期内没有发生计量纠纷，处置比例怎样计分"
    assert ["读法", "no_cases", question, "读法", "", "得满分并注明没有发生纠纷"] in readings


def test_a_difference_as_text():
    base, variant = load_rubric("street"), load_rubric("street_strict_demo")
    text = diff_in_words(diff(base, variant))
    assert text.splitlines()[:2] == ["共8处改动：", "第1项 器具检定合格率：分值 10分 → 12分"]
    old, new = base.line("17.1").note, variant.line("17.1").note
    assert f"\n第17项 器具拒不整改：说明\n　　旧：{old}\n　　新：{new}\n" in text
    assert "\n读法 加分合计是否封顶：不封顶 → 加分合计不超过给定的分数：8分\n" in text
    assert diff_in_words(diff(base, base)) == "两个细则没有差别。"


def test_a_rule_that_changes_is_said_as_the_guidance_would():
    base = load_rubric("scenic_area")
    rule = {"kind": "share", "when_none": "zero"}
    after = changed(base, {"15.1": {"rule": rule, "readings": ()}, "10.1": {"points": 4}, "2.1": {"red_line": True}})
    said = diff_in_words(diff(base, after)).splitlines()
    assert "第15项 群众满意度：达到95%得4分，未达到不得分 → 按比例得分，满分4分" in said
    assert "10.1条 铅封与强检标志：分值 3分 → 4分" in said  # the guidance prints no number here
    assert "第2项 器具在检定周期内：红线 否 → 是" in said
    gone = diff_in_words(diff(base, without(base, "1.1"))).splitlines()[1]
    assert gone == f"第1项第1条 强检器具台账：删去“{base.line('1.1').text}（3分）”"


@pytest.mark.parametrize("field", [name for name in FIELDS if name not in ("number", "points", "group_points")])
def test_no_changed_field_is_passed_over(field):
    """Two rubrics that differ in anything a person reads are never called alike."""
    base = load_rubric("street")
    line = base.line("5.1")
    other = line.model_copy(update={field: ("x",) if field == "readings" else "x"})
    lines = tuple(other if one is line else one for one in base.lines)
    rows = diff(base, base.model_copy(update={"lines": lines}))
    assert rows[["line", "what", "after"]].to_numpy().tolist() == [["5.1", FIELDS[field], "x"]]


def test_every_field_of_a_line_is_compared():
    assert {*FIELDS, "id", "rule", "red_line"} == set(Line.model_fields)


VARIANTS = [name for name, path in rubric_paths().items() if path.parent.name == "variants"]


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_of_the_kit_is_whole(name):
    variant = load_rubric(name)
    assert variant.variant == name
    assert variant.changed_by.effective_from
    assert sum(line.points for line in variant.lines if line.section == "base") == variant.full_marks == 100
    shown = page(variant)
    for words in (variant.changed_by.title, variant.changed_by.approved_by, variant.changed_by.why):
        assert words in shown
    assert not diff(load_rubric(variant.changed_by.extends), variant).empty


def test_the_kit_has_a_variant_to_learn_from():
    variant = load_rubric("street_strict_demo")
    assert "演示" in variant.changed_by.title
    assert "演示" in variant.changed_by.approved_by
    assert (variant.line("1.1").points, variant.limit("bonus_cap"), variant.chosen["red_line"]) == (12, 8.0, "cap")
    assert page(variant).count("**现用**") == 2
    assert "**现用**" not in page(load_rubric("street"))


def test_the_sample_variant_must_keep_its_sum(tmp_path):
    text = (RUBRICS / "variants" / "street_strict_demo.yaml").read_text("utf-8").replace("points: 3", "points: 4")
    assert faults(write(tmp_path, text)) == [
        f"{at(text, 'changes:')} changes：基本项分值合计101分；应为100分。请核对各条points。"
    ]


@pytest.mark.parametrize("name", rubric_paths())
def test_the_readable_page_is_made_from_the_file(name):
    rubric = load_rubric(name)
    path = rubric_paths()[name].with_suffix(".md")
    shown = path.read_text("utf-8")
    assert shown == page(rubric), f"请运行 chengxin rubric show {name} > {path.relative_to(RUBRICS.parent)}"
    assert all(line.text in shown and line.rule_in_words() in shown for line in rubric.lines)


def test_readings_as_keywords():
    assert load_rubric("street", merchants="all").chosen["merchants"] == "all"
    both = load_rubric("street", {"merchants": "share", "ceiling": 100}, merchants="all")
    assert (both.chosen["merchants"], both.chosen["ceiling"]) == ("all", 100.0)
    with pytest.raises(UsageError, match="没有读法“merchant”"):
        load_rubric("street", merchant="all")
    with pytest.raises(UsageError, match="读法“merchants”没有选项“some”"):
        load_rubric("street", merchants="some")


def test_a_rubric_shows_itself_in_a_few_lines_and_as_a_table():
    rubric = load_rubric("street")
    assert str(rubric) == repr(rubric)
    assert len(str(rubric).splitlines()) == 5
    assert f"{len(rubric.lines)}条，基本项满分100分" in str(rubric)
    html = rubric.model_copy(update={"title": "<b>甲</b>"})._repr_html_()
    assert "<caption>&lt;b&gt;甲&lt;/b&gt;</caption>" in html
    assert html.count("<tr>") == 4
    for words in (rubric.version, "计量器具合格率", *map(rubric.choice_in_words, rubric.chosen)):
        assert words in html


def test_completion_shows_the_names_of_the_kit():
    rubric = load_rubric("street")
    assert {"lines", "readings", "line", "with_readings", "variant", "title"} <= set(dir(rubric))
    assert {"label", "points", "rule_in_words"} <= set(dir(rubric.lines[0]))
    for model in (rubric, rubric.lines[0]):
        assert not [name for name in dir(model) if name[0] == "_" or name[:6] == "model_" or name in ("copy", "json")]
