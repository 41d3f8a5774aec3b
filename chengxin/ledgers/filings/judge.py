"""Quarterly filings of monitoring points (附件2): state, contradictions, self-check against on-site check, candidates.

Nothing is decided here. Candidates for 诚信计量商户 and for cancellation carry dates and the guidance's sentence; what
a named person decided is shown beside them. The steps: `quarters` (who had to file), `contradictions` (contradictions),
`status` (state, runs of quarters), `reasons` (sentences).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from chengxin.errors import DataError, Fault
from chengxin.ledgers.filings.contradictions import Filed, codes, measured, of_counts, of_ledger
from chengxin.ledgers.filings.form import CODES, Form, load_form
from chengxin.ledgers.filings.quarters import day_in_words, days, due
from chengxin.ledgers.filings.reasons import DIRECTIONS, Grounds, lists
from chengxin.ledgers.filings.status import STATES, STATUSES, Standing, or_none
from chengxin.settings import Number
from chengxin.settings import settings as set_values

__all__ = ["DIRECTIONS", "STATES", "STATUSES", "checked", "discrepancies", "judge", "summary"]
DAYS = ("submitted_on", "checked_on", "returned_on")


def judge(
    form: Form,
    filings: pd.DataFrame,
    answers: pd.DataFrame,
    points: pd.DataFrame,
    quarter: str | None = None,
    *,
    as_of: date,
    clocked: pd.DataFrame | None = None,
    commitments: pd.DataFrame | None = None,
    settings: Mapping[str, Number] | None = None,
    decisions: pd.DataFrame | None = None,
    previous_ok: Mapping[str, int] | None = None,
) -> pd.DataFrame:
    """Judge every filing that was due, on a day.

    Parameters
    ----------
    form : the form (`form.load_form`)
    filings, answers, points : frames with the columns of filings.csv, filing_answers.csv, monitoring_points.csv
    quarter : one quarter (default: all, from the first anybody filed for to the last that has ended)
    as_of : the day; what was submitted, checked or decided later is not yet seen
    clocked : instruments as of the quarter's end: point, management, status, state; seal, scanned and registered
        where known; quarter when it holds several quarters (default: the quarter asked for, or the last)
    commitments : columns of commitments.csv; a favourable answer needs one that held at the quarter's end
    settings : values of all settings (default: the kit's)
    decisions : columns of point_decisions.csv
    previous_ok : point → good quarters just before the first quarter judged

    Returns
    -------
    one row per point and quarter: point, name, unit, sector, quarter, due, submitted, days_late, state, answered,
    unfavourable, contradictions, discrepancies, overstated (lists of item numbers), valid_rate, gm2d_rate,
    settle_rate (percent; None for 0/0), status (None while not due), irregular, recommend_merchant, cancel_review,
    decision_merchant, decision_cancel, reasons (list of sentences); of these once more by themselves
    contradiction_reasons (list), merchant_reason and cancel_reason (a sentence, empty where the point is no
    candidate); and the form's counts

    Raises
    ------
    DataError : answers or filings that cannot be read, all of them
    UsageError : not a quarter
    """
    _refuse(form, filings, answers)
    values = settings or set_values()
    expected = due(points, filings["quarter"], quarter, as_of, values["filing_due_days"])
    rows, filed = _filed(form, filings, answers, expected, as_of)
    if clocked is not None and "quarter" not in clocked:
        clocked = clocked.assign(quarter=quarter or rows["quarter"].max())
    findings = [*of_counts(filed), *of_ledger(filed, measured(rows, clocked, commitments))]
    standing = Standing(rows, filed, findings, values, as_of, previous_ok or {})
    kept = np.flatnonzero((rows["quarter"] == quarter).to_numpy() if quarter else np.ones(len(rows), bool))
    told = _told(standing, kept)
    for kind in ("merchant", "cancel"):
        told[f"decision_{kind}"] = _decided(told, decisions, kind, as_of)
    grounds = Grounds(standing)
    for name, said in (("reasons", grounds.of), ("contradiction_reasons", grounds.contradictions),
                       ("merchant_reason", grounds.merchant), ("cancel_reason", grounds.cancel)):  # fmt: skip
        told[name] = pd.Series([said(int(n)) for n in kept], told.index, dtype=object)
    return pd.concat([told, filed.counts.iloc[kept].reset_index(drop=True)], axis=1)


def _refuse(form: Form, filings: pd.DataFrame, answers: pd.DataFrame) -> None:
    faults = []
    for _, row in filings[filings.duplicated(["point", "quarter"])].iterrows():
        faults.append(Fault(f"季报{row['id']}", f"监测点{row['point']}的{row['quarter']}季报重复", "每季度一份"))
    items = [item.id for item in form.items]
    for name, known, said in (
        ("item", items, ""),
        ("self_answer", CODES, "，或空白"),
        ("check_answer", CODES, "，或空白"),
    ):
        strange = ~answers[name].isin(known) & (answers[name].notna() | (not said))
        for _, row in answers[strange].iterrows():
            place = f"季报{row['filing']} 第{row['item']}项 {name}列"
            faults.append(Fault(place, f"“{row[name]}”", "、".join(known) + said))
    for _, row in answers[answers.duplicated(["filing", "item"])].iterrows():
        faults.append(Fault(f"季报{row['filing']} 第{row['item']}项", "出现多次", "每项一行"))
    if faults:
        raise DataError("季报没有读入", faults)


def _filed(
    form: Form, filings: pd.DataFrame, answers: pd.DataFrame, expected: pd.DataFrame, as_of: date
) -> tuple[pd.DataFrame, Filed]:
    """Expected filings with what was submitted and checked by the day."""
    wanted = ["id", "point", "quarter", *DAYS, *form.counts]
    keys = {"point": object, "quarter": object}
    rows = expected.astype(keys).merge(filings.reindex(columns=wanted).astype(keys), on=list(keys), how="left")
    for name in DAYS:
        rows[name] = days(rows[name])
    today = pd.Timestamp(as_of)
    given, unseen = rows["submitted_on"] <= today, rows["checked_on"] > today
    rows[list(DAYS)] = rows[list(DAYS)].where(rows[list(DAYS)] <= today)
    own, found = codes(form, answers, rows["id"].where(given))
    found[unseen.to_numpy()] = -1
    counts = rows[list(form.counts)].apply(pd.to_numeric).astype(float)
    return rows, Filed(form, own, found, counts.where(given))


def _told(standing: Standing, kept: Any) -> pd.DataFrame:
    """Columns of the result, but for decisions and reasons."""
    form, rows = standing.filed.form, standing.rows
    numbers = [item.number for item in form.items]
    answered = [f"{n}/{len(numbers)}" for n in standing.answered.sum(1)]
    told = rows[["point", "name", "unit", "sector", "quarter", "due"]].assign(
        submitted=rows["submitted_on"],
        days_late=or_none(standing.late, standing.given),
        state=standing.state,
        answered=pd.Series(answered, rows.index, dtype=object),
    )
    for name, flags in (
        ("unfavourable", standing.unfavourable), ("contradictions", standing.contradictory),
        ("discrepancies", standing.differs), ("overstated", standing.overstated),
    ):  # fmt: skip
        told[name] = pd.Series(lists(flags, numbers), rows.index, dtype=object)
    for rate, (part, whole) in form.rates.items():
        told[rate] = pd.Series(standing.rate(part, whole), rows.index, dtype=object)
    told["status"] = pd.Series(standing.status, rows.index, dtype=object)
    told["irregular"] = standing.irregular
    told["recommend_merchant"] = standing.recommend
    told["cancel_review"] = standing.cancel
    return told.iloc[kept].reset_index(drop=True)


def _decided(told: pd.DataFrame, decisions: pd.DataFrame | None, kind: str, as_of: date) -> pd.Series:
    """What a named person decided, who and when; empty where nobody has."""
    if decisions is None or decisions.empty:
        return pd.Series("", told.index, dtype=object)
    named = decisions["agreed"].notna() & decisions["decided_by"].fillna("").astype(str).str.strip().ne("")
    dated = decisions.assign(day=days(decisions["decided_on"]))  # before the choice: an empty frame would grow rows
    made = dated[named & (dated["kind"] == kind) & (dated["day"] <= pd.Timestamp(as_of))]
    words = {
        (row.point, row.quarter): f"{'同意' if row.agreed else '不同意'}（{row.decided_by}，{day_in_words(row.day)}）"
        for row in made.sort_values("day", kind="stable").itertuples()
    }
    keys = zip(told["point"], told["quarter"], strict=True)
    return pd.Series([words.get(key, "") for key in keys], told.index, dtype=object)


def checked(
    form: Form, answers: pd.DataFrame, filings: pd.DataFrame | None = None, points: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Items that both the point and the on-site check answered: what `agreement.by` takes.

    Parameters
    ----------
    answers : filing, item, self_answer, check_answer
    filings : adds point and quarter
    points : with filings, adds unit and sector

    Returns
    -------
    filing, item, label, self_answer, check_answer, self_good, check_good, direction (None where they say the same)
    """
    allowed = {(item.id, code) for item in form.items for code in item.allowed}
    good = {(item.id, code) for item in form.items for code in item.favourable}
    columns = {name: pd.MultiIndex.from_frame(answers[["item", name]]) for name in ("self_answer", "check_answer")}
    both = columns["self_answer"].isin(allowed) & columns["check_answer"].isin(allowed)
    found = answers.loc[both, ["filing", "item", "self_answer", "check_answer"]]
    found.insert(2, "label", found["item"].map({item.id: item.label for item in form.items}))
    for name, column in columns.items():
        found[name.replace("answer", "good")] = column[both].isin(good)
    same, own, seen = found["self_answer"] == found["check_answer"], found["self_good"], found["check_good"]
    ways = np.select([same, own & ~seen, seen & ~own], ["", "overstated", "understated"], "differs").astype(object)
    found["direction"] = pd.Series(or_none(ways, ~same.to_numpy()), found.index, dtype=object)
    if filings is not None:
        found = found.merge(filings.rename(columns={"id": "filing"})[["filing", "point", "quarter"]], on="filing")
        if points is not None:
            known = points.rename(columns={"code": "point"})[["point", "unit", "sector"]]
            found = found.merge(known, on="point")
    return found.reset_index(drop=True)


def discrepancies(form: Form, answers: pd.DataFrame) -> pd.DataFrame:
    """Items in which the on-site check says something else, 虚报 first.

    Parameters
    ----------
    answers : filing, item, self_answer, check_answer

    Returns
    -------
    rows of `checked` that differ, by direction (one of DIRECTIONS), item and filing
    """
    found = checked(form, answers)
    found = found[found["direction"].notna()]
    order = {name: n for n, name in enumerate(DIRECTIONS)}
    by = {"_way": found["direction"].map(order), "_item": found["item"].astype(int)}
    return found.assign(**by).sort_values(["_way", "_item", "filing"]).drop(columns=list(by)).reset_index(drop=True)


def summary(judged: pd.DataFrame, by: str | Sequence[str] = (), form: Form | None = None) -> pd.DataFrame:
    """Sums of judged filings.

    Parameters
    ----------
    judged : rows that `judge` returned
    by : columns that make the groups (``"sector"``, ``"unit"``, ``["unit", "quarter"]``); none: all together
    form : the form (default: the kit's)

    Returns
    -------
    one row per group: points, due, submitted and one column per state; numbers of filings with unfavourable items,
    contradictions, discrepancies and overstatement; candidates; sums of the counts; in_time_rate (in time ÷ due) and
    the form's rates from the summed counts, in percent, None for 0/0
    """
    form, keys = form or load_form(), [by] if isinstance(by, str) else list(by)
    flags = judged[keys].assign(point=judged["point"], due=judged["state"] != "not_due")
    flags["submitted"] = judged["submitted"].notna()
    for state in STATES:
        flags[state] = judged["state"] == state
    flags["in_time"] = judged["days_late"].isin([0])
    for name in ("unfavourable", "contradictions", "discrepancies", "overstated"):
        flags[name] = judged[name].map(len) > 0
    for name in ("recommend_merchant", "cancel_review"):
        flags[name] = judged[name]
    flags = flags.join(judged[list(form.counts)].fillna(0).astype(int))
    for rate, (part, whole) in form.rates.items():
        known = judged[part].notna() & judged[whole].notna()
        flags[f"_{rate}_part"], flags[f"_{rate}_whole"] = judged[part].where(known, 0), judged[whole].where(known, 0)
    grouped = flags.groupby(keys, sort=True) if keys else flags.groupby(np.zeros(len(flags), int))
    sums = grouped[[name for name in flags if name not in (*keys, "point")]].sum().astype(int)
    sums.insert(0, "points", grouped["point"].nunique())
    sums["in_time_rate"] = _percent(sums["in_time"], sums["due"])
    for rate in form.rates:
        sums[rate] = _percent(sums.pop(f"_{rate}_part"), sums.pop(f"_{rate}_whole"))
    return sums.reset_index(drop=not keys)


def _percent(part: pd.Series, whole: pd.Series) -> pd.Series:
    known = whole > 0
    percent = (100 * part / whole.where(known, 1)).to_numpy(float)
    return pd.Series(or_none(percent, known.to_numpy()), part.index, dtype=object)
