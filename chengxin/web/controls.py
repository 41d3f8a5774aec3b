"""Controls that forms are made of: plain ipywidgets with the stylesheet's classes. They hold no logic.

Text that a person typed reaches the page only through `block` and `tell`, which escape it. All controls of a kind
share one layout and one style: a third of the models, so that a long form opens quickly and its messages fit the
kernel's queue; what is hidden is hidden by a class.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import ipywidgets as w

from chengxin.jupyter import compat
from chengxin.render.html import escaped
from chengxin.render.tables import Html

STATES, OFF = ("cx-ok", "cx-warn", "cx-bad"), "cx-off"
Choices = Sequence[tuple[str, Any]]


def block(words: str, /, *classes: str, **values: Any) -> w.HTML:
    """A piece of HTML: fixed words with escaped values, see `html.escaped`.

    Parameters
    ----------
    words : the HTML with places such as ``{name}``
    classes : of the stylesheet
    values : what to put there; an `Html` as it is
    """
    return made(w.HTML, *classes, value=escaped(words, **values))


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
    return made(w.VBox, *classes, children=children)


def row(*children: w.Widget, classes: Iterable[str] = ()) -> w.HBox:
    """Widgets side by side, wrapping where it is narrow."""
    return made(w.HBox, *classes, children=children)


def choice(label: str, options: Choices, value: Any = None, *classes: str) -> w.ToggleButtons:
    """One of a few answers as big buttons; none is chosen at first.

    Parameters
    ----------
    label : what is asked, shown above
    options : words and value of each
    """
    known = [each for _, each in options]
    start = value if value in known else None
    return made(w.ToggleButtons, "cx-choice", *classes, options=list(options), value=start, description=label)


def selected(label: str, options: Choices | Mapping[str, Any], value: Any = None, *classes: str) -> w.Dropdown:
    """One of many from a list."""
    pairs = list(options.items()) if isinstance(options, Mapping) else list(options)
    known = [each for _, each in pairs]
    start = value if value in known else (known[0] if known else None)
    return made(w.Dropdown, "cx-field", *classes, options=pairs, value=start, description=label)


def offer(picker: w.Dropdown, options: Sequence[tuple[str, Any]], value: Any) -> None:
    """Other things to choose from a list, the first where there is no such value; nothing is sent of what stays."""
    if tuple(picker.options) != tuple(options):
        picker.options = options
    picker.value = value if value in [each for _, each in options] else options[0][1]


def tick(label: str, *classes: str) -> w.Checkbox:
    """A box to tick."""
    return made(w.Checkbox, *classes, description=label, indent=False)


def day(label: str) -> w.DatePicker:
    """A day."""
    return made(w.DatePicker, "cx-field", description=label)


def files(label: str, accept: str = "image/*,.pdf", multiple: bool = True, most: int = 0) -> w.FileUpload:
    """Photos or documents to hand over; with `most`, larger ones than so many megabytes stay in the browser."""
    limit = [f"cx-most-{most}"] if most else []
    return made(w.FileUpload, *limit, accept=accept, multiple=multiple, description=label, tooltip=label)


def number(label: str, value: Any = "", *classes: str) -> w.Text:
    """A figure as typed, kept as text so that half of one is kept too; its keyboard on a phone is the digits."""
    given = "" if value is None else str(value)
    return made(w.Text, "cx-number", *classes, value=given, description=label, continuous_update=True)


def text(label: str, value: str = "", *classes: str, placeholder: str = "") -> w.Text:
    """A line of words."""
    about = {"description": label, "placeholder": placeholder, "continuous_update": True}
    return made(w.Text, "cx-field", *classes, value=value, **about)


def note(label: str, value: str = "", *classes: str, placeholder: str = "") -> w.Textarea:
    """Words of any length."""
    about = {"description": label, "placeholder": placeholder, "continuous_update": True, "rows": 2}
    return made(w.Textarea, "cx-note", *classes, value=value, **about)


def button(words: str, style: str = "", *classes: str) -> w.Button:
    """A button; ``primary`` is the one main action, ``danger`` takes something away."""
    return made(w.Button, *classes, description=words, button_style=style)


def way_back(close: Callable[[], None]) -> w.VBox:
    """Below a form: the button that leads back to the list."""
    back = button("返回列表", "", "cx-noprint")
    back.on_click(lambda _: close())
    return box(row(back, classes=["cx-actions"]), classes=["cx-page"])


def saved_line() -> w.HTML:
    """The line that says whether all is saved; read aloud when it changes."""
    return block("")


def said_saved(widget: w.HTML, state: str, words: str) -> None:
    """Say in the saved line; state is ok, warn or bad."""
    tell(widget, '<span class="cx-saved cx-{state}" role="status" aria-live="polite">{words}</span>', state=state,
         words=words)  # fmt: skip


def mark(widget: w.DOMWidget, state: str) -> None:
    """Give a line or card one of the states ok, warn, bad, or none."""
    kept = [name for name in compat.classes_of(widget) if name not in STATES]
    dress(widget, [*kept, *([f"cx-{state}"] if state else [])])


def visible(widget: w.DOMWidget, there: bool) -> None:
    """Show or hide a widget; a hidden one is out of the keyboard's order too."""
    kept = [name for name in compat.classes_of(widget) if name != OFF]
    dress(widget, kept if there else [*kept, OFF])


def made(kind: Any, *classes: str, **options: Any) -> Any:
    """A widget of a kind, in one message, with the layout and style that all of its kind share."""
    shared: dict[str, Any] = {"layout": _layout()}
    if "style" in kind.class_traits():
        shared["style"] = _style(kind)
    return compat.with_classes(kind, classes, **shared, **options)


def dress(widget: w.DOMWidget, classes: Sequence[str]) -> None:
    """Give a widget these classes and no others; nothing is sent where they stay the same."""
    compat.set_classes(widget, classes)


@cache
def _layout() -> w.Layout:
    return w.Layout()


@cache
def _style(kind: Any) -> Any:
    style = kind().style
    if style.has_trait("description_width"):
        style.description_width = "auto"
    return style
