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

from chengxin.figures.counts import COUNTED, counted
from chengxin.rubric.load import load_rubric
from chengxin.rubric.model import Rubric
from chengxin.scoring.ranking import ranks
from chengxin.settings import Table, read_table
from chengxin.store import read
from chengxin.store.access import WHOLE, current
from chengxin.store.schema import AREA_KINDS
from chengxin.validation import Strict
from chengxin.workflow import inputs
from chengxin.workflow.cache import fresh

EDGE = 1e-9  # points below this are the rounding of doubles, not a loss
SHARES = {  # figure → the counts it divides
    "in_date": ("qualified", "in_use"), "inspected": ("verified", "in_use"), "qualified": ("qualified", "verified"),
    "disputes": ("timely", "cases"), "filings": ("in_time", "due"),
}  # fmt: skip
MEDIANS = {f"median_{kind}": kind for kind in AREA_KINDS}  # figure → the kind it is of: unlike rubrics are never mixed


class Headline(Strict):
    """One headline figure: its name, unit, unit of the counts that a rate divides, and definition."""

    label: str
    unit: str
    counted: str = ""
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

    units : as `read.units`; rubrics : kind → rubric
    results : one row per assessment: id, area, name, kind, unit, short_name, period, as_of, status, and of
        `totals.totals` all columns; those of `ranked`; change (of the total since the area's period before), red
        (has a red line), nth (of the id among all). The best of a kind first, those not complete last; period, kind
        and unit are categorical
    scores : kind → points of the assessments of `results` with that kind × the rubric's lines, NaN where undecided;
        results["place"] is the row in it
    counts : one row per period × unit × kind (empty for points), as `counts.counted`
    as_of : period → the day of its ledger figures
    part : whether the reader sees a part of the city only; units are then those that the reader sees
    """

    units: pd.DataFrame
    rubrics: Mapping[str, Rubric]
    results: pd.DataFrame
    scores: Mapping[str, NDArray[np.float64]]
    counts: pd.DataFrame
    as_of: Mapping[str, pd.Timestamp]
    demo: bool
    part: bool = False

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
        return frame.iloc[self.rows(frame, period)]

    def rows(self, frame: pd.DataFrame, period: str | None = None) -> NDArray[np.intp]:
        """Where these rows stand in the frame."""
        chosen = (frame["period"] == (period or self.period)).to_numpy()
        for name in ("kind", "unit"):
            wanted = getattr(self, name)
            if wanted is not None:
                chosen = chosen & (frame[name] == wanted).to_numpy()
        return np.flatnonzero(chosen)


def chosen(
    overview: Overview, period: str | None = None, kind: str | None = None, unit: str | None = None
) -> tuple[Choice, list[str]]:
    """A choice checked against what there is; texts may come from an address.

    Parameters
    ----------
    period : default the newest
    kind, unit : one of `schema.AREA_KINDS`, code of a reporting unit; empty or None: all

    Returns
    -------
    the choice, with the default for what does not exist; sentences on what does not exist, with what does
    """
    names = dict(zip(overview.units["code"], overview.units["short_name"], strict=True))
    known: dict[str, tuple[str, Any, Mapping[str, str]]] = {
        "period": ("评价期", period, {each: each for each in overview.periods}),
        "kind": ("类别", kind, AREA_KINDS), "unit": ("填报单位", unit, names),
    }  # fmt: skip
    wrong, found = [], dict[str, str | None]()
    for key, (label, wanted, there) in known.items():
        found[key] = wanted if wanted in there else None
        if wanted and wanted not in there:
            listed = "、".join(f"{code}（{name}）" if code != name else code for code, name in there.items())
            hidden = "，或您无权查看" if overview.part and label == "填报单位" else ""
            wrong.append(f"没有{label}“{str(wanted)[:40]}”{hidden}；可用：{listed or '（无）'}。")
    only = next(iter(names)) if overview.part and len(names) == 1 else None
    return Choice(found["period"] or overview.periods[-1], found["kind"], found["unit"] or only), wrong


def latest(engine: Engine) -> Overview:
    """As `gathered`, which is asked again only when the data have changed since, or for another reader.

    Parameters
    ----------
    engine : from `open_store`

    Raises
    ------
    UsageError : there is no assessment
    """
    return fresh("overview", engine, gathered)


def gathered(engine: Engine) -> Overview:
    """Gather everything from the database.

    Parameters
    ----------
    engine : from `open_store`

    Raises
    ------
    UsageError : there is no assessment
    """
    work = inputs.standing(engine)
    books = read.books(engine)
    results, scores, rubrics = [], {}, {}
    for kind in sorted(set(work["rubric"])):
        rubric = rubrics[kind] = load_rubric(kind)
        made, scores[kind] = ranked(rubric, inputs.scored(engine, rubric, work, books))
        results.append(made)
    latest = work.groupby("period")["as_of"].max()
    as_of = {p: min(pd.Timestamp(f"{p}-12-31"), day) if p.isdigit() else day for p, day in latest.items()}
    counts = counted(books, as_of)
    units, periods, part = read.units(engine), sorted(as_of), current().role not in WHOLE
    if part:
        units = units[units["code"].isin(work["unit"])].reset_index(drop=True)
    whole = _arranged(pd.concat(results, ignore_index=True), units, periods)
    counts, demo = _sorted(counts, units, periods), bool(work["demo"].any())
    return Overview(units, rubrics, whole, scores, counts, as_of, demo, part)


def _sorted(frame: pd.DataFrame, units: pd.DataFrame, periods: list[str]) -> pd.DataFrame:
    """The columns that are chosen by as categories: a choice then compares small numbers."""
    known = {"period": pd.CategoricalDtype(periods, ordered=True), "unit": pd.CategoricalDtype(units["code"]),
             "kind": pd.CategoricalDtype([*AREA_KINDS, ""])}  # fmt: skip
    return frame.astype(known)


def _arranged(results: pd.DataFrame, units: pd.DataFrame, periods: list[str]) -> pd.DataFrame:
    """In the order they are shown in, with the change of each total since the period before."""
    out = _sorted(results, units, periods)
    whole = out["unrounded"].where(out["complete"]).to_numpy(float)
    who = pd.factorize(out["area"] + " " + out["rubric"])[0]
    at = out["period"].cat.codes.to_numpy(np.intp)
    table = np.full((len(out), len(periods) + 1), np.nan)  # the period before the first stands last: nothing
    table[who, at] = whole
    out = out.assign(change=whole - table[who, at - 1], red=(out["red_lines"] != "").to_numpy(),
                     nth=pd.factorize(out["id"], sort=True)[0])  # fmt: skip
    return out.sort_values(["kind", "complete", "unrounded", "high"], ascending=[True, False, False, False],
                           kind="stable", ignore_index=True)  # fmt: skip


def ranked(rubric: Rubric, scored: inputs.Scored) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Results of one rubric's assessments with ranks, and their points line by line.

    Parameters
    ----------
    rubric : of the assessments
    scored : from `inputs.scored`

    Returns
    -------
    results : columns of `inputs.Scored`; city_rank, unit_rank among the complete ones of the period
        (and unit), city_tied, unit_tied (shares that rank), place (row in the points)
    points : assessments × the rubric's lines, NaN where undecided
    """
    results = scored.results.drop(columns="assessment")
    done = results["unrounded"].where(results["complete"])
    for name, by in (("city", ["period"]), ("unit", ["period", "unit"])):
        among = results.groupby(by, sort=False).ngroup().to_numpy()
        results[f"{name}_rank"], results[f"{name}_tied"] = ranks(done, among)
    results["place"] = np.arange(len(results))
    return results, scored.sheet["score"].to_numpy(float).reshape(-1, len(rubric.lines))


def headline(overview: Overview, choice: Choice) -> pd.DataFrame:
    """The headline figures of a choice, and how they changed since the period before; medians of the chosen kinds.

    Returns
    -------
    one row per figure: key, label, value, unit, digits, better, change (NaN without a period before), before (its
    name or empty), part, whole (counts of a rate), definition, as_of
    """
    last = overview.before(choice.period)
    now, then = _figures(overview, choice, choice.period), _figures(overview, choice, last) if last else {}
    rows = []
    for key, about in headlines().items():
        if key in MEDIANS and choice.kind not in (None, MEDIANS[key]):
            continue
        value, part, whole = now[key]
        rows.append({
            "key": key, **about.model_dump(), "value": value, "part": part, "whole": whole,
            "change": value - then[key][0] if then else np.nan, "before": last or "",
            "as_of": max(overview.as_of.values()) if key == "filings" else overview.as_of[choice.period],
        })  # fmt: skip
    return pd.DataFrame(rows)


def _figures(overview: Overview, choice: Choice, period: str) -> dict[str, tuple[float, float, float]]:
    rows = choice.rows(overview.results, period)
    complete, total, red = (overview.results[name].to_numpy()[rows] for name in ("complete", "unrounded", "red"))
    kind = overview.results["kind"].array[rows]
    found: dict[str, tuple[float, float, float]] = {
        "assessed": (int(complete.sum()), np.nan, np.nan),
        "open": (int((~complete).sum()), np.nan, np.nan),
        "red": (int(red.sum()), np.nan, np.nan),
    }
    for key, which in MEDIANS.items():
        done = total[complete & (kind == which)]
        found[key] = (float(np.median(done)) if len(done) else np.nan, np.nan, np.nan)
    counts, whole = overview.counts, Choice(choice.period, None, choice.unit)
    mine, all_kinds = (counts.iloc[each.rows(counts, period)][list(COUNTED)].sum() for each in (choice, whole))
    for key, (part, of) in SHARES.items():
        some, all_ = ((all_kinds if key == "filings" else mine)[name] for name in (part, of))
        found[key] = (100 * some / all_ if all_ else np.nan, some, all_)
    return found
