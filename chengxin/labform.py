"""The form 改规则看影响: change a line or a reading, see at once who moves; save what was tried as a variant."""

from pathlib import Path
from typing import Any, get_args, get_origin

import pandas as pd

from chengxin import parts
from chengxin.changing import changed
from chengxin.diff import diff, diff_in_words
from chengxin.errors import ChengxinError
from chengxin.labcharts import bump, moves_table, shift
from chengxin.model import Rubric
from chengxin.pages import banner, head, style
from chengxin.readings import NUMBER
from chengxin.rules import KINDS
from chengxin.tables import Html
from chengxin.variantfile import save_variant
from chengxin.whatif import what_if

KIND_NAMES = {
    "met": "符合得分", "share": "按比例", "threshold": "达到标准", "per_unit": "逐台逐件扣", "marks": "评定",
    "at_least": "达到次数", "each": "每次都计",
}  # fmt: skip
PARAMETERS = {
    "all_or_nothing": "全部合格才得分", "when_none": "没有此类情形时", "at_least": "标准（0.95即95%）",
    "inclusive": "包括本数", "below": "未达到时", "each": "每台件扣（分）", "count": "次数", "cap": "最多（分）",
}  # fmt: skip
WORDS = {"full": "得满分", "zero": "不得分", "not_applicable": "不适用", "ratio": "按比例得分"}


class WhatIfForm:
    """Change points, rule, red line and readings; every change re-scores all assessments.

    Parameters
    ----------
    rubric, observations : as `whatif.what_if` takes them
    names : assessment → name shown
    folder : where variants are saved; default the kit's folder
    demo : whether the observations are sample data
    """

    def __init__(
        self, rubric: Rubric, observations: pd.DataFrame, *, names: dict[str, str] | None = None,
        folder: Path | None = None, demo: bool = False,
    ) -> None:  # fmt: skip
        self.rubric, self.observations, self.names, self.folder = rubric, observations, names or {}, folder
        self.changes: dict[str, Any] = {}
        lines = [(f"{line.id} {line.label}", line.id) for line in rubric.lines]
        self.line = parts.selected("条目", lines)
        self.official, self.kept = parts.block(""), parts.block("")
        self.points = parts.number("分值（分）")
        self.kind = parts.selected("规则", [(words, kind) for kind, words in KIND_NAMES.items()])
        self.parameters = parts.row(classes=["cx-fields"])
        self.red = parts.tick("作红线条目")
        self.readings = {key: self._reading(key) for key in rubric.readings}
        self.apply, self.reset = parts.button("重新评分", "primary"), parts.button("全部改回")
        self.said, self.result = parts.block(""), parts.block("")
        self.about = {
            "id": parts.text("变体编号", placeholder="小写字母开头，如trial_one"), "title": parts.text("名称"),
            "approved_by": parts.text("由谁决定"), "effective_from": parts.text("何时起用", placeholder="2026-01-01"),
            "why": parts.text("为什么改"),
        }  # fmt: skip
        self.save = parts.button("存为变体")
        self.line.observe(lambda _: self._show(), names="value")
        self.kind.observe(lambda _: self._ask(), names="value")
        self.apply.on_click(lambda _: self.score())
        self.reset.on_click(lambda _: self.undo())
        self.save.on_click(lambda _: self.store())
        self.page = self._page(demo)
        self._show()

    def _page(self, demo: bool) -> Any:
        top = Html(style().text + banner(demo).text + head("改规则看影响", self.rubric.title).text)
        line = parts.box(self.line, self.official, parts.row(self.points, self.kind, classes=["cx-fields"]),
                         self.parameters, self.red, classes=["cx-card"])  # fmt: skip
        readings = parts.box(parts.block("<h2>读法</h2>"), *self.readings.values(), classes=["cx-card"])
        saving = parts.box(parts.block("<h2>存为变体</h2>"), parts.row(*self.about.values(), classes=["cx-fields"]),
                           self.save, self.kept, classes=["cx-card"])  # fmt: skip
        actions = parts.row(self.apply, self.reset, classes=["cx-actions"])
        return parts.box(parts.shown(top), line, readings, actions, self.said, self.result, saving,
                         classes=["cx-page", "cx-broad"])  # fmt: skip

    def _reading(self, key: str) -> Any:
        reading = self.rubric.readings[key]
        options = [(choice.text, option) for option, choice in reading.options.items() if option != NUMBER]
        chosen = self.rubric.chosen[key]
        if NUMBER not in reading.options:
            return parts.selected(reading.question, options, chosen)
        shown = "" if isinstance(chosen, str) else f"{chosen:g}"
        return parts.text(f"{reading.question}（填分数；空着为{reading.choice(reading.default).text}）", shown)

    def _show(self) -> None:
        """The chosen line as it stands, changes included."""
        line = changed(self.rubric, self.changes).line(self.line.value)
        parts.tell(self.official, '<p class="cx-official">{text}</p><p class="cx-rule">{rule}</p>', text=line.text,
                   rule=line.rule_in_words())  # fmt: skip
        self.points.value, self.red.value, self.kind.value = f"{line.points:g}", line.red_line, line.rule.kind
        self._ask()

    def _ask(self) -> None:
        """A control for every parameter of the chosen kind of rule, filled from the line where it has it."""
        now = changed(self.rubric, self.changes).line(self.line.value).rule
        self.asked = {}
        for name, about in KINDS[self.kind.value].model_fields.items():
            if name == "kind":
                continue
            value = getattr(now, name, about.get_default())
            choices = [str(each) for each in get_args(about.annotation)] if _is_choice(about.annotation) else []
            if about.annotation is bool:
                self.asked[name] = parts.tick(PARAMETERS[name])
                self.asked[name].value = value is True
            elif choices:
                self.asked[name] = parts.selected(PARAMETERS[name], [(WORDS[each], each) for each in choices], value)
            else:
                self.asked[name] = parts.number(
                    PARAMETERS[name], f"{value:g}" if isinstance(value, int | float) else ""
                )
        self.parameters.children = tuple(self.asked.values())

    def _typed(self) -> dict[str, Any]:
        """All changes so far with those of the line on show and the readings."""
        rule = {name: _value(widget.value) for name, widget in self.asked.items() if widget.value != ""}
        fields = {
            "points": _value(self.points.value),
            "red_line": self.red.value,
            "rule": {"kind": self.kind.value, **rule},
        }
        was = {line.id: line for line in self.rubric.as_written}[self.line.value]
        whole = {"points": was.points, "red_line": was.red_line, "rule": was.rule.model_dump(exclude_none=True)}
        fresh = {name: value for name, value in fields.items() if value != whole[name]}
        typed = {
            key: value for key, value in self.changes.items() if key not in self.readings and key != self.line.value
        }
        typed |= {self.line.value: fresh} if fresh else {}
        options = {key: widget.value or self.rubric.readings[key].default for key, widget in self.readings.items()}
        return typed | {key: option for key, option in options.items() if _value(option) != self.rubric.chosen[key]}

    def score(self) -> None:
        """Re-score everything with what is typed; what does not fit is said and nothing changes."""
        try:
            typed = self._typed()
            found = what_if(self.rubric, self.observations, typed)
        except ChengxinError as error:
            parts.tell(self.said, '<p role="alert" class="cx-saved cx-bad">{said}</p>', said=error)
            return
        self.changes = typed
        words = diff_in_words(diff(self.rubric, found.after))
        wrong = "；".join(found.breaches)
        state = ("warn", f"{wrong}。可继续试算，调回后才能保存") if wrong else ("ok", "基本项合计与原文一致")
        parts.tell(self.said, '<p role="status" class="cx-saved cx-{state}">{said}</p><pre>{words}</pre>',
                   state=state[0], said=state[1], words=words)  # fmt: skip
        charts = "".join(each._repr_html_() for each in (bump(found, names=self.names), shift(found)))
        moves = moves_table(found, self.names).text
        parts.tell(self.result, '<div class="cx-wide">{charts}{moves}</div>', charts=Html(charts), moves=Html(moves))

    def undo(self) -> None:
        """Back to the rubric as it was."""
        self.changes = {}
        for key, widget in self.readings.items():
            chosen = self.rubric.chosen[key]
            typed = NUMBER in self.rubric.readings[key].options
            widget.value = ("" if isinstance(chosen, str) else f"{chosen:g}") if typed else chosen
        self._show()
        for widget in (self.said, self.result):
            parts.tell(widget, "")

    def store(self) -> None:
        """Save what was tried as a variant file."""
        try:
            after = changed(self.rubric, self._typed())
            path = save_variant(after, self.folder, **{name: each.value.strip() for name, each in self.about.items()})
        except ChengxinError as error:
            parts.tell(self.kept, '<p role="alert" class="cx-saved cx-bad">{said}</p>', said=error)
            return
        parts.tell(self.kept, '<p role="status" class="cx-saved cx-ok">已存为{name}</p>', name=path.name)


def _is_choice(annotation: Any) -> bool:
    return "Literal" in str(get_origin(annotation) or annotation)


def _value(typed: Any) -> Any:
    """A number where one was typed, whole where it is whole; anything else as it is, to be refused by name."""
    if not isinstance(typed, str):
        return typed
    try:
        number = float(typed)
    except ValueError:
        return typed
    return int(number) if number.is_integer() else number
