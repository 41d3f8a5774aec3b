"""What the page of monitoring points shows, as tables to take along."""

import pandas as pd

from chengxin import pointwatch as watch
from chengxin.clock import STATES as CLOCK
from chengxin.exports import Sheet, Shown, figures, said
from chengxin.filings import DIRECTIONS
from chengxin.pointwatch import Watch
from chengxin.quarters import in_words
from chengxin.schema import ANSWERS, MANAGEMENT
from chengxin.standing import STATES

COUNTS = {"due": "应报（份）", "in_time": "按期（份）", "late": "逾期（份）", "missing": "未报送（份）",
          "returned": "退回补正（份）", "in_time_rate": "按期报送率（%）"}  # fmt: skip
BY = {"short_name": ("各单位报送", "填报单位"), "sector": ("各行业报送", "行业"), "quarter": ("各季度报送", "季度")}
WANTING = {"state": "状态", "days_late": "逾期（天）", "name": "监测点", "short_name": "填报单位",
           "sector": "行业", "due": "期限", "submitted": "报送日期"}  # fmt: skip
AGREED = {"short_name": "填报单位", "n": "项数", "agreed": "一致（项）", "raw": "一致率（%）",
          "ac1": "AC1系数", "low": "95%下限", "high": "95%上限", "kappa": "Kappa系数"}  # fmt: skip
DIFFERING = {"direction": "性质", "name": "监测点", "short_name": "填报单位", "item": "项目", "label": "内容",
             "self_answer": "自查", "check_answer": "核查"}  # fmt: skip
TOOLS = {"group": "到期情况", "state": "状态", "days_left": "剩余（天）", "kind": "器具", "serial": "出厂编号",
         "management": "管理方式", "valid_until": "有效期至", "held": "监测点", "short_name": "填报单位",
         "place": "位置"}  # fmt: skip
CANDIDATES = {"kind": "名单", "name": "监测点", "short_name": "填报单位", "sector": "行业", "decision": "决定",
              "why": "理由"}  # fmt: skip
KINDS = {"recommend_merchant": ("诚信计量商户推荐候选", "decision_merchant"),
         "cancel_review": ("取消监测点资格研究", "decision_cancel")}  # fmt: skip


def shown(known: Watch, quarter: str, unit: str | None) -> Shown:
    """What the page shows of a quarter and a unit.

    Parameters
    ----------
    known : from `pointwatch.watched`, of all units
    """
    mine = known.of(unit)
    filed = {key: watch.filed(mine, None if key == "quarter" else quarter, key) for key in BY}
    tools = watch.instruments(mine)
    frame = watch.figures(mine, quarter, filed["quarter"], tools)
    sheets = [figures(frame), *(_filed(filed[key], key) for key in BY), _wanting(watch.wanting(mine, quarter)),
              _agreed(watch.agreement(mine, quarter, ["short_name"])), _differing(watch.differing(mine, quarter)),
              _tools(tools), _candidates(mine, quarter)]  # fmt: skip
    names = dict(zip(known.units["code"], known.units["short_name"], strict=True))
    chosen = {"季度": in_words(quarter), "填报单位": names[unit] if unit else "全部填报单位"}
    own = {f"单位设定{n}": words for n, words in enumerate(known.own, 1)}
    return Shown("监测点看板", chosen, known.as_of, known.demo, sheets, (), {**said(frame), **own})


def _filed(rows: pd.DataFrame, by: str) -> Sheet:
    name, head = BY[by]
    rows = rows.assign(in_time_rate=pd.to_numeric(rows["in_time_rate"]))
    if by == "quarter":
        rows = rows.assign(quarter=rows["quarter"].map(in_words))
    return Sheet(name, rows, {by: head, **COUNTS}, {"in_time_rate": 1}, bar="in_time_rate")


def _wanting(rows: pd.DataFrame) -> Sheet:
    late = pd.to_numeric(rows["days_late"]).astype("Int64").where(rows["state"] == "late")
    return Sheet("没有按期报送", rows.assign(state=rows["state"].map(STATES), days_late=late), WANTING)


def _agreed(rows: pd.DataFrame) -> Sheet:
    figure = {name: pd.to_numeric(rows[name]) for name in ("raw", "ac1", "low", "high", "kappa")}
    figure["raw"] = 100 * figure["raw"]
    return Sheet("自查与核查", rows.assign(**figure), AGREED, {"raw": 1, "ac1": 3, "low": 3, "high": 3, "kappa": 3})


def _differing(rows: pd.DataFrame) -> Sheet:
    words = {name: rows[name].map(ANSWERS) for name in ("self_answer", "check_answer")}
    return Sheet("不一致项目", rows.assign(direction=rows["direction"].map(DIRECTIONS), **words), DIFFERING)


def _tools(rows: pd.DataFrame) -> Sheet:
    groups = {key: watch.definitions()[key].label for key in ("out", "urgent", "soon")}
    words = {"group": rows["group"].map(groups), "state": rows["state"].map(CLOCK),
             "management": rows["management"].map(MANAGEMENT)}  # fmt: skip
    return Sheet("器具到期", rows.assign(**words), TOOLS, drawn=20)


def _candidates(known: Watch, quarter: str) -> Sheet:
    parts = [
        rows.assign(kind=name, decision=rows[decision].fillna("").replace("", "待决定"),
                    why=[reasons[-1] for reasons in rows["reasons"]])
        for kind, (name, decision) in KINDS.items() for rows in [watch.candidates(known, quarter, kind)]
    ]  # fmt: skip
    return Sheet("候选名单", pd.concat(parts, ignore_index=True), CANDIDATES, aside=("why",))
