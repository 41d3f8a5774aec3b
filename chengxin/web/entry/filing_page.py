"""The page 监测点季报: choosing point and quarter, then the form. What comes from the address is only looked up."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import ipywidgets as w
import pandas as pd
from sqlalchemy import Engine

from chengxin.clock import china_day, now
from chengxin.errors import ChengxinError
from chengxin.ledgers.filings.form import load_form
from chengxin.ledgers.filings.quarters import due, in_words
from chengxin.render import html
from chengxin.settings import settings
from chengxin.store import read
from chengxin.store.access import LOCAL, current, sample
from chengxin.store.engine import open_store
from chengxin.web import controls
from chengxin.web.entry.filing_form import FilingForm
from chengxin.web.entry.filing_item import CHECK_SIDE, OWN_SIDE
from chengxin.web.visitor import afterwards, name_field
from chengxin.workflow.filing import STEPS, step

SIDES = {OWN_SIDE: "监测点自查", CHECK_SIDE: "监管人员核查"}
BY_ROLE = {"point": (OWN_SIDE,), "county": (CHECK_SIDE, OWN_SIDE), "city": (CHECK_SIDE, OWN_SIDE)}
KEPT = 8  # quarters to choose from


class FilingPage:
    """Choose a filing, fill it in or check it.

    Parameters
    ----------
    database : URL, file or engine; None: as `engine.open_store`
    asked : what the page's address asks for: point, quarter, side (``own``, ``check``), who
    now : gives the moment
    """

    def __init__(
        self, database: str | Engine | None = None, asked: dict[str, str] | None = None, *,
        now: Callable[[], datetime] = now,
    ) -> None:  # fmt: skip
        self.engine = database if isinstance(database, Engine) else open_store(database)
        self.now, given = now, asked or {}
        self.form: FilingForm | None = None
        books = read.books(self.engine)
        self.points, self.filings = books["monitoring_point"], books["filing"]
        self.demo = sample(self.engine)
        self.names = read.units(self.engine).set_index("code")["short_name"].to_dict()
        self.wrong = controls.block("")
        self.choosing = self._choosing(given)
        self.page = controls.box(self.choosing, classes=["cx-stage"])
        if given.get("point"):
            afterwards(lambda: self._asked(given["point"], given.get("quarter", "")), self.page)

    def open(self, point: str, quarter: str) -> None:
        """Show the form of a filing; what goes wrong is said on the page."""
        who = self.who.value.strip()
        if not who or not point or not quarter:
            self._say("请先填写姓名，再选择监测点和季度；每处改动都记下是谁改的。")
            return
        try:
            self.close()
            self.form = FilingForm(self.engine, point, quarter, who=who, now=self.now, side=self.side.value)
        except ChengxinError as error:
            self._say(str(error))
            return
        self.form.watch()
        self.page.children = (self.form.page, controls.way_back(self.close))

    def close(self) -> None:
        """Back to the list; what waits is saved first."""
        if self.form is not None:
            self.form.close()
            self.form = None
            self.filings = read.books(self.engine)["filing"]
            self._quarters()
        self.page.children = (self.choosing,)

    def plain(self) -> dict[str, Any]:
        """What the page offers, as plain data for checking: filings by step, points, units."""
        steps = pd.Series([STEPS[step(row)] for row in self.filings.to_dict("records")], dtype="str")
        return {"季报": steps.value_counts().sort_index().to_dict(), "监测点": len(self.points),
                "填报单位": len(self.names), "项目": len(load_form().items)}  # fmt: skip

    def _choosing(self, given: dict[str, str]) -> w.VBox:
        reader = current()
        sides = BY_ROLE.get(reader.role, ())
        order = sides if reader is not LOCAL else tuple(reversed(sides))
        self.who = name_field(given)
        self.side = controls.selected("填写", [(SIDES[s], s) for s in order] or [("只查看", "")], given.get("side"))
        known = [(name, code) for code, name in self.names.items() if code in set(self.points["unit"])]
        self.unit = controls.selected("填报单位", [("全部", ""), *known])
        self.chosen = controls.selected("监测点", [("请选择", "")])
        self.quarter = controls.selected("季度", [("请选择", "")])
        self.unit.observe(lambda _: self._list(), names="value")
        self.chosen.observe(lambda _: self._quarters(), names="value")
        go = controls.button("打开", "primary")
        go.on_click(lambda _: self.open(self.chosen.value, self.quarter.value))
        self._list()
        card = controls.box(controls.row(self.who, self.side, self.unit, classes=["cx-fields"]),
                         controls.row(self.chosen, self.quarter, classes=["cx-fields"]),
                         controls.row(go, classes=["cx-actions"]), classes=["cx-card"])  # fmt: skip
        return controls.box(
            controls.shown(html.style()), controls.shown(html.banner(self.demo)),
            controls.shown(html.head("监测点季报", "每季度一份，每处改动即时保存，可随时离开，回来接着填"), "cx-head"),
            self.wrong, card, classes=["cx-page"],
        )  # fmt: skip

    def _list(self) -> None:
        """Points of the chosen unit that were accepted."""
        mine = self.points[self.points["accepted_on"].notna()]
        mine = mine[mine["unit"] == self.unit.value] if self.unit.value else mine
        rows = [(f"{row.name}（{self.names.get(row.unit, '')}，{row.sector}）", row.code) for row in mine.itertuples()]
        self.chosen.options = [*([("请选择", "")] if len(rows) != 1 else []), *rows]
        self.chosen.value = self.chosen.options[0][1]
        self._quarters()

    def _quarters(self) -> None:
        """Quarters that the chosen point had to file for, the newest first, each with its step."""
        mine = self.points[self.points["code"] == self.chosen.value]
        filed = self.filings[self.filings["point"] == self.chosen.value]
        steps = {row["quarter"]: STEPS[step(row)] for row in filed.to_dict("records")}
        day = china_day(self.now())
        spans = due(mine, self.filings["quarter"], None, day, settings()["filing_due_days"]) if len(mine) else mine
        wanted = sorted({*steps, *(spans["quarter"] if len(spans) else ())}, reverse=True)[:KEPT]
        rows = [(f"{in_words(each)}　{steps.get(each, STEPS['open'])}", each) for each in wanted]
        self.quarter.options = rows or [("请选择", "")]
        self.quarter.value = self.quarter.options[0][1]

    def _asked(self, point: str, quarter: str) -> None:
        """Open what the address names, if it is on the lists."""
        if point not in {code for _, code in self.chosen.options}:
            self._say(f"没有监测点“{point[:40]}”；请从列表中选择。")
            return
        self.chosen.value = point
        known = [code for _, code in self.quarter.options]
        if quarter and quarter not in known:
            self._say(f"季度“{quarter[:40]}”不在可填的季度中；请从列表中选择。")
            return
        self.quarter.value = quarter or known[0]
        self.open(point, self.quarter.value)

    def _say(self, words: str) -> None:
        controls.tell(self.wrong, '<p class="cx-banner cx-bad" role="alert">{said}</p>', said=words)
        self.page.children = (self.choosing,)
