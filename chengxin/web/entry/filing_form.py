"""监测点季报: the printed form of one point and quarter; saved change by change, contradictions told while typing."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import ipywidgets as w
import pandas as pd
from sqlalchemy import Engine

from chengxin.clock import CHINA
from chengxin.errors import ChengxinError, FaultsError
from chengxin.ledgers.filings.quarters import day_in_words, in_words
from chengxin.render import html, tables
from chengxin.render.html import escaped
from chengxin.render.tables import Html
from chengxin.store.drafts import Conflict, Entry, Saved
from chengxin.web import controls
from chengxin.web.entry import words as formwords
from chengxin.web.entry.assessment_form import SAVED
from chengxin.web.entry.autosave import Autosave, versions_of
from chengxin.web.entry.filing_item import CHECK_SIDE, OWN_SIDE, ItemForm
from chengxin.workflow import filing_steps
from chengxin.workflow.filing import CHECK, OWN, STEPS, Filing, Judged, judge, opened, step

OPEN = {OWN_SIDE: ("open", "returned"), CHECK_SIDE: ("submitted",)}  # steps in which a side takes entries


class FilingForm:
    """The form of one filing for one person.

    Parameters
    ----------
    engine : from `open_store`
    point, quarter : as for `filing.opened`
    who : the person's name, kept with every change
    now : gives the moment, with a time zone
    side : which side the person fills in: ``own`` (自查), ``check`` (核查) or empty (only reads)
    """

    def __init__(
        self, engine: Engine, point: str, quarter: str, *, who: str, now: Callable[[], datetime], side: str
    ) -> None:
        self.engine, self.point, self.quarter, self.who, self.now, self.side = engine, point, quarter, who, now, side
        self.page = controls.box(classes=["cx-page"])
        self.outcome, self.past = controls.box(), controls.box()
        self.saver: Autosave | None = None
        self._watching = False
        self._build()

    def submit(self) -> None:
        """Hand in the open side; what is wrong or missing is listed with a link to each item."""
        act = filing_steps.submit if self.side == OWN_SIDE else filing_steps.check
        done = "已提交，等待核查；需要修改的，请监管人员退回补正" if self.side == OWN_SIDE else "核查已提交"
        self._go(partial(act, self.engine, self.point, self.quarter, who=self.who, at=self.now()), f"{done}。")

    def give_back(self, comment: str) -> None:
        """Return for completion, with a comment."""
        self._go(partial(filing_steps.give_back, self.engine, self.point, self.quarter, comment=comment, who=self.who,
                         at=self.now()), "已退回，由监测点补正后再次提交。")  # fmt: skip

    def watch(self) -> None:
        """Look at what others do, while the kernel lives."""
        self._watching = True
        if self.saver is not None:
            self.saver.watch(self._others)

    def close(self) -> None:
        """Save what waits and stop looking."""
        if self.saver is not None:
            self.saver.close()

    def _build(self) -> None:
        """The form of what is stored now."""
        self.close()
        self.filing: Filing = opened(self.engine, self.point, self.quarter)
        self.own = {field: one.entry for field, one in self.filing.own.items()}
        self.found = {field: one.entry for field, one in self.filing.found.items()}
        self.open = self.filing.step in OPEN.get(self.side, ())
        self.saved, self.others, self.total = controls.saved_line(), controls.block(""), controls.block("")
        self.missing = controls.box()
        side = self.side if self.open else ""
        self.items = {item.id: ItemForm(item, self.filing.form, self.own, self.found, side=side, changed=self.put)
                      for item in self.filing.form.items}  # fmt: skip
        self.saver = self._saver() if self.open else None
        self.page.children = self._parts()
        self.judged = self._rejudge()
        if self._watching:
            self.watch()

    def put(self, field: str, entry: Entry, wait: bool = False) -> None:
        """Take over a person's change and save it."""
        (self.own if self.side == OWN_SIDE else self.found)[field] = entry
        if self.saver is not None:
            self.saver.put(field, entry, wait=wait)
        self._rejudge()

    def _saver(self) -> Autosave:
        name = OWN if self.side == OWN_SIDE else CHECK
        stored = self.filing.own if self.side == OWN_SIDE else self.filing.found
        return Autosave(self.engine, name, self.filing.id, who=self.who, now=self.now, versions=versions_of(stored),
                        change=self.filing.change[name], told=self._told)  # fmt: skip

    def _go(self, act: Callable[[], Any], done: str) -> None:
        """One step: save what waits, do it, show what became of it."""
        if self.saver is not None:
            self.saver.flush()
        try:
            act()
        except FaultsError as error:
            self.outcome.children = (controls.shown(formwords.refused(error), "cx-card", "cx-bad"),)
        except ChengxinError as error:
            self._say(str(error))
        else:
            self._build()
            self._say(done, "ok")

    def _parts(self) -> tuple[w.Widget, ...]:
        filing, state = self.filing, STEPS[self.filing.step]
        lead = (in_words(self.quarter), f"监测点编号：{self.point}", f"应于{day_in_words(filing.due)}前报送",
                f"状态：{state}", f"填写人：{self.who}")  # fmt: skip
        bar = controls.row(self.total, self.saved, self.others, classes=["cx-bar", "cx-noprint"])
        return (
            controls.shown(html.style()), controls.shown(html.banner(filing.demo)),
            controls.shown(html.head(f"监测点季报：{filing.point['name']}", *lead), "cx-head", "cx-noprint"),
            self._returned(), bar, self.missing, self._printed(), self.outcome, self._actions(), self.past,
        )  # fmt: skip

    def _returned(self) -> w.HTML:
        """Why it came back, or why nothing can be entered."""
        if self.filing.step == "returned":
            said = filing_steps.comment(self.engine, self.filing.id)
            return controls.block('<p class="cx-banner cx-bad" role="note">已退回补正：{said}</p>', said=said)
        if self.side and not self.open:
            words = {OWN_SIDE: "季报已提交，内容只供查看", CHECK_SIDE: "季报尚未提交，不能核查"}[self.side]
            words = "核查已完成，内容只供查看" if self.filing.step == "checked" else words
            return controls.block('<p class="cx-banner" role="note">{words}。</p>', "cx-noprint", words=words)
        return controls.block("")

    def _printed(self) -> w.VBox:
        """The form as it is printed."""
        form, given = self.filing.form, self.filing.row.get("submitted_on")
        day = day_in_words(pd.Timestamp(given)) if given is not None else ""
        name, time = form.head
        title = controls.block(
            "<h2>{title}</h2><p><span>{name}：<b>{point}</b></span><span>{time}：<b>{day}</b></span></p>", "cx-title",
            title=form.title, name=name, point=self.filing.point["name"], time=time, day=day,
        )  # fmt: skip
        heads = [controls.block("{said}", said=form.columns[key]) for key in ("number", "text", "self", "check")]
        head = controls.box(*heads, classes=["cx-item", "cx-item-head"])
        table = controls.box(head, *(item.page for item in self.items.values()), classes=["cx-printed"])
        return controls.box(title, table, classes=["cx-sheet"])

    def _actions(self) -> w.VBox:
        self.send = controls.button("提交季报" if self.side == OWN_SIDE else "提交核查", "primary")
        self.send.on_click(lambda _: self.submit())
        show = controls.button("改动记录")
        show.on_click(lambda _: self._history())
        controls.visible(self.send, self.open)
        self.comment, back = controls.note("退回补正的意见（必填）"), controls.button("退回补正", "danger")
        back.on_click(lambda _: self.give_back(self.comment.value))
        returning = controls.box(
            self.comment, controls.row(back, classes=["cx-actions"]), classes=["cx-card", "cx-noprint"]
        )
        controls.visible(returning, self.open and self.side == CHECK_SIDE)
        return controls.box(controls.row(self.send, show, classes=["cx-actions"]), returning)

    def _told(self, field: str, state: str, said: object) -> None:
        """What became of a change."""
        kind, words = SAVED[state]
        if isinstance(said, Saved):
            words += f"（{datetime.fromisoformat(said.at).astimezone(CHINA):%H:%M:%S}）"
        elif isinstance(said, ChengxinError) and state in ("frozen", "failed"):
            words += f"：{said}"
        controls.said_saved(self.saved, kind, words)
        item = self._item(field)
        if state == "theirs" and isinstance(said, Saved) and item is not None:
            self._take(field, said.entry)
        if isinstance(said, Conflict) and item is not None:
            item.conflict(field, said, self._chosen)

    def _chosen(self, field: str, entry: Entry, theirs: Saved) -> None:
        self._take(field, entry)
        if self.saver is not None:
            self.saver.choose(field, entry, theirs)

    def _take(self, field: str, entry: Entry) -> None:
        """Show an entry that did not come from this form's controls."""
        (self.own if self.side == OWN_SIDE else self.found)[field] = entry
        item = self._item(field)
        if item is not None:
            item.show(self.own, self.found)
        self._rejudge()

    def _item(self, field: str) -> ItemForm | None:
        for key, form in self.items.items():
            if field == key or field in form.item.counts:
                return form
        return None

    def _rejudge(self) -> Judged:
        """Judge what is typed and say it everywhere."""
        self.judged = made = judge(self.filing, self.own, self.found)
        checking = self.open and self.side == CHECK_SIDE
        for key, form in self.items.items():
            missing = made.missing.get(key, "") if self.open and not checking else ""
            differs = _differs(self.filing, self.own.get(key, {}), self.found.get(key, {}))
            unchecked = checking and key in made.unchecked
            form.tell(made.said.get(key, ()), made.faults.get(key, ()), missing, differs, unchecked)
        whole = len(self.items)
        left = made.unchecked if checking else list(made.missing | made.faults)
        controls.tell(self.total, "{said}", said=_progress(whole - len(left), whole, len(made.said)))
        self._tell_missing(dict.fromkeys(left, "没有核查") if checking else {**dict.fromkeys(made.faults, "件数有误"),
                                                                              **made.missing})  # fmt: skip
        return made

    def _tell_missing(self, left: Mapping[str, str]) -> None:
        words = ""
        if self.open and left:
            items = "".join(
                escaped(
                    '<li><a href="#item-{id}">{id}. {label}</a>：{said}</li>',
                    id=item.id,
                    label=item.label,
                    said=left[item.id],
                )
                for item in self.filing.form.items
                if item.id in left
            )
            words = f"<details><summary>还有{len(left)}项没有填好</summary><ul>{items}</ul></details>"
        elif self.open:
            words = '<p class="cx-banner cx-ok">各项都已填好，可以提交。</p>'
        said = controls.shown(Html(words), *(["cx-missing"] if left else []), "cx-noprint")
        if words and (not self.missing.children or self.missing.children[0].value != said.value):
            self.missing.children = (said,)

    def _say(self, words: str, state: str = "bad") -> None:
        said = controls.block('<p class="cx-banner cx-{state}" role="alert">{words}</p>', state=state, words=words)
        self.outcome.children = (said,)

    def _history(self) -> None:
        """Who changed what and when; opened and closed by the button."""
        self.past.children = () if self.past.children else (controls.shown(self._past(), "cx-history", "cx-noprint"),)

    def _past(self) -> Html:
        rows = filing_steps.history(self.engine, self.filing.id).iloc[::-1].head(formwords.SHOWN)
        when = pd.to_datetime(rows["at"], format="ISO8601").dt.tz_convert(CHINA)
        shown = rows.assign(when=when.dt.strftime("%m-%d %H:%M:%S"), did=[self._did(row) for row in rows.itertuples()])
        columns = {"when": "时间", "who": "谁", "did": "改动", "why": "说明"}
        return tables.table(shown, columns, f"改动记录（新的在前，最近{formwords.SHOWN}次）", cards=True)

    def _did(self, row: Any) -> str:
        if not row.form:
            return f"状态：{STEPS[step(row.entry or {})]}"
        side = self.filing.form.columns["self" if row.form == OWN else "check"]
        item = self._item(row.what)
        about = self.filing.form.counts.get(row.what, f"第{row.what}项")
        return f"{side} {about}：{item.in_words(row.entry) if item else '—'}"

    def _others(self, names: list[str]) -> None:
        people = "、".join("您的另一个窗口" if name == self.who else name for name in names)
        said = f"{people}也打开了本季报，改动会互相提示" if names else ""
        controls.tell(
            self.others, '<span class="cx-saved cx-warn" role="status">{said}</span>' if said else "", said=said
        )


def _differs(filing: Filing, own: Entry, found: Entry) -> str:
    """How the check differs from the point's answer, in words; empty when it does not."""
    mine, theirs = own.get("answer"), found.get("answer")
    if not mine or not theirs or mine == theirs:
        return ""
    said = filing.form.answers
    return f"自查“{said[mine]}”，核查“{said[theirs]}”，不一致"


def _progress(done: int, whole: int, contradictions: int) -> Html:
    share = int(100 * done / whole)
    tag = f'<span class="cx-tag cx-bad">{contradictions}项有矛盾</span>' if contradictions else ""
    return Html(
        f'<span class="cx-figure">已填<b>{done}</b>／{whole}项</span>{tag}<span class="cx-progress" role="progressbar" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{share}" aria-label="已填比例">'
        f'<i style="width:{share}%"></i></span>'
    )
