"""How each point's filing of each quarter stands: state, what is wrong, and runs of good or irregular quarters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chengxin.ledgers.filings.contradictions import Filed, Finding, Flags
from chengxin.ledgers.filings.quarters import runs
from chengxin.settings import Number

STATES = {"on_time": "按期", "late": "逾期", "missing": "未报送", "returned": "退回补正", "not_due": "未到期"}
STATUSES = {"ok": "良好", "rectify": "待整改", "missing": "未报送", "cancel_review": "研究取消资格"}


@dataclass(frozen=True)
class Standing:
    """Filings on a day; arrays are one entry per row, matrices rows × items.

    Parameters
    ----------
    rows : point, quarter, due, submitted_on, checked_on, returned_on; each point's quarters together and in order
    filed : what was answered
    findings : contradictions
    settings : values of all settings
    as_of : the day
    previous_ok : point → good quarters just before its first row
    """

    rows: pd.DataFrame
    filed: Filed
    findings: list[Finding]
    settings: Mapping[str, Number]
    as_of: date
    previous_ok: Mapping[str, int]

    @cached_property
    def given(self) -> Flags:
        """Something was submitted."""
        return np.asarray(self.rows["submitted_on"].notna())

    @cached_property
    def late(self) -> NDArray[np.int64]:
        """Days after the due day; 0 where in time or nothing was submitted."""
        late = (self.rows["submitted_on"] - self.rows["due"]).dt.days
        return np.asarray(late.fillna(0).clip(lower=0), np.int64)

    @cached_property
    def answered(self) -> Flags:
        """Items filled in."""
        return self.filed.answered()

    @cached_property
    def contradictory(self) -> Flags:
        """Items that contradict themselves or a ledger."""
        return self._mark(self.findings)

    @cached_property
    def unfavourable(self) -> Flags:
        """Items not in order by answer, count, on-site check or ledger."""
        return self.filed.unfavourable() | self._mark([one for one in self.findings if one.adverse])

    @cached_property
    def differs(self) -> Flags:
        """Items in which the on-site check says something else."""
        own, found = self.filed.own, self.filed.found
        return np.asarray((own >= 0) & (found >= 0) & (own != found))

    @cached_property
    def overstated(self) -> Flags:
        """Items that the point found good and the on-site check did not (虚报)."""
        return self.differs & self.filed.good(self.filed.own) & ~self.filed.good(self.filed.found)

    @cached_property
    def kinds(self) -> dict[str, Flags]:
        """Ways of filing badly → rows."""
        overdue = (self.rows["due"] < pd.Timestamp(self.as_of)).to_numpy()
        return {
            "missing": ~self.given & overdue,
            "late": self.late > 0,
            "incomplete": self.given & ~self.answered.all(1),
            "contradictory": self.contradictory.any(1),
            "overstated": self.overstated.any(1),
        }

    @cached_property
    def state(self) -> NDArray[Any]:
        """One of STATES; the first that fits."""
        kinds = self.kinds
        order = [kinds["missing"], ~self.given, kinds["incomplete"], kinds["late"]]
        return np.select(order, ["missing", "not_due", "returned", "late"], "on_time").astype(object)

    @cached_property
    def good(self) -> Flags:
        """Quarters in which nothing at all was wrong."""
        wrong = self.unfavourable | self.contradictory | self.differs
        return np.asarray((self.state == "on_time") & ~wrong.any(1))

    @cached_property
    def irregular(self) -> Flags:
        """Quarters filed in a way that the form counts as irregular."""
        counted = [self.kinds[name] for name, kind in self.filed.form.irregular.items() if kind.counts]
        return np.asarray(np.logical_or.reduce([np.zeros(len(self.rows), bool), *counted]))

    @cached_property
    def recommend(self) -> Flags:
        """Rows at which enough good quarters stand in a row."""
        run = runs(self.good, self.rows["point"], self.previous_ok)
        return run >= self.needed("good_quarters")

    @cached_property
    def cancel(self) -> Flags:
        """Rows at which enough irregular quarters stand in a row."""
        return runs(self.irregular, self.rows["point"]) >= self.needed("irregular_quarters")

    @cached_property
    def status(self) -> NDArray[Any]:
        """One of STATUSES, the gravest that fits; None while nothing is due."""
        order = [self.cancel, self.state == "missing", self.state == "not_due", self.good]
        found = np.select(order, ["cancel_review", "missing", "", "ok"], "rectify")
        return or_none(found, found != "")

    def rate(self, part: str, whole: str) -> NDArray[Any]:
        """Percent of a count in another; None for 0/0, where one is not given and where the part is the greater."""
        some, all_ = self.filed.column(part), self.filed.column(whole)
        known = (all_ > 0) & (some <= all_)
        return or_none(100 * some / np.where(known, all_, 1), known)

    def needed(self, setting: str) -> int:
        """How many quarters in a row a setting asks for, one at least."""
        return max(ceil(self.settings[setting]), 1)

    def _mark(self, findings: list[Finding]) -> Flags:
        marks = np.zeros(self.filed.own.shape, bool)
        for one in findings:
            marks[:, one.item.number - 1] |= one.rows
        return marks


def or_none(values: NDArray[Any], known: Flags) -> NDArray[Any]:
    """Values as objects, None where they are not known."""
    found = np.full(len(values), None, dtype=object)
    found[known] = values[known].astype(object)
    return found
