"""Charts as Vega-Lite specifications rendered to SVG text; they return, never show.

One way for notebooks, Voilà, HTML and print: a plain dict in, an SVG with selectable Chinese text out. The font
wheel gives vl-convert a Chinese face to measure with; the reader's own fonts draw it. Nothing is fetched.
"""

import hashlib
import html
import json
import math
import re
from dataclasses import dataclass
from typing import Any

import pandas as pd

from chengxin.render.vega import draw

FONT = "Noto Sans SC, Noto Sans CJK SC, Microsoft YaHei, PingFang SC, SimHei, sans-serif"
INK, QUIET, GRID = "#1f2933", "#52606d", "#e4e7eb"
BLUE, ORANGE, RED, GREEN = "#1d5a9e", "#ad5a0d", "#b3261e", "#0f766e"  # apart for colour-blind readers
PALE, VIOLET = "#c3cad3", "#7b4fa3"
SERIES = [BLUE, ORANGE, GREEN, VIOLET]
MARKS = ["circle", "square", "triangle-up", "diamond"]
TOGETHER, DOWN = 4, 8  # lines in one frame, with more their figures cover one another; frames that fit down a page
KINDS = {"full": ("满分", QUIET), "lost": ("失分", ORANGE), "missing": ("尚未评价", PALE), "adjust": ("调整", VIOLET),
         "bonus": ("加分", GREEN), "deduction": ("扣分", RED), "total": ("总分", BLUE)}  # fmt: skip
LETTERS = {"labelFontSize": 12, "titleFontSize": 12, "labelColor": INK, "titleFontWeight": "normal", "labelLimit": 0}
CONFIG = {  # no name is cut unless a chart says so: labelLimit 0
    "font": FONT, "background": None, "view": {"stroke": None}, "legend": LETTERS,
    "text": {"fontSize": 12, "fill": INK},
    "axis": {**LETTERS, "titleColor": QUIET, "gridColor": GRID, "domainColor": "#9aa5b1", "tickColor": "#9aa5b1",
             "titlePadding": 8},
}  # fmt: skip
HALO = {"stroke": "white", "strokeWidth": 2.5}  # of a figure that may stand on a line; see `picture`
BARE = {"ticks": False, "domain": False}  # an axis of names
RATES = (  # least rate of a step, its name, its colour: the lower the deeper; dark text stays readable on each
    (1 - 1e-9, "满分", "#e8f1fa"), (0.9, "90%以上", "#fcf0e3"), (0.7, "70%以上", "#f7d9b9"),
    (0.4, "40%以上", "#efb98a"), (-1.0, "不到40%", "#dc8a4a"),
)  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """An SVG with its title and the words that stand for it where it cannot be seen."""

    svg: str
    title: str
    alt: str

    def _repr_html_(self) -> str:
        label = html.escape(self.alt, quote=True)
        title = html.escape(self.title)
        head, body = self.svg.split(">", 1)
        head = head.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
        return f"<figure>{head}><title>{title}</title>{body}<figcaption>{title}</figcaption></figure>"


def picture(spec: dict[str, Any], title: str, alt: str) -> Picture:
    """Render a specification.

    Parameters
    ----------
    spec : Vega-Lite, data included as values
    title : Chinese caption, shown under the chart
    alt : what the chart says, in one Chinese sentence
    """
    whole = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "config": CONFIG, **spec}
    svg = draw(json.dumps(whole, ensure_ascii=False, default=str))
    svg = re.sub(
        r'(<text [^>]*) stroke="white"', r'\1 paint-order="stroke" stroke="white"', svg
    )  # once, below the letters
    mark = hashlib.sha256(json.dumps(whole, sort_keys=True, default=str).encode()).hexdigest()[:8]
    order: dict[str, int] = {}  # the engine numbers on from chart to chart; here each chart begins anew
    svg = re.sub(
        r'(id="|url\(#|href="#)(clip|gradient)(\d+)',
        lambda found: f"{found[1]}c{mark}-{found[2]}{order.setdefault(found[2] + found[3], len(order))}",
        svg,
    )
    return Picture(svg, title, alt)


def waterfall(steps: pd.DataFrame, title: str) -> Picture:
    """How a total came about: full marks, points lost by group, what is not assessed, bonus, deduction, total.

    Parameters
    ----------
    steps : columns label (text), start, end (points), kind (of KINDS), in order; as `breakdown.steps` gives them
    """
    low, whole, edge = _low(steps), steps["kind"].isin(["full", "total"]), steps[["start", "end"]].max(axis=1)
    known = {kind: about for kind, about in KINDS.items() if kind in set(steps["kind"])}
    known["total"] = steps["label"].iloc[-1], BLUE  # or the lowest possible one
    rows = steps.assign(text=[_signed(row) for row in steps.itertuples()], edge=edge, place=range(len(steps)),
                        kind=[known[kind][0] for kind in steps["kind"]])  # fmt: skip
    if low > 0:
        rows.loc[whole, "start"] = low
    scale = {"domain": [low, float(edge.max()) + 6]}
    words, colors = zip(*known.values(), strict=True)
    legend = {"title": None, "scale": {"domain": words, "range": colors}, "legend": {"orient": "top"}}
    named = json.dumps(list(steps["label"]), ensure_ascii=False)  # not the field of the axis: a name may come twice
    axis = {**BARE, "labelExpr": f"{named}[datum.value]"}
    y = {"field": "place", "type": "ordinal", "title": None, "axis": axis}
    x = {"field": "start", "type": "quantitative", "scale": scale, "title": f"分（坐标自{low:.0f}分起）"}
    bars = {"y": y, "x": x, "x2": {"field": "end"}, "color": {"field": "kind", **legend}}
    figures = {"y": y, "x": {"field": "edge", "type": "quantitative"}, "text": {"field": "text"}}
    spec = {
        "width": 560, "height": {"step": 24}, "data": {"values": rows.to_dict("records")},
        "layer": [{"mark": {"type": "bar", "height": 15, "clip": True}, "encoding": bars},
                  {"mark": {"type": "text", "align": "left", "dx": 5}, "encoding": figures}],
    }  # fmt: skip
    losses = "、".join(f"{row.label}{row.text}" for row in rows[~whole].itertuples())
    last = rows.iloc[-1]
    return picture(spec, title, f"{title}：{losses or '没有失分'}，{last['label']}{last['text']}")


def _low(steps: pd.DataFrame) -> float:
    """Where the axis begins: a round ten below the lowest step."""
    moving = steps.loc[~steps["kind"].isin(["full", "total"]), ["start", "end"]]
    low = float(min(moving.min().min() if len(moving) else 100, steps["end"].iloc[-1]))
    return max(0.0, low // 10 * 10 - 10)


def _signed(row: Any) -> str:
    if row.kind in ("full", "total"):
        return f"{row.end:.2f}分".replace(".00分", "分") if row.kind == "full" else f"{row.end:.2f}分"
    sign = "未评" if row.kind == "missing" else "+" if row.end > row.start else "−"
    return f"{sign}{abs(row.end - row.start):.2f}分"


def heat_map(rates: pd.DataFrame, title: str) -> Picture:
    """Score rates of groups (rows) by areas (columns).

    Parameters
    ----------
    rates : columns area, group (text, in order), rate (0–1, NaN where nothing was assessed)
    """
    step = max(76, min(150, 600 // max(1, rates["area"].nunique())))
    rows = rates.assign(
        area=[_wrapped(name, step // 13) for name in rates["area"]],
        text=[percent(rate) for rate in rates["rate"]],
        step=["" if pd.isna(rate) else RATES[rate_step(rate)][1] for rate in rates["rate"]],
    )[["area", "group", "text", "step"]]
    deep = int(rows["area"].str.count("\n").max())
    lines = {"labelExpr": r"split(datum.label, '\n')", "labelLineHeight": 15, "labelPadding": 3 + 15 * deep}
    names = {"type": "nominal", "sort": None, "title": None}
    x = {"field": "area", **names, "axis": {"labelAngle": 0, "orient": "top", **BARE, **lines}}
    y = {"field": "group", **names, "axis": BARE}
    _, words, colors = zip(*RATES, strict=True)
    color = {"field": "step", "type": "nominal", "title": "得分率", "scale": {"domain": words, "range": colors},
             "legend": {"orient": "bottom", "symbolType": "square", "symbolSize": 260}}  # fmt: skip
    rated = [{"filter": "datum.step !== ''"}]
    spec = {
        "width": {"step": step}, "height": {"step": 24}, "data": {"values": rows.to_dict("records")},
        "encoding": {"x": x, "y": y},
        "layer": [{"mark": {"type": "rect", "stroke": "white", "strokeWidth": 2}, "encoding": {"color": color},
                   "transform": rated},
                  {"mark": "text", "encoding": {"text": {"field": "text"}}}],
    }  # fmt: skip
    worst = rates.dropna().nsmallest(3, "rate")
    said = "、".join(f"{row.area}{row.group}{percent(row.rate)}" for row in worst.itertuples())
    return picture(spec, title, f"{title}：得分率最低的是{said}")


def rate_step(rate: float) -> int:
    """Which of RATES a score rate belongs to."""
    return next(n for n, (least, *_) in enumerate(RATES) if rate >= least)


def percent(rate: float) -> str:
    """At most one decimal; what lost a point never reads 100%."""
    most = 100 if rate > 1 - 1e-9 else 99.9
    return "—" if pd.isna(rate) else f"{min(round(rate * 100, 1), most):g}%"


def _wrapped(name: str, width: int) -> str:
    return "\n".join(name[start : start + width] for start in range(0, len(name), width))


def trend(points: pd.DataFrame, title: str) -> Picture:
    """Totals over periods: a line an area in one frame, or, of more areas than TOGETHER, a frame for each.

    Parameters
    ----------
    points : columns area, period (text), total (points)
    """
    rows = points.dropna(subset=["total"]).assign(text=lambda frame: frame["total"].map("{:.2f}".format))
    said = "；".join(
        f"{area}{'、'.join(f'{r.period}年{r.text}分' for r in part.itertuples())}"
        for area, part in rows.groupby("area", sort=False)
    )
    many = rows["area"].nunique() > TOGETHER
    return picture(_frames(rows) if many else _lines(rows), title, f"{title}：{said}")


def _cut(most: int) -> str:
    """Expression for a name of at most so many letters: a longer one keeps its beginning and its end."""
    head, tail, name = most - most // 3 - 1, most // 3, "datum.label"
    return f"length({name}) > {most} ? slice({name}, 0, {head}) + '…' + slice({name}, -{tail}) : {name}"


def _scales(low: float, high: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """The axes of a trend."""
    x = {"field": "period", "type": "ordinal", "title": "评价期（年）", "axis": {"labelAngle": 0},
         "scale": {"padding": 0.4}}  # fmt: skip
    y = {"field": "total", "type": "quantitative", "scale": {"domain": [low, high]}, "title": "总分（分）"}
    return x, y


def _lines(rows: pd.DataFrame) -> dict[str, Any]:
    """All areas in one frame, told apart by colour and mark."""
    height = 230
    rows, low, high = _labelled(rows, height)
    x, y = _scales(low, high)
    legend = {"orient": "top", "columns": 2, "labelExpr": _cut(20)}
    area = {"field": "area", "title": None, "sort": None, "legend": legend}
    names = list(rows["area"].unique())
    color, shape = ({**area, "scale": {"domain": names, "range": known}} for known in (SERIES, MARKS))
    bare = {**color, "legend": None}  # only the marks have a legend: of colour and shape in one
    label = {"y": {**y, "field": "label"}, "text": {"field": "text"}, "color": bare}
    dots = {"type": "point", "filled": True, "size": 70, "opacity": 1}
    apart = {"scale": {"color": "independent", "shape": "independent"}}
    return {
        "width": 560, "height": height, "encoding": {"x": x, "y": y}, "resolve": apart,
        "data": {"values": rows[["area", "period", "total", "label", "text"]].to_dict("records")},
        "layer": [{"mark": {"type": "line", "strokeWidth": 2}, "encoding": {"color": bare}},
                  {"mark": dots, "encoding": {"color": color, "shape": shape}},
                  {"mark": {"type": "text", **HALO}, "encoding": label}],
    }  # fmt: skip


def _frames(rows: pd.DataFrame) -> dict[str, Any]:
    """A small frame for each area, all on one scale, with the figures of its first and last period."""
    low, high = (rows["total"].min() - 1) // 10 * 10, rows["total"].max()
    names = list(rows["area"].unique())
    across = max(4, math.ceil(len(names) / DOWN))
    wide = 560 // across - 12
    x, y = _scales(low, high + (high - low) / 2)  # room for the figures
    x = {**x, "title": None, "axis": {"labelAngle": 0, "values": sorted({rows["period"].min(), rows["period"].max()})}}
    period = rows.groupby("area", sort=False)["period"]
    ends = (rows["period"] == period.transform("min")) | (rows["period"] == period.transform("max"))
    values = rows.assign(text=rows["text"].where(ends, ""))[["area", "period", "total", "text"]].to_dict("records")
    label = {"mark": {"type": "text", "dy": -11, **HALO}, "encoding": {"text": {"field": "text"}}}
    dots = {"type": "point", "filled": True, "size": 45, "opacity": 1, "color": BLUE}
    header = {"title": None, "labelExpr": _cut(10), "labelFontSize": 12, "labelColor": INK, "labelPadding": 4}
    return {
        "data": {"values": values}, "columns": across, "spacing": {"row": 8, "column": 12},
        "facet": {"field": "area", "type": "nominal", "sort": names, "header": header},
        "spec": {
            "width": wide, "height": 64, "encoding": {"x": x, "y": {**y, "title": None}},
            "layer": [{"mark": {"type": "line", "strokeWidth": 2, "color": BLUE}},
                      {"mark": dots}, label],
        },
    }  # fmt: skip


def _labelled(rows: pd.DataFrame, height: int) -> tuple[pd.DataFrame, int, int]:
    """Points with the height of their labels, and where the scale begins and ends."""
    low, high = float(rows["total"].min()), float(rows["total"].max())
    pad = max(2, (high - low) / 8)
    low, high = math.floor(low - pad), math.ceil(high + pad)
    return rows.assign(label=_apart(rows, (high - low) / height)), low, high


def _apart(rows: pd.DataFrame, unit: float) -> pd.Series:
    """Heights of the labels: above the points and apart, or below where the next point is near and there is room.

    Parameters
    ----------
    rows : columns period, total
    unit : points of the scale that a pixel stands for
    """
    heights = {}
    for _, part in rows.groupby("period")["total"]:
        totals = part.sort_values(kind="stable")
        last = -math.inf  # the highest that is taken so far
        for (index, total), above in zip(totals.items(), [*totals.iloc[1:], math.inf], strict=True):
            if above - total < 28 * unit < total - last:
                heights[index], last = total - 13 * unit, total
            else:
                heights[index] = last = max(total + 12 * unit, last + 14 * unit)
    return pd.Series(heights, index=rows.index, dtype=float)
