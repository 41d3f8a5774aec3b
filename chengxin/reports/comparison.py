"""The comparison report: one unit or the whole city in a period beside the period before; for the city its summary."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from chengxin.errors import UsageError
from chengxin.figures.city import Choice, Overview, chosen, gathered, headline
from chengxin.figures.losses import flags, group_rates, ranking, trend, unit_ranking
from chengxin.render import charts, tables
from chengxin.render.demo import REPORT
from chengxin.render.tables import Caption
from chengxin.reports.county_index import SIGN
from chengxin.reports.monitoring_year import CITY
from chengxin.reports.parameters import Code, as_text
from chengxin.store.engine import open_store
from chengxin.store.schema import AREA_KINDS
from chengxin.workflow.cache import held

DIFFERENCE = "按未四舍五入的数值计算，与表中两期数值相减，末位可能相差1。"
FLAGS = {"red": "红线", "black": "扣分", "honour": "加分"}


@dataclass(frozen=True)
class Comparison:
    """One unit or the city in two periods; without a period before, the columns of change are empty."""

    name: str
    overview: Overview
    choice: Choice

    @property
    def first(self) -> int:
        """Number of the first table of areas: the city has two of units before it."""
        return 2 + len(AREA_KINDS) if self.choice.unit is None else 2

    @property
    def before(self) -> str:
        return self.overview.before(self.choice.period) or ""

    def banner(self) -> tables.Html:
        """The 演示数据 banner, or nothing for real data."""
        return tables.notice(REPORT) if self.overview.demo else tables.Html("")

    def title_facts(self) -> tables.Html:
        """Who, and which periods."""
        day = self.overview.as_of[self.choice.period]
        said = tables.facts(
            {
                "范围": self.name,
                "本期": f"{self.choice.period}年（数据截至{day.year}年{day.month}月{day.day}日）",
                "上期": f"{self.before}年" if self.before else "没有更早的评价期",
                "增减": DIFFERENCE,
                "评分依据": "；".join(
                    f"{r.title}（{r.version}，{r.source.annex}）" for r in self.overview.rubrics.values()
                ),
            }
        )
        return tables.Html(said.text + SIGN)

    def headline_table(self) -> tables.Html:
        """Headline figures, now and before, with their definitions."""
        rows = headline(self.overview, self.choice)
        shown = [_figure(*cells) for cells in zip(rows["value"], rows["digits"], strict=True)]
        then = [_figure(*cells) for cells in zip(rows["value"] - rows["change"], rows["digits"], strict=True)]
        rows = rows.assign(
            now=shown,
            then=then,
            moved=[_change(*cells) for cells in zip(rows["change"], rows["digits"], strict=True)],
        )
        columns = {
            "label": "指标", "unit": "单位", "then": "上期", "now": "本期", "moved": "增减", "definition": "口径",
        }  # fmt: skip
        return tables.table(rows, columns, Caption("主要指标两期对比", "表1"), right=["then", "now", "moved"])

    def plain(self) -> str:
        """The figures as text, for checking."""
        rows = headline(self.overview, self.choice)
        return str(rows[["key", "value", "change"]].to_csv(index=False, float_format="%.4f", lineterminator="\n"))

    def trend(self) -> charts.Picture | tables.Html:
        """Median totals of each kind over the periods."""
        points = trend(self.overview, self.choice)
        if points.empty:
            return tables.Html("<p>没有可比的完整评价。</p>")
        return charts.trend(points, "图1　各评价期已评完对象总分的中位数（景区与街区细则不同，不宜互相比较）")

    def units_tables(self) -> Iterator[tables.Html]:
        """Units of the city beside one another, by the median of their areas of each kind."""
        rows = unit_ranking(self.overview, self.choice)
        rows = rows.assign(place=[_place(*cells) for cells in zip(rows["rank"], rows["tied"], strict=True)])
        columns = {
            "place": "名次", "short_name": "填报单位", "areas": "评价对象（个）", "open": "未评完（个）",
            "median": "中位数（分）", "lowest": "最低（分）", "highest": "最高（分）", "red": "红线（个）",
        }  # fmt: skip
        for number, (kind, label) in enumerate(AREA_KINDS.items(), start=2):
            remark = "按总分的中位数排名；中位数、最低、最高只计已评完的"
            caption = Caption("评价结果", f"表{number}", f"各填报单位{label}", remark)
            yield tables.table(rows[rows["kind"] == kind], columns, caption, right=["place"])

    def areas_tables(self) -> Iterator[tables.Html]:
        """Each kind's areas with total now and before."""
        rows, every = ranking(self.overview, self.choice), self.overview.results
        earlier = every[(every["period"] == self.before) & every["complete"]].set_index(["area", "kind"])["total"]
        for number, (kind, label) in zip(count(self.first), AREA_KINDS.items(), strict=False):
            mine = rows[rows["kind"] == kind]
            mine = mine.assign(
                now=[f"{r.total:.2f}" if r.complete else f"{r.low:.2f}–{r.high:.2f}" for r in mine.itertuples()],
                then=[_figure(value, 2) for value in earlier.reindex([(area, kind) for area in mine["area"]])],
                moved=[_change(value, 2) for value in mine["change"]],
                place=[_place(*cells) for cells in zip(mine["rank"], mine["tied"], strict=True)],
                red_lines=[lines or "无" for lines in mine["red_lines"]],
            )
            columns = {
                "name": "评价对象", "short_name": "填报单位", "then": "上期（分）", "now": "本期（分）",
                "moved": "增减（分）", "place": "名次", "red_lines": "红线条目",
            }  # fmt: skip
            caption = Caption("总分对比", f"表{number}", label, "未评完的列总分区间")
            yield tables.table(mine, columns, caption, right=["now", "then", "moved", "place"])

    def groups_tables(self) -> Iterator[tables.Html]:
        """Each kind's check contents with score rate now and before, largest fall first."""
        for number, (kind, label) in zip(count(self.first + 2), AREA_KINDS.items(), strict=False):
            now = self._rates(kind, self.choice.period)
            then = self._rates(kind, self.before) if self.before else now * np.nan
            rows = pd.DataFrame({"then": then, "now": now, "moved": now - then}).reset_index()
            rows = rows.sort_values("moved", kind="stable")
            remark = "降幅大的在先；得分率为各对象的平均"
            caption = Caption("各检查内容得分率对比", f"表{number}", label, remark)
            columns = {"group": "检查内容", "then": "上期（%）", "now": "本期（%）", "moved": "增减（百分点）"}
            shown = rows.assign(
                then=[_figure(v, 1) for v in rows["then"]], now=[_figure(v, 1) for v in rows["now"]],
                moved=[_change(v, 1) for v in rows["moved"]],
            )  # fmt: skip
            yield tables.table(shown, columns, caption, right=["then", "now", "moved"])

    def _rates(self, kind: str, period: str) -> pd.Series:
        rates = group_rates(self.overview, replace(self.choice, kind=kind, period=period))
        return rates.groupby("group", sort=False)["rate"].mean() * 100

    def flags_table(self) -> tables.Html:
        """Red lines, deductions and bonuses of the period."""
        rows = flags(self.overview, self.choice)
        rows = rows.assign(flag=rows["flag"].map(FLAGS), mark=np.where(rows["flag"] == "red", "red", ""))
        columns = {
            "flag": "性质", "name": "评价对象", "short_name": "填报单位", "line": "条目", "label": "内容",
            "points": "分值（分）",
        }  # fmt: skip
        return tables.table(rows, columns, Caption("本期红线、扣分和加分", f"表{self.first + 4}"), mark="mark")


def _figure(value: float, digits: int) -> str:
    return "—" if pd.isna(value) else f"{value:.{digits}f}"


def _place(rank: int, tied: bool) -> str:
    return "不排名" if pd.isna(rank) else f"{rank}{'（并列）' if tied else ''}"


def _change(value: float, digits: int) -> str:
    """With its sign; what rounds to nothing is 0."""
    if pd.isna(value):
        return "—"
    said = f"{abs(value):.{digits}f}"
    return said if not float(said) else f"{'+' if value > 0 else '−'}{said}"


def comparison(database: str | Engine | None, unit: Code, period: Code) -> Comparison:
    """Gather one unit's, or the city's, two periods.

    Parameters
    ----------
    database : URL, file or engine; None: as `engine.open_store`
    unit : code of a reporting unit, or ``city`` for all
    period : the later period

    Raises
    ------
    UsageError : unknown unit or period, or no assessment of the unit in it
    """
    engine = database if isinstance(database, Engine) else open_store(database, read_only=True)
    unit, period = as_text("填报单位", unit), as_text("评价期", period)
    overview = held(f"overview {engine.url}", lambda: gathered(engine))
    choice, wrong = chosen(overview, period, None, None if unit == CITY else unit)
    if wrong:
        raise UsageError("".join(wrong))
    names = dict(zip(overview.units["code"], overview.units["name"], strict=True))
    name = "全市" if unit == CITY else names[unit]
    if choice.of(overview.results).empty:
        raise UsageError(f"{name}在{period}年没有评价记录。")
    return Comparison(name, overview, choice)
