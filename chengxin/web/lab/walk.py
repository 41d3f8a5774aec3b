"""Small widgets: an assessment line by line with its reasons; a line tried with a made-up finding; how many do."""

from typing import Any

import pandas as pd

from chengxin.errors import ChengxinError, FaultsError
from chengxin.lab.sample_size import margin_of_error, sample_size, survey_size
from chengxin.render.tables import table
from chengxin.rubric.model import Rubric
from chengxin.rubric.rules import LARGEST
from chengxin.scoring.explain import explain
from chengxin.scoring.score import score
from chengxin.web import controls
from chengxin.web.lab.rule_fields import as_number

LINES = {"line": "条目", "label": "内容", "score": "得分（分）", "points": "满分（分）", "reason": "为什么"}
PLACE = ["cx-page", "cx-broad", "cx-piece"]
SECTIONS = {"base": "得", "bonus": "加", "deduction": "扣"}


class Walk:
    """One assessment, chosen from a list, line by line.

    Parameters
    ----------
    rubric, observations : as `score.score` takes them
    names : assessment → name shown
    """

    def __init__(self, rubric: Rubric, observations: pd.DataFrame, names: dict[str, str]) -> None:
        rows = explain(rubric, score(rubric, observations))
        labels = {line.id: line.label for line in rubric.lines}
        self.rows = rows.assign(label=rows["line"].astype("str").map(labels))
        codes = observations["assessment"].unique()
        self.chosen = controls.selected("评价", [(names.get(code, code), code) for code in codes])
        self.told = controls.block("", "cx-card")
        self.chosen.observe(lambda _: self.show(), names="value")
        self.page = controls.box(self.chosen, self.told, classes=PLACE)
        self.show()

    def show(self) -> None:
        """Say why the chosen assessment has its points."""
        mine = self.rows[self.rows["assessment"] == self.chosen.value]
        controls.tell(self.told, "{rows}", rows=table(mine, LINES, "逐条得分和理由"))


class TryLine:
    """One line with a finding that a person makes up; its points come from the scoring itself.

    Parameters
    ----------
    rubric : with its readings
    """

    def __init__(self, rubric: Rubric) -> None:
        self.rubric = rubric
        self.line = controls.selected("条目", [(f"{line.id} {line.label}", line.id) for line in rubric.lines])
        self.value, self.of = controls.number("查到的数", "1"), controls.number("总数", "20")
        self.wording, self.told = controls.block(""), controls.block("")
        self.line.observe(lambda _: self.show(), names="value")
        for widget in (self.value, self.of):
            widget.observe(lambda _: self.show(), names="value")
        fields = controls.row(self.line, self.value, self.of, classes=["cx-fields"])
        card = controls.box(
            controls.block("<h2>填一个数，看得几分</h2>"), fields, self.wording, self.told, classes=["cx-card"]
        )
        self.page = controls.box(card, classes=PLACE)
        self.show()

    def show(self) -> None:
        """Score what stands in the fields and say the arithmetic."""
        line = self.rubric.line(self.line.value)
        controls.visible(self.of, line.rule.needs_of)
        controls.tell(self.wording, '<p class="cx-official">{text}</p><p class="cx-rule">{rule}</p>', text=line.text,
                   rule=line.rule_in_words())  # fmt: skip
        row = {"assessment": "试算", "line": line.id, "value": as_number(self.value.value), "of": None, "note": ""}
        row |= {"of": as_number(self.of.value)} if line.rule.needs_of else {}
        row |= {"note": "试算"} if line.rule.kind == "marks" else {}  # a mark below full needs a reason
        try:
            told = explain(self.rubric, score(self.rubric, _observed(row)))
        except ChengxinError as error:
            said = error.faults[0] if isinstance(error, FaultsError) else error
            controls.tell(self.told, '<p role="alert" class="cx-saved cx-bad">{said}</p>', said=said)
            return
        reason = told.set_index(told["line"].astype("str")).loc[line.id, "reason"]
        controls.tell(self.told, '<p role="status" class="cx-measured">{reason}</p>', reason=reason)


class Enough:
    """How far a sample of merchants can be off, how many would do, and how many answers confirm a standard."""

    def __init__(self) -> None:
        self.fields = {
            "n": controls.number("抽查（户）", "30"), "population": controls.number("经营户总数（可以空着）", "120"),
            "margin": controls.number("允许误差（百分点）", "10"), "confidence": controls.number("置信水平（%）", "95"),
            "standard": controls.number("满意度标准（%）", "95"), "expected": controls.number("预计满意（%）", "97"),
        }  # fmt: skip
        self.told = controls.block("")
        for widget in self.fields.values():
            widget.observe(lambda _: self.show(), names="value")
        fields = controls.row(*self.fields.values(), classes=["cx-fields"])
        card = controls.box(controls.block("<h2>填上自己的数</h2>"), fields, self.told, classes=["cx-card"])
        self.page = controls.box(card, classes=PLACE)
        self.show()

    def show(self) -> None:
        """Say both sizes for what stands in the fields."""
        try:
            one, two = _enough(**{name: _typed(name, widget) for name, widget in self.fields.items()})
        except ChengxinError as error:
            controls.tell(self.told, '<p role="alert" class="cx-saved cx-bad">{said}</p>', said=error)
            return
        words = '<p role="status" class="cx-measured">{one}</p><p class="cx-measured">{two}</p>'
        controls.tell(self.told, words, one=one, two=two)


def _typed(name: str, widget: Any) -> Any:
    number, whole = as_number(widget.value.strip()), name in ("n", "population")
    if name == "population" and number == "":
        return None
    if isinstance(number, str) or (whole and not isinstance(number, int)) or not abs(number) < LARGEST:
        raise ChengxinError(f"{widget.description}得到“{widget.value}”；应为{'整数' if whole else '数字'}。")
    return number


def _enough(
    n: int, population: int | None, margin: float, confidence: float, standard: float, expected: float
) -> tuple[str, str]:
    off = margin_of_error(n, population, confidence=confidence) * 100
    least = sample_size(population, margin=margin / 100, confidence=confidence)
    answers = survey_size(standard / 100, expected / 100, confidence=confidence)
    every = f"{population}户中" if population else "经营户很多时"
    return (
        f"{every}抽查{n}户，合格率的误差为±{off:.1f}个百分点；误差要在±{margin:g}个百分点以内，至少抽查{least}户"
        f"（把握{confidence:g}%，按合格率50%计，最为保守）。",
        f"预计满意{expected:g}%的，至少有{answers}份有效问卷，才能确认满意度达到{standard:g}%（把握{confidence:g}%）。",
    )


def _observed(row: dict[str, Any]) -> pd.DataFrame:
    """One observation; text where a number should be is refused by name."""
    for name, words in (("value", "查到的数"), ("of", "总数")):
        if isinstance(row[name], str):
            raise ChengxinError(f"{words}得到“{row[name]}”；应为数字。")
    return pd.DataFrame([row]).astype({"value": float, "of": float})
