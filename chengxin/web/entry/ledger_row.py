"""One row of a ledger as a form: a field for every column that fits what it may hold. It saves nothing itself."""

from collections.abc import Callable
from typing import Any

from chengxin.exchange.books import RETIRED, Book
from chengxin.web import controls
from chengxin.workflow.ledger_rows import shown

TRUTHS = [("不明", ""), ("是", "是"), ("否", "否")]


class RowForm:
    """A row to add or change.

    Parameters
    ----------
    book : the ledger
    old : the row as it was read; None for a new one
    save : called with the cells as typed, the row as read, and why
    retire : called with the row as read, and why
    close : called when the person gives up
    """

    def __init__(
        self, book: Book, old: dict[str, Any] | None, *, save: Callable[[dict[str, str], Any, str], None],
        retire: Callable[[dict[str, Any], str], None], close: Callable[[], None],
    ) -> None:  # fmt: skip
        self.book, self.old = book, old
        self.controls = {name: self._control(name) for name in book.labels}
        self.why = controls.text("说明（为什么改动，必填）")
        self.send, self.stop = controls.button("保存", "primary"), controls.button("取消")
        self.send.on_click(lambda _: save(self.cells(), self.old, self.why.value))
        self.stop.on_click(lambda _: close())
        word = RETIRED.get(book.table, ("", {}, ""))[2]
        self.out = controls.button(word or "停用", "danger")
        self.out.on_click(lambda _: retire(self.old or {}, self.why.value))
        controls.visible(self.out, bool(word) and old is not None and old[RETIRED[book.table][0]] is None)
        title = f"修改{old['id']}" if old else "新增一条"
        self.page = controls.box(
            controls.block("<h2>{name}台账：{title}</h2>", name=book.name, title=title),
            controls.row(*self.controls.values(), classes=["cx-fields"]), self.why,
            controls.row(self.send, self.stop, self.out, classes=["cx-actions"]), classes=["cx-card"],
        )  # fmt: skip

    def cells(self) -> dict[str, str]:
        """Every column as typed."""
        return {name: control.value or "" for name, control in self.controls.items()}

    def _control(self, name: str) -> Any:
        label, value = self.book.labels[name], shown(self.book, name, self.old[name]) if self.old else ""
        if name in self.book.choices:
            return controls.selected(
                label, [("请选择", ""), *((said, said) for said in self.book.choices[name].values())], value
            )
        if name in self.book.truths:
            return controls.selected(label, TRUTHS, value)
        field = controls.text(label, value, placeholder="如2026-03-31" if name in self.book.dates else "")
        field.disabled = name == "id" and self.old is not None
        return field
