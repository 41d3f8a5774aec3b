"""What a measure is: its definition in words, the ledgers it looks at, and what it finds.

What each measure counts, of what, and by which reading of the guidance, stands in ``rubrics/tables/measures.yaml``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from chengxin.ledgers.verification import clock, dates, in_use
from chengxin.settings import Number, Table, read_table
from chengxin.validation import Strict


class Limits(Strict):
    """What one line counts where it differs from the other lines of its measure."""

    levels: list[str] | None = None  # of events
    own: bool = False  # not what belongs to merchants and points
    shown: list[str] | None = None  # where commitments are displayed


class Measure(Strict):
    """What a measure counts, in words."""

    name: str
    counts: str
    of: str | None
    empty: str
    reading: str
    alternatives: list[str]
    ledgers: list[str]
    lines: dict[str, Limits] = Field(default_factory=dict)  # by rubric/line


class MeasuresFile(Table):
    """``tables/measures.yaml``."""

    measures: dict[str, Measure]


@cache
def definitions() -> Mapping[str, Measure]:
    """All measures with name, definition, reading and its alternatives."""
    return read_table("measures", MeasuresFile).measures


def ledgers() -> set[str]:
    """Names of the tables that measures look into."""
    return {"instrument", "verification", *(name for each in definitions().values() for name in each.ledgers)}


@dataclass(frozen=True)
class View:
    """The ledgers as one evaluation sees them: a period from start to end, facts known by as_of."""

    books: Mapping[str, pd.DataFrame]
    instruments: pd.DataFrame  # from `verification`
    start: np.datetime64
    end: np.datetime64
    as_of: np.datetime64
    settings: Mapping[str, Number]

    @classmethod
    def of(
        cls, books: Mapping[str, pd.DataFrame], days: tuple[Any, Any, Any], settings: Mapping[str, Number]
    ) -> "View":
        """The view of one period; days: its start, its end, the as-of date."""
        start, end, as_of = (np.datetime64(day, "D") for day in days)
        instruments = clock(books["instrument"], books["verification"], pd.Timestamp(as_of))
        return cls(books, instruments, start, min(end, as_of), as_of, settings)

    def within(self, name: str, day: str) -> pd.DataFrame:
        """Rows of a ledger with a day in the period."""
        when = dates(self.books[name][day])
        return self.books[name][(when >= self.start) & (when <= self.end)]

    def kept(self, name: str, day: str) -> pd.Index:
        """Areas of which a ledger holds anything by the as-of date."""
        return areas_of(self.books[name][self.by(self.books[name][day])])

    def by(self, column: pd.Series) -> Any:
        """True where a day is not after the as-of date (False where missing)."""
        return dates(column) <= self.as_of

    def in_use(self, management: str | None = None) -> pd.DataFrame:
        """Instruments in use, of one kind of management or all."""
        return self.instruments[in_use(self.instruments, management)]

    def open_merchants(self) -> pd.DataFrame:
        """Merchants in business."""
        return self.books["merchant"][self.books["merchant"]["status"] == "open"]

    def merchants_kept(self) -> pd.Index:
        """Areas of which the instrument ledger holds a merchant's instrument."""
        merchants = self.books["merchant"]
        return areas_of(merchants[merchants["code"].isin(self.instruments["merchant"].dropna())])


@dataclass(frozen=True)
class Tally:
    """What a measure found.

    rows: the ledger rows behind it; area, ledger, id, counted (earns or costs), said, and part, whole where a row is
    more than one. areas: those with a value, be it 0. of: whether the wholes are the denominator.
    """

    rows: pd.DataFrame
    areas: pd.Index
    of: bool = False
    notes: Mapping[str, str] | None = None


def rows(
    frame: pd.DataFrame, ledger: str, counted: Any, said: Any, part: Any = None, whole: Any = None
) -> pd.DataFrame:
    """Ledger rows as evidence; part and whole default to counted and 1."""
    counted = np.broadcast_to(np.asarray(counted, bool), len(frame))
    return pd.DataFrame({
        "area": frame["area"].to_numpy(), "ledger": ledger, "id": frame["id"].to_numpy(), "counted": counted,
        "said": np.asarray(said, object), "part": counted.astype(float) if part is None else np.asarray(part, float),
        "whole": 1.0 if whole is None else np.asarray(whole, float),
    })  # fmt: skip


def areas_of(frame: pd.DataFrame) -> pd.Index:
    """Areas that occur."""
    return pd.Index(frame["area"].dropna().unique())


def happened(found: pd.DataFrame) -> Tally:
    """A tally of bonus and deduction lines: an area without a counted row has no value."""
    return Tally(found, areas_of(found[found["counted"]]))


def text(days: Any) -> Any:
    """Days as 2026年3月19日, empty where missing.

    Parameters
    ----------
    days : a column, or an array of datetime64
    """
    codes, known = pd.factorize(pd.DatetimeIndex(dates(days) if isinstance(days, pd.Series) else days))
    words = [f"{day.year}年{day.month}月{day.day}日" for day in known]
    return np.array([*words, ""], object)[codes]  # a missing day has code −1


def looked_up(keys: pd.Series, texts: pd.Series | Mapping[str, str]) -> pd.Series:
    """The text of every key, missing where there is none; text also when nothing is found."""
    return keys.map(texts).astype("str")


def true(column: pd.Series) -> Any:
    """True where a flag is set; blank is not."""
    return column.eq(True).fillna(False).to_numpy(bool)


def joined(size: int, said: Mapping[str, Any]) -> Any:
    """For every row the texts that hold, joined."""
    out = np.full(size, "", object)
    for text, holds in said.items():
        out = np.where(np.asarray(holds, bool), np.where(out == "", text, out + ("、" + text)), out)
    return out
