"""Counts of the ledgers on a day, by unit and kind of area: what a city's rates are made from."""

from collections.abc import Mapping

import pandas as pd

from chengxin.ledgers.definitions import Limits, View
from chengxin.ledgers.measures import disputes_in_time
from chengxin.ledgers.unit_settings import groups
from chengxin.ledgers.verification import clock, rates
from chengxin.settings import settings
from chengxin.store.schema import SETTING
from chengxin.workflow import inputs

COUNTED = ("in_use", "verified", "qualified", "cases", "timely", "due", "in_time")


def counted(books: Mapping[str, pd.DataFrame], days: Mapping[str, pd.Timestamp]) -> pd.DataFrame:
    """Counts of the ledgers in each period, by unit and kind of area.

    Parameters
    ----------
    books : from `read.books`
    days : period → the day on which its instruments and disputes are looked at; its filings on the last of all these
        days, as those of a year's fourth quarter are due in the next

    Returns
    -------
    columns period, unit, kind (empty for monitoring points), and those of COUNTED
    """
    known = max(days.values())
    judged = inputs.filings(books, None, known.date(), beside=False)
    over = judged[judged["due"] < known]  # of a quarter that is not over only filings in time would be known
    parts = [_counted(books, period, day, over[over["quarter"].str[:4] == period[:4]]) for period, day in days.items()]
    return pd.concat(parts, ignore_index=True)


def _counted(
    books: Mapping[str, pd.DataFrame], period: str, day: pd.Timestamp, filings: pd.DataFrame
) -> pd.DataFrame:  # fmt: skip
    """Counts of one period."""
    areas = books["area"].set_index("code")
    points = books["monitoring_point"].set_index("code")["unit"]
    tools = clock(books["instrument"], books["verification"], day.date())
    unit = tools["area"].map(areas["unit"]).astype("str").fillna(tools["point"].map(points).astype("str"))
    tools = tools.assign(unit=unit, kind=tools["area"].map(areas["kind"]).astype("str").fillna(""))
    parts = [rates(tools, ["unit", "kind"])[["in_use", "verified", "qualified"]]]
    year = period[:4]
    if year.isdigit():
        cases = pd.concat([
            _cases(View.of(books, (f"{year}-01-01", f"{year}-12-31", day), settings(values)), mine["code"])
            for values, mine in groups(books.get(SETTING.name), books["area"], day)
        ])  # fmt: skip
        keys = [cases["area"].map(areas[name]).astype("str").rename(name) for name in ("unit", "kind")]
        parts.append(cases.groupby(keys)[["part", "whole"]].sum().set_axis(["timely", "cases"], axis=1))
        parts.append(_filed(filings))
    out = pd.concat(parts, axis=1).fillna(0).astype("int64").rename_axis(["unit", "kind"]).reset_index()
    return out.reindex(columns=["unit", "kind", *COUNTED], fill_value=0).assign(period=period)


def _cases(view: View, areas: pd.Series) -> pd.DataFrame:
    """Disputes of some areas, settled in time or not."""
    rows = disputes_in_time(view, None, Limits()).rows  # type: ignore[arg-type]
    return rows[rows["area"].isin(areas)]


def _filed(filings: pd.DataFrame) -> pd.DataFrame:
    flags = pd.DataFrame({"due": 1, "in_time": filings["days_late"].isin([0]).astype(int)}, index=filings.index)
    return flags.groupby([filings["unit"].rename("unit"), pd.Series("", filings.index, name="kind")]).sum()
