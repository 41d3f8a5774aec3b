"""The ledgers that people keep in the page 台账: Chinese names of their columns, and what a column may hold."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from chengxin.exchange.registers import Row
from chengxin.exchange.rows import FILES
from chengxin.store import schema

COMMON = {
    "id": "编号", "area": "景区街区编号", "merchant": "经营户编号", "point": "监测点编号", "held_on": "举办日期",
    "link": "链接", "kind": "类型",
}  # fmt: skip
COLUMNS: dict[str, dict[str, str]] = {
    "instrument": {
        "kind": "器具名称", "model": "型号规格", "serial": "出厂编号", "maker": "生产厂家", "place": "使用地点",
        "management": "管理方式", "status": "使用状态", "seal": "铅封", "mark": "强检标志", "registered": "已登记",
        "code": "GM2D码", "scanned": "扫码一致", "calibration_months": "校准周期（月）",
        "maintained_on": "最近保养日期", "in_use_since": "启用日期", "retired_on": "报废日期",
    },
    "verification": {
        "instrument": "器具编号", "kind": "检定或校准", "done_on": "检定校准日期", "result": "结论",
        "valid_until": "有效期至", "certificate": "证书编号", "body": "检定机构",
    },
    "complaint": {
        "kind": "投诉类型", "channel": "渠道", "topic": "事项", "cheating": "涉嫌作弊", "received_on": "受理日期",
        "settled_on": "办结日期", "answered_on": "答复日期",
    },
    "survey": {"held_on": "调查日期", "method": "调查方式", "answers": "有效答卷（份）", "satisfied": "满意（份）"},
    "training": {"held_on": "培训日期", "topic": "培训内容", "staff": "应训人数（人）", "trained": "已训人数（人）"},
    "commitment": {
        "signed_on": "签订日期", "voluntary": "自愿签订", "shown": "公示处", "link": "公示链接",
        "withdrawn_on": "撤回日期",
    },
    "event": {"kind": "活动类型", "level": "级别", "happened_on": "发生日期", "title": "名称"},
}  # fmt: skip
NAMES = {
    "instrument": "计量器具", "verification": "检定校准", "complaint": "投诉举报", "survey": "满意度调查",
    "training": "计量培训", "commitment": "诚信计量承诺", "event": "宣传和荣誉",
}  # fmt: skip
CHOICES: dict[str, dict[str, Mapping[str, str]]] = {
    "instrument": {
        "management": schema.MANAGEMENT, "status": schema.INSTRUMENT_STATES, "seal": schema.SEALS,
    },
    "verification": {"kind": schema.VERIFICATION_KINDS, "result": schema.RESULTS},
    "complaint": {"kind": schema.COMPLAINT_KINDS, "channel": schema.CHANNELS, "topic": schema.TOPICS},
    "commitment": {"shown": schema.PLACES_SHOWN},
    "event": {"kind": schema.EVENT_KINDS, "level": schema.LEVELS},
}  # fmt: skip
RETIRED = {"instrument": ("retired_on", {"status": "retired"}, "报废"), "commitment": ("withdrawn_on", {}, "撤回")}


@dataclass(frozen=True)
class Book:
    """One ledger.

    Parameters
    ----------
    table, file, model : its table, the file `chengxin load` takes for it, and the rules of a row
    name : in Chinese
    labels : column → Chinese name, in the order of the file
    choices : column → what it may hold
    truths, dates : columns with yes or no, columns with a day
    """

    table: str
    file: str
    model: type[Row]
    name: str
    labels: dict[str, str]
    choices: Mapping[str, Mapping[str, str]]
    truths: frozenset[str]
    dates: frozenset[str]


def _book(file: str, table: str, model: type[Row]) -> Book:
    said = {**COMMON, **COLUMNS[table]}
    columns = schema.REGISTRIES[table].columns
    labels = {name: said[name] for name in model.model_fields}
    truths = frozenset(name for name in labels if isinstance(columns[name].type, sa.Boolean))
    dates = frozenset(name for name in labels if isinstance(columns[name].type, sa.Date))
    return Book(table, file, model, NAMES[table], labels, CHOICES.get(table, {}), truths, dates)


BOOKS = {table: _book(file, table, model) for file, (table, model) in FILES.items() if table in NAMES}
