"""What the city page shows, as tables and charts to take along."""

from collections.abc import Mapping, Sequence

import pandas as pd

from chengxin.figures.city import Choice, Overview, headline
from chengxin.figures.losses import flags, group_rates, losses, ranking, trend, unit_ranking
from chengxin.ledgers.filings.quarters import day_in_words
from chengxin.render import charts
from chengxin.store.schema import AREA_KINDS, ASSESSMENT_STATES
from chengxin.web.dashboard.city_tiles import drawn as tile_grid
from chengxin.web.dashboard.city_tiles import scheme
from chengxin.web.dashboard.losses_html import SORTS
from chengxin.web.exports import Sheet, Shown, figures, said

COLUMNS = 12  # of a heat map
WHOSE = {"name": "评价对象", "short_name": "单位"}
RANKING = {"kind": "类别", "rank": "名次", "tied": "并列", "name": "评价对象", "short_name": "单位", "status": "状态",
           "total": "总分（分）", "low": "最低可能（分）", "high": "最高可能（分）", "change": "比上期（分）",
           "red_lines": "红线条目"}  # fmt: skip
UNITS = {"kind": "类别", "rank": "名次", "tied": "并列", "short_name": "单位", "areas": "对象（个）",
         "open": "未评完（个）", "median": "中位数（分）", "lowest": "最低（分）", "highest": "最高（分）",
         "low": "评完后中位数最低（分）", "high": "评完后中位数最高（分）", "red": "红线（个）"}  # fmt: skip
TREND = {"area": "类别", "period": "评价期", "total": "总分中位数（分）", "count": "已评完对象（个）"}
LOSSES = {"line": "条目", "label": "内容", "lost": "失分合计（分）", "areas": "失分对象（个）", "share": "占比（%）",
          "running": "累计占比（%）"}  # fmt: skip
FLAGS = {"flag": "性质", "points": "分值（分）", "name": "评价对象", "short_name": "单位", "kind": "类别",
         "line": "条目", "label": "内容"}  # fmt: skip
DEFINED = {
    "名次": "景区、街区细则不同，分别排名；按未经四舍五入的总分，同分同名次；没有评完的不排名，只列总分可能的范围。",
    "比上期": "同一对象本期总分减上一评价期总分，按未四舍五入的总分计算；两期都已评完的才比。",
    "单位中位数": "单位已评完对象总分的中位数，景区、街区分别计算；最低、最高也只计已评完的对象；"
    "“评完后”是未评条目全不得分至全得满分时中位数所在的范围。",
    "得分率": "所得分值÷已评基础条目的分值；没有评的条目不计。",
    "失分": "已评基础条目没有得到的分值，加上扣分条目扣去的分值；没有评的条目不计。累计占比自失分最多的条目起累加。",
    "红线、扣分和加分": "已经生效的扣分、加分条目；红线是恶意调整计量准确度、经提示拒不整改两类扣分。",
}


def defined(city: Overview) -> dict[str, str]:
    """What the tables' figures mean, and as of which day they are."""
    days = "、".join(f"{period}年截至{day_in_words(day)}" for period, day in city.as_of.items())
    more = {"历年总分中位数": "各评价期已评完对象总分的中位数。", "截至日": f"各项数字按评价期取数：{days}。"}
    return {**DEFINED, **more}


def by(city: Overview, choice: Choice) -> str:
    """Whose score rates are shown of a kind: the areas' where there are few, else the units'."""
    few = choice.unit is not None or len(choice.rows(city.results)) <= COLUMNS
    return "name" if few else "short_name"


def shown(city: Overview, choice: Choice, named: Mapping[str, str], heat: list[pd.DataFrame]) -> Shown:
    """What the page shows of a choice.

    Parameters
    ----------
    named : code → short name of the units
    heat : for each kind shown, the score rates that its heat map draws, with the kind's title in ``attrs``
    """
    heads, kinds = headline(city, choice), [choice.kind] if choice.kind else list(city.rubrics)
    units = unit_ranking(city, Choice(choice.period, choice.kind))
    lead = [figures(heads), _ranking(city, choice)] + ([] if city.part else [_units(units)])
    points = trend(city, Choice(city.periods[-1], choice.kind, choice.unit))
    past = [Sheet("历年", points, TREND)] if len(points) else []
    rates, lost = _of_kinds(city, [Choice(choice.period, kind, choice.unit) for kind in kinds])
    flagged = flags(city, choice)
    words = flagged.assign(flag=flagged["flag"].map(SORTS), kind=flagged["kind"].map(AREA_KINDS))
    flag = Sheet("红线扣分加分", words, FLAGS, drawn=24)
    drawn: list[Sheet | charts.Picture] = [*lead[:2], *_tiles(units, named), *lead[2:]]
    if len(points):
        drawn.append(charts.trend(points, "历年总分中位数（只计已评完的）"))
    drawn += [flag, *(charts.heat_map(each, each.attrs["title"]) for each in heat), *lost]
    sheets = [*lead, *past, *rates, *lost, flag]
    chosen = {"评价期": f"{choice.period}年", "类别": AREA_KINDS.get(choice.kind or "", ""),
              "填报单位": named[choice.unit or ""]}  # fmt: skip
    day = city.as_of[choice.period].date()
    return Shown("全市看板", chosen, day, city.demo, sheets, drawn, {**said(heads), **defined(city)})


def _ranking(city: Overview, choice: Choice) -> Sheet:
    rows = ranking(city, choice)
    words = rows.assign(kind=rows["kind"].map(AREA_KINDS), status=rows["status"].map(ASSESSMENT_STATES))
    return Sheet("名次", words, RANKING, bar="high", since="low", aside=("low", "high", "status"))


def _units(rows: pd.DataFrame) -> Sheet:
    return Sheet("各单位", rows.assign(kind=rows["kind"].map(AREA_KINDS)), UNITS)


def _tiles(rows: pd.DataFrame, named: Mapping[str, str]) -> list[charts.Picture]:
    """The scheme of the units, where there are tiles."""
    tiles = scheme(rows, named)
    title = "各单位总分中位数（分；方格示意大致方位，景、街分别为景区、街区）"
    return [tile_grid(tiles, title)] if len(tiles) and len(rows) else []


def _of_kinds(city: Overview, choices: Sequence[Choice]) -> tuple[list[Sheet], list[Sheet]]:
    """Score rates, and lost points, of the kinds that have any."""
    found = [pair for choice in choices for pair in _of_kind(city, choice)]
    return [rates for rates, _ in found], [lost for _, lost in found]


def _of_kind(city: Overview, choice: Choice) -> list[tuple[Sheet, Sheet]]:
    """Score rates and lost points of one kind, where it has any."""
    kind, whose = AREA_KINDS[str(choice.kind)], by(city, choice)
    rates = group_rates(city, choice, whose)
    if rates.empty:
        return []
    lost = losses(city, choice)
    lost = lost.assign(share=100 * lost["share"], running=100 * lost["running"])
    table = rates.assign(rate=100 * rates["rate"]).pivot(index="area", columns="group", values="rate")
    table = table.reindex(rates["area"].unique())[rates["group"].unique()].reset_index()
    heads = {"area": WHOSE[whose], **{group: f"{group}（%）" for group in table.columns[1:]}}
    digits = dict.fromkeys(table.columns[1:], 1)
    return [(Sheet(f"{kind}得分率", table, heads, digits),
             Sheet(f"{kind}失分", lost, LOSSES, {"share": 1, "running": 1}, bar="lost", drawn=12))]  # fmt: skip
