"""CSV files as text cells with the file's own line numbers, however a spreadsheet saved them.

UTF-8 (with or without BOM), UTF-16 and GB 18030; comma, semicolon or tab; a title above the header; any case.
What is not unmistakable is a fault that names the line. No database, no meaning: `scoring.observations` and
`exchange.load` say what the columns hold.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

import pandas as pd

from chengxin.errors import DataError, Fault

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # Excel takes the wide ones too
HALF = {**{wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}, 0x3000: 0x20}
SAVE_AS = "请在表格软件中另存为“CSV UTF-8（逗号分隔）”"
SEPARATORS = (",", "\t", ";")
HEAD_WITHIN = 10  # rows in which the header is looked for; what stands above it is a title
LOST = re.compile("[\ufffd\ue000-\uf8ff]")  # what is left of a character that was read in the wrong encoding

Placed = tuple[int, Fault]  # line number in the file, for sorting
Rows = list[tuple[int, list[str]]]  # line of the file and cells


def read_csv(
    path: Path, required: tuple[str, ...], optional: tuple[str, ...] = (), names: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Read a CSV file as text.

    Parameters
    ----------
    path : UTF-8, UTF-16 or GB 18030; separated by commas, semicolons or tabs
    required, optional : names of the columns; any other column is a fault
    names : other names of the columns (lower case) → name, such as Chinese ones

    Returns
    -------
    text columns in the order of the names, and ``row``: the line of the file where a row begins (header: 1)

    Raises
    ------
    DataError : every fault of the file's form
    """
    frame, faults = read_cells(path, required, optional, names=names)
    if faults:
        raise DataError(f"{Path(path).name}没有读入", [fault for _, fault in faults])
    return frame


def read_cells(
    path: Path,
    required: tuple[str, ...],
    optional: tuple[str, ...] = (),
    dropped: Set[str] = frozenset(),
    names: Mapping[str, str] | None = None,
) -> tuple[pd.DataFrame, list[Placed]]:
    """As `read_csv`, but with the sound rows beside the faults.

    Parameters
    ----------
    path, required, optional, names : as for `read_csv`
    dropped : columns that may stand in the file and are thrown away unread

    Returns
    -------
    the sound rows, and the faults each with its line
    """
    path = Path(path)
    kinds = {**dict.fromkeys(required, "str"), "row": "int64"}
    blank = pd.DataFrame(columns=list(kinds)).astype(kinds)
    text, faults = _text(path)
    if faults:
        return blank, faults
    called = {**{name: name for name in (*required, *optional, *dropped)}, **(names or {})}
    rows, faults, head = _table(path.name, text, called, required)
    if not rows:
        return blank, faults
    wrong = _header(path.name, rows[0][0], [name for name in head if name not in dropped], required, optional)
    if wrong:
        return blank, faults + wrong
    sound = [(line, cells) for line, cells in rows[1:] if len(cells) == len(head)]
    faults += [_uneven(path.name, line, cells, head) for line, cells in rows[1:] if len(cells) != len(head)]
    if LOST.search(text):
        faults += _lost(path.name, sound, head)
    frame = pd.DataFrame([cells for _, cells in sound], columns=head, dtype="str")
    frame = frame[[name for name in (*required, *optional) if name in head]]
    return frame.assign(row=pd.Series([line for line, _ in sound], dtype="int64")), faults


def normal(text: str) -> str:
    """A code or number with its full-width signs made half-width and without blanks around it.

    Only the full-width forms: NFKC as a whole would also read ``5²`` as 52.

    >>> normal("　３３１００２（ａ） ")
    '331002(a)'
    """
    return text.strip() if text.isascii() else text.translate(HALF).strip()


def words(text: str) -> str:
    """A text without blanks around it and without the apostrophe that `exchange.csv.write_csv` puts before a formula.

    >>> words(" '-2分 ")
    '-2分'
    """
    text = text.strip()
    return text[1:].strip() if text[:1] == "'" and text[1:].startswith(FORMULA) else text


def _uneven(name: str, line: int, cells: list[str], head: list[str]) -> Placed:
    found, expected = f"有{len(cells)}格", f"{len(head)}格，与表头相同"
    return line, Fault(name, found, expected, "请检查逗号和引号", row=line)


def _lost(name: str, rows: Rows, head: list[str]) -> list[Placed]:
    """Cells that hold the sign of a character already lost."""
    expected, remedy = "完整的文字", f"原字已丢失，请核对原文后重新填写；{SAVE_AS}"
    return [
        (line, Fault(name, f"“{cell[:40]}”含有乱码“{LOST.search(cell)[0]}”", expected, remedy, row=line, column=column))  # type: ignore[index]
        for line, cells in rows
        for column, cell in zip(head, cells, strict=True)
        if LOST.search(cell)
    ]


# ---- bytes to text -----------------------------------------------------------------------------------------


def _text(path: Path) -> tuple[str, list[Placed]]:
    """The text of a file, or why it cannot be read."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        where = f"在“{path.parent}”中没有这个文件"
        return "", [(0, Fault(path.name, where, "CSV文件", "请核对文件夹和文件名"))]
    except OSError as error:
        remedy = "请检查权限，或先关闭表格软件"
        return "", [(0, Fault(path.name, f"不能读取（{error.strerror}）", "可以读取的CSV文件", remedy))]
    text, lines = _decoded(data)
    expected = "UTF-8、UTF-16或GB 18030编码的文字，全文一种编码"
    faults = [(line, Fault(path.name, "编码读不懂", expected, SAVE_AS, row=line)) for line in lines]
    if not faults and not text.strip():
        faults = [(0, Fault(path.name, "空文件", "有表头的CSV文件"))]
    return text, faults


def _decoded(data: bytes) -> tuple[str, list[int]]:
    """Text, or the numbers of the lines that cannot be read.

    >>> [_decoded("评价,1".encode(code))[0] for code in ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le")]
    ['评价,1', '评价,1', '评价,1', '评价,1', '评价,1']
    """
    wide = _wide(data)
    if wide:
        try:
            return data.decode(wide), []
        except UnicodeDecodeError as error:
            return "", [data.count(b"\n", 0, error.start) + 1]
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        mixed = _mixed(data)
    if not mixed:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as error:
            return "", [data.count(b"\n", 0, error.start) + 1]
        mixed = list(dict.fromkeys(text.count("\n", 0, hit.start()) + 1 for hit in LOST.finditer(text)))
        return text, mixed
    return "", mixed


def _wide(data: bytes) -> str:
    """Name of the UTF-16 that the bytes are in, by their mark or by the NUL beside every ASCII sign; empty if none."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    head = data[:200]
    if len(data) % 2 == 0 and head.count(0) * 4 >= len(head) > 0:
        odd, even = head[1::2].count(0), head[::2].count(0)
        return "utf-16-le" if odd > 0 == even else "utf-16-be" if even > 0 == odd else ""
    return ""


def _mixed(data: bytes) -> list[int]:
    """Lines that are no UTF-8 in a file that mostly is; empty where it is mostly something else."""
    runs = [(_is_utf8(hit[0]), hit.start()) for hit in re.finditer(rb"[\x80-\xff]+", data)]
    bad = [start for sound, start in runs if not sound]
    if len(bad) * 2 > len(runs):
        return []
    return list(dict.fromkeys(data.count(b"\n", 0, start) + 1 for start in bad))


def _is_utf8(run: bytes) -> bool:
    try:
        run.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


# ---- text to cells -----------------------------------------------------------------------------------------


def _table(
    name: str, text: str, called: Mapping[str, str], required: tuple[str, ...]
) -> tuple[Rows, list[Placed], list[str]]:
    """Rows from the header on, faults of the writing, and the names in the header by what they mean.

    The separator and the header are those that show every required column; else commas and the first row.
    """
    rows, faults = _rows(name, text, ",")
    for separator in SEPARATORS:
        for first, (_, cells) in enumerate(_head(text, separator) if separator != "," else rows[:HEAD_WITHIN]):
            head = [called.get(normal(cell).lower(), normal(cell)) for cell in cells]
            if set(required) <= set(head):
                rows, faults = (rows, faults) if separator == "," else _rows(name, text, separator)
                return rows[first:], faults, head
    head = [called.get(normal(cell).lower(), normal(cell)) for cell in rows[0][1]] if rows else []
    return rows, faults, head


def _head(text: str, separator: str) -> Rows:
    """The first rows, as far as they can be read."""
    return _rows("", "\n".join(text.split("\n", 2 * HEAD_WITHIN)[: 2 * HEAD_WITHIN]), separator)[0][:HEAD_WITHIN]


def _rows(name: str, text: str, separator: str) -> tuple[Rows, list[Placed]]:
    """Rows that are not blank, each with its line, and faults of the writing."""
    lines = dict.fromkeys(text.count("\n", 0, hit.start()) + 1 for hit in CONTROL.finditer(text))
    if lines:
        found, expected = "含有控制字符（如NUL）", "只有文字的CSV"
        return [], [(n, Fault(name, found, expected, SAVE_AS, row=n)) for n in lines]
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    rows, line = [], 1
    try:
        for cells in reader:
            if "".join(cells).strip():
                rows.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        found, expected = f"CSV写法有误（{error}）", "引号成对、每格不超过13万字的CSV"
        return rows, [(line, Fault(name, found, expected, "请检查该行的引号", row=line))]
    return rows, []


def _header(name: str, line: int, head: list[str], required: tuple[str, ...], more: tuple[str, ...]) -> list[Placed]:
    known = (*required, *more)
    return [(line, Fault(name, *words, row=line)) for words in _of_header(head, known, required)]


def _of_header(head: list[str], known: tuple[str, ...], required: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    expected = f"列{'、'.join(known)}"
    for each in required:
        if each not in head:
            yield f"缺少列{each}", expected, "请补上该列"
    for n, each in enumerate(head, 1):
        if each not in known:
            found = f"多出列“{each[:40]}”" if each else f"第{n}列没有列名"
            yield found, expected, "请改正列名或删去该列"
        elif each in head[: n - 1]:
            yield f"列{each}重复", expected, "每列只留一个"
