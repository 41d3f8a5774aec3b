"""Rounding of totals to two decimals as exact arithmetic does it, half away from zero (GB/T 8170).

Float64 sums decide wherever they lie clear of a tie. The few that do not are summed again in whole numbers:
every cell is points × value ÷ of or a decimal number, so a common denominator makes all of them whole. They
are 64-bit numbers where the products fit, and whole numbers of any size where they do not.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chengxin.rubric.rules import Column

if TYPE_CHECKING:
    from chengxin.scoring.totals import Figures

TIE = 1e-6  # totals this near to a tie, in hundredths, are settled by whole numbers
DRIFT = 1e-12  # how far a float64 sum of a few dozen lines can be off, in hundredths per point
ROOM = 4e18  # products below this fit 64 bits
PLACES = 9  # most decimals of any product of points and observation


@dataclass(frozen=True)
class _Terms:
    """Cells of some assessments as fractions: `number` / 10**k / `whole`, all whole numbers in float64."""

    product: tuple[Column, Column]  # points × 10**p and value × 10**v of the cells that are a share, else 0
    decimal: Column  # score × 10**s of the others, else 0
    whole: Column
    common: NDArray[np.int64]  # least common multiple of `whole`, 0 where it is too large
    shifts: tuple[int, int]  # powers of ten that bring both to k decimals
    k: int


def places(numbers: Column) -> int:
    """Decimals that write all the numbers exactly, up to `PLACES`."""
    scaled = (numbers * 10.0**k for k in range(PLACES))
    return next((k for k, x in enumerate(scaled) if (np.abs(x - np.rint(x)) < 1e-4).all()), PLACES)


def half_up(figures: "Figures", start: int, total: Column, size: Column, missing: Column, applicable: Column) -> Column:
    """Round totals to two decimals, exactly.

    Parameters
    ----------
    figures : the sheet
    start : position of the first of these assessments in it
    total : float64 totals after all limits
    size : sum of all points that went into each, with which its error grows
    missing : points added to the base
    applicable : points the base is rescaled from

    Returns
    -------
    rounded totals; NaN stays NaN
    """
    cents = total * 100
    rounded = np.copysign(np.floor(np.abs(cents) + 0.5), cents)
    off = np.abs(np.abs(cents - np.trunc(cents)) - 0.5)
    near = np.flatnonzero(off < TIE + DRIFT * size)
    if near.size:
        rounded[near] = _settle(figures, near + start, size[near], missing[near], applicable[near])
    return rounded / 100 + 0.0


def _settle(
    figures: "Figures", rows: NDArray[np.int64], size: Column, missing: Column, applicable: Column
) -> NDArray[np.float64]:
    """Hundredths of the exact totals of some assessments."""
    terms = _terms(figures, rows)
    top = figures.full * 1000 if figures.rescale else 1.0
    most = (size + missing + figures.limits().max(initial=1)) * terms.common * 10.0**terms.k * top
    fits = (terms.common > 0) & (400 * most < ROOM)
    cents = np.empty(len(rows))
    for chosen, dtype in ((fits, np.int64), (~fits, object)):
        if chosen.any():
            at = np.flatnonzero(chosen)
            cents[at] = _cents(figures, terms, rows[at], at, missing[at], applicable[at], dtype)
    return cents


def _terms(figures: "Figures", rows: NDArray[np.int64]) -> _Terms:
    score, value, of = (np.nan_to_num(table[rows]) for table in (figures.score, figures.value, figures.of))
    whole = np.where(figures.divides & (of > 0), of, 1.0)
    share = figures.divides & (of > 0) & (score == figures.points * value / whole)
    p, v = places(figures.points), places(value[share])
    s = places(score[~share])
    k = max(p + v, s, places(figures.limits()))
    product = np.rint(figures.points * 10.0**p), np.where(share, np.rint(value * 10.0**v), 0.0)
    decimal = np.where(share, 0.0, np.rint(score * 10.0**s))
    whole = np.where(share, whole, 1.0)
    return _Terms(product, decimal, whole, _lcm(whole), (k - p - v, k - s), k)


def _cents(
    figures: "Figures", terms: _Terms, rows: Any, at: Any, missing: Column, applicable: Column, dtype: Any
) -> Column:
    """Hundredths; `rows` are places in the sheet and `at` in the terms, numbers are of `dtype`."""
    points, value = _whole(terms.product[0], dtype), _whole(terms.product[1][at], dtype)
    decimal, whole = _whole(terms.decimal[at], dtype), _whole(terms.whole[at], dtype)
    common = terms.common[at] if dtype is np.int64 else np.lcm.reduce(whole, axis=1)
    first, second = (10**shift for shift in terms.shifts)
    number = (points * value * first + decimal * second) * (common[:, None] // whole)
    base, bonus, deduction = (number[:, figures.section == n].sum(axis=1) for n in range(3))
    scale = 10**terms.k
    top, bottom = (round(figures.full * 1000), _whole(applicable * 1000, dtype)) if figures.rescale else (1, 1)
    if np.isfinite(figures.bonus_cap):
        bonus = np.minimum(bonus, round(figures.bonus_cap * scale) * common)
    exact = (base + _whole(missing * scale, dtype) * common) * top + (bonus - deduction) * bottom
    under = scale * common * bottom
    red = figures.crossed(rows).any(axis=1)
    for limit, held in ((figures.red_cap, red), (figures.ceiling, np.ones(len(at), bool))):
        if np.isfinite(limit):
            exact = np.where(held, np.minimum(exact, round(limit * scale) * common * bottom), exact)
    if np.isfinite(figures.floor):
        exact = np.maximum(exact, 0)
    return np.asarray(np.where(exact < 0, -1, 1) * ((abs(exact) * 200 + under) // (2 * under)), np.float64)


def _whole(numbers: Column, dtype: Any) -> Any:
    return np.rint(numbers).astype(np.int64).astype(dtype, copy=False)


def _lcm(whole: Column) -> NDArray[np.int64]:
    """Least common multiple of each row; 0 where it leaves 1e12."""
    common = np.ones(len(whole), np.int64)
    for column in whole.astype(np.int64).T:
        odd = np.flatnonzero((common > 0) & (common % column != 0))
        if odd.size:
            grown = np.lcm(common[odd], column[odd])
            common[odd] = np.where(grown > 1e12, 0, grown)
    return common
