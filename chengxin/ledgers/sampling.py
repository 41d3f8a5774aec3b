"""Which merchants are inspected: all when they are few, else some drawn with a recorded seed.

A draw can be checked by anybody and in any year: merchants stand in the order of the SHA-256 of seed and code, and
the first ones are taken. No random generator is asked, whose numbers another version might give differently.
"""

import hashlib
from collections.abc import Iterable, Mapping

from chengxin.errors import UsageError
from chengxin.settings import Number, settings


def draw(merchants: Iterable[str], seed: int, values: Mapping[str, Number] | None = None) -> list[str]:
    """Draw merchants to inspect; the same codes and seed always give the same.

    Parameters
    ----------
    merchants : codes, in any order; one that is there twice counts once
    seed : a whole number from 0 on, recorded beside the result
    values : settings ``sample_all_up_to`` and ``sample_size``; default the kit's

    Returns
    -------
    codes drawn, in order of code

    Raises
    ------
    UsageError : the seed is no such number, or a code is no text

    Examples
    --------
    >>> draw(["M1", "M2", "M3", "M4"], 7, {"sample_all_up_to": 3, "sample_size": 2})
    ['M1', 'M2']
    """
    codes, values = _codes(merchants), values or settings()
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise UsageError(f"随机种子“{str(seed)[:40]}”：应为不小于0的整数，如抽取当天的日期20261102。")
    if len(codes) <= values["sample_all_up_to"]:
        return codes
    return sorted(sorted(codes, key=lambda code: _place(seed, code))[: int(values["sample_size"])])


def _codes(merchants: Iterable[str]) -> list[str]:
    """The codes once each, in order."""
    given = [merchants] if isinstance(merchants, str) else list(merchants)
    wrong = [code for code in given if not isinstance(code, str) or not code.strip()]
    if wrong or isinstance(merchants, str):
        raise UsageError(f"经营户编号“{str((wrong or given)[0])[:40]}”不能抽取；应为经营户编号的列表，每个都是文字。")
    return sorted(set(given))


def _place(seed: int, code: str) -> bytes:
    return hashlib.sha256(f"{seed}\n{code}".encode("utf-8", "surrogatepass")).digest()
