"""The yearly monitoring plan: whom to visit and why, proposed from risk; the rest drawn with a recorded seed."""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from chengxin.ledgers.verification import barred
from chengxin.settings import Number, Table, read_table, settings
from chengxin.validation import Strict

QUARTERS = 4
SUBJECTS = ("point", "merchant", "area")
COLUMNS = ("subject", "kind", "trigger", "count")


class Trigger(Strict):
    """One case in which a subject is to be visited."""

    title: str
    text: str
    source: str


class PlanFile(Table):
    """``tables/plan.yaml``."""

    source: str
    parts: dict[str, str]
    triggers: dict[str, Trigger]
    drawn: str


@dataclass(frozen=True)
class Plan:
    """A proposed plan.

    ``visits`` has one row a visit: unit, quarter (1–4), kind (point, merchant or area), subject, name, way
    (重点 or 随机), reason; ``seed`` and ``as_of`` are recorded so that it can be made again.
    """

    year: int
    seed: int
    as_of: date
    parts: dict[str, str]
    visits: pd.DataFrame


@cache
def wording() -> PlanFile:
    """Parts and triggers of the plan with their source."""
    return read_table("plan", PlanFile)


def propose(
    books: Mapping[str, pd.DataFrame],
    clocked: pd.DataFrame,
    judged: pd.DataFrame,
    *,
    year: int,
    as_of: date,
    seed: int,
    values: Mapping[str, Number] | None = None,
) -> Plan:
    """Propose the visits of a year.

    Parameters
    ----------
    books : ledgers by table name, from `read.books`
    clocked : instruments with their state on `as_of`, from `verification.clock`
    judged : filings by point and quarter, from `judge.judge`
    year : the year planned
    as_of : the last day of what is known; events of the year before it count
    seed : of the random draws, one generator a reporting unit
    values : settings; default the kit's
    """
    values = values or settings()
    found = pd.concat(
        [
            _complaints(books["complaint"], as_of, values),
            _cheating(books, as_of),
            _instruments(clocked, values),
            _filings(judged, as_of, values),
            _improvements(books, as_of),
        ],
        ignore_index=True,
    )
    subjects = _subjects(books, as_of)
    risky = _reasons(found, values).join(subjects.set_index(["kind", "subject"]), on=["kind", "subject"], how="inner")
    rest = subjects[(subjects["kind"] == "point") & ~subjects["subject"].isin(risky["subject"])]
    visits = pd.concat([risky.assign(way="重点"), _drawn(rest, seed, values)], ignore_index=True)
    return Plan(year, seed, as_of, wording().parts, _spread(visits))


def _last_year(when: pd.Series, as_of: date) -> pd.Series:
    day = pd.Timestamp(as_of)
    return (when > day - pd.DateOffset(years=1)) & (when <= day)


def _tally(rows: pd.DataFrame, trigger: str, least: Number = 1) -> pd.DataFrame:
    """Rows counted by whose they are: the point's, else the merchant's, else the area's."""
    kind = np.select([rows[name].notna() for name in SUBJECTS], SUBJECTS, default="")
    subject = rows["point"].fillna(rows["merchant"]).fillna(rows["area"])
    counted = pd.DataFrame({"subject": subject.astype("str"), "kind": kind}).value_counts(sort=False).reset_index()
    return counted[counted["count"] >= least].assign(trigger=trigger)[list(COLUMNS)]


def _complaints(complaints: pd.DataFrame, as_of: date, values: Mapping[str, Number]) -> pd.DataFrame:
    about = (complaints["topic"] == "measurement") & _last_year(complaints["received_on"], as_of)
    owned = complaints["point"].notna() | complaints["merchant"].notna()
    return _tally(complaints[about & owned], "complaints", values["plan_many_complaints"])


def _cheating(books: Mapping[str, pd.DataFrame], as_of: date) -> pd.DataFrame:
    complaints, violations = books["complaint"], books["violation"]
    suspected = complaints[
        (complaints["cheating"] == True)  # noqa: E712 — the column holds None as well
        & _last_year(complaints["received_on"], as_of)
    ]
    proved = violations[(violations["kind"] == "tampering") & _last_year(violations["found_on"], as_of)]
    owners = list(SUBJECTS)
    return _tally(pd.concat([suspected[owners], proved[owners]], ignore_index=True), "cheating")


def _instruments(clocked: pd.DataFrame, values: Mapping[str, Number]) -> pd.DataFrame:
    return _tally(clocked[barred(clocked, "mandatory")], "instruments", values["plan_overdue_instruments"])


def _filings(judged: pd.DataFrame, as_of: date, values: Mapping[str, Number]) -> pd.DataFrame:
    poor = judged["state"].isin(["late", "missing"]) | judged["status"].isin(["missing", "cancel_review"])
    recent = _last_year(pd.to_datetime(judged["due"]), as_of)
    rows = judged.loc[poor & recent, ["point"]].assign(merchant=None, area=None)
    return _tally(rows, "filings", values["plan_irregular_filings"])


def _improvements(books: Mapping[str, pd.DataFrame], as_of: date) -> pd.DataFrame:
    items = books["improvement"]
    late = items[(items["state"] == "open") & (items["due_on"] < pd.Timestamp(as_of))]
    areas = books["assessment"].set_index("id")["area"]
    rows = pd.DataFrame({"area": late["assessment"].map(areas), "merchant": None, "point": None})
    return _tally(rows, "improvements")


def _subjects(books: Mapping[str, pd.DataFrame], as_of: date) -> pd.DataFrame:
    """Everybody who can be visited: kind, subject, name, unit."""
    points, merchants, areas = books["monitoring_point"], books["merchant"], books["area"]
    day = pd.Timestamp(as_of)
    there = (points["accepted_on"] <= day) & ~(points["cancelled_on"] <= day)
    unit = areas.set_index("code")["unit"]
    rows = [
        points[there].assign(kind="point"),
        merchants[merchants["status"] == "open"].assign(kind="merchant", unit=lambda f: f["area"].map(unit)),
        areas[areas["status"] != "withdrawn"].assign(kind="area"),
    ]
    frames = [frame.rename(columns={"code": "subject"})[["kind", "subject", "name", "unit"]] for frame in rows]
    return pd.concat(frames, ignore_index=True)


def _reasons(found: pd.DataFrame, values: Mapping[str, Number]) -> pd.DataFrame:
    """One row a subject, its reasons in the order of the table; how many there are weighs in the schedule."""
    limits: dict[str, Any] = {
        "complaints": values["plan_many_complaints"],
        "instruments": values["plan_overdue_instruments"],
        "filings": values["plan_irregular_filings"],
    }
    triggers = wording().triggers
    said = found.assign(
        reason=[
            f"{triggers[name].title}：{triggers[name].text.format(count=count, limit=limits.get(name))}"
            for name, count in zip(found["trigger"], found["count"], strict=True)
        ],
        order=found["trigger"].map({name: n for n, name in enumerate(triggers)}),
    ).sort_values(["kind", "subject", "order"])
    grouped = said.groupby(["kind", "subject"], sort=True)["reason"]
    return grouped.agg(reason="；".join, weight="size").reset_index()


def _drawn(pool: pd.DataFrame, seed: int, values: Mapping[str, Number]) -> pd.DataFrame:
    """A share of the points without risk, drawn in each unit."""
    parts = [pool.iloc[:0].assign(reason="", weight=0, way="")]
    for unit, rows in pool.sort_values("subject").groupby("unit"):
        size = math.ceil(len(rows) * values["plan_random_share"] / 100)
        chosen = np.random.default_rng([seed, zlib.crc32(str(unit).encode())]).permutation(len(rows))[:size]
        reason = wording().drawn.format(seed=seed, pool=len(rows), drawn=size)
        parts.append(rows.iloc[np.sort(chosen)].assign(reason=reason, weight=0, way="随机"))
    return pd.concat(parts, ignore_index=True)


def _spread(visits: pd.DataFrame) -> pd.DataFrame:
    """Visits spread evenly over the quarters in each unit, the weightiest first."""
    visits = visits.sort_values(["unit", "weight", "subject"], ascending=[True, False, True], ignore_index=True)
    place = visits.groupby("unit").cumcount()
    size = visits.groupby("unit")["subject"].transform("size")
    visits["quarter"] = (place * QUARTERS // size + 1).astype("int64")
    return visits[["unit", "quarter", "kind", "subject", "name", "way", "reason"]]
