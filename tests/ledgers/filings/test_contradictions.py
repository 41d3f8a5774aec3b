"""Filings against the ledgers: what a filing and a scored line say of one instrument is the same."""

from datetime import date
from itertools import product

import pandas as pd
import pytest

from chengxin.ledgers.definitions import Limits, View
from chengxin.ledgers.filings.contradictions import measured
from chengxin.ledgers.filings.form import load_form
from chengxin.ledgers.filings.judge import judge
from chengxin.ledgers.measures import MEASURES
from chengxin.ledgers.verification import INSTRUMENT_STATES, clock
from chengxin.rubric.load import load_rubric
from chengxin.settings import settings
from chengxin.store import schema

END = date(2026, 3, 31)
POINT = [{"code": "P", "name": "点", "unit": "U", "accepted_on": date(2025, 1, 1)}]
COMBINATIONS = list(
    product(
        ("mandatory", "calibration", "none"),
        ("in_use", "idle", "retired"),
        (None, date(2026, 3, 31), date(2026, 4, 30)),  # retired on
        ("电子计价秤", "没有列入的器具"),
        (None, 12),  # months of the own cycle
        (None, "verification", "calibration"),  # what was done last
        (date(2025, 3, 31), date(2025, 4, 1)),
        ("qualified", "unqualified"),
        (None, date(2026, 3, 30), date(2026, 3, 31)),  # the certificate's last day
    )
)


def frame(table, rows):
    return pd.DataFrame(rows, columns=[column.name for column in table.columns])


def ledgers():
    """One instrument for every combination, each of a merchant and a point of its own."""
    instruments, verifications = [], []
    for n, (management, status, retired, kind, months, done, day, result, until) in enumerate(COMBINATIONS):
        instruments.append({"id": f"I{n}", "area": "A", "merchant": f"M{n}", "point": f"P{n}", "kind": kind,
                            "management": management, "status": status, "retired_on": retired, "serial": "1",
                            "registered": True, "maintained_on": END, "calibration_months": months})  # fmt: skip
        if done:
            verifications.append({"id": f"V{n}", "instrument": f"I{n}", "kind": done, "done_on": day,
                                  "result": result, "valid_until": until})  # fmt: skip
    merchants = [{"code": f"M{n}", "name": f"M{n}", "area": "A", "status": "open"} for n in range(len(COMBINATIONS))]
    return {"instrument": frame(schema.INSTRUMENT, instruments), "merchant": frame(schema.MERCHANT, merchants),
            "verification": frame(schema.VERIFICATION, verifications)}  # fmt: skip


@pytest.fixture(scope="module")
def sides():
    """The ledgers, and what a filing's check counts at each point; all ends on one day."""
    books = ledgers()
    clocked = clock(books["instrument"], books["verification"], END).assign(quarter="2026Q1")
    rows = pd.DataFrame({"point": [f"P{n}" for n in range(len(COMBINATIONS))], "quarter": "2026Q1", "end": END})
    view = View.of(books, (date(2026, 1, 1), END, END), settings())
    return view, clocked, measured(rows, clocked, None).set_index(rows["point"])


def test_a_line_and_a_filing_agree_on_every_instrument_that_may_not_be_used(sides):
    view, clocked, filing = sides
    assert set(clocked["state"]) == set(INSTRUMENT_STATES)
    line = MEASURES["instruments_overdue"](view, load_rubric("scenic_area").lines[0], Limits())
    overdue = filing.index[filing["overdue"] == 1]
    assert sorted(line.rows["id"].str[1:]) == sorted(overdue.str[1:])
    assert 0 < len(overdue) < len(filing)


def test_so_they_do_on_those_under_calibration(sides):
    view, _, filing = sides
    line = MEASURES["merchants_registered"](view, load_rubric("scenic_area").lines[0], Limits())
    wrong = set(line.rows.loc[~line.rows["counted"].astype(bool), "id"].str[1:])
    counted = filing.index[(filing["overdue"] == 1) | (filing["uncalibrated"] == 1)]
    assert wrong == set(counted.str[1:])
    assert (filing["uncalibrated"] == 1).any()
    used = filing.index[filing["in_use"] == 1]
    assert set(line.rows["id"].str[1:]) == set(used.str[1:])


def test_a_filing_says_which_of_them_have_no_known_validity():
    instruments = frame(schema.INSTRUMENT, [
        {"id": f"I{n}", "point": "P", "kind": kind, "management": "mandatory", "status": "in_use"}
        for n, kind in enumerate(("没有列入的器具", "电子计价秤"))
    ])  # fmt: skip
    done = frame(schema.VERIFICATION, [
        {"id": f"V{n}", "instrument": f"I{n}", "kind": "verification", "done_on": date(2024, 1, 1),
         "result": "qualified"} for n in range(2)
    ])  # fmt: skip
    form = load_form()
    filing = pd.DataFrame([{"id": "F", "point": "P", "quarter": "2026Q1", "submitted_on": date(2026, 4, 2),
                            "mandatory": 2, "valid": 2, **{name: None for name in form.counts if name not in
                            ("mandatory", "valid")}, "checked_on": None, "returned_on": None}])  # fmt: skip
    answers = pd.DataFrame([{"filing": "F", "item": item.id, "self_answer": item.favourable[0], "check_answer": None}
                            for item in form.items])  # fmt: skip
    points = frame(schema.POINT, POINT)
    row = judge(form, filing, answers, points, "2026Q1", as_of=date(2026, 5, 1),
                clocked=clock(instruments, done, END)).iloc[0]  # fmt: skip
    (sentence,) = [reason for reason in row["reasons"] if "台账中强制检定" in reason]
    assert "2台（件），填报只承认0台（件）（其中有效期不明1台（件））" in sentence
