"""Tables as escaped HTML; they return, never show. Every cell that a person could have typed is escaped here."""

import html
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

BRIEF = re.compile(r"\d{4}-\d\d-\d\d|[一-龥]{2,4}")  # dates and short words are never broken over lines
LONG = 20  # letters from which a cell of a card's table may wrap

MARK = 99.2  # percent: a line at the very end of a track would be cut off


@dataclass(frozen=True)
class Caption:
    """What stands above a table, in parts; its text is made of them and never taken apart again.

    Parameters
    ----------
    name : what sort of table it is; tables of one sort share a sheet of a workbook
    number : in the report, such as 表1; empty: none
    subject : which of several of its sort, such as the area's name
    remark : units, how the rows are ordered; shown in brackets
    """

    name: str
    number: str = ""
    subject: str = ""
    remark: str = ""

    @property
    def title(self) -> str:
        """Subject and name."""
        return self.subject + self.name

    def __str__(self) -> str:
        number, remark = f"{self.number}　" if self.number else "", f"（{self.remark}）" if self.remark else ""
        return f"{number}{self.title}{remark}"


@dataclass(frozen=True)
class Html:
    """Finished HTML that a notebook shows as it is; the parts of a table's caption go along as metadata."""

    text: str
    caption: Caption | None = None

    def _repr_html_(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"text/html": self.text}, {"text/html": {"caption": asdict(self.caption)}} if self.caption else {}


def table(
    frame: pd.DataFrame, columns: Mapping[str, str], caption: str | Caption, mark: str | None = None,
    right: Collection[str] = (), *, cards: bool = False,
) -> Html:  # fmt: skip
    """A frame as an HTML table: numbers to the right, missing values as —, all text escaped.

    Parameters
    ----------
    frame : the rows
    columns : column → Chinese heading (with its unit), in the order to show
    caption : Chinese caption above the table; as `Caption` where a file names the table
    mark : name of a column with the class of each row: red, short (points lost) or empty
    right : text columns that stand to the right like numbers
    cards : every cell carries its heading, so that a phone can show each row as a card (class cx-rows)
    """
    numeric = {name: name in right or pd.api.types.is_numeric_dtype(frame[name]) for name in columns}
    head = "".join(f'<th scope="col"{_side(numeric[name])}>{html.escape(text)}</th>' for name, text in columns.items())
    marked = frame[mark].to_list() if mark else [""] * len(frame)
    rows = zip(marked, *(frame[name] for name in columns), strict=True)
    body = "".join(
        f"<tr{f' class={kind}' if kind else ''}>"
        + "".join(
            _cell(cell, numeric[name], columns[name] if cards else "")
            for name, cell in zip(columns, cells, strict=True)
        )
        + "</tr>"
        for kind, *cells in rows
    )
    if not len(frame):
        body = f'<tr><td colspan="{len(columns)}">本期没有此类记录</td></tr>'
    title = f"<caption>{html.escape(str(caption))}</caption>"
    kind = ' class="cx-rows"' if cards else ""
    head = f"<table{kind}>{title}<thead><tr>{head}</tr></thead>"
    whole = f'<div class="wide">{head}<tbody>{body}</tbody></table></div>'
    return Html(whole, caption if isinstance(caption, Caption) else None)


def coefficient(value: Any, missing: str = "—") -> str:
    """A coefficient as printed, three decimals; missing: what stands where there is none."""
    return missing if pd.isna(value) else f"{value:.3f}".replace("-", "−")


def between(low: Any, high: Any) -> str:
    """An interval of a coefficient as printed; empty where there is none."""
    return "" if pd.isna(low) else f"{coefficient(low)}至{coefficient(high)}"


def ruled(caption: str, names: Mapping[str, str], rows: Iterable[Sequence[str | Html]], *classes: str) -> Html:
    """A dashboard's table; on a phone each row is a block of its own with the headings beside the cells.

    Parameters
    ----------
    caption : above it
    names : heading of each column → class of its cells (``num``: to the right), or empty
    rows : a class for the row (or empty), then its cells; the first names the row; text is escaped
    classes : of the table
    """
    kinds = [f' class="{kind}"' if kind else "" for kind in names.values()]
    pairs = list(zip(map(html.escape, names), kinds, strict=True))
    head = "".join(f'<th scope="col"{kind}>{name}</th>' for name, kind in pairs)
    body = ""
    for mark, first, *cells in rows:
        said = "".join(
            f'<td{kind} data-name="{name}"><div>{_escaped(cell)}</div></td>'
            for (name, kind), cell in zip(pairs[1:], cells, strict=True)
        )
        body += f'<tr class="{mark}"><th scope="row">{_escaped(first)}</th>{said}</tr>'
    body = body or f'<tr><td colspan="{len(names)}">没有这类记录</td></tr>'
    return Html(
        f'<div class="cx-wide"><table class="{" ".join(["cx-table", "cx-ruled", *classes])}"><caption>'
        f"{html.escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def track(left: float, width: float, kind: str = "", mark: float | None = None) -> Html:
    """A bar, which says again what a figure beside it says.

    Parameters
    ----------
    left, width : percent of the whole track
    kind : class of the bar
    mark : where a line stands across the track, percent; None: nowhere
    """
    line = "" if mark is None else f'<b style="left:{min(mark, MARK):.2f}%"></b>'
    return Html(
        f'<span class="cx-track" aria-hidden="true"><i class="{kind}" style="left:{left:.2f}%;width:{width:.2f}%"></i>'
        f"{line}</span>"
    )


def _escaped(cell: str | Html) -> str:
    return cell.text if isinstance(cell, Html) else html.escape(cell)


def _side(numeric: bool) -> str:
    return ' class="num"' if numeric else ""


def _cell(cell: Any, numeric: bool, heading: str = "") -> str:
    if cell is None or pd.isna(cell):
        text = "—"
    elif isinstance(cell, bool):
        text = "是" if cell else "否"
    elif isinstance(cell, float):
        text = f"{cell:.2f}".replace("-", "−")
    else:
        text = html.escape(str(cell)).replace("\n", "<br>")
    if heading:
        kind = "none" if text == "—" else "long" if len(text) > LONG else "num" if numeric else "short"
        return f'<td class="{kind}" data-heading="{html.escape(heading)}">{text}</td>'
    brief = ' class="brief"' if not numeric and BRIEF.fullmatch(text) else ""
    return f"<td{_side(numeric) or brief}>{text}</td>"


def facts(pairs: Mapping[str, Any], title: str = "") -> Html:
    """Named facts as a two-column list, escaped."""
    head = f"<h2>{html.escape(title)}</h2>" if title else ""
    rows = "".join(
        f"<dt>{html.escape(str(name))}</dt><dd>{html.escape(str(said))}</dd>" for name, said in pairs.items()
    )
    return Html(f'{head}<dl class="facts">{rows}</dl>')


def notice(text: str) -> Html:
    """A banner, such as 演示数据."""
    return Html(f'<p class="banner" role="note">{html.escape(text)}</p>')
