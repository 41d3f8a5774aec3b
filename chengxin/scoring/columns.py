"""Columns of any frame as texts and as numbers; each distinct cell is looked at once."""

import math
import numbers
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chengxin.csvfile import normal

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
TRUTH = {"true": 1.0, "false": 0.0}  # as software writes a truth value into a file
SHOWN = 40  # characters of a cell that a message repeats


def as_text(cell: Any) -> str:
    """A cell as text: a number without a needless ``.0``, empty where it is missing.

    >>> [as_text(cell) for cell in (10.1, 3.0, 7, "2.1", None, float("nan"))]
    ['10.1', '3', '7', '2.1', '', '']
    """
    if isinstance(cell, str):
        return cell
    if pd.api.types.is_scalar(cell) and pd.isna(cell):
        return ""
    whole = isinstance(cell, float | np.floating) and math.isfinite(cell) and cell == int(cell)
    return str(int(cell)) if whole else str(cell)


def is_text(column: pd.Series) -> bool:
    """Whether a column holds nothing but texts, or categories that are texts, so that it can be used as it is."""
    kind = column.dtype
    inner = kind.categories.dtype if isinstance(kind, pd.CategoricalDtype) else kind
    return isinstance(inner, pd.StringDtype)


def distinct(column: pd.Series) -> tuple[NDArray[np.int64], list[Any]]:
    """Position of every cell among the distinct ones, -1 where it is missing; and these."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(np.int64), list(column.cat.categories.to_numpy())
    try:
        codes, cells = pd.factorize(column)
    except TypeError:  # lists and the like
        codes, cells = pd.factorize(column.map(str, na_action="ignore"))
    return np.asarray(codes, np.int64), list(cells.to_numpy())  # NumPy's own numbers: 10.1 of float32 is 10.1


def texts(column: pd.Series, text: Callable[[Any], str] = as_text) -> tuple[NDArray[np.int64], list[str]]:
    """Position of every cell's text among the distinct ones, -1 where it is missing or blank; and these.

    Parameters
    ----------
    column : of any type
    text : what a cell says
    """
    codes, cells = distinct(column)
    said = [text(cell) for cell in cells]
    names = list(dict.fromkeys(name for name in said if name.strip()))
    at = {name: n for n, name in enumerate(names)}
    return np.array([*(at.get(name, -1) for name in said), -1], np.int64)[codes], names


def as_category(codes: NDArray[np.int64], names: list[str]) -> pd.Categorical:
    """A column of texts from what `texts` returned."""
    return pd.Categorical.from_codes(codes, categories=pd.Index(names, dtype="str"))


def as_numbers(frame: pd.DataFrame, name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """A column of numbers or of their texts as float64, and where it holds something that is not a finite number.

    Truth values count as 1 and 0, blanks as missing.

    Parameters
    ----------
    frame : observations
    name : of the column; NaN throughout where it is absent
    """
    if name not in frame:
        return np.full(len(frame), np.nan), np.zeros(len(frame), bool)
    column = frame[name]
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column):
        number = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return number, np.isinf(number)
    codes, cells = distinct(column)
    read = [_number(cell) for cell in cells]
    number = np.array([*(math.nan if each is None else each for each in read), math.nan])[codes]
    return number, np.array([*(each is None for each in read), False])[codes]


def _number(cell: Any) -> float | None:
    """A cell as a finite number, NaN where it is blank; None where it is neither."""
    if isinstance(cell, str):
        text = normal(cell)
        if not text or text.lower() in TRUTH:
            return TRUTH.get(text.lower(), math.nan)
        return _finite(float(text)) if NUMBER.fullmatch(text) else None
    if isinstance(cell, numbers.Real | Decimal | np.bool_):
        try:
            return _finite(float(cell))
        except (OverflowError, ValueError):
            return None
    return None


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
