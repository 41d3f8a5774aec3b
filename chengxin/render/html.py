"""What gives every notebook page the same look, in JupyterLab and in Voilà: the stylesheet, banner, title, escaping.

The classes that a form may use stand at the top of ``chengxin.css``.
"""

import html
import os
import re
from typing import Any

from chengxin.paths import TEMPLATES
from chengxin.render.demo import PAGE
from chengxin.render.tables import Html

TEMPLATE = TEMPLATES / "voila" / "templates" / "chengxin"
STATIC = TEMPLATE / "static"


def escaped(words: str, /, **values: Any) -> str:
    """HTML from a fixed text with named places, each value escaped; the one way to put values into HTML.

    Parameters
    ----------
    words : the HTML, with places such as ``{name}``; never built from values
    values : what to put there; an `Html` is put in as it is

    Raises
    ------
    KeyError : a place has no value

    Examples
    --------
    >>> escaped("<b>{name}</b>", name="<img src=x onerror=alert(1)>")
    '<b>&lt;img src=x onerror=alert(1)&gt;</b>'
    """
    return words.format(
        **{name: value.text if isinstance(value, Html) else html.escape(str(value)) for name, value in values.items()}
    )


def served() -> bool:
    """Whether this kernel works for a page of the server (which brings the stylesheet itself)."""
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila/")


def stylesheet() -> str:
    """The whole stylesheet as text, without its comments: shared colours and letters, then the rules."""
    text = "".join((STATIC / name).read_text("utf-8") for name in ("tokens.css", "chengxin.css"))
    return re.sub(r"/\*.*?\*/\s*", "", text, flags=re.DOTALL)


def style() -> Html:
    """The stylesheet for a notebook in JupyterLab; nothing where the server has linked it already."""
    return Html("" if served() else f"<style>{stylesheet()}</style>")


def banner(demo: bool, text: str = PAGE) -> Html:
    """The 演示数据 banner, or nothing for real data.

    Parameters
    ----------
    demo : whether what is shown is sample data
    text : other words for the banner
    """
    return Html(escaped('<p class="cx-banner" role="note">{text}</p>', text=text) if demo else "")


def head(title: str, *lead: str) -> Html:
    """The title block of a page.

    Parameters
    ----------
    title : what the page is, e.g. 评价录入
    lead : short facts below it, joined by spaces: unit, period, rubric
    """
    said = "　".join(filter(None, lead))
    under = escaped('<p class="cx-lead">{said}</p>', said=said) if said else ""
    kind, colon, name = title.partition("：")
    name = escaped("<span>{name}</span>", name=name) if name else ""  # kept together where the line breaks
    return Html(escaped("<h1>{kind}{name}</h1>{under}", kind=kind + colon, name=Html(name), under=Html(under)))


def here(address: str) -> str:
    """The address of what is shown, to pass on; the page's own address follows it (`forms.js`)."""
    return escaped('<a class="cx-here" href="{to}">本页地址（可收藏、转发给同事）</a>', to=address)
