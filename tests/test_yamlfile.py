"""Broken rubric files: every fault at its line, in Chinese, all together, and never a crash."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chengxin.errors import RubricError
from chengxin.rubric.load import Rubric, load_rubric
from chengxin.yamlfile import DEEPEST

RUBRICS = Path(__file__).parents[1] / "rubrics"
STREET = (RUBRICS / "street.yaml").read_text("utf-8")
SCENIC = (RUBRICS / "scenic_area.yaml").read_text("utf-8")
FIRST = '- id: "1.1"\n'
UNIT = "  unit: 台件\n"
LABEL = "  label: 器具检定合格率\n"
VERSION = "version: 征求意见稿"


def at(text: str, source: str = STREET, nth: int = 1) -> int:
    """Line number of the nth occurrence."""
    place = -1
    for _ in range(nth):
        place = source.index(text, place + 1)
    return source[:place].count("\n") + 1


def refused(tmp_path: Path, content: bytes | str) -> list[str]:
    path = tmp_path / "broken.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RubricError) as error:
        load_rubric(path)
    faults = [str(fault).removeprefix(f"{path}:") for fault in error.value.faults]
    assert f"共{len(faults)}处" in str(error.value)
    return faults


# name: (what is replaced once, by what, line of the fault, words of the fault)
BROKEN = {
    "unknown key": (
        UNIT, UNIT + "  unitt: 台\n", at(UNIT) + 1,
        "lines[0].unitt：不认识的键“unitt”；应为规定的键。是否想写“unit”",
    ),
    "duplicate key": (UNIT, UNIT + "  unit: 台\n", at(UNIT) + 1, f"键“unit”重复（第{at(UNIT)}行已有）"),
    "text for points": ("  points: 10\n", "  points: 五分\n", at("  points: 10\n"), "points：“五分”；应为数字"),
    "truth for points": ("  points: 10\n", "  points: true\n", at("  points: 10\n"), "“true”；应为数字"),
    "points not a number": ("  points: 10\n", "  points: .nan\n", at("  points: 10\n"), "“.nan”；应为数字"),
    "no points": ("  points: 10\n", "  points:\n", at("  points: 10\n"), "空值；应为数字"),
    "zero points": ("  points: 10\n", "  points: 0\n", at("  points: 10\n"), "得到0；应为大于0的数"),
    "four decimals": ("  points: 10\n", "  points: 10.0001\n", at("  points: 10\n"), "最多3位小数"),
    "missing key": (LABEL, "", at(FIRST), "lines[0].label：缺少“label”；应为必填项"),
    "empty label": (LABEL, '  label: ""\n', at(LABEL), "非空的文字"),
    "unquoted id": (FIRST, "- id: 1.1\n", at(FIRST), '“1.1”不是文字；应为文字。请加引号："1.1"'),
    "unquoted id as it is written": (
        FIRST, "- id: 1.10\n", at(FIRST), '“1.10”不是文字；应为文字。请加引号："1.10"。',
    ),
    "repeated id": ('- id: "2.1"', '- id: "1.1"', at('- id: "2.1"'), f"“1.1”重复（第{at(FIRST)}行已有）"),
    "kind of rule": (
        "{kind: share, when_none: not_applicable}",
        "{kind: shere, when_none: not_applicable}",
        at("rule: {kind: share"),
        "lines[0].rule.kind：不认识的规则种类“shere”；应为met、share、threshold、per_unit、marks、at_least、each之一。是否想写“share”。",
    ),
    "no kind": (
        "rule: {kind: met}", "rule: {}", at("rule: {kind: met}"),
        "没有写规则种类kind；应为met、share、threshold、per_unit、marks、at_least、each之一",
    ),
    "parameter of another kind": (
        "rule: {kind: met}", "rule: {kind: met, each: 2}", at("rule: {kind: met}"), "不认识的键“each”",
    ),
    "percent for a share": (
        "at_least: 0.95", "at_least: 95", at("at_least: 0.95"),
        "lines[3].rule.at_least：得到95；应为不大于1的数。若指95%，请写0.95。",
    ),
    "sum of the base": (
        "  points: 10\n", "  points: 9\n", at("full_marks: 100"), "full_marks：基本项分值合计99分；应为100分",
    ),
    "section": ("section: base", "section: bas", at("section: base"), "“bas”；应为base、bonus、deduction"),
    "reading of a line": (
        "[threshold, below_threshold]", "[thresold]", at("[threshold, below"), "没有读法“thresold”；应为merchants、",
    ),
    "default of a reading": ("default: share", "default: shar", at("default: share"), "“shar”不是选项；应为share、all"),
    "number as a default": ("default: none", "default: NUMBER", at("default: none"), "“NUMBER”不是选项；应为none之一"),
    "option that does not fit": (
        "{all_or_nothing: true}", "{all_or_nothin: true}", at("all:\n"),
        "选项“all”的rule不适合share规则（all_or_nothin）；应为“8.1”等条能用的参数",
    ),
    "cap without a number": ("        at: 60\n", "", at("      cap:\n"), "缺少“at”"),
    "fact with a wrong name": (
        "在用应检器具{of}台件", "在用应检器具{off}台件", at("在用应检器具{of}台件"), "只含{value}、{of}",
    ),
    "fact with an open brace": ("应检器具{of}台件", "应检器具{of台件", at("应检器具{of}台件"), "填不进数"),
    "id of the rubric": ("id: street", "id: Street", at("id: street"), "“Street”；应为小写字母开头"),
    "whole number for text": (VERSION, "version: 2024", at(VERSION), '“2024”不是文字；应为文字。请加引号："2024"'),
    "truth for text": (VERSION, "version: true", at(VERSION), "不是文字"),
    "yes for truth": ("red_line: false", "red_line: yes", at("red_line: false"), "“yes”；应为true或false"),
    "number as a key": ("id: street", "1: 2\nid: street", at("id: street"), '键1没有加引号，不是文字'),
    "list as a key": ("id: street", "? [a, b]\n: c\nid: street", at("id: street"), "键是列表或映射"),
    "open quote": (LABEL, '  label: "器具检定合格率\n', at(LABEL) + 6, "YAML写法有误（缩进、括号或引号不齐）"),
    "tab": (LABEL, LABEL.replace("  ", "\t"), at(LABEL), "YAML写法有误（缩进用了制表符）"),
    "null byte": ("id: street", "id: str\0eet", 1, "YAML写法有误（有不能使用的字符）"),
    "anchor": (LABEL, LABEL.replace(": ", ": &a "), at(LABEL), "用了YAML锚点（&a）；应为直接写出的内容"),
    "alias": (LABEL, LABEL.replace(": ", ": *a "), at(LABEL), "用了YAML别名（*a）；应为直接写出的内容"),
    "tag of a date": ("points: 10", "points: !!timestamp abc", at("points: 10"), "用了YAML标签（"),
    "tag of python": ("id: street", "id: !!python/object:os.system street", at("id: street"), "用了YAML标签（"),
    "brackets": ("id: street", f"id: {'[' * 2000}{']' * 2000}", at("id: street"), f"嵌套超过{DEEPEST}层"),
    "braces": ("id: street", f"id: {'{a: ' * 2000}{'}' * 2000}", at("id: street"), f"嵌套超过{DEEPEST}层"),
    "huge number": ("points: 10", f"points: 1{'0' * 5000}", at("points: 10"), "读不出“1000"),
    "merge key": (
        "rule: {kind: met}", "rule: {<<: {kind: met}}", at("rule: {kind: met}"),
        "用了YAML合并键（<<）；应为直接写出的内容",
    ),
    "null as a key": ("id: street", "~: 1\nid: street", at("id: street"), "键~没有加引号，不是文字"),
    "colon in a text": (LABEL, LABEL.replace("检定", ": 检定"), at(LABEL), "此处不能有冒号"),
    "decimals of a parameter": (
        "\n  rule: {kind: each}", "\n  rule: {kind: each, cap: 8.0001}", at("\n  rule: {kind: each}") + 1,
        "“8.0001”；应为最多3位小数的数",
    ),
    "infinite parameter": (
        "\n  rule: {kind: each}", "\n  rule: {kind: each, cap: 1e999}", at("\n  rule: {kind: each}") + 1,
        "得到1e999；应为不大于1e+06的数",
    ),
    "fact with a denominator that the rule has not": (
        "获媒体宣传{value}次", "获媒体宣传{value}次，共{of}次", at("获媒体宣传{value}次"),
        "填不进数；应为只含{value}的句子",
    ),
    "section without a name": (
        "bonus: 加分项目, ", "", at("  section: bonus"), "lines[20].section：sections没有写“bonus”的名称",
    ),
    "reading that nothing uses": (
        "  bonus_cap:\n", "  bonuscap:\n", at("  bonus_cap:"),
        "读法“bonuscap”不起作用，没有条目列出它；应为条目列出的读法，或总分所用的not_applicable、bonus_cap、ceiling、floor、"
        "red_line。是否想写“bonus_cap”。",
    ),
    "reading that no line lists": (
        "readings: [no_cases]", "readings: []", at("  no_cases:"), "“no_cases”不起作用，没有条目列出它",
    ),
    "option of a total": ("      cap:\n", "      capp:\n", at("      cap:\n"), "总分的读法“red_line”没有选项“capp”"),
    "rule in a reading of totals": (
        "        at: 60\n", "        at: 60\n        rule: {kind: met}\n", at("        at: 60\n") + 1,
        "“red_line”改变总分，不改变条目的规则；应为不写rule",
    ),
    "limit where none is read": (
        "      zero: 最低记0分，另存原始分数\n", "      zero: {text: 最低记0分, at: 1}\n", at("      zero: 最低记0分"),
        "at在此不起作用",
    ),
    "number for a reading of lines": (
        "      each:\n        text: 每次都计\n", "      NUMBER: 次数\n      each:\n        text: 每次都计\n",
        at("      each:\n"), "“repeats”改变条目的规则，不能填数字",
    ),
    "reading without a rule": (
        "        rule: {kind: each}\n", "", at("    options:", nth=5), "读法“repeats”不起作用，各选项都没有rule",
    ),
    "reading of totals on a line": (
        "readings: [no_cases]", "readings: [no_cases, floor]", at("readings: [no_cases]"), "“floor”只用于总分",
    ),
    "readings that do not go together": (
        "readings: [repeats]", "readings: [repeats, most]", at("readings: [repeats]") + 1,
        "“15.1”条不能同时用repeats=each、most=b；应为可以任意组合的读法",
    ),
    "second document": ("\nreadings:", "\n---\nreadings:", at("\nreadings:") + 1, "文件中间有“---”"),
}  # fmt: skip


MOST = "  most: {question: 几次, default: a, options: {a: 一次, b: {text: 两次, rule: {count: 2}}}}\n"
EXTRA = {"readings that do not go together": STREET.replace("\n\nlines:\n", f"\n{MOST}\nlines:\n")}


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_is_told_at_its_line(tmp_path, name):
    old, new, line, words = BROKEN[name]
    assert old in STREET
    faults = refused(tmp_path, EXTRA.get(name, STREET).replace(old, new, 1))
    told = [fault for fault in faults if words in fault]
    assert told, faults
    assert told[0].split()[0].split("：")[0] == str(line), told
    assert [int(re.match(r"\d+", fault)[0]) for fault in faults] == sorted(
        int(re.match(r"\d+", fault)[0]) for fault in faults
    )
    assert all(len(fault) < 400 and "\n" not in fault for fault in faults)


def test_sum_of_a_group(tmp_path):
    broken = SCENIC.replace("  points: 3\n", "  points: 4\n", 1)
    line = at("  group_points: 6\n", SCENIC)
    assert f"{line} lines[0].group_points：“建档完整”组各条合计7分；应为6分。" in "\n".join(refused(tmp_path, broken))


def test_group_points_must_agree(tmp_path):
    second = at("  group_points: 6\n", SCENIC, 2)
    lines = SCENIC.splitlines(keepends=True)
    lines[second - 1] = "  group_points: 5\n"
    assert refused(tmp_path, "".join(lines)) == [
        f"{second} lines[1].group_points：同组各条的group_points不一致；应为同一个分值。"
    ]


ALONE = {
    "section: base": "section: bas",
    "  points: 10\n": "  points: 十分\n",
    "rule: {kind: met}": "rule: {<<: {kind: met}}",
}


@pytest.mark.parametrize("old", ALONE)
def test_one_mistake_does_not_make_the_sums_wrong_as_well(tmp_path, old):
    assert "合计" not in "".join(refused(tmp_path, STREET.replace(old, ALONE[old], 1)))


@pytest.mark.parametrize("key", ["not_applicable", "bonus_cap", "ceiling", "floor", "red_line"])
def test_a_misspelt_reading_of_totals_is_refused(tmp_path, key):
    place = at(f"\n  {key}:") + 1
    wrong = key.replace("_", "") if "_" in key else key + "s"
    (fault,) = refused(tmp_path, STREET.replace(f"\n  {key}:\n", f"\n  {wrong}:\n", 1))
    assert fault.startswith(f"{place} readings.{wrong}：读法“{wrong}”不起作用")
    assert f"是否想写“{key}”" in fault


def test_faults_stand_in_the_order_of_lines(tmp_path):
    broken = STREET.replace("default: share", "default: shar").replace("\nid: street", "\nid: Street")
    broken = broken.replace("section: deduction", "section: deductions").replace("  points: 10\n", "  points: 0\n")
    lines = [int(re.match(r"\d+", fault)[0]) for fault in refused(tmp_path, broken)]
    assert lines == sorted(lines)
    assert len(set(lines)) > 3


WHOLE = {
    "not UTF-8": (STREET.encode("gb18030"), "1：不是UTF-8文字；应为UTF-8编码的文本。请另存为UTF-8。"),
    "empty": (b"", "1：文件是空的；应为有内容的YAML。"),
    "only a comment": (b"# x\n", "1：文件是空的；应为有内容的YAML。"),
    "null": (b"~\n", "1：文件是空的；应为有内容的YAML。"),
    "a list": (b"- a\n- b\n", "1：一组内容；应为“键: 值”的映射。"),
    "a word": ("细则\n".encode(), "1：“细则”；应为“键: 值”的映射。"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_no_rubric_at_all(tmp_path, name):
    content, words = WHOLE[name]
    assert refused(tmp_path, content) == [words]


def test_a_bad_byte_is_found_at_its_line(tmp_path):
    head, tail = STREET.split(LABEL, 1)
    faults = refused(tmp_path, head.encode() + b"  label: \xff\n" + tail.encode())
    assert faults[0].startswith(f"{at(LABEL)}：不是UTF-8")


def test_all_faults_come_together(tmp_path):
    broken = STREET
    for name in ("unknown key", "duplicate key", "unquoted id", "percent for a share", "default of a reading"):
        old, new, _, _ = BROKEN[name]
        broken = broken.replace(old, new if name != "duplicate key" else old + "  unit: 台\n", 1)
    faults = "\n".join(refused(tmp_path, broken))
    for words in ("不认识的键“unitt”", "键“unit”重复", '请加引号："1.1"', "若指95%"):
        assert words in faults


def test_a_rubric_without_lines(tmp_path):
    head = STREET[: STREET.index("\nlines:")]
    assert any("lines：" in fault and "至少一项" in fault for fault in refused(tmp_path, head + "\nlines: []\n"))
    assert any("lines：" in fault and "应为列表" in fault for fault in refused(tmp_path, head + "\nlines: {}\n"))


def test_faulty_lines_are_not_called_missing(tmp_path):
    faults = refused(tmp_path, re.sub(r"(?m)^  points: .*$", "  points: 很多", STREET))
    assert len(faults) == STREET.count("\n  points: ")
    assert all("points：“很多”；应为数字" in fault for fault in faults)


@pytest.mark.parametrize("word", ["2024-01-01", "yes", "no", "on", "12:30:00", "1_000", "0x10", "True", "NULL", "010"])
def test_what_only_looks_like_something_else_stays_text(tmp_path, word):
    path = tmp_path / "text.yaml"
    path.write_text(STREET.replace(VERSION, f"version: {word}"), "utf-8")
    assert load_rubric(path).version == word


def test_a_byte_order_mark_does_no_harm(tmp_path):
    path = tmp_path / "bom.yaml"
    path.write_text(STREET, "utf-8-sig")
    assert load_rubric(path).lines == load_rubric("street").lines


BYTES = STREET.encode()
CHANGES = st.lists(
    st.tuples(
        st.integers(0, len(BYTES) - 1),
        st.integers(0, 40),
        st.binary(max_size=6) | st.sampled_from([b"\t", b"\n", b"- ", b": ", b"'", b'"', b"&a ", b"*a", b"!!int "]),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(changes=CHANGES)
def test_random_damage_is_refused_or_loads(tmp_path_factory, changes):
    content = BYTES
    for start, length, new in changes:
        content = content[:start] + new + content[start + length :]
    path = tmp_path_factory.mktemp("damaged") / "street.yaml"
    path.write_bytes(content)
    try:
        outcome: Rubric | RubricError = load_rubric(path)
    except RubricError as error:
        outcome = error
    if isinstance(outcome, RubricError):
        assert outcome.faults
        assert all(fault.where.startswith(f"{path}:") for fault in outcome.faults)
    else:
        assert outcome.lines
