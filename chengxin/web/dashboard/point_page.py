"""监测点看板: the choice of quarter, unit and day, and what `points` says of it."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from chengxin.errors import ChengxinError, UsageError
from chengxin.figures import points as watch
from chengxin.figures.points import Watch
from chengxin.figures.points_head import figures
from chengxin.ledgers.filings.quarters import day_in_words, in_words
from chengxin.render import html
from chengxin.render.tables import Html
from chengxin.web import controls
from chengxin.web.dashboard import city_html, point_html
from chengxin.web.dashboard.board import Board, card
from chengxin.web.dashboard.point_downloads import shown as taken
from chengxin.web.exports import Shown
from chengxin.workflow.inputs import speaking_day

AHEAD = timedelta(366)  # from today


class PointPage(Board):
    """The page for one visitor; the address may name quarter, county (or unit), as_of (default: today)."""

    names = ("title", "cards", "units", "sectors", "wanting", "quarters", "agreement", "differing", "tools", "merchant",
             "cancel", "links")  # fmt: skip

    def _open(self, asked: dict[str, str], today: date) -> None:
        self.books = watch.latest(self.engine)
        self.standing = speaking_day(self.books["work"], today)
        quarter, unit = self._judged(asked)
        self.quarter, self.unit = controls.selected("季度", []), controls.selected("填报单位", [])
        self._offer(quarter, unit or "")
        self.day = controls.day("截至")
        self.day.value = self.watch.as_of
        self.page.children = (self._page(),)
        self.show()

    def show(self) -> None:
        """Say everything of the choice, from the database as it is now; a day for which there is nothing is told."""
        if self.filling:
            return
        try:
            self._rejudge()
        except ChengxinError as error:
            self._refuse([str(error)])
            return
        quarter, unit = self.quarter.value, self.unit.value or None
        self._say(**self._said(self.watch.of(unit), quarter, unit))

    def _said(self, mine: Watch, quarter: str, unit: str | None) -> dict[str, Html]:
        where = f"{self.unit.label if unit else '全部填报单位'}{in_words(quarter)}"
        units, sectors, quarters = (watch.filed(mine, None if by == "quarter" else quarter, by) for by in point_html.BY)
        tools = watch.instruments(mine)
        merchant, cancel = (watch.candidates(mine, quarter, kind) for kind in ("merchant", "cancel"))
        return {
            "title": html.head("监测点看板", where, f"截至{day_in_words(self.watch.as_of)}"),
            "cards": city_html.cards(figures(mine, quarter, quarters, tools)),
            "units": point_html.filed(units, "short_name", "各填报单位报送（低的在先）"),
            "sectors": point_html.filed(sectors, "sector", "各行业报送（低的在先）"),
            "quarters": point_html.filed(quarters, "quarter", "各季度报送"),
            "wanting": point_html.wanting(watch.wanting(mine, quarter), mine.deadline(quarter)),
            "agreement": point_html.agreement(mine, quarter, ["sector"] if unit else ["short_name", "sector"]),
            "differing": point_html.differing(watch.differing(mine, quarter)),
            "tools": point_html.instruments(tools, "sector" if unit else "short_name"),
            "merchant": point_html.candidates(merchant),
            "cancel": point_html.candidates(cancel),
            "links": self._links(quarter, unit),
        }

    def taken(self) -> Shown:
        """What the page shows, to take along."""
        unit = self.unit.value or None
        return taken(self.watch.of(unit), self.quarter.value, self.unit.label if unit else "")

    def plain(self) -> dict[str, Any]:
        """The figures as plain data, for checking."""
        mine = self.watch.of(self.unit.value or None)
        sums = watch.filed(mine, None, "quarter")
        rows = figures(mine, self.quarter.value, sums, watch.instruments(mine)).to_dict("records")
        return {row["label"]: None if pd.isna(row["value"]) else round(float(row["value"]), row["digits"])
                for row in rows}  # fmt: skip

    def _judged(self, given: dict[str, str]) -> tuple[str, str | None]:
        """Judge as of the day the address asks for; what does not exist is told, and the default shown for it."""
        wrong = []
        try:
            self.watch = self._watched(self.books, _day(given["as_of"]) if given.get("as_of") else self.standing)
        except ChengxinError as error:
            if not given.get("as_of"):
                raise
            wrong.append(str(error))
            self.watch = self._watched(self.books, self.standing)
        found, strange = watch.chosen(self.watch, given.get("quarter"), given.get("county") or given.get("unit"))
        self._refuse(wrong + strange)
        return found

    def _rejudge(self) -> None:
        """Judge again where the data or the day have changed; an empty day is the one the page began with."""
        books, day = watch.latest(self.engine), self.day.value or self.standing
        if books is self.books and day == self.watch.as_of:
            return
        self.watch, self.books = self._watched(books, day), books
        controls.tell(self.wrong, "")
        self._offer(self.quarter.value, self.unit.value)

    def _watched(self, books: dict[str, Any], day: date) -> Watch:
        """Judge as of a day that is not years away: each quarter until then would have to be judged."""
        last = self.standing + AHEAD
        if day > last:
            raise UsageError(f"截至日期{day_in_words(day)}太晚；应不晚于{day_in_words(last)}。")
        return watch.on(books, day)

    def _offer(self, quarter: str, unit: str) -> None:
        """Offer the quarters and units there are; what there is no more gives way to the newest, and to all."""
        self.filling = True
        names = self.watch.units[self.watch.units["code"].isin(self.watch.judged["unit"])]
        known = list(zip(names["short_name"], names["code"], strict=True))
        controls.offer(self.quarter, [(in_words(each), each) for each in reversed(self.watch.quarters)], quarter)
        controls.offer(self.unit, [("全部", ""), *known] if len(known) > 1 else known, unit)
        self.filling = False

    def _links(self, quarter: str, unit: str | None) -> Html:
        """Units' own settings that the figures rest on, and the address of what is shown."""
        own = "".join(html.escaped('<p class="cx-rule">{said}</p>', said=said) for said in self.watch.own)
        day = "" if self.watch.as_of == self.standing else self.watch.as_of.isoformat()
        asked = {"quarter": quarter, "county": unit or "", "as_of": day}
        here = urlencode({name: value for name, value in asked.items() if value})
        return Html(f'{own}<p class="cx-noprint">{html.here(f"point.ipynb?{here}")}</p>')

    def _page(self) -> Any:
        body = self.body
        filed = card(body["units"], body["quarters"]), card(body["sectors"])
        return self._laid(
            self.watch.demo, [self.quarter, self.unit, self.day], self.taken, body["cards"],
            controls.box(*filed, classes=["cx-columns", "cx-halves"]),
            card(body["wanting"], title="没有按期报送或没有填完的监测点"),
            card(body["agreement"], body["differing"], title="自查与现场核查"),
            card(body["tools"], title="计量器具到期"),
            card(body["merchant"], title="诚信计量商户推荐候选"),
            card(body["cancel"], title="取消监测点资格研究名单"), body["links"],
        )  # fmt: skip


def _day(text: str) -> date:
    """A day of an address.

    Raises
    ------
    UsageError : not a day
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"截至日期“{text[:40]}”不是日期；应形如2026-10-31。") from None
