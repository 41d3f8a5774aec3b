"""Ranks: one tolerance, whether of one list, of groups at once or of draws."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from chengxin.scoring.ranking import TIE, placed, rank, ranked, ranks

TOTALS = st.lists(st.integers(0, 6).map(lambda n: 90 + n * TIE / 2), min_size=1, max_size=12)


def results(totals, complete=None):
    return pd.DataFrame({"unrounded": totals, "complete": True if complete is None else complete})


def test_equal_totals_share_the_better_rank():
    table = results([90.0, 95.0, 90.0 + TIE / 10, 80.0, 99.0], [True, True, True, True, False])
    assert rank(table).tolist() == [2, 1, 2, 4, pd.NA]


def test_ranks_keep_the_rows_names():
    table = results([1.0, 2.0]).set_axis(["甲", "乙"])
    assert rank(table).to_dict() == {"甲": 2, "乙": 1}


def test_nothing_to_rank():
    assert rank(results(pd.Series([], dtype=float), pd.Series([], dtype=bool))).empty


@given(TOTALS)
def test_one_list_groups_and_draws_agree(totals):
    one = rank(results(totals)).tolist()
    twice, _ = ranks(pd.Series(totals * 2), np.repeat([0, 1], len(totals)))
    assert twice.tolist() == one * 2
    assert placed(np.array([totals, totals])).tolist() == [one, one]


def test_order_and_rank_of_draws():
    order, rank_in_order = ranked(np.array([[1.0, 3.0, 2.0], [5.0, 5.0, 4.0]]))
    assert order[0].tolist() == [1, 2, 0]
    assert rank_in_order.tolist() == [[1, 2, 3], [1, 1, 3]]


def test_shared_ranks_are_marked():
    _, tied = ranks(pd.Series([1.0, 2.0, 2.0, np.nan]), np.zeros(4, np.int64))
    assert tied.tolist() == [False, True, True, False]
