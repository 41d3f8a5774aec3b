"""评价录入: the form of one assessment, built from its rubric; saved change by change, scored while typing."""

from collections.abc import Callable, Collection
from datetime import datetime

import ipywidgets as w
from sqlalchemy import Engine

from chengxin.clock import CHINA
from chengxin.errors import ChengxinError, FaultsError
from chengxin.ledgers.filings.quarters import day_in_words
from chengxin.render import html
from chengxin.render.tables import Html
from chengxin.store import attachments
from chengxin.store.drafts import Conflict, Entry, Saved
from chengxin.store.schema import ASSESSMENT_STATES
from chengxin.web import controls
from chengxin.web.entry import words as formwords
from chengxin.web.entry.assessment_line import LineForm
from chengxin.web.entry.attachments import EvidenceForm
from chengxin.web.entry.autosave import Autosave, versions_of
from chengxin.web.entry.merchant_grid import GridForm
from chengxin.workflow import assessment_steps
from chengxin.workflow.assessment import AT, FORM, SAMPLED, Judged, judge, opened

SAVED = {"saved": ("ok", "已保存"), "waiting": ("warn", "正在保存"), "failed": ("bad", "没有保存，将自动重试"),
         "frozen": ("bad", "没有保存"), "conflict": ("bad", "有人先改了，请选用一个值"),
         "theirs": ("ok", "已更新他人的改动")}  # fmt: skip
SOME = 5  # fields that are named when handing in waits for them


class AssessmentForm:
    """The form of one assessment for one person.

    Parameters
    ----------
    engine : from `open_store`
    assessment : its id
    who : the person's name, kept with every change
    now : gives the moment, with a time zone
    review : states that the person may give a submitted assessment: draft (return it), approved
    """

    def __init__(
        self,
        engine: Engine,
        assessment: str,
        *,
        who: str,
        now: Callable[[], datetime],
        review: Collection[str] = ("draft", "approved"),
    ) -> None:
        self.engine, self.who, self.now, self.review = engine, who, now, review
        self.work = opened(engine, assessment)
        self.entries: dict[str, Entry] = {field: one.entry for field, one in self.work.entries.items()}
        self.frozen = self.work.about["status"] != "draft"
        self.saver = Autosave(
            engine, FORM, assessment, who=who, now=now, versions=versions_of(self.work.entries),
            change=self.work.change, told=self._told,
        )  # fmt: skip
        self.total, self.saved, self.others = controls.block(""), controls.saved_line(), controls.block("")
        self.missing, self.outcome, self.past = controls.box(), controls.box(), controls.box()
        self.standing = controls.block("")
        self.lines = self._lines()
        self.grid = GridForm(self.work, self.saver_put, int(f"{now():%Y%m%d}"))
        self.heads: dict[str, w.HTML] = {}
        self.page = self._page()
        self.grid.show(self.entries)
        self.judged = self._rescore()

    def saver_put(self, entries: dict[str, Entry], wait: bool = False) -> None:
        """Take over a person's change and save it."""
        self.entries |= entries
        self.saver.put_all(entries, wait=wait)
        if SAMPLED in entries:
            self.grid.show(self.entries)
        self._rescore()

    def submit(self) -> None:
        """Hand in; what is wrong or missing is listed with a link to each line."""
        self.saver.flush()
        unsettled = [key for key, line in self.lines.items() if line.clash.children] + list(self.saver.waiting)
        if unsettled:
            where = "、".join(map(self.grid.named, unsettled[:SOME])) + ("等" if len(unsettled) > SOME else "")
            self._say(f"{where}有冲突待选定或还没有保存，没有提交；请先处理。")
            return
        try:
            assessment_steps.submit(self.engine, self.work.about["id"], who=self.who, at=self.now())
        except FaultsError as error:
            self.outcome.children = (controls.shown(formwords.refused(error), "cx-card", "cx-bad"),)
        except ChengxinError as error:
            self._say(str(error))
        else:
            self._froze("submitted")
            self._say(f"已提交，总分{self.judged.result['total']:.2f}分。等待审定；需要修改的，请审定人退回。", "ok")

    def move(self, status: str, why: str) -> None:
        """Return, approve or publish, with a comment."""
        try:
            assessment_steps.move(self.engine, self.work.about["id"], status, who=self.who, why=why, at=self.now())
        except ChengxinError as error:
            self._say(str(error))
        else:
            self._froze(status)
            self._say(f"{ASSESSMENT_STATES[status]}。" if status != "draft" else "已退回，可以继续填写。", "ok")

    def _lines(self) -> dict[str, LineForm]:
        """A form for each line, with what the ledgers and the period before say of it."""
        observed = self.work.observed
        measured = {row["line"]: row for row in observed.values.to_dict("records")}
        before = {str(row["line"]): row for row in self.work.before.to_dict("records")}
        behind = dict(list(observed.evidence.groupby("line")))
        kept = attachments.attached(self.engine, self.work.about["id"])["line"].value_counts().to_dict()
        none = observed.evidence.iloc[:0]
        return {
            line.id: LineForm(
                line, self.entries.get(line.id, {}), measured=measured.get(line.id), before=before.get(line.id),
                evidence=behind.get(line.id, none), files=self._files, kept=int(kept.get(line.id, 0)),
                frozen=self.frozen, changed=lambda field, entry, wait: self.saver_put({field: entry}, wait),
            )
            for line in self.work.rubric.lines
        }  # fmt: skip

    def _page(self) -> w.VBox:
        about, rubric = self.work.about, self.work.rubric
        lead = (
            about["short_name"], f"{about['period']}年（截至{day_in_words(about['as_of'])}）",
            f"{rubric.title}（{rubric.version}）", f"填写人：{self.who}",
        )  # fmt: skip
        bar = controls.row(self.total, self.saved, self.others, classes=["cx-bar"])
        body: list[w.Widget] = []
        for name, lines in self._groups().items():
            head = controls.block("")
            self.heads[name] = head
            if self.grid.page not in body and set(lines) & set(self.grid.lines):
                body.append(self.grid.page)
            body.append(controls.box(head, *(self.lines[line].page for line in lines), classes=["cx-group"]))
        return controls.box(
            controls.shown(html.style()), controls.shown(html.banner(bool(about["demo"]))),
            controls.shown(html.head(f"评价录入：{about['name']}", *lead), "cx-head"), self.standing, bar, self.missing,
            *body,
            self.outcome, self._actions(), self.past, classes=["cx-page"],
        )  # fmt: skip

    def _groups(self) -> dict[str, list[str]]:
        """Lines by heading, in the order of the annex."""
        groups: dict[str, list[str]] = {}
        for line in self.work.rubric.lines:
            name = "·".join(filter(None, (line.subject, line.group))) if line.section == "base" else ""
            groups.setdefault(name.rstrip("。") or self.work.rubric.sections[line.section], []).append(line.id)
        return groups

    def _actions(self) -> w.VBox:
        self.send = controls.button("提交", "primary")
        self.send.on_click(lambda _: self.submit())
        comment = controls.note("意见（退回时必填）")
        back, pass_ = controls.button("退回修改", "danger"), controls.button("审定通过", "primary")
        back.on_click(lambda _: self.move("draft", comment.value))
        pass_.on_click(lambda _: self.move("approved", comment.value.strip() or "审定通过"))
        self.reviewing = controls.box(comment, controls.row(back, pass_, classes=["cx-actions"]), classes=["cx-card"])
        show = controls.button("改动记录")
        show.on_click(lambda _: self._history())
        controls.visible(back, "draft" in self.review)
        controls.visible(pass_, "approved" in self.review)
        self._stand()
        return controls.box(controls.row(self.send, show, classes=["cx-actions"]), self.reviewing)

    def _told(self, field: str, state: str, said: object) -> None:
        """What became of a change."""
        kind, words = SAVED[state]
        if isinstance(said, Saved):
            words += f"（{datetime.fromisoformat(said.at).astimezone(CHINA):%H:%M:%S}）"
        elif isinstance(said, ChengxinError) and state in ("frozen", "failed"):
            words += f"：{said}"
        controls.said_saved(self.saved, kind, words)
        if state == "frozen":
            self._froze(assessment_steps.status(self.engine, self.work.about["id"]))
        if state == "theirs" and isinstance(said, Saved):
            self.entries[field] = said.entry
            if field in self.lines:
                self.lines[field].show(said.entry)
            elif field == SAMPLED or AT in field:
                self.grid.show(self.entries)
            self._rescore()
        if isinstance(said, Conflict) and field in self.lines:
            self.lines[field].conflict(said, lambda entry, theirs: self._chosen(field, entry, theirs))
        elif isinstance(said, Conflict):  # two people on one cell of the grid: the first stays, both are told
            self.entries[field] = said.theirs.entry
            self.saver.versions[field] = said.theirs.version
            self.grid.show(self.entries)
            self._say(f"{said.theirs.who}先填了{self.grid.named(field)}，已保留；如需修改请再点一次。")

    def _chosen(self, field: str, entry: Entry, theirs: Saved) -> None:
        self.entries[field] = entry
        self.saver.choose(field, entry, theirs)
        self._rescore()

    def _rescore(self) -> Judged:
        """Score what is typed and say it everywhere."""
        self.judged = made = judge(self.work, self.entries)
        points = dict(zip(made.sheet["line"].astype(str), made.sheet["score"], strict=True))
        for key, form in self.lines.items():
            counted = self.grid.counted(self.entries, key)
            form.tell(points[key], made.faults.get(key, ()), made.missing.get(key, ""), counted)
        for name, lines in self._groups().items():
            said = formwords.subtotal([self.work.rubric.line(line) for line in lines], points)
            controls.tell(
                self.heads[name], '<h2>{name}<span class="cx-points">{said}</span></h2>', name=name, said=said
            )
        controls.tell(self.total, "{said}", said=formwords.total(made.result))
        self._tell_missing(made)
        return made

    def _tell_missing(self, made: Judged) -> None:
        open_ = {} if self.frozen else {**dict.fromkeys(made.faults, "有误"), **made.missing}
        said = controls.shown(formwords.missing(self.work.rubric, open_), "cx-missing")
        if not open_:
            words = "" if self.frozen else '<p class="cx-banner cx-ok">各条都已填好，可以提交。</p>'
            said = controls.shown(Html(words))
        if not self.missing.children or self.missing.children[0].value != said.value:
            self.missing.children = (said,)

    def _say(self, words: str, state: str = "bad") -> None:
        said = controls.block('<p class="cx-banner cx-{state}" role="alert">{words}</p>', state=state, words=words)
        self.outcome.children = (said,)

    def _froze(self, status: str) -> None:
        """The form after a step: what is stored, open or frozen."""
        self.work = opened(self.engine, self.work.about["id"])
        self.entries = {field: one.entry for field, one in self.work.entries.items()}
        self.saver.versions, self.frozen = versions_of(self.work.entries), status != "draft"
        for key, form in self.lines.items():
            form.show(self.entries.get(key, {}))
            form.freeze(self.frozen)
        self.grid.grid.frozen = self.frozen
        self.grid.show(self.entries)
        self._stand()
        self._rescore()

    def _stand(self) -> None:
        """Where the assessment stands: which buttons there are, and why it came back or cannot be changed."""
        status = self.work.about["status"]
        controls.visible(self.send, status == "draft")
        controls.visible(self.reviewing, bool(self.review) and status == "submitted")
        back = assessment_steps.comment(self.engine, self.work.about["id"]) if status == "draft" else ""
        controls.tell(self.standing, "{said}", said=formwords.standing(status, back))

    def _files(self, line: str) -> w.Widget:
        """The photos and documents of a line."""
        return EvidenceForm(self.engine, self.work.about["id"], line, who=self.who, now=self.now, frozen=self.frozen,
                            told=self.lines[line].count).page  # fmt: skip

    def _history(self) -> None:
        """Who changed what and when; opened and closed by the button."""
        if self.past.children:
            self.past.children = ()
            return
        said = formwords.history(self.work.rubric, assessment_steps.history(self.engine, self.work.about["id"]))
        self.past.children = (controls.shown(said, "cx-history"),)

    def watch(self) -> None:
        """Look at what others do, while the kernel lives."""
        self.saver.watch(self._others)

    def _others(self, names: list[str]) -> None:
        """Who else is here; and the form follows a step that somebody else took."""
        status = assessment_steps.status(self.engine, self.work.about["id"])
        if status != self.work.about["status"]:
            self._froze(status)
            self._say(f"本评价已由他人改为“{ASSESSMENT_STATES[status]}”。", "warn")
        people = "、".join("您的另一个窗口" if name == self.who else name for name in names)
        said = f"{people}也打开了本评价，改动会互相提示" if names else ""
        controls.tell(
            self.others, '<span class="cx-saved cx-warn" role="status">{said}</span>' if said else "", said=said
        )
