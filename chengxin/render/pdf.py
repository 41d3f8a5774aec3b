"""A report as PDF: Typst sets it, with the fonts of the wheel; selectable text, page numbers, tagged headings."""

import json
import re
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from chengxin.paths import TEMPLATES
from chengxin.render.document import Block, led, read

TEMPLATE = TEMPLATES / "typst" / "report.typ"
ROOM, PAD = 56, 1  # characters of a line of a table; of a cell's margins
WORD, HEAD, BRIEF = 14, 6, 4  # characters of a figure or Latin word that is never broken; of a heading; of Chinese text
FULL = 680  # points of a chart that fills the width of a page


@cache
def _fonts() -> list[str]:
    import pylopdf_fonts_zh_cn as fonts

    return sorted({str(Path(path).parent) for path in (fonts.sans_path(), fonts.serif_path())})


def to_pdf(notebook: Any, title: str) -> bytes:
    """An executed notebook as PDF; the same notebook gives the same bytes.

    Parameters
    ----------
    notebook : as Papermill returns it
    title : of the report
    """
    import typst

    data = {"title": title, "blocks": [_block(block, leads) for block, leads in led(read(notebook))]}
    said = {"data": json.dumps(data, ensure_ascii=False)}
    return typst.compile(str(TEMPLATE), font_paths=_fonts(), ignore_system_fonts=True, format="pdf", sys_inputs=said)


def _block(block: Block, leads: bool) -> dict[str, Any]:
    found = re.search(r'width="([\d.]+)"', block.svg)
    shares = widths(block) if block.kind == "table" else []
    return asdict(block) | {"widths": shares, "leads": leads, "wide": float(found[1]) / FULL if found else 1}


def widths(block: Block, room: float = ROOM) -> list[float]:
    """Widths of a table's columns in characters: those with which a table that is too wide becomes lowest.

    Numbers, dates and short words are never broken, headings before their unit: 平均变动 over （分）. Each further
    character goes to the column that most lines wait for.
    """
    cells = [[_broken(text) for text in row] for row in (block.columns, *block.rows)]
    lines, whole, longest = (np.array([[cell[n] for cell in row] for row in cells], float) for n in range(3))
    heads = [max(min(_length(part), HEAD) for part in re.split("(?=（)", head)) for head in block.columns]
    least = [max([head, *map(_unbroken, column)]) for head, *column in zip(heads, *block.rows, strict=True)]
    wanted, room = longest.max(axis=0), room - PAD * len(least)
    given = np.minimum(wanted, least)
    while given.sum() < min(room, wanted.sum()):
        high = np.maximum(lines, whole / given)
        wider = np.maximum(lines, whole / (given + 1))
        second, first = np.sort(np.pad(high, ((0, 0), (1, 0)), constant_values=1))[:, -2:].T[:, :, None]
        others = np.where(high == first, second, first)  # the height of a row but for one cell
        saved = first - np.maximum(others, wider)
        worth = np.where(
            given < wanted, saved.sum(axis=0) + (whole / given - whole / (given + 1)).sum(axis=0) / 100, -1
        )
        given[worth.argmax()] += 1
    return [float(each) for each in np.minimum(given, wanted) + PAD]


def _broken(text: str) -> tuple[int, float, float]:
    """Of a cell: its lines, its characters in all, the longest line's."""
    lengths = [_length(line) for line in text.split("\n")]
    return len(lengths), sum(lengths), max(lengths)


def _unbroken(text: str) -> float:
    """What is to stay on one line: words and figures of Latin letters, and a few Chinese characters."""
    latin = max(map(_length, re.findall(r"[!-~−–]+", text)), default=0.0)
    return max(min(latin, WORD), min(_length(text.replace("\n", "")), BRIEF))


def _length(text: str) -> float:
    """In widths of a Chinese character."""
    return sum(0.6 if ord(sign) < 256 else 1 for sign in text)
