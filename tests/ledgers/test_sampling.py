"""Which merchants are inspected: all when they are few, else some, the same again with the same seed."""

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chengxin.errors import UsageError
from chengxin.ledgers.sampling import draw
from chengxin.settings import settings

ALL_UP_TO, SIZE = (int(settings()[name]) for name in ("sample_all_up_to", "sample_size"))
CODES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
OTHER = {"sample_all_up_to": 4, "sample_size": 3}


def codes(count):
    return [f"M{n:04d}" for n in range(count)]


@pytest.mark.parametrize("count", [0, 1, ALL_UP_TO - 1, ALL_UP_TO])
def test_few_are_all_inspected_whatever_the_seed(count):
    assert draw(codes(count), 1) == draw(codes(count), 2) == codes(count)


@pytest.mark.parametrize("count", [ALL_UP_TO + 1, 300, 12_000])
def test_of_many_as_many_as_the_setting_says_are_drawn(count):
    drawn = draw(codes(count), 20261102)
    assert len(drawn) == len(set(drawn)) == SIZE
    assert drawn == sorted(drawn)
    assert set(drawn) <= set(codes(count))


def test_both_numbers_are_settings():
    assert draw(codes(4), 7, OTHER) == codes(4)
    assert len(draw(codes(5), 7, OTHER)) == 3
    assert draw(codes(5), 7, {"sample_all_up_to": 4, "sample_size": 60}) == codes(5)


@given(st.sets(CODES, max_size=60), st.integers(0, 10**12 - 1), st.randoms())
def test_the_same_merchants_and_seed_give_the_same_in_any_order_with_repeats(merchants, seed, chance):
    first = draw(merchants, seed, OTHER)
    shuffled = [*merchants, *list(merchants)[:3]]
    chance.shuffle(shuffled)
    assert draw(shuffled, seed, OTHER) == first
    assert len(set(first)) == len(first)


def test_another_seed_gives_others_and_nobody_is_preferred():
    """Each of 10 merchants is drawn about 3 times in 10; the bounds are six standard deviations."""
    rounds = 2000
    seen = Counter(code for seed in range(rounds) for code in draw(codes(10), seed, OTHER))
    assert sorted(seen) == codes(10)
    spread = 6 * (rounds * 0.3 * 0.7) ** 0.5
    assert all(abs(hits - 0.3 * rounds) < spread for hits in seen.values())


def test_anybody_can_draw_again_with_a_recorded_seed():
    """As the module says it: the order of the SHA-256 of seed and code; held against a second way and in writing."""
    order = sorted((hashlib.sha256(f"20261102\n{code}".encode()).hexdigest(), code) for code in codes(60))
    assert draw(codes(60), 20261102, OTHER) == sorted(code for _, code in order[:3]) == ["M0006", "M0010", "M0016"]


@pytest.mark.parametrize("seed", [-1, 1.5, "1", None, True])
def test_a_seed_that_is_no_whole_number_from_0_on_is_refused(seed):
    with pytest.raises(UsageError, match="随机种子"):
        draw(codes(60), seed)


@pytest.mark.parametrize("wrong", [[None, "a"], ["", "a"], [1, 2], "M0001"])
def test_what_are_no_codes_of_merchants_is_refused(wrong):
    with pytest.raises(UsageError, match="经营户编号"):
        draw(wrong, 1)
