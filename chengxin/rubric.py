"""A rubric as data: the official wording, the rule and our reading of every scored line.

`load_rubric` reads one file (or a variant that extends one), refuses it with every fault at its line, and
gives a frozen `Rubric` with the readings applied: a reading is a named switch, and its option may set
parameters of the rules of the lines that list it. Scoring therefore never knows about single readings.
"""

import hashlib
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from chengxin.errors import RubricError, UsageError
from chengxin.places import place
from chengxin.rules import AnyRule, plain
from chengxin.strictyaml import Document, check

Section = Literal["base", "bonus", "deduction"]
Option = str | float
NUMBER = "NUMBER"  # option key that stands for "a number given by the user"
ADDS = {"base": "得", "bonus": "加", "deduction": "扣"}
TEXT_FIELDS = {"label": "简称", "text": "考评标准", "points": "分值", "group": "检查内容", "group_points": "组分值"}


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Choice(_Strict):
    """One option of a reading: its words, what it sets on rules, and a number where it needs one."""

    text: str
    rule: dict[str, Any] = {}
    at: Annotated[float, Field(ge=0)] | None = None


class Reading(_Strict):
    """A point that the guidance leaves open: the question, the options and the default with its reason."""

    question: str
    default: str
    options: dict[str, Choice]
    reason: str = ""
    source: str = ""

    @field_validator("options", mode="before")
    @classmethod
    def _plain_text_is_enough(cls, options: Any) -> Any:
        if not isinstance(options, dict):
            return options
        return {key: {"text": value} if isinstance(value, str) else value for key, value in options.items()}


class Source(_Strict):
    """Where the wording comes from."""

    file: str
    annex: str


class Line(_Strict):
    """One scored line: wording, points, rule, readings that touch it, and how to mend a loss."""

    id: Annotated[str, Field(min_length=1)]
    number: int | None
    section: Section
    subject: str | None
    group: str | None
    group_points: float | None
    label: Annotated[str, Field(min_length=1)]
    text: Annotated[str, Field(min_length=1)]
    points: Annotated[float, Field(gt=0, le=1000)]
    rule: AnyRule
    readings: Annotated[tuple[str, ...], Field(strict=False)] = ()
    unit: str | None = None
    fact: str | None = None
    measure: str | None = None
    evidence: str | None = None
    remedy: str | None = None
    note: str | None = None
    red_line: bool = False

    def rule_in_words(self) -> str:
        """The line's rule in Chinese."""
        return self.rule.words(self.points, self.unit or "次", ADDS[self.section])


class RubricFile(_Strict):
    """What a rubric file holds."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    version: str
    source: Source
    full_marks: Annotated[float, Field(gt=0, le=1000)]
    sections: dict[Section, str]
    readings: dict[str, Reading]
    lines: Annotated[tuple[Line, ...], Field(strict=False, min_length=1)]


class Rubric(RubricFile):
    """A loaded rubric: the file, which variant of it, the readings chosen and the hash of the bytes read."""

    variant: str | None = None
    sha256: str
    chosen: dict[str, Option]
    as_written: Annotated[tuple[Line, ...], Field(repr=False)]

    def line(self, line_id: str) -> Line:
        """The line of that id; KeyError when there is none."""
        return {line.id: line for line in self.lines}[line_id]

    def choice(self, key: str) -> Option | None:
        """Chosen option of a reading; None when the rubric has no such reading."""
        return self.chosen.get(key)

    def limit(self, key: str) -> float | None:
        """The number of a NUMBER reading (`bonus_cap`, `ceiling`), or None where no limit is chosen."""
        chosen = self.chosen.get(key)
        return chosen if isinstance(chosen, float) else None

    def choice_in_words(self, key: str) -> str:
        """The chosen option in Chinese."""
        chosen, options = self.chosen[key], self.readings[key].options
        return f"{options[NUMBER].text}：{plain(chosen)}分" if isinstance(chosen, float) else options[chosen].text

    def with_readings(self, choices: Mapping[str, Option]) -> "Rubric":
        """The same rubric under other readings.

        Parameters
        ----------
        choices : reading → option (or a number, where the reading takes one); others keep what was chosen

        Raises
        ------
        UsageError : an unknown reading or option, all of them in one message
        """
        chosen = self.chosen | _options(self.readings, choices)
        plain_lines = {line.id: line for line in self.as_written}
        lines = tuple(_read(plain_lines[line.id], self.readings, chosen) for line in self.lines)
        return self.model_copy(update={"lines": lines, "chosen": chosen})


class VariantFile(_Strict):
    """What a variant file holds: which rubric it changes, how, by whose approval and from when."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    extends: str
    approved_by: str
    effective_from: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    why: str
    changes: dict[str, dict[str, Any]]
    readings: dict[str, str | float] = {}


def _options(readings: Mapping[str, Reading], choices: Mapping[str, Option]) -> dict[str, Option]:
    said: dict[str, Option] = {}
    wrong: list[str] = []
    for key, option in choices.items():
        if key not in readings:
            wrong.append(f"没有读法“{key}”，可用：{'、'.join(readings)}")
            continue
        options = readings[key].options
        if isinstance(option, str) and option in options and option != NUMBER:
            said[key] = option
        elif NUMBER in options and (number := _number(option)) is not None:
            said[key] = number
        else:
            names = ["数字" if name == NUMBER else name for name in options]
            wrong.append(f"读法“{key}”没有选项“{option}”，可用：{'、'.join(names)}")
    if wrong:
        raise UsageError("；".join(wrong) + "。")
    return said


def _number(option: Option) -> float | None:
    try:
        number = float(option)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number <= 1e6 else None


def _read(line: Line, readings: Mapping[str, Reading], chosen: Mapping[str, Option]) -> Line:
    """The line with its rule rewritten by the options chosen for the readings it lists."""
    rule = line.rule
    for key in line.readings:
        option = chosen[key]
        rule = patched(rule, readings[key].options[option if isinstance(option, str) else NUMBER].rule)
    return line if rule is line.rule else line.model_copy(update={"rule": rule})


def patched(rule: Any, patch: Mapping[str, Any]) -> Any:
    """A rule with some parameters set; another `kind` starts afresh. Raises pydantic's ValidationError."""
    if not patch:
        return rule
    kept = rule.model_dump() if patch.get("kind", rule.kind) == rule.kind else {}
    return TypeAdapter(AnyRule).validate_python({**kept, **patch})


def rubric_paths() -> dict[str, Path]:
    """All rubrics and variants of the kit by id, rubrics first. A file counts by its name, unread."""
    folder = place("rubrics")
    files = sorted(folder.glob("*.yaml")) + sorted(folder.glob("variants/*.yaml"))
    return {path.stem: path for path in files if path.stem != "monitoring_point"}


def load_rubric(name: str | Path, readings: Mapping[str, Option] | None = None) -> Rubric:
    """Read a rubric or a variant strictly.

    Parameters
    ----------
    name : id of a rubric of the kit (``scenic_area``) or path of a YAML file
    readings : reading → option; the others take the file's defaults

    Returns
    -------
    the rubric with its readings applied

    Raises
    ------
    RubricError : every fault of the file with file:line, path, what is wrong and how to mend it
    UsageError : no such rubric, reading or option
    """
    path = _find(name)
    document = Document(path, _shown(path))
    if isinstance(document.data, dict) and "extends" in document.data:
        rubric = _load_variant(document)
    else:
        rubric = _rubric(document, hashlib.sha256(document.bytes).hexdigest())
    return rubric.with_readings(readings or {})


def _find(name: str | Path) -> Path:
    known = rubric_paths()
    if str(name) in known:
        return known[str(name)]
    path = Path(name)
    if not path.is_file():
        raise UsageError(f"没有评分细则“{name}”，可用：{'、'.join(known)}，或给出YAML文件的路径。")
    return path


def _shown(path: Path) -> str:
    folder = place("rubrics")
    return str(Path("rubrics") / path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _rubric(document: Document, sha256: str, variant: str | None = None) -> Rubric:
    """Check a document wholly and make the rubric of it, or raise with all its faults."""
    model = check(document, RubricFile)
    if isinstance(document.data, dict):
        _check_lines(document)
        _check_sums(document)
    if isinstance(model, RubricFile):
        _check_readings(document, model)
    if document.faults or not isinstance(model, RubricFile):
        raise RubricError(f"评分细则{document.shown}不能使用", document.faults)
    chosen: dict[str, Option] = {key: reading.default for key, reading in model.readings.items()}
    fields = {name: getattr(model, name) for name in RubricFile.model_fields}
    rubric = Rubric(**fields, sha256=sha256, chosen=chosen, variant=variant, as_written=model.lines)
    return rubric.with_readings({})


def _raw_lines(document: Document) -> list[tuple[int, dict[str, Any]]]:
    lines = document.data.get("lines")
    return [(n, line) for n, line in enumerate(lines) if isinstance(line, dict)] if isinstance(lines, list) else []


def _check_lines(document: Document) -> None:
    for name in ("id", "label"):
        seen: dict[str, int] = {}
        for n, line in _raw_lines(document):
            said = line.get(name)
            if isinstance(said, str) and said in seen:
                first = document.line(("lines", seen[said], name))
                document.fault(("lines", n, name), f"“{said}”重复（第{first}行已有）", "不重复的名称")
            elif isinstance(said, str):
                seen[said] = n
    for n, line in _raw_lines(document):
        points: Any = line.get("points")
        if _is_number(points) and round(points, 3) != points:
            document.fault(("lines", n, "points"), f"得到{points}", "最多3位小数的分值")
        if isinstance(line.get("fact"), str) and not _fills_in(line["fact"]):
            expected = "只含{value}、{of}、{rest}、{share}的句子"
            document.fault(("lines", n, "fact"), f"“{line['fact']}”填不进数", expected)


def _fills_in(fact: str) -> bool:
    try:
        fact.format(value="", of="", rest="", share="")
    except (LookupError, ValueError, AttributeError):
        return False
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_sums(document: Document) -> None:
    base = [(n, line) for n, line in _raw_lines(document) if line.get("section") == "base"]
    if not all(_is_number(line.get("points")) for _, line in base):
        return  # already a fault; a sum over the rest would only mislead
    full = document.data.get("full_marks")
    total = round(sum(line["points"] for _, line in base), 6)
    if _is_number(full) and total != full:
        document.fault(("full_marks",), f"基本项分值合计{plain(total)}分", f"{plain(full)}分", "请核对各条points")
    for group, run in groupby(base, key=lambda pair: (pair[1].get("subject"), pair[1].get("group"))):
        members = list(run)
        first, line = members[0]
        printed: Any = line.get("group_points")
        total = round(sum(member["points"] for _, member in members), 6)
        if _is_number(printed) and total != printed:
            remedy = "请核对该组各条points和group_points"
            where = ("lines", first, "group_points")
            document.fault(where, f"“{group[1]}”组各条合计{plain(total)}分", f"{plain(printed)}分", remedy)
        for n, member in members[1:]:
            if member.get("group_points") != printed:
                document.fault(("lines", n, "group_points"), "同组各条的group_points不一致", "同一个分值")


def _check_readings(document: Document, model: RubricFile) -> None:
    for key, reading in model.readings.items():
        if reading.default not in reading.options or reading.default == NUMBER:
            names = "、".join(name for name in reading.options if name != NUMBER)
            document.fault(("readings", key, "default"), f"“{reading.default}”不是选项", f"{names}之一")
        if key == "red_line":
            for option, choice in reading.options.items():
                if option == "cap" and choice.at is None:
                    document.fault(("readings", key, "options", option), "缺少“at”", "总分上限，如at: 60")
    for n, line in enumerate(model.lines):
        for key in line.readings:
            if key not in model.readings:
                document.fault(
                    ("lines", n, "readings"), f"没有读法“{key}”", "、".join(model.readings) or "readings中的名称"
                )
                continue
            for option, choice in model.readings[key].options.items():
                try:
                    patched(line.rule, choice.rule)
                except ValidationError:
                    found = f"选项“{option}”的rule不适合{line.rule.kind}规则"
                    document.fault(("readings", key, "options", option), found, f"“{line.id}”条能用的参数")


def _load_variant(document: Document) -> Rubric:
    """A variant: the rubric it extends with the changed lines put in, checked as a whole."""
    variant = check(document, VariantFile)
    if not isinstance(variant, VariantFile) or document.faults:
        raise RubricError(f"细则变体{document.shown}不能使用", document.faults)
    base = _base_of(document, variant.extends)
    readings = load_rubric(variant.extends).readings  # refuses a faulty base with the base's own places
    lines = {line["id"]: n for n, line in enumerate(base.data["lines"])}
    base.lines = dict.fromkeys(base.lines, document.lines[("changes",)])  # no fault may name a line of another file
    for line_id, changes in variant.changes.items():
        if line_id not in lines:
            document.fault(("changes", line_id), f"{variant.extends}没有“{line_id}”条", "已有的条目编号")
            continue
        if "id" in changes:
            document.fault(("changes", line_id, "id"), "改了条目编号", "不改编号", "请删去id")
            continue
        base.data["lines"][lines[line_id]].update(changes)
        _place_changes(base, document, lines[line_id], line_id)
    base.shown, base.faults = document.shown, document.faults
    digest = hashlib.sha256(base.bytes + document.bytes).hexdigest()
    for key, option in variant.readings.items():
        try:
            _options(readings, {key: option})
        except UsageError as error:
            document.fault(("readings", key), str(error).rstrip("。"), "已有的读法和选项")
    return _rubric(base, digest, variant.id).with_readings(variant.readings)


def _base_of(document: Document, extends: str) -> Document:
    """The file a variant extends; a rubric, not another variant."""
    try:
        base = Document(_find(extends))
    except UsageError as error:
        document.fault(("extends",), str(error).rstrip("。"), "已有的评分细则")
    else:
        if not (isinstance(base.data, dict) and "extends" in base.data):
            return base
        document.fault(("extends",), f"“{extends}”本身是变体", "不是变体的评分细则", "请直接扩展原细则")
    raise RubricError(f"细则变体{document.shown}不能使用", document.faults)


def _place_changes(base: Document, document: Document, n: int, line_id: str) -> None:
    """Let the places of line `n` of the base be those of the variant's change."""
    for where in [where for where in base.lines if where[:2] == ("lines", n)]:
        del base.lines[where]
    for where, number in document.lines.items():
        if where[:2] == ("changes", line_id):
            base.lines["lines", n, *where[2:]] = number


def diff(before: Rubric, after: Rubric) -> pd.DataFrame:
    """What changed between two rubrics, in words.

    Returns
    -------
    frame of text columns line, label, what, before, after; one row per changed field, rubric order, then
    added and removed lines, then readings; empty when nothing changed
    """
    rows: list[tuple[str, str, str, str, str]] = []
    old, new = ({line.id: line for line in rubric.lines} for rubric in (before, after))
    for line_id in [*old, *(line_id for line_id in new if line_id not in old)]:
        rows += _line_changes(line_id, old.get(line_id), new.get(line_id))
    for key in dict.fromkeys((*before.chosen, *after.chosen)):
        was, now = (r.choice_in_words(key) if key in r.chosen else "（无）" for r in (before, after))
        if was != now:
            question = (after if key in after.readings else before).readings[key].question
            rows.append((key, question, "读法", was, now))
    return pd.DataFrame(rows, columns=["line", "label", "what", "before", "after"], dtype=object)


def _line_changes(line_id: str, was: Line | None, now: Line | None) -> list[tuple[str, str, str, str, str]]:
    if was is None or now is None:
        line = was or now
        assert line is not None
        here = f"{line.text}（{plain(line.points)}分）"
        return [(line_id, line.label, "删去" if now is None else "新增", here if was else "", here if now else "")]
    rows: list[tuple[str, str, str, str, str]] = []
    for name, words in TEXT_FIELDS.items():
        a, b = getattr(was, name), getattr(now, name)
        if a != b:
            a, b = (plain(x) if isinstance(x, float | int) else x or "" for x in (a, b))
            rows.append((line_id, now.label, words, a, b))
    if was.rule_in_words() != now.rule_in_words() and (was.rule != now.rule):
        rows.append((line_id, now.label, "规则", was.rule_in_words(), now.rule_in_words()))
    if was.red_line != now.red_line:
        yes = {True: "是", False: "否"}
        rows.append((line_id, now.label, "红线", yes[was.red_line], yes[now.red_line]))
    return rows
