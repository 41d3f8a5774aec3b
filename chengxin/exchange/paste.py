"""A table pasted from a spreadsheet: tab-separated text as the rows of a ledger, each fault by row and column."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from chengxin.errors import Fault
from chengxin.exchange.books import Book
from chengxin.exchange.csv import CONTROL, Placed, normal
from chengxin.exchange.load import repeated, unknown
from chengxin.exchange.rows import parse
from chengxin.store.schema import REGISTRIES

LONGEST = 5000  # rows of one paste
PACKED = re.compile(r"(\d{4})(\d{2})(\d{2})")
MIDNIGHT = re.compile(r"(\S+)\s+0{1,2}:00(?::00)?")
Rows = list[tuple[int, dict[str, Any]]]


@dataclass(frozen=True)
class Pasted:
    """A pasted table as read.

    rows : row of the paste and values, the sound ones; faults : row and what is wrong; dropped : personal columns that
    were thrown away unread; count : rows of data; shown : the cells as read, with row, for a preview; headed : whether
    the first row was read as a header
    """

    rows: Rows
    faults: list[Placed]
    dropped: list[str]
    count: int
    shown: pd.DataFrame
    headed: bool = True


def read(book: Book, text: str, known: Callable[[str], set[str]]) -> Pasted:
    """Read a pasted table; it only adds rows.

    Parameters
    ----------
    book : the ledger it is for
    text : cells with tabs between them, with or without a header in Chinese or English; without one the columns are
        those of the file, in order
    known : table → keys that are stored
    """
    table, faults = _table(text)
    if faults or not table:
        said = faults or [(0, Fault("粘贴内容", "没有数据", "从表格软件复制的单元格"))]
        return Pasted([], said, [], 0, pd.DataFrame(columns=["row", *book.labels]))
    names, dropped, wrong = _names(book, table[0][1])
    body = table[1:] if names or wrong else table
    headed, names = len(body) < len(table), names or list(book.labels)
    if len(body) > LONGEST:
        fault = Fault("粘贴内容", f"有{len(body)}行", f"不超过{LONGEST}行", "请分几次粘贴，或用chengxin load导入")
        return Pasted([], [(0, fault)], dropped, len(body), pd.DataFrame(columns=["row", *book.labels]), headed)
    cells, uneven = _cells(book, names, body)
    if wrong or uneven:
        return Pasted([], wrong + uneven, dropped, len(body), cells, headed)
    rows, faults = checked(book, cells, known)
    return Pasted(rows, faults, dropped, len(body), cells, headed)


def checked(
    book: Book, cells: pd.DataFrame, known: Callable[[str], set[str]], *, fresh: bool = True
) -> tuple[Rows, list[Placed]]:
    """Check text cells by the rules of `chengxin load`, in the page's words.

    Parameters
    ----------
    book : the ledger
    cells : text columns of the ledger and ``row``
    known : table → keys that are stored
    fresh : the rows are new: their ids must not be stored yet
    """
    rows, faults = parse(book.file, cells)
    faults += repeated(book.file, "id", [(line, row["id"], row["id"]) for line, row in rows])
    for reference in REGISTRIES[book.table].foreign_keys:
        column, target = reference.parent.name, reference.column.table.name
        faults += unknown(book.file, column, rows, known(target))
    if fresh:
        stored, expected = known(book.table), "没有用过的编号"
        faults += [(line, Fault(book.file, f"“{row['id']}”已在台账中", expected, "已有的请逐条修改",
                         row=line, column="id")) for line, row in rows if row["id"] in stored]  # fmt: skip
    return rows, [(line, said(book, fault)) for line, fault in sorted(faults, key=lambda placed: placed[0])]


def said(book: Book, fault: Fault) -> Fault:
    """A fault of a file in the page's words: the column by its Chinese name."""
    found = re.sub(r"([a-z_]+)列的", lambda hit: f"“{book.labels.get(hit[1], hit[1])}”的", fault.found)
    found = found.replace("area、merchant、point三列", "景区街区、经营户、监测点三列")
    expected, column = fault.expected.replace("文件或数据库", "数据库"), book.labels.get(fault.column, fault.column)
    return replace(fault, file="" if fault.row else fault.file, found=found, expected=expected, column=column)


def _table(text: str) -> tuple[list[tuple[int, list[str]]], list[Placed]]:
    """Rows that are not blank, each with its number."""
    bad = [n for n, line in enumerate(text.splitlines(), 1) if CONTROL.search(line)]
    if bad:
        return [], [(n, Fault("", "含有控制字符（如NUL）", "只有文字的单元格", "请重新复制", row=n)) for n in bad]
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t"))
    except csv.Error as error:
        return [], [(0, Fault("粘贴内容", f"读不懂（{error}）", "从表格软件复制的单元格，每格不超过13万字"))]
    return [(n, cells) for n, cells in enumerate(table, 1) if "".join(cells).strip()], []


def _plain(name: str) -> str:
    """A column's name as it is compared: half-width, without blanks and what stands in brackets."""
    return re.sub(r"\(.*?\)|\s", "", normal(name)).lower()


def _names(book: Book, cells: list[str]) -> tuple[list[str], list[str], list[Placed]]:
    """Columns of a header ("" for one thrown away), names thrown away, faults; no columns where it is no header."""
    known = {_plain(said): name for name, said in book.labels.items()} | {name: name for name in book.labels}
    personal = {_plain(name) for name in book.model.dropped}
    read = [_plain(cell) for cell in cells]
    hits = sum(name in known or name in personal for name in read)
    if 2 * hits < sum(map(bool, read)):
        return [], [], []
    names = [known.get(name, "") for name in read]
    dropped = [cell.strip() for cell, name in zip(cells, read, strict=True) if name in personal]
    expected, wrong = "、".join(book.labels.values()), list[Placed]()
    for cell, name, plain in zip(cells, names, read, strict=True):
        if plain and not name and plain not in personal:
            wrong.append((1, Fault("", f"不认识的列“{cell[:40]}”", f"列名{expected}", "请改正列名或删去该列", row=1)))
        elif name and names.count(name) > 1:
            wrong.append((1, Fault("", f"列“{cell[:40]}”重复", "每列只留一个", row=1)))
    return names, dropped, wrong


def _cells(book: Book, names: list[str], body: list[tuple[int, list[str]]]) -> tuple[pd.DataFrame, list[Placed]]:
    """Text columns of the ledger, blank where the paste has none, and rows that are too long."""
    wrong = [(n, Fault("", f"有{len(cells)}格", f"不超过{len(names)}格", "请检查有没有多复制的列", row=n))
             for n, cells in body if len(cells) > len(names)]  # fmt: skip
    rows = []
    for n, cells in body:
        given = {name: cell for name, cell in zip(names, cells, strict=False) if name}
        rows.append({"row": n, **{name: _cell(book, name, given.get(name, "")) for name in book.labels}})
    return pd.DataFrame(rows, columns=["row", *book.labels]), wrong


def _cell(book: Book, name: str, cell: str) -> str:
    """A cell; a day also as spreadsheets write it: 20250331, 2025/3/31 0:00:00."""
    if name not in book.dates:
        return cell
    text = normal(cell)
    midnight, packed = MIDNIGHT.fullmatch(text), PACKED.fullmatch(text)
    return midnight[1] if midnight else "-".join(packed.groups()) if packed else text
