"""Charts and tables of the lab: ranks before and after, shift of totals, intervals of ranks.

`bump` and `shift` are drawn on every edit of the what-if form, so they are written as SVG here: a few lines, two bars
a band, in a thousandth of the time that the drawing engine takes. What is drawn once goes through `charts.picture`.
"""

import unicodedata
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from chengxin.lab.rank_intervals import RankIntervals
from chengxin.lab.what_if import WhatIf
from chengxin.render.charts import BLUE, FONT, GRID, INK, ORANGE, QUIET, Picture, picture
from chengxin.render.html import escaped
from chengxin.render.tables import Html, table

MOST = 40  # lines of a chart or rows of a table that can still be read
STEP, TOP = 24, 58  # height of a row of the bump chart, and where its rows begin
WAYS = {"升": (BLUE, "none", 2.5), "降": (ORANGE, "7 3", 2.5), "不变": (QUIET, "2 3", 1.5)}  # colour, dashes, width
BAND = 5  # points a band of the distribution
Names = Mapping[str, str]


def two_sides(found: WhatIf, names: Names | None = None) -> pd.DataFrame:
    """Ranks of those that can be ranked on both sides, best first; at most 40, those that move most.

    Returns
    -------
    columns assessment, name, before, after (ranks), way (升, 降 or 不变), left, right (0, 1, …: their places among
    these, before and after)
    """
    whole = found.table.dropna(subset=["rank_before", "rank_after"])
    moved = whole["moved"].astype(int)
    kept = moved.abs().sort_values(ascending=False, kind="stable").index[:MOST]
    rows = whole.loc[kept].sort_values("rank_before", kind="stable")
    before, after = (rows[side].astype(int).to_numpy() for side in ("rank_before", "rank_after"))
    way = pd.Series(np.sign(before - after), rows.index).map({1: "升", -1: "降", 0: "不变"})
    return pd.DataFrame(
        {
            "assessment": rows["assessment"],
            "name": rows["assessment"].map(lambda code: (names or {}).get(code, code)),
            "before": before,
            "after": after,
            "way": way,
            "left": np.arange(len(rows)),
            "right": np.argsort(np.lexsort((np.arange(len(rows)), after))),
        }
    ).reset_index(drop=True)


def bump(found: WhatIf, title: str = "名次变化", names: Names | None = None) -> Picture:
    """Bump chart: a line from each old rank to the new one, the names on both sides."""
    sides = two_sides(found, names)
    side = 30 + max((_width(f"{row.after}　{row.name}") for row in sides.itertuples(index=False)), default=60)
    wide, high = 2 * side + 150, TOP + STEP * max(1, len(sides))
    heads = _label(side, 40, "end", "原名次") + _label(wide - side, 40, "start", "新名次")
    body = "".join(_moves(row, side, wide - side) for row in sides.itertuples(index=False))
    whole, moved = int(found.table["moved"].notna().sum()), int((found.table["moved"].fillna(0) != 0).sum())
    said = f"{title}：{whole}个完整的评价中{moved}个变名次"
    left = f"，只画变动最大的{MOST}个" if whole > MOST else ""
    return Picture(_svg(wide, high, _legend(WAYS, wide) + heads + body), f"{said}{left}", said)


def _moves(row: tuple[object, ...], left: float, right: float) -> str:
    _, name, before, after, way, start, end = row
    color, dash, width = WAYS[str(way)]
    y, z = (TOP + STEP * int(place) + STEP / 2 for place in (start, end))  # type: ignore[call-overload]
    line = escaped(
        '<path d="M{a} {y}L{b} {z}" stroke="{color}" stroke-width="{width}" stroke-dasharray="{dash}" fill="none"/>'
        '<circle cx="{a}" cy="{y}" r="4" fill="{color}"/><circle cx="{b}" cy="{z}" r="4" fill="{color}"/>',
        a=f"{left + 10:g}", b=f"{right - 10:g}", y=f"{y:g}", z=f"{z:g}", color=color, width=width, dash=dash,
    )  # fmt: skip
    return line + _label(left, y + 4, "end", f"{name}　{before}") + _label(right, z + 4, "start", f"{after}　{name}")


def _label(x: float, y: float, anchor: str, words: str, color: str = INK) -> str:
    mark = '<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{color}">{words}</text>'
    return escaped(mark, x=f"{x:g}", y=f"{y:g}", anchor=anchor, words=words, color=color)


def _legend(ways: Mapping[str, tuple[str, str, float]], wide: float) -> str:
    """What the kinds of line mean, above the chart."""
    start = wide / 2 - 40 * len(ways)
    return "".join(
        escaped('<path d="M{a} 14h28" stroke="{color}" stroke-width="{width}" stroke-dasharray="{dash}"/>',
                a=f"{start + 80 * n:g}", color=color, width=width, dash=dash)
        + _label(start + 80 * n + 34, 18, "start", word)
        for n, (word, (color, dash, width)) in enumerate(ways.items())
    )  # fmt: skip


def _width(words: str) -> float:
    """Width in units of the chart: a Chinese sign is twice a Latin one."""
    return sum(12.4 if unicodedata.east_asian_width(sign) in "WFA" else 7.2 for sign in words)


def _svg(wide: float, high: float, body: str) -> str:
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" font-size="12" '
    return escaped(head + 'font-family="{font}">{body}</svg>', w=f"{wide:g}", h=f"{high:g}", font=FONT, body=Html(body))


def shift(found: WhatIf, title: str = "总分分布的变化") -> Picture:
    """How many assessments stand in each five points, before and after."""
    sides = {"原细则": (found.table["before"].dropna(), QUIET), "改动后": (found.table["after"].dropna(), BLUE)}
    places = {side: (totals // BAND).astype(int) for side, (totals, _) in sides.items()}
    every = pd.concat(list(places.values()))
    bands = range(int(every.min()), int(every.max()) + 1) if len(every) else range(1)
    counts = {side: [int((at == band).sum()) for band in bands] for side, at in places.items()}
    step = max(44, min(90, 480 // len(bands)))
    wide, high = 24 + step * len(bands), 236
    unit = 140 / max(1, *(n for side in counts.values() for n in side))
    floor = f'<path d="M12 200H{wide - 12}" stroke="{GRID}"/>'
    words = "".join(_label(12 + step * (n + 0.5), 218, "middle", f"{band * BAND}–{band * BAND + BAND}", QUIET)
                    for n, band in enumerate(bands))  # fmt: skip
    legend = {side: (color, "none", 10.0) for side, (_, color) in sides.items()}
    body = "".join(_bars(list(counts.values()), [color for _, color in sides.values()], step, unit))
    means = [totals.mean() for totals, _ in sides.values()]
    said = f"{title}：平均{means[0]:.2f}分变为{means[1]:.2f}分" if len(every) else f"{title}：没有完整的评价"
    about = f"{said}（横轴每{BAND}分一档，含下限不含上限；柱上为评价个数）"
    return Picture(_svg(wide, high, _legend(legend, wide) + floor + words + body), about, said)


def _bars(counts: list[list[int]], colors: list[str], step: int, unit: float) -> Iterator[str]:
    width = min(26, step / 2 - 6)
    for side, (some, color) in enumerate(zip(counts, colors, strict=True)):
        for n, count in enumerate(some):
            if count:
                x, tall = 12 + step * (n + 0.5) + (side - 1) * (width + 2) + 1, max(1, count * unit)
                yield escaped('<rect x="{x}" y="{y}" width="{w}" height="{h}" fill="{color}"/>', x=f"{x:g}",
                              y=f"{200 - tall:g}", w=f"{width:g}", h=f"{tall:g}", color=color)  # fmt: skip
                yield _label(x + width / 2, 195 - tall, "middle", str(count))


def intervals(found: RankIntervals, title: str = "名次区间", names: Names | None = None) -> Picture:
    """Each assessment's interval of ranks as a line with its official rank as a point; the first 40."""
    rows = found.table.head(MOST).assign(
        name=lambda part: part["assessment"].map(lambda code: (names or {}).get(code, code))
    )
    y = {"field": "name", "type": "nominal", "sort": None, "title": None}
    last = int(max(2, rows["high"].max() if len(rows) else 2))
    x = {"type": "quantitative", "title": "名次", "scale": {"domain": [1, last]}, "axis": {"tickMinStep": 1}}
    layers = [
        {"mark": {"type": "rule", "strokeWidth": 6, "strokeCap": "round", "color": "#9db8d9"},
         "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}}},
        {"mark": {"type": "point", "filled": True, "size": 70, "color": BLUE, "opacity": 1},
         "encoding": {"y": y, "x": {**x, "field": "rank"}}},
    ]  # fmt: skip
    values = rows[["name", "low", "high", "rank"]].to_dict("records")
    spec = {"width": 420, "height": {"step": 26}, "data": {"values": values}, "layer": layers}
    same = int((found.table["note"] != "").sum())
    said = f"{title}：点是现在的名次，线是{found.draws}次抽取中{found.confidence:g}%的范围；{same}个名次不可区分"
    return picture(spec, said, said)


def moves_table(found: WhatIf, names: Names | None = None) -> Html:
    """Old and new totals and ranks side by side, and which lines moved whom; of many those that move most."""
    rows = found.table.assign(name=found.table["assessment"].map(lambda code: (names or {}).get(code, code)))
    order = rows.assign(places=rows["moved"].abs(), size=rows["change"].abs())
    kept = order.sort_values(["places", "size"], ascending=False, kind="stable", na_position="last").index[:MOST]
    rows = rows.loc[kept].sort_values("rank_after", kind="stable", na_position="last")
    columns = {
        "name": "评价", "before": "原总分（分）", "after": "新总分（分）", "change": "变动（分）",
        "rank_before": "原名次", "rank_after": "新名次", "moved": "升（位）", "by": "由哪些条目（分）",
    }  # fmt: skip
    left = f"；共{len(found.table)}个，只列变动最大的{MOST}个" if len(found.table) > MOST else ""
    return table(rows, columns, f"改动前后（评价不完整的不排名{left}）", right=("rank_before", "rank_after", "moved"))


def lines_table(found: WhatIf) -> Html:
    """Which lines the changes go through, the largest mean change first."""
    columns = {
        "line": "条目", "label": "内容", "areas": "变分（个）", "mean": "平均变动（分）", "most": "最大变动（分）",
    }  # fmt: skip
    return table(found.lines, columns, "变动出自哪些条目")
