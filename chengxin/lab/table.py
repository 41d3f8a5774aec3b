"""The lab's own table: which counts come from samples, which lines the guidance counts twice, numbers to try.

And how a result shows itself: some rows of a frame as a small table, in a notebook and in a terminal.
"""

import html
from collections.abc import Mapping
from functools import cache
from typing import Literal

import pandas as pd
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


MOST_SHOWN = 20  # rows of a table in a notebook
FEW_SHOWN = 5  # rows in a terminal


def small_html(title: str, frame: pd.DataFrame, columns: Mapping[str, str]) -> str:
    """A title and the first rows of a frame as HTML that loads nothing; people's words are escaped.

    Parameters
    ----------
    title : Chinese
    frame : any number of rows; the first 20 are shown, then how many more there are
    columns : column → Chinese heading, in the order to show
    """
    rows = _first(frame, columns, MOST_SHOWN).to_html(index=False, escape=True, border=0)
    return f"<p>{html.escape(title)}</p>{rows}{_more(frame, MOST_SHOWN, '<p>{}</p>')}"


def small_text(title: str, frame: pd.DataFrame, columns: Mapping[str, str]) -> str:
    """The same in a few lines for a terminal: the first 5 rows; parameters as for `small_html`."""
    if frame.empty:
        return title
    rows = _first(frame, columns, FEW_SHOWN).to_string(index=False)
    return "\n".join(filter(None, [title, rows, _more(frame, FEW_SHOWN, "{}")]))


def _first(frame: pd.DataFrame, columns: Mapping[str, str], most: int) -> pd.DataFrame:
    rows = frame.head(most)[list(columns)]
    rows = rows.map(lambda value: f"{value:.2f}" if isinstance(value, float) and pd.notna(value) else value)
    return rows.astype(object).where(rows.notna(), "—").rename(columns=dict(columns))


def _more(frame: pd.DataFrame, most: int, words: str) -> str:
    return words.format(f"另有{len(frame) - most}行") if len(frame) > most else ""
