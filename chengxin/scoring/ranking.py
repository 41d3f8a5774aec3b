"""Who stands where: ranks of results, of many groups at once and of many draws; which places of a list are shown.

There is one tolerance: totals closer than `TIE` are the same total. Two different sums of shares of real inspections
lie further apart, while float64 sums differ by less than 1e-12. Equal totals share the better rank.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chengxin.rubric.rules import Column

TIE = 1e-9  # totals closer than this are the same total
NEAR = 3  # neighbours on either side of what is looked at


def rank(results: pd.DataFrame) -> pd.Series:
    """Ranks of complete assessments by unrounded total, 1 the best, equal totals sharing the better rank.

    Parameters
    ----------
    results : from `totals`; only results of one rubric, version and readings can be ranked together

    Returns
    -------
    Int64 column, NA where incomplete

    >>> import chengxin
    >>> from chengxin.paths import place
    >>> street = chengxin.load_rubric("street")
    >>> seen = chengxin.read_observations(place("sample_data") / "observations.csv")
    >>> seen = seen[seen["assessment"].isin(["331002-J1-2026", "331003-J1-2026"])]
    >>> chengxin.rank(chengxin.totals(chengxin.score(street, seen))).tolist()
    [1, 2]
    """
    total = results["unrounded"].where(results["complete"])
    places, _ = ranks(total, np.zeros(len(total), np.int64))
    return places.set_axis(results.index).rename("rank")


def ranks(totals: pd.Series, among: NDArray[np.int64]) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Ranks within many groups at once, as `rank` gives them for one.

    Parameters
    ----------
    totals : float64; NaN gets no rank
    among : number of the group of each

    Returns
    -------
    Int64 ranks, 1 the best, equal totals sharing the better one; and which are shared
    """
    total = totals.to_numpy(float)
    order = np.lexsort((-total, among))
    order = order[~np.isnan(total[order])]
    group, value = among[order], total[order]
    new = np.diff(group, prepend=-1) != 0
    step = new | (np.abs(np.diff(value, prepend=np.inf)) > TIE)
    spot = np.arange(len(order))
    first = np.maximum.accumulate(np.where(step, spot, 0)) - np.maximum.accumulate(np.where(new, spot, 0)) + 1
    tied = np.zeros(len(total), bool)
    tied[order] = ~step | ~np.append(step[1:], True)
    return pd.Series(first, index=order, dtype="Int64").reindex(range(len(total))), tied


def ranked(totals: Column) -> tuple[NDArray[Any], NDArray[Any]]:
    """Ranks within each row, 1 the best, equal totals sharing the better rank.

    Parameters
    ----------
    totals : draws × n, points

    Returns
    -------
    order (draws × n): positions from best to worst; rank (draws × n, int32) of each of them in that order
    """
    order = np.argsort(-totals, axis=1)
    step = np.diff(np.take_along_axis(totals, order, 1), axis=1) < -TIE
    rank = np.ones(totals.shape, np.int32)
    np.multiply(step, np.arange(2, totals.shape[1] + 1, dtype=np.int32), out=rank[:, 1:])
    np.maximum(rank[:, 1:], 1, out=rank[:, 1:])
    return order, np.maximum.accumulate(rank, axis=1)


def placed(totals: Column) -> NDArray[Any]:
    """Ranks as `ranked`, but in the order of the columns."""
    order, rank = ranked(totals)
    places = np.empty_like(rank)
    np.put_along_axis(places, order, rank, 1)
    return places


def shortened(
    block: NDArray[Any], head: Any | None, tail: Any = 0, near: Sequence[int] | NDArray[np.intp] = ()
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places to show of a long list, and how many are left out after each.

    Parameters
    ----------
    block : equal numbers stand together and are one list
    head, tail : how many of each list are shown from its beginning and its end, for all lists or at each place; head
        at least 1, or None for everything
    near : places that are shown with their neighbours wherever they stand

    Returns
    -------
    places in order, and for each the number of places of its list that are left out after it
    """
    count = len(block)
    place = np.arange(count)
    _, start, size = np.unique(block, return_index=True, return_counts=True)
    which = np.searchsorted(np.sort(start), place, side="right") - 1
    start, size = np.sort(start)[which], size[np.argsort(start)][which]
    keep = np.ones(count, bool) if head is None else (place - start < head) | (start + size - place <= tail)
    for spot in near:
        keep |= np.abs(place - spot) <= NEAR
    before, after = np.append(True, keep[:-1]), np.append(keep[1:], True)
    keep |= ((place == start) | before) & ((place == start + size - 1) | after)  # one place takes no more than a gap
    kept = np.flatnonzero(keep)
    end = np.minimum(np.append(kept[1:], count), (start + size)[kept])
    return kept, np.maximum(end - kept - 1, 0)
