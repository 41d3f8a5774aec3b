"""The seven kinds of rule that turn one observation into points.

Each kind is one frozen class: its parameters, its arithmetic over whole columns (`score`), what values it
accepts (`wrong`), and the same arithmetic in words (`words`, `sum_in_words`). Every number comes from the
rubric file. Missing values (NaN) in give NaN out. `KINDS` lists them all; there is no other registry.

Scores are exact up to float64: a share is one product and one division, everything else is exact.
`rounding.half_up` settles ties of printed totals in whole numbers.
"""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Column = NDArray[np.float64]
Mask = NDArray[np.bool_]
WhenNone = Literal["full", "zero", "not_applicable"]

HUNDRED = 100.0  # a percentage is written as `value` of 100
LARGEST = 1e9  # counts above this are typing errors, and would leave the exact range of float64
STEP = 1e-6  # marks and percentages carry at most six decimals
NEAR = 5e-7  # half a step: two distinct admissible values never lie closer than a step


def plain(number: float) -> str:
    """Write a number as a person does: no exponent, no trailing zeros (``2.0`` → ``2``, ``0.95`` → ``0.95``)."""
    return f"{number:.6f}".rstrip("0").rstrip(".")


def uneven(value: Column, step: float = 1.0) -> Mask:
    """True where a value is not a whole number of steps (NaN and infinity are judged elsewhere)."""
    with np.errstate(invalid="ignore"):
        if step == 1.0:
            return np.abs(value - np.rint(value)) > 0
        scaled = value * round(1 / step)
        return np.abs(scaled - np.rint(scaled)) > 1e-3


def decimals(most: int) -> Any:
    """A pydantic check that a number has no more decimals, so that sums can be settled in whole numbers."""

    def check(number: float) -> float:
        if round(number, most) != number:
            raise ValueError(f"最多{most}位小数的数")
        return number

    return AfterValidator(check)


Limit = Annotated[float, Field(gt=0, le=1e6), decimals(3)]  # points that cap something


class Rule(BaseModel):
    """What all kinds share. `needs_of` tells whether an observation must carry a denominator."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    needs_of: ClassVar[bool] = False
    accepts: ClassVar[str] = "不小于0的整数"

    def score(self, points: float, value: Column, of: Column) -> Column:
        """Points earned. `points` full points of the line; `value`, `of` float64 columns of one length."""
        raise NotImplementedError

    def wrong(self, points: float, value: Column, of: Column) -> Mask:
        """True where a value is outside what the kind accepts; NaN is never wrong here."""
        return (value < 0) | (value > LARGEST) | uneven(value)

    def words(self, points: float, unit: str, adds: str = "得") -> str:
        """The rule in Chinese, for people. `adds` is 得, 加 or 扣."""
        raise NotImplementedError

    def sum_in_words(self, points: float, value: float, of: float) -> str:
        """The arithmetic of one score as text, such as ``6−2×2``; empty when the score needs none."""
        return ""

    def limit_in_words(self, points: float, value: float, of: float) -> str:
        """The limit that the arithmetic ran into, such as ``＜0，扣完为止``; empty when it did not."""
        return ""


class Met(Rule):
    """Points if the requirement is met (1), nothing if not (0)."""

    kind: Literal["met"] = "met"
    accepts: ClassVar[str] = "1（符合）或0（不符合）"

    def score(self, points: float, value: Column, of: Column) -> Column:
        return points * value

    def wrong(self, points: float, value: Column, of: Column) -> Mask:
        return np.asarray(~((value == 0) | (value == 1) | np.isnan(value)))

    def words(self, points: float, unit: str, adds: str = "得") -> str:
        return f"符合要求{adds}{plain(points)}分，不符合不{adds}分"


class _OfTotal(Rule):
    """Kinds that compare a count with its denominator, or a percentage with 100."""

    needs_of: ClassVar[bool] = True
    accepts: ClassVar[str] = "不小于0、不大于{of}的整数（{of}为100时可填百分数，最多6位小数）"
    when_none: WhenNone

    def wrong(self, points: float, value: Column, of: Column) -> Mask:
        percent = of == HUNDRED
        rough = np.where(percent, uneven(value, STEP), uneven(value))
        return rough | (value < 0) | (value > of) | (of < 0) | (of > LARGEST) | uneven(of)

    def none_in_words(self) -> str:
        """What 0 of 0 gives, in Chinese."""
        return {"full": "无此情形得满分", "zero": "未开展不得分", "not_applicable": "无此类对象为不适用"}[
            self.when_none
        ]

    def nothing(self, points: float, value: Column, of: Column) -> Column:
        """Score of 0 of 0: full, zero, or NaN where the line does not apply."""
        return np.where(of == 0, {"full": points, "zero": 0.0, "not_applicable": np.nan}[self.when_none], np.nan)


class Share(_OfTotal):
    """Points in proportion: points × value ÷ of; with `all_or_nothing`, points only if value = of."""

    kind: Literal["share"] = "share"
    all_or_nothing: bool = False

    def score(self, points: float, value: Column, of: Column) -> Column:
        if self.all_or_nothing:
            part = np.where(np.isnan(value) | np.isnan(of), np.nan, points * (value == of))
        else:
            part = np.divide(points * value, of, out=np.full(np.shape(of), np.nan), where=of > 0)
        return np.where(of == 0, self.nothing(points, value, of), part)

    def words(self, points: float, unit: str, adds: str = "得") -> str:
        how = "全部合格" if self.all_or_nothing else "按比例"
        return f"{how}{adds}分，满分{plain(points)}分；{self.none_in_words()}"

    def sum_in_words(self, points: float, value: float, of: float) -> str:
        if self.all_or_nothing or of == 0:
            return ""
        return f"{plain(points)}×{plain(value)}÷{plain(of)}"


class Threshold(_OfTotal):
    """Points if value ÷ of reaches `at_least`; below it nothing, or the share when `below` is ratio."""

    kind: Literal["threshold"] = "threshold"
    at_least: Annotated[float, Field(gt=0, le=1), decimals(6)]
    inclusive: bool = True
    below: Literal["zero", "ratio"] = "zero"

    def reached(self, value: Column, of: Column) -> Mask:
        """True where the share reaches the threshold; exact, since admissible values lie a step apart."""
        surplus = value - self.at_least * of
        return surplus > (-NEAR if self.inclusive else NEAR)

    def score(self, points: float, value: Column, of: Column) -> Column:
        low = np.zeros(np.shape(of))
        if self.below == "ratio":
            np.divide(points * value, of, out=low, where=of > 0)
        part = np.where(self.reached(value, of), points, low)
        part = np.where(np.isnan(value) | np.isnan(of), np.nan, part)
        return np.where(of == 0, self.nothing(points, value, of), part)

    def verdict(self, value: float, of: float) -> str:
        """Whether the threshold was reached, in Chinese."""
        reach = "达到" if self.inclusive else "超过"
        reached = self.reached(np.array(value), np.array(of))
        return f"{'' if reached else '未'}{reach}{plain(self.at_least * 100)}%"

    def words(self, points: float, unit: str, adds: str = "得") -> str:
        reach = "达到" if self.inclusive else "超过"
        short = "按比例得分" if self.below == "ratio" else "不得分"
        return f"{reach}{plain(self.at_least * 100)}%{adds}{plain(points)}分，未{reach}{short}；{self.none_in_words()}"

    def sum_in_words(self, points: float, value: float, of: float) -> str:
        if of == 0 or self.below == "zero" or self.reached(np.array(value), np.array(of)):
            return ""
        return f"{plain(points)}×{plain(value)}÷{plain(of)}"


class PerUnit(Rule):
    """Points less `each` for every unit found, never below nothing."""

    kind: Literal["per_unit"] = "per_unit"
    each: Annotated[float, Field(gt=0, le=1000), decimals(3)]

    def score(self, points: float, value: Column, of: Column) -> Column:
        return np.maximum(0.0, points - self.each * value)

    def words(self, points: float, unit: str, adds: str = "得") -> str:
        return f"满分{plain(points)}分，每发现1{unit}扣{plain(self.each)}分，扣完为止"

    def sum_in_words(self, points: float, value: float, of: float) -> str:
        return f"{plain(points)}−{plain(self.each)}×{plain(value)}" if value else ""

    def limit_in_words(self, points: float, value: float, of: float) -> str:
        return "＜0，扣完为止" if self.each * value > points else ""


class Marks(Rule):
    """The assessor's own mark between nothing and full points; below full it needs a reason."""

    kind: Literal["marks"] = "marks"
    accepts: ClassVar[str] = "0至满分之间的数（最多6位小数）"

    def score(self, points: float, value: Column, of: Column) -> Column:
        return value + 0.0

    def wrong(self, points: float, value: Column, of: Column) -> Mask:
        return (value < 0) | (value > points) | uneven(value, STEP)

    def words(self, points: float, unit: str, adds: str = "得") -> str:
        return f"评价人员在0至{plain(points)}分之间评定，未给满分须写明理由"


class AtLeast(Rule):
    """Points once the count is reached."""

    kind: Literal["at_least"] = "at_least"
    count: Annotated[int, Field(ge=1)]

    def score(self, points: float, value: Column, of: Column) -> Column:
        return np.where(np.isnan(value), np.nan, points * (value >= self.count))

    def words(self, points: float, unit: str, adds: str = "得") -> str:
        once = "，只计一次" if self.count == 1 and adds != "得" else ""
        return f"达到{self.count}{unit}{adds}{plain(points)}分{once}"


class Each(Rule):
    """Points for every occurrence, up to `cap` points when one is given."""

    kind: Literal["each"] = "each"
    cap: Limit | None = None

    def score(self, points: float, value: Column, of: Column) -> Column:
        earned = points * value
        return earned if self.cap is None else np.minimum(earned, self.cap)

    def words(self, points: float, unit: str, adds: str = "得") -> str:
        most = "" if self.cap is None else f"，最多{plain(self.cap)}分"
        return f"每{unit}{adds}{plain(points)}分{most}"

    def sum_in_words(self, points: float, value: float, of: float) -> str:
        return f"{plain(points)}×{plain(value)}" if value else ""

    def limit_in_words(self, points: float, value: float, of: float) -> str:
        return f"＞{plain(self.cap)}，以上限计" if self.cap is not None and points * value > self.cap else ""


KINDS: dict[str, type[Rule]] = {
    "met": Met,
    "share": Share,
    "threshold": Threshold,
    "per_unit": PerUnit,
    "marks": Marks,
    "at_least": AtLeast,
    "each": Each,
}
AnyRule = Annotated[
    Met | Share | Threshold | PerUnit | Marks | AtLeast | Each,
    Field(discriminator="kind"),
]
