"""Wilson intervals against published figures and the formula; the sentence in every case."""

import math
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chengxin.errors import UsageError
from chengxin.ledgers.surveys import sentence, wilson


@pytest.mark.parametrize(
    ("satisfied", "answers", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_intervals_newcombe_published(satisfied, answers, low, high):
    assert wilson(satisfied, answers) == pytest.approx((low, high), abs=5e-5)


@settings(deadline=None, derandomize=True)
@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_solves_the_equation_and_holds_the_share(counts):
    satisfied, answers = counts
    low, high = wilson(satisfied, answers)
    share, z = satisfied / answers, 1.959963984540054
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1
    for end in (low, high):
        assert abs(end - share) == pytest.approx(z * math.sqrt(end * (1 - end) / answers), abs=1e-7)
    printed = sentence(satisfied, answers)
    ends = [Decimal(part) / 100 for part in printed.split("（")[1].rstrip("%）").split("%–")]
    assert float(ends[0]) <= low + 1e-12
    assert float(ends[1]) >= high - 1e-12


@pytest.mark.parametrize(
    ("satisfied", "answers", "at_least", "said"),
    [
        (285, 300, 0.95, "95.0%（91.9%–97.0%），样本未能确认≥95%"),
        (299, 300, 0.95, "99.7%（98.1%–100.0%），样本确认≥95%"),
        (280, 300, 0.95, "93.3%（89.9%–95.7%），未达到95%，样本不能排除≥95%"),
        (200, 300, 0.95, "66.7%（61.1%–71.8%），未达到95%，样本确认<95%"),
        (285, 300, None, "95.0%（91.9%–97.0%）"),
        (29, 29, 0.95, "100.0%（88.3%–100.0%），样本未能确认≥95%；有效问卷29份，不足30份，结果仅供参考"),
        (30, 30, None, "100.0%（88.6%–100.0%）"),
        (0, 0, 0.95, "没有有效问卷"),
    ],
)
def test_the_sentence(satisfied, answers, at_least, said):
    assert sentence(satisfied, answers, at_least, least=30) == said


def test_no_answers_no_interval_and_another_confidence():
    assert wilson(0, 0) is None
    narrow, wide = wilson(285, 300, 90), wilson(285, 300, 99)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    for confidence in (0, 100, 120):
        with pytest.raises(UsageError, match="survey_confidence"):
            wilson(285, 300, confidence)
