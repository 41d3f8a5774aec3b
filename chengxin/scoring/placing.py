"""Who stands where: ranks within many groups at once, and which places of a long list are shown."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SAME = 1e-9  # totals closer than this are the same total, see `score.rank`
NEAR = 3  # neighbours on either side of what is looked at


def ranks(totals: pd.Series, among: NDArray[np.int64]) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Ranks within many groups at once, as `score.rank` gives them for one.

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
    step = new | (np.abs(np.diff(value, prepend=np.inf)) > SAME)
    spot = np.arange(len(order))
    first = np.maximum.accumulate(np.where(step, spot, 0)) - np.maximum.accumulate(np.where(new, spot, 0)) + 1
    tied = np.zeros(len(total), bool)
    tied[order] = ~step | ~np.append(step[1:], True)
    return pd.Series(first, index=order, dtype="Int64").reindex(range(len(total))), tied


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
