"""The lab's own table: which counts come from samples, which lines the guidance counts twice, numbers to try."""

from functools import cache
from typing import Literal

from pydantic import Field

from chengxin.rubric.readings import Option
from chengxin.settings import Table, read_table
from chengxin.validation import Strict

Sample = Literal["merchants", "surveys"]


class Twice(Strict):
    """Two lines in which the guidance itself takes points for one fact."""

    lines: list[str] = Field(min_length=2, max_length=2)
    why: str
    source: str


class LabFile(Table):
    """``tables/lab.yaml``."""

    sampled: dict[str, Sample]
    trial_numbers: dict[str, float]
    double_counted: dict[str, list[Twice]]


@cache
def lab_table() -> LabFile:
    """The table; RubricError with every fault of the file."""
    return read_table("lab", LabFile)


def trial(key: str, option: str, number: str) -> Option | None:
    """The option to try: itself, or the table's number where a number is meant; None when the table has none."""
    return lab_table().trial_numbers.get(key) if option == number else option
