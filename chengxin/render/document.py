"""An executed report notebook as a plain list of blocks: what PDF, Word and Excel are written from.

The blocks are read from the notebook's own outputs, so a figure in any format is the figure of the page.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chengxin.render.tables import Caption


@dataclass(frozen=True)
class Block:
    """One piece of a report.

    kind : heading | text | banner | item | sign | table | facts | figure
    text : its words; a table's or figure's caption
    level : of a heading, 1–3
    columns, rows, right, marks : of a table: headings, cell texts, whether a column is of numbers, class of each row
    caption : of a table, in parts
    rows : of facts, pairs of name and text
    svg, alt : of a figure
    """

    kind: str
    text: str = ""
    level: int = 0
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    caption: Caption = field(default_factory=partial(Caption, ""))
    svg: str = ""
    alt: str = ""


def read(notebook: Any) -> list[Block]:
    """Blocks of an executed notebook in order; its title cell gives only its words.

    Parameters
    ----------
    notebook : as Papermill returns it
    """
    return [block for cell in notebook.cells for block in _cell(cell)]


def led(found: list[Block]) -> Iterator[tuple[Block, bool]]:
    """Each block with whether it is a text that stands between a heading and what the heading is of.

    Parameters
    ----------
    found : from `read`
    """
    before = ["", *(block.kind for block in found)]
    after = [*(block.kind for block in found[1:]), ""]
    for block, above, below in zip(found, before, after, strict=False):
        between = above == "heading" and below in ("heading", "table", "facts", "figure")
        yield block, between and block.kind == "text"


def blocks(page: str) -> list[Block]:
    """Blocks of finished HTML, such as a table.

    Parameters
    ----------
    page : the HTML
    """
    return list(_html(page))


def _cell(cell: Any) -> Iterator[Block]:
    if cell.cell_type == "markdown":
        yield from _markdown(cell.source)
        return
    for output in cell.get("outputs", []):
        page = output.get("data", {}).get("text/html")
        about = output.get("metadata", {}).get("text/html", {}).get("caption")
        if page is not None:
            yield from _html("".join(page), Caption(**about) if about else None)


def _markdown(source: str) -> Iterator[Block]:
    for part in re.split(r"\n\s*\n|\n(?=#)", source.strip()):
        marks, _, words = part.partition(" ")
        if marks and not marks.strip("#"):
            if len(marks) > 1:
                yield Block("heading", words.strip(), level=len(marks) - 1)
        elif part.strip():
            yield Block("text", re.sub(r"[*`]", "", part).replace("\n", ""))


def _html(page: str, caption: Caption | None = None) -> Iterator[Block]:
    if page.startswith("<figure>"):
        svg = page[page.index("<svg") : page.index("</svg>") + 6]
        words = _tree(re.sub(r"<svg.*</svg>", "", page, flags=re.DOTALL))
        alt = _tree(page[page.index("<svg") : page.index(">", page.index("<svg")) + 1] + "</svg>")
        yield Block("figure", _words(words), svg=svg, alt=next(alt.iter("svg")).get("aria-label", ""))
        return
    for element in _tree(page):
        yield from _element(element, caption)


def _tree(page: str) -> Any:
    from lxml import html

    return html.fragment_fromstring(page, create_parent="div")


def _element(element: Any, caption: Caption | None) -> Iterator[Block]:
    tag, kind = element.tag, element.get("class", "")
    if tag == "div":
        for inner in element:
            yield from _element(inner, caption)
    elif tag in ("h2", "h3"):
        yield Block("heading", _words(element), level=2)
    elif tag in ("ol", "ul"):
        yield from (Block("item", f"{n}. {_words(item)}") for n, item in enumerate(element, 1))
    elif tag == "dl":
        names, said = element.findall("dt"), element.findall("dd")
        rows = [[_words(name), _words(text)] for name, text in zip(names, said, strict=True)]
        yield Block("facts", rows=rows)
    elif tag == "table":
        yield _table(element, caption)
    elif kind == "sign":
        yield Block("sign", rows=[[_words(span)] for span in element])
    else:
        yield Block("banner" if kind == "banner" else "text", _words(element))


def _table(element: Any, caption: Caption | None) -> Block:
    heads, lines = element.findall("thead/tr/th"), element.findall("tbody/tr")
    text = _words(element.find("caption"))
    return Block(
        "table",
        text,
        caption=caption or Caption(text),
        columns=[_words(head) for head in heads],
        rows=[[_words(cell) for cell in line] for line in lines if len(line) == len(heads)],
        right=[head.get("class") == "num" for head in heads],
        marks=[line.get("class", "") for line in lines if len(line) == len(heads)],
    )


def _words(element: Any) -> str:
    """Text of an element, line breaks kept."""
    for broken in element.iter("br"):
        broken.tail = "\n" + (broken.tail or "")
    return str(element.text_content()).strip()
