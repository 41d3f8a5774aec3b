"""Readings: points that the guidance leaves open, each a named switch with options.

An option may set parameters of the rules of the lines that list the reading; five readings change how a total
is made instead. Scoring therefore never knows about single readings of lines.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, TypeAdapter, field_validator

from chengxin.errors import UsageError
from chengxin.rubric.rules import AnyRule, Limit
from chengxin.validation import Strict

Option = str | float
NUMBER = "NUMBER"  # option key that stands for "a number given by the user"
# the readings that totals know, and their options; any other reading works through the lines that list it
OF_TOTALS = {
    "not_applicable": ("full", "rescale", "zero"),
    "bonus_cap": ("none", NUMBER),
    "ceiling": ("none", NUMBER),
    "floor": ("zero", "none"),
    "red_line": ("flag", "cap"),
}


class Choice(Strict):
    """One option of a reading: its words, what it sets on rules, and a number where it needs one."""

    text: str
    rule: dict[str, Any] = Field(default_factory=dict)
    at: Limit | None = None


class Reading(Strict):
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

    def choice(self, option: Option) -> Choice:
        """The choice of an option; a number takes that of NUMBER."""
        return self.options[option if isinstance(option, str) else NUMBER]


def choose(readings: Mapping[str, Reading], choices: Mapping[str, Option]) -> dict[str, Option]:
    """Options said by a person, checked.

    Parameters
    ----------
    readings : what can be chosen
    choices : reading → option, or a number (also as text) where the reading takes one

    Returns
    -------
    the same with numbers as float

    Raises
    ------
    UsageError : an unknown reading or option, all of them in one message
    """
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
            names = ["数字（0至1000000，最多3位小数）" if name == NUMBER else name for name in options]
            wrong.append(f"读法“{key}”没有选项“{option}”，可用：{'、'.join(names)}")
    if wrong:
        raise UsageError("；".join(wrong) + "。")
    return said


def _number(option: Any) -> float | None:
    try:
        number = float("" if isinstance(option, bool) else option)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number <= 1e6 and round(number, 3) == number else None


def patched(rule: Any, patch: Mapping[str, Any]) -> Any:
    """A rule with some parameters set; another `kind` starts afresh. Raises pydantic's ValidationError."""
    if not patch:
        return rule
    kept = rule.model_dump() if patch.get("kind", rule.kind) == rule.kind else {}
    return TypeAdapter(AnyRule).validate_python({**kept, **patch})
