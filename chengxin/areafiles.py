"""What the page of one area shows, as tables to take along."""

import pandas as pd

from chengxin import charts
from chengxin.breakdown import figures as heads
from chengxin.closeup import CloseUp
from chengxin.exports import Sheet, Shown, figures, said
from chengxin.rules import plain
from chengxin.schema import ASSESSMENT_STATES, IMPROVEMENT_STATES

KINDS = {"full": "满分", "lost": "失分", "missing": "未评", "adjust": "调整", "bonus": "加分",
         "deduction": "扣分", "total": "总分"}  # fmt: skip
OUTCOMES = {"assessed": "已评", "not_applicable": "不适用", "not_assessed": "未评"}
SECTIONS = {"base": "基础", "bonus": "加分", "deduction": "扣分"}
STEPS = {"label": "构成", "kind": "性质", "points": "分值（分）", "end": "累计（分）"}
LINES = {"line": "条目", "section": "性质", "label": "内容", "points": "分值（分）", "score": "得分（分）",
         "outcome": "评价情况", "value": "数值", "of": "总数", "source": "来源", "reason": "得分说明",
         "text": "原文"}  # fmt: skip
GROUPS = {"subject": "对象", "label": "检查内容", "points": "分值（分）", "got": "得分（分）",
          "rate": "得分率（%）", "median": "同类中位数（%）", "gap": "差（百分点）"}  # fmt: skip
MEND = {"line": "条目", "label": "内容", "points": "可挽回（分）", "remedy": "整改措施", "owner": "责任方",
        "due_on": "期限", "state": "状态", "rectified_on": "整改日期", "rechecked_on": "复查日期"}  # fmt: skip
PAST = {"period": "评价期", "total": "总分（分）", "low": "最低可能（分）", "high": "最高可能（分）",
        "change": "比上期（分）", "median": "同类中位数（分）", "place": "名次", "count": "同类已评完（个）",
        "red_lines": "红线条目", "status": "状态", "as_of": "截至"}  # fmt: skip
FINE = 4  # decimals of points of a line


def shown(close: CloseUp, demo: bool) -> Shown:
    """What the page shows of one assessment.

    Parameters
    ----------
    close : from `closeup.closeup`
    demo : whether there is sample data
    """
    about, frame = close.about, heads(close.about, close.past, close.mend)
    drawn = set(close.steps["kind"]) <= set(charts.KINDS)
    sheets = [
        figures(frame), _steps(close.steps, not drawn), _lines(close.lines), _groups(close.groups),
        Sheet("整改事项", close.mend.assign(state=close.mend["state"].map(IMPROVEMENT_STATES)), MEND, {"points": FINE}),
        Sheet("历年结果", close.past.assign(status=close.past["status"].map(ASSESSMENT_STATES)), PAST),
    ]  # fmt: skip
    picture = [charts.waterfall(close.steps, "从满分到总分")] if drawn else []
    chosen = {"评价对象": about["name"], "填报单位": about["short_name"], "评价期": f"{about['period']}年"}
    rubric = close.rubric
    readings = {rubric.readings[key].question: rubric.choice_in_words(key) for key in rubric.chosen}
    basis = {"细则": f"{rubric.title}（{rubric.version}，{rubric.source.annex}）", **readings}
    return Shown("景区街区看板", chosen, about["as_of"].date(), demo, sheets, picture, {**said(frame), **basis})


def _steps(steps: pd.DataFrame, drawn: bool) -> Sheet:
    rows = steps.assign(kind=steps["kind"].map(KINDS))
    return Sheet("得分构成", rows, STEPS, {"points": FINE, "end": FINE}, drawn=len(rows) if drawn else 0)


def _lines(lines: pd.DataFrame) -> Sheet:
    rows = lines.assign(section=lines["section"].astype("str").map(SECTIONS),
                        outcome=lines["outcome"].astype("str").map(OUTCOMES))  # fmt: skip
    numbers = ("points", "score", "value", "of")  # each with the decimals it has
    for name in numbers:
        rows[name] = ["" if pd.isna(cell) else plain(round(cell, 4)) for cell in lines[name]]
    return Sheet("评分表", rows, LINES, right=numbers, aside=("text", "section"))


def _groups(groups: pd.DataFrame) -> Sheet:
    rates = {name: 100 * groups[name] for name in ("rate", "median", "gap")}
    return Sheet("同类比较", groups.assign(**rates), GROUPS, dict.fromkeys(rates, 1), bar="rate")
