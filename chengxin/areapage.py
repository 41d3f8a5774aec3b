"""景区街区看板: the choice of unit, area and period, and what `closeup` says of it."""

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlencode

import pandas as pd
from sqlalchemy import Engine

from chengxin import areafiles, areasheet, areawords, citywords, evidence, pages, parts
from chengxin.breakdown import figures
from chengxin.closeup import CloseUp, chosen, closeup, opened
from chengxin.errors import ChengxinError
from chengxin.gather import speaking_day
from chengxin.savebar import save_bar
from chengxin.store import open_store
from chengxin.tables import Html


class AreaPage:
    """The page for one visitor; the database is read when it is made and never written.

    Parameters
    ----------
    database : URL, file or engine; None: as `store.open_store`
    asked : what the page's address asks for: area, period, county (or unit)
    today : gives the day, for what is late
    """

    def __init__(
        self, database: str | Engine | None = None, asked: dict[str, str] | None = None, *,
        today: Callable[[], date] = date.today,
    ) -> None:  # fmt: skip
        self.engine = database if isinstance(database, Engine) else open_store(database, read_only=True)
        self.wrong, given = parts.block(""), asked or {}
        try:
            self.known = opened(self.engine)
        except ChengxinError as error:
            self.page = parts.box(parts.shown(pages.style()), parts.block("<p>{said}</p>", said=error),
                                  classes=["cx-page"])  # fmt: skip
            return
        self.day = speaking_day(self.known.work, today())
        start = self._first(given)
        work = self.known.work
        units = work.drop_duplicates("unit")[["short_name", "unit"]].sort_values("unit")
        self.unit = parts.selected("填报单位", list(units.itertuples(index=False, name=None)), start["unit"])
        self.area, self.period = parts.selected("景区街区", []), parts.selected("评价期", [])
        self.body = {name: parts.block("") for name in ("title", "notices", "cards", "waterfall", "compare", "mend",
                                                        "past", "sheet", "readings", "links")}  # fmt: skip
        self._fill(start["area"], start["period"])
        self.page = self._page()
        self.unit.observe(lambda _: self._fill(), names="value")
        self.area.observe(lambda _: self._fill(self.area.value, self.period.value), names="value")
        self.period.observe(lambda _: self.show(), names="value")

    def show(self) -> None:
        """Say everything of the chosen assessment."""
        if self.filling:
            return
        work = self.known.work
        mine = work[(work["area"] == self.area.value) & (work["period"] == self.period.value)]
        self.shown = shown = closeup(self.known, str(mine["id"].iloc[0]))
        about = shown.about
        where = f"{about['name']}（{'，'.join(filter(None, [about['short_name'], shown.level]))}）{about['period']}年"
        files = evidence.attached(self.engine, about["id"])["line"].value_counts().to_dict()
        for name, said in {
            "title": pages.head("景区街区看板", where, shown.rubric.title),
            "notices": areawords.notices(shown),
            "cards": citywords.cards(figures(about, shown.past, shown.mend)),
            "waterfall": areawords.waterfall(shown),
            "compare": areawords.compare(shown),
            "mend": areasheet.mend(shown, self.day),
            "past": areawords.past(shown),
            "sheet": areasheet.sheet(shown, files),
            "readings": areawords.readings(shown),
            "links": _links(shown),
        }.items():
            parts.tell(self.body[name], "{said}", said=said)

    def plain(self) -> dict[str, Any]:
        """The figures as plain data, for checking."""
        rows = figures(self.shown.about, self.shown.past, self.shown.mend).to_dict("records")
        said = {row["label"]: None if pd.isna(row["value"]) else round(row["value"], row["digits"]) for row in rows}
        return {"评价对象": self.shown.about["name"], **said, "条目": len(self.shown.lines)}

    def _first(self, given: dict[str, str]) -> pd.Series:
        """What the address asks for; what does not exist is told, and the default shown."""
        try:
            found = chosen(self.known, given.get("area"), given.get("period"), given.get("county") or given.get("unit"))
        except ChengxinError as error:
            parts.tell(self.wrong, '<p class="cx-banner cx-bad" role="alert">{said}</p>', said=error)
            found = chosen(self.known)
        return self.known.work[self.known.work["id"] == found].iloc[0]

    def _fill(self, area: str | None = None, period: str | None = None) -> None:
        """Offer the areas of the chosen unit and the periods of the chosen area; then show."""
        if getattr(self, "filling", False):
            return
        self.filling = True
        mine = self.known.work[self.known.work["unit"] == self.unit.value]
        names = mine.drop_duplicates("area").sort_values("area")[["name", "area"]]
        _offer(self.area, list(names.itertuples(index=False, name=None)), area)
        periods = sorted(mine.loc[mine["area"] == self.area.value, "period"], reverse=True)
        _offer(self.period, [(f"{each}年", each) for each in periods], period or self.period.value)
        self.filling = False
        self.show()

    def _page(self) -> Any:
        body = self.body

        def cards(*names: str) -> list[Any]:
            return [parts.box(body[name], classes=["cx-card"]) for name in names]

        return parts.box(
            parts.shown(pages.style()), parts.shown(pages.banner(self.known.demo)),
            parts.box(body["title"], classes=["cx-head"]), self.wrong,
            parts.row(self.unit, self.area, self.period, classes=["cx-fields"]),
            save_bar(lambda: areafiles.shown(self.shown, self.known.demo)), body["notices"], body["cards"],
            parts.box(*cards("waterfall", "compare"), classes=["cx-columns", "cx-halves"]),
            *cards("mend", "past"), body["sheet"], *cards("readings"), body["links"],
            classes=["cx-page", "cx-broad"],
        )  # fmt: skip


def _offer(picker: Any, options: list[tuple[str, str]], value: str | None) -> None:
    """New options with one of them chosen; nothing is sent where they stay the same."""
    if tuple(picker.options) != tuple(options):
        picker.options = options
    known = [each for _, each in options]
    picker.value = value if value in known else known[0]


def _links(shown: CloseUp) -> Html:
    """The address of what is shown, and the way to the city page."""
    about = shown.about
    here = urlencode({"area": about["area"], "period": about["period"]})
    city = urlencode({"period": about["period"], "kind": about["kind"], "county": about["unit"]})
    return Html(pages.escaped(
        '<p class="cx-noprint"><a href="area.ipynb?{here}">本页地址（可收藏、转发给同事）</a>　'
        '<a href="city.ipynb?{city}">{unit}在全市看板</a></p>', here=here, city=city, unit=about["short_name"],
    ))  # fmt: skip
