"""The monitoring points of a city or unit in one quarter: filings, self-check against on-site check, instruments due,
candidates.

`watched` judges everything once as of a day, by the modules that hold the rules; the functions below only select and
sum.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from chengxin.errors import UsageError
from chengxin.lab.agreement import by as agreed_by
from chengxin.ledgers.filings.form import load_form
from chengxin.ledgers.filings.judge import DIRECTIONS, checked, summary
from chengxin.ledgers.filings.quarters import day_in_words
from chengxin.ledgers.unit_settings import said as own_settings
from chengxin.ledgers.verification import barred, clock
from chengxin.ledgers.verification import due as due_within
from chengxin.settings import settings
from chengxin.store import read as readers
from chengxin.store.schema import ANSWER, COMMITMENT, DECISION, FILING, INSTRUMENT, POINT, SETTING, VERIFICATION
from chengxin.workflow import inputs
from chengxin.workflow.cache import fresh

BOOKS = tuple(table.name for table in (POINT, INSTRUMENT, VERIFICATION, COMMITMENT, FILING, ANSWER, DECISION))
WRONG = ("late", "returned", "missing")
ABOUT = ["name", "unit", "short_name", "sector"]


@dataclass(frozen=True)
class Watch:
    """All monitoring points that the reader may see, as of a day.

    units : as `read.units`; judged : as `judge.judge`, all quarters, with short_name; checked : as
    `judge.checked`, checked by the day, with short_name and name; tools : as `verification.clock`, those of points,
    with ABOUT and held (name of the point); own : sentences on units' own settings
    """

    as_of: date
    demo: bool
    units: pd.DataFrame
    judged: pd.DataFrame
    checked: pd.DataFrame
    tools: pd.DataFrame
    own: list[str]

    @property
    def quarters(self) -> list[str]:
        """Quarters that were judged, oldest first."""
        return sorted(set(self.judged["quarter"]))

    def of(self, unit: str | None) -> "Watch":
        """What belongs to one unit; None: everything."""
        if unit is None:
            return self
        parts = {name: getattr(self, name) for name in ("judged", "checked", "tools")}
        return replace(self, **{name: frame[frame["unit"] == unit] for name, frame in parts.items()})

    @property
    def settled(self) -> str:
        """The newest quarter for which no filing can come in time any more; the newest at all where there is none."""
        done = [each for each in self.quarters if not self.deadline(each)]
        return (done or self.quarters)[-1]

    def deadline(self, quarter: str) -> date | None:
        """The last day on which filings of a quarter are in time; None when it is over."""
        last = self.judged.loc[self.judged["quarter"] == quarter, "due"].max()
        return last.date() if last >= pd.Timestamp(self.as_of) else None

    def before(self, quarter: str) -> str | None:
        """The quarter before one, None for the first."""
        earlier = [each for each in self.quarters if each < quarter]
        return earlier[-1] if earlier else None


def read(engine: Engine) -> dict[str, Any]:
    """What the database holds of monitoring points, for `watched`: read once, judged for any day.

    Parameters
    ----------
    engine : from `open_store`

    Raises
    ------
    UsageError : there is no monitoring point
    """
    books = readers.books(engine, BOOKS)
    if books[POINT.name].empty:
        raise UsageError("还没有登记监测点；请先导入监测点名录。")
    return {**books, "units": readers.units(engine), "work": readers.assessments(engine), "kept": {}}


def latest(engine: Engine) -> dict[str, Any]:
    """As `read`, which is asked again only when the data have changed since, or for another reader."""
    return fresh("pointwatch", engine, read)


def on(books: dict[str, Any], as_of: date) -> Watch:
    """As `watched`, which is kept for the day last asked for."""
    if as_of not in books["kept"]:
        books["kept"] = {as_of: watched(books, as_of)}
    kept: Watch = books["kept"][as_of]
    return kept


def watched(books: Mapping[str, Any], as_of: date) -> Watch:
    """Judge all filings and instruments as of a day.

    Parameters
    ----------
    books : from `read`
    as_of : what was submitted, checked or verified later is not yet known

    Raises
    ------
    UsageError : no filing was due by the day
    """
    units, points = books["units"], books[POINT.name]
    names = dict(zip(units["code"], units["short_name"], strict=True))
    judged = inputs.filings(books, None, as_of)
    judged = judged[judged["state"].notna()].assign(short_name=judged["unit"].map(names)).reset_index(drop=True)
    if judged.empty:
        raise UsageError(f"截至{day_in_words(as_of)}还没有监测点应报季报；请核对截至日期和监测点的设立日期。")
    about = points.assign(short_name=points["unit"].map(names)).set_index("code")[ABOUT]
    filings = books[FILING.name]
    filings = filings[filings["checked_on"] <= pd.Timestamp(as_of)]
    answers = books[ANSWER.name]
    both = checked(load_form(), answers[answers["filing"].isin(filings["id"])], filings, points)
    both = both.drop(columns=["unit", "sector"]).join(about, on="point")
    tools = clock(books[INSTRUMENT.name], books[VERIFICATION.name], as_of)
    tools = tools[tools["point"].isin(about.index)].join(about.rename(columns={"name": "held"}), on="point")
    own = own_settings(books[SETTING.name], names, as_of, ["filing"])
    demo = bool(books["work"]["demo"].any())
    return Watch(as_of, demo, units, judged, both, tools.reset_index(drop=True), own)


def chosen(
    watch: Watch, quarter: str | None = None, unit: str | None = None
) -> tuple[tuple[str, str | None], list[str]]:
    """A quarter and a unit checked against what there is; texts may come from an address.

    Parameters
    ----------
    quarter : default `Watch.settled`
    unit : code of a reporting unit; empty or None: all

    Returns
    -------
    quarter and unit, the default for what does not exist; sentences on what does not exist, with what does
    """
    wrong = []
    if quarter and quarter not in watch.quarters:
        wrong.append(f"没有季度“{quarter[:40]}”；可用：{'、'.join(watch.quarters)}。")
        quarter = None
    names = dict(zip(watch.units["code"], watch.units["short_name"], strict=True))
    there = {code: name for code, name in names.items() if code in set(watch.judged["unit"])}
    if unit and unit not in there:
        listed = "、".join(f"{code}（{name}）" for code, name in there.items())
        wrong.append(f"没有填报单位“{unit[:40]}”，或其没有监测点、您无权查看；可用：{listed}。")
        unit = None
    return (quarter or watch.settled, unit or None), wrong


def filed(watch: Watch, quarter: str | None, by: str) -> pd.DataFrame:
    """Filings by state, the lowest share in time first.

    Parameters
    ----------
    quarter : None: all
    by : ``short_name``, ``sector`` or ``quarter``

    Returns
    -------
    rows of `judge.summary` with whole (due now or later); in_time_rate is None while filings may still come in
    time; a quarter's rows in the order of time
    """
    rows = watch.judged if quarter is None else watch.judged[watch.judged["quarter"] == quarter]
    made = summary(rows, by)
    waits = made[by].isin(rows.loc[rows["due"] >= pd.Timestamp(watch.as_of), by])
    made = made.assign(whole=made["due"] + made["not_due"], in_time_rate=made["in_time_rate"].mask(waits, None))
    if by == "quarter":
        return made.sort_values("quarter", ignore_index=True)
    order = pd.to_numeric(made["in_time_rate"])
    return made.assign(order=order).sort_values("order", kind="stable", ignore_index=True).drop(columns="order")


def wanting(watch: Watch, quarter: str) -> pd.DataFrame:
    """Filings of a quarter that are not in order: missing, late (the latest first), returned."""
    rows = watch.judged[(watch.judged["quarter"] == quarter) & watch.judged["state"].isin(WRONG)]
    rank = {"missing": 0, "late": 1, "returned": 2}
    late = pd.to_numeric(rows["days_late"]).fillna(0)
    return rows.assign(rank=rows["state"].map(rank), late=-late).sort_values(
        ["rank", "late", "point"], kind="stable", ignore_index=True
    )


def agreement(watch: Watch, quarter: str, keys: list[str]) -> pd.DataFrame:
    """Self-check against on-site check of a quarter: rows of `agreement.by` on good or not."""
    rows = watch.checked[watch.checked["quarter"] == quarter]
    return agreed_by(rows, keys, "self_good", "check_good", [True, False])


def differing(watch: Watch, quarter: str) -> pd.DataFrame:
    """Items in which the on-site check says something else, 虚报 first: rows of `checked`."""
    rows = watch.checked[(watch.checked["quarter"] == quarter) & watch.checked["direction"].notna()]
    order = {name: n for n, name in enumerate(DIRECTIONS)}
    keys = {"way": rows["direction"].map(order), "number": rows["item"].astype(int)}
    return rows.assign(**keys).sort_values(["way", "point", "number"], kind="stable", ignore_index=True)


def instruments(watch: Watch) -> pd.DataFrame:
    """Instruments that are out of date or soon will be: rows of `Watch.tools` with class (out, urgent, soon).

    Out of date first, the longest first; those that never were in date lead.
    """
    out = watch.tools[barred(watch.tools)].assign(group="out")
    near = due_within(watch.tools, int(settings()["due_soon_days"]))
    near = near[~near["overdue"]]
    urgent = near["days_left"] <= int(settings()["due_urgent_days"])
    near = near.assign(group=np.where(urgent, "urgent", "soon"))
    out = out.sort_values(["days_left", "id"], na_position="first", kind="stable")
    return pd.concat([out, near], ignore_index=True)


def candidates(watch: Watch, quarter: str, kind: str) -> pd.DataFrame:
    """Points on which a person has to decide: rows of the judged filings.

    Parameters
    ----------
    kind : ``merchant`` (to be recommended) or ``cancel``

    Returns
    -------
    rows of `judge.judge` with reason (a sentence) and decision (empty where nobody has decided)
    """
    rows = watch.judged[(watch.judged["quarter"] == quarter) & (watch.judged[f"{kind}_reason"] != "")]
    rows = rows.assign(reason=rows[f"{kind}_reason"], decision=rows[f"decision_{kind}"])
    return rows.sort_values("point", ignore_index=True)
