"""Tables as escaped HTML; they return, never show. Every cell that a person could have typed is escaped here."""

import html
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

LONG = 20  # letters from which a cell may wrap


@dataclass(frozen=True)
class Html:
    """Finished HTML that a notebook shows as it is."""

    text: str

    def _repr_html_(self) -> str:
        return self.text


def table(
    frame: pd.DataFrame, columns: Mapping[str, str], caption: str, mark: str | None = None, right: Collection[str] = (),
    *, cards: bool = False,
) -> Html:  # fmt: skip
    """A frame as an HTML table: numbers to the right, missing values as —, all text escaped.

    Parameters
    ----------
    frame : the rows
    columns : column → Chinese heading (with its unit), in the order to show
    caption : Chinese caption above the table
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
    title = f"<caption>{html.escape(caption)}</caption>"
    kind = ' class="cx-rows"' if cards else ""
    head = f"<table{kind}>{title}<thead><tr>{head}</tr></thead>"
    return Html(f'<div class="wide">{head}<tbody>{body}</tbody></table></div>')


def _side(numeric: bool) -> str:
    return ' class="num"' if numeric else ""


def _cell(cell: Any, numeric: bool, heading: str = "") -> str:
    if cell is None or pd.isna(cell):
        text = "—"
    elif isinstance(cell, bool):
        text = "是" if cell else "否"
    elif isinstance(cell, float):
        text = f"{cell:.2f}"
    else:
        text = html.escape(str(cell)).replace("\n", "<br>")
    if not heading:
        return f"<td{_side(numeric)}>{text}</td>"
    kind = "none" if text == "—" else "long" if len(text) > LONG else "num" if numeric else "short"
    return f'<td class="{kind}" data-heading="{html.escape(heading)}">{text}</td>'


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
