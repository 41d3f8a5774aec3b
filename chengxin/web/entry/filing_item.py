"""One printed item of a filing as a form shows it: number, wording, the point's side and the on-site check's side.

It knows its entries and tells its form of changes; it saves nothing.
"""

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as w

from chengxin.errors import Fault
from chengxin.ledgers.filings.form import CODES, Form, Item
from chengxin.render.html import escaped
from chengxin.render.tables import Html
from chengxin.store.drafts import Conflict, Entry, Saved
from chengxin.web import controls

Changed = Callable[[str, Entry, bool], None]  # field, entry, whether it may wait a moment
OWN_SIDE, CHECK_SIDE = "own", "check"


class ItemForm:
    """Both sides of one item, one of them open for entries.

    Parameters
    ----------
    item, form : what is printed
    own, found : field → entry of the point's side and of the check
    side : which side is open: ``own``, ``check`` or empty
    changed : called with every change of the person
    """

    def __init__(
        self, item: Item, form: Form, own: dict[str, Entry], found: dict[str, Entry], *, side: str, changed: Changed
    ) -> None:
        self.item, self.form, self.side, self.changed, self.quiet = item, form, side, changed, False
        self.said, self.fixed_own, self.fixed_check = (controls.block("") for _ in range(3))
        self.clash = controls.box()
        self.controls = self._controls()
        mine = list(self.controls.values())
        own_cell = controls.box(*(mine if side == OWN_SIDE else []), self.fixed_own, self.said,
                             *([self.clash] if side != CHECK_SIDE else []),
                             classes=["cx-control", "cx-own"])  # fmt: skip
        check_cell = controls.box(*([*mine, self.clash] if side == CHECK_SIDE else []), self.fixed_check,
                               classes=["cx-control", "cx-check"])  # fmt: skip
        note = Html(escaped('<p class="cx-rule cx-noprint">{note}</p>', note=item.note) if item.note else "")
        number = controls.block('<span id="item-{id}" class="cx-anchor"></span>{id}', "cx-no", id=item.id)
        text = controls.block('<p class="cx-official">{text}</p>{note}', "cx-what", text=item.text, note=note)
        self.page = controls.box(number, text, own_cell, check_cell, classes=["cx-item"])
        self.show(own, found)
        for field, control in self.controls.items():
            control.observe(lambda _, field=field: self._told(field), names="value")

    def entries(self) -> dict[str, Entry]:
        """What is entered on the open side now, by field."""
        given = {field: _entry(control) for field, control in self.controls.items() if field != "note"}
        if "note" in self.controls and self.controls["note"].value.strip():
            given[self.item.id]["note"] = self.controls["note"].value
        return given

    def show(self, own: dict[str, Entry], found: dict[str, Entry]) -> None:
        """Show entries without telling anybody."""
        self.quiet = True
        mine = own if self.side == OWN_SIDE else found
        for field, control in self.controls.items():
            entry = mine.get(self.item.id if field == "note" else field, {})
            value = _value(control, entry.get("note" if field == "note" else "answer", entry.get("value")))
            if control.value != value:
                control.value = value
        self.quiet = False
        if self.side != OWN_SIDE:
            controls.tell(self.fixed_own, "{said}", said=self._own_said(own))
        if self.side != CHECK_SIDE:
            controls.tell(self.fixed_check, "{said}", said=self._check_said(found))

    def tell(
        self,
        contradictions: Sequence[str],
        faults: Sequence[Fault],
        missing: str,
        differs: str,
        unchecked: bool = False,
    ) -> None:
        """Say what contradicts the item, what is wrong, what is missing and how the check differs."""
        items = [(f"{each.column}：{each.found}；应为{each.expected}。", "bad") for each in faults]
        items += [(f"{each}。", "bad") for each in contradictions]
        items += [(differs, "warn")] if differs else []
        items += [(missing, "warn")] if missing else []
        listed = "".join(escaped('<li class="cx-{kind}">{said}</li>', kind=kind, said=said)
                         for said, kind in items)  # fmt: skip
        said = f'<ul class="cx-says cx-noprint" role="status">{listed}</ul>' if listed else ""
        controls.tell(self.said, "{said}", said=Html(said))
        controls.mark(
            self.page, "bad" if faults or contradictions else "warn" if missing or differs or unchecked else "ok"
        )

    def conflict(self, field: str, clash: Conflict, choose: Callable[[str, Entry, Saved], None]) -> None:
        """Show both values of a field and let the person choose."""
        mine, theirs = clash.mine, clash.theirs
        about = self.form.counts.get(field, f"第{self.item.id}项")
        head = controls.block(
            "<p><b>{who}在您之前改了{about}，没有被覆盖。</b>请选用一个：</p>", who=theirs.who, about=about
        )
        keep = controls.button(f"用我的：{self.in_words(mine)}")
        give = controls.button(f"用{theirs.who}的：{self.in_words(theirs.entry)}")
        keep.on_click(lambda _: self._settled(field, mine, theirs, choose))
        give.on_click(lambda _: self._settled(field, theirs.entry, theirs, choose))
        self.clash.children = (
            controls.box(head, controls.row(keep, give, classes=["cx-actions"]), classes=["cx-conflict"]),
        )

    def freeze(self) -> None:
        """Let nothing more be changed."""
        for control in self.controls.values():
            control.disabled = True

    def in_words(self, entry: Entry) -> str:
        """An entry in a few words."""
        said = self.form.answers.get(str(entry.get("answer")), "") or str(entry.get("value") or "")[:40] or "空白"
        return said + (f"（{str(entry['note'])[:40]}）" if entry.get("note") else "")

    def _controls(self) -> dict[str, Any]:
        if not self.side:
            return {}
        name = self.form.columns["self" if self.side == OWN_SIDE else "check"]
        options = [(self.form.answers[code], code) for code in CODES if code in self.item.allowed]
        made: dict[str, Any] = {self.item.id: controls.choice(name, options)}
        if self.side == CHECK_SIDE:
            return {**made, "note": controls.note("核查说明")}
        counts = {field: controls.number(f"{said}／{self.item.unit}") for field, said in self.item.counts.items()}
        return {**counts, **made} if self.item.blank else {**made, **counts}

    def _told(self, field: str) -> None:
        if not self.quiet:
            about = self.item.id if field == "note" else field
            self.changed(about, self.entries()[about], field == "note")

    def _settled(
        self, field: str, entry: Entry, theirs: Saved, choose: Callable[[str, Entry, Saved], None]
    ) -> None:  # fmt: skip
        self.clash.children = ()
        choose(field, entry, theirs)

    def _own_said(self, own: dict[str, Entry]) -> Html:
        answer = self.form.answers.get(str(own.get(self.item.id, {}).get("answer")), "—")
        counts = [(said, own.get(name, {}).get("value")) for name, said in self.item.counts.items()]
        rows = "".join(
            escaped("<li>{said}<b>{value}</b>{unit}</li>", said=said, value=str(value)[:40], unit=self.item.unit)
            for said, value in counts
            if value not in (None, "")
        )
        return _cell(self.form.columns["self"], answer, Html(f'<ul class="cx-counts">{rows}</ul>' if rows else ""))

    def _check_said(self, found: dict[str, Entry]) -> Html:
        entry = found.get(self.item.id, {})
        answer = self.form.answers.get(str(entry.get("answer")), "")
        note = Html(escaped("<p>{note}</p>", note=entry["note"]) if entry.get("note") else "")
        return _cell(self.form.columns["check"], answer or "—", note)


def _cell(column: str, answer: str, more: Html) -> Html:
    return Html(
        escaped(
            '<p class="cx-column">{column}</p><b class="cx-answer">{answer}</b>{more}',
            column=column,
            answer=answer,
            more=more,
        )
    )


def _entry(control: Any) -> Entry:
    if isinstance(control, w.ToggleButtons):
        return {"answer": control.value} if control.value else {}
    return {"value": control.value} if control.value.strip() else {}


def _value(control: Any, value: Any) -> Any:
    """A stored value as its control takes it."""
    if isinstance(control, w.ToggleButtons):
        return value if value in [each for _, each in control.options] else None
    return str(value or "")
