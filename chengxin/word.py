"""A report as Word document in the layout of Chinese official documents (GB/T 9704): page, type area, headings.

Fonts are named, not shipped; each name carries others that a reader's machine may have instead.
"""

import io
import re
from collections.abc import Iterable
from typing import Any

from chengxin.document import Block, read
from chengxin.pdf import widths
from chengxin.steady import steady

SONG, HEI, KAI, FANG = "方正小标宋简体", "黑体", "楷体_GB2312", "仿宋_GB2312"
INSTEAD = {  # the family a reader's program takes where the named one is not installed
    SONG: "方正小标宋_GBK,华文中宋,宋体,SimSun,Noto Serif CJK SC",
    HEI: "SimHei,Microsoft YaHei,Noto Sans CJK SC",
    KAI: "楷体,KaiTi,Noto Serif CJK SC",
    FANG: "仿宋,FangSong,Noto Serif CJK SC",
}
STYLES = {"Title": (SONG, 22), "Heading 1": (HEI, 16), "Heading 2": (KAI, 16), "Heading 3": (FANG, 16),
          "Normal": (FANG, 16), "Caption": (HEI, 12)}  # fmt: skip
LINE, TYPE_AREA = 28, 156  # points between lines, mm of the type area's width
FILLS = {"red": "FBE4E1", "short": "FDF6E9", "head": "EEF3F9"}
ROOM = 20  # characters of a title on one line
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
    document = _blank(title)
    document.add_paragraph(balanced(title), style="Title")
    for block in blocks:
        _WRITERS.get(block.kind, _text)(document, block)
    out = io.BytesIO()
    document.save(out)
    return steady(out.getvalue())


def balanced(title: str) -> str:
    """A title that does not fit one line, broken after its year, so that no single character is left over."""
    return re.sub(r"(\d{4}年)", "\\1\n", title, count=1) if len(title) > ROOM else title


def _blank(title: str) -> Any:
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
    from docx.shared import Mm, Pt

    document = Document()
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.top_margin, page.bottom_margin, page.left_margin, page.right_margin = Mm(37), Mm(35), Mm(28), Mm(26)
    document.core_properties.title, document.core_properties.author = title, "chengxin"
    document.core_properties.language = "zh-CN"
    for name, (font, size) in STYLES.items():
        style = document.styles[name]
        _font(style, font, size)
        form = style.paragraph_format
        form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(LINE)
        form.space_before = form.space_after = Pt(0)
        _indent(style, 2 if name == "Normal" or name.startswith("Heading") else 0)
    for name in ("Title", "Caption"):
        document.styles[name].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    document.styles["Title"].paragraph_format.space_after = Pt(LINE)
    document.styles["Title"].paragraph_format.line_spacing = Pt(34)
    document.styles["Caption"].paragraph_format.line_spacing = Pt(20)
    document.styles["Caption"].paragraph_format.space_before = Pt(6)
    document.styles["Caption"].paragraph_format.keep_with_next = True
    _footer(page)
    _fallbacks(document)
    return document


def _font(style: Any, name: str, size: float) -> None:
    """One font for Chinese and Latin text; no theme font overrides it."""
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    style.font.name, style.font.size, style.font.bold, style.font.italic = name, Pt(size), False, False
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.rPr.rFonts
    for key in list(fonts.attrib):
        del fonts.attrib[key]
    for key in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{key}"), name)
    for border in style.element.findall(".//" + qn("w:pBdr")):
        border.getparent().remove(border)


def _indent(style: Any, signs: int) -> None:
    """First line of a style or paragraph, in Chinese characters."""
    from docx.oxml.ns import qn

    form = style._element.get_or_add_pPr().get_or_add_ind()
    form.set(qn("w:firstLineChars"), str(100 * signs))
    form.set(qn("w:firstLine"), str(320 * signs))


def _footer(page: Any) -> None:
    """— 1 — at the foot of each page, 4号宋体."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    paragraph = page.footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _indent(paragraph, 0)
    kind = '<w:rPr><w:rFonts w:ascii="宋体" w:hAnsi="宋体" w:eastAsia="宋体"/><w:sz w:val="28"/></w:rPr>'
    for part in ("— ", None, " —"):
        run = f"<w:r {nsdecls('w')}>{kind}<w:t xml:space='preserve'>{part or '1'}</w:t></w:r>"
        field = f"<w:fldSimple {nsdecls('w')} w:instr=' PAGE '>{run}</w:fldSimple>"
        paragraph._p.append(parse_xml(run if part else field))


def _fallbacks(document: Any) -> None:
    """Name in the font table what may stand for each font."""
    for part in document.part.package.iter_parts():
        if str(part.partname) == "/word/fontTable.xml":
            fonts = "".join(f'<w:font w:name="{name}"><w:altName w:val="{instead}"/></w:font>'
                            for name, instead in INSTEAD.items())  # fmt: skip
            part._blob = part.blob.replace(b"</w:fonts>", fonts.encode() + b"</w:fonts>")


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
    _grid(document, [], block.rows, [0.3, 0.7], [False, False], [], 10.5)


def _table(document: Any, block: Block) -> None:
    document.add_paragraph(block.text if block.rows else f"{block.text}：本期没有此类记录", style="Caption")
    if block.rows:
        shares = widths(block)
        _grid(document, block.columns, block.rows, [s / sum(shares) for s in shares], block.right, block.marks)


def _grid(
    document: Any, heads: list[str], rows: list[list[str]], shares: list[float], right: list[bool], marks: list[str],
    size: float = 9,
) -> None:  # fmt: skip
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls
    from docx.shared import Mm

    lines = [heads, *rows] if heads else rows
    table = document.add_table(len(lines), len(shares), style="Table Grid")
    table.autofit = False
    _margins(table)
    for column, share in zip(table.columns, shares, strict=True):
        column.width = Mm(TYPE_AREA * share)
    cells = iter(table._cells)
    for number, line in enumerate(lines):
        head = bool(heads) and number == 0
        mark = "head" if head else marks[number - 1] if marks else ""
        for share, text, numeric in zip(shares, line, right, strict=True):
            cell = next(cells)
            cell.width = Mm(TYPE_AREA * share)
            paragraph = cell.paragraphs[0]
            _write(paragraph, text, size, HEI if head else None)
            if head or numeric:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER if head else WD_ALIGN_PARAGRAPH.RIGHT
            if mark in FILLS:
                shade = f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{FILLS[mark]}"/>'
                cell._tc.get_or_add_tcPr().append(parse_xml(shade))
    for number, row in enumerate(table.rows):
        form = row._tr.get_or_add_trPr()
        form.append(parse_xml(f"<w:cantSplit {nsdecls('w')}/>"))
        if heads and number == 0:
            form.append(parse_xml(f"<w:tblHeader {nsdecls('w')}/>"))
    _gap(document)


def _margins(table: Any) -> None:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    room = {"top": 35, "left": 70, "bottom": 35, "right": 70}  # twentieths of a point
    sides = "".join(f'<w:{side} w:w="{wide}" w:type="dxa"/>' for side, wide in room.items())
    table._tbl.tblPr.append(parse_xml(f"<w:tblCellMar {nsdecls('w')}>{sides}</w:tblCellMar>"))


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

    _indent(paragraph, 0)
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
    from docx.shared import Mm

    from chengxin.vega import png

    paragraph = document.add_paragraph()
    _indent(paragraph, 0)
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    paragraph.paragraph_format.keep_with_next = True
    width = float(re.search(r'width="([\d.]+)"', block.svg)[1])  # type: ignore[index]
    shape = paragraph.add_run().add_picture(io.BytesIO(png(block.svg, DENSE)), width=Mm(min(TYPE_AREA, width * 0.24)))
    shape._inline.docPr.set("descr", block.alt)
    shape._inline.docPr.set("title", block.text)
    document.add_paragraph(block.text, style="Caption").paragraph_format.keep_with_next = False


_WRITERS = {"heading": _heading, "table": _table, "facts": _facts, "figure": _figure, "banner": _banner, "sign": _sign}
