"""The form 改规则看影响: change any line or reading and see at once who moves; variants stand in `variant_shelf`."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from chengxin.errors import ChengxinError, DataError
from chengxin.lab.variants import diff_in_yaml, variant_changes
from chengxin.lab.what_if import WhatIf, breaches, changed, what_if
from chengxin.render.html import banner, escaped, style
from chengxin.render.tables import Html
from chengxin.rubric.diff import diff, diff_in_words
from chengxin.rubric.model import Line, Rubric
from chengxin.rubric.readings import NUMBER
from chengxin.rubric.rules import plain
from chengxin.web import controls
from chengxin.web.lab.charts import bump, lines_table, moves_table, shift
from chengxin.web.lab.rule_fields import PARAMETERS, RuleFields, as_number, fitting
from chengxin.web.lab.variant_shelf import Shelf

SCORED = ("分值", "规则", "红线", "读法")  # changes that a score can feel
RED = {"base": "作红线条目（得零分的为红线情形）", "deduction": "作红线条目（发生扣分的为红线情形）",
       "bonus": "加分项不作红线条目"}  # fmt: skip
SAID = 4  # faults of the data that are told at once


class WhatIfForm:
    """Change points, rule, red line and readings; every edit re-scores all assessments and redraws.

    Parameters
    ----------
    rubric, observations : as `what_if.what_if` takes them
    names : assessment → name shown
    folder : where variants are saved; default the kit's folder
    demo : whether the observations are sample data
    links : to the same page on other observations
    """

    def __init__(
        self, rubric: Rubric, observations: pd.DataFrame, *, names: dict[str, str] | None = None,
        folder: Path | None = None, demo: bool = False, links: Html | None = None,
    ) -> None:  # fmt: skip
        self.rubric, self.observations, self.names = rubric, observations, names or {}
        self.changes: dict[str, Any] = {}
        self.written = {line.id: line for line in rubric.as_written}
        self.line = controls.selected("条目", [(f"{line.id} {line.label}", line.id) for line in rubric.lines])
        self.official, self.bar = controls.block(""), controls.block("", "cx-bar")
        self.points = controls.number("分值（分）")
        self.rule = RuleFields(self.score)
        self.red = controls.tick(RED["base"])
        self.readings = {key: self._reading(key) for key in rubric.readings}
        self.back, self.reset = controls.button("本条改回"), controls.button("全部改回")
        self.said, self.charts, self.tables = controls.block(""), controls.block(""), controls.block("", "cx-card")
        self.shelf = Shelf(rubric, observations, self.names, self.tried, self.put, folder)
        self.quiet = False  # True while the form itself fills its fields
        self.line.observe(lambda _: self._show(), names="value")
        for widget in (self.points, self.red):
            widget.observe(lambda _: self.score(), names="value")
        for widget in self.readings.values():
            widget.observe(lambda _: self._reading_chosen(), names="value")
        self.back.on_click(lambda _: self.undo_line())
        self.reset.on_click(lambda _: self.undo())
        self.page = self._page(demo, links)
        self._show()
        self.score()

    def _page(self, demo: bool, links: Html | None) -> Any:
        lead = escaped('<p class="cx-lead">{title}（{version}），{n}个评价</p>', title=self.rubric.title,
                       version=self.rubric.version, n=self.observations["assessment"].nunique())  # fmt: skip
        top = Html(style().text + banner(demo).text + lead + (links.text if links else ""))
        line = controls.box(
            controls.block("<h2>改一条</h2>"),
            self.line,
            self.official,
            controls.row(self.points, self.rule.kind, classes=["cx-fields"]),
            self.rule.parameters,
            self.red,
            controls.row(self.back, self.reset, classes=["cx-actions"]),
            classes=["cx-card"],
        )
        about = '<h2>读法和上限</h2><p class="cx-rule">原文没有说清的地方换一种理解；加分、总分的上限也在这里。</p>'
        readings = controls.box(controls.block(about), controls.row(*self.readings.values(), classes=["cx-fields"]),
                             classes=["cx-card"])  # fmt: skip
        result = controls.box(controls.block("<h2>影响</h2>"), self.said, self.charts, classes=["cx-card"])
        both = controls.box(controls.box(line, readings), result, classes=["cx-columns"])
        return controls.box(controls.shown(top), self.bar, both, self.tables, *self.shelf.cards,
                         classes=["cx-page", "cx-broad", "cx-lab"])  # fmt: skip

    def _reading(self, key: str) -> Any:
        reading = self.rubric.readings[key]
        if NUMBER in reading.options:
            return controls.text(f"{reading.question}（填分数；空着为{reading.choice(reading.default).text}）",
                              _typed_option(self.rubric.chosen[key]))  # fmt: skip
        options = [(choice.text, option) for option, choice in reading.options.items()]
        return controls.selected(reading.question, options, self.rubric.chosen[key])

    def _show(self) -> None:
        """The chosen line as it stands, changes included."""
        line, self.quiet = self._line(), True
        self.points.value, self.red.value = f"{line.points:g}", line.red_line
        self.red.description, self.red.disabled = RED[line.section], line.section == "bonus"
        self.rule.show(changed(self.rubric, self.changes), line)
        self.quiet = False
        self._tell_line()

    def _line(self) -> Line:
        """The line on show as a variant file would have it, before readings rewrite its rule."""
        return {line.id: line for line in changed(self.rubric, self.changes).as_written}[self.line.value]

    def _tell_line(self) -> None:
        line = changed(self.rubric, self.changes).line(self.line.value)
        controls.tell(self.official, '<p class="cx-official">{text}</p><p class="cx-rule">现在的规则：{rule}</p>',
                   text=line.text, rule=line.rule_in_words())  # fmt: skip

    def _reading_chosen(self) -> None:
        if not self.quiet:
            self.score()
            self._show()

    def _typed(self) -> dict[str, Any]:
        """All changes so far with those of the line on show and the readings."""
        was = self.written[self.line.value]
        whole = {"points": was.points, "red_line": was.red_line, "rule": was.rule.model_dump(exclude_none=True),
                 "readings": was.readings}  # fmt: skip
        fields = {"points": as_number(self.points.value), "red_line": self.red.value, "rule": self.rule.typed(was)}
        before = self.changes.get(was.id, {})
        same = before.get("rule", whole["rule"])["kind"] == fields["rule"]["kind"]
        fields["readings"] = before["readings"] if same and "readings" in before else fitting(
            self.rubric, was, fields["rule"]
        )  # fmt: skip
        kept = {name: value for name, value in before.items() if name not in whole}
        fresh = kept | {name: value for name, value in fields.items() if value != whole[name]}
        typed = {key: value for key, value in self.changes.items() if key in self.written and key != was.id}
        typed |= {was.id: fresh} if fresh else {}
        options = {key: widget.value or self.rubric.readings[key].default for key, widget in self.readings.items()}
        return typed | {key: option for key, option in options.items() if as_number(option) != self.rubric.chosen[key]}

    def tried(self) -> Rubric:
        """The rubric with what stands in the form; ChengxinError where that does not fit."""
        return changed(self.rubric, self._typed())

    def score(self) -> None:
        """Re-score everything with what stands in the form; what does not fit is said and nothing changes."""
        if self.quiet:
            return
        try:
            typed = self._typed()
            found = what_if(self.rubric, self.observations, typed)
        except ChengxinError as error:
            controls.tell(
                self.said, '<p role="alert" class="cx-saved cx-bad">{said}</p>', said=_brief(error, self.rubric)
            )
            return
        self.changes = typed
        self._tell_line()
        controls.tell(self.bar, "{said}", said=Html(summary(found)))
        self._tell_result(found)

    def _tell_result(self, found: WhatIf) -> None:
        controls.visible(self.tables, bool(self.changes))
        if not self.changes:
            controls.tell(self.said, '<p class="cx-rule">还没有改动；改一处，名次和总分的变化随即出现在这里。</p>')
            controls.tell(self.charts, "")
            return
        rows = diff(self.rubric, found.after)
        short, words = (diff_in_words(each) for each in (rows[rows["what"].isin(SCORED)], rows))
        controls.tell(self.said, "<pre>{short}</pre><details><summary>改动全文和YAML</summary><pre>{words}</pre>"
                   "<pre>{text}</pre></details>", short=short, words=words,
                   text=diff_in_yaml(self.rubric, found.after))  # fmt: skip
        drawn = "".join(each._repr_html_() for each in (bump(found, names=self.names), shift(found)))
        controls.tell(self.charts, "{drawn}", drawn=Html(drawn))
        controls.tell(self.tables, "{lines}{moves}", lines=lines_table(found), moves=moves_table(found, self.names))

    def put(self, after: Rubric) -> None:
        """Show a loaded variant of the rubric in the form, in place of the changes so far."""
        found = variant_changes(self.rubric, after)
        self._fill(dict(found.get("changes", {})) | found.get("readings", {}), after)

    def undo(self) -> None:
        """Back to the rubric as it was."""
        self._fill({}, self.rubric)

    def undo_line(self) -> None:
        """Back to what the line on show was."""
        self.changes = {key: value for key, value in self.changes.items() if key != self.line.value}
        self._show()
        self.score()

    def _fill(self, changes: dict[str, Any], rubric: Rubric) -> None:
        self.changes, self.quiet = changes, True
        for key, widget in self.readings.items():
            number = NUMBER in rubric.readings[key].options if key in rubric.readings else False
            chosen = rubric.chosen.get(key, self.rubric.chosen[key])
            widget.value = _typed_option(chosen) if number else chosen
        self.quiet = False
        self._show()
        self.score()


def summary(found: WhatIf) -> str:
    """What the bar says: base total against full marks, how many move, mean total."""
    wrong = breaches(found.after)
    total = sum(line.points for line in found.after.lines if line.section == "base")
    moved = found.table["moved"]
    means = [found.table[side].mean() for side in ("before", "after")]
    state = ("warn", f"{'；'.join(wrong)}。可以试算，调回后才能保存") if wrong else ("ok", "基本项合计与原文一致")
    return escaped(
        '<span class="cx-figure">基本项<b>{total}</b>/{full}分</span><span class="cx-figure">变名次<b>{n}</b>/{all}个'
        '</span><span class="cx-figure">平均总分{old}→<b>{new}</b>分</span>'
        '<span role="status" class="cx-saved cx-{state}">{said}</span>',
        total=plain(total), full=plain(found.after.full_marks), n=int((moved.fillna(0) != 0).sum()),
        all=int(moved.notna().sum()), old=_two(means[0]), new=_two(means[1]), state=state[0], said=state[1],
    )  # fmt: skip


def _brief(error: ChengxinError, rubric: Rubric) -> str:
    """The message with the words of the form; of many faults the first few."""
    named = {"points": "分值", **PARAMETERS}
    words = re.sub(r"(?<=条)(\w+)(?=：)", lambda found: named.get(found[1], found[1]), str(error))
    for key, reading in rubric.readings.items():
        words = words.replace(f"读法“{key}”", f"“{reading.question}”").replace("可用：none、", "可用：空着、")
    first, *rest = words.splitlines()
    first = f"已录入的观测换不到这种规则。{first}" if isinstance(error, DataError) else first
    return "".join([first, *(line.strip() for line in rest[:SAID]), f"……共{len(rest)}处" if len(rest) > SAID else ""])


def _two(number: float) -> str:
    return "—" if pd.isna(number) else f"{number:.2f}"


def _typed_option(chosen: str | float) -> str:
    return "" if isinstance(chosen, str) else plain(chosen)
