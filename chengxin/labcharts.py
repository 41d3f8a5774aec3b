"""Charts and tables of the lab: ranks before and after, shift of totals, intervals of ranks."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from chengxin.charts import BLUE, ORANGE, QUIET, Picture, picture
from chengxin.robustness import RankIntervals
from chengxin.tables import Html, table
from chengxin.whatif import WhatIf

MOST = 40  # lines of a chart that can still be read
Names = Mapping[str, str]


def two_sides(found: WhatIf, names: Names | None = None) -> pd.DataFrame:
    """Ranks of those that can be ranked on both sides, for `bump_spec`; at most 40, those that move most.

    Returns
    -------
    columns name, side (原细则 or 改动后), rank, way (升, 降 or 不变)
    """
    whole = found.table.dropna(subset=["rank_before", "rank_after"])
    moved = whole["moved"].astype(int)
    kept = moved.abs().sort_values(ascending=False, kind="stable").index[:MOST]
    rows = whole.loc[kept].sort_values("rank_before", kind="stable")
    way = np.sign(rows["moved"].astype(int)).map({1: "升", -1: "降", 0: "不变"})
    name = rows["assessment"].map(lambda code: (names or {}).get(code, code))
    sides = [("原细则", "rank_before"), ("改动后", "rank_after")]
    parts = [
        pd.DataFrame({"name": name, "side": side, "rank": rows[rank].astype(int), "way": way}) for side, rank in sides
    ]
    return pd.concat(parts, ignore_index=True)


def bump_spec(sides: pd.DataFrame) -> dict[str, Any]:
    """Vega-Lite specification of a bump chart from `two_sides`: a line from the old rank to the new one."""
    ranks = sides["rank"]
    scale = {"reverse": True, "domain": [int(ranks.min()) if len(ranks) else 1, int(ranks.max()) if len(ranks) else 1]}
    y = {"field": "rank", "type": "quantitative", "scale": scale, "axis": None}
    x = {"field": "side", "type": "nominal", "sort": ["原细则", "改动后"], "title": None,
         "axis": {"labelAngle": 0, "orient": "top", "domain": False, "ticks": False, "labelPadding": 14},
         "scale": {"padding": 0.75}}  # fmt: skip
    color = {"field": "way", "title": None, "legend": {"orient": "top"},
             "scale": {"domain": ["升", "降", "不变"], "range": [BLUE, ORANGE, QUIET]}}  # fmt: skip
    dash = {
        "field": "way",
        "legend": None,
        "scale": {"domain": ["升", "降", "不变"], "range": [[1, 0], [6, 3], [2, 3]]},
    }
    labels = [("原细则", "right", -8), ("改动后", "left", 8)]
    words = sides.groupby(["side", "rank"], sort=False).agg({"name": "、".join}).reset_index()
    words["name"] = words["rank"].astype(str) + "　" + words["name"]
    texts = [
        {"data": {"values": words[words["side"] == side].to_dict("records")},
         "mark": {"type": "text", "align": align, "dx": off},
         "encoding": {"x": x, "y": y, "text": {"field": "name"}}}
        for side, align, off in labels
    ]  # fmt: skip
    lines = {"mark": {"type": "line", "point": True, "strokeWidth": 2},
             "encoding": {"x": x, "y": y, "color": color, "strokeDash": dash, "detail": {"field": "name"}}}  # fmt: skip
    height = max(160, 22 * min(MOST, len(sides) // 2))
    return {"width": 480, "height": height, "data": {"values": sides.to_dict("records")}, "layer": [lines, *texts]}


def bump(found: WhatIf, title: str = "名次变化", names: Names | None = None) -> Picture:
    """The bump chart as a picture."""
    sides = two_sides(found, names)
    moved = sides[(sides["side"] == "改动后") & (sides["way"] != "不变")]
    whole = found.table["moved"].notna().sum()
    left = f"，只画变动最大的{MOST}个" if whole > MOST else ""
    return picture(bump_spec(sides), f"{title}{left}", f"{title}：{whole}个完整的评价中{len(moved)}个变名次")


def shift(found: WhatIf, title: str = "总分分布的变化") -> Picture:
    """How many assessments stand in each five points, before and after."""
    sides = (("原细则", "before"), ("改动后", "after"))
    rows = []
    for side, column in sides:
        low = (found.table[column].dropna() // 5 * 5).astype(int)
        rows += [
            {"side": side, "low": at, "n": int(n), "band": f"{at}–{at + 5}"} for at, n in low.value_counts().items()
        ]
    spec = {
        "width": 480, "height": 180, "data": {"values": rows}, "mark": {"type": "bar"},
        "encoding": {
            "x": {"field": "band", "type": "ordinal", "title": "总分（分，含下限不含上限）", "axis": {"labelAngle": 0},
                  "sort": {"field": "low"}},
            "xOffset": {"field": "side", "sort": ["原细则", "改动后"]},
            "y": {"field": "n", "type": "quantitative", "title": "评价（个）", "axis": {"tickMinStep": 1}},
            "color": {"field": "side", "title": None, "legend": {"orient": "top"},
                      "scale": {"domain": ["原细则", "改动后"], "range": [QUIET, BLUE]}},
        },
    }  # fmt: skip
    means = [found.table[column].mean() for _, column in sides]
    return picture(spec, title, f"{title}：平均{means[0]:.2f}分变为{means[1]:.2f}分")


def intervals(found: RankIntervals, title: str = "名次区间", names: Names | None = None) -> Picture:
    """Each assessment's interval of ranks as a line with its official rank as a point; the first 40."""
    rows = found.table.head(MOST).assign(
        name=lambda part: part["assessment"].map(lambda code: (names or {}).get(code, code))
    )
    y = {"field": "name", "type": "nominal", "sort": None, "title": None}
    last = int(max(2, rows["high"].max() if len(rows) else 2))
    x = {"type": "quantitative", "title": "名次", "scale": {"domain": [1, last]}, "axis": {"tickMinStep": 1}}
    layers = [
        {"mark": {"type": "rule", "strokeWidth": 5, "color": "#9db8d9"},
         "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}}},
        {"mark": {"type": "point", "filled": True, "size": 70, "color": BLUE, "opacity": 1},
         "encoding": {"y": y, "x": {**x, "field": "rank"}}},
    ]  # fmt: skip
    values = rows[["name", "low", "high", "rank"]].to_dict("records")
    spec = {"width": 420, "height": {"step": 22}, "data": {"values": values}, "layer": layers}
    same = int((found.table["note"] != "").sum())
    said = f"{title}：点是现在的名次，线是{found.draws}次抽取中{found.confidence:g}%的范围；{same}处与下一名不可区分"
    return picture(spec, said, said)


def moves_table(found: WhatIf, names: Names | None = None) -> Html:
    """Old and new totals and ranks side by side, and which lines moved whom, as a table."""
    rows = found.table.assign(name=found.table["assessment"].map(lambda code: (names or {}).get(code, code)))
    columns = {
        "name": "评价", "before": "原总分（分）", "after": "新总分（分）", "change": "变动（分）",
        "rank_before": "原名次", "rank_after": "新名次", "moved": "升（位）", "by": "由哪些条目（分）",
    }  # fmt: skip
    return table(rows, columns, "改动前后（评价不完整的不排名）", right=("rank_before", "rank_after", "moved"))
