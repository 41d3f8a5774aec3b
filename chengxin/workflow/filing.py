"""One filing (附件2) as a form shows it: what is stored and typed, what contradicts it, what is wrong and missing.

The point's side is the form ``filing``, the regulator's ``filing_check``; a field is an item (``3``) or a count
(``valid``). Contradictions come from `contradictions`, as `judge.judge` finds them, so that form and city agree.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from chengxin.errors import Fault, UsageError
from chengxin.exchange.rows import parse
from chengxin.ledgers.filings.contradictions import Filed, codes, measured, of_counts, of_ledger
from chengxin.ledgers.filings.form import Form, Item, load_form
from chengxin.ledgers.filings.quarters import due, period
from chengxin.ledgers.unit_settings import in_force
from chengxin.ledgers.verification import clock
from chengxin.settings import settings
from chengxin.store import read
from chengxin.store.access import sample
from chengxin.store.drafts import Entry, Saved, saved, since
from chengxin.store.schema import SETTING

OWN, CHECK = "filing", "filing_check"
FILE = "filings.csv"  # whose rows the counts are
STEPS = {"open": "未提交", "returned": "退回补正", "submitted": "已提交，待核查", "checked": "已核查"}


@dataclass(frozen=True)
class Filing:
    """One point's filing of one quarter as opened.

    id : of the stored filing, or the one it will have; point : its row of monitoring_point; end, due : of the quarter;
    row : what is stored, empty before submission; step : one of STEPS; own, found : field → as saved or stored, of the
    point and of the on-site check; noted : items with a stored answer; seen : what the ledgers count, one row;
    change : newest change known of each form; demo : whether the database holds sample data
    """

    id: str
    point: Mapping[str, Any]
    quarter: str
    end: date
    due: date
    form: Form
    row: Mapping[str, Any]
    own: dict[str, Saved]
    found: dict[str, Saved]
    noted: frozenset[str]
    seen: pd.DataFrame
    change: Mapping[str, int]
    demo: bool

    @property
    def step(self) -> str:
        """How far it is."""
        return step(self.row)


@dataclass(frozen=True)
class Judged:
    """What is typed so far.

    counts : name → number, those that can be read; said : item → contradictions in words; faults : item → what is
    wrong with its counts; missing : item → what is missing of the point's side; unchecked : items without a check
    """

    counts: dict[str, int]
    said: dict[str, list[str]]
    faults: dict[str, list[Fault]]
    missing: dict[str, str]
    unchecked: list[str]


def step(row: Mapping[str, Any]) -> str:
    """How far a stored filing is: one of STEPS."""
    given = {name for name in ("submitted_on", "checked_on", "returned_on") if pd.notna(row.get(name))}
    if "submitted_on" not in given:
        return "open"
    return "returned" if "returned_on" in given else "checked" if "checked_on" in given else "submitted"


def opened(engine: Engine, point: str, quarter: str) -> Filing:
    """All that a form of one filing shows.

    Parameters
    ----------
    engine : from `open_store`
    point : code of a monitoring point
    quarter : such as ``2026Q3``

    Raises
    ------
    UsageError : no such point, no quarter, or the point had nothing to file for it
    """
    form, books, end = load_form(), read.books(engine), period(quarter).end_time.normalize()
    points = books["monitoring_point"]
    mine = points[points["code"] == point]
    if mine.empty:
        raise UsageError(f"没有监测点“{point[:40]}”；请从列表中选择。")
    values = settings(in_force(books[SETTING.name], end).get(str(mine["unit"].iloc[0])))
    span = due(mine, pd.Series(dtype="str"), quarter, end.date(), values["filing_due_days"])
    if span.empty:
        raise UsageError(f"监测点“{point}”在{quarter}不需要报送：当时还没有设立，或已经取消。")
    filings, answers = books["filing"], books["filing_answer"]
    stored = filings[(filings["point"] == point) & (filings["quarter"] == quarter)].to_dict("records")
    row = {name: None if pd.isna(value) else value for name, value in stored[0].items()} if stored else {}
    key = str(row.get("id") or f"{point}-{quarter}")
    given = answers[answers["filing"] == key]
    own, found = _stored(form, row, given)
    kept, seen = saved(engine, OWN, key), saved(engine, CHECK, key)
    open_ = step(row) in ("open", "returned")
    return Filing(
        key, mine.iloc[0].to_dict(), quarter, end.date(), span["due"].iloc[0].date(), form, row,
        own | kept if open_ else kept | own, seen | found if step(row) == "checked" else found | seen,
        frozenset(given["item"]), _ledgers(books, span, point, quarter, end),
        {name: since(engine, name, key, 0)[1] for name in (OWN, CHECK)}, sample(engine),
    )  # fmt: skip


def _stored(form: Form, row: Mapping[str, Any], given: pd.DataFrame) -> tuple[dict[str, Saved], dict[str, Saved]]:
    """What is stored, as entries that nobody has touched yet."""
    own = {name: {"value": str(int(row[name]))} for name in form.counts if row.get(name) is not None}
    found: dict[str, Entry] = {}
    for answer in given.to_dict("records"):
        if pd.notna(answer["self_answer"]):
            own[answer["item"]] = {"answer": answer["self_answer"]}
        check = {"answer": answer["check_answer"]} if pd.notna(answer["check_answer"]) else {}
        check |= {"note": answer["note"]} if answer["note"] else {}
        if check:
            found[answer["item"]] = check
    first, second = ({field: Saved(field, e, 0, "", "") for field, e in part.items()} for part in (own, found))
    return first, second


def _ledgers(
    books: Mapping[str, pd.DataFrame], span: pd.DataFrame, point: str, quarter: str, end: pd.Timestamp
) -> pd.DataFrame:
    """What the ledgers count for one point at a quarter's end."""
    held, done = books["instrument"], books["verification"]
    held = held[held["point"] == point]
    clocked = clock(held, done[done["instrument"].isin(held["id"])], str(end.date())).assign(quarter=quarter)
    return measured(span, clocked, books["commitment"])


def judge(filing: Filing, own: Mapping[str, Entry], found: Mapping[str, Entry]) -> Judged:
    """Say what is wrong, missing and contradictory in what is typed so far.

    Parameters
    ----------
    filing : from `opened`
    own, found : field → entry of the point's side and of the on-site check, all of them
    """
    form = filing.form
    counts, faults = read_counts(form, own)
    answers = pd.DataFrame({
        "filing": filing.id, "item": [item.id for item in form.items],
        "self_answer": [own.get(item.id, {}).get("answer") for item in form.items],
        "check_answer": [found.get(item.id, {}).get("answer") for item in form.items],
    })  # fmt: skip
    numbers = pd.DataFrame([counts], columns=list(form.counts)).astype(float)
    filed = Filed(form, *codes(form, answers, pd.Series([filing.id])), numbers)
    said: dict[str, list[str]] = {}
    for one in (*of_counts(filed), *of_ledger(filed, filing.seen)):
        if one.rows[0]:
            said.setdefault(one.item.id, []).append(one.say(0))
    missing = {item.id: lacks for item in form.items if (lacks := _missing(item, filed, n_of(form, item), own, counts))}
    unchecked = [item.id for item in form.items if filed.found[0, n_of(form, item)] < 0]
    return Judged(counts, said, faults, missing, unchecked)


def n_of(form: Form, item: Item) -> int:
    """Column of an item in the matrices of `contradictions`."""
    return form.items.index(item)


def read_counts(form: Form, own: Mapping[str, Entry]) -> tuple[dict[str, int], dict[str, list[Fault]]]:
    """Counts as typed, read by the rules of the file of filings.

    Returns
    -------
    name → number of those that are sound; item → faults of the others
    """
    cells = {"id": "x", "point": "x", "quarter": "2000Q1", "submitted_on": "", "checked_on": "", "returned_on": ""}
    cells |= {name: str(own.get(name, {}).get("value") or "") for name in form.counts}
    faults: dict[str, list[Fault]] = {}
    for _ in range(1 + len(form.counts)):
        good, wrong = parse(FILE, pd.DataFrame([{**cells, "row": 1}]))
        for _, fault in wrong:
            column = fault.column
            cells[column] = ""
            item = next(item for item in form.items if column in item.counts)
            faults.setdefault(item.id, []).append(_named(form, item, column, fault))
        if good:
            values = good[0][1]
            return {name: values[name] for name in form.counts if values[name] is not None}, faults
    return {}, faults


def _named(form: Form, item: Item, column: str, fault: Fault) -> Fault:
    """A fault of a column in the form's words."""
    found = re.sub(r"([a-z_]+)列的", lambda hit: f"“{form.counts.get(hit[1], hit[1])}”的", fault.found)
    expected = fault.expected.removesuffix("，没有的留空")
    return Fault(f"第{item.id}项", found, expected, fault.remedy, column=form.counts[column])


def _missing(item: Item, filed: Filed, n: int, own: Mapping[str, Entry], counts: Mapping[str, int]) -> str:
    """What an item of the point's side lacks, in words; empty when nothing."""
    idle = {question.part for question in item.questions if counts.get(question.whole) == 0}
    open_ = [said for name, said in item.counts.items()
             if name not in idle and not str(own.get(name, {}).get("value") or "").strip()]  # fmt: skip
    lacks = [] if filed.own[0, n] >= 0 else ["没有选择答案"]
    return "，".join([*lacks, *([f"没有填写{'、'.join(open_)}"] if open_ else [])])
