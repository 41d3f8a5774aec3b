"""How many merchants or answers are enough: margins of error and sample sizes for shares."""

import math

from scipy.special import ndtri

from chengxin.errors import UsageError


def _z(confidence: float) -> float:
    if not 0 < confidence < 100:
        raise UsageError(f"置信水平得到{confidence:g}；应为大于0、小于100的数（单位：%）。")
    return float(ndtri(0.5 + confidence / 200))


def margin_of_error(n: int, population: int | None = None, *, confidence: float = 95, share: float = 0.5) -> float:
    """Half the width of the interval of a share found in a simple random sample.

    z √(p(1 − p) ÷ n × (N − n) ÷ (N − 1)) (Cochran 1977, Sampling Techniques, 3rd ed., ch. 3), z from the normal
    distribution; an approximation that is poor where n × p or n × (1 − p) is below 5.

    Parameters
    ----------
    n : merchants inspected
    population : N, all merchants; None: very many
    confidence : percent
    share : expected p, 0 to 1; 0.5 is the most careful

    Returns
    -------
    margin as a share (0.05: ±5 percentage points); 0 where all were inspected

    Raises
    ------
    UsageError : n or N no whole number, n below 1 or above N, share or confidence outside their range

    Examples
    --------
    >>> round(margin_of_error(30, 120), 3)
    0.156
    """
    _check(share, population)
    if not _whole(n) or (population is not None and n > population):
        raise UsageError(f"检查{n}户、共{population or '很多'}户；应为整数，至少检查1户，不多于总户数。")
    finite = 1.0 if population is None else (population - n) / (population - 1) if population > 1 else 0.0
    return _z(confidence) * math.sqrt(share * (1 - share) / n * finite)


def sample_size(
    population: int | None = None, *, margin: float = 0.05, confidence: float = 95, share: float = 0.5
) -> int:
    """How many to inspect so that the margin of error is not above a limit.

    n₀ = z² p(1 − p) ÷ d²; n = n₀N ÷ (N − 1 + n₀), rounded up: the margin of `margin_of_error` solved for n (Cochran
    1977, §4.4; the same formula as Krejcie & Morgan 1970, Educ. Psychol. Meas. 30, 607–610).

    Parameters
    ----------
    population : N, all merchants; None: very many
    margin : d, as a share, above 0 and below 1
    confidence, share : as for `margin_of_error`

    Returns
    -------
    whole number of merchants, at most N

    Raises
    ------
    UsageError : a value outside its range

    Examples
    --------
    >>> sample_size(), sample_size(1000)
    (385, 278)
    """
    _check(share, population)
    if not 0 < margin < 1:
        raise UsageError(f"允许误差得到{margin:g}；应为大于0、小于1的数，如0.05。")
    first = _z(confidence) ** 2 * share * (1 - share) / margin**2
    if population is None:
        return max(1, math.ceil(first - 1e-9))
    return min(population, max(1, math.ceil(first * population / (population - 1 + first) - 1e-9)))


def survey_size(at_least: float = 0.95, expected: float = 1.0, *, confidence: float = 95) -> int:
    """How many answers confirm a standard, if the share found is as expected.

    The Wilson interval lies above the standard p₀ exactly where n ≥ z² p₀(1 − p₀) ÷ (p − p₀)² (Wilson 1927, JASA 22,
    209–212, whose interval is the score test solved for p₀).

    Parameters
    ----------
    at_least : the standard p₀ as a share, 0 to 1
    expected : p, the share that will be found, above p₀
    confidence : percent

    Returns
    -------
    whole number of answers

    Raises
    ------
    UsageError : expected is not above the standard, or a value outside its range

    Examples
    --------
    >>> survey_size(0.95), survey_size(0.95, 0.97)
    (73, 457)
    """
    if not 0 < at_least < expected <= 1:
        raise UsageError(
            f"标准{at_least:g}、预计{expected:g}；应为0至1之间的数，预计的高于标准，否则样本再多也不能确认。"
        )
    return math.ceil(_z(confidence) ** 2 * at_least * (1 - at_least) / (expected - at_least) ** 2 - 1e-9)


def _check(share: float, population: int | None) -> None:
    if not 0 <= share <= 1 or not (population is None or _whole(population)):
        raise UsageError(f"预计比例{share:g}、总户数{population}；应为0至1之间的比例，总户数为不小于1的整数。")


def _whole(count: float) -> bool:
    """Whether a count is a whole number, 1 or more."""
    return 1 <= count < math.inf and count == int(count)
