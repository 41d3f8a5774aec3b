"""The blank page of an official document (GB/T 9704): type area, styles of headings and text, page numbers.

Fonts are named, not shipped; each name carries others that a reader's machine may have instead.
"""

from typing import Any

SONG, HEI, KAI, FANG = "方正小标宋简体", "黑体", "楷体_GB2312", "仿宋_GB2312"
INSTEAD = {  # the family a reader's program takes where the named one is not installed
    SONG: "方正小标宋_GBK,华文中宋,宋体,SimSun,Noto Serif CJK SC",
    HEI: "SimHei,Microsoft YaHei,Noto Sans CJK SC",
    KAI: "楷体,KaiTi,Noto Serif CJK SC",
    FANG: "仿宋,FangSong,Noto Serif CJK SC",
}
STYLES = {"Title": (SONG, 22), "Heading 1": (HEI, 16), "Heading 2": (KAI, 16), "Heading 3": (FANG, 16),
          "Normal": (FANG, 16), "Caption": (HEI, 12)}  # fmt: skip
APP = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">'
    "<Application>chengxin</Application></Properties>"
)
LINE, TYPE_AREA = 28, 156  # points between lines, mm of the type area's width
FOOT = 22  # mm from the page's end to the page number, so that this stands 7 mm below the type area
CLOSER = -5  # twentieths of a point between characters: 28 on a line of the type area, not 27


def blank(title: str) -> Any:
    """An empty document with its styles.

    Parameters
    ----------
    title : in its properties
    """
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
    from docx.shared import Mm, Pt

    document = Document()
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.top_margin, page.bottom_margin, page.left_margin, page.right_margin = Mm(37), Mm(35), Mm(28), Mm(26)
    _properties(document, title)
    for name, (font, size) in STYLES.items():
        style = document.styles[name]
        _font(style, font, size)
        form = style.paragraph_format
        form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(LINE)
        form.space_before = form.space_after = Pt(0)
        indent(style, 2 if name == "Normal" or name.startswith("Heading") else 0)
    for name in ("Title", "Caption"):
        document.styles[name].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    document.styles["Title"].paragraph_format.space_after = Pt(LINE)
    document.styles["Title"].paragraph_format.line_spacing = Pt(34)
    document.styles["Caption"].paragraph_format.line_spacing = Pt(20)
    document.styles["Caption"].paragraph_format.space_before = Pt(6)
    document.styles["Caption"].paragraph_format.keep_with_next = True
    _chinese(document)
    _footers(document)
    _fallbacks(document)
    return document


def _properties(document: Any, title: str) -> None:
    """What the file says of itself: nothing of the template that it began from."""
    about, package = document.core_properties, document.part.package
    about.title, about.author, about.last_modified_by, about.language = title, "chengxin", "chengxin", "zh-CN"
    about.comments = about.keywords = about.subject = ""
    for name, relation in list(package.rels.items()):
        if relation.reltype.endswith("/thumbnail"):
            del package.rels[name]
    for part in package.iter_parts():
        if str(part.partname) == "/docProps/app.xml":
            part._blob = APP.encode()


def _chinese(document: Any) -> None:
    """The language of the text, and characters so close that 28 stand on a line."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls, qn

    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")
    form = document.styles["Normal"].element.get_or_add_rPr()
    closer = parse_xml(f'<w:spacing {nsdecls("w")} w:val="{CLOSER}"/>')
    form.insert_element_before(closer, "w:w", "w:kern", "w:position", "w:sz", "w:szCs", "w:lang")


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


def indent(style: Any, signs: int) -> None:
    """Set in the first line of a style or paragraph.

    Parameters
    ----------
    style : or paragraph
    signs : how far, in Chinese characters
    """
    from docx.oxml.ns import qn

    form = style._element.get_or_add_pPr().get_or_add_ind()
    form.set(qn("w:firstLineChars"), str(100 * signs))
    form.set(qn("w:firstLine"), str(320 * signs))


def _footers(document: Any) -> None:
    """— 1 — at the foot of each page, 4号宋体, one character from its outer edge: odd pages right, even pages left."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
    from docx.shared import Mm, Pt

    document.settings.odd_and_even_pages_header_footer = True
    page = document.sections[0]
    page.footer_distance = Mm(FOOT)
    for footer, side in ((page.footer, WD_ALIGN_PARAGRAPH.RIGHT), (page.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT)):
        paragraph = footer.paragraphs[0]
        indent(paragraph, 0)
        form = paragraph.paragraph_format
        form.alignment, form.line_spacing_rule = side, WD_LINE_SPACING.SINGLE
        form.left_indent = form.right_indent = Pt(14)
        _number(paragraph)


def _number(paragraph: Any) -> None:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

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
