"""Whole merchants resampled: against plain loops, with known moments, and where counts alone are known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labdata import STREET, observed

from chengxin import lab
from chengxin.lab.draws import BY_COUNT, ONE_BY_ONE, PARTLY, arranged, resampled, sampled, shares_drawn
from chengxin.lab.panel import panel

LINES = [line.id for line in STREET.lines if line.unit == "户" and line.rule.needs_of]


def found_at(areas, m, seed, good=0.8, idle=0.1):
    """Results merchant by merchant, and observations whose counts are their sums; a bad merchant fails everywhere."""
    rng = np.random.default_rng(seed)
    frame, rows = observed(STREET, areas, seed), []
    for area in range(areas):
        for merchant in range(m):
            result = "ok" if rng.random() < good else "bad"
            rows += [
                {"assessment": f"A{area:02d}", "merchant": f"M{merchant:03d}", "line": line,
                 "result": "na" if rng.random() < idle else result}
                for line in LINES
            ]  # fmt: skip
    checks = pd.DataFrame(rows)
    sums = checks.assign(ok=checks["result"] == "ok", there=checks["result"] != "na")
    sums = sums.groupby(["assessment", "line"])[["ok", "there"]].sum().astype(float)
    key = pd.MultiIndex.from_frame(frame[["assessment", "line"]])
    at = key.isin(sums.index)
    frame.loc[at, ["value", "of"]] = sums.loc[key[at]].to_numpy()
    return frame, checks


def setting(frame, checks):
    known = panel(STREET, frame)
    lines = [line for line, kind in sampled(known) if kind == "merchants"]
    return known, arranged(known, lines, checks)


def test_counts_are_those_of_the_merchants_drawn():
    frame, checks = found_at(3, 12, 1)
    known, whole = setting(frame, checks)
    assert whole.covers.all()
    passed, counted = whole.drawn(np.random.default_rng(5), 50, np.full(3, np.nan))
    weights = resampled(np.random.default_rng(5), 12, 50, np.full(3, np.nan))
    for area, name in enumerate(known.ids):
        for place, line in enumerate(whole.lines):
            mine = checks[(checks["assessment"] == name) & (checks["line"] == STREET.lines[known.places[line]].id)]
            good = (mine["result"] == "ok").to_numpy(float)
            there = (mine["result"] != "na").to_numpy(float)
            np.testing.assert_array_equal(passed[:, area, place], weights[:, area] @ good)
            np.testing.assert_array_equal(counted[:, area, place], weights[:, area] @ there)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.lists(st.one_of(st.just(np.nan), st.integers(1, 60)), min_size=1, max_size=4))
def test_every_draw_has_m_merchants_and_none_more_often_than_there_are(m, population):
    weights = resampled(np.random.default_rng(1), m, 30, np.array(population, float))
    assert (weights.sum(axis=2) == m).all()
    assert (weights >= 0).all()
    for area, every in enumerate(population):
        if np.isfinite(every):
            assert weights[:, area].max() <= np.ceil(max(every, m) / m)
            if every <= m:
                assert (weights[:, area] == 1).all()  # all were inspected: nothing varies


def test_moments_with_replacement_and_from_a_finite_population():
    """With replacement a weight has variance 1 − 1/m; from N = 2m, hypergeometric, half of about that."""
    weights = resampled(np.random.default_rng(2), 10, 40_000, np.array([np.nan, 20.0]))
    assert np.allclose(weights.mean(axis=0), 1, atol=0.02)
    assert weights[:, 0].var(axis=0).mean() == pytest.approx(0.9, rel=0.02)
    assert weights[:, 1].var(axis=0).mean() == pytest.approx(10 * 0.1 * 0.9 * 10 / 19, rel=0.02)


def test_lines_move_together_only_where_merchants_are_known_one_by_one():
    frame, checks = found_at(2, 30, 3, idle=0.0)
    known, whole = setting(frame, checks[checks["assessment"] == "A00"])
    drawn = shares_drawn(np.random.default_rng(1), known, 4000, ("merchants",), np.full(2, np.nan), whole)
    first, second = (drawn[line] for line in whole.lines[:2])
    assert np.corrcoef(first[:, 0], second[:, 0])[0, 1] > 0.99
    assert abs(np.corrcoef(first[:, 1], second[:, 1])[0, 1]) < 0.05


def test_it_is_said_how_each_assessments_merchants_were_drawn():
    frame, checks = found_at(4, 12, 1)
    line = checks["line"] == LINES[0]
    kept = checks[(checks["assessment"] != "A01") & ~((checks["assessment"] == "A02") & line)]
    found = lab.rank_intervals(STREET, frame, 200, 1, vary=["points", "merchants"], checks=kept).table
    assert found.set_index("assessment")["merchants"].to_dict() == {
        "A00": ONE_BY_ONE, "A01": BY_COUNT, "A02": PARTLY, "A03": ONE_BY_ONE,
    }  # fmt: skip
    mended = frame.assign(value=frame["value"].mask(frame["line"].isin(LINES) & (frame["assessment"] == "A00"), 0.0))
    found = lab.rank_intervals(STREET, mended, 200, 1, vary=["merchants"], checks=checks).table
    assert found.set_index("assessment")["merchants"]["A00"] == BY_COUNT  # the results do not sum to what was scored
    assert (lab.rank_intervals(STREET, frame, 200, 1, checks=checks).table["merchants"] == "").all()


def test_merchants_that_all_were_inspected_leave_ranks_firm():
    frame, checks = found_at(5, 12, 1)
    everybody = {f"A{n:02d}": 12.0 for n in range(5)}
    found = lab.rank_intervals(STREET, frame, 300, 1, vary=["merchants"], checks=checks, population=everybody).table
    assert (found["low"] == found["rank"]).all()
    assert (found["high"] == found["rank"]).all()
    again = lab.rank_intervals(STREET, frame, 300, 1, vary=["merchants"], checks=checks).table
    assert (again["high"] > again["low"]).any()


def test_nobody_counts_in_a_draw_keeps_what_was_found():
    frame, checks = found_at(1, 6, 1, idle=0.8)
    known, whole = setting(frame, checks)
    drawn = shares_drawn(np.random.default_rng(1), known, 500, ("merchants",), np.full(1, np.nan), whole)
    assert all(np.isfinite(shares).all() and (shares <= 1).all() for shares in drawn.values())


def test_rows_of_others_and_other_lines_are_left_out():
    frame, checks = found_at(2, 5, 1)
    more = pd.concat([checks, checks.assign(assessment="X"), checks.assign(line="1.1")], ignore_index=True)
    one, two = (lab.rank_intervals(STREET, frame, 200, 1, vary=["merchants"], checks=c).table for c in (checks, more))
    pd.testing.assert_frame_equal(one, two)
    assert setting(frame, None)[1].parts == []
