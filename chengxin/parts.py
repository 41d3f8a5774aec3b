"""Controls that forms are made of: plain ipywidgets with the stylesheet's classes. They hold no logic.

Text that a person typed reaches the page only through `block` and `tell`, which escape it. All controls of a kind
share one layout and one style: a third of the models, so that a long form opens quickly and its messages fit the
kernel's queue; what is hidden is hidden by a class.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import ipywidgets as w

from chengxin.pages import escaped
from chengxin.tables import Html

Choices = Sequence[tuple[str, Any]]


def block(words: str, /, *classes: str, **values: Any) -> w.HTML:
    """A piece of HTML: fixed words with escaped values, see `pages.escaped`.

    Parameters
    ----------
    words : the HTML with places such as ``{name}``
    classes : of the stylesheet
    values : what to put there; an `Html` as it is
    """
    return classed(made(w.HTML, value=escaped(words, **values)), *classes)


def shown(piece: Html, *classes: str) -> w.HTML:
    """Finished HTML, such as a table, as a widget."""
    return block("{piece}", *classes, piece=piece)


def tell(widget: w.HTML, words: str, /, **values: Any) -> None:
    """Say something else in a piece of HTML; nothing is sent where it stays the same."""
    text = escaped(words, **values)
    if widget.value != text:
        widget.value = text


def box(*children: w.Widget, classes: Iterable[str] = ()) -> w.VBox:
    """Widgets one below the other."""
    return classed(made(w.VBox, children=children), *classes)


def row(*children: w.Widget, classes: Iterable[str] = ()) -> w.HBox:
    """Widgets side by side, wrapping where it is narrow."""
    return classed(made(w.HBox, children=children), *classes)


def choice(label: str, options: Choices, value: Any = None, *classes: str) -> w.ToggleButtons:
    """One of a few answers as big buttons; none is chosen at first.

    Parameters
    ----------
    label : what is asked, shown above
    options : words and value of each
    """
    known = [each for _, each in options]
    start = value if value in known else None
    return classed(made(w.ToggleButtons, options=list(options), value=start, description=label), "cx-choice", *classes)


def selected(label: str, options: Choices | Mapping[str, Any], value: Any = None, *classes: str) -> w.Dropdown:
    """One of many from a list."""
    pairs = list(options.items()) if isinstance(options, Mapping) else list(options)
    known = [each for _, each in pairs]
    start = value if value in known else (known[0] if known else None)
    return classed(made(w.Dropdown, options=pairs, value=start, description=label), "cx-field", *classes)


def tick(label: str, *classes: str) -> w.Checkbox:
    """A box to tick."""
    return classed(made(w.Checkbox, description=label, indent=False), *classes)


def day(label: str) -> w.DatePicker:
    """A day."""
    return classed(made(w.DatePicker, description=label), "cx-field")


def files(label: str) -> w.FileUpload:
    """Photos or documents to hand over."""
    return made(w.FileUpload, accept="image/*,.pdf", multiple=True, description=label)


def number(label: str, value: Any = "", *classes: str) -> w.Text:
    """A figure as typed, kept as text so that half of one is kept too; its keyboard on a phone is the digits."""
    given = "" if value is None else str(value)
    return classed(made(w.Text, value=given, description=label, continuous_update=True), "cx-number", *classes)


def text(label: str, value: str = "", *classes: str, placeholder: str = "") -> w.Text:
    """A line of words."""
    about = {"description": label, "placeholder": placeholder, "continuous_update": True}
    return classed(made(w.Text, value=value, **about), "cx-field", *classes)


def note(label: str, value: str = "", *classes: str, placeholder: str = "") -> w.Textarea:
    """Words of any length."""
    about = {"description": label, "placeholder": placeholder, "continuous_update": True, "rows": 2}
    return classed(made(w.Textarea, value=value, **about), "cx-note", *classes)


def button(words: str, style: str = "", *classes: str) -> w.Button:
    """A button; ``primary`` is the one main action, ``danger`` takes something away."""
    return classed(made(w.Button, description=words, button_style=style), *classes)


def saved_line() -> w.HTML:
    """The line that says whether all is saved; read aloud when it changes."""
    return block("")


def said_saved(widget: w.HTML, state: str, words: str) -> None:
    """Say in the saved line; state is ok, warn or bad."""
    tell(widget, '<span class="cx-saved cx-{state}" role="status" aria-live="polite">{words}</span>', state=state,
         words=words)  # fmt: skip


def classed(widget: Any, *classes: str) -> Any:
    """A widget with classes of the stylesheet."""
    for name in classes:
        widget.add_class(name)
    return widget


def mark(widget: w.DOMWidget, state: str) -> None:
    """Give a line or card one of the states ok, warn, bad, or none."""
    for each in ("ok", "warn", "bad"):
        if each == state:
            widget.add_class(f"cx-{each}")
        else:
            widget.remove_class(f"cx-{each}")


def visible(widget: w.DOMWidget, there: bool) -> None:
    """Show or hide a widget; a hidden one is out of the keyboard's order too."""
    if there:
        widget.remove_class("cx-off")
    else:
        widget.add_class("cx-off")


def made(kind: Any, **options: Any) -> Any:
    """A widget of a kind with the layout and style that all of its kind share."""
    shared: dict[str, Any] = {"layout": _layout()}
    if "style" in kind.class_traits():
        shared["style"] = _style(kind)
    return kind(**shared, **options)


@cache
def _layout() -> w.Layout:
    return w.Layout()


@cache
def _style(kind: Any) -> Any:
    style = kind().style
    if style.has_trait("description_width"):
        style.description_width = "auto"
    return style
