"""景区街区看板: the choice of unit, area and period, and what `closeup` says of it."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from chengxin import areasheet, areawords, citywords, evidence, pages, parts
from chengxin.areasheets import shown as taken
from chengxin.board import Board, card
from chengxin.breakdown import figures
from chengxin.closeup import CloseUp, chosen, closeup, latest
from chengxin.exports import Shown
from chengxin.gather import speaking_day
from chengxin.quarters import day_in_words
from chengxin.tables import Html


class AreaPage(Board):
    """The page for one visitor; the address may name area, period, county (or unit)."""

    names = ("title", "notices", "cards", "waterfall", "compare", "mend", "past", "sheet", "readings", "links")

    def _open(self, asked: dict[str, str], today: date) -> None:
        self.known = latest(self.engine)
        self.day = speaking_day(self.known.work, today)
        self.unit, self.area, self.period = (parts.selected(name, []) for name in ("填报单位", "景区街区", "评价期"))
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
        files = evidence.attached(self.engine, about["id"])["line"].value_counts().to_dict()
        self._say(
            title=pages.head("景区街区看板", where, shown.rubric.title, f"截至{day_in_words(about['as_of'])}"),
            notices=areawords.notices(shown),
            cards=citywords.cards(figures(about, shown.past, shown.mend, shown.part)),
            waterfall=areawords.waterfall(shown),
            compare=areawords.compare(shown),
            mend=areasheet.mend(shown, self.day),
            past=areawords.past(shown),
            sheet=areasheet.sheet(shown, files),
            readings=areawords.readings(shown),
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
        parts.offer(self.unit, _pairs(work, "short_name", "unit"), unit)
        mine = work[work["unit"] == self.unit.value]
        parts.offer(self.area, _pairs(mine, "name", "area"), area)
        mine = mine[mine["area"] == self.area.value]
        parts.offer(self.period, [(f"{each}年", each) for each in sorted(mine["period"], reverse=True)], period)
        self.filling = False

    def _page(self) -> Any:
        body = self.body
        return self._laid(
            self.known.demo, [self.unit, self.area, self.period], self.taken, body["notices"], body["cards"],
            parts.box(
                parts.box(card(body["waterfall"]), card(body["mend"])), card(body["compare"]),
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
    link = Html(pages.here(f"area.ipynb?{here}"))
    return Html(pages.escaped(words, here=link, city=city, unit=about["short_name"]))
