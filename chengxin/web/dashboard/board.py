"""What the dashboards have in common: how they open, say things, refuse what does not exist, and are laid out."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, ClassVar

from sqlalchemy import Engine

from chengxin.clock import today
from chengxin.render import html
from chengxin.render.tables import Html
from chengxin.store.engine import open_store
from chengxin.web import controls
from chengxin.web.exports import Shown
from chengxin.web.save_bar import save_bar
from chengxin.web.visitor import afterwards


class Board:
    """A page for one visitor; the database is read when it is made and never written.

    Parameters
    ----------
    database : URL, file or engine; None: as `engine.open_store`
    asked : what the page's address asks for, see each page's `_open`
    today : gives the day, for what is late or due where sample data do not stand still
    """

    filling = False  # while what can be chosen is offered anew
    names: ClassVar[Sequence[str]] = ()  # of the pieces of the page, which are said anew at every choice

    def __init__(
        self, database: str | Engine | None = None, asked: dict[str, str] | None = None, *,
        today: Callable[[], date] = today,
    ) -> None:  # fmt: skip
        self.engine = database if isinstance(database, Engine) else open_store(database, read_only=True)
        self.wrong = controls.block("")
        self.page = controls.box(classes=["cx-stage"])
        afterwards(lambda: self._begin(asked or {}, today()), self.page)

    def _begin(self, asked: dict[str, str], today: date) -> None:
        self.body = {name: controls.block("") for name in self.names}
        self._open(asked, today)

    def _open(self, asked: dict[str, str], today: date) -> None:
        """Read what there is, make the page and show it."""
        raise NotImplementedError

    def show(self) -> None:
        """Say everything of the choice, from the database as it is now."""
        raise NotImplementedError

    def _say(self, **said: Html) -> None:
        """Say pieces of the page anew."""
        for name, piece in said.items():
            controls.tell(self.body[name], "{piece}", piece=piece)

    def _chosen(self) -> None:
        """Show what was chosen; what was refused before is over."""
        if not self.filling:
            controls.tell(self.wrong, "")
        self.show()

    def _refuse(self, wrong: Sequence[str]) -> None:
        """Tell what of an address or a choice does not exist; nothing where all does."""
        if wrong:
            controls.tell(self.wrong, '<p class="cx-banner cx-bad" role="alert">{said}</p>', said="".join(wrong))

    def _laid(self, demo: bool, pickers: Sequence[Any], taken: Callable[[], Shown], *rest: Any) -> Any:
        """The page: banner, title, what can be chosen, buttons that save what is shown, then the rest."""
        for picker in pickers:
            picker.observe(lambda _: self._chosen(), names="value")
        return controls.box(
            controls.shown(html.style()), controls.shown(html.banner(demo)),
            controls.box(self.body["title"], classes=["cx-head"]), self.wrong,
            controls.row(*pickers, classes=["cx-fields"]), save_bar(taken), *rest, classes=["cx-page", "cx-broad"],
        )  # fmt: skip


def card(*children: Any, title: str = "") -> Any:
    """Pieces on a card of their own."""
    head = [controls.block("<h2>{title}</h2>", title=title)] if title else []
    return controls.box(*head, *children, classes=["cx-card"])
