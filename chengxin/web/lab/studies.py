"""What the lab's notebooks work on: a rubric with observations of a period; wording beside rule and example."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from chengxin.errors import UsageError
from chengxin.lab.assessors import beside
from chengxin.render.html import banner, escaped, served, style
from chengxin.render.tables import Html, table
from chengxin.reports.monitoring_year import CITY
from chengxin.reports.recheck import rechecked
from chengxin.rubric.load import load_rubric, rubric_paths
from chengxin.rubric.model import Line, Rubric
from chengxin.rubric.rules import plain
from chengxin.store import read
from chengxin.store.engine import open_store
from chengxin.store.schema import AREA_KINDS
from chengxin.web.lab.walk import Walk
from chengxin.web.lab.what_if_form import WhatIfForm
from chengxin.workflow import inputs

HEADINGS = {
    "lines": "条目", "why": "不能量出的原因",
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
    observations : of one period, as `score.score` takes them
    names : assessment → name
    demo : whether they are sample data
    period : of the assessments
    checks, population : what was found at each merchant, and how many merchants there are, as `rank_intervals` takes
        them; empty where merchants were only counted
    others : period and rubric of what else the reader may study
    """

    rubric: Rubric
    observations: pd.DataFrame = field(repr=False)
    names: dict[str, str] = field(repr=False)
    demo: bool
    period: str
    checks: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    population: dict[str, float] = field(default_factory=dict, repr=False)
    others: tuple[tuple[str, str], ...] = ()

    def form(self) -> WhatIfForm:
        """The form 改规则看影响 on these observations."""
        return WhatIfForm(self.rubric, self.observations, names=self.names, demo=self.demo, links=self.links())

    def walk(self) -> Any:
        """A widget: one assessment, chosen from a list, line by line with the reason for its points."""
        return Walk(self.rubric, self.observations, self.names).page

    def about(self) -> str:
        """Which assessments, Chinese."""
        return f"{self.period}年{self.observations['assessment'].nunique()}个评价"

    def opening(self) -> Html:
        """What the notebook stands on: 演示数据, rubric and number of assessments, or that there are none."""
        said = f"{self.rubric.title}（{self.rubric.version}），{self.about()}。"
        if self.observations.empty:
            said = f"{self.period}年没有你能看到的、用“{self.rubric.title}”的评价；评价录入后再看，或改用别的评价期。"
        words = '{style}<div class="cx-page cx-broad cx-piece">{banner}<p class="cx-lead">{said}</p>{links}</div>'
        return Html(escaped(words, style=style(), banner=banner(self.demo), said=said, links=self.links()))

    def links(self) -> Html:
        """On the site: the same page on the other assessments; in a notebook the cell itself is changed."""
        if not served() or not self.others:
            return Html("")
        here = self.period, self.rubric.id
        link, shown = '<a href="?rubric={rubric}&amp;period={period}">{words}</a>', "<strong>{words}</strong>"
        told = [
            escaped(shown if (period, rubric) == here else link, rubric=rubric, period=period,
                    words=f"{period}年{AREA_KINDS.get(rubric, rubric)}")
            for period, rubric in self.others
        ]  # fmt: skip
        each = "　".join(f'<span class="cx-figure">{one}</span>' for one in told)
        return Html(f'<p class="cx-rule">看哪一批评价：{each}</p>')


def study(
    period: str, rubric: str, database: str | Engine | None = None, asked: Mapping[str, str] | None = None
) -> Study:
    """Read what is to be studied.

    Parameters
    ----------
    period : of the assessments, 2026
    rubric : id of a rubric of the kit, or a variant of one: observations are those made by the rubric it extends
    database : URL, file or engine; None: as `engine.open_store`
    asked : what the page's address asks for (`visitor.asked`): another ``period``, or another ``load`` of the kit;
        anything else is left aside

    Returns
    -------
    what is there for the reader, which may be nothing: `opening` then says so

    Raises
    ------
    UsageError : no such rubric
    StoreError : the database cannot be read
    """
    wanted = asked or {}
    period = wanted["period"] if re.fullmatch("[0-9]{4}", wanted.get("period", "")) else period
    chosen = load_rubric(wanted["rubric"] if wanted.get("rubric") in rubric_paths() else rubric)
    engine = database if isinstance(database, Engine) else open_store(database, read_only=True)
    found, about = inputs.studied(engine, chosen, period)
    checks, population = read.merchant_checks(engine, period, chosen.id)
    others = read.periods(engine).sort_values(["rubric", "period"], ascending=[False, False])
    if not isinstance(database, Engine):
        engine.dispose()
    names = dict(zip(about["id"], about["name"], strict=True))
    pairs = tuple(zip(others["period"], others["rubric"], strict=True))
    return Study(chosen, found, names, bool(about["demo"].any()), period, checks, population, pairs)


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
    """Items of a period's filings that point and on-site check both answered, see `inputs.checked_filings`."""
    engine = database if isinstance(database, Engine) else open_store(database, read_only=True)
    found = inputs.checked_filings(engine, period)
    if not isinstance(database, Engine):
        engine.dispose()
    return found


def rechecks(studied: Study, database: str | Engine | None = None) -> pd.DataFrame:
    """Self-assessment against re-check, as `lab.compare`, over the lines looked at; empty where nothing was."""
    engine = database if isinstance(database, Engine) else open_store(database, read_only=True)
    try:
        both = rechecked(engine, CITY, studied.period).side_by_side(studied.rubric.id)
    except UsageError:  # nothing was re-checked in the period
        return pd.DataFrame()
    finally:
        if not isinstance(database, Engine):
            engine.dispose()
    return beside(studied.rubric, both, "自评") if len(both) else pd.DataFrame()


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


def satisfaction_otherwise(rubric: Rubric) -> dict[str, Any]:
    """Changes for `lab.what_if`: satisfaction by share instead of a standard of 95 %, or the other way round."""
    line = next(line for line in rubric.lines if line.unit == "份")
    rule = {"kind": "share"} if line.rule.kind == "threshold" else {"kind": "threshold", "at_least": 0.95}
    return {line.id: {"rule": rule | {"when_none": "zero"}, "readings": ()}}


def kit_variants(rubric: Rubric) -> dict[str, Rubric]:
    """The kit's variants of a rubric, by what their title adds to that of the rubric."""
    found = [load_rubric(name) for name, path in rubric_paths().items() if path.parent.name == "variants"]
    titles = {one.changed_by.title: one for one in found if one.changed_by and one.id == rubric.id}
    return {title.removeprefix(rubric.title).strip("（）") or title: one for title, one in titles.items()}


def shown(frame: pd.DataFrame, *columns: str) -> str:
    """Some columns of a result as plain text with Chinese headings; what is missing is a dash."""
    numbers = frame[list(columns)].map(lambda value: round(value, 3) if isinstance(value, float) else value)
    told = numbers.astype(object).where(numbers.notna(), "—")
    return told.rename(columns=HEADINGS).to_string(index=False)
