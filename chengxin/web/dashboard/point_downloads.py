"""What the page of monitoring points shows, as tables to take along."""

import pandas as pd

from chengxin.figures import points, points_head
from chengxin.figures.points import Watch
from chengxin.ledgers.filings.judge import DIRECTIONS
from chengxin.ledgers.filings.quarters import in_words
from chengxin.ledgers.filings.status import STATES
from chengxin.ledgers.verification import STATES as CLOCK
from chengxin.store.schema import ANSWERS, MANAGEMENT
from chengxin.web import exports
from chengxin.web.exports import Sheet, Shown

FILED = {"whole": "应报（份）", "in_time": "期限内（份）", "in_time_rate": "按期报送率（%）", "late": "逾期（份）",
         "returned": "退回补正（份）", "missing": "未报送（份）", "not_due": "未到期（份）"}  # fmt: skip
WANTING = {"state": "状态", "days_late": "逾期（天）", "name": "监测点", "short_name": "填报单位", "sector": "行业",
           "due": "期限", "submitted": "报送日期"}  # fmt: skip
AGREED = {"by": "分组", "group": "名称", "n": "项数", "agreed": "一致（项）", "raw": "一致率（%）", "ac1": "AC1系数",
          "low": "区间下限", "high": "区间上限", "kappa": "Kappa系数", "kappa_note": "说明"}  # fmt: skip
DIFFERS = {"way": "差异", "name": "监测点", "short_name": "填报单位", "item": "项", "label": "监测内容", "own": "自查",
           "seen": "核查"}  # fmt: skip
TOOLS = {"state": "状态", "days_left": "剩余（天）", "until": "有效期至", "kind": "器具名称", "serial": "出厂编号",
         "management": "管理方式", "held": "监测点", "short_name": "填报单位", "place": "使用地点"}  # fmt: skip
CANDIDATES = {"name": "监测点", "short_name": "填报单位", "sector": "行业", "decision": "决定", "reason": "依据"}
BY = {"short_name": ("各填报单位", "填报单位"), "sector": ("各行业", "行业"), "quarter": ("各季度", "季度")}

KINDS = {"merchant": "诚信计量商户候选", "cancel": "取消资格研究"}


def shown(watch: Watch, quarter: str, unit: str) -> Shown:
    """What the page shows of a quarter.

    Parameters
    ----------
    watch : of the unit that was chosen
    unit : its name, or empty for all
    """
    filed = {by: points.filed(watch, None if by == "quarter" else quarter, by) for by in BY}
    tools = points.instruments(watch)
    head = points_head.figures(watch, quarter, filed["quarter"], tools)
    sheets = [exports.figures(head)]
    for by, (name, label) in BY.items():
        rows = filed[by].assign(in_time_rate=pd.to_numeric(filed[by]["in_time_rate"]))
        if by == "quarter":
            rows["quarter"] = rows["quarter"].map(in_words)
        sheets.append(Sheet(f"{name}报送", rows, {by: label, **FILED}, {"in_time_rate": 1}, bar="in_time_rate"))
    sheets += [_wanting(watch, quarter), _agreed(watch, quarter), _differing(watch, quarter), _tools(tools)]
    sheets += [_candidates(watch, quarter, *kind) for kind in KINDS.items()]
    return Shown("监测点看板", {"季度": in_words(quarter), "填报单位": unit}, watch.as_of, watch.demo, sheets, sheets,
                 exports.said(head))  # fmt: skip


def _days(column: pd.Series) -> pd.Series:
    return pd.to_datetime(column).dt.strftime("%Y-%m-%d")


def _wanting(watch: Watch, quarter: str) -> Sheet:
    rows = points.wanting(watch, quarter)
    rows = rows.assign(state=rows["state"].map(STATES), due=_days(rows["due"]), submitted=_days(rows["submitted"]),
                       days_late=pd.to_numeric(rows["days_late"]).astype("Int64"))  # fmt: skip
    return Sheet("没有按期或没有填完", rows, WANTING)


def _agreed(watch: Watch, quarter: str) -> Sheet:
    parts = [points.agreement(watch, quarter, []).assign(by="合计", group="合计")]
    for key in ("short_name", "sector"):
        made = points.agreement(watch, quarter, [key])
        parts.append(made.assign(by=BY[key][1], group=made[key]))
    rows = pd.concat(parts)
    rates = {name: pd.to_numeric(rows[name]).astype(float) for name in ("raw", "ac1", "low", "high", "kappa")}
    rates["raw"] = 100 * rates["raw"]
    return Sheet("自查与核查一致性", rows.assign(**rates), AGREED, {"raw": 1, **dict.fromkeys(list(rates)[1:], 3)})


def _differing(watch: Watch, quarter: str) -> Sheet:
    rows = points.differing(watch, quarter)
    rows = rows.assign(way=rows["direction"].map(DIRECTIONS), own=rows["self_answer"].map(ANSWERS),
                       seen=rows["check_answer"].map(ANSWERS))  # fmt: skip
    return Sheet("自查与核查不一致", rows, DIFFERS)


def _tools(rows: pd.DataFrame) -> Sheet:
    rows = rows.assign(state=rows["state"].map(CLOCK), until=_days(rows["valid_until"]),
                       management=rows["management"].map(MANAGEMENT))  # fmt: skip
    return Sheet("计量器具到期", rows, TOOLS)


def _candidates(watch: Watch, quarter: str, kind: str, title: str) -> Sheet:
    rows = points.candidates(watch, quarter, kind)
    rows = rows.assign(decision=rows["decision"].replace("", "待决定").fillna("待决定"))
    return Sheet(title, rows, CANDIDATES, aside=["reason"])
