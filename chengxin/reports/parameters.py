"""What a report is asked for, as text: Papermill's ``-p`` reads ``331082`` as a number, codes and periods are texts."""

import math

from chengxin.errors import UsageError

Code = str | int | float


def as_text(name: str, value: Code) -> str:
    """A parameter of a report's notebook as text, whatever type it comes in.

    Parameters
    ----------
    name : of the parameter in Chinese, for the error
    value : a code or a period: text, or a whole number

    Raises
    ------
    UsageError : empty, not a whole number, or of another type

    Examples
    --------
    >>> as_text("填报单位", 331082), as_text("评价期", 2026.0), as_text("评价期", " 2026 ")
    ('331082', '2026', '2026')
    """
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    if isinstance(value, bool) or not isinstance(value, str | int) or not text:
        raise UsageError(f"{name}“{text}”不是代码；应为文字或整数，如331082、2026。")
    return text


def as_year(value: Code) -> int:
    """A year, see `as_text`.

    Raises
    ------
    UsageError : not a year
    """
    text = as_text("年度", value)
    if not (len(text) == 4 and text.isascii() and text.isdecimal() and text[0] in "12"):
        raise UsageError(f"年度“{text[:40]}”：应为公历年，如2026。")
    return int(text)
