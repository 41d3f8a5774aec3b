"""Sample sizes against published tables and against each other."""

import math
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chengxin import lab
from chengxin.errors import UsageError
from chengxin.ledgers.surveys import wilson

NAN, INF = math.nan, math.inf
# Krejcie & Morgan 1970, table 1 (95 %, p = 0.5, d = 0.05); their chi-square is 3.841 and they round to the nearest
KREJCIE_MORGAN = {
    10: 10, 20: 19, 50: 44, 100: 80, 150: 108, 200: 132, 300: 169, 500: 217, 700: 248, 1000: 278, 1500: 306,
    2000: 322, 5000: 357, 10000: 370, 75000: 382,
}  # fmt: skip


@pytest.mark.parametrize(("population", "size"), KREJCIE_MORGAN.items())
def test_published_sizes(population, size):
    assert lab.sample_size(population) - size in (0, 1)  # we never round down, which would leave the margin


@pytest.mark.parametrize(
    ("margin", "confidence", "share", "size"), [(0.05, 95, 0.5, 385), (0.03, 95, 0.5, 1068), (0.05, 99, 0.5, 664)]
)
def test_sizes_from_many(margin, confidence, share, size):
    assert lab.sample_size(margin=margin, confidence=confidence, share=share) == size


@given(st.integers(2, 5000), st.floats(0.01, 0.5), st.floats(0.05, 0.95))
def test_the_size_is_the_smallest_that_keeps_the_margin(population, margin, share):
    n = lab.sample_size(population, margin=margin, share=share)
    assert lab.margin_of_error(n, population, share=share) <= margin + 1e-9
    assert n == 1 or lab.margin_of_error(n - 1, population, share=share) > margin - 1e-9


def test_inspecting_all_leaves_no_error():
    assert lab.margin_of_error(40, 40) == 0
    assert lab.margin_of_error(1, 1) == 0


@given(st.integers(1, 99))
def test_a_survey_is_confirmed_by_wilson_exactly_at_its_size(off):
    expected = 0.95 + off / 2000
    n = lab.survey_size(0.95, expected)
    assert _lower(expected, n) >= 0.95 - 1e-9
    assert _lower(expected, n - 1) < 0.95 + 1e-9


def _lower(share, n):
    z2 = 1.959963984540054**2
    half = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n)))
    return (share + z2 / (2 * n) - half) / (1 + z2 / n)


def test_all_satisfied():
    assert lab.survey_size(0.95) == 73
    assert wilson(73, 73)[0] >= 0.95 > wilson(72, 72)[0]


@pytest.mark.parametrize(
    "call",
    [
        lambda: lab.sample_size(0), lambda: lab.sample_size(margin=0), lambda: lab.sample_size(confidence=100),
        lambda: lab.sample_size(share=2), lambda: lab.margin_of_error(0), lambda: lab.margin_of_error(5, 4),
        lambda: lab.survey_size(0.95, 0.95), lambda: lab.survey_size(0.95, 1.2),
        *(partial(lab.margin_of_error, n) for n in (NAN, 2.5, INF, -1)),
        *(partial(lab.sample_size, n) for n in (NAN, 9.5)),
        *(partial(lab.margin_of_error, 3, n) for n in (NAN, 9.5, INF)), partial(lab.sample_size, margin=NAN),
        partial(lab.sample_size, share=NAN), partial(lab.sample_size, confidence=NAN), partial(lab.survey_size, NAN),
        partial(lab.survey_size, 0.95, NAN),
    ],
)  # fmt: skip
def test_values_outside_their_range_are_refused(call):
    with pytest.raises(UsageError, match="应为"):
        call()
