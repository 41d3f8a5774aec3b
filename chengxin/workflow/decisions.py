"""What a named person decides and the kit never does by itself: on a point, and on a unit's own settings."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from chengxin.errors import Fault, UsageError
from chengxin.ledgers.filings.quarters import period
from chengxin.ledgers.unit_settings import in_force
from chengxin.settings import defaults, settings
from chengxin.store import read
from chengxin.store.engine import writing
from chengxin.store.schema import DECISION, DECISIONS, SETTING
from chengxin.store.write import put
from chengxin.workflow import inputs

CANDIDATE = {"merchant": "recommend_merchant", "cancel": "cancel_review"}
KIT = "缺省"  # typed in the place of a value: the kit's again


def decide(
    engine: Engine, point: str, kind: str, quarter: str, agreed: bool, *, who: str, on: date, why: str, at: datetime
) -> dict[str, Any]:
    """Record what a person decided on a point; the point's own state is not changed by it.

    Parameters
    ----------
    engine : from `open_store`
    point, quarter : whose filings up to which quarter the decision rests on
    kind : one of `schema.DECISIONS`
    agreed : made a merchant of honest measurement, or cancelled; False: not
    who, on : the person and the day
    why : the reason; may be empty where a candidate is agreed to, the grounds are then the reason
    at : the moment, for the audit

    Returns
    -------
    the row of the table point_decision as stored

    Raises
    ------
    UsageError : nobody named, unknown point, kind or quarter, a day before the quarter's end, or a reason is needed:
        the point is no candidate, the answer is no, or another decision is stored already
    """
    who, why = who.strip(), why.strip()
    _sound(point, kind, quarter, who, on)
    books = read.books(engine)
    judged = inputs.filings(books, quarter, on)
    mine = judged[judged["point"] == point]
    if mine.empty:
        known = "没有应报送的季报" if point in set(books["monitoring_point"]["code"]) else "没有登记"
        raise UsageError(f"监测点“{point}”{known}（{quarter}）；请核对监测点代码和季度。")
    given = books["point_decision"]
    same = given[(given["point"] == point) & (given["kind"] == kind) & (given["quarter"] == quarter)]
    _reasoned(mine.iloc[0], kind, agreed, why, same)
    key = same["id"].iloc[0] if len(same) else f"{point}-{quarter}-{kind}"
    reason = why or str(mine["reasons"].iloc[0][-1])
    row = {
        "id": key, "point": point, "kind": kind, "quarter": quarter, "agreed": agreed, "decided_by": who,
        "decided_on": on, "reason": reason,
    }  # fmt: skip
    with writing(engine) as conn:
        put(conn, DECISION.name, [row], who=who, why=reason, at=at)
    return row


def _sound(point: str, kind: str, quarter: str, who: str, on: date) -> None:
    faults = []
    if not who:
        faults.append(Fault("决定人", "空白", "有权决定的人的姓名"))
    if kind not in DECISIONS:
        known = "、".join(f"{key}（{said}）" for key, said in DECISIONS.items())
        faults.append(Fault("决定的事项", f"“{kind}”", known))
    if on <= period(quarter).end_time.date():
        faults.append(Fault("决定日期", f"{on}", f"{quarter}结束以后的日期"))
    if faults:
        raise UsageError("\n".join(map(str, faults)))


def _reasoned(row: pd.Series, kind: str, agreed: bool, why: str, same: pd.DataFrame) -> None:
    """Refuse without a reason what the grounds do not carry."""
    if why:
        return
    made = same[same["agreed"].notna()]
    about = f"监测点“{row['point']}”（{row['name']}）"
    if not row[CANDIDATE[kind]]:
        said = f"{about}在{row['quarter']}不是{DECISIONS[kind]}的候选"
    elif len(made):
        said = f"{about}的{DECISIONS[kind]}已由{made['decided_by'].iloc[0]}决定"
    elif not agreed:
        said = f"{about}是{DECISIONS[kind]}的候选，决定为不同意"
    else:
        return
    raise UsageError(f"{said}；仍要这样决定的，请用--why写明理由。")


def set_own(
    engine: Engine, unit: str, given: Mapping[str, str], *, since: date, who: str, why: str, at: datetime
) -> int:
    """Store a unit's own settings from a day on.

    Parameters
    ----------
    engine : from `open_store`
    unit : code of a reporting unit
    given : setting → number as text, or `KIT` for the kit's value again
    since : the first day
    who, why, at : for the audit

    Returns
    -------
    how many were new or changed

    Raises
    ------
    UsageError : unknown unit; a setting that does not exist, is not for units to set or is out of its range; all told
    """
    known, about = set(read.units(engine)["code"]), defaults()
    faults = [] if unit in known else [Fault("填报单位", f"没有“{unit}”", "、".join(sorted(known)))]
    may = [name for name, setting in about.items() if setting.by_unit]
    faults += [Fault(f"设定“{name}”", "不由填报单位设定" if name in about else "没有这项设定", "、".join(may))
               for name in given if name not in may]  # fmt: skip
    said = [str(fault) for fault in faults]
    numbers: dict[str, Any] = {}
    for name, text in given.items():
        try:
            numbers[name] = None if text == KIT or name not in may else float(settings({name: text})[name])
        except UsageError as error:
            said.append(str(error))
    if said:
        raise UsageError("\n".join(said))
    rows = [{"unit": unit, "setting": name, "since": since.isoformat(), "value": numbers[name]} for name in given]
    with writing(engine) as conn:
        return put(conn, SETTING.name, rows, who=who, why=why, at=at)


def own_rows(engine: Engine, unit: str | None, as_of: date) -> list[dict[str, Any]]:
    """Settings that units may set: one row a setting with the value that holds for a unit on a day.

    Parameters
    ----------
    engine : from `open_store`
    unit : code of a reporting unit; None: the kit's values, then every own value of all units
    as_of : the day

    Raises
    ------
    UsageError : unknown unit
    """
    known = read.units(engine)["code"]
    if unit is not None and unit not in set(known):
        raise UsageError(f"没有填报单位“{unit}”，可用：{'、'.join(known)}。")
    own = in_force(read.unit_settings(engine), as_of)
    may = {name: setting for name, setting in defaults().items() if setting.by_unit}
    wanted: list[tuple[str | None, str]] = [(unit, name) for name in may]
    if unit is None:
        wanted += [(code, name) for code in sorted(own) for name in may if name in own[code]]
    return [
        {
            "unit": code, "setting": name, "value": own.get(code or "", {}).get(name, may[name].value),
            "measure": may[name].unit, "own": name in own.get(code or "", {}), "kit": may[name].value,
            "question": may[name].question,
        }
        for code, name in wanted
    ]  # fmt: skip
