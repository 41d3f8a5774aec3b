"""What a dashboard shows, to take along: CSV, an Excel workbook, a picture. Bytes out; nothing is written anywhere.

A page says what it shows as a `Shown`; every format is made from the same texts, so a figure reads alike in all.
Each says what was chosen, the day its figures are of, and that sample data are 演示数据.
"""

import io
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd

from chengxin.errors import UsageError
from chengxin.exchange.csv import guarded
from chengxin.ledgers.filings.quarters import day_in_words
from chengxin.render.charts import Picture
from chengxin.render.demo import FILE, MARK
from chengxin.render.document import Block
from chengxin.render.poster import Grid, poster, scale
from chengxin.render.tables import Caption
from chengxin.render.vega import png
from chengxin.render.workbook import NUMBER, written

UNSAFE = re.compile(r'[\x00-\x1f\\/:*?"<>|\s.]+')


@dataclass(frozen=True)
class Sheet:
    """One table that is shown.

    name : of the sheet, at most 31 signs
    frame : the rows, all of them, in the order shown
    columns : column → Chinese heading with its unit, in the order to show
    digits : column → decimals; 2 where a column of floats is not named
    right : text columns that hold figures with decimals of their own
    bar, since : columns that the picture draws as bars, and where one begins that is a range of points; empty: none
    aside : columns that files have and the picture leaves out
    drawn : rows that the picture shows, as the page does; the rest is counted below
    """

    name: str
    frame: pd.DataFrame
    columns: Mapping[str, str]
    digits: Mapping[str, int] = field(default_factory=dict)
    right: Collection[str] = ()
    bar: str = ""
    since: str = ""
    aside: Collection[str] = ()
    drawn: int = 40

    @property
    def numeric(self) -> list[bool]:
        """Which columns are of figures."""
        kinds = self.frame.dtypes
        return [name in self.right or (pd.api.types.is_numeric_dtype(kinds[name])
                and not pd.api.types.is_bool_dtype(kinds[name])) for name in self.columns]  # fmt: skip

    @property
    def rows(self) -> list[list[str]]:
        """The cells as texts; what is missing is empty."""
        columns = [_texts(self.frame[name], self.digits.get(name, 2)) for name in self.columns]
        return [list(cells) for cells in zip(*columns, strict=True)]

    def picture(self) -> "Sheet":
        """What of the sheet is drawn."""
        columns = {name: head for name, head in self.columns.items() if name not in self.aside}
        return replace(self, frame=self.frame.head(self.drawn), columns=columns)


@dataclass(frozen=True)
class Shown:
    """What a page shows at this moment.

    title : of the page, e.g. 全市看板
    chosen : what was chosen, name → words, in the order of the file's name; empty words are left out of it
    as_of : the day of the figures
    demo : whether sample data are shown
    sheets : what there is; the first is what CSV holds unless another is asked for
    drawn : tables and charts of the picture, in the order of the page
    said : name → words of what a reader must know: definitions, how ranks come about
    """

    title: str
    chosen: Mapping[str, str]
    as_of: date
    demo: bool
    sheets: Sequence[Sheet]
    drawn: Sequence[Sheet | Picture]
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def lead(self) -> str:
        """What was chosen and the date, in words."""
        parts = [f"{name}：{words}" for name, words in self.chosen.items() if words]
        return "　".join([*parts, f"截至：{day_in_words(self.as_of)}"])


def to_csv(shown: Shown, name: str = "") -> bytes:
    """One table as UTF-8 with a byte order mark, so that Excel shows Chinese; each row with choice, date and mark.

    Parameters
    ----------
    name : of a sheet; empty: the first

    Raises
    ------
    UsageError : no such sheet
    """
    sheet = _named(shown, name)
    about = {**shown.chosen, "截至": shown.as_of.isoformat(), "数据性质": MARK if shown.demo else ""}
    about = {head: words for head, words in about.items() if words and head not in sheet.columns.values()}
    frame = pd.DataFrame([[*row, *about.values()] for row in sheet.rows],
                         columns=[*sheet.columns.values(), *about], dtype="str")  # fmt: skip
    figures = [*sheet.numeric, *[False] * len(about)]
    safe = {n: frame.iloc[:, n].map(_figure if figures[n] else guarded) for n in range(frame.shape[1])}
    text = io.StringIO()
    pd.DataFrame(safe).to_csv(text, index=False, header=[guarded(head) for head in frame.columns],
                              lineterminator="\r\n")  # fmt: skip
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def to_xlsx(shown: Shown) -> bytes:
    """All tables as a workbook with typed cells, and a sheet of choice, date and definitions."""
    sheets = [
        Block("table", caption=Caption(sheet.name), columns=[*sheet.columns.values()], rows=sheet.rows,
              right=sheet.numeric)
        for sheet in shown.sheets
    ]  # fmt: skip
    return written(([sheet] for sheet in sheets), list(_facts(shown)), shown.title)


def to_png(shown: Shown) -> bytes:
    """Charts and tables in one picture; long tables as far as the page shows them."""
    parts = [part if isinstance(part, Picture) else _grid(part) for part in shown.drawn
             if isinstance(part, Picture) or len(part.frame)]  # fmt: skip
    svg = poster(shown.title, [shown.lead], FILE if shown.demo else "", parts)
    return png(svg, scale(svg))


FORMATS: dict[str, tuple[str, str, Callable[[Shown], bytes]]] = {  # ending → name, media type, maker
    "png": ("图片（PNG）", "image/png", to_png),
    "xlsx": ("Excel（XLSX）", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", to_xlsx),
    "csv": ("表格（CSV）", "text/csv", to_csv),
}


def file_name(shown: Shown, ending: str, sheet: str = "") -> str:
    """Name of a file: page, what was chosen, the table of a CSV; 演示数据 where it is."""
    words = [shown.title, *shown.chosen.values(), sheet, MARK if shown.demo else ""]
    safe = [UNSAFE.sub("_", each).strip("_")[:30] for each in words]
    return f"{'-'.join(filter(None, safe))}.{ending}"


FIGURES = {"label": "指标", "value": "数值", "unit": "计量单位", "change": "比上期", "before": "上期", "part": "分子",
           "whole": "分母", "told": "说明", "as_of": "截至", "definition": "口径"}  # fmt: skip


def figures(frame: pd.DataFrame) -> Sheet:
    """The figures at the head of a page, each with its own decimals, its definition and date.

    Parameters
    ----------
    frame : as `city_html.cards` takes it
    """
    told = frame.assign(value=_decimals(frame, "value"), change=_decimals(frame, "change"))
    if "shown" in frame:
        told["value"] = told["shown"].where(told["shown"] != "", told["value"])
    columns = {name: head for name, head in FIGURES.items() if name in told and told[name].notna().any()}
    return Sheet("主要数字", told, columns, {"part": 0, "whole": 0}, ("value", "change"), aside=("as_of", "before"))


def said(frame: pd.DataFrame) -> dict[str, str]:
    """Definition of each of these figures, for `Shown.said`."""
    return dict(zip(frame["label"], frame["definition"], strict=True))


def _decimals(frame: pd.DataFrame, name: str) -> list[str]:
    cells = zip(pd.to_numeric(frame[name]), frame["digits"], strict=True)
    return ["" if pd.isna(cell) else f"{cell:.{digits}f}" for cell, digits in cells]


def _named(shown: Shown, name: str) -> Sheet:
    known = {sheet.name: sheet for sheet in shown.sheets}
    if name and name not in known:
        raise UsageError(f"没有名为“{name[:40]}”的表，可用：{'、'.join(known)}。")
    return known[name] if name else shown.sheets[0]


def _texts(column: pd.Series, digits: int) -> list[str]:
    if pd.api.types.is_bool_dtype(column):
        return ["是" if cell else "否" for cell in column]
    if pd.api.types.is_datetime64_any_dtype(column):
        return ["" if pd.isna(cell) else cell.date().isoformat() for cell in column]
    if pd.api.types.is_float_dtype(column):
        return ["" if pd.isna(cell) else f"{cell:.{digits}f}" for cell in column]
    return ["" if pd.isna(cell) else str(cell) for cell in column]


def _figure(cell: str) -> str:
    return cell if NUMBER.fullmatch(cell) else guarded(cell)


def _grid(sheet: Sheet) -> Grid:
    drawn, count = sheet.picture(), len(sheet.frame)
    notes = [f"共{count}项，此处列前{sheet.drawn}项；全部见表格文件。"] if count > sheet.drawn else []
    bars = _bars(drawn) if sheet.bar and len(drawn.frame) else []
    notes += [f"条形自{_low(drawn):.0f}分起；空心的为可能范围。"] if bars and sheet.since else []
    rows = [[f"−{cell[1:]}" if right and cell.startswith("-") else cell
             for cell, right in zip(row, drawn.numeric, strict=True)] for row in drawn.rows]  # fmt: skip
    return Grid(sheet.name, list(drawn.columns.values()), rows, drawn.numeric, "".join(notes), bars)


def _bars(sheet: Sheet) -> list[tuple[float, float, bool]]:
    """Beginning and end of each row's bar, as parts of the width; nothing where a figure is missing."""
    low, end = _low(sheet), np.nan_to_num(sheet.frame[sheet.bar].to_numpy(float), nan=_low(sheet))
    start = np.nan_to_num(sheet.frame[sheet.since].to_numpy(float), nan=low) if sheet.since else end
    size = max(end.max(), low + 1) - low
    return [((a - low) / size * (a < b), (b - low) / size, a < b) for a, b in zip(start, end, strict=True)]


def _low(sheet: Sheet) -> float:
    """Where bars begin: at 0, ranges at a round ten below the lowest."""
    least = sheet.frame[sheet.since].min() if sheet.since else 0.0
    return 0.0 if pd.isna(least) else max(0.0, float(least) // 10 * 10 - 10)


def _facts(shown: Shown) -> Iterator[list[str]]:
    if shown.demo:
        yield ["提示", MARK, FILE]
    yield from (["范围", name, words or "全部"] for name, words in shown.chosen.items())
    yield ["范围", "截至", shown.as_of.isoformat()]
    yield from (["口径", name, words] for name, words in shown.said.items())
