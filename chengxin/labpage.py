"""What the lab's notebooks work on: a rubric with observations of a period; wording beside rule and example."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from chengxin import labsource, readers
from chengxin.labform import WhatIfForm
from chengxin.labwalk import Walk
from chengxin.model import Line, Rubric
from chengxin.pages import banner, escaped, style
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
    "merchants": "抽查户重抽", "item": "项",
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
    period : of the assessments
    checks, population : what was found at each merchant, and how many merchants there are, as `rank_intervals` takes
        them; empty where merchants were only counted
    """

    rubric: Rubric
    observations: pd.DataFrame = field(repr=False)
    names: dict[str, str] = field(repr=False)
    demo: bool
    period: str
    checks: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    population: dict[str, float] = field(default_factory=dict, repr=False)

    def form(self) -> WhatIfForm:
        """The form 改规则看影响 on these observations."""
        return WhatIfForm(self.rubric, self.observations, names=self.names, demo=self.demo)

    def walk(self) -> Any:
        """A widget: one assessment, chosen from a list, line by line with the reason for its points."""
        return Walk(self.rubric, self.observations, self.names).page

    def opening(self) -> Html:
        """What the notebook stands on: 演示数据, rubric and number of assessments, or that there are none."""
        n = self.observations["assessment"].nunique()
        said = f"{self.rubric.title}（{self.rubric.version}），{self.period}年{n}个评价。"
        if not n:
            said = f"{self.period}年没有你能看到的、用“{self.rubric.title}”的评价；评价录入后再看，或改用别的评价期。"
        words = '{style}<div class="cx-page cx-broad cx-piece">{banner}<p class="cx-lead">{said}</p></div>'
        return Html(escaped(words, style=style(), banner=banner(self.demo), said=said))


def study(period: str, rubric: str, database: str | Engine | None = None) -> Study:
    """Read what is to be studied.

    Parameters
    ----------
    period : of the assessments, 2026
    rubric : id of a rubric of the kit, or a variant of one: observations are those made by the rubric it extends
    database : URL, file or engine; None: as `store.open_store`

    Returns
    -------
    what is there for the reader, which may be nothing: `opening` then says so

    Raises
    ------
    UsageError : no such rubric
    StoreError : the database cannot be read
    """
    chosen = load_rubric(rubric)
    engine = database if isinstance(database, Engine) else open_store(database, read_only=True)
    found, about = labsource.studied(engine, chosen, period)
    checks, population = readers.merchant_checks(engine, period, chosen.id)
    if not isinstance(database, Engine):
        engine.dispose()
    names = dict(zip(about["id"], about["name"], strict=True))
    return Study(chosen, found, names, bool(about["demo"].any()), period, checks, population)


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


def checked_filings(period: str, database: str | Engine | None = None) -> pd.DataFrame:
    """Items of a period's filings that point and on-site check both answered, see `labsource.checked_filings`."""
    engine = database if isinstance(database, Engine) else open_store(database, read_only=True)
    found = labsource.checked_filings(engine, period)
    if not isinstance(database, Engine):
        engine.dispose()
    return found


def paper_case(studied: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A made-up exercise on the first assessment: what three teams answered, and the reference.

    Two lines are judged otherwise by one team each; both frames are empty where nothing is studied.
    """
    seen = studied.observations
    case = seen[seen["assessment"] == seen["assessment"].min()].assign(assessment="参考")
    met = [line.id for line in studied.rubric.lines if line.rule.kind == "met" and line.section == "base"]
    met = [line for line in met if line in set(case["line"])][:2]
    teams = [case.assign(assessment=name) for name in ("甲组", "乙组", "丙组")]
    for n, line in enumerate(met, 1):
        other = teams[n]["value"].mask(teams[n]["line"] == line, 1 - teams[n]["value"])
        teams[n] = teams[n].assign(value=other, outcome="assessed")
    return pd.concat(teams, ignore_index=True), case.reset_index(drop=True)


def shown(frame: pd.DataFrame, *columns: str) -> str:
    """Some columns of a result as plain text with Chinese headings; what is missing is a dash."""
    numbers = frame[list(columns)].map(lambda value: round(value, 3) if isinstance(value, float) else value)
    return numbers.rename(columns=HEADINGS).to_string(index=False, na_rep="—")
