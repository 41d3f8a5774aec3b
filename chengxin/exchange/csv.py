"""CSV files as text cells with the file's own line numbers, and out again without a formula in them."""

import csv
import io
import os
import re
import secrets
from collections.abc import Set
from pathlib import Path
from typing import Any

import pandas as pd

from chengxin.errors import DataError, Fault

ENCODINGS = ("utf-8-sig", "gb18030")  # Excel in China writes the second
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # Excel takes the wide ones too
HALF = {**{wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}, 0x3000: 0x20}
SAVE_AS = "请在表格软件中另存为“CSV UTF-8（逗号分隔）”"

Placed = tuple[int, Fault]  # line number in the file, for sorting


def read_csv(path: Path, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a CSV file as text.

    Parameters
    ----------
    path : UTF-8 (with or without BOM) or GB 18030
    required, optional : names of the columns; any other column is a fault

    Returns
    -------
    text columns in the order of the names, and ``row``: the line of the file where a row begins (header: 1)

    Raises
    ------
    DataError : every fault of the file's form
    """
    frame, faults = read_cells(path, required, optional)
    if faults:
        raise DataError(f"{Path(path).name}没有读入", [fault for _, fault in faults])
    return frame


def read_cells(
    path: Path, required: tuple[str, ...], optional: tuple[str, ...] = (), dropped: Set[str] = frozenset()
) -> tuple[pd.DataFrame, list[Placed]]:
    """As `read_csv`, but with the sound rows beside the faults.

    Parameters
    ----------
    path, required, optional : as for `read_csv`
    dropped : columns that may stand in the file and are thrown away unread

    Returns
    -------
    the sound rows, and the faults each with its line
    """
    path = Path(path)
    kinds = {**dict.fromkeys(required, "str"), "row": "int64"}
    blank = pd.DataFrame(columns=list(kinds)).astype(kinds)
    text = _text(path)
    if isinstance(text, Fault):
        return blank, [(0, text)]
    rows, faults = _rows(path.name, text)
    names = [normal(cell) for cell in rows[0][1]] if rows else []
    wrong = _header(path.name, [name for name in names if name not in dropped], required, optional) if rows else []
    if wrong or not rows:
        return blank, faults + wrong
    sound = [(line, cells) for line, cells in rows[1:] if len(cells) == len(names)]
    for line, cells in rows[1:]:
        if len(cells) != len(names):
            found, expected = f"有{len(cells)}格", f"{len(names)}格，与表头相同"
            faults.append((line, Fault(f"{path.name} 第{line}行", found, expected, "请检查逗号和引号")))
    frame = pd.DataFrame([cells for _, cells in sound], columns=names, dtype="str")
    frame = frame[[name for name in (*required, *optional) if name in names]]
    return frame.assign(row=pd.Series([line for line, _ in sound], dtype="int64")), faults


def normal(text: str) -> str:
    """A code or number with its full-width signs made half-width and without blanks around it.

    Only the full-width forms: NFKC as a whole would also read ``5²`` as 52.

    >>> normal("　３３１００２（ａ） ")
    '331002(a)'
    """
    return text.strip() if text.isascii() else text.translate(HALF).strip()


def words(text: str) -> str:
    """A text without blanks around it and without the apostrophe that `write_csv` puts before a formula.

    >>> words(" '-2分 ")
    '-2分'
    """
    text = text.strip()
    return text[1:].strip() if text[:1] == "'" and text[1:].startswith(FORMULA) else text


def write_csv(frame: pd.DataFrame, path: Path, *, bom: bool = False) -> None:
    """Write a frame as CSV, whole or not at all; no text cell can act as a formula in a spreadsheet.

    Parameters
    ----------
    frame : its index is not written; numbers are written as they are
    path : replaced when it exists
    bom : begin with a byte order mark, so that Excel shows Chinese
    """
    path = Path(path)
    safe = harmless(frame)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with beside.open("x", encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
            safe.to_csv(file, index=False, lineterminator="\r\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with an apostrophe before every text and heading that a spreadsheet would take for a formula."""
    safe = pd.DataFrame({n: _harmless(frame.iloc[:, n]) for n in range(frame.shape[1])}, index=frame.index)
    return safe.set_axis(pd.Index([guarded(str(name)) for name in frame.columns], dtype="str"), axis=1)


def _harmless(column: pd.Series) -> pd.Series:
    plain = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
    return column if plain else column.astype(object).map(guarded)


def guarded(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; `words` takes the apostrophe off again."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _text(path: Path) -> str | Fault:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Fault(path.name, f"在“{path.parent}”中没有这个文件", "CSV文件", "请核对文件夹和文件名")
    except OSError as error:
        remedy = "请检查权限，或先关闭表格软件"
        return Fault(path.name, f"不能读取（{error.strerror}）", "可以读取的CSV文件", remedy)
    for encoding in ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            bad = error.start
            continue
        return text if text.strip() else Fault(path.name, "空文件", "有表头的CSV文件")
    line = data.count(b"\n", 0, bad) + 1
    return Fault(f"{path.name} 第{line}行", "编码读不懂", "UTF-8或GB 18030编码的文字", SAVE_AS)


def _rows(name: str, text: str) -> tuple[list[tuple[int, list[str]]], list[Placed]]:
    """Rows that are not blank, each with its line, and faults of the writing."""
    lines = dict.fromkeys(text.count("\n", 0, hit.start()) + 1 for hit in CONTROL.finditer(text))
    if lines:
        found, expected = "含有控制字符（如NUL）", "只有文字的CSV"
        return [], [(n, Fault(f"{name} 第{n}行", found, expected, SAVE_AS)) for n in lines]
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, line = [], 1
    try:
        for cells in reader:
            if "".join(cells).strip():
                rows.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        found, expected = f"CSV写法有误（{error}）", "引号成对、每格不超过13万字的CSV"
        return rows, [(line, Fault(f"{name} 第{line}行", found, expected, "请检查该行的引号"))]
    return rows, []


def _header(name: str, names: list[str], required: tuple[str, ...], more: tuple[str, ...]) -> list[Placed]:
    known = (*required, *more)
    where, expected = f"{name} 第1行", f"列{'、'.join(known)}"
    faults = [Fault(where, f"缺少列{each}", expected, "请补上该列") for each in required if each not in names]
    for n, each in enumerate(names, 1):
        if each not in known:
            said = f"多出列“{each[:40]}”" if each else f"第{n}列没有列名"
            faults.append(Fault(where, said, expected, "请改正列名或删去该列"))
        elif each in names[: n - 1]:
            faults.append(Fault(where, f"列{each}重复", expected, "每列只留一个"))
    return [(1, fault) for fault in faults]
