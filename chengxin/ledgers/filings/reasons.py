"""Why a filing stands as it does: Chinese sentences with dates, counts and the guidance's own words."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from chengxin.ledgers.filings.contradictions import Flags
from chengxin.ledgers.filings.form import CODES
from chengxin.ledgers.filings.quarters import day_in_words, in_words, period
from chengxin.ledgers.filings.status import Standing

DIRECTIONS = {"overstated": "虚报", "understated": "漏报或偏严", "differs": "说法不同"}


def direction(own_good: bool, found_good: bool) -> str:
    """Which way self-check and on-site check differ."""
    return "differs" if own_good == found_good else "overstated" if own_good else "understated"


class Grounds:
    """Sentences for the rows of a standing.

    Parameters
    ----------
    standing : how the filings stand
    """

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.form = standing.filed.form
        dates: list[list[Any]] = [
            [None if pd.isna(day) else day.date() for day in standing.rows[name]]
            for name in ("due", "submitted_on", "returned_on", "checked_on")
        ]
        self.due, self.submitted, self.returned, self.checked = dates
        self.quarter = standing.rows["quarter"].tolist()
        self.good = standing.filed.good(standing.filed.own), standing.filed.good(standing.filed.found)
        self.noted = self._noted()
        items = range(len(self.form.items))
        self.blank = lists(standing.given[:, None] & ~standing.answered, items)
        self.bad, self.differs = lists(standing.unfavourable, items), lists(standing.differs, items)

    def of(self, n: int) -> list[str]:
        """All sentences of one row, gravest last: filing, contents, check, candidates."""
        candidate = filter(None, (self.merchant(n), self.cancel(n)))
        return [*self._filing(n), *self._contents(n), *self._check(n), *candidate]

    def contradictions(self, n: int) -> list[str]:
        """What of one row's filing contradicts itself, another one or the ledgers, a sentence an item."""
        if not self.standing.given[n]:
            return []
        return [f"第{number}项前后矛盾或与台账不符：{fact}。" for number, fact in self.noted.get(n, ())]

    def _filing(self, n: int) -> Iterator[str]:
        what, limit = f"{in_words(self.quarter[n])}信息表", f"期限{day_in_words(self.due[n])}（含当日）"
        state, as_of = self.standing.state[n], self.standing.as_of
        if state == "not_due":
            yield f"{what}未到期，{limit}。"
        elif state == "missing":
            past = (as_of - self.due[n]).days
            rule = self.form.rules["filing"].quoted()
            yield f"截至{day_in_words(as_of)}未报送{what}，{limit}，已过{past}天（{rule}）。"
        else:
            day, late = day_in_words(self.submitted[n]), self.standing.late[n]
            rule = f"（{self.form.rules['filing'].quoted()}）" if late else ""
            yield f"{what}于{day}报送，{f'逾期{late}天' if late else '未逾期'}，{limit}{rule}。"

    def _contents(self, n: int) -> Iterator[str]:
        if not self.standing.given[n]:
            return
        if self.blank[n]:
            blank = "、".join(f"第{self.form.items[j].id}项" for j in self.blank[n])
            rule, day = self.form.rules["filing"].quoted(), self.returned[n]
            back = f"已于{day_in_words(day)}退回补正" if day else "应退回补正"
            yield f"{blank}没有填完，{back}（{rule}）。"
        elif self.returned[n]:
            yield f"{day_in_words(self.returned[n])}曾退回。"
        yield from self.contradictions(n)
        for j in self.bad[n]:
            item = self.form.items[j]
            yield f"第{item.id}项（{item.label}）不符合要求：{item.remedy}。"
        if self.bad[n]:
            yield f"以上各项应予整改（{self.form.rules['rectify'].quoted()}）。"

    def _check(self, n: int) -> Iterator[str]:
        day = f"{day_in_words(self.checked[n])}" if self.checked[n] else ""
        order = list(DIRECTIONS)
        found = []
        for j in self.differs[n]:
            way = direction(*(bool(good[n, j]) for good in self.good))
            own, seen = (
                self.form.answers[CODES[table[n, j]]] for table in (self.standing.filed.own, self.standing.filed.found)
            )
            sentence = f"第{self.form.items[j].id}项自查“{own}”，{day}核查“{seen}”，{DIRECTIONS[way]}。"
            found.append((order.index(way), sentence))
        yield from (sentence for _, sentence in sorted(found, key=lambda pair: pair[0]))

    def merchant(self, n: int) -> str:
        """Why the point of a row is a candidate for 诚信计量商户; empty where it is none."""
        if not self.standing.recommend[n]:
            return ""
        many = self.standing.needed("good_quarters")
        first = in_words(str(period(self.quarter[n]) - (many - 1)))
        span = f"{first}至{in_words(self.quarter[n])}连续{many}个季度" if many > 1 else in_words(self.quarter[n])
        rule = self.form.rules["merchant"].quoted()
        return (
            f"截至{day_in_words(self.standing.as_of)}，{span}报送良好，列为诚信计量商户推荐对象，"
            f"是否推荐由有权决定的人填写（{rule}；季度数原文没有规定，按设定）。"
        )

    def cancel(self, n: int) -> str:
        """Why the point of a row is a candidate for cancellation; empty where it is none."""
        if not self.standing.cancel[n]:
            return ""
        many = self.standing.needed("irregular_quarters")
        each = "；".join(self._irregular(i) for i in range(n - many + 1, n + 1))
        rule = self.form.rules["cancel"].quoted()
        return (
            f"截至{day_in_words(self.standing.as_of)}，连续{many}个季度报送不规范（{each}），列入取消监测点资格研究名单，"
            f"是否取消由有权决定的人填写（{rule}；季度数原文没有规定，按设定）。"
        )

    def _irregular(self, n: int) -> str:
        kinds = self.form.irregular
        said = [kinds[name].text for name, rows in self.standing.kinds.items() if rows[n] and kinds[name].counts]
        return f"{in_words(self.quarter[n])}{'、'.join(said)}，期限{day_in_words(self.due[n])}"

    def _noted(self) -> dict[int, list[tuple[str, str]]]:
        """Row → items and what contradicts, in the order of the items."""
        noted: dict[int, list[tuple[str, str]]] = {}
        for one in self.standing.findings:
            for n in np.flatnonzero(one.rows):
                noted.setdefault(int(n), []).append((one.item.id, one.say(int(n))))
        return {n: sorted(said, key=lambda pair: int(pair[0])) for n, said in noted.items()}


def lists(flags: Flags, numbers: Sequence[int]) -> list[list[int]]:
    """Each row's flagged items by number."""
    found: list[list[Any]] = [[] for _ in range(len(flags))]
    for n, j in zip(*np.nonzero(flags), strict=True):
        found[n].append(numbers[j])
    return found
