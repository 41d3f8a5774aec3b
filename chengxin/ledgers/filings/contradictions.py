"""Filings against themselves and against the ledgers: contradictions that show before anybody visits the point.

Answers are matrices, filings × items, of places in `form.CODES` (−1: not answered); counts are columns beside them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chengxin.ledgers.filings.form import CODES, Form, Item, LedgerCheck
from chengxin.ledgers.filings.quarters import days
from chengxin.ledgers.verification import STATES, barred, in_use

Codes = NDArray[np.int8]
Flags = NDArray[np.bool_]
YES, NO, NONE = range(3)

# What is counted among a point's instruments in use: measure → column it needs, rows that count
MEASURES: dict[str, tuple[str, Callable[[pd.DataFrame], pd.Series]]] = {
    "in_use": ("status", lambda rows: rows["status"].notna()),
    "overdue": ("state", lambda rows: barred(rows, "mandatory")),
    "uncalibrated": ("state", lambda rows: barred(rows, "calibration")),
    "unregistered": ("registered", lambda rows: rows["registered"].isin([False])),
    "unscanned": ("scanned", lambda rows: rows["scanned"].isin([False])),
    "broken_seal": ("seal", lambda rows: rows["seal"] == "broken"),
}
# Of these measures also how many are in the state that the form's sentences do not name
UNDATED = "no_period"
COUNTED = MEASURES | {
    f"{name}_undated": ("state", lambda rows, count=MEASURES[name][1]: count(rows) & (rows["state"] == UNDATED))
    for name in ("overdue", "uncalibrated")
}


@dataclass(frozen=True)
class Finding:
    """One way in which filings contradict themselves or a ledger.

    Parameters
    ----------
    item : the item it is about
    rows : which filings
    adverse : it shows that the item is not in order, whatever was answered
    say : row → Chinese sentence
    """

    item: Item
    rows: Flags
    adverse: bool
    say: Callable[[int], str]


@dataclass(frozen=True)
class Filed:
    """Filings as columns.

    Parameters
    ----------
    own, found : answers of the point and of the on-site check
    counts : one float column per count of the form, NaN where nothing was written
    """

    form: Form
    own: Codes
    found: Codes
    counts: pd.DataFrame

    def good(self, answers: Codes) -> Flags:
        """Which answers are favourable."""
        known = np.array([[code in item.favourable for code in CODES] + [False] for item in self.form.items])
        return known[np.arange(len(self.form.items)), answers]

    def column(self, name: str) -> NDArray[np.float64]:
        """One count of every filing."""
        return np.asarray(self.counts[name], float)

    def answered(self) -> Flags:
        """Which items are filled in: an answer, and the number where the form prints a blank for it."""
        filled = self.own >= 0
        for j, item in enumerate(self.form.items):
            if item.blank:
                filled[:, j] &= ~np.isnan(self.column(item.blank))
        return filled

    def unfavourable(self) -> Flags:
        """Items not in order by the point's answer, by its counts, or by the on-site check."""
        own = (self.own >= 0) & ~self.good(self.own)
        for j, item in enumerate(self.form.items):
            if item.none_if_zero:
                own[:, j] &= self.column(item.none_if_zero) != 0
            for question in item.questions:
                own[:, j] |= self.column(question.part) < self.column(question.whole)
        return own | ((self.found >= 0) & ~self.good(self.found))


def codes(form: Form, answers: pd.DataFrame, filings: pd.Series) -> tuple[Codes, Codes]:
    """Answers as matrices.

    Parameters
    ----------
    answers : filing, item, self_answer, check_answer
    filings : id of each row's filing, empty where there is none

    Returns
    -------
    the point's answers and those of the on-site check; an answer that means nothing for its item is none
    """
    ids = filings.dropna()
    row = pd.Index(ids).get_indexer(answers["filing"])
    known = {item.id: j for j, item in enumerate(form.items)}
    column = answers["item"].map(known).to_numpy(int)
    allowed = np.array([[code in item.allowed for code in CODES] + [False] for item in form.items])
    places = {code: n for n, code in enumerate(CODES)}
    tables = []
    for name in ("self_answer", "check_answer"):
        code = answers[name].map(places).fillna(-1).to_numpy(np.int8)
        table = np.full((len(filings), len(form.items)), -1, np.int8)
        kept = (row >= 0) & allowed[column, code]
        table[ids.index.to_numpy()[row[kept]], column[kept]] = code[kept]
        tables.append(table)
    return tables[0], tables[1]


def of_counts(filed: Filed) -> Iterator[Finding]:
    """Answers that the filing's own counts contradict, and counts that contradict each other."""
    good, form = filed.good(filed.own), filed.form
    for j, item in enumerate(form.items):
        yes, said = good[:, j] & (filed.own[:, j] == YES), form.answers["yes"]
        matched, some = np.full(len(yes), bool(item.questions)), np.zeros(len(yes), bool)
        for question in item.questions:
            part, whole = filed.column(question.part), filed.column(question.whole)
            matched &= part == whole
            some |= whole > 0
            pair = _pair(filed, question.part, question.whole)
            yield Finding(item, yes & (part < whole), True, _said(f"自查答“{said}”，而", pair))
            yield Finding(item, part > whole, False, _said("", pair, "，前者大于后者"))
        no = filed.own[:, j] == NO
        yield Finding(item, no & matched & some, False, _said(f"自查答“{form.answers['no']}”，而所填件数都相符", None))
        if item.none_if_zero:
            none = (filed.own[:, j] == NONE) & (filed.column(item.none_if_zero) > 0)
            pair = _pair(filed, item.none_if_zero)
            yield Finding(item, none, False, _said(f"自查答“{form.answers['none']}”，而", pair))
        if item.at_most:
            parts = sum(np.nan_to_num(filed.column(name)) for name in item.at_most.parts)
            pair = _pair(filed, *item.at_most.parts, item.at_most.of)
            yield Finding(item, parts > filed.column(item.at_most.of), False, _said("", pair, "，合计大于末项"))


def of_ledger(filed: Filed, seen: pd.DataFrame) -> Iterator[Finding]:
    """Answers and counts that the ledgers contradict.

    Parameters
    ----------
    seen : what `measured` counted, row by row of the filings
    """
    good = filed.good(filed.own)
    for j, item in enumerate(filed.form.items):
        for check in item.ledger:
            if check.measure in seen:
                yield _ledger(filed, item, check, good[:, j], seen)


def _ledger(filed: Filed, item: Item, check: LedgerCheck, good: Flags, seen: pd.DataFrame) -> Finding:
    held = seen[check.measure].to_numpy(float)
    if check.equals:
        count = filed.column(check.equals)
        rows = ~np.isnan(count) & ~np.isnan(held) & (count != held)
        return Finding(item, rows, False, lambda n: check.text.format(held=f"{held[n]:g}", said=f"{count[n]:g}"))
    admitted = np.where(good, 0, np.nan)
    if check.part and check.whole:
        gap = filed.column(check.whole) - filed.column(check.part)
        admitted = np.where(np.isnan(gap), admitted, gap)
    undated = seen.get(f"{check.measure}_undated", pd.Series(0.0, seen.index)).to_numpy(float)

    def say(n: int) -> str:
        more = f"（其中{STATES[UNDATED]}{undated[n]:g}台（件））" if undated[n] > 0 else ""
        return check.text.format(held=f"{held[n]:g}", said=f"{admitted[n]:g}") + more

    return Finding(item, held > admitted, True, say)


def measured(rows: pd.DataFrame, clocked: pd.DataFrame | None, commitments: pd.DataFrame | None) -> pd.DataFrame:
    """Count in the ledgers what filings are checked against.

    Parameters
    ----------
    rows : point, quarter and end of the quarter
    clocked : instruments with point, management, status and state at the quarter's end; seal, scanned and
        registered where known; quarter when it holds several
    commitments : point, signed_on, withdrawn_on

    Returns
    -------
    one column per measure that the ledgers allow, row by row; NaN where the point is not in the ledger
    """
    seen: dict[str, Any] = {}
    if clocked is not None and len(clocked):
        held = clocked.copy()
        held.insert(0, "_used", in_use(held))
        kept = [name for name, (column, _) in COUNTED.items() if column in held]
        counts = pd.DataFrame({name: held["_used"] & COUNTED[name][1](held) for name in kept})
        sums = counts.groupby([held["point"], held["quarter"]]).sum()
        found = sums.reindex(pd.MultiIndex.from_frame(rows[["point", "quarter"]]))
        seen = {name: found[name].to_numpy(float) for name in kept}
    if commitments is not None:
        signed = rows[["point", "end"]].reset_index().merge(commitments, on="point")
        until = days(signed["withdrawn_on"]) if "withdrawn_on" in signed else pd.Series(pd.NaT, signed.index)
        holds = (days(signed["signed_on"]) <= signed["end"]) & ~(until <= signed["end"])
        seen["no_commitment"] = (~rows.index.isin(signed.loc[holds, "index"])).astype(float)
    return pd.DataFrame(seen, index=rows.index)


def _pair(filed: Filed, *names: str) -> Callable[[int], str]:
    """Row → named counts in words."""
    counts = [(filed.form.counts[name], filed.column(name)) for name in names]
    return lambda n: "，".join(f"{said}为{count[n]:g}" for said, count in counts if not np.isnan(count[n]))


def _said(before: str, counts: Callable[[int], str] | None, after: str = "") -> Callable[[int], str]:
    return lambda n: before + (counts(n) if counts else "") + after
