"""One scored line as a form shows it: wording, rule, the control that fits it, measured value, score, note, evidence.

It knows its entry and tells its form of changes; it saves nothing.
"""

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as w
import numpy as np
import pandas as pd

from chengxin.errors import Fault
from chengxin.render import tables
from chengxin.render.html import escaped
from chengxin.render.tables import Html
from chengxin.rubric.model import ADDS, Line
from chengxin.rubric.rules import Marks, plain
from chengxin.settings import settings
from chengxin.store.drafts import Conflict, Entry, Saved
from chengxin.web import controls as parts
from chengxin.web.entry.words import anchor, answers, figure, in_words
from chengxin.workflow.assessment import whole

Changed = Callable[[str, Entry, bool], None]  # field, entry, whether it may wait a moment
IDLE = ("不适用", "na")
NEEDED = "说明（不适用、未给满分、改动台账数值时必填）"


class LineForm:
    """Controls of one line.

    Parameters
    ----------
    line : of the rubric
    entry : what is entered so far
    measured : row of `Observed.values`, None where the ledgers say nothing
    evidence : rows behind it; shown when asked for
    before : row of `Work.before`, None where there is none
    changed : called with every change of the person
    files : called with the line's id; the form of its photos and documents
    kept : how many of them there are
    """

    def __init__(
        self, line: Line, entry: Entry, *, measured: dict[str, Any] | None, evidence: pd.DataFrame,
        before: dict[str, Any] | None, changed: Changed, files: Callable[[str], w.Widget], kept: int = 0,
        frozen: bool = False,
    ) -> None:  # fmt: skip
        self.line, self.measured, self.evidence, self.changed = line, measured, evidence, changed
        self.files, self.quiet = files, False
        self.controls = controls(line)
        self.note = parts.note(NEEDED, "", parts.OFF)
        self.state, self.score, self.clash = parts.block(""), parts.block(""), parts.box()
        self.more, self.details = parts.button("", "", "cx-more"), parts.box()
        self.count(kept)
        self.take = parts.button("采用台账数值", "", parts.OFF)
        self.show(entry)
        self._listen()
        side = parts.box(*self.controls.values(), self.take, self.score, classes=["cx-control", "cx-side"])
        text = _wording(line, before)
        self.page = parts.box(text, side, self.state, self.clash, self.note, self.more, self.details,
                              classes=["cx-line"])  # fmt: skip
        self.freeze(frozen)

    def entry(self) -> Entry:
        """What is entered now."""
        given: Entry = {}
        for name, control in self.controls.items():
            value = control.value
            if value == "na":
                given["outcome"] = "not_applicable"
            elif name == "idle":
                given |= {"outcome": "not_applicable"} if value else {}
            elif value not in (None, ""):
                given[name] = value
        if self.note.value.strip():
            given["note"] = self.note.value
        return given

    def show(self, entry: Entry) -> None:
        """Show an entry without telling anybody."""
        self.quiet = True
        idle = entry.get("outcome") == "not_applicable"
        for name, control in self.controls.items():
            if name == "idle":
                control.value = idle
            else:
                control.value = _shown(control, entry.get(name), idle)
        note = str(entry.get("note") or "")
        if self.note.value != note:
            self.note.value = note
        self.quiet = False
        self._arrange()

    def tell(self, points: float, faults: Sequence[Fault], missing: str, counted: str = "") -> None:
        """Say what the line earns, what is wrong, what is missing; counted: what the merchants' grid gives."""
        state = "bad" if faults else "warn" if missing else "ok"
        words = "有误" if faults else missing or ("已评" if self.line.section == "base" else "")
        tag = Html(escaped('<span class="cx-tag cx-{state}">{words}</span>', state=state, words=words)
                   if words else "")  # fmt: skip
        parts.tell(self.score, '<span class="cx-points">{got}</span> {tag}', got=_earned(self.line, points), tag=tag)
        parts.mark(self.page, state if words else "")
        parts.tell(self.state, "{measured}{counted}{faults}", measured=self._measured_said(),
                   counted=_said("逐户检查：", counted), faults=_faults(faults))  # fmt: skip
        parts.visible(self.take, self.measured is not None and self._overrides() and not self.frozen)
        self._arrange(bool(faults))

    def conflict(self, clash: Conflict, choose: Callable[[Entry, Saved], None]) -> None:
        """Show both values and let the person choose."""
        mine, theirs = clash.mine, clash.theirs
        head = parts.block("<p><b>{who}在您之前改了这一条，没有被覆盖。</b>请选用一个：</p>", who=theirs.who)
        keep = parts.button(f"用我的：{in_words(mine, self.line)}")
        give = parts.button(f"用{theirs.who}的：{in_words(theirs.entry, self.line)}")
        keep.on_click(lambda _: self._settled(choose, mine, theirs))
        give.on_click(lambda _: self._settled(choose, theirs.entry, theirs))
        self.clash.children = (parts.box(head, parts.row(keep, give, classes=["cx-actions"]), classes=["cx-conflict"]),)

    def freeze(self, frozen: bool) -> None:
        """Let nothing be changed, or all."""
        self.frozen = frozen
        for control in (*self.controls.values(), self.note):
            control.disabled = frozen
        if self.details.children:
            self.details.children = tuple(self._detail())

    def count(self, kept: int) -> None:
        """How many photos and documents there are, on the button."""
        self.more.description = f"依据、照片（{kept}份）" if kept else "依据、照片"

    def _settled(self, choose: Callable[[Entry, Saved], None], entry: Entry, theirs: Saved) -> None:
        self.clash.children = ()
        self.show(entry)
        choose(entry, theirs)

    def _listen(self) -> None:
        for control in self.controls.values():
            control.observe(lambda _: self._told(False), names="value")
        self.note.observe(lambda _: self._told(True), names="value")
        self.more.on_click(lambda _: self._open())
        self.take.on_click(lambda _: self._taken())

    def _told(self, wait: bool) -> None:
        if not self.quiet:
            self._arrange()
            self.changed(self.line.id, self.entry(), wait)

    def _taken(self) -> None:
        """Back to the measured value: the line is left to the ledgers."""
        self.show({})
        self.changed(self.line.id, {}, False)

    def _arrange(self, wanted: bool = False) -> None:
        """The note is there when something asks for it or it holds something."""
        entry = self.entry()
        less = isinstance(self.line.rule, Marks) and entry.get("value") not in (None, self.line.points)
        asked = wanted or less or entry.get("outcome") == "not_applicable" or self._overrides()
        parts.visible(self.note, bool(asked or self.note.value.strip() or self.details.children))

    def _overrides(self) -> bool:
        """Whether something is entered that is not what the ledgers say."""
        entry = self.entry()
        if self.measured is None or not {"value", "of", "outcome"} & set(entry):
            return False
        same = [figure(entry.get(name)) == figure(self.measured.get(name)) for name in self.controls
                if name in ("value", "of")]  # fmt: skip
        return not all(same) or "outcome" in entry

    def _measured_said(self) -> Html:
        if self.measured is None:
            return Html("")
        given = {name: self.measured[name] for name in ("value", "of") if pd.notna(self.measured[name])}
        value = in_words(given, self.line)
        used = "，未另填，按此计分" if not {"value", "of", "outcome"} & set(self.entry()) else ""
        note = f"（{self.measured['note']}）" if self.measured.get("note") else ""
        words = '<div class="cx-measured">台账取数：{value}{note}{used}</div>'
        return Html(escaped(words, value=value, note=note, used=used))

    def _open(self) -> None:
        """Evidence rows, files and the note, one click away."""
        if self.details.children:
            self.details.children = ()
        else:
            self.details.children = tuple(self._detail())
        self._arrange()

    def _detail(self) -> list[w.Widget]:
        shown: list[w.Widget] = []
        if len(self.evidence):
            rows = self.evidence.assign(hit=np.where(self.evidence["counted"], "计入", "不计入"))
            columns = {"id": "台账编号", "said": "记录", "hit": "是否计入"}
            table = tables.table(rows, columns, f"台账依据（{len(rows)}条）", cards=True)
            shown.append(parts.shown(table, "cx-evidence"))
        if self.line.evidence:
            shown.append(parts.block('<p class="cx-rule">应备佐证：{said}</p>', said=self.line.evidence))
        return [*shown, self.files(self.line.id)]


def controls(line: Line) -> dict[str, Any]:
    """The inputs that fit a line's rule, by the part of the entry they fill."""
    base = line.section == "base"
    kind, unit = line.rule.kind, line.unit or ""
    if kind == "met":
        options = [*answers(line).items(), *([IDLE] if base else [])]
        return {"value": parts.choice("是否符合" if base else "是否有此情形", options)}
    if kind == "marks":
        step = settings()["mark_step"]
        marks = np.arange(0, line.points + step / 2, step).round(6).tolist()
        scale = [("请选择", ""), *((f"{plain(mark)}分", mark) for mark in reversed(marks)), IDLE]
        return {"value": parts.selected(f"评定（0至{plain(line.points)}分）", scale)}
    if line.rule.needs_of:
        part = "合格" if "merchants" in line.readings else "符合"
        made = {"value": parts.number(f"{part}{_in(unit)}"), "of": parts.number(f"{whole(line)}{_in(unit)}")}
    else:
        verb = "发现" if kind == "per_unit" else "数量" if base or unit not in ("", "次") else "发生"
        made = {"value": parts.number(f"{verb}{_in(unit or '次')}")}
    if base:
        made["idle"] = parts.tick("不适用", "cx-idle")
    return made


def _in(unit: str) -> str:
    return f"（{unit}）" if unit else ""


def _shown(control: Any, value: Any, idle: bool) -> Any:
    """A value as its control takes it."""
    if isinstance(control, w.Text):
        return "" if idle else figure(value)
    known = [each for _, each in control.options]
    if idle:
        return "na" if "na" in known else None
    blank = "" if "" in known else None
    try:
        near = float(value)
    except (TypeError, ValueError):
        return blank
    return next((each for each in known if isinstance(each, int | float) and each == near), blank)


def _earned(line: Line, points: float) -> Html:
    """What a line earns; bonus and deduction may be earned several times, so that they have no full marks."""
    if np.isnan(points):
        return Html(f"满分{plain(line.points)}分")
    whole = f"／{plain(line.points)}" if line.section == "base" else ""
    return Html(f"{ADDS[line.section]}<b> {plain(round(points, 4))}</b>{whole}分")


def _said(head: str, words: str) -> Html:
    return Html(escaped('<div class="cx-measured">{head}{words}</div>', head=head, words=words) if words else "")


def _faults(faults: Sequence[Fault]) -> Html:
    items = "".join(
        escaped("<li>{found}；应为{expected}。{remedy}</li>", found=each.found, expected=each.expected,
                      remedy=f"{each.remedy}。" if each.remedy else "")
        for each in faults
    )  # fmt: skip
    return Html(f'<ul class="cx-fault" role="alert">{items}</ul>' if items else "")


def _wording(line: Line, before: dict[str, Any] | None) -> w.HTML:
    last = ""
    if before is not None:
        got = "未评" if np.isnan(before["score"]) else f"{plain(round(before['score'], 4))}分"
        about = {"period": before["period"], "got": got, "why": before["reason"]}
        last = escaped('<p class="cx-before">上期（{period}年）{got}：{why}</p>', **about)
    note = escaped('<p class="cx-rule">读法说明：{note}</p>', note=line.note) if line.note else ""
    red = Html('<span class="cx-tag cx-bad">红线</span>' if line.red_line else "")
    return parts.block(
        '<span id="{anchor}" class="cx-anchor"></span><p class="cx-official"><span class="cx-id">{id}</span>{text}</p>'
        '<p class="cx-rule">{label}（{points}分）：{rule}。{red}</p>{note}{last}',
        anchor=anchor(line.id), id=line.id, text=line.text, label=line.label, points=plain(line.points),
        rule=line.rule_in_words(), red=red, note=Html(note), last=Html(last),
    )  # fmt: skip
