"""A trend as a small drawing of its own, for pages that are drawn anew at every choice; files take `charts.trend`."""

import pandas as pd

from chengxin.render.charts import BLUE, GRID, INK, ORANGE, QUIET
from chengxin.render.html import escaped
from chengxin.render.tables import Html

WIDE, HIGH, SIDE, TOP, FOOT = 320, 200, 36, 44, 30  # pixels; SIDE, TOP, FOOT are left free
COLOURS = (BLUE, ORANGE)


def trend(points: pd.DataFrame, caption: str) -> Html:
    """Medians over periods, a line a kind; every point carries its figure, so there is no axis to read.

    Parameters
    ----------
    points : from `losses.trend`
    """
    periods, low, high = sorted(points["period"].unique()), points["total"].min(), points["total"].max()
    step = (WIDE - 2 * SIDE) / max(1, len(periods) - 1)
    at = {period: SIDE + n * step if len(periods) > 1 else WIDE / 2 for n, period in enumerate(periods)}
    size = (HIGH - TOP - FOOT - 46) / max(high - low, 1)
    above = points.groupby("period")["total"].transform("max") == points["total"]
    rows = points.assign(x=points["period"].map(at), y=TOP + 18 + (high - points["total"]) * size, above=above)
    drawn = [f'<path d="M8 {HIGH - FOOT}H{WIDE - 8}" stroke="{GRID}"/>']
    drawn += [_text(x, HIGH - 8, f"{period}年", QUIET) for period, x in at.items()]
    for n, (kind, mine) in enumerate(rows.groupby("area", sort=False)):
        drawn.append(_line(mine.sort_values("period"), str(kind), n))
    said = "；".join(f"{row.area}{row.period}年{row.total:.2f}分" for row in rows.itertuples())
    return Html(escaped(
        '<figure><svg width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" role="img" aria-label="{said}">{drawn}'
        "</svg><figcaption>{caption}</figcaption></figure>",
        wide=WIDE, high=HIGH, said=f"{caption}：{said}", drawn=Html("".join(drawn)), caption=caption,
    ))  # fmt: skip


def _line(rows: pd.DataFrame, kind: str, n: int) -> str:
    """One line with its points, figures and entry in the legend; the second has squares, not only another colour."""
    colour = COLOURS[n % len(COLOURS)]
    path = " ".join(f"{row.x:.0f},{row.y:.1f}" for row in rows.itertuples())
    drawn = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>']
    for row in rows.itertuples():
        drawn.append(_mark(row.x, row.y, colour, n))
        drawn.append(_text(row.x, row.y + (-9 if row.above else 20), f"{row.total:.2f}", INK))
    drawn += [_mark(SIDE + 90 * n, 14, colour, n), _text(SIDE + 90 * n + 10, 19, kind, INK, "start")]
    return "".join(drawn)


def _mark(x: float, y: float, colour: str, n: int) -> str:
    if n:
        return f'<rect x="{x - 4:.0f}" y="{y - 4:.1f}" width="8" height="8" fill="{colour}"/>'
    return f'<circle cx="{x:.0f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>'


def _text(x: float, y: float, words: str, colour: str, anchor: str = "middle") -> str:
    place = f'x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="14" fill="{colour}"'
    return f"<text {place}>{escaped('{words}', words=words)}</text>"
