"""What the lab's notebooks work on: a rubric with observations of a period; wording beside rule and example."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from chengxin import readers
from chengxin.errors import UsageError
from chengxin.labform import WhatIfForm
from chengxin.model import Line, Rubric
from chengxin.rubric import load_rubric
from chengxin.rules import plain
from chengxin.store import open_store
from chengxin.tables import Html, table

HEADINGS = {
    "assessment": "评价", "total": "总分（分）", "rank": "名次", "low": "最低", "high": "最高", "note": "说明",
    "change": "变动（分）", "rank_before": "原名次", "rank_after": "新名次", "by": "由哪些条目（分）",
    "reading": "读法",
    "option": "改用", "changed": "变分（个）", "most": "最大变动（分）", "reranked": "变名次（个）",
    "most_places": "最多变（位）", "line": "条目", "label": "内容", "findings": "提示", "weight": "名义权重",
    "effective": "实际权重", "n": "对数", "agreed": "一致", "raw": "一致率", "ac1": "AC1", "kappa_note": "kappa说明",
    "said": "偏差", "reference": "参考（分）", "teams": "小组（个）", "bias": "平均偏差（分）", "off": "偏差（分）",
    "differ": "不同（条）",
}  # fmt: skip


@dataclass(frozen=True)
class Study:
    """What is studied.

    Parameters
    ----------
    rubric : with its readings
    observations : of one period, as `scoring.score` takes them
    names : assessment → name
    demo : whether they are sample data
    checks, population : what was found at each merchant, and how many merchants there are, as `rank_intervals` takes
        them; empty where merchants were only counted
    """

    rubric: Rubric
    observations: pd.DataFrame = field(repr=False)
    names: dict[str, str] = field(repr=False)
    demo: bool
    checks: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    population: dict[str, float] = field(default_factory=dict, repr=False)

    def form(self) -> WhatIfForm:
        """The form 改规则看影响 on these observations."""
        return WhatIfForm(self.rubric, self.observations, names=self.names, demo=self.demo)


def study(period: str, rubric: str, database: str | Engine | None = None) -> Study:
    """Read what is to be studied.

    Parameters
    ----------
    period : of the assessments, 2026
    rubric : id of a rubric of the kit, or a variant of one: observations are those made by the rubric it extends
    database : URL, file or engine; None: as `store.open_store`

    Raises
    ------
    UsageError : no such rubric, or no observations of that period
    StoreError : the database cannot be read
    """
    chosen = load_rubric(rubric)
    engine = database if isinstance(database, Engine) else open_store(database, read_only=True)
    found = readers.observations(engine, period, rubric=chosen.id)
    about = readers.assessments(engine, period)
    checks, population = readers.merchant_checks(engine, period, chosen.id)
    if not isinstance(database, Engine):
        engine.dispose()
    if found.empty:
        raise UsageError(f"数据库里{period}没有用“{chosen.id}”的评价；请核对评价期和细则。")
    about = about[about["rubric"] == chosen.id]
    names = dict(zip(about["id"], about["name"], strict=True))
    return Study(chosen, found, names, bool(about["demo"].any()), checks, population)


def beside_wording(rubric: Rubric) -> Html:
    """Every line's wording, its rule in words and a worked example, scored by the rule itself."""
    rows = [
        {"line": line.id, "text": line.text, "rule": line.rule_in_words(), "example": example(line),
         "note": line.note or ""}
        for line in rubric.lines
    ]  # fmt: skip
    columns = {"line": "条目", "text": "原文", "rule": "规则", "example": "举例", "note": "说明"}
    return table(pd.DataFrame(rows), columns, f"{rubric.title}（{rubric.version}）原文与规则对照")


def example(line: Line) -> str:
    """A made-up finding of a line and its points, such as ``18/20户：3.6分``; computed, not written."""
    unit = line.unit or "次"
    if line.rule.needs_of:
        value, of, said = 18.0, 20.0, f"20{unit}中18{unit}"
    else:
        value, of = 1.0, np.nan
        said = "符合" if line.rule.kind == "met" else "评1分" if line.rule.kind == "marks" else f"1{unit}"
    points = float(line.rule.score(line.points, np.array([value]), np.array([of]))[0])
    verb = {"base": "得", "bonus": "加", "deduction": "扣"}[line.section]
    return f"{said}：{verb}{plain(points)}分"


def together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Observations of several assessments in one frame."""
    return pd.concat(parts, ignore_index=True)


def shown(frame: pd.DataFrame, *columns: str) -> str:
    """Some columns of a result as plain text with Chinese headings; what is missing is a dash."""
    numbers = frame[list(columns)].map(lambda value: round(value, 3) if isinstance(value, float) else value)
    return numbers.rename(columns=HEADINGS).to_string(index=False, na_rep="—")
