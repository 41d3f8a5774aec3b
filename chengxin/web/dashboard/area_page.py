"""景区街区看板: the choice of unit, area and period, and what `area` says of it."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from chengxin.figures.area import CloseUp, chosen, closeup, latest
from chengxin.figures.breakdown import figures
from chengxin.ledgers.filings.quarters import day_in_words
from chengxin.render import html
from chengxin.render.tables import Html
from chengxin.store import attachments
from chengxin.web import controls
from chengxin.web.dashboard import area_html, area_lines_html, city_html
from chengxin.web.dashboard.area_downloads import shown as taken
from chengxin.web.dashboard.board import Board, card
from chengxin.web.exports import Shown
from chengxin.workflow.inputs import speaking_day


class AreaPage(Board):
    """The page for one visitor; the address may name area, period, county (or unit)."""

    names = ("title", "notices", "cards", "waterfall", "compare", "mend", "past", "sheet", "readings", "links")

    def _open(self, asked: dict[str, str], today: date) -> None:
        self.known = latest(self.engine)
        self.day = speaking_day(self.known.work, today)
        self.unit, self.area, self.period = (controls.selected(name, []) for name in ("填报单位", "景区街区", "评价期"))
        start = self._first(asked)
        self._offer(start["unit"], start["area"], start["period"])
        self.page.children = (self._page(),)
        self.show()

    def show(self) -> None:
        """Say everything of the chosen assessment, from the database as it is now."""
        if self.filling:
            return
        self.known = latest(self.engine)
        self._offer(self.unit.value, self.area.value, self.period.value)
        work = self.known.work
        mine = work[(work["area"] == self.area.value) & (work["period"] == self.period.value)]
        self.shown = shown = closeup(self.known, str(mine["id"].iloc[0]))
        about = shown.about
        where = f"{about['name']}（{'，'.join(filter(None, [about['short_name'], shown.level]))}）{about['period']}年"
        files = attachments.attached(self.engine, about["id"])["line"].value_counts().to_dict()
        self._say(
            title=html.head("景区街区看板", where, shown.rubric.title, f"截至{day_in_words(about['as_of'])}"),
            notices=area_html.notices(shown),
            cards=city_html.cards(figures(about, shown.past, shown.mend, shown.part)),
            waterfall=area_html.waterfall(shown),
            compare=area_html.compare(shown),
            mend=area_lines_html.mend(shown, self.day),
            past=area_html.past(shown),
            sheet=area_lines_html.sheet(shown, files),
            readings=area_html.readings(shown),
            links=_links(shown),
        )

    def taken(self) -> Shown:
        """What the page shows, to take along."""
        return taken(self.shown, self.known.demo)

    def plain(self) -> dict[str, Any]:
        """The figures as plain data, for checking."""
        rows = figures(self.shown.about, self.shown.past, self.shown.mend, self.shown.part).to_dict("records")
        said = {row["label"]: None if pd.isna(row["value"]) else round(row["value"], row["digits"]) for row in rows}
        return {"评价对象": self.shown.about["name"], **said, "条目": len(self.shown.lines)}

    def _first(self, given: dict[str, str]) -> pd.Series:
        """What the address asks for; what does not exist is told, and the default shown for it."""
        unit = given.get("county") or given.get("unit")
        found, wrong = chosen(self.known, given.get("area"), given.get("period"), unit)
        self._refuse(wrong)
        return self.known.work[self.known.work["id"] == found].iloc[0]

    def _offer(self, unit: str, area: str, period: str) -> None:
        """Offer all units, the areas of one and the periods of one area; what does not fit gives way to the first."""
        self.filling, work = True, self.known.work
        controls.offer(self.unit, _pairs(work, "short_name", "unit"), unit)
        mine = work[work["unit"] == self.unit.value]
        controls.offer(self.area, _pairs(mine, "name", "area"), area)
        mine = mine[mine["area"] == self.area.value]
        controls.offer(self.period, [(f"{each}年", each) for each in sorted(mine["period"], reverse=True)], period)
        self.filling = False

    def _page(self) -> Any:
        body = self.body
        return self._laid(
            self.known.demo, [self.unit, self.area, self.period], self.taken, body["notices"], body["cards"],
            controls.box(
                controls.box(card(body["waterfall"]), card(body["mend"])), card(body["compare"]),
                classes=["cx-columns", "cx-halves"],
            ),
            card(body["past"]), body["sheet"], card(body["readings"]), body["links"],
        )  # fmt: skip


def _pairs(rows: pd.DataFrame, name: str, key: str) -> list[tuple[str, str]]:
    """Words and value of each, by its code."""
    known = rows.drop_duplicates(key).sort_values(key)
    return list(zip(known[name], known[key], strict=True))


def _links(shown: CloseUp) -> Html:
    """The address of what is shown, and the way to the city page."""
    about = shown.about
    here = urlencode({"area": about["area"], "period": about["period"]})
    city = urlencode({"period": about["period"], "kind": about["kind"], "county": about["unit"]})
    words = '<p class="cx-noprint">{here}　<a href="city.ipynb?{city}">{unit}在全市看板</a></p>'
    link = Html(html.here(f"area.ipynb?{here}"))
    return Html(html.escaped(words, here=link, city=city, unit=about["short_name"]))
