"""The units as a scheme of tiles, each with the medians of its areas: where a tile stands, what it says, how deep."""

from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd

from chengxin.render.charts import Picture, picture
from chengxin.settings import Table, read_table
from chengxin.validation import Strict
from chengxin.web.dashboard.city_html import medians

DEPTHS = 4  # shades of tiles
SHADES = {-1: "#eef3f9", 0: "#eef3f9", 1: "#d3e2f2", 2: "#b3cde9", 3: "#8fb4dd"}


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


def scheme(ranking: pd.DataFrame, named: Mapping[str, str]) -> pd.DataFrame:
    """The tiles of the units that are named.

    Parameters
    ----------
    ranking : from `losses.unit_ranking`
    named : code → short name of the units that the reader sees

    Returns
    -------
    by code: name, said (a line for each kind), row, column, shade (of one kind 0–3, the higher the deeper; else and
    where nothing is complete −1)
    """
    known = {code: tile for code, tile in tiles().items() if code in named}
    median = ranking.pivot(index="unit", columns="kind", values="median").reindex(list(known))
    one = median.iloc[:, 0] if median.shape[1] == 1 else pd.Series(np.nan, median.index)
    depth = (DEPTHS * (one - one.min()) / max(one.max() - one.min(), 1e-9)).clip(upper=DEPTHS - 1)
    return pd.DataFrame({
        "name": [named[code] for code in known], "said": ["\n".join(medians(row)) for _, row in median.iterrows()],
        "row": [tile.row for tile in known.values()], "column": [tile.column for tile in known.values()],
        "shade": depth.fillna(-1).astype(int).to_numpy(),
    }, index=pd.Index(list(known), dtype=object))  # fmt: skip


def drawn(tiles: pd.DataFrame, title: str) -> Picture:
    """A scheme of units, each with its figures; no map.

    Parameters
    ----------
    tiles : from `city_tiles`
    """
    rows = tiles.assign(text=tiles["name"] + "\n" + tiles["said"])
    place = {name: {"field": field, "type": "ordinal", "axis": None}
             for name, field in (("x", "column"), ("y", "row"))}  # fmt: skip
    color = {"field": "shade", "type": "nominal", "legend": None,
             "scale": {"domain": list(SHADES), "range": list(SHADES.values())}}  # fmt: skip
    tall = 16 * int(rows["text"].str.count("\n").max() + 1) + 12
    spec = {
        "width": {"step": 118}, "height": {"step": tall}, "encoding": place,
        "data": {"values": rows[["text", "row", "column", "shade"]].to_dict("records")},
        "layer": [{"mark": {"type": "rect", "stroke": "white", "strokeWidth": 3}, "encoding": {"color": color}},
                  {"mark": {"type": "text", "lineBreak": "\n", "lineHeight": 16, "baseline": "middle",
                            "dy": {"expr": "-8 * (length(split(datum.text, '\\n')) - 1)"}},
                   "encoding": {"text": {"field": "text"}}}],
    }  # fmt: skip
    said = "；".join(f"{row.name}{row.said}".replace("\n", "，") for row in tiles.itertuples(index=False))
    return picture(spec, title, f"{title}：{said}")
