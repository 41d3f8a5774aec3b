"""What a city's leadership looks at, of all units and periods: gathered once, filtered at once.

`gathered` scores everything and adds up what the pages show by period, kind and unit; the functions below only
select and sum. Counts are kept with their denominators; a rate is made last.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Engine

from chengxin import gather, readers
from chengxin.clock import clock, rates
from chengxin.errors import UsageError
from chengxin.measures import Limits, View
from chengxin.rubric import Rubric, load_rubric
from chengxin.schema import AREA_KINDS, SETTING
from chengxin.scoring import rank, score, totals
from chengxin.settings import Table, read_table, settings
from chengxin.shape import Strict
from chengxin.tallies import disputes_in_time
from chengxin.unit_settings import groups

COUNTED = ("in_use", "verified", "qualified", "cases", "timely", "due", "in_time")
EDGE = 1e-9  # points below this are the rounding of doubles, not a loss
SHARES = {  # figure → the counts it divides
    "in_date": ("qualified", "in_use"), "inspected": ("verified", "in_use"), "qualified": ("qualified", "verified"),
    "disputes": ("timely", "cases"), "filings": ("in_time", "due"),
}  # fmt: skip


class Headline(Strict):
    """One headline figure: its name, unit and definition."""

    label: str
    unit: str
    digits: int
    better: Literal["high", "low", "none"]
    definition: str


class HeadlinesFile(Table):
    """``tables/headlines.yaml``."""

    figures: dict[str, Headline]


@cache
def headlines() -> Mapping[str, Headline]:
    """The headline figures with name, unit and definition."""
    return read_table("headlines", HeadlinesFile).figures


@dataclass(frozen=True)
class Overview:
    """Everything a city page shows.

    units : as `readers.units`; rubrics : kind → rubric
    results : one row per assessment: id, area, name, kind, unit, short_name, period, as_of, status, and of
        `scoring.totals` all columns; unit_rank, city_rank among complete ones of the kind and period
    scores : kind → points of the assessments of `results` with that kind × the rubric's lines, NaN where undecided;
        results["place"] is the row in it
    counts : one row per period × unit × kind (empty for points), with the columns of COUNTED
    as_of : period → the day of its ledger figures
    """

    units: pd.DataFrame
    rubrics: Mapping[str, Rubric]
    results: pd.DataFrame
    scores: Mapping[str, NDArray[np.float64]]
    counts: pd.DataFrame
    as_of: Mapping[str, pd.Timestamp]
    demo: bool

    @property
    def periods(self) -> list[str]:
        """Periods with assessments, oldest first."""
        return sorted(self.as_of)

    def before(self, period: str) -> str | None:
        """The period before one, None for the first."""
        earlier = [each for each in self.periods if each < period]
        return earlier[-1] if earlier else None


@dataclass(frozen=True)
class Choice:
    """What is looked at: a period, one kind of area or all, one unit or all."""

    period: str
    kind: str | None = None
    unit: str | None = None

    def of(self, frame: pd.DataFrame, period: str | None = None) -> pd.DataFrame:
        """Rows of a frame with period, kind and unit that are chosen."""
        chosen = (frame["period"] == (period or self.period)).to_numpy()
        for name in ("kind", "unit"):
            wanted = getattr(self, name)
            if wanted is not None:
                chosen = chosen & (frame[name] == wanted).to_numpy()
        return frame[chosen]


def chosen(overview: Overview, period: str | None = None, kind: str | None = None, unit: str | None = None) -> Choice:
    """A choice checked against what there is; texts may come from an address.

    Parameters
    ----------
    period : default the newest
    kind, unit : one of `schema.AREA_KINDS`, code of a reporting unit; empty or None: all

    Raises
    ------
    UsageError : what does not exist, with what does
    """
    names = dict(zip(overview.units["code"], overview.units["short_name"], strict=True))
    known: dict[str, tuple[str, Any, Mapping[str, str]]] = {
        "period": ("评价期", period, {each: each for each in overview.periods}),
        "kind": ("类别", kind, AREA_KINDS), "unit": ("填报单位", unit, names),
    }  # fmt: skip
    for label, wanted, there in known.values():
        if wanted and wanted not in there:
            listed = "、".join(f"{code}（{name}）" if code != name else code for code, name in there.items())
            raise UsageError(f"没有{label}“{str(wanted)[:40]}”；可用：{listed or '（无）'}。")
    return Choice(period or overview.periods[-1], kind or None, unit or None)


def gathered(engine: Engine) -> Overview:
    """Gather everything from the database.

    Parameters
    ----------
    engine : from `open_store`

    Raises
    ------
    UsageError : there is no assessment
    """
    work = readers.assessments(engine)
    work = work[work["status"] != "withdrawn"]
    if work.empty:
        raise UsageError("还没有评价记录；请先录入或导入评价。")
    books = readers.books(engine)
    results, scores, rubrics = [], {}, {}
    for kind in sorted(set(work["rubric"])):
        rubric = rubrics[kind] = load_rubric(kind)
        seen = gather.filled(engine, rubric, work, books).observations
        made, scores[kind] = scored(rubric, work[work["rubric"] == kind], seen)
        results.append(made)
    latest = work.groupby("period")["as_of"].max()
    as_of = {p: min(pd.Timestamp(f"{p}-12-31"), day) if p.isdigit() else day for p, day in latest.items()}
    counts = pd.concat([_counts(books, period, day) for period, day in as_of.items()], ignore_index=True)
    whole = pd.concat(results, ignore_index=True)
    return Overview(readers.units(engine), rubrics, whole, scores, counts, as_of, bool(work["demo"].any()))


def scored(rubric: Rubric, work: pd.DataFrame, seen: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Results of one rubric's assessments with ranks, and their points line by line.

    Parameters
    ----------
    work : assessments of the rubric, as `readers.assessments`
    seen : their observations
    """
    sheet = score(rubric, seen, work["id"])
    results = totals(sheet).drop(columns="rubric").assign(assessment=lambda f: f["assessment"].astype("str"))
    results = work.merge(results, left_on="id", right_on="assessment", validate="1:1").drop(columns="assessment")
    for name, by in (("city_rank", ["period"]), ("unit_rank", ["period", "unit"])):
        results[name] = results.groupby(by, group_keys=False)[["unrounded", "complete"]].apply(rank)
    results["place"] = np.arange(len(results))
    return results, sheet["score"].to_numpy(float).reshape(-1, len(rubric.lines))


def _counts(books: Mapping[str, pd.DataFrame], period: str, day: pd.Timestamp) -> pd.DataFrame:
    """Counts of the ledgers on a day, by unit and kind of area."""
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
        parts.append(_filed(gather.filings(books, None, day.date()), year))
    out = pd.concat(parts, axis=1).fillna(0).astype("int64").rename_axis(["unit", "kind"]).reset_index()
    return out.reindex(columns=["unit", "kind", *COUNTED], fill_value=0).assign(period=period)


def _cases(view: View, areas: pd.Series) -> pd.DataFrame:
    """Disputes of some areas, settled in time or not."""
    rows = disputes_in_time(view, None, Limits()).rows  # type: ignore[arg-type]
    return rows[rows["area"].isin(areas)]


def _filed(judged: pd.DataFrame, year: str) -> pd.DataFrame:
    mine = judged[judged["quarter"].str.startswith(year) & (judged["state"] != "not_due")]
    flags = pd.DataFrame({"due": 1, "in_time": mine["days_late"].isin([0]).astype(int)}, index=mine.index)
    return flags.groupby([mine["unit"].rename("unit"), pd.Series("", mine.index, name="kind")]).sum()


def headline(overview: Overview, choice: Choice) -> pd.DataFrame:
    """The headline figures of a choice, and how they changed since the period before.

    Returns
    -------
    one row per figure: key, label, value, unit, digits, better, change (NaN without a period before), before (its
    name or empty), part, whole (counts of a rate), definition, as_of
    """
    last = overview.before(choice.period)
    now, then = _figures(overview, choice, choice.period), _figures(overview, choice, last) if last else {}
    rows = []
    for key, about in headlines().items():
        value, part, whole = now[key]
        rows.append({
            "key": key, **about.model_dump(), "value": value, "part": part, "whole": whole,
            "change": value - then[key][0] if then else np.nan, "before": last or "",
            "as_of": overview.as_of[choice.period],
        })  # fmt: skip
    return pd.DataFrame(rows)


def _figures(overview: Overview, choice: Choice, period: str) -> dict[str, tuple[float, float, float]]:
    mine = choice.of(overview.results, period)
    done = mine[mine["complete"]]
    found = {
        "assessed": (len(done), np.nan, np.nan),
        "open": (len(mine) - len(done), np.nan, np.nan),
        "median": (done["unrounded"].median(), np.nan, np.nan),
        "red": (int((mine["red_lines"] != "").sum()), np.nan, np.nan),
    }
    whole = Choice(choice.period, None, choice.unit)
    for key, (part, of) in SHARES.items():
        counts = (whole if key == "filings" else choice).of(overview.counts, period)
        some, all_ = counts[part].sum(), counts[of].sum()
        found[key] = (100 * some / all_ if all_ else np.nan, some, all_)
    return found
