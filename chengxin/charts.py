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

from chengxin.vega import draw

FONT = "Noto Sans SC, Noto Sans CJK SC, Microsoft YaHei, PingFang SC, SimHei, sans-serif"
INK, QUIET, GRID = "#1f2933", "#52606d", "#e4e7eb"
BLUE, ORANGE, RED, GREEN = "#1d5a9e", "#ad5a0d", "#b3261e", "#0f766e"  # apart for colour-blind readers
PALE, VIOLET = "#c3cad3", "#7b4fa3"
SERIES = [BLUE, ORANGE, GREEN, VIOLET, "#8a6d1f", "#4a5568"]
KINDS = {"full": ("满分", QUIET), "lost": ("失分", ORANGE), "missing": ("尚未评价", PALE), "adjust": ("调整", VIOLET),
         "bonus": ("加分", GREEN), "deduction": ("扣分", RED), "total": ("总分", BLUE)}  # fmt: skip
LETTERS = {"labelFontSize": 12, "titleFontSize": 12, "labelColor": INK, "titleFontWeight": "normal", "labelLimit": 0}
CONFIG = {  # no name is ever cut: labelLimit 0
    "font": FONT, "background": None, "view": {"stroke": None}, "legend": LETTERS,
    "text": {"fontSize": 12, "fill": INK},
    "axis": {**LETTERS, "titleColor": QUIET, "gridColor": GRID, "domainColor": "#9aa5b1", "tickColor": "#9aa5b1",
             "titlePadding": 8},
}  # fmt: skip
BARE = {"ticks": False, "domain": False}  # an axis of names
LOW = {  # the lower the deeper; dark text stays readable on each
    "domain": [0.4, 0.7, 0.9, 1], "range": ["#dc8a4a", "#efb98a", "#f9e5cf", "#e8f1fa"], "clamp": True,
    "interpolate": "rgb",
}  # fmt: skip


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
        rate=rates["rate"].astype(object).where(rates["rate"].notna(), None),
    )
    deep = int(rows["area"].str.count("\n").max())
    lines = {"labelExpr": r"split(datum.label, '\n')", "labelLineHeight": 15, "labelPadding": 3 + 15 * deep}
    names = {"type": "nominal", "sort": None, "title": None}
    x = {"field": "area", **names, "axis": {"labelAngle": 0, "orient": "top", **BARE, **lines}}
    y = {"field": "group", **names, "axis": BARE}
    color = {"field": "rate", "type": "quantitative", "title": "得分率", "scale": LOW, "legend": None}
    spec = {
        "width": {"step": step}, "height": {"step": 24}, "data": {"values": rows.to_dict("records")},
        "encoding": {"x": x, "y": y},
        "layer": [{"mark": {"type": "rect", "stroke": "white", "strokeWidth": 2}, "encoding": {"color": color}},
                  {"mark": "text", "encoding": {"text": {"field": "text"}}}],
    }  # fmt: skip
    worst = rates.dropna().nsmallest(3, "rate")
    said = "、".join(f"{row.area}{row.group}{percent(row.rate)}" for row in worst.itertuples())
    return picture(spec, title, f"{title}：得分率最低的是{said}")


def percent(rate: float) -> str:
    """At most one decimal; what lost a point never reads 100%."""
    most = 100 if rate > 1 - 1e-9 else 99.9
    return "—" if pd.isna(rate) else f"{min(round(rate * 100, 1), most):g}%"


def _wrapped(name: str, width: int) -> str:
    return "\n".join(name[start : start + width] for start in range(0, len(name), width))


def trend(points: pd.DataFrame, title: str) -> Picture:
    """Totals over periods, a line an area.

    Parameters
    ----------
    points : columns area, period (text), total (points)
    """
    height = 230
    rows, low, high = _labelled(points, height)
    area = {"field": "area", "title": None, "sort": None}
    x = {
        "field": "period",
        "type": "ordinal",
        "title": "评价期（年）",
        "axis": {"labelAngle": 0},
        "scale": {"padding": 0.4},
    }
    y = {"field": "total", "type": "quantitative", "scale": {"domain": [low, high]}, "title": "总分（分）"}
    color = {**area, "scale": {"range": SERIES}, "legend": {"orient": "top", "columns": 3}}
    label = {"y": {**y, "field": "label"}, "text": {"field": "text"}}
    dots = {"mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
            "encoding": {"shape": {**area, "legend": None}}}  # fmt: skip
    spec = {
        "width": 560, "height": height, "encoding": {"x": x, "y": y, "color": color},
        "data": {"values": rows[["area", "period", "total", "label", "text"]].to_dict("records")},
        "layer": [{"mark": {"type": "line", "strokeWidth": 2}}, dots,
                  {"mark": {"type": "text", "stroke": "white", "strokeWidth": 4}, "encoding": label},
                  {"mark": {"type": "text"}, "encoding": label}],
    }  # fmt: skip
    said = "；".join(
        f"{area}{'、'.join(f'{r.period}年{r.text}分' for r in part.itertuples())}"
        for area, part in rows.groupby("area", sort=False)
    )
    return picture(spec, title, f"{title}：{said}")


def _labelled(points: pd.DataFrame, height: int) -> tuple[pd.DataFrame, int, int]:
    """Points with the text and height of their labels, and where the scale begins and ends."""
    rows = points.dropna(subset=["total"]).assign(text=lambda frame: frame["total"].map("{:.2f}".format))
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
