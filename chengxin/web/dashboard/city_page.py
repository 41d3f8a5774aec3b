"""全市看板: the choice of period, kind and unit, and what `city` and `losses` say of it."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from chengxin.figures.city import Choice, chosen, headline, latest
from chengxin.figures.losses import flags, group_rates, losses, ranking, trend, unit_ranking
from chengxin.ledgers.filings.quarters import day_in_words
from chengxin.render import html
from chengxin.render.tables import Html
from chengxin.scoring.ranking import shortened
from chengxin.store.schema import AREA_KINDS
from chengxin.web import controls
from chengxin.web.dashboard import city_html, losses_html, trend_svg
from chengxin.web.dashboard.board import Board, card
from chengxin.web.dashboard.city_downloads import COLUMNS, WHOSE, by, defined, shown
from chengxin.web.dashboard.city_tiles import scheme, tiles
from chengxin.web.exports import Shown

AREAS, HALF = 24, 10  # areas of a kind that the ranking shows; units from either end
FLAGGED = 12  # of each sort of flag


class CityPage(Board):
    """The page for one visitor; the address may name period, kind, county (or unit)."""

    names = ("title", "cards", "ranking", "units", "heat", "trend", "lost", "flags", "defined", "links")

    def _open(self, asked: dict[str, str], today: date) -> None:
        self.city = latest(self.engine)
        self.choice = self._first(asked)
        kinds = [("全部", ""), *((name, kind) for kind, name in AREA_KINDS.items() if kind in self.city.rubrics)]
        self.period = controls.selected("评价期", self._periods(), self.choice.period)
        self.kind = controls.selected("类别", kinds, self.choice.kind or "")
        self.unit = controls.selected("填报单位", self._units(), self.choice.unit or "")
        self.tile = {code: controls.button(self.named[code]) for code in tiles() if code in self.named}
        for code, tile in self.tile.items():
            tile.on_click(lambda _, code=code: self._toggle(code))
        self.page.children = (self._page(),)
        self.show()

    def show(self) -> None:
        """Say everything of the choice, from the database as it is now."""
        self._renew()
        self.choice = now = Choice(self.period.value, self.kind.value or None, self.unit.value or None)
        where = f"{self.named[now.unit or '']}{now.period}年"
        until = f"截至{day_in_words(self.city.as_of[now.period])}"
        rows = ranking(self.city, now, AREAS)
        count = len(rows) + int(rows["after"].sum())
        caption = f"{where}评价对象名次（共{count}个；景区、街区细则不同，分别排名）"
        if self.city.part:
            caption = f"{where}您可见的评价对象（共{count}个；只在其中排名，不是全市名次）"
        self._say(
            title=html.head("诚信计量全市看板", where, AREA_KINDS.get(now.kind or "", "景区和街区"), until),
            cards=city_html.cards(headline(self.city, now)),
            ranking=city_html.ranking(rows, caption),
            units=self._standing(now),
            heat=_pair(
                losses_html.heat(rates, rates.attrs["title"], now, rates.attrs["units"]) for rates in self.heat()
            ),
            trend=self._trend(now),
            lost=_pair(self._lost(Choice(now.period, kind, now.unit)) for kind in self._kinds()),
            flags=losses_html.flags(flags(self.city, now, FLAGGED), now.period),
            defined=city_html.defined(defined(self.city)),
            links=city_html.link(now),
        )

    def shown(self) -> Shown:
        """What the page shows, to take along."""
        return shown(self.city, self.choice, self.named, self.heat())

    def heat(self) -> list[pd.DataFrame]:
        """Score rates of each kind shown: by area where they fit, else by unit; of many the lowest and the highest."""
        made = []
        for kind in self._kinds():
            choice = Choice(self.choice.period, kind, self.choice.unit)
            key = by(self.city, choice)
            rates = group_rates(self.city, choice, key, COLUMNS)
            whose, count = WHOSE[key], rates.attrs["of"]
            some = f"最低和最高的各{COLUMNS // 2}个{whose}（共{count}个）" if count > COLUMNS else f"各{whose}"
            rates.attrs["units"] = key == "short_name"
            rates.attrs["title"] = f"{AREA_KINDS[kind]}：{some}各检查内容得分率"
            made.append(rates)
        return [rates for rates in made if len(rates)]

    def plain(self) -> dict[str, Any]:
        """The headline figures as plain data, for checking."""
        rows = headline(self.city, self.choice)
        return {row["label"]: None if pd.isna(row["value"]) else round(row["value"], row["digits"])
                for row in rows.to_dict("records")}  # fmt: skip

    def _first(self, asked: dict[str, str]) -> Choice:
        """What the address asks for; what does not exist is told, and the default shown for it."""
        unit = asked.get("county") or asked.get("unit")
        choice, wrong = chosen(self.city, asked.get("period"), asked.get("kind"), unit)
        self._refuse(wrong)
        return choice

    def _toggle(self, code: str) -> None:
        self.unit.value = self.unit.options[0][1] if self.unit.value == code else code

    def _renew(self) -> None:
        """Take the data as they are now, if they have changed."""
        city = latest(self.engine)
        if city is not self.city:
            self.city = city
            for picker, options in ((self.period, self._periods()), (self.unit, self._units())):
                if list(picker.options) != options:
                    kept = picker.value
                    picker.options = options
                    picker.value = kept if kept in dict(options).values() else options[0][1]

    def _periods(self) -> list[tuple[str, str]]:
        return [(f"{period}年", period) for period in reversed(self.city.periods)]

    def _units(self) -> list[tuple[str, str]]:
        """What can be chosen: all together first, unless the reader sees one unit only."""
        units = dict(zip(self.city.units["code"], self.city.units["short_name"], strict=True))
        self.named = {"": "您可见的单位" if self.city.part else "全市", **units}
        chosen = units if self.city.part and len(units) == 1 else self.named
        return [(name, code) for code, name in chosen.items()]

    def _kinds(self) -> list[str]:
        return [self.choice.kind] if self.choice.kind else list(self.city.rubrics)

    def _standing(self, now: Choice) -> Html:
        """All units of the period and kind, the chosen one with its neighbours; nothing for who does not see all."""
        rows = unit_ranking(self.city, Choice(now.period, now.kind))
        self._shade(rows, now.unit)
        if self.city.part:
            return Html("")
        near = np.flatnonzero(rows["unit"] == now.unit)
        kept, after = shortened(pd.factorize(rows["kind"])[0], HALF, HALF, near)
        caption = f"{now.period}年各单位名次（按已评完对象总分的中位数；景区、街区细则不同，分别排名）"
        return city_html.units(rows.iloc[kept].assign(after=after), caption, now)

    def _trend(self, now: Choice) -> Html:
        points = trend(self.city, Choice(self.city.periods[-1], now.kind, now.unit))
        return trend_svg.trend(points, "历年总分中位数（分；只计已评完的）") if len(points) else Html("")

    def _lost(self, choice: Choice) -> Html:
        rows = losses(self.city, choice, losses_html.LONGEST)
        return losses_html.losses(rows, AREA_KINDS[str(choice.kind)], choice.period)

    def _shade(self, rows: pd.DataFrame, chosen: str | None) -> None:
        """Each unit's tile with its median of each kind; of one kind, the higher the deeper."""
        for about in scheme(rows, self.named).itertuples():
            tile = self.tile[about.Index]
            tile.description = f"{about.name}\n{about.said}"
            dressed = ("cx-unit", f"cx-at-{about.row}-{about.column}", f"cx-shade-{about.shade}" * (about.shade >= 0),
                       "cx-ok" if about.Index == chosen else "")  # fmt: skip
            controls.dress(tile, [name for name in dressed if name])

    def _page(self) -> Any:
        body = self.body
        tiled = sorted(self.tile, key=lambda code: (tiles()[code].row, tiles()[code].column))
        scheme = controls.box(*(self.tile[code] for code in tiled), classes=["cx-scheme"])
        controls.visible(scheme, bool(tiled))
        about = ("方格示意各单位大致方位，数字为总分中位数（分；景、街分别为景区、街区）；选定一类的，越高颜色越深。"
                 "点选即只看该单位，再点恢复全市。")  # fmt: skip
        said = controls.block('<p class="cx-rule">{about}</p>', about=about if tiled else "")
        left = controls.box(card(body["ranking"]), card(body["flags"], title="红线、扣分和加分"))
        right = card(scheme, said, body["units"], body["trend"], title="各单位")
        return self._laid(
            self.city.demo, [self.period, self.kind, self.unit], self.shown, body["cards"],
            controls.box(left, right, classes=["cx-columns"]), card(body["heat"]), card(body["lost"]),
            body["defined"], body["links"],
        )  # fmt: skip


def _pair(pieces: Iterable[Html]) -> Html:
    """Side by side where there is room; nothing where there is none."""
    body = "".join(f"<div>{piece.text}</div>" for piece in pieces)
    return Html(f'<div class="cx-pair">{body}</div>' if body else "")
