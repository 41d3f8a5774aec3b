"""全市看板: the choice of period, kind and unit, and what `overview` and `weakspots` say of it."""

import base64
import io
from functools import cache
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from chengxin import charts, citywords, pages, parts, tables
from chengxin.errors import ChengxinError
from chengxin.overview import Choice, chosen, gathered, headline
from chengxin.schema import AREA_KINDS
from chengxin.settings import Table, read_table
from chengxin.shape import Strict
from chengxin.store import open_store
from chengxin.tables import Html
from chengxin.weakspots import flags, group_rates, losses, ranking, trend, unit_ranking

UNITS = {"short_name": "单位", "areas": "对象（个）", "open": "未评完（个）", "median": "中位数（分）",
         "red": "红线（个）", "place": "名次"}  # fmt: skip
SHEETS = {"name": "评价对象", "kind": "类别", "short_name": "单位", "status": "状态", "rank": "名次", "total": "总分",
          "low": "最低可能", "high": "最高可能", "red_lines": "红线条目"}  # fmt: skip


class Tile(Strict):
    """Where a unit's tile stands."""

    row: int
    column: int


class TilesFile(Table):
    """``tables/tiles.yaml``."""

    tiles: dict[str, Tile]


@cache
def tiles() -> dict[str, Tile]:
    """Where the units' tiles stand; a scheme, no map."""
    return read_table("tiles", TilesFile).tiles


class CityPage:
    """The page for one visitor; the database is read when it is made and never written.

    Parameters
    ----------
    database : URL, file or engine; None: as `store.open_store`
    asked : what the page's address asks for: period, kind, county (or unit)
    """

    def __init__(self, database: str | Engine | None = None, asked: dict[str, str] | None = None) -> None:
        engine = database if isinstance(database, Engine) else open_store(database, read_only=True)
        self.wrong = parts.block("")
        try:
            self.city = gathered(engine)
        except ChengxinError as error:
            self.page = parts.box(parts.shown(pages.style()), parts.block("<p>{said}</p>", said=error),
                                  classes=["cx-page"])  # fmt: skip
            return
        self.choice = self._first(asked or {})
        self.named = dict(zip(self.city.units["code"], self.city.units["short_name"], strict=True))
        kinds = [("全部", ""), *((name, kind) for kind, name in AREA_KINDS.items() if kind in self.city.rubrics)]
        self.period = parts.selected("评价期", [(f"{p}年", p) for p in reversed(self.city.periods)], self.choice.period)
        self.kind = parts.selected("类别", kinds, self.choice.kind or "")
        self.unit = parts.selected("填报单位", [("全市", ""), *((n, c) for c, n in self.named.items())],
                                   self.choice.unit or "")  # fmt: skip
        self.tile = {code: parts.button(name, "", "cx-unit") for code, name in self.named.items()}
        self.body = {name: parts.block("") for name in ("title", "cards", "ranking", "units", "heat", "trend", "lost",
                                                        "flags", "files")}  # fmt: skip
        self.page = self._page()
        for picker in (self.period, self.kind, self.unit):
            picker.observe(lambda _: self.show(), names="value")
        for code, tile in self.tile.items():
            tile.on_click(lambda _, code=code: self._toggle(code))
        self.show()

    def show(self) -> None:
        """Say everything of the choice."""
        self.choice = now = Choice(self.period.value, self.kind.value or None, self.unit.value or None)
        where = f"{self.named[now.unit] if now.unit else '全市'}{now.period}年"
        self._tell("title", pages.head("诚信计量全市看板", where, AREA_KINDS.get(now.kind or "", "景区和街区")))
        self._tell("cards", citywords.cards(headline(self.city, now)))
        rows = ranking(self.city, now)
        self._tell("ranking", citywords.ranking(rows, f"{where}评价对象名次（景区、街区细则不同，分别排名）"))
        units = unit_ranking(self.city, now)
        units = units.assign(place=[_place(*cells) for cells in zip(units["rank"], units["tied"], strict=True)])
        caption = f"{where}各单位（按已评完对象总分的中位数）"
        self._tell("units", tables.table(units, UNITS, caption, right=["place"]))
        kinds = [now.kind] if now.kind else [kind for kind in self.city.rubrics if (rows["kind"] == kind).any()]
        self._tell("heat", Html("".join(self._heat(Choice(now.period, kind, now.unit)) for kind in kinds)))
        points = trend(self.city, now)
        said = charts.trend(points, "历年总分中位数（只计已评完的）")._repr_html_() if len(points) else ""
        self._tell("trend", Html(said))
        lost = [citywords.losses(losses(self.city, Choice(now.period, kind, now.unit)), AREA_KINDS[kind]).text
                for kind in kinds]  # fmt: skip
        self._tell("lost", Html("".join(lost)))
        self._tell("flags", citywords.flags(flags(self.city, now)))
        self._tell("files", self._files(rows))
        for code, tile in self.tile.items():
            parts.mark(tile, "ok" if code == now.unit else "")

    def plain(self) -> dict[str, Any]:
        """The headline figures as plain data, for checking."""
        rows = headline(self.city, self.choice)
        return {row["label"]: None if pd.isna(row["value"]) else round(row["value"], row["digits"])
                for row in rows.to_dict("records")}  # fmt: skip

    def _first(self, asked: dict[str, str]) -> Choice:
        """What the address asks for; what does not exist is told, and the default shown."""
        try:
            return chosen(self.city, asked.get("period"), asked.get("kind"), asked.get("county") or asked.get("unit"))
        except ChengxinError as error:
            parts.tell(self.wrong, '<p class="cx-banner cx-bad" role="alert">{said}</p>', said=error)
            return chosen(self.city)

    def _toggle(self, code: str) -> None:
        self.unit.value = "" if self.unit.value == code else code

    def _tell(self, name: str, said: Html) -> None:
        parts.tell(self.body[name], "{said}", said=said)

    def _heat(self, choice: Choice) -> str:
        """Score rates of groups, by unit for the city, by area for one unit."""
        by = "name" if choice.unit else "short_name"
        rates = group_rates(self.city, choice, by)
        if rates.empty:
            return ""
        whose = "各评价对象" if choice.unit else "各单位"
        return charts.heat_map(rates, f"{AREA_KINDS[str(choice.kind)]}：{whose}各检查内容得分率")._repr_html_()

    def _files(self, rows: pd.DataFrame) -> Html:
        """What the ranking shows, as a file to take along."""
        shown = rows[list(SHEETS)].rename(columns=SHEETS)
        text = io.StringIO()
        shown.to_csv(text, index=False, float_format="%.2f")
        data = base64.b64encode(b"\xef\xbb\xbf" + text.getvalue().encode()).decode()
        name = f"诚信计量指数{self.choice.period}.csv"
        words = '<a class="cx-link" download="{name}" href="data:text/csv;base64,{data}">下载名次表（CSV）</a>'
        return Html(pages.escaped(words, name=name, data=data))

    def _page(self) -> Any:
        body = self.body
        places = tiles()
        shown = [self.tile[code] for code in sorted((c for c in self.tile if c in places), key=lambda c: places[c].row)]
        for code, tile in self.tile.items():
            if code in places:
                tile._dom_classes = (*tile._dom_classes, f"cx-at-{places[code].row}-{places[code].column}")
        scheme = parts.box(*shown, classes=["cx-scheme"])
        about = parts.block('<p class="cx-rule">方格只示意各单位的大致方位；点选即只看该单位，再点恢复全市。</p>')
        left = parts.box(body["ranking"], body["lost"], classes=["cx-card"])
        right = parts.box(parts.block("<h2>各单位</h2>"), scheme, about, body["units"], classes=["cx-card"])
        return parts.box(
            parts.shown(pages.style()), parts.shown(pages.banner(self.city.demo)),
            parts.box(body["title"], classes=["cx-head"]), self.wrong,
            parts.row(self.period, self.kind, self.unit, classes=["cx-fields"]), body["cards"],
            parts.box(left, right, classes=["cx-columns"]), parts.box(body["heat"], classes=["cx-card"]),
            parts.box(body["trend"], classes=["cx-card"]),
            parts.box(parts.block("<h2>红线、扣分和加分</h2>"), body["flags"], classes=["cx-card"]), body["files"],
            classes=["cx-page", "cx-broad"],
        )  # fmt: skip


def _place(rank: Any, tied: bool) -> str:
    return "不排名" if pd.isna(rank) else f"{rank}{'（并列）' if tied else ''}"
