"""Charts and tables one below the other in one picture, with title, choice, date and the 演示数据 mark in it.

The picture is SVG text; `vega.png` makes pixels of it. Every text is escaped and set as text.
"""

import html
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chengxin.render.charts import BLUE, FONT, GRID, INK, QUIET, RED, Picture

MARGIN, GAP, SIZE, LINE = 28, 26, 13, 22  # pixels; SIZE of letters in tables, LINE the height of their rows
WIDEST = 34  # widths of a Chinese sign that a table's column may take; longer texts wrap
CONTROL = re.compile("[\x00-\x1f\x7f\ufffe\uffff]")
HANG = "，。、；：！？）》”"  # never begin a line
BAR = 150  # pixels of a bar at most
LEAST = 860  # pixels a picture is wide at least

Piece = tuple[float, float, str]  # width, height, drawing


@dataclass(frozen=True)
class Grid:
    """A table as texts.

    title : its caption; heads, rows : texts; right : whether a column stands to the right; note : a line below
    bars : for each row where its bar begins and ends (0–1 of the column) and whether it is a range; none: no bars
    """

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[bool]
    note: str = ""
    bars: Sequence[tuple[float, float, bool]] = ()


def poster(title: str, lead: Sequence[str], mark: str, parts: Iterable[Grid | Picture]) -> str:
    """One SVG of everything.

    Parameters
    ----------
    title, lead : head of the picture and the lines below it
    mark : a warning that must not be missed, such as 演示数据; empty for none
    parts : what to show, in order
    """
    drawn, top = list[str](), float(MARGIN)
    wide, high, inner = _packed([_grid(part) if isinstance(part, Grid) else _chart(part) for part in parts])
    width = max(LEAST, wide) + 2 * MARGIN
    for text, size, colour in [(title, 24, INK), *((line, 14, QUIET) for line in lead)]:
        top += size * 1.3
        drawn.append(_text(MARGIN, top, text, size, colour))
    if mark:
        top += 30
        strip = f'x="{MARGIN}" y="{top - 18:.0f}" width="{width - 2 * MARGIN:.0f}" height="26"'
        drawn.append(f'<rect {strip} fill="#fff6ea" stroke="#e0a458"/>{_text(MARGIN + 10, top, mark, 14, RED)}')
    drawn.append(f'<g transform="translate({MARGIN} {top:.0f})">{inner}</g>')
    whole = f'width="{width:.0f}" height="{top + high + MARGIN:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {whole} font-family="{FONT}">{"".join(drawn)}</svg>'


def _packed(pieces: Sequence[Piece]) -> Piece:
    """Pieces in two columns, each below what stands in the shorter one."""
    high, wide, placed = [0.0, 0.0], [0.0, 0.0], []
    for piece in pieces:
        side = int(high[1] < high[0])
        placed.append((side, high[side] + GAP, piece[2]))
        high[side] += GAP + piece[1]
        wide[side] = max(wide[side], piece[0])
    second = wide[0] + 2 * GAP
    drawn = [f'<g transform="translate({second * side:.0f} {top:.0f})">{inner}</g>' for side, top, inner in placed]
    return (second + wide[1] if wide[1] else wide[0]), max(high), "".join(drawn)


def breadth(text: str) -> float:
    """How wide a text is, in widths of a Chinese sign."""
    return sum(1.0 if unicodedata.east_asian_width(sign) in "WFA" else 0.58 for sign in text)


def _text(x: float, y: float, text: str, size: int = SIZE, colour: str = INK, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    place, words = f'x="{x:.1f}" y="{y:.1f}"{anchor}', html.escape(CONTROL.sub("", text))
    return f'<text {place} font-size="{size}" fill="{colour}" xml:space="preserve">{words}</text>'


def _chart(chart: Picture) -> Piece:
    """Width, height and drawing of a chart below its caption."""
    head = chart.svg.split(">", 1)[0]
    width, height = (float(head.split(f' {name}="', 1)[1].split('"', 1)[0]) for name in ("width", "height"))
    inner = _text(0, 16, chart.title, 16, BLUE) + chart.svg.replace("<svg ", '<svg y="28" ', 1)
    return width, height + 28, inner


def _grid(table: Grid) -> Piece:
    cells = [[_wrapped(text) for text in row] for row in (table.heads, *table.rows)]
    most = [max(breadth(line) for row in cells for line in row[n]) for n in range(len(table.heads))]
    wide = [SIZE * signs + 20 for signs in most]
    edges = [sum(wide[:n]) for n in range(len(wide) + 1)]
    drawn, top = [_text(0, 16, table.title, 16, BLUE)], 28.0
    for number, row in enumerate(cells):
        high = LINE * max(len(lines) for lines in row)
        fill = "#eef3f9" if not number else "none"
        drawn.append(f'<rect y="{top:.0f}" width="{edges[-1]:.0f}" height="{high}" fill="{fill}"/>'
                     f'<path d="M0 {top + high:.0f}H{edges[-1]:.0f}" stroke="{GRID}"/>')  # fmt: skip
        for n, lines in enumerate(row):
            x = edges[n + 1] - 10 if table.right[n] else edges[n] + 10
            drawn += [_text(x, top + 16 + LINE * k, line, end=table.right[n]) for k, line in enumerate(lines)]
        if number and table.bars:
            drawn.append(_bar(edges[-1] + 8, top + 6, *table.bars[number - 1]))
        top += high
    if table.note:
        top += LINE
        drawn.append(_text(0, top - 4, table.note, SIZE, QUIET))
    return edges[-1] + (BAR + 8 if table.bars else 0), top, "".join(drawn)


def _bar(x: float, y: float, left: float, right: float, span: bool) -> str:
    """A bar; one that is a range has an outline and a lighter inside."""
    look = f'fill="#cfdcec" stroke="{BLUE}"' if span else f'fill="{BLUE}"'
    return f'<rect x="{x + BAR * left:.1f}" y="{y:.0f}" width="{max(1, BAR * (right - left)):.1f}" height="10" {look}/>'


def _wrapped(text: str) -> list[str]:
    """A text in lines that fit a column."""
    lines, room = [""], float(WIDEST)
    for sign in text:
        room -= breadth(sign)
        if sign == "\n" or (room < 0 and sign not in HANG):
            lines.append("")
            room = WIDEST - breadth(sign)
        if sign != "\n":
            lines[-1] += sign
    return lines


def scale(svg: str, most: float = 2.0, pixels: float = 40e6) -> float:
    """Pixels for a unit of the picture: sharp, but never more than a program can open."""
    head = svg.split(">", 1)[0]
    width, height = (float(head.split(f' {name}="', 1)[1].split('"', 1)[0]) for name in ("width", "height"))
    return min(most, math.sqrt(pixels / (width * height)))
