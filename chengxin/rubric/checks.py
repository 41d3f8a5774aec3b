"""What is wrong with a rubric file beyond its shape: repeats, sums, and readings that do not fit or do nothing."""

import difflib
from itertools import groupby, product
from typing import Any, get_args

from pydantic import ValidationError

from chengxin.rubric.model import Line, RubricFile, Section
from chengxin.rubric.readings import NUMBER, OF_TOTALS, Choice, Reading
from chengxin.rubric.rules import KINDS, plain
from chengxin.yamlfile import Document

MOST_RED = 60  # red lines whose pattern fits one whole number


def check_lines(document: Document) -> None:
    """Ids and labels that repeat, and facts that cannot be filled in."""
    lines = _raw_lines(document)
    for name in ("id", "label"):
        seen: dict[str, int] = {}
        for n, line in lines:
            said = line.get(name)
            if isinstance(said, str) and said in seen:
                first = document.line(("lines", seen[said], name))
                document.fault(("lines", n, name), f"“{said}”重复（第{first}行已有）", "不重复的名称")
            elif isinstance(said, str):
                seen[said] = n
    for n, line in lines:
        rule = line.get("rule")
        kind = KINDS.get(str(rule.get("kind"))) if isinstance(rule, dict) else None
        names = ("value", "of", "rest", "share") if kind is None or kind.needs_of else ("value",)
        if isinstance(line.get("fact"), str) and not _fills_in(line["fact"], names):
            expected = f"只含{'、'.join(f'{{{name}}}' for name in names)}的句子"
            document.fault(("lines", n, "fact"), f"“{line['fact']}”填不进数", expected)
    if sum(line.get("red_line") is True for _, line in lines) > MOST_RED:
        document.fault(("lines",), f"红线条目超过{MOST_RED}条", f"不超过{MOST_RED}条")


def check_sums(document: Document) -> None:
    """Full marks and printed group points; silent where a part is unreadable, since a sum would mislead."""
    lines = _raw_lines(document)
    readable = len(lines) == len(document.data.get("lines") or ())
    readable = readable and all(_is_number(line.get("points")) for _, line in lines)
    if not readable or any(line.get("section") not in get_args(Section) for _, line in lines):
        return
    base = [(n, line) for n, line in lines if line["section"] == "base"]
    full, total = document.data.get("full_marks"), round(sum(line["points"] for _, line in base), 6)
    if _is_number(full) and total != full:
        remedy = "请核对各条points"
        document.fault(("full_marks",), f"基本项分值合计{plain(total)}分", f"{plain(full)}分", remedy)
    if all(isinstance(line.get(name), str | None) for _, line in base for name in ("subject", "group")):
        for _, run in groupby(base, key=lambda pair: (pair[1].get("subject"), pair[1].get("group"))):
            _check_group(document, list(run))


def _check_group(document: Document, members: list[tuple[int, dict[str, Any]]]) -> None:
    first, line = members[0]
    printed: Any = line.get("group_points")
    total = round(sum(member["points"] for _, member in members), 6)
    changed = [n for n, _ in members if ("lines", n) in document.moved]
    if _is_number(printed) and total != printed:
        found, remedy = f"“{line.get('group')}”组各条合计{plain(total)}分", "请核对该组各条points和group_points"
        document.fault(("lines", (changed or [first])[0], "group_points"), found, f"{plain(printed)}分", remedy)
    for n, member in members[1:]:
        if member.get("group_points") != printed:
            document.fault(("lines", n, "group_points"), "同组各条的group_points不一致", "同一个分值")


def check_readings(document: Document, model: RubricFile) -> None:
    """Defaults, options, sections and readings that do not fit the lines, or that nothing looks up."""
    listed = {key for line in model.lines for key in line.readings}
    for key, reading in model.readings.items():
        names = [name for name in reading.options if name != NUMBER]
        if reading.default not in names:
            document.fault(("readings", key, "default"), f"“{reading.default}”不是选项", f"{'、'.join(names)}之一")
        if key in OF_TOTALS:
            _check_of_totals(document, key, reading)
        elif key in listed:
            _check_of_lines(document, model, key, reading)
        else:
            close = difflib.get_close_matches(key, OF_TOTALS, 1)
            remedy = f"是否想写“{close[0]}”" if close else "请在有关条目的readings中列出，或删去此项"
            expected = f"条目列出的读法，或总分所用的{'、'.join(OF_TOTALS)}"
            document.fault(("readings", key), f"读法“{key}”不起作用，没有条目列出它", expected, remedy)
    for n, line in enumerate(model.lines):
        if line.section not in model.sections:
            document.fault(("lines", n, "section"), f"sections没有写“{line.section}”的名称", "sections中有的类别")
        _check_line(document, model, n, line)


def _check_of_totals(document: Document, key: str, reading: Reading) -> None:
    known = OF_TOTALS[key]
    for option, choice in reading.options.items():
        where = ("readings", key, "options", option)
        if option not in known:
            document.fault(where, f"总分的读法“{key}”没有选项“{option}”", f"{'、'.join(known)}之一")
        elif choice.rule:
            document.fault((*where, "rule"), f"“{key}”改变总分，不改变条目的规则", "不写rule", "请删去rule")
        elif option == "cap" and choice.at is None:
            document.fault(where, "缺少“at”", "总分上限，如at: 60")
        elif option != "cap":
            _check_at(document, where, choice)


def _check_of_lines(document: Document, model: RubricFile, key: str, reading: Reading) -> None:
    for option, choice in reading.options.items():
        where = ("readings", key, "options", option)
        _check_at(document, where, choice)
        if option == NUMBER:
            document.fault(where, f"“{key}”改变条目的规则，不能填数字", "有名称的选项和它的rule")
    _check_options(document, model, key)
    if not any(choice.rule for choice in reading.options.values()):
        document.fault(("readings", key, "options"), f"读法“{key}”不起作用，各选项都没有rule", "至少一个选项有rule")


def _check_at(document: Document, where: tuple[str, ...], choice: Choice) -> None:
    if choice.at is not None:
        document.fault((*where, "at"), "at在此不起作用", "只在red_line的cap选项写at", "请删去at")


def _check_line(document: Document, model: RubricFile, n: int, line: Line) -> None:
    """The readings that a line lists: known, about lines, and fitting its rule one by one and together."""
    where = ("lines", n, "readings")
    for key in line.readings:
        if key not in model.readings:
            document.fault(where, f"没有读法“{key}”", "、".join(model.readings) or "readings中的名称")
        elif key in OF_TOTALS:
            document.fault(where, f"“{key}”只用于总分", "改变条目规则的读法", "请从本条的readings中删去")
    known = [key for key in line.readings if key in model.readings]
    single = [{key: option} for key in known for option in model.readings[key].options]
    if any(_misfit(line, model, way) for way in single):
        return
    ways = (dict(zip(known, way, strict=True)) for way in product(*(model.readings[key].options for key in known)))
    if bad := next((way for way in ways if _misfit(line, model, way)), None):
        said = "、".join(f"{key}={option}" for key, option in bad.items())
        document.fault(where, f"“{line.id}”条不能同时用{said}", "可以任意组合的读法")


def _check_options(document: Document, model: RubricFile, key: str) -> None:
    """The rules of a reading's options fit every line that lists it; one fault for each option and kind."""
    told = set()
    for line in (line for line in model.lines if key in line.readings):
        for option in model.readings[key].options:
            misfit = _misfit(line, model, {key: option})
            if misfit and (option, line.rule.kind) not in told:
                told.add((option, line.rule.kind))
                found = f"选项“{option}”的rule不适合{line.rule.kind}规则（{misfit}）"
                document.fault(("readings", key, "options", option), found, f"“{line.id}”等条能用的参数")


def _misfit(line: Line, model: RubricFile, way: dict[str, str]) -> str:
    """The first parameter that a line's rule does not take under some options; empty when all fit."""
    try:
        line.model_copy(update={"readings": tuple(way)}).read(model.readings, way)
    except ValidationError as error:
        return str(("kind", *error.errors()[0]["loc"])[-1])
    return ""


def _raw_lines(document: Document) -> list[tuple[int, dict[str, Any]]]:
    lines = document.data.get("lines")
    return [(n, line) for n, line in enumerate(lines) if isinstance(line, dict)] if isinstance(lines, list) else []


def _fills_in(fact: str, names: tuple[str, ...]) -> bool:
    try:
        fact.format(**dict.fromkeys(names, ""))
    except (LookupError, ValueError, AttributeError):
        return False
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
