"""From the database to what the core computes: observations with measured values, filings judged, the plan proposed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from chengxin.errors import UsageError
from chengxin.ledgers import reweighing, unit_settings
from chengxin.ledgers.filings.form import load_form
from chengxin.ledgers.filings.judge import checked, judge
from chengxin.ledgers.filings.quarters import period as quarter_of
from chengxin.ledgers.observe import ENTERED, EVIDENCE, Observed, days_of, fill, observe
from chengxin.ledgers.plan import Plan, propose
from chengxin.ledgers.verification import clock
from chengxin.rubric.load import load_rubric
from chengxin.rubric.model import Rubric
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals
from chengxin.settings import Number, settings
from chengxin.store import read
from chengxin.store.schema import SETTING
from chengxin.store.states import PUBLISHED

FROZEN = ("approved", *PUBLISHED)  # assessments that the ledgers fill no more; approval stored what they said
OWN = SETTING.name
Settings = Mapping[str, Number]
Books = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Filled:
    """Observations of one rubric with the ledgers' share in them.

    observations : as `observe.fill` gives them
    evidence : assessment, line, ledger, id, counted, said, telling (see `telling`), used (the
    ledgers gave the value, or say the same)
    """

    observations: pd.DataFrame
    evidence: pd.DataFrame


def filled(engine: Engine, rubric: Rubric, work: pd.DataFrame, books: Books | None = None) -> Filled:
    """Stored observations of some assessments; lines nobody entered are filled from the ledgers.

    An approved or published assessment is left as it was stored; the ledgers' rows still stand behind its values
    where they say the same. One that the ledgers cannot fill (see `_measurable`) has only what was entered.

    Parameters
    ----------
    engine : from `open_store`
    rubric : the rubric of the assessments
    work : assessments, as `read.assessments` gives them
    books : from `read.books`; default: read now
    """
    seen = read.observations(engine, rubric=rubric.id)
    work = work[work["rubric"] == rubric.id]
    books = books or read.books(engine)
    able = _measurable(work)
    entered = seen[seen["assessment"].isin(work.loc[~able, "id"])]
    parts = [entered.assign(source=ENTERED, measured_value=np.nan, measured_of=np.nan)]
    evidence = [pd.DataFrame(columns=["assessment", *EVIDENCE])]
    for period, as_of, values, rows in unit_settings.alike(books.get(OWN), work[able]):
        observed = observe(rubric, books, period, as_of, values, rows["area"])
        made = fill(seen[seen["assessment"].isin(rows["id"])], observed, rows)
        kept = rows.loc[rows["status"].isin(FROZEN), "id"]
        parts.append(made[~made["assessment"].isin(kept) | (made["source"] == ENTERED)])
        keyed = rows[["id", "area"]].rename(columns={"id": "assessment"})
        evidence.append(keyed.merge(observed.evidence, on="area"))
    seen, found = pd.concat(parts, ignore_index=True), pd.concat(evidence, ignore_index=True)
    alike = (seen["value"] == seen["measured_value"]) & (seen["of"].fillna(-1) == seen["measured_of"].fillna(-1))
    measured = pd.MultiIndex.from_frame(seen.loc[alike, ["assessment", "line"]])
    used = pd.MultiIndex.from_frame(found[["assessment", "line"]]).isin(measured)
    found = found[["assessment", "line", "ledger", "id", "counted", "said"]]
    return Filled(seen, found.assign(telling=telling(rubric, found), used=used))


@dataclass(frozen=True)
class Scored:
    """Assessments of one rubric, scored.

    Parameters
    ----------
    observations : as scoring took them
    sheet : from `score.score`, every line of every assessment
    results : one row per assessment in the order of the sheet: columns of `score.totals` and of `read.assessments`
    """

    observations: pd.DataFrame
    sheet: pd.DataFrame
    results: pd.DataFrame


def scored(engine: Engine, rubric: Rubric, work: pd.DataFrame, books: Books | None = None) -> Scored:
    """From the database to the scored frame: the one way for pages, reports and forms.

    Parameters
    ----------
    engine : from `open_store`
    rubric : the rubric of the assessments; those of other rubrics are left out
    work : assessments of some period, units and states, as `read.assessments` gives them
    books : from `read.books`; default: read now where the ledgers are asked
    """
    return score_work(rubric, work, observations(engine, rubric, work, books))


def score_work(rubric: Rubric, work: pd.DataFrame, rows: pd.DataFrame) -> Scored:
    """As `scored`, of observations that are at hand.

    Parameters
    ----------
    rubric, work : as for `scored`
    rows : from `observations` or `filled`
    """
    work = work[work["rubric"] == rubric.id]
    sheet = score(rubric, rows, work["id"])
    results = totals(sheet).astype({"assessment": "str"})
    keys = {"left_on": ["assessment", "rubric"], "right_on": ["id", "rubric"]}
    return Scored(rows, sheet, results.merge(work, **keys, validate="1:1"))


def studied(engine: Engine, rubric: Rubric, period: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What the lab works on: a period's observations as reports score them, the ledgers' share included.

    Parameters
    ----------
    engine : from `open_store`
    rubric : of the assessments; a variant takes those of the rubric it extends
    period : 2026

    Returns
    -------
    observations (columns assessment, line, value, of, outcome, note); the assessments, as `read.assessments`
    """
    work = read.assessments(engine, period)
    work = work[work["rubric"] == rubric.id]
    return observations(engine, rubric, work), work


def checked_filings(engine: Engine, period: str) -> pd.DataFrame:
    """Items of monitoring points' filings that both the point and the on-site check answered.

    Parameters
    ----------
    engine : from `open_store`
    period : year or quarter, 2026 or 2026Q3

    Returns
    -------
    as `judge.checked`; unit is its short name
    """
    books, units = read.books(engine, ["filing", "filing_answer"]), read.units(engine)
    rows = books["filing"][books["filing"]["quarter"].str.startswith(period)]
    items = checked(load_form(), books["filing_answer"], rows, books["monitoring_point"])
    return items.assign(unit=items["unit"].map(units.set_index("code")["short_name"]))


def observations(engine: Engine, rubric: Rubric, work: pd.DataFrame, books: Books | None = None) -> pd.DataFrame:
    """The observations of `filled` as scoring takes them; of assessments that stay as stored no ledger is asked.

    Parameters
    ----------
    engine, rubric, work, books : as for `filled`
    """
    work = work[work["rubric"] == rubric.id]
    fixed = work["status"].isin(FROZEN)
    stored = read.observations(engine, rubric=rubric.id)
    parts = [stored[stored["assessment"].isin(work.loc[fixed, "id"])]]
    if not fixed.all():
        parts.append(filled(engine, rubric, work[~fixed], books).observations[list(stored)])
    out = pd.concat(parts).astype({"assessment": "str", "line": "str"})
    return out.iloc[np.argsort(pd.Index(work["id"]).get_indexer(out["assessment"]), kind="stable")]


def _measurable(work: pd.DataFrame) -> pd.Series:
    """Which assessments the ledgers can fill: those of a calendar year, as of a day that is not before it."""
    year = pd.to_numeric(work["period"].where(work["period"].str.fullmatch(r"[12][0-9]{3}")), errors="coerce")
    return work["as_of"].dt.year >= year


def standing(engine: Engine) -> pd.DataFrame:
    """Assessments that were not withdrawn, as `read.assessments`.

    Raises
    ------
    UsageError : there is none
    """
    work = read.assessments(engine)
    work = work[work["status"] != "withdrawn"].reset_index(drop=True)
    if work.empty:
        raise UsageError("还没有评价记录；请先录入或导入评价。")
    return work


def speaking_day(work: pd.DataFrame, today: date) -> date:
    """The day a page speaks of: today; where there is sample data, which stands still, the last day it knows.

    Parameters
    ----------
    work : from `read.assessments`
    today : by the caller's clock
    """
    return work["as_of"].max().date() if work["demo"].any() else today


def telling(rubric: Rubric, evidence: pd.DataFrame) -> pd.Series:
    """Which rows of evidence a person wants to see: of so many of so many those that fail, else those that count.

    Parameters
    ----------
    rubric : whose lines the evidence is for
    evidence : columns line and counted
    """
    shares = [line.id for line in rubric.lines if line.rule.kind in ("share", "threshold")]
    return evidence["counted"].astype(bool) != evidence["line"].isin(shares)


def observed(
    engine: Engine, area: str, period: str, as_of: date, values: Settings | None = None
) -> tuple[Rubric, Observed]:
    """What the ledgers say of one area.

    Parameters
    ----------
    engine : from `open_store`
    area : its code
    period, as_of : as for `observe.observe`
    values : typed settings; they go before the unit's own, and these before the kit's

    Raises
    ------
    UsageError : unknown area
    """
    books = read.books(engine)
    rubric = load_rubric(_kind(books, area))
    ((changes, _),) = unit_settings.groups(books.get(OWN), books["area"].query("code == @area"), as_of, values)
    return rubric, observe(rubric, books, period, as_of, changes, [area])


def reweighed(
    engine: Engine, area: str, period: str, as_of: date, prefer: reweighing.Prefer = "stricter"
) -> tuple[str, pd.DataFrame, pd.DataFrame]:
    """What the re-weighings of an area in a period give for the line that asks for full weight.

    Parameters
    ----------
    engine : from `open_store`
    area : its code
    period, as_of : as for `observe.observe`
    prefer : as for `reweighing.reweigh`

    Returns
    -------
    the line's id; `reweighing.observed` of the area (no row when nothing was weighed); the re-weighings, judged

    Raises
    ------
    UsageError : unknown area, or a period or date that does not fit
    """
    books = read.books(engine)
    first, last, day = days_of(period, as_of)
    rows = books["weighing"]
    mine = rows["done_on"].between(first, min(pd.Timestamp(last), day)) & (rows["area"] == area)
    judged = reweighing.judge(rows[mine].reset_index(drop=True), prefer)
    return reweighing.table().lines[_kind(books, area)], reweighing.observed(judged), judged


def _kind(books: Books, area: str) -> str:
    """The kind of an area, which is the id of its rubric."""
    areas = books["area"].set_index("code")
    if area not in areas.index:
        raise UsageError(f"没有景区、街区“{area}”；可用：{'、'.join(areas.index)}。")
    return str(areas.loc[area, "kind"])


def filings(
    books: Books, quarter: str | None, as_of: date, values: Settings | None = None, *, beside: bool = True
) -> pd.DataFrame:
    """Filings judged, each quarter beside the instruments as they stood at its end.

    Parameters
    ----------
    books : from `read.books`
    quarter : such as ``2026Q3``; None: all
    as_of : as for `judge.judge`
    values : typed settings; they go before each unit's own, and these before the kit's
    beside : False where only days and states are asked for: the instruments are not looked at
    """
    given = books["filing"]
    wanted = ([quarter] if quarter else sorted(set(given["quarter"]))) if beside else []
    clocked = [
        clock(books["instrument"], books["verification"], quarter_of(each).end_time.normalize()).assign(quarter=each)
        for each in wanted
    ]
    points, parts = books["monitoring_point"], []
    for changes, mine in unit_settings.groups(books.get(OWN), points, as_of, values):
        judged = judge(  # all points each time: the quarters judged begin with the first that anybody filed for
            load_form(),
            given,
            books["filing_answer"],
            points,
            quarter,
            as_of=as_of,
            clocked=pd.concat(clocked, ignore_index=True) if clocked else None,
            commitments=books["commitment"],
            settings=settings(changes),
            decisions=books["point_decision"],
        )
        parts.append(judged[judged["unit"].isin(mine["unit"])])
    return pd.concat(parts).sort_index()


def plan(engine: Engine, year: int, as_of: date, seed: int, values: Settings | None = None) -> Plan:
    """The yearly plan proposed from what the database holds.

    Parameters
    ----------
    engine : from `open_store`
    year, as_of, seed : as for `plan.propose`
    values : typed settings; they go before each unit's own, and these before the kit's
    """
    books = {**read.books(engine), "assessment": read.assessments(engine)}
    clocked = clock(books["instrument"], books["verification"], as_of)
    judged = filings(books, None, as_of, values)
    units = read.units(engine)[["code"]].rename(columns={"code": "unit"})
    made = []
    for changes, mine in unit_settings.groups(books.get(OWN), units, as_of, values):
        each = propose(books, clocked, judged, year=year, as_of=as_of, seed=seed, values=settings(changes))
        made.append(replace(each, visits=each.visits[each.visits["unit"].isin(mine["unit"])]))
    visits = pd.concat([each.visits for each in made]).sort_values("unit", kind="stable", ignore_index=True)
    return replace(made[0], visits=visits)
