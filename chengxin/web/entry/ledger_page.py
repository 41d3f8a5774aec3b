"""The page 台账: one ledger at a time, with filter and pages; add, change, retire, paste from a spreadsheet."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import ipywidgets as w
import pandas as pd
from sqlalchemy import Engine

from chengxin.clock import china_day, now
from chengxin.errors import ChengxinError, Fault, FaultsError
from chengxin.exchange.books import BOOKS, RETIRED
from chengxin.exchange.paste import Pasted, read
from chengxin.ledgers.verification import STATES
from chengxin.render import html, tables
from chengxin.render.html import escaped
from chengxin.render.tables import Html
from chengxin.store import read as readers
from chengxin.store.access import READERS, current, sample
from chengxin.store.engine import open_store
from chengxin.web import controls
from chengxin.web.entry.ledger_row import RowForm
from chengxin.web.visitor import name_field
from chengxin.workflow import ledger_rows

PER_PAGE = 20
PREVIEW, LISTED = 10, 100  # rows of a paste and faults that are shown
SHOWN = {"instrument": ("id", "kind", "serial", "place", "merchant", "point", "management", "status", "state",
                        "valid_until")}  # fmt: skip
EXTRA = {"state": "检定状态", "valid_until": "有效期至"}


class LedgerPage:
    """The ledgers of a database.

    Parameters
    ----------
    database : URL, file or engine; None: as `engine.open_store`
    asked : what the page's address asks for: ledger, who
    now : gives the moment
    """

    def __init__(
        self, database: str | Engine | None = None, asked: dict[str, str] | None = None, *,
        now: Callable[[], datetime] = now,
    ) -> None:  # fmt: skip
        self.engine = database if isinstance(database, Engine) else open_store(database)
        self.now, given = now, asked or {}
        self.demo = sample(self.engine)
        self.may = current().role not in READERS
        self.number, self.pasted = 0, Pasted([], [], [], 0, pd.DataFrame())
        self.outcome, self.table, self.count, self.preview = (controls.block("") for _ in range(4))
        self.editing = controls.box()
        self._controls(given)
        self.page = self._page()
        self.turn()

    def turn(self) -> None:
        """Show the chosen ledger, read anew."""
        self.book = BOOKS[self.chosen.value]
        self.frame = ledger_rows.rows(self.engine, self.book, china_day(self.now()))
        self.editing.children = ()
        controls.visible(self.state, self.book.table == "instrument")
        self._forget()
        self.show(0)

    def show(self, number: int) -> None:
        """One page of the rows that the filter leaves."""
        state = {"state": self.state.value} if self.book.table == "instrument" else {}
        kept = ledger_rows.found(self.frame, self.words.value[:200], **state)
        last = max(0, (len(kept) - 1) // PER_PAGE)
        self.number = min(max(number, 0), last)
        part = kept.iloc[self.number * PER_PAGE : (self.number + 1) * PER_PAGE]
        labels = {**self.book.labels, **(EXTRA if state else {})}
        columns = {name: labels[name] for name in SHOWN.get(self.book.table, tuple(self.book.labels))}
        said = f"{self.book.name}台账：第{self.number + 1}／{last + 1}页，共{len(kept)}条"
        controls.tell(self.table, '<div class="cx-wide cx-ledger">{table}</div>',
                   table=tables.table(part.replace("", None), columns, said, cards=True))  # fmt: skip
        self.before.disabled, self.after.disabled = self.number == 0, self.number == last
        self.row.options = [("请选择", ""), *((_named(each), each["id"]) for each in part.to_dict("records"))]

    def edit(self, key: str) -> None:
        """Open a row, or with an empty key a new one."""
        try:
            old = ledger_rows.stored(self.engine, self.book, key) if key else None
        except ChengxinError as error:
            self._say(str(error))
            return
        form = RowForm(self.book, old, save=self._save, retire=self._retire, close=self._close)
        self.editing.children = (form.page,)
        self.form = form

    def check(self) -> None:
        """Read what was pasted and show it with every fault; nothing is saved."""
        keys: dict[str, set[str]] = {}

        def known(table: str) -> set[str]:
            if table not in keys:
                keys[table] = readers.keys(self.engine, table)
            return keys[table]

        self.pasted = made = read(self.book, self.area.value, known)
        dropped = f"个人信息列已丢弃，没有读入：{'、'.join(made.dropped)}。" if made.dropped else ""
        state = "bad" if made.faults else "ok"
        words = f"共{made.count}行，{len(made.faults)}处有误，都改正后才能保存。" if made.faults else \
            f"共{made.count}行，没有发现错误，可以保存。"  # fmt: skip
        if not made.headed:
            words += f"没有表头，按“{'、'.join(self.book.labels.values())}”的次序读入；次序不同的，请连表头一起复制。"
        columns = {"row": "行", **self.book.labels}
        shown = made.shown.head(PREVIEW).replace("", None)
        shown = shown.assign(row="第" + shown["row"].astype("str") + "行")
        preview = tables.table(shown, columns, f"预览（前{len(shown)}行）", cards=True)
        faults = _faults([fault for _, fault in made.faults])
        controls.tell(
            self.preview, '<p class="cx-banner cx-{state}" role="alert">{words}{dropped}</p>{faults}'
            '<div class="cx-wide cx-ledger">{preview}</div>', state=state, words=words, dropped=dropped, faults=faults,
            preview=preview if len(shown) else Html(""),
        )  # fmt: skip
        self.keep.disabled = bool(made.faults) or not made.rows

    def save_all(self) -> None:
        """Save the checked paste, all or nothing."""
        why = self.why.value.strip()
        if self._go(lambda about: ledger_rows.add(self.engine, self.book, self.pasted.rows, **about), why):
            count = len(self.pasted.rows)
            self.area.value = ""
            self.turn()
            self._say(f"已保存{count}条。", "ok")

    def plain(self) -> dict[str, int]:
        """Rows of every ledger, as plain data for checking."""
        counts = readers.counts(self.engine).set_index("table")["rows"]
        return {book.name: int(counts[table]) for table, book in BOOKS.items()}

    def _controls(self, given: dict[str, str]) -> None:
        self.who = name_field(given)
        self.chosen = controls.selected(
            "台账", [(book.name, table) for table, book in BOOKS.items()], given.get("ledger")
        )
        self.words = controls.text("查找", placeholder="编号、名称、地点等，可写几个词")
        self.state = controls.selected("检定状态", [("全部", ""), *((said, said) for said in STATES.values())])
        self.before, self.after = controls.button("上一页"), controls.button("下一页")
        self.row = controls.selected("选择一条（本页）", [("请选择", "")])
        self.change, self.new = controls.button("修改"), controls.button("新增一条", "primary")
        self.area = controls.note("从表格软件复制单元格，粘贴到这里（有无表头都可以）", "", "cx-paste")
        self.why = controls.text("说明（为什么登记）", "批量登记")
        self.look, self.keep = controls.button("检查"), controls.button("保存全部", "primary")
        self.chosen.observe(lambda _: self.turn(), names="value")
        for control in (self.words, self.state):
            control.observe(lambda _: self.show(0), names="value")
        self.area.observe(lambda _: self._forget(), names="value")
        self.before.on_click(lambda _: self.show(self.number - 1))
        self.after.on_click(lambda _: self.show(self.number + 1))
        self.change.on_click(lambda _: self.edit(self.row.value) if self.row.value else self._say("请先选择一条。"))
        self.new.on_click(lambda _: self.edit(""))
        self.look.on_click(lambda _: self.check())
        self.keep.on_click(lambda _: self.save_all())

    def _page(self) -> w.VBox:
        head = controls.row(self.who, self.chosen, self.words, self.state, classes=["cx-fields"])
        turning = controls.row(self.before, self.after, classes=["cx-actions"])
        picking = controls.row(self.row, self.change, self.new, classes=["cx-pick"])
        looking = controls.row(self.look, classes=["cx-actions"])
        pasting = controls.box(controls.block("<h2>从Excel粘贴</h2>"), self.area, looking, self.preview,
                            controls.row(self.why, self.keep, classes=["cx-pick"]),
                            classes=["cx-card"])  # fmt: skip
        for part in (picking, pasting):
            controls.visible(part, self.may)
        listed = controls.box(self.table, turning, picking, classes=["cx-card"])
        lead = "登记后只能修改、报废或撤回，不能删除；每次改动都记下是谁、为什么"
        return controls.box(
            controls.shown(html.style()), controls.shown(html.banner(self.demo)),
            controls.shown(html.head("台账", lead), "cx-head"),
            controls.box(head, classes=["cx-card"]), self.outcome, listed, self.editing, pasting,
            classes=["cx-page", "cx-broad"],
        )  # fmt: skip

    def _save(self, cells: dict[str, str], old: dict[str, Any] | None, why: str) -> None:
        if self._go(lambda about: ledger_rows.save(self.engine, self.book, cells, old, **about), why):
            self._done("已保存。")

    def _retire(self, old: dict[str, Any], why: str) -> None:
        day = china_day(self.now())
        if self._go(lambda about: ledger_rows.retire(self.engine, self.book, old, day, **about), why):
            self._done(f"已{RETIRED[self.book.table][2]}，记录仍保留在台账中。")

    def _close(self) -> None:
        self.editing.children = ()

    def _done(self, words: str) -> None:
        number = self.number
        self.turn()
        self.show(number)
        self._say(words, "ok")

    def _go(self, act: Callable[[dict[str, Any]], object], why: str) -> bool:
        """Do one change with who and why; what goes wrong is said on the page."""
        who = self.who.value.strip()
        if not who or not why.strip():
            self._say("请填写姓名和说明；每次改动都记下是谁、为什么。")
            return False
        try:
            act({"who": who, "why": why.strip()[:200], "at": self.now()})
        except FaultsError as error:
            controls.tell(
                self.outcome,
                '<div class="cx-card cx-bad" role="alert"><p>{title}，请改正：</p>{faults}</div>',
                title=error.title,
                faults=_faults(list(error.faults)),
            )
            return False
        except ChengxinError as error:
            self._say(str(error))
            return False
        return True

    def _forget(self) -> None:
        """What was checked is no longer what stands in the box."""
        self.pasted = Pasted([], [], [], 0, pd.DataFrame())
        self.keep.disabled = True
        controls.tell(self.preview, "")

    def _say(self, words: str, state: str = "bad") -> None:
        controls.tell(
            self.outcome, '<p class="cx-banner cx-{state}" role="alert">{words}</p>', state=state, words=words
        )


def _named(row: dict[Any, Any]) -> str:
    about = [
        row[name] for name in ("kind", "serial", "title", "topic", "signed_on", "held_on", "done_on") if name in row
    ]
    return "　".join([row["id"], *filter(None, about)])[:60]


def _faults(faults: list[Fault]) -> Html:
    items = "".join(escaped("<li>{fault}</li>", fault=fault) for fault in faults[:LISTED])  # fmt: skip
    more = f"<li>另有{len(faults) - LISTED}处</li>" if len(faults) > LISTED else ""
    return Html(f'<ul class="cx-fault">{items}{more}</ul>' if items else "")
