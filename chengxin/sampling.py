"""Which merchants are inspected: all when they are few, else some drawn with a recorded seed."""

from collections.abc import Iterable, Mapping

import numpy as np

from chengxin.settings import Number, settings


def draw(merchants: Iterable[str], seed: int, values: Mapping[str, Number] | None = None) -> list[str]:
    """Draw merchants to inspect; the same codes and seed always give the same.

    Parameters
    ----------
    merchants : codes, in any order
    seed : recorded beside the result
    values : settings ``sample_all_up_to`` and ``sample_size``; default the kit's

    Returns
    -------
    codes drawn, in order of code
    """
    values = values or settings()
    known = sorted(set(merchants))
    if len(known) <= values["sample_all_up_to"]:
        return known
    size = min(int(values["sample_size"]), len(known))
    chosen = np.random.default_rng(seed).permutation(len(known))[:size]
    return [known[n] for n in np.sort(chosen)]
