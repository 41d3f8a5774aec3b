"""A report as PDF: Typst sets it, with the fonts of the wheel; selectable text, page numbers, tagged headings."""

import json
import re
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from chengxin.document import Block, read

TEMPLATE = Path(__file__).parent / "templates" / "typst" / "report.typ"
ROOM = 50  # characters of a line of a table
SHORT = (12.5, 10)  # characters of a column that is never broken: the first that leaves each long one room
LONG = 12
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

    data = {"title": title, "blocks": [_block(block) for block in read(notebook)]}
    said = {"data": json.dumps(data, ensure_ascii=False)}
    return typst.compile(str(TEMPLATE), font_paths=_fonts(), ignore_system_fonts=True, format="pdf", sys_inputs=said)


def _block(block: Block) -> dict[str, Any]:
    found = re.search(r'width="([\d.]+)"', block.svg)
    return asdict(block) | {"widths": widths(block), "wide": float(found[1]) / FULL if found else 1}


def widths(block: Block) -> list[float]:
    """Widths of a table's columns in characters: short columns stay on one line, long ones share what is left.

    Where too little is left, heads may break before their unit: 平均变动 over （分）.
    """
    cells = [[_length(line) for row in block.rows for line in row[n].split("\n")] for n in range(len(block.columns))]
    for parted in (False, True):
        heads = [max(map(_length, re.split("(?=（)", head) if parted else [head])) for head in block.columns]
        longest = [max([head, *lengths]) for head, lengths in zip(heads, cells, strict=True)]
        for limit in SHORT:
            short = [most <= limit for most in longest]
            left = ROOM - sum(most for most, is_short in zip(longest, short, strict=True) if is_short)
            if left >= LONG * short.count(False):
                return _shared(heads, cells, short, longest, left)
    return _shared(heads, cells, short, longest, left)


def _shared(
    heads: list[float], cells: list[list[float]], short: list[bool], longest: list[float], left: float
) -> list[float]:
    usual = [max(head, sum(each) / max(1, len(each))) for head, each in zip(heads, cells, strict=True)]
    whole = sum(each for each, is_short in zip(usual, short, strict=True) if not is_short)
    return [
        most if is_short else max(8, left * each / whole)
        for most, each, is_short in zip(longest, usual, short, strict=True)
    ]


def _length(text: str) -> float:
    """In widths of a Chinese character, with the cell's margins."""
    return sum(0.6 if ord(sign) < 256 else 1 for sign in text) + 1.4
