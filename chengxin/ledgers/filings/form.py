"""The printed form of monitoring points (附件2) as data: its 15 items, their good answers and the counts they carry."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from chengxin.errors import RubricError
from chengxin.paths import place
from chengxin.validation import Strict, check
from chengxin.yamlfile import Document

Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[list[Text], Field(min_length=1)]
CODES = ("yes", "no", "none")  # how data write an answer; the form gives the words
IRREGULAR = ("missing", "late", "incomplete", "contradictory", "overstated")
RULES = ("filing", "check", "rectify", "merchant", "cancel")


class Source(Strict):
    """Which annex of which file the form is."""

    file: Text
    annex: Text


class Rule(Strict):
    """A sentence of the guidance and where it stands."""

    place: Text
    text: Text

    def quoted(self) -> str:
        """The sentence with its place, for a reason."""
        return f"{self.place}：“{self.text.rstrip('。')}”"


class Irregular(Strict):
    """One way of filing badly, and whether it counts towards cancellation."""

    text: Text
    counts: bool
    source: Text


class Question(Strict):
    """A question that counts answer: good when part equals whole."""

    id: Text
    label: Text
    part: Text
    whole: Text
    rate: Text | None = None


class AtMost(Strict):
    """Counts whose sum cannot be above another."""

    of: Text
    parts: Texts


class LedgerCheck(Strict):
    """What a ledger says about an item: a count that must equal the filing's, or one the filing must admit."""

    measure: Literal["in_use", "overdue", "uncalibrated", "unregistered", "unscanned", "broken_seal", "no_commitment"]
    text: Text
    equals: Text | None = None
    part: Text | None = None
    whole: Text | None = None


class Item(Strict):
    """One of the printed items."""

    id: Annotated[str, Field(pattern="^[1-9][0-9]*$")]
    text: Text
    label: Text
    favourable: Texts
    counts: Annotated[dict[str, Text], Field(default_factory=dict)]
    unit: str = ""
    blank: str | None = None
    none_if_zero: str | None = None
    at_most: AtMost | None = None
    questions: Annotated[list[Question], Field(default_factory=list)]
    ledger: Annotated[list[LedgerCheck], Field(default_factory=list)]
    evidence: Text
    remedy: Text
    note: str = ""

    @property
    def number(self) -> int:
        """The printed number."""
        return int(self.id)

    @property
    def allowed(self) -> set[str]:
        """Answers that mean something here: yes, no, and what else is favourable."""
        return {"yes", "no", *self.favourable}


class FormFile(Strict):
    """``monitoring_point.yaml``."""

    id: Text
    title: Text
    version: Text
    source: Source
    head: Texts
    columns: dict[str, Text]
    kit: dict[str, Text]
    answers: dict[str, Text]
    rules: dict[str, Rule]
    irregular: dict[str, Irregular]
    items: Annotated[list[Item], Field(min_length=1)]


@dataclass(frozen=True)
class Form:
    """The form as read from its file.

    Parameters
    ----------
    items : in printed order
    head, columns, answers : as printed; answers by their code in the data
    kit : what the kit keeps beside the printed form
    rules : the guidance's sentences behind filing, checking, rectifying, honour and cancellation
    irregular : ways of filing badly
    """

    title: str
    head: tuple[str, ...]
    columns: Mapping[str, str]
    kit: Mapping[str, str]
    answers: Mapping[str, str]
    rules: Mapping[str, Rule]
    irregular: Mapping[str, Irregular]
    items: tuple[Item, ...]

    @property
    def counts(self) -> dict[str, str]:
        """Every count of every item with its Chinese name."""
        return {name: said for item in self.items for name, said in item.counts.items()}

    @property
    def rates(self) -> dict[str, tuple[str, str]]:
        """Every rate with its part and its whole."""
        return {q.rate: (q.part, q.whole) for item in self.items for q in item.questions if q.rate}


def load_form(path: Path | None = None) -> Form:
    """Read the form strictly.

    Parameters
    ----------
    path : another file than the kit's ``rubrics/monitoring_point.yaml``

    Raises
    ------
    RubricError : every fault of the file with file:line, what is wrong and what is expected
    """
    path = path or place("rubrics") / "monitoring_point.yaml"
    document = Document(path, f"rubrics/{path.name}")
    model = check(document, FormFile)
    if isinstance(model, FormFile):
        for where, found, expected in _wrong(model):
            document.fault(where, found, expected)
    if document.faults or not isinstance(model, FormFile):
        raise RubricError(f"{path.name}没有读入", document.faults)
    parts = {name: getattr(model, name) for name in ("title", "columns", "kit", "answers", "rules", "irregular")}
    return Form(head=tuple(model.head), items=tuple(model.items), **parts)


_Wrong = Iterator[tuple[tuple[str | int, ...], str, str]]


def _wrong(form: FormFile) -> _Wrong:
    for name, needed in (("answers", CODES), ("irregular", IRREGULAR), ("rules", RULES)):
        if set(getattr(form, name)) != set(needed):
            yield (name,), "、".join(getattr(form, name)), "、".join(needed)
    carried = [name for item in form.items for name in item.counts]
    rates = [question.rate for item in form.items for question in item.questions if question.rate]
    for name in sorted({name for name in [*carried, *rates] if (carried + rates).count(name) > 1}):
        yield ("items",), f"“{name}”出现多次", "每个件数、比率只有一个名称"
    for n, item in enumerate(form.items):
        if item.number != n + 1:
            yield ("items", n, "id"), f"“{item.id}”", f"从1起连续的序号（此处为{n + 1}）"
        for answer in sorted(set(item.favourable) - set(CODES)):
            yield ("items", n, "favourable"), f"“{answer}”", "、".join(CODES)
        yield from _wrong_counts(n, item, carried)


def _wrong_counts(n: int, item: Item, carried: list[str]) -> _Wrong:
    """Names of counts that no item carries (or, for the item's own blanks, that this item does not carry)."""
    for key in ("blank", "none_if_zero"):
        name = getattr(item, key)
        if name is not None and name not in item.counts:
            yield ("items", n, key), f"“{name}”", "、".join(item.counts) or "本项counts中的件数"
    for part, entries in (("questions", item.questions), ("ledger", item.ledger)):
        for m, entry in enumerate(entries):
            for key in ("part", "whole", "equals"):
                name = getattr(entry, key, None)
                if name is not None and name not in carried:
                    yield ("items", n, part, m, key), f"“{name}”", "、".join(carried)
    for m, entry in enumerate(item.ledger):
        for name in set(re.findall(r"{\w*}|[{}]", entry.text)) - {"{held}", "{said}"}:
            yield ("items", n, "ledger", m, "text"), f"“{name}”", "{held}或{said}"
    if item.at_most:
        for name in (item.at_most.of, *item.at_most.parts):
            if name not in carried:
                yield ("items", n, "at_most"), f"“{name}”", "、".join(carried)
