"""The yearly plan: each trigger at its threshold, nobody without a reason, the draw made again from its seed."""

from datetime import date

import pandas as pd
import pytest

from chengxin.ledgers.plan import Plan, propose, wording
from chengxin.settings import settings

AS_OF = date(2026, 10, 31)


def days(*texts):
    return pd.to_datetime(pd.Series(texts, dtype="str")).astype("datetime64[s]")


def complaints(*rows):
    frame = pd.DataFrame(rows, columns=["point", "merchant", "area", "topic", "cheating", "received_on"])
    return frame.assign(received_on=days(*frame["received_on"]))


def books(**ledgers):
    points = [f"P{n:02}" for n in range(1, 21)]
    empty = {"point": None, "merchant": None, "area": None}
    return {
        "area": pd.DataFrame({"code": ["J1"], "name": ["演示老街"], "unit": ["331002"], "status": ["accepted"]}),
        "merchant": pd.DataFrame(
            {"code": ["M1", "M2"], "name": ["演示甲店", "演示乙店"], "area": "J1", "status": ["open", "closed"]}
        ),
        "monitoring_point": pd.DataFrame(
            {
                "code": points, "name": [f"演示{code}" for code in points], "unit": ["331002"] * 10 + ["TZW"] * 10,
                "accepted_on": days(*["2025-01-01"] * 19, "2026-12-01"),
                "cancelled_on": days(*["2026-05-01"], *["2099-01-01"] * 19),
            }
        ),
        "complaint": complaints(),
        "violation": pd.DataFrame({**empty, "kind": [], "found_on": days()}),
        "improvement": pd.DataFrame({"assessment": [], "state": [], "due_on": days()}),
        "assessment": pd.DataFrame({"id": ["J1-2025"], "area": ["J1"]}),
        **ledgers,
    }  # fmt: skip


CLOCKED = pd.DataFrame(columns=["point", "merchant", "area", "management", "state"])
JUDGED = pd.DataFrame({"point": [], "state": [], "status": [], "due": days()})


def plan(clocked=CLOCKED, judged=JUDGED, seed=7, values=None, **ledgers) -> Plan:
    return propose(books(**ledgers), clocked, judged, year=2027, as_of=AS_OF, seed=seed, values=values)


def risky(made):
    return made.visits[made.visits["way"] == "重点"].set_index("subject")["reason"].to_dict()


def test_many_complaints_within_a_year_are_a_reason():
    rows = [("P02", None, None, "measurement", None, day) for day in ("2025-11-01", "2026-03-01", "2026-10-31")]
    assert risky(plan(complaint=complaints(*rows))) == {
        "P02": "群众举报投诉意见较多：近一年计量投诉举报3件（不少于3件）"
    }
    assert risky(plan(complaint=complaints(*rows[1:]))) == {}
    assert risky(plan(complaint=complaints(("P02", None, None, "measurement", None, "2025-10-31"), *rows[1:]))) == {}
    other = [("P02", None, None, "other", None, "2026-03-01")] * 5
    assert risky(plan(complaint=complaints(*other))) == {}
    assert len(risky(plan(complaint=complaints(*rows[1:]), values={**settings(), "plan_many_complaints": 2}))) == 1


def test_one_suspicion_of_cheating_is_enough_and_reasons_add_up():
    rows = [
        (None, "M1", "J1", "measurement", True, "2026-03-01"),
        ("P01", None, None, "measurement", True, "2026-03-01"),
    ]
    caught = pd.DataFrame(
        {"point": [None], "merchant": ["M1"], "area": ["J1"], "kind": "tampering", "found_on": days("2026-06-01")}
    )
    clocked = pd.DataFrame(
        [("P03", None, None, "mandatory", "overdue"), ("P04", None, None, "mandatory", "in_date"),
         ("P05", None, None, "calibration", "overdue"), (None, "M1", "J1", "mandatory", "never"),
         (None, None, "J1", "mandatory", "failed"), (None, "M2", "J1", "mandatory", "failed")],
        columns=CLOCKED.columns,
    )  # fmt: skip
    found = risky(plan(complaint=complaints(*rows), violation=caught, clocked=clocked))
    assert set(found) == {"M1", "P03", "J1"}  # P01 is cancelled, M2 is closed
    assert (
        found["M1"] == "有计量作弊嫌疑：近一年有计量作弊嫌疑2起；"
        "违规使用计量器具：在用强检器具不在有效检定期内1台（件），达到1台（件）"
    )


def test_poor_filings_and_overdue_improvements_are_reasons():
    judged = pd.DataFrame(
        [("P02", "late", "ok", "2026-04-15"), ("P02", "on_time", "ok", "2026-07-15"),
         ("P03", "missing", "missing", "2026-07-15"), ("P04", "missing", "missing", "2025-07-15"),
         ("P05", "on_time", "cancel_review", "2026-07-15")],
        columns=["point", "state", "status", "due"],
    )  # fmt: skip
    items = pd.DataFrame(
        {"assessment": "J1-2025", "state": ["open", "open", "rectified"],
         "due_on": days("2026-01-30", "2026-10-31", "2026-01-30")}
    )  # fmt: skip
    found = risky(plan(judged=judged, improvement=items))
    assert set(found) == {"P02", "P03", "P05", "J1"}
    assert found["J1"] == "整改逾期：逾期未完成整改1项"


def test_the_rest_is_drawn_and_the_draw_is_made_again_from_its_seed():
    made, again, other = plan(seed=7), plan(seed=7), plan(seed=8)
    pd.testing.assert_frame_equal(made.visits, again.visits)
    assert set(other.visits["subject"]) != set(made.visits["subject"])
    assert made.visits.groupby("unit").size().to_dict() == {"331002": 2, "TZW": 2}
    assert not {"P01", "P20"} & set(made.visits["subject"])  # cancelled, not yet accepted
    assert made.visits["reason"].iloc[0] == "没有风险情形，随机抽取（种子7，本单位9个中抽2个）"
    assert (made.year, made.seed, made.as_of) == (2027, 7, AS_OF)


def test_visits_are_spread_over_the_quarters_the_weightiest_first():
    everyone = plan(values={**settings(), "plan_random_share": 100}).visits
    per = everyone.groupby(["unit", "quarter"]).size()
    assert per.max() - per.min() <= 1
    clocked = pd.DataFrame([("P09", None, None, "mandatory", "overdue")], columns=CLOCKED.columns)
    first = plan(clocked=clocked, values={**settings(), "plan_random_share": 100}).visits
    assert first.iloc[0][["subject", "quarter"]].tolist() == ["P09", 1]


def test_the_plan_has_the_five_parts_of_the_guidance():
    assert list(plan().parts) == ["监测对象", "监测指标", "监测方法", "监测核查", "数据分析"]
    assert all(part in wording().source for part in plan().parts)


@pytest.mark.parametrize("trigger", wording().triggers.values(), ids=lambda trigger: trigger.title)
def test_every_trigger_has_its_source(trigger):
    assert trigger.source
