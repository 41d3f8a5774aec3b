"""What a rubric is: the official wording, the rule and our reading of every scored line, as frozen data."""

from collections.abc import Mapping
from datetime import date
from html import escape
from itertools import groupby
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from chengxin.rubric.readings import NUMBER, Option, Reading, choose, patched
from chengxin.rubric.rules import AnyRule, decimals, plain
from chengxin.validation import Strict

Section = Literal["base", "bonus", "deduction"]
ADDS = {"base": "得", "bonus": "加", "deduction": "扣"}
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]  # also the name of a file
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]


def _real_date(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError("日历上有的日期，形如2025-01-31") from None
    return text


def own_names(model: Strict) -> list[str]:
    """Fields and public names of a model without pydantic's, for completion."""
    own = {name for kind in type(model).__mro__ if kind.__module__ == __name__ for name in vars(kind)}
    return sorted({*type(model).model_fields, *(name for name in own if name[0] != "_" and name[:6] != "model_")})


class Source(Strict):
    """Where the wording comes from."""

    file: str
    annex: str


class Line(Strict):
    """One scored line: wording, points, rule, readings that touch it, and how to mend a loss."""

    id: Text
    number: int | None
    section: Section
    subject: str | None
    group: str | None
    group_points: float | None
    label: Text
    text: Text
    points: Annotated[float, Field(gt=0, le=1000), decimals(3)]
    rule: AnyRule
    readings: Annotated[tuple[str, ...], Field(strict=False)] = ()
    unit: str | None = None
    fact: str | None = None
    measure: str | None = None
    evidence: str | None = None
    remedy: str | None = None
    owner: str | None = None
    note: str | None = None
    red_line: bool = False

    def __dir__(self) -> list[str]:
        return own_names(self)

    def rule_in_words(self) -> str:
        """The line's rule in Chinese."""
        return self.rule.words(self.points, self.unit or "次", ADDS[self.section])

    def read(self, readings: Mapping[str, Reading], chosen: Mapping[str, Option]) -> "Line":
        """The line with its rule rewritten by the options chosen for the readings it lists."""
        rule = self.rule
        for key in self.readings:
            rule = patched(rule, readings[key].choice(chosen[key]).rule)
        return self if rule is self.rule else self.model_copy(update={"rule": rule})


class RubricFile(Strict):
    """What a rubric file holds."""

    id: Identifier
    title: str
    version: str
    source: Source
    full_marks: Annotated[float, Field(gt=0, le=1000)]
    sections: dict[Section, str]
    readings: dict[str, Reading]
    lines: Annotated[tuple[Line, ...], Field(strict=False, min_length=1)]


class VariantFile(Strict):
    """What a variant file holds: which rubric it changes, how, by whose approval and from when."""

    id: Identifier
    title: Text
    extends: str
    approved_by: Text
    effective_from: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_real_date)]
    why: Text
    changes: Annotated[dict[str, dict[str, Any]], Field(default_factory=dict)]
    readings: Annotated[dict[str, str | float], Field(default_factory=dict)]


class Rubric(RubricFile):
    """A loaded rubric: the file, which variant of it, the readings chosen and the hash of the bytes read."""

    changed_by: VariantFile | None = None
    sha256: str
    chosen: dict[str, Option]
    as_written: Annotated[tuple[Line, ...], Field(repr=False)]

    @property
    def variant(self) -> str | None:
        """Id of the variant; None for a rubric as its file has it."""
        return self.changed_by.id if self.changed_by else None

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
        chosen = self.chosen | choose(self.readings, choices)
        plain_lines = {line.id: line for line in self.as_written}
        lines = tuple(plain_lines[line.id].read(self.readings, chosen) for line in self.lines)
        return self.model_copy(update={"lines": lines, "chosen": chosen})

    def __dir__(self) -> list[str]:
        return own_names(self)

    def __repr__(self) -> str:
        return "\n".join([self.title, *(f"  {head}：{words}" for head, words in self._summary())])

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """What a notebook shows of it: a small table."""
        rows = "".join(f"<tr><th>{escape(head)}</th><td>{escape(words)}</td></tr>" for head, words in self._summary())
        return f"<table><caption>{escape(self.title)}</caption>{rows}</table>"

    def _summary(self) -> list[tuple[str, str]]:
        """Version, groups with their points, and readings, each with its heading."""
        base = [line for line in self.lines if line.section == "base"]
        parts = [f"{name}{plain(sum(base[n].points for n in places))}分" for name, places in groups(self)]
        more = [f"变体{self.variant}"] if self.variant else []
        return [
            ("版本", "，".join([self.version, *more])),
            ("条目", f"{len(self.lines)}条，基本项满分{plain(self.full_marks)}分"),
            ("分组", "、".join(parts)),
            ("读法", "；".join(f"{key}：{self.choice_in_words(key)}" for key in self.chosen)),
        ]


def groups(rubric: Rubric) -> list[tuple[str, list[int]]]:
    """Printed groups of the base lines (检查内容, runs of one subject and group) with positions among them.

    >>> from chengxin.rubric.load import load_rubric
    >>> groups(load_rubric("street"))[0]
    ('计量器具合格率', [0])
    """
    base = [line for line in rubric.lines if line.section == "base"]
    runs = groupby(range(len(base)), key=lambda n: (base[n].subject, base[n].group))
    return [(str(group or base[members[0]].label), members) for (_, group), run in runs if (members := list(run))]
