"""A report as Word document in the layout of Chinese official documents: each kind of block with its style."""

import io
import re
from collections.abc import Iterable
from typing import Any

from chengxin.render.document import Block, led, read
from chengxin.render.office import steady
from chengxin.render.pdf import widths
from chengxin.render.word_page import HEI, TYPE_AREA, blank, indent

FILLS = {"red": "FBE4E1", "short": "FDF6E9", "head": "EEF3F9"}
ROOM, ACROSS = 20, 48  # characters of a title on one line; of a line of a table
SMALLEST = 7.5  # points of the letters of a table with many columns; 9 of others
TOGETHER = 8  # rows of facts or of a table that are kept on one page
DENSE = 3  # pixels a point of a chart, for print


def to_docx(notebook: Any, title: str) -> bytes:
    """An executed notebook as Word document; the same notebook gives the same bytes.

    Parameters
    ----------
    notebook : as Papermill returns it
    title : of the report
    """
    return written(read(notebook), title)


def written(blocks: Iterable[Block], title: str) -> bytes:
    """Blocks as Word document; the same blocks give the same bytes.

    Parameters
    ----------
    blocks : in order
    title : of the document
    """
    document = blank(title)
    document.add_paragraph(balanced(title), style="Title")
    for block, leads in led(list(blocks)):
        if leads:
            document.add_paragraph(block.text).paragraph_format.keep_with_next = True
        else:
            _WRITERS.get(block.kind, _text)(document, block)
    out = io.BytesIO()
    document.save(out)
    return steady(out.getvalue())


def balanced(title: str) -> str:
    """A title that does not fit one line, broken after its year, so that no single character is left over."""
    return re.sub(r"(\d{4}年)", "\\1\n", title, count=1) if len(title) > ROOM else title


def _text(document: Any, block: Block) -> None:
    document.add_paragraph(block.text)


def _heading(document: Any, block: Block) -> None:
    document.add_heading(block.text, min(block.level, 3))


def _sign(document: Any, block: Block) -> None:
    grid = document.add_table(1, len(block.rows))
    for cell, (text,) in zip(grid._cells, block.rows, strict=True):
        _write(cell.paragraphs[0], text, 12)
    _gap(document)


def _facts(document: Any, block: Block) -> None:
    table = _grid(document, block.rows, [0.3, 0.7], [False, False], [""] * len(block.rows), 10.5)
    _together(table, len(block.rows), 2)


def _together(table: Any, rows: int, columns: int) -> None:
    """Keep a table of few rows on one page."""
    if rows <= TOGETHER:
        for cell in table._cells[:-columns]:
            cell.paragraphs[0].paragraph_format.keep_with_next = True


def _table(document: Any, block: Block) -> None:
    document.add_paragraph(block.text if block.rows else f"{block.text}：本期没有此类记录", style="Caption")
    if block.rows:
        wide = widths(block, ACROSS)
        shares = [each / sum(wide) for each in wide]
        size = max(SMALLEST, round(18 * min(1, ACROSS / sum(wide))) / 2)
        table = _grid(document, [block.columns, *block.rows], shares, block.right, ["head", *block.marks], size)
        _together(table, len(block.rows), len(shares))


def _grid(
    document: Any, rows: list[list[str]], shares: list[float], right: list[bool], marks: list[str], size: float
) -> Any:
    """A table, each row with its mark; a heading is repeated on every page, and no row is broken over pages."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls
    from docx.shared import Mm

    table = document.add_table(len(rows), len(shares), style="Table Grid")
    table.autofit = False
    _margins(table)
    wide = [Mm(TYPE_AREA * share) for share in shares]
    for column, width in zip(table.columns, wide, strict=True):
        column.width = width
    cells = iter(table._cells)
    for row, texts, mark in zip(table.rows, rows, marks, strict=True):
        form = row._tr.get_or_add_trPr()
        form.append(parse_xml(f"<w:cantSplit {nsdecls('w')}/>"))
        if mark == "head":
            form.append(parse_xml(f"<w:tblHeader {nsdecls('w')}/>"))
        for width, text, numeric in zip(wide, texts, right, strict=True):
            cell = next(cells)
            cell.width = width
            _cell(cell, text, size, numeric, mark)
    _gap(document)
    return table


def _cell(cell: Any, text: str, size: float, numeric: bool, mark: str) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    paragraph = cell.paragraphs[0]
    _write(paragraph, text, size, HEI if mark == "head" else None)
    if mark == "head":
        paragraph.alignment, paragraph.paragraph_format.keep_with_next = WD_ALIGN_PARAGRAPH.CENTER, True
    elif numeric:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    if mark in FILLS:
        shade = f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{FILLS[mark]}"/>'
        cell._tc.get_or_add_tcPr().append(parse_xml(shade))


def _margins(table: Any) -> None:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    room = {"top": 35, "left": 70, "bottom": 35, "right": 70}  # twentieths of a point
    sides = "".join(f'<w:{side} w:w="{wide}" w:type="dxa"/>' for side, wide in room.items())
    table._tbl.tblPr.insert_element_before(
        parse_xml(f"<w:tblCellMar {nsdecls('w')}>{sides}</w:tblCellMar>"), "w:tblLook"
    )


def _banner(document: Any, block: Block) -> None:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls
    from docx.shared import Pt

    paragraph = document.add_paragraph()
    _write(paragraph, block.text, 12, HEI)
    paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Pt(5)
    sides = "".join(f'<w:{side} w:val="single" w:sz="6" w:space="4" w:color="E0A458"/>'
                    for side in ("top", "left", "bottom", "right"))  # fmt: skip
    paragraph._p.get_or_add_pPr().insert_element_before(
        parse_xml(f"<w:pBdr {nsdecls('w')}>{sides}</w:pBdr>"), "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc"
    )
    _gap(document)


def _write(paragraph: Any, text: str, size: float, font: str | None = None) -> None:
    from docx.enum.text import WD_LINE_SPACING
    from docx.oxml.ns import qn
    from docx.shared import Pt

    indent(paragraph, 0)
    paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    run = paragraph.add_run(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text))
    run.font.size = Pt(size)
    if font:
        run.font.name = font
        run._r.rPr.rFonts.set(qn("w:eastAsia"), font)


def _gap(document: Any) -> None:
    _write(document.add_paragraph(), "", 8)


def _figure(document: Any, block: Block) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
    from docx.shared import Mm, Pt

    from chengxin.render.vega import png

    paragraph = document.add_paragraph()
    indent(paragraph, 0)
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    paragraph.paragraph_format.keep_with_next, paragraph.paragraph_format.space_before = True, Pt(6)
    width = float(re.search(r'width="([\d.]+)"', block.svg)[1])  # type: ignore[index]
    shape = paragraph.add_run().add_picture(io.BytesIO(png(block.svg, DENSE)), width=Mm(min(TYPE_AREA, width * 0.24)))
    shape._inline.docPr.set("descr", block.alt)
    shape._inline.docPr.set("title", block.text)
    caption = document.add_paragraph(block.text, style="Caption").paragraph_format
    caption.keep_with_next, caption.space_after = False, Pt(10)


_WRITERS = {"heading": _heading, "table": _table, "facts": _facts, "figure": _figure, "banner": _banner, "sign": _sign}
