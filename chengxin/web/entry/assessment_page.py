"""The page 评价录入: choosing who, where and when, then the form. What comes from the address is only looked up."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import ipywidgets as w
from sqlalchemy import Engine

from chengxin.clock import china_day, now
from chengxin.errors import ChengxinError
from chengxin.exchange.csv import normal
from chengxin.ledgers.filings.quarters import day_in_words
from chengxin.render import html
from chengxin.store import read
from chengxin.store.access import current, sample
from chengxin.store.engine import open_store
from chengxin.store.schema import ASSESSMENT_STATES
from chengxin.web import controls
from chengxin.web.entry.assessment_form import AssessmentForm
from chengxin.web.visitor import afterwards, name_field
from chengxin.workflow import assessment_steps

EARLIEST = 2000  # year of an assessment; an earlier one is a slip of the finger
REVIEW = {"city": ("draft", "approved"), "county": ("draft",)}  # what a role may make of what was submitted


class AssessmentPage:
    """Choose or begin an assessment, fill it in.

    Parameters
    ----------
    database : URL, file or engine; None: as `engine.open_store`
    asked : what the page's address asks for: assessment, who
    now : gives the moment
    """

    def __init__(
        self, database: str | Engine | None = None, asked: dict[str, str] | None = None, *,
        now: Callable[[], datetime] = now,
    ) -> None:  # fmt: skip
        self.engine = database if isinstance(database, Engine) else open_store(database)
        self.now = now
        self.form: AssessmentForm | None = None
        self.work, self.demo = read.assessments(self.engine), sample(self.engine)
        self.areas = read.areas(self.engine)
        self.names = read.units(self.engine).set_index("code")["short_name"].to_dict()
        self.wrong = controls.block("")
        self.choosing = self._choosing(asked or {})
        self.page = controls.box(self.choosing, classes=["cx-stage"])
        known = set(self.work["id"])
        wanted = (asked or {}).get("assessment", "")
        if wanted and wanted in known:
            self.existing.value = wanted
            afterwards(lambda: self.open(wanted), self.page)
        elif wanted:
            self._say(f"没有评价“{wanted[:40]}”；请从列表中选择。")

    def open(self, assessment: str) -> None:
        """Show the form of an assessment; what goes wrong is said on the page."""
        who = self.who.value.strip()
        if not who or not assessment:
            self._say("请先填写姓名，再选择一个评价；每处改动都记下是谁改的。")
            return
        try:
            if self.form is not None:
                self.form.saver.close()
            review = REVIEW.get(current().role, ())
            self.form = AssessmentForm(self.engine, assessment, who=who, now=self.now, review=review)
        except ChengxinError as error:
            self._say(str(error))
            return
        self.form.watch()
        self.page.children = (self.form.page, controls.way_back(self.close))

    def close(self) -> None:
        """Back to the list; what waits is saved first."""
        if self.form is not None:
            self.form.saver.close()
            self.form = None
        self.work = read.assessments(self.engine)
        self._list()
        self.page.children = (self.choosing,)

    def begin(self) -> None:
        """Begin the assessment of an area for a period, or open the one there is."""
        period, who, today = normal(self.period.value), self.who.value.strip(), china_day(self.now())
        latest = today.year + 1
        if not who or not (period.isascii() and period.isdigit()) or not EARLIEST <= int(period[:8]) <= latest:
            self._say(f"请填写姓名和评价年度；评价年度是{EARLIEST}至{latest}之间的四位数，如{today.year}。")
            return
        year = int(period)
        day = self.as_of.value or (today if today.year == year else date(year, 12, 31))
        if not year <= day.year <= year + 1:
            self._say(f"截止日期{day_in_words(day)}不在{year}年度；请改正，或留空。")
            return
        try:
            made = assessment_steps.create(
                self.engine, self.area.value, period, day, who=who, at=self.now(), demo=self.demo
            )
        except ChengxinError as error:
            self._say(str(error))
            return
        self.work = read.assessments(self.engine)
        self._list()
        self.existing.value = made
        self.open(made)

    def plain(self) -> dict[str, Any]:
        """What the page offers, as plain data for checking: assessments by state, areas, units."""
        states = self.work["status"].map(ASSESSMENT_STATES).value_counts().sort_index().to_dict()
        return {"评价": states, "景区和街区": len(self.areas), "填报单位": len(self.names)}

    def _choosing(self, asked: dict[str, str]) -> w.VBox:
        self.who = name_field(asked)
        units = [("全部", ""), *((name, code) for code, name in self.names.items())]
        self.unit = controls.selected("填报单位", units)
        self.existing = controls.selected("评价", [("—", "")])
        self.area = controls.selected("景区或街区", [("—", "")])
        self.period, self.as_of = controls.number("评价年度"), controls.day("截止日期（空白：今天或年末）")
        self.unit.observe(lambda _: self._list(), names="value")
        go, new = controls.button("打开", "primary"), controls.button("新建评价")
        go.on_click(lambda _: self.open(self.existing.value))
        new.on_click(lambda _: self.begin())
        self._list()
        return controls.box(
            controls.shown(html.style()), controls.shown(html.banner(self.demo)),
            controls.shown(html.head("评价录入", "每处改动即时保存，可随时离开，回来接着填"), "cx-head"), self.wrong,
            controls.box(controls.block("<h2>打开评价</h2>"), controls.row(self.who, self.unit, classes=["cx-fields"]),
                      self.existing, controls.row(go, classes=["cx-actions"]), classes=["cx-card"]),
            controls.box(controls.block("<h2>新建评价</h2>"),
                      controls.row(self.area, self.period, self.as_of, classes=["cx-fields"]),
                      controls.row(new, classes=["cx-actions"]), classes=["cx-card"]),
            classes=["cx-page"],
        )  # fmt: skip

    def _list(self) -> None:
        """Assessments and areas of the chosen unit; drafts and the newest period first."""
        unit = self.unit.value
        mine = self.work if not unit else self.work[self.work["unit"] == unit]
        mine = mine.assign(open=mine["status"] != "draft").sort_values(
            ["open", "period", "id"], ascending=[True, False, True]
        )
        self.existing.options = [("请选择", ""), *((_named(row), row.id) for row in mine.itertuples())]
        areas = self.areas[self.areas["status"] != "withdrawn"]
        areas = areas if not unit else areas[areas["unit"] == unit]
        known = [(f"{row.name}（{self.names[row.unit]}）", row.code) for row in areas.itertuples()]
        self.area.options = known or [("—", "")]

    def _say(self, words: str) -> None:
        controls.tell(self.wrong, '<p class="cx-banner cx-bad" role="alert">{said}</p>', said=words)
        self.page.children = (self.choosing,)


def _named(row: Any) -> str:
    return f"{row.name}　{row.period}年　{ASSESSMENT_STATES[row.status]}（{row.short_name}）"
