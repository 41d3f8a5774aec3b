"""Controls for the rule of one line: its kind and the parameters of that kind; what a reading decides is shown only."""

from collections.abc import Callable
from typing import Any, get_args, get_origin

from chengxin.errors import UsageError
from chengxin.rubric.model import Line, Rubric
from chengxin.rubric.rules import KINDS, plain
from chengxin.web import controls

KIND_NAMES = {
    "met": "符合得分", "share": "按比例", "threshold": "达到标准", "per_unit": "逐台逐件扣", "marks": "评定",
    "at_least": "达到次数", "each": "每次都计",
}  # fmt: skip
PARAMETERS = {
    "all_or_nothing": "全部合格才得分", "when_none": "没有此类情形时", "at_least": "标准（%）",
    "inclusive": "包括本数", "below": "未达到时", "each": "每台件扣（分）", "count": "次数", "cap": "最多（分）",
}  # fmt: skip
WORDS = {"full": "得满分", "zero": "不得分", "not_applicable": "不适用", "ratio": "按比例得分"}


class RuleFields:
    """The controls; filled by `show`, read by `typed`.

    Parameters
    ----------
    edited : called after a person changed something
    """

    def __init__(self, edited: Callable[[], None]) -> None:
        self.edited = edited
        self.kind = controls.selected("规则", [(words, kind) for kind, words in KIND_NAMES.items()])
        self.parameters = controls.row(classes=["cx-fields"])
        self.asked: dict[str, Any] = {}
        self.rubric: Rubric | None = None
        self.line: Line | None = None
        self.kind.observe(lambda _: self._kind_chosen(), names="value")

    def show(self, rubric: Rubric, line: Line) -> None:
        """Fill in a line's rule.

        Parameters
        ----------
        rubric : with its readings
        line : as a variant file would have it, before readings rewrite its rule
        """
        self.rubric, self.line = rubric, None  # None: nobody edits now
        self.kind.value = line.rule.kind
        self._ask(rubric, line)
        self.line = line

    def _kind_chosen(self) -> None:
        if self.rubric and self.line:
            self._ask(self.rubric, self.line)
            self.edited()

    def _ask(self, rubric: Rubric, line: Line) -> None:
        """A control for every parameter of the chosen kind, filled from the line where it has one of that name."""
        fixed = decided(rubric, line) if line.rule.kind == self.kind.value else {}
        fields = {name: about for name, about in KINDS[self.kind.value].model_fields.items() if name != "kind"}
        self.asked = {}
        for name, about in fields.items():
            value = fixed.get(name, getattr(line.rule, name, about.get_default()))
            self.asked[name] = _control(name, about.annotation, value)
            self.asked[name].disabled = name in fixed
            self.asked[name].observe(lambda _: self.edited(), names="value")
        note = [controls.block('<p class="cx-rule">灰色的项由下面的读法决定。</p>')] if fixed else []
        self.parameters.children = (*self.asked.values(), *note)

    def typed(self, was: Line) -> dict[str, Any]:
        """The rule as it stands in the controls; what a reading decides is left as the line has it.

        Parameters
        ----------
        was : the line before any change

        Raises
        ------
        UsageError : a standard that is no percentage
        """
        rule: dict[str, Any] = {"kind": self.kind.value}
        for name, widget in self.asked.items():
            if widget.disabled:
                rule[name] = getattr(was.rule, name)
            elif widget.value != "":
                rule[name] = as_number(widget.value)
                if name == "at_least" and isinstance(rule[name], int | float):
                    rule[name] = _share(rule[name])
        return rule


def _control(name: str, kind: Any, value: Any) -> Any:
    if kind is bool:
        ticked = controls.tick(PARAMETERS[name])
        ticked.value = value is True
        return ticked
    if "Literal" in str(get_origin(kind) or kind):
        return controls.selected(PARAMETERS[name], [(WORDS[str(each)], str(each)) for each in get_args(kind)], value)
    number = isinstance(value, int | float)
    return controls.number(PARAMETERS[name], plain(value * (100 if name == "at_least" else 1)) if number else "")


def _share(percent: float) -> float:
    if not 0 < percent <= 100:
        raise UsageError(f"{PARAMETERS['at_least']}得到“{percent:g}”；应为大于0、不大于100的数。")
    return round(percent / 100, 9)


def decided(rubric: Rubric, line: Line) -> dict[str, Any]:
    """Parameters of a line's rule that its readings set, as they are under the chosen options."""
    now = rubric.line(line.id).rule
    sets = [choice.rule for key in line.readings for choice in rubric.readings[key].options.values()]
    names = {name for rule in sets for name in rule if name in type(line.rule).model_fields} - {"kind"}
    return {name: getattr(now, name, getattr(line.rule, name)) for name in names}


def fitting(rubric: Rubric, line: Line, rule: dict[str, Any]) -> tuple[str, ...]:
    """Those of a line's readings that its rule can still take: all, as long as it stays of its kind."""
    if rule["kind"] == line.rule.kind:
        return line.readings
    known = set(KINDS[rule["kind"]].model_fields)
    sets = {key: [choice.rule for choice in rubric.readings[key].options.values()] for key in line.readings}
    return tuple(key for key, rules in sets.items() if all(set(one) <= known for one in rules))


def as_number(typed: Any) -> Any:
    """A number where one was typed, whole where it is whole; anything else as it is, to be refused by name."""
    if not isinstance(typed, str):
        return typed
    try:
        number = float(typed)
    except ValueError:
        return typed
    return int(number) if number.is_integer() else number
