"""What the ledgers say about the rubrics' lines: one small function per measure, all areas at once."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from chengxin.ledgers.definitions import Limits, Tally, View, areas_of, happened, joined, looked_up, rows, text, true
from chengxin.ledgers.surveys import sentence
from chengxin.ledgers.verification import BARRED, STATES, barred, dates, workdays_after
from chengxin.rubric.model import Line

# ---- instruments -------------------------------------------------------------------------------------------


def named(instruments: pd.DataFrame) -> Any:
    """Kind and serial number of instruments, as a person names them."""
    serial = instruments["serial"].fillna("").to_numpy(object)
    numbers = np.where(serial == "", "未登记出厂编号", "出厂编号" + serial)
    return instruments["kind"].to_numpy(object) + " " + numbers


def instrument_said(instruments: pd.DataFrame) -> Any:
    """One phrase for each instrument, such as 电子计价秤 出厂编号A123，有效期至2026年3月19日，已超期."""
    state = instruments["state"].to_numpy(object)
    reckoned = np.where(instruments["computed"], "（按检定周期推算）", "").astype(object)
    dated = "有效期至" + text(instruments["valid_until"]) + reckoned + "，"
    result = text(instruments["done_on"]) + np.where(state == "no_period", "检定合格，", "").astype(object)
    facts = np.select([np.isin(state, ["in_date", "overdue"]), np.isin(state, ["failed", "no_period"])],
                      [dated, result], "")  # fmt: skip
    return named(instruments) + "，" + facts.astype(object) + instruments["state"].map(STATES).to_numpy(object)


def instruments_overdue(view: View, line: Line, limits: Limits) -> Tally:
    """Mandatory instruments in use that are not in date."""
    used = view.in_use("mandatory")
    bad = used[barred(used)]
    counts = bad.groupby(["area", "state"]).size().unstack(fill_value=0)
    notes = {area: "、".join(f"{STATES[state]}{n}台（件）" for state in BARRED if (n := row.get(state, 0)))
             for area, row in counts.to_dict("index").items()}  # fmt: skip
    found = rows(bad, "instrument", True, instrument_said(bad))
    return Tally(found, areas_of(view.instruments), notes=notes)


def instruments_qualified(view: View, line: Line, limits: Limits) -> Tally:
    """Mandatory instruments in date, of those in use."""
    used = view.in_use("mandatory")
    found = rows(used, "instrument", used["state"] == "in_date", instrument_said(used))
    return Tally(found, areas_of(view.instruments), of=True)


# ---- merchants ---------------------------------------------------------------------------------------------


def _by_merchant(view: View, instruments: pd.DataFrame, wrong: Any, fine: str) -> pd.DataFrame:
    """Open merchants that use these instruments; counted where no instrument has anything wrong."""
    each = pd.DataFrame({"merchant": instruments["merchant"].to_numpy(), "said": named(instruments) + "，" + wrong})
    faults = each[wrong != ""].groupby("merchant")["said"].agg("；".join)
    used = view.open_merchants().rename(columns={"code": "id"})
    used = used[used["id"].isin(each["merchant"].dropna())]
    said = looked_up(used["id"], faults).fillna("")
    text = used["name"] + "：" + said.where(said != "", fine)
    return rows(used, "merchant", said == "", text)


def merchants_sealed_verified(view: View, line: Line, limits: Limits) -> Tally:
    """Merchants all of whose mandatory instruments are in date, with seal unbroken and mark posted."""
    used = view.in_use("mandatory")
    wrong = joined(len(used), {
        **{STATES[state]: used["state"] == state for state in BARRED}, "铅封损坏": used["seal"] == "broken",
        "未张贴强检标志": ~true(used["mark"]) & used["mark"].notna(), "未登记强检标志": used["mark"].isna(),
    })  # fmt: skip
    blank = used[used["mark"].isna() & used["merchant"].isin(view.open_merchants()["code"])]
    blanks = blank.drop_duplicates("merchant").groupby("area").size()
    notes = {area: f"{n}户有器具未登记强检标志，按没有张贴计" for area, n in blanks.items()}
    found = _by_merchant(view, used, wrong, "在用强检器具都在有效期内，铅封没有损坏，贴有强检标志")
    return Tally(found, view.merchants_kept(), of=True, notes=notes)


def merchants_registered(view: View, line: Line, limits: Limits) -> Tally:
    """Merchants all of whose instruments have a number, are registered, in date and maintained in the period."""
    used = view.in_use()
    done = dates(used["maintained_on"])
    wrong = joined(len(used), {
        "没有编号": used["serial"].fillna("") == "", "未登记": ~true(used["registered"]),
        **{STATES[state]: used["state"] == state for state in BARRED},
        "评价期内没有维护记录": ~((done >= view.start) & (done <= view.end)),
    })  # fmt: skip
    found = _by_merchant(view, used, wrong, "在用器具编号、登记、检定、维护齐全")
    areas = view.merchants_kept()
    return Tally(found, areas, of=True, notes=dict.fromkeys(areas, "维护情况以台账登记的维护日期为准"))


def merchants_committed(view: View, line: Line, limits: Limits) -> Tally:
    """Merchants with mandatory instruments whose voluntary commitment stands and is displayed."""
    ledger = view.books["commitment"]
    known = ledger[view.by(ledger["signed_on"]) & ledger["voluntary"].eq(True).fillna(False)].sort_values(
        ["signed_on", "id"]
    )
    stands = known[~view.by(known["withdrawn_on"])]
    shown = stands["shown"].notna() if limits.shown is None else stands["shown"].isin(limits.shown)
    good = stands[shown].drop_duplicates("merchant", keep="last").set_index("merchant")
    used = view.open_merchants().rename(columns={"code": "id"})
    used = used[used["id"].isin(view.in_use("mandatory")["merchant"].dropna())]
    counted = used["id"].isin(good.index)
    said = np.select(
        [counted, used["id"].isin(stands["merchant"]), used["id"].isin(known["merchant"])],
        [looked_up(used["id"], pd.Series(text(good["signed_on"]), good.index)) + "签订诚信计量承诺书并公示",
         "已签订诚信计量承诺书，没有登记在规定位置公示", "诚信计量承诺已撤回"],
        "没有签订诚信计量承诺书",
    )  # fmt: skip
    found = rows(used, "merchant", counted, used["name"].to_numpy(object) + "：" + said)
    found["ledger"] = np.where(counted, "commitment", "merchant")
    found["id"] = np.where(counted, looked_up(used["id"], good["id"]), used["id"])
    return Tally(found, view.merchants_kept().intersection(view.kept("commitment", "signed_on")), of=True)


# ---- surveys, training, disputes, activities ---------------------------------------------------------------


def survey_satisfied(view: View, line: Line, limits: Limits) -> Tally:
    """Satisfied answers of the period's surveys; the note holds the Wilson interval."""
    held = view.within("survey", "held_on")
    answers, satisfied = held["answers"].astype(int), held["satisfied"].astype(int)
    said = [
        f"{day}调查，有效问卷{n}份，满意{yes}份"
        for day, n, yes in zip(text(held["held_on"]), answers, satisfied, strict=True)
    ]
    areas = view.kept("survey", "held_on")
    sums = pd.DataFrame({"yes": satisfied, "n": answers}).groupby(held["area"]).sum().to_dict("index")
    at_least = getattr(line.rule, "at_least", None)
    how = {"confidence": view.settings["survey_confidence"], "least": view.settings["survey_least_answers"]}
    notes = {area: sentence(sums[area]["yes"], sums[area]["n"], at_least, **how) if area in sums
             else "评价期内没有开展满意度调查" for area in areas}  # fmt: skip
    return Tally(rows(held, "survey", True, said, satisfied, answers), areas, of=True, notes=notes)


def staff_trained(view: View, line: Line, limits: Limits) -> Tally:
    """Trained staff by the area's latest summary of the period, else by the latest record of each merchant."""
    held = view.within("training", "held_on").sort_values(["held_on", "id"])
    held = held.assign(owner=held["merchant"].fillna(held["point"]))
    own = view.open_merchants()
    summary = held[held["owner"].isna()].drop_duplicates("area", keep="last")
    single = held[held["merchant"].isin(own["code"]) | (held["merchant"].isna() & held["point"].notna())]
    single = single[~single["area"].isin(summary["area"])].drop_duplicates("owner", keep="last")
    used = pd.concat([summary, single])
    staff, trained = used["staff"].astype(int), used["trained"].astype(int)
    said = text(used["held_on"]) + staff.map("培训，工作人员{}人，".format).astype("str")
    said += trained.map("已受训{}人".format).astype("str")
    without = own[~own["code"].isin(single["merchant"]) & ~own["area"].isin(summary["area"])]
    notes = {area: f"另有{n}户在营经营户没有培训记录" for area, n in without.groupby("area").size().items()}
    areas = view.kept("training", "held_on")
    notes |= dict.fromkeys(areas.difference(used["area"]), "评价期内没有培训记录")
    return Tally(rows(used, "training", True, said, trained, staff), areas, of=True, notes=notes)


def disputes_in_time(view: View, line: Line, limits: Limits) -> Tally:
    """Disputes received in the period and settled within the limit; those still within it are left out."""
    limit = int(view.settings["dispute_days"])
    all_in = view.within("complaint", "received_on")
    cases = all_in[all_in["kind"].isin(["complaint", "dispute"]) & (all_in["topic"] == "measurement")]
    last, settled = workdays_after(dates(cases["received_on"]), limit), dates(cases["settled_on"])
    done = settled <= view.as_of
    timely, waiting = done & (settled <= last), ~done & (view.as_of <= last)
    state = np.select(
        [timely, done, waiting],
        [text(cases["settled_on"]) + "及时处置完毕", text(cases["settled_on"]) + "处置完毕，超过期限",
         "尚在期限内，未计入"],
        "超过期限仍未处置完毕",
    )  # fmt: skip
    said = text(cases["received_on"]) + "受理，期限至" + text(last) + "，" + state
    found = rows(cases, "complaint", timely, said, whole=~waiting)
    pending = found[waiting].groupby("area").size()
    notes = {area: f"另有{n}起尚在{limit}个工作日期限内，未计入" for area, n in pending.items()}
    areas = _units_kept(view)
    notes |= dict.fromkeys(areas.difference(found["area"]), "评价期内没有计量纠纷")
    return Tally(found, areas, of=True, notes=notes)


def _units_kept(view: View) -> pd.Index:
    """Areas whose reporting unit has any complaint in the ledger by the as-of date."""
    areas, complaints = view.books["area"].set_index("code")["unit"], view.books["complaint"]
    points = view.books["monitoring_point"].set_index("code")["unit"]
    known = complaints[view.by(complaints["received_on"])]
    units = looked_up(known["area"], areas).fillna(looked_up(known["point"], points))
    return areas.index[areas.isin(units.dropna())]


def supervisor_activities(view: View, line: Line, limits: Limits) -> Tally:
    """Supervisors' activities in the period."""
    held = view.within("supervisor_activity", "held_on")
    said = (
        text(held["held_on"])
        + held["topic"].map("“{}”活动，".format)
        + held["supervisors"].map("监督员{}人".format).astype("str")
    )
    areas = view.kept("supervisor_activity", "held_on")
    notes = dict.fromkeys(areas.difference(held["area"]), "评价期内没有开展群众计量监督员活动")
    return Tally(rows(held, "supervisor_activity", True, said), areas, notes=notes)


# ---- events and violations ---------------------------------------------------------------------------------


def _events(events: pd.DataFrame, limits: Limits) -> Tally:
    """Events that a line counts; the others stay as evidence and say why they do not count."""
    level = np.ones(len(events), bool) if limits.levels is None else events["level"].isin(limits.levels).to_numpy()
    others = (events["merchant"].notna() | events["point"].notna()).to_numpy() & limits.own
    why = np.select([~level, others], ["（级别不在本条范围，未计）", "（不属区域自身，未计）"], "").astype(object)
    said = text(events["happened_on"]) + "，" + events["title"].to_numpy(object) + why
    return happened(rows(events, "event", level & ~others, said))


def _of_kind(events: pd.DataFrame, *kinds: str) -> pd.DataFrame:
    return events[events["kind"].isin(kinds)]


def media_reports(view: View, line: Line, limits: Limits) -> Tally:
    """Reports by media in the period."""
    return _events(_of_kind(view.within("event", "happened_on"), "media"), limits)


def honours(view: View, line: Line, limits: Limits) -> Tally:
    """Honours in the period."""
    return _events(_of_kind(view.within("event", "happened_on"), "honour"), limits)


def reassured_consumption(view: View, line: Line, limits: Limits) -> Tally:
    """Whether reassured consumption covers the whole area, in the period or before; the latest record says it."""
    events = _of_kind(view.books["event"], "reassured")
    known = events[dates(events["happened_on"]) <= view.end].sort_values(["happened_on", "id"])
    tally = _events(known, limits)
    first = ~tally.rows[tally.rows["counted"]].duplicated("area", keep="last")
    keep = first.reindex(tally.rows.index, fill_value=True)
    return Tally(tally.rows[keep], tally.areas)


def monitoring_points(view: View, line: Line, limits: Limits) -> Tally:
    """Monitoring points accepted and not cancelled by the as-of date."""
    points = view.books["monitoring_point"].rename(columns={"code": "id"})
    points = points[view.by(points["accepted_on"])]
    gone = view.by(points["cancelled_on"])
    end = np.where(gone, "，" + text(points["cancelled_on"]) + "取消，未计", "").astype(object)
    said = points["name"].to_numpy(object) + "，" + text(points["accepted_on"]) + "设立" + end
    return happened(rows(points, "monitoring_point", ~gone, said))


def unrectified_instruments(view: View, line: Line, limits: Limits) -> Tally:
    """Unverified, overdue or failed instruments found in use, prompted, and not rectified when the limit had passed."""
    cases = _of_kind(view.within("violation", "found_on"), "instrument")
    prompted = dates(cases["prompted_on"]) <= view.end
    limit = cases["due_on"].fillna(cases["prompted_on"])
    passed, mended = dates(limit) < view.as_of, view.by(cases["rectified_on"])
    state = np.select(
        [mended, ~prompted, passed],
        [text(cases["rectified_on"]) + "已整改，未计", "尚未提示整改，未计",
         text(cases["prompted_on"]) + "提示，期限" + text(limit) + "已过，仍未整改"],
        "整改期限未到，未计",
    )  # fmt: skip
    said = text(cases["found_on"]) + "发现使用未检定、超周期或不合格器具，" + state.astype(object)
    return happened(rows(cases, "violation", prompted & passed & ~mended, said))


def tampering(view: View, line: Line, limits: Limits) -> Tally:
    """Instruments tampered with for profit, found in the period."""
    cases = _of_kind(view.within("violation", "found_on"), "tampering")
    return happened(rows(cases, "violation", True, text(cases["found_on"]) + "发现恶意调整计量准确度"))


def penalties(view: View, line: Line, limits: Limits) -> Tally:
    """Accidents and other violations penalised in the period."""
    cases = _of_kind(view.within("violation", "decided_on"), "accident", "other")
    number = np.where(cases["decision"].isna(), "", "（" + cases["decision"].fillna("") + "）").astype(object)
    what = cases["kind"].map({"accident": "重大生产安全事故", "other": "其他违法违规行为"}).to_numpy(object)
    return happened(rows(cases, "violation", True, text(cases["decided_on"]) + "因" + what + "被处罚" + number))


MEASURES: dict[str, Callable[[View, Line, Limits], Tally]] = {
    measure.__name__: measure
    for measure in (
        instruments_overdue, instruments_qualified, merchants_sealed_verified, merchants_registered,
        merchants_committed, survey_satisfied, staff_trained, disputes_in_time, supervisor_activities, media_reports,
        honours, reassured_consumption, monitoring_points, unrectified_instruments, tampering, penalties,
    )
}  # fmt: skip
