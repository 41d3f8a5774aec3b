"""A report as an Excel workbook: a sheet for each sort of table, typed cells, frozen heading, filter, definitions."""

import io
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from chengxin.render.document import Block, read
from chengxin.render.office import steady

NUMBER = re.compile(r"[+−-]?\d+(\.\d+)?")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
WIDEST, LONGEST = 60, 31  # characters of a column; of a sheet's name, as Excel allows
FACTS = "说明与定义"
FILLS = {"red": "FBE4E1", "short": "FDF6E9"}


def to_xlsx(notebook: Any, title: str) -> bytes:
    """The tables and facts of an executed notebook as a workbook.

    Tables of one sort with the same headings (the score sheets of several areas) share a sheet, told apart by its
    first column.

    Parameters
    ----------
    notebook : as Papermill returns it
    title : of the workbook
    """
    blocks = read(notebook)
    groups: dict[tuple[str, ...], list[Block]] = {}
    for block in blocks:
        if block.kind == "table":
            groups.setdefault((block.caption.name, *block.columns), []).append(block)
    banner = [["提示", block.text, ""] for block in blocks if block.kind == "banner"]
    captions = [block.caption for block in blocks if block.kind == "table"]
    remarks = [["表的说明", caption.title, caption.remark] for caption in captions if caption.remark]
    return written(groups.values(), [*banner, *_facts(blocks), *remarks], title)


def written(sheets: Iterable[list[Block]], facts: list[list[str]], title: str) -> bytes:
    """A workbook with a sheet for each list of tables, and one of facts at the end.

    Parameters
    ----------
    sheets : tables that share a sheet; all of a sheet have the same headings
    facts : rows of part, name, content: what is asked of the reader to know, definitions
    title : of the workbook
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    book.properties.title, book.properties.creator = title, "chengxin"
    for tables in sheets:
        _sheet(book, tables)
    _fill(book.create_sheet(FACTS), ["部分", "名称", "内容"], facts, [False] * 3, [])
    out = io.BytesIO()
    book.save(out)
    return steady(out.getvalue())


def _facts(blocks: list[Block]) -> Iterator[list[str]]:
    part = "报告"
    for block in blocks:
        if block.kind == "heading":
            part = block.text
        elif block.kind == "facts":
            yield from ([part, *row] for row in block.rows)
        elif block.kind in ("text", "item"):
            yield [part, "说明", block.text]


def _sheet(book: Any, tables: list[Block]) -> None:
    first = tables[0]
    name = _name(tables)
    taken = set(book.sheetnames)
    name = next(word for word in (name, *(f"{name[:28]}{n}" for n in range(2, 99))) if word not in taken)
    many = len(tables) > 1
    rows = [([table.caption.title, *row] if many else row) for table in tables for row in table.rows]
    marks = [mark for table in tables for mark in table.marks]
    heads, right = (["表", *first.columns], [False, *first.right]) if many else (first.columns, first.right)
    _fill(book.create_sheet(name), heads, rows, right, marks)


def _name(tables: list[Block]) -> str:
    """A sheet's name: of one table with its subject, of several what they have in common."""
    caption = tables[0].caption
    return re.sub(r"[\[\]:*?/\\']", "", caption.name if len(tables) > 1 else caption.title)[:LONGEST] or "表"


def _fill(sheet: Any, heads: list[str], rows: list[list[str]], right: list[bool], marks: list[str]) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    wrap, beside = Alignment(wrap_text=True, vertical="top"), Alignment(horizontal="right", vertical="top")
    for column, text in enumerate(heads, 1):
        cell = sheet.cell(1, column, text)
        cell.font, cell.fill, cell.alignment = Font(bold=True), PatternFill("solid", fgColor="EEF3F9"), wrap
    for number, row in enumerate(rows, 2):
        mark = marks[number - 2] if marks else ""
        for column, text in enumerate(row, 1):
            cell = sheet.cell(number, column)
            _put(cell, text, right[column - 1])
            if not isinstance(cell.value, int | float):
                cell.alignment = beside if right[column - 1] else wrap
            if mark in FILLS:
                cell.fill = PatternFill("solid", fgColor=FILLS[mark])
    for column, head in enumerate(heads, 1):
        longest = max((len(line) for row in rows for line in row[column - 1].split("\n")), default=0)
        sheet.column_dimensions[get_column_letter(column)].width = min(WIDEST, 2 * max(len(head), longest) + 3)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(heads))}{len(rows) + 1}"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"


def _put(cell: Any, text: str, numeric: bool) -> None:
    """A number or a day as what it is, shown as in the report; anything else as text, whatever it begins with."""
    if numeric and NUMBER.fullmatch(text):
        decimals, text = len(text.partition(".")[2]), text.replace("−", "-")
        shown = "0." + "0" * decimals if decimals else "0"
        cell.value = float(text) if decimals else int(text)
        cell.number_format = f"+{shown};−{shown};{shown}" if text[0] in "+-" else shown
    elif DAY.fullmatch(text) and (day := _day(text)):
        cell.value, cell.number_format = day, "yyyy-mm-dd"
    elif text:
        cell.value = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text)
        cell.data_type = "s"  # never a formula
        cell.quotePrefix = text[0] in "=+-@"  # nor when a person edits it


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
