"""Two small widgets: an assessment line by line with its reasons; a line tried with a made-up finding, scored live."""

from typing import Any

import pandas as pd

from chengxin import parts
from chengxin.errors import ChengxinError, FaultsError
from chengxin.explain import explain
from chengxin.labrule import as_number
from chengxin.model import Rubric
from chengxin.scoring import score
from chengxin.tables import table

LINES = {"line": "条目", "label": "内容", "score": "得分（分）", "points": "满分（分）", "reason": "为什么"}
PLACE = ["cx-page", "cx-broad", "cx-piece"]
SECTIONS = {"base": "得", "bonus": "加", "deduction": "扣"}


class Walk:
    """One assessment, chosen from a list, line by line.

    Parameters
    ----------
    rubric, observations : as `scoring.score` takes them
    names : assessment → name shown
    """

    def __init__(self, rubric: Rubric, observations: pd.DataFrame, names: dict[str, str]) -> None:
        rows = explain(rubric, score(rubric, observations))
        labels = {line.id: line.label for line in rubric.lines}
        self.rows = rows.assign(label=rows["line"].astype("str").map(labels))
        codes = observations["assessment"].unique()
        self.chosen = parts.selected("评价", [(names.get(code, code), code) for code in codes])
        self.told = parts.block("", "cx-card")
        self.chosen.observe(lambda _: self.show(), names="value")
        self.page = parts.box(self.chosen, self.told, classes=PLACE)
        self.show()

    def show(self) -> None:
        """Say why the chosen assessment has its points."""
        mine = self.rows[self.rows["assessment"] == self.chosen.value]
        parts.tell(self.told, "{rows}", rows=table(mine, LINES, "逐条得分和理由"))


class TryLine:
    """One line with a finding that a person makes up; its points come from the scoring itself.

    Parameters
    ----------
    rubric : with its readings
    """

    def __init__(self, rubric: Rubric) -> None:
        self.rubric = rubric
        self.line = parts.selected("条目", [(f"{line.id} {line.label}", line.id) for line in rubric.lines])
        self.value, self.of = parts.number("查到的数", "1"), parts.number("总数", "20")
        self.wording, self.told = parts.block(""), parts.block("")
        self.line.observe(lambda _: self.show(), names="value")
        for widget in (self.value, self.of):
            widget.observe(lambda _: self.show(), names="value")
        fields = parts.row(self.line, self.value, self.of, classes=["cx-fields"])
        card = parts.box(
            parts.block("<h2>填一个数，看得几分</h2>"), fields, self.wording, self.told, classes=["cx-card"]
        )
        self.page = parts.box(card, classes=PLACE)
        self.show()

    def show(self) -> None:
        """Score what stands in the fields and say the arithmetic."""
        line = self.rubric.line(self.line.value)
        parts.visible(self.of, line.rule.needs_of)
        parts.tell(self.wording, '<p class="cx-official">{text}</p><p class="cx-rule">{rule}</p>', text=line.text,
                   rule=line.rule_in_words())  # fmt: skip
        row = {"assessment": "试算", "line": line.id, "value": as_number(self.value.value), "of": None, "note": ""}
        row |= {"of": as_number(self.of.value)} if line.rule.needs_of else {}
        row |= {"note": "试算"} if line.rule.kind == "marks" else {}  # a mark below full needs a reason
        try:
            told = explain(self.rubric, score(self.rubric, _observed(row)))
        except ChengxinError as error:
            said = error.faults[0] if isinstance(error, FaultsError) else error
            parts.tell(self.told, '<p role="alert" class="cx-saved cx-bad">{said}</p>', said=said)
            return
        reason = told.set_index(told["line"].astype("str")).loc[line.id, "reason"]
        parts.tell(self.told, '<p role="status" class="cx-measured">{reason}</p>', reason=reason)


def _observed(row: dict[str, Any]) -> pd.DataFrame:
    """One observation; text where a number should be is refused by name."""
    for name, words in (("value", "查到的数"), ("of", "总数")):
        if isinstance(row[name], str):
            raise ChengxinError(f"{words}得到“{row[name]}”；应为数字。")
    return pd.DataFrame([row]).astype({"value": float, "of": float})
