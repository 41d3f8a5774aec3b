"""What the page of one area shows, as tables and a chart to take along."""

import pandas as pd

from chengxin.figures.area import CloseUp
from chengxin.figures.breakdown import figures
from chengxin.render import charts
from chengxin.store.schema import ASSESSMENT_STATES, IMPROVEMENT_STATES, OUTCOMES
from chengxin.web import exports
from chengxin.web.dashboard.area_html import STEPS
from chengxin.web.exports import Sheet, Shown

LINES = {"line": "条目", "label": "内容", "score": "得分", "points": "分值", "state": "评价情况", "value": "数值",
         "of": "总数", "source": "来源", "reason": "得分说明", "text": "考评标准（原文）"}  # fmt: skip
DRAWN = {"label": "得分构成", "word": "性质", "points": "分"}
GROUPS = {"subject": "对象", "label": "检查内容", "got": "得分", "points": "分值", "rate": "得分率（%）",
          "median": "同类中位数（%）", "gap": "差（百分点）"}  # fmt: skip
PAST = {"period": "评价期", "total": "总分（分）", "low": "最低可能（分）", "high": "最高可能（分）",
        "change": "比上期（分）", "median": "同类中位数（分）", "place": "名次", "tied": "并列",
        "count": "已评完同类（个）", "red_lines": "红线条目", "status": "状态", "as_of": "截至"}  # fmt: skip
PLACED = ("place", "tied", "count")
MEND = {"points": "可挽回（分）", "line": "条目", "label": "内容", "remedy": "整改建议", "owner": "责任方",
        "due": "期限", "state": "状态"}  # fmt: skip
EVIDENCE = {"line": "条目", "said": "台账记录", "id": "台账编号", "counted": "计入"}


def shown(close: CloseUp, demo: bool) -> Shown:
    """What the page shows of an area.

    Parameters
    ----------
    demo : whether sample data are shown
    """
    about, head = close.about, figures(close.about, close.past, close.mend, close.part)
    words = [STEPS[kind][1] for kind in close.steps["kind"]]
    past = close.past.assign(status=close.past["status"].map(ASSESSMENT_STATES))
    seen = {name: head for name, head in PAST.items() if not close.part or name not in PLACED}
    chart = charts.waterfall(close.steps, f"{about['name']}得分构成")
    chosen = {"评价对象": str(about["name"]), "评价期": f"{about['period']}年", "填报单位": str(about["short_name"])}
    rubric = f"{close.rubric.title}（{close.rubric.version}，{close.rubric.source.annex}）"
    lead, lines, groups, mend = exports.figures(head), _lines(close.lines), _groups(close.groups), _mend(close.mend)
    years = Sheet("历年结果", past, seen)
    return Shown("景区街区看板", chosen, about["as_of"].date(), demo, [
        lead, lines, Sheet("得分构成", close.steps.assign(word=words), DRAWN, {"points": 4}), groups, years, mend,
        Sheet("台账依据", close.evidence[close.evidence["telling"]], EVIDENCE),
    ], [lead, chart, groups, mend, years, lines], {**exports.said(head), "评分依据": rubric})  # fmt: skip


def _lines(lines: pd.DataFrame) -> Sheet:
    states = {**OUTCOMES, "not_assessed": "未评"}
    rows = lines.assign(state=lines["outcome"].astype("str").map(states))
    digits = {"score": 4, "points": 0, "value": 0, "of": 0}
    return Sheet("逐条得分", rows, LINES, digits, aside=["state", "value", "of", "source", "text"], drawn=len(rows))


def _groups(groups: pd.DataFrame) -> Sheet:
    rates = ["rate", "median", "gap"]
    rows = groups.assign(**{name: 100 * groups[name] for name in rates})
    return Sheet("同类比较", rows, GROUPS, {"got": 4, "points": 0, **dict.fromkeys(rates, 1)}, bar="rate")


def _mend(mend: pd.DataFrame) -> Sheet:
    rows = mend.assign(due=mend["due_on"].dt.strftime("%Y-%m-%d"), state=mend["state"].map(IMPROVEMENT_STATES))
    return Sheet("整改事项", rows, MEND, {"points": 4})
