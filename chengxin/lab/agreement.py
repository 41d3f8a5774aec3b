"""How far two judgements of the same things agree: raw agreement, Gwet's AC1 with its interval, Cohen's kappa.

Counted once as one table of pairs per group, so that ten thousand groups cost what one costs. What cannot be said
is None with the reason beside it, never NaN.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from chengxin.lab.table import small_html, small_text

LEVEL = 0.95
Numbers = NDArray[np.float64]


SHOWN = {"what": "项目", "value": "数值"}


@dataclass(frozen=True, repr=False)
class Agreement:
    """Agreement of two raters.

    Parameters
    ----------
    n : pairs in which both judged
    agreed : pairs in which both said the same
    raw : agreed ÷ n
    ac1 : Gwet's AC1
    low, high : its 95 % interval
    interval_note : why there is no interval, in Chinese
    kappa : Cohen's kappa
    kappa_note : why there is no kappa, in Chinese
    directions : (first, second) → number of pairs, where they differ
    """

    n: int
    agreed: int
    raw: float | None
    ac1: float | None
    low: float | None
    high: float | None
    interval_note: str
    kappa: float | None
    kappa_note: str
    directions: dict[tuple[Any, Any], int]

    def __repr__(self) -> str:
        return small_text("两次判断的一致程度", self._rows(), SHOWN)

    def _repr_html_(self) -> str:
        return small_html("两次判断的一致程度", self._rows(), SHOWN)

    def _rows(self) -> pd.DataFrame:
        interval = self.interval_note if self.low is None else f"{self.low:.3f}至{self.high:.3f}"
        rows = [
            ("一致", f"{self.agreed}/{self.n}" + ("" if self.raw is None else f"（{self.raw:.1%}）")),
            ("AC1", "—" if self.ac1 is None else f"{self.ac1:.3f}"),
            ("AC1的95%区间", interval or "—"),
            ("kappa", self.kappa_note if self.kappa is None else f"{self.kappa:.3f}"),
            ("不同", "；".join(f"{a}→{b} {n}对" for (a, b), n in self.directions.items()) or "无"),
        ]
        return pd.DataFrame(rows, columns=list(SHOWN))


def agreement(a: Sequence[Any], b: Sequence[Any], categories: Sequence[Hashable] | None = None) -> Agreement:
    """Agreement of two vectors of categories.

    AC1 = (pa − pe) ÷ (1 − pe) with pe = Σ πk (1 − πk) ÷ (q − 1), πk the mean of both raters' shares of category k
    (Gwet 2008, Br. J. Math. Stat. Psychol. 61, 29–48). Variance: his formula for two raters, without finite
    population correction; interval: Student's t with n − 1 degrees of freedom, cut at ±1, as in his package irrCAC.
    Kappa: Cohen 1960 (Educ. Psychol. Meas. 20, 37–46). It is left out where a rater gave one answer throughout (it is
    then 0 or undefined, however well they agree) and below 2q² pairs (Cicchetti 1981, Appl. Psychol. Meas. 5, 101–104:
    a rule of thumb for weighted kappa with 3 to 10 categories, taken here for plain kappa too).

    Parameters
    ----------
    a, b : judgements of the same things, in the same order; a pair with a missing one is left out
    categories : all that could be said (default: all that was said)

    Returns
    -------
    an `Agreement`: counts, shares 0 to 1, coefficients −1 to 1; None with the reason where there is none

    Raises
    ------
    ValueError : vectors of different length, or a judgement outside the categories

    >>> agreement(["是", "是", "否"], ["是", "否", "否"]).directions
    {('是', '否'): 1}
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} judgements against {len(b)}")
    frame = pd.DataFrame({"a": pd.Series(a, dtype=object), "b": pd.Series(b, dtype=object)})
    known = _categories(frame, "a", "b", categories)
    return _agreements(_tables(frame, np.zeros(len(frame), np.intp), 1, known), known)[0]


def by(
    frame: pd.DataFrame, keys: Sequence[str], a: str, b: str, categories: Sequence[Hashable] | None = None
) -> pd.DataFrame:
    """Agreement per group.

    Parameters
    ----------
    frame : one row per thing judged
    keys : columns that make the groups (``["point"]``, ``["sector"]``, ``["unit"]``); none: all rows together
    a, b : columns with the two judgements
    categories : all that could be said (default: all that was said in the frame)

    Returns
    -------
    one row per group in order of the keys, with the fields of `Agreement`

    Raises
    ------
    ValueError : a judgement outside the categories
    """
    known = _categories(frame, a, b, categories)
    if keys:
        grouped = frame.groupby(list(keys), sort=True)
        group, found = grouped.ngroup().to_numpy(), grouped.size().reset_index()[list(keys)]
    else:
        group, found = np.zeros(len(frame), np.intp), pd.DataFrame(index=[0])
    pairs = frame[[a, b]].set_axis(["a", "b"], axis=1)
    rows = [vars(one) for one in _agreements(_tables(pairs, group, len(found), known), known)]
    fields = list(Agreement.__dataclass_fields__)
    told = pd.DataFrame(rows, columns=fields, index=found.index, dtype=object).astype({"n": int, "agreed": int})
    return pd.concat([found, told], axis=1)


def _categories(frame: pd.DataFrame, a: str, b: str, given: Sequence[Hashable] | None) -> pd.Index:
    seen = pd.concat([frame[a], frame[b]]).dropna().unique()
    if given is None:
        return pd.Index(sorted(seen, key=str), dtype=object)
    strange = [one for one in seen if one not in given]
    if strange:
        raise ValueError(f"judgements {strange} are not among {list(given)}")
    return pd.Index(list(given), dtype=object)


def _tables(pairs: pd.DataFrame, group: NDArray[np.intp], groups: int, known: pd.Index) -> Numbers:
    """Number of pairs by group, first judgement and second judgement."""
    q = len(known)
    first, second = (known.get_indexer(pairs[name].astype(object)) for name in ("a", "b"))
    both = (first >= 0) & (second >= 0) & (group >= 0)
    cell = (group[both] * q + first[both]) * q + second[both]
    return np.bincount(cell, minlength=groups * q * q).reshape(groups, q, q).astype(float)


def _agreements(tables: Numbers, known: pd.Index) -> list[Agreement]:
    q = max(len(known), 2)
    n, agreed = tables.sum((1, 2)), np.trace(tables, axis1=1, axis2=2)
    share = tables / np.maximum(n, 1)[:, None, None]
    raw, rows, columns = agreed / np.maximum(n, 1), share.sum(2), share.sum(1)
    ac1, error = _gwet(share, raw, (rows + columns) / 2, n, q)
    half = stdtrit(np.maximum(n - 1, 1), (1 + LEVEL) / 2) * error
    chance = (rows * columns).sum(1)
    kappa = (raw - chance) / np.where(chance < 1, 1 - chance, 1)
    constant = (tables.sum(2).max(1, initial=0) == n) | (tables.sum(1).max(1, initial=0) == n)
    unsaid = [_notes(int(n[i]), q, bool(error[i] > 0), bool(constant[i])) for i in range(len(n))]
    return [
        Agreement(
            int(n[i]), int(agreed[i]),
            float(raw[i]) if n[i] else None, float(ac1[i]) if n[i] else None,
            None if interval else max(-1.0, float(ac1[i] - half[i])),
            None if interval else min(1.0, float(ac1[i] + half[i])),
            interval, None if note else float(kappa[i]), note, _directions(tables[i], known),
        )
        for i, (interval, note) in enumerate(unsaid)
    ]  # fmt: skip


def _gwet(share: Numbers, raw: Numbers, prevalence: Numbers, n: Numbers, q: int) -> tuple[Numbers, Numbers]:
    """AC1 and its standard error; π is the prevalence of each category."""
    chance = (prevalence * (1 - prevalence)).sum(1) / (q - 1)
    ac1 = (raw - chance) / (1 - chance)
    same = (np.einsum("gkk->gk", share) * (1 - prevalence)).sum(1) / (q - 1) - raw * chance
    mean = 1 - (prevalence[:, :, None] + prevalence[:, None, :]) / 2
    pairs = (share * mean**2).sum((1, 2)) / (q - 1) ** 2 - chance**2
    spread = raw - raw**2 - 4 * (1 - ac1) * same + 4 * (1 - ac1) ** 2 * pairs
    return ac1, np.sqrt(np.maximum(spread, 0) / np.maximum(n, 1)) / (1 - chance)


def _notes(n: int, q: int, spread: bool, constant: bool) -> tuple[str, str]:
    """Why there is no interval and why there is no kappa; empty where there is one."""
    if not n:
        return "没有双方都判断的项", "不适用：没有双方都判断的项"
    interval = "只有1对，不能估计区间" if n == 1 else "" if spread else "各对结果无差别，区间退化为一点"
    if constant:
        return interval, "不适用：一方或双方的判断全部相同"
    least = 2 * q * q
    return interval, f"不适用：只有{n}对，少于{least}对" if n < least else ""


def _directions(table: Numbers, known: pd.Index) -> dict[tuple[Any, Any], int]:
    return {(known[i], known[j]): int(table[i, j]) for i, j in zip(*np.nonzero(table), strict=True) if i != j}
