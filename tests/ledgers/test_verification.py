"""The clock against a plain row-by-row version; states on several days; rates; China's working days."""

import calendar
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chengxin.ledgers.verification import ACCEPTED, STATES, clock, due, rates, until, workdays_after
from chengxin.settings import verification_periods
from chengxin.store import schema

TODAY = date(2026, 3, 20)


def instrument(number=1, **columns):
    return {"id": f"I{number}", "area": "A", "kind": "电子计价秤", "serial": f"A{number}", "management": "mandatory",
            "status": "in_use", **columns}  # fmt: skip


def verification(number=1, of=1, done_on=date(2025, 3, 20), **columns):
    return {"id": f"V{number}", "instrument": f"I{of}", "kind": "verification", "done_on": done_on,
            "result": "qualified", **columns}  # fmt: skip


def frame(table, rows):
    return pd.DataFrame(rows, columns=[column.name for column in table.columns])


def run(instruments, verifications, as_of=TODAY):
    return clock(frame(schema.INSTRUMENT, instruments), frame(schema.VERIFICATION, verifications), as_of)


def one(verifications, as_of=TODAY, **columns):
    (row,) = run([instrument(**columns)], verifications, as_of).to_dict("records")
    return row


def test_a_computed_year_ends_the_day_before_and_that_day_still_counts():
    rows = [one([verification()], day) for day in (date(2026, 3, 19), date(2026, 3, 20))]
    assert [row["state"] for row in rows] == ["in_date", "overdue"]
    assert [row["days_left"] for row in rows] == [0, -1]
    assert rows[0]["valid_until"] == pd.Timestamp("2026-03-19")
    assert rows[0]["computed"] is True


def test_the_certificate_goes_before_the_table():
    row = one([verification(valid_until=date(2026, 9, 19))])
    assert (row["state"], row["days_left"], row["computed"]) == ("in_date", 183, False)


@pytest.mark.parametrize(
    ("columns", "verifications", "state"),
    [
        ({}, [], "never"),
        ({}, [verification(kind="calibration")], "never"),
        ({}, [verification(result="unqualified", valid_until=date(2027, 1, 1))], "failed"),
        ({}, [verification(), verification(2, result="unqualified", done_on=date(2026, 3, 20))], "failed"),
        ({}, [verification(result="unqualified"), verification(2, done_on=date(2026, 3, 1))], "in_date"),
        ({}, [verification(done_on=date(2026, 3, 21))], "never"),
        ({"kind": "没有列入的器具"}, [verification()], "no_period"),
        ({"kind": "没有列入的器具"}, [verification(valid_until=date(2026, 3, 20))], "in_date"),
        ({"management": "none"}, [], "not_subject"),
        ({"management": "calibration"}, [], "never"),
        ({"management": "calibration", "calibration_months": 12}, [], "never"),
        ({"management": "calibration"}, [verification(kind="calibration")], "no_period"),
        ({"management": "calibration", "calibration_months": 0}, [verification(kind="calibration")], "no_period"),
        ({"management": "calibration", "calibration_months": 24}, [verification(kind="calibration")], "in_date"),
        ({"management": "calibration", "calibration_months": 12}, [verification(kind="calibration")], "overdue"),
        ({"management": "calibration", "calibration_months": 24}, [verification()], "in_date"),
        ({"status": "idle"}, [verification()], "idle"),
        ({"status": "idle", "management": "none"}, [], "idle"),
    ],
)
def test_every_state(columns, verifications, state):
    row = one(verifications, **columns)
    assert row["state"] == state
    assert pd.notna(row["days_left"]) == (state in ("in_date", "overdue"))


def test_of_two_verifications_of_one_day_the_last_id_counts():
    pair = [verification(2, result="qualified"), verification(1, result="unqualified")]
    assert one(pair, date(2025, 4, 1))["state"] == "in_date"


@pytest.mark.parametrize(
    ("columns", "there"),
    [
        ({"in_use_since": TODAY}, True),
        ({"in_use_since": TODAY + timedelta(1)}, False),
        ({"status": "retired"}, False),
        ({"status": "retired", "retired_on": TODAY}, False),
        ({"status": "retired", "retired_on": TODAY + timedelta(1)}, True),
    ],
)
def test_what_is_not_yet_or_no_longer_used_is_left_out(columns, there):
    assert len(run([instrument(**columns)], [])) == there


@pytest.mark.parametrize(
    ("done", "months", "last"),
    [
        ("2024-02-29", 12, "2025-02-27"),
        ("2024-02-29", 48, "2028-02-28"),
        ("2023-02-28", 12, "2024-02-27"),
        ("2023-03-01", 12, "2024-02-29"),
        ("2023-08-31", 6, "2024-02-28"),
        ("2025-08-31", 6, "2026-02-27"),
        ("2025-01-01", 6, "2025-06-30"),
        ("2025-01-01", 12, "2025-12-31"),
        ("2025-12-31", 2, "2026-02-27"),
    ],
)
def test_months_end_as_written(done, months, last):
    assert until(np.array([done], "M8[D]"), np.array([float(months)]))[0] == np.datetime64(last)


def plain_state(row, verifications, as_of, months_of):
    """State and last valid day of one instrument, written without arrays."""
    if row["status"] == "idle":
        return "idle"
    if row["management"] == "none":
        return "not_subject"
    known = [v for v in verifications if v["instrument"] == row["id"] and v["done_on"] <= as_of
             and v["kind"] in ACCEPTED[row["management"]]]  # fmt: skip
    if not known:
        return "never"
    last = max(known, key=lambda v: (v["done_on"], v["id"]))
    if last["result"] == "unqualified":
        return "failed"
    end = last.get("valid_until")
    if end is None:
        months = row.get("calibration_months") if row["management"] == "calibration" else months_of.get(row["kind"])
        if not months:
            return "no_period"
        years, month = divmod(last["done_on"].month - 1 + months, 12)
        year = last["done_on"].year + years
        day = min(last["done_on"].day, calendar.monthrange(year, month + 1)[1])
        end = date(year, month + 1, day) - timedelta(1)
    return "in_date" if as_of <= end else "overdue"


days = st.dates(date(2023, 1, 1), date(2028, 12, 31))
KINDS = ["电子计价秤", "燃油加油机", "没有列入的器具", "验光镜片箱"]


@st.composite
def ledgers(draw):
    count = draw(st.integers(0, 5))
    instruments = [
        instrument(n, kind=draw(st.sampled_from(KINDS)), management=draw(st.sampled_from([*schema.MANAGEMENT])),
                   status=draw(st.sampled_from(["in_use", "in_use", "idle"])),
                   calibration_months=draw(st.none() | st.integers(0, 40)))
        for n in range(count)
    ]  # fmt: skip
    verifications = []
    for n in range(draw(st.integers(0, 12)) if count else 0):
        done = draw(days)
        verifications.append(verification(
            n, draw(st.integers(0, count - 1)), done, kind=draw(st.sampled_from([*schema.VERIFICATION_KINDS])),
            result=draw(st.sampled_from([*schema.RESULTS])),
            valid_until=draw(st.none() | st.integers(0, 800).map(lambda more, done=done: done + timedelta(more))),
        ))  # fmt: skip
    return instruments, verifications


@settings(deadline=None, derandomize=True)
@given(ledgers(), days)
def test_the_clock_equals_a_plain_version(books, as_of):
    instruments, verifications = books
    months = {kind: period.months for kind, period in verification_periods().instruments.items()}
    for v in verifications:
        v["id"] = f"V{int(v['id'][1:]):03}"
    found = run(instruments, verifications, as_of)
    assert list(found["id"]) == [row["id"] for row in instruments]
    assert list(found["state"]) == [plain_state(row, verifications, as_of, months) for row in instruments]
    assert set(found["state"]) <= set(STATES)
    dated = found["state"].isin(["in_date", "overdue"])
    assert (found["days_left"].notna() == dated).all()
    assert ((found.loc[dated, "days_left"] >= 0) == (found.loc[dated, "state"] == "in_date")).all()


def test_an_empty_ledger_keeps_its_columns():
    found = run([], [])
    assert not len(found)
    assert {"state", "valid_until", "days_left"} <= set(found)
    assert not len(due(found, 60))
    assert rates(found).isna().to_dict("records") == [
        {"in_use": False, "verified": False, "qualified": False, "inspected_rate": True, "qualified_rate": True}
    ]


def test_due_lists_the_soonest_first_and_flags_what_is_over():
    ends = {1: 61, 2: 60, 3: 15, 4: 0, 5: -1, 6: -400}
    instruments = [instrument(n) for n in (*ends, 7)]
    papers = [verification(n, n, date(2025, 1, 1), valid_until=TODAY + timedelta(left)) for n, left in ends.items()]
    found = run(instruments, papers)
    assert list(due(found, 60)["id"]) == ["I6", "I5", "I4", "I3", "I2"]
    assert list(due(found, 15)["id"]) == ["I6", "I5", "I4", "I3"]
    assert list(due(found, 60)["overdue"]) == [True, True, False, False, False]


def test_the_two_rates_are_kept_apart():
    rows = [instrument(n, area="A" if n < 6 else "B") for n in range(1, 7)]
    rows += [instrument(7, status="idle"), instrument(8, management="calibration")]
    papers = [verification(n, n, date(2026, 1, 1)) for n in (1, 2)]
    papers += [verification(3, 3, date(2026, 1, 1), result="unqualified"), verification(4, 4, date(2020, 1, 1))]
    found = run(rows, papers)
    whole = rates(found).to_dict("records")[0]
    assert (whole["in_use"], whole["verified"], whole["qualified"]) == (6, 3, 2)
    assert whole["inspected_rate"] == pytest.approx(3 / 6)
    assert whole["qualified_rate"] == pytest.approx(2 / 3)
    by = rates(found, "area")
    assert by.loc["A", "inspected_rate"] == pytest.approx(3 / 5)
    assert by.loc["B", "inspected_rate"] == 0
    assert by.loc["B", "qualified_rate"] is pd.NA


@pytest.mark.parametrize(
    ("start", "count", "last"),
    [
        ("2025-09-30", 1, "2025-10-09"),  # 10-01 to 10-08 off
        ("2025-09-26", 5, "2025-10-10"),  # the Sunday 09-28 is worked
        ("2026-09-30", 3, "2026-10-10"),  # the Saturday 10-10 is worked
        ("2026-10-03", 1, "2026-10-08"),  # received on a day off
        ("2026-06-30", 0, "2026-06-30"),
        ("2025-12-31", 3, "2026-01-06"),  # 01-01 to 01-03 off, the Sunday 01-04 is worked
    ],
)
def test_working_days_over_holidays(start, count, last):
    assert workdays_after(np.array([start], "M8[D]"), count)[0] == np.datetime64(last)


@settings(deadline=None, derandomize=True)
@given(st.dates(date(2024, 1, 1), date(2025, 12, 31)), st.integers(1, 300))
def test_a_limit_ends_on_a_working_day_and_grows(start, count):
    ends = [workdays_after(np.array([start], "M8[D]"), n)[0] for n in (count, count + 1)]
    assert np.datetime64(start) < ends[0] < ends[1]
    assert workdays_after(np.array([], "M8[D]"), count).size == 0
