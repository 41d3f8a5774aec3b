"""Quarters: their end, the day a filing is due, which points had to file, and runs of quarters in a row."""

import re
from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chengxin.errors import UsageError

NAMES = "一二三四"


def day_in_words(day: date) -> str:
    """2025年4月15日."""
    return f"{day.year}年{day.month}月{day.day}日"


def in_words(quarter: str) -> str:
    """2025Q1 → 2025年第一季度."""
    return f"{quarter[:4]}年{season(quarter)}"


def season(quarter: str) -> str:
    """2025Q1 → 第一季度, for where the year is said once; 合计 stays as it is."""
    return f"第{NAMES[int(quarter[-1]) - 1]}季度" if re.fullmatch(r"\d{4}Q[1-4]", quarter) else quarter


def period(quarter: str) -> pd.Period:
    """A quarter as pandas has it.

    Raises
    ------
    UsageError : not a quarter

    >>> period("2025Q4").end_time.date().isoformat()
    '2025-12-31'
    """
    if not re.fullmatch(r"[0-9]{4}Q[1-4]", str(quarter)):
        raise UsageError(f"季度“{quarter}”写法有误，应为形如2026Q3的季度。")
    return pd.Period(quarter, "Q")


def days(cells: pd.Series) -> pd.Series:
    """A column of dates (dates, texts or empty) as timestamps."""
    return pd.to_datetime(cells.astype(object)).astype("datetime64[s]")


def due(
    points: pd.DataFrame, filed: pd.Series, quarter: str | None, as_of: date, due_days: int | float
) -> pd.DataFrame:
    """Which points had to file for which quarters, from the first quarter anybody filed for.

    A point had to file when it was accepted by the end of the quarter and not cancelled before that end.

    Parameters
    ----------
    points : code, accepted_on, cancelled_on, and name, unit, sector where known
    filed : quarters for which there are filings
    quarter : the last quarter (default: the last that has ended)
    due_days : days after the end of a quarter within which a filing is in time

    Returns
    -------
    point, name, unit, sector, quarter, end, due: each point's quarters together and in order

    Raises
    ------
    UsageError : not a quarter
    """
    today = pd.Period(as_of, "Q")
    ended = today if today.end_time.date() <= as_of else today - 1
    last = period(quarter) if quarter else ended
    first = min([last, *map(period, filed.unique())])
    spans = pd.period_range(first, last, freq="Q")
    known = points.reindex(columns=["code", "name", "unit", "sector", "accepted_on", "cancelled_on"])
    every = np.repeat(np.arange(len(known)), len(spans))
    rows = known.rename(columns={"code": "point"}).iloc[every].reset_index(drop=True)
    end = spans.to_timestamp(how="end").normalize().astype("datetime64[s]")
    rows["quarter"] = np.tile(spans.astype(str), len(known))
    rows["end"] = np.tile(end, len(known))
    rows["due"] = rows["end"] + pd.Timedelta(days=due_days)
    accepted, cancelled = days(rows["accepted_on"]), days(rows["cancelled_on"])
    there = (accepted <= rows["end"]) & ~(cancelled < rows["end"])
    return rows[there].drop(columns=["accepted_on", "cancelled_on"]).reset_index(drop=True)


def runs(flags: NDArray[np.bool_], who: pd.Series, before: Mapping[str, int] | None = None) -> NDArray[np.intp]:
    """How many rows in a row, up to each row, carry a flag.

    Parameters
    ----------
    flags : one per row
    who : whose the row is; each one's rows stand together
    before : whose → flagged rows just before its first one

    >>> runs(np.array([True, True, False, True, True]), pd.Series(list("aaaab")), {"b": 2}).tolist()
    [1, 2, 0, 1, 3]
    """
    place = np.arange(len(flags))
    first = place[(who != who.shift()).to_numpy(bool)]
    start = np.repeat(first, np.diff([*first, len(flags)]))
    broken = np.maximum.accumulate(np.where(flags, -1, place)) if len(flags) else place
    whole = broken < start
    earlier = who.map(dict(before or {})).fillna(0).to_numpy(int)
    return np.where(flags, place - np.where(whole, start - 1, broken) + np.where(whole, earlier, 0), 0)
