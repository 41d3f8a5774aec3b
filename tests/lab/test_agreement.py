"""Agreement against published values, what cannot be said, groups, invariants."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chengxin.lab.agreement import Agreement, by
from chengxin.lab.agreement import agreement as agree

# Gwet's package irrCAC (vignette "overview", gwet.ac1.table and kappa2.table of cont3x3abstractors): 100 pregnancies
# classified by two abstractors; and cont4x4diagnosis: 223 psychiatric patients by two methods of diagnosis.
ABSTRACTORS = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]
DIAGNOSIS = [[40, 4, 4, 17], [6, 25, 2, 13], [4, 1, 21, 12], [15, 5, 9, 45]]


def pairs(table):
    a = [str(i) for i, row in enumerate(table) for count in row for _ in range(count)]
    b = [str(j) for row in table for j, count in enumerate(row) for _ in range(count)]
    return a, b


@pytest.mark.parametrize(
    ("table", "raw", "ac1", "interval", "kappa"),
    [
        (ABSTRACTORS, 0.89, 0.84933, (0.76358, 0.93508), 0.7964094),
        (DIAGNOSIS, 131 / 223, 0.456, (0.371, 0.542), 0.432),
    ],
)
def test_published_values(table, raw, ac1, interval, kappa):
    found = agree(*pairs(table))
    digits = 5 if table is ABSTRACTORS else 3
    assert found.raw == raw
    assert round(found.ac1, digits) == ac1
    assert (round(found.low, digits), round(found.high, digits)) == interval
    assert round(found.kappa, 7 if table is ABSTRACTORS else 3) == kappa


def test_high_agreement_that_kappa_calls_worse_than_chance():
    """118, 5, 2, 0: by hand, pa = 118/125, π₁ = 243/250, AC1 = (pa − pe)/(1 − pe) with pe = 2·(243/250)·(7/250)."""
    found = agree(*pairs([[118, 5], [2, 0]]))
    pe = 2 * (243 / 250) * (7 / 250)
    assert math.isclose(found.ac1, (118 / 125 - pe) / (1 - pe))
    assert found.kappa < 0
    assert found.ac1 > 0.9
    assert found.directions == {("0", "1"): 5, ("1", "0"): 2}


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ("", "", "没有双方都判断的项"),
        ("yyyyyyyyyy", "yyyyyyyyyy", "判断全部相同"),
        ("yyyyyyyyyy", "yyyyyyyynn", "判断全部相同"),
        ("yyn", "yyn", "只有3对，少于8对"),
        ("yynnyyn", "yynnyyy", "只有7对，少于8对"),
    ],
)
def test_kappa_is_left_out_with_the_reason(a, b, words):
    found = agree(list(a), list(b))
    assert found.kappa is None
    assert found.kappa_note.startswith("不适用：")
    assert words in found.kappa_note


def test_what_is_missing_is_none_and_never_nan():
    nothing = agree([None, "y", np.nan], ["y", None, "y"])
    assert (nothing.n, nothing.raw, nothing.ac1, nothing.low, nothing.kappa) == (0, None, None, None, None)
    assert agree(["y"], ["n"]).interval_note == "只有1对，不能估计区间"
    same = agree(["y", "n"] * 5, ["y", "n"] * 5)
    assert (same.ac1, same.low, same.high, same.kappa) == (1, None, None, 1)
    assert "退化" in same.interval_note


def test_wrong_vectors_are_refused():
    with pytest.raises(ValueError, match="3 judgements against 2"):
        agree("yyn", "yn")
    with pytest.raises(ValueError, match="x"):
        agree("yx", "yy", "yn")


def test_groups_are_what_each_alone_is():
    random = np.random.default_rng(7)
    frame = pd.DataFrame(
        {"unit": random.choice(["331002", "331003"], 400), "sector": random.choice(["商贸", "餐饮"], 400)}
    )
    frame["a"], frame["b"] = random.random(400) < 0.9, random.random(400) < 0.8
    frame["b"] = frame["b"].astype(object).mask(random.random(400) < 0.1, None)
    for keys in ([], ["unit"], ["unit", "sector"]):
        table = by(frame, keys, "a", "b", [True, False])
        groups = [frame] if not keys else [part for _, part in frame.groupby(keys)]
        assert len(table) == len(groups)
        for (_, row), part in zip(table.iterrows(), groups, strict=True):
            alone = agree(part["a"].tolist(), part["b"].tolist(), [True, False])
            assert {name: row[name] for name in Agreement.__dataclass_fields__} == vars(alone)
    assert by(frame.head(0), ["unit"], "a", "b").empty
    assert by(frame.head(0), [], "a", "b").loc[0, "kappa_note"] == "不适用：没有双方都判断的项"


judged = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=60)


@settings(max_examples=150, deadline=None)
@given(judged, st.permutations("abc"), st.randoms(use_true_random=False))
def test_invariants(seen, names, random):
    a, b = [one for one, _ in seen], [two for _, two in seen]
    found, turned = agree(a, b, "abc"), agree(b, a, "abc")
    assert vars(found).keys() == vars(turned).keys()
    assert found.agreed + sum(found.directions.values()) == found.n == len(seen)
    assert turned.directions == {(two, one): n for (one, two), n in found.directions.items()}
    mixed = list(seen)
    random.shuffle(mixed)
    renamed = dict(zip("abc", names, strict=True))
    other = agree([renamed[one] for one, _ in mixed], [renamed[two] for _, two in mixed], "abc")
    for name in ("raw", "ac1", "low", "high", "kappa"):
        value = getattr(found, name)
        for same in (getattr(turned, name), getattr(other, name)):
            assert (value is None and same is None) or math.isclose(value, same, abs_tol=1e-12)
    assert -1 <= found.ac1 <= 1
    assert found.low is None or -1 <= found.low <= found.ac1 <= found.high <= 1
    assert (found.raw == 1) == math.isclose(found.ac1, 1)
    if found.kappa is not None:
        assert -1 <= found.kappa <= 1 + 1e-12
    else:
        assert found.kappa_note
