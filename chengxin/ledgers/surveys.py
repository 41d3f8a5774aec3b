"""Satisfaction surveys: what a sample's share says about everybody, and what it does not."""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from statistics import NormalDist

from chengxin.errors import UsageError
from chengxin.rubric.rules import plain


def wilson(satisfied: int, answers: int, confidence: float = 95) -> tuple[float, float] | None:
    """Wilson interval of a share.

    Parameters
    ----------
    satisfied, answers : counts, satisfied not above answers
    confidence : percent

    Returns
    -------
    lower and upper end, 0 to 1; None without answers

    Raises
    ------
    UsageError : the confidence is not between 0 and 100
    """
    if not 0 < confidence < 100:
        raise UsageError(f"设定“survey_confidence”：{plain(confidence)}；应为大于0、小于100的数（单位：%）。")
    if not answers:
        return None
    n, share = int(answers), int(satisfied) / int(answers)
    z2 = NormalDist().inv_cdf(0.5 + confidence / 200) ** 2  # as SciPy's, without its import on every form's way
    half = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n)))
    middle = share + z2 / (2 * n)
    low, high = (middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)
    return (0.0 if satisfied == 0 else low), (1.0 if satisfied == answers else high)


def sentence(
    satisfied: int, answers: int, at_least: float | None = None, confidence: float = 95, least: float = 0
) -> str:
    """Say a satisfaction share with its interval, and whether the sample confirms a standard.

    Parameters
    ----------
    satisfied, answers : counts
    at_least : the standard as a share (0.95); None: the line has none
    confidence : of the interval, percent
    least : fewer answers than this are pointed out

    Returns
    -------
    such as ``95.0%（91.9%–97.0%），样本未能确认≥95%``; the ends are rounded outwards (0.9695 is printed as 97.0%),
    so that the printed interval is never narrower than the real one

    Raises
    ------
    UsageError : the confidence is not between 0 and 100
    """
    ends = wilson(satisfied, answers, confidence)
    if ends is None:
        return "没有有效问卷"
    low, high = ends
    said = f"{_percent(int(satisfied) / int(answers))}（{_percent(low, ROUND_FLOOR)}–{_percent(high, ROUND_CEILING)}）"
    if at_least is not None:
        said += "，" + _against(satisfied - at_least * answers > -1e-9, low, high, at_least)
    if answers < least:
        said += f"；有效问卷{answers}份，不足{plain(least)}份，结果仅供参考"
    return said


def _against(reached: bool, low: float, high: float, at_least: float) -> str:
    standard = f"{plain(at_least * 100)}%"
    if reached:
        return f"样本确认≥{standard}" if low >= at_least else f"样本未能确认≥{standard}"
    return f"未达到{standard}" + ("，样本确认<" + standard if high < at_least else f"，样本不能排除≥{standard}")


def _percent(share: float, rounding: str = ROUND_HALF_UP) -> str:
    return f"{(Decimal(repr(share)) * 100).quantize(Decimal('0.1'), rounding)}%"
