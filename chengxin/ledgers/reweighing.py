"""Re-weighing of retail goods: how much may be missing, from the table in ``rubrics/tables/short_weight.yaml``.

Decimal arithmetic throughout, so that a shortage equal to the limit is within it.
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Annotated, Literal, get_args

import pandas as pd
from pydantic import AfterValidator

from chengxin.errors import UsageError
from chengxin.rubric.rules import plain
from chengxin.settings import Table, read_table
from chengxin.validation import Strict

GRAMS = Decimal(1000)  # in a kilogram
Prefer = Literal["stricter", "category", "price"]
PREFER = get_args(Prefer)


def _amount(text: str) -> str:
    Decimal(text)  # a wrong one is refused while the file is read
    return text


Amount = Annotated[str, AfterValidator(_amount)]


class Band(Strict):
    """Up to so many kilograms, so many grams may be missing."""

    up_to: Amount
    grams: Amount


class Span(Strict):
    """Unit prices in yuan per kilogram, above one and up to the other."""

    above: Amount | None = None
    up_to: Amount | None = None

    def holds(self, price: Decimal) -> bool:
        """Whether a price lies in the span."""
        return not (self.above and price <= Decimal(self.above)) and not (self.up_to and price > Decimal(self.up_to))


class GoodsClass(Strict):
    """One row of the table: goods by category or unit price, and their bands."""

    id: str
    name: str
    categories: list[str]
    price: Span | None = None
    piece: bool = False
    bands: list[Band]

    def limit(self, settled: Decimal) -> Decimal | None:
        """Grams that may be missing of a settled weight in kilograms; None beyond the last band."""
        return next((Decimal(band.grams) for band in self.bands if settled <= Decimal(band.up_to)), None)


class Method(Strict):
    """How the goods are weighed again, and by what the limit is multiplied."""

    name: str
    times: int
    source: str


class ShortWeightTable(Table):
    """``tables/short_weight.yaml``."""

    source: str
    lines: dict[str, str]
    classes: list[GoodsClass]
    other_food: list[str]
    excluded: list[str]
    english: dict[str, str]
    methods: dict[str, Method]


@dataclass(frozen=True)
class Verdict:
    """What the table says of one re-weighing; ``ok`` and ``limit_g`` are None where it says nothing."""

    limit_g: float | None
    short_g: float
    ok: bool | None
    reason: str


@cache
def table() -> ShortWeightTable:
    """The kit's table of permitted shortages."""
    return read_table("short_weight", ShortWeightTable)


def names() -> list[str]:
    """Kinds of goods that a re-weighing may be of."""
    return [name for row in table().classes for name in row.categories] + table().other_food + table().excluded


def reweigh(
    category: str,
    settled: str | Decimal,
    actual: str | Decimal,
    price: str | Decimal | None = None,
    *,
    method: str = "finer",
    prefer: Prefer = "stricter",
) -> Verdict:
    """Judge one re-weighing.

    Parameters
    ----------
    category : kind of goods, a name of the table (蔬菜, 肉, 干菜 …) or 其他食品, which goes by price alone
    settled, actual : weight paid for and weight found, kg
    price : unit price, yuan/kg; None: by category alone
    method : ``finer`` (the same scale or a more accurate one) or ``equal`` (one of equal accuracy)
    prefer : which row holds where category and price point to different ones

    Returns
    -------
    limit and shortage in grams, verdict and Chinese sentence

    Raises
    ------
    UsageError : unknown category or method, a number that is none; all of them in one message

    Notes
    -----
    零售商品称重计量监督管理办法, tables 1 and 2; times for the method: see the table file.
    """
    category = table().english.get(category, category)
    paid, found, unit = _weights(category, settled, actual, price, method)
    short = max((paid - found) * GRAMS, Decimal(0))
    seen = f"结算{_plain(paid)}kg，核称{_plain(found)}kg，" + _difference((paid - found) * GRAMS)
    if category in table().excluded:
        return Verdict(
            None, float(short), None, f"{seen}；办法注明{category}不在表列商品之内，表中没有规定允许短缺量。"
        )
    rows = _rows(category, unit, prefer, paid)
    limits = [row.limit(paid) for row in rows]
    named = "和".join(f"“{row.name}”" for row in rows)
    if None in limits:
        return Verdict(None, float(short), None, f"{seen}；超出{named}的称重范围，表中没有规定允许短缺量。")
    way = table().methods[method]
    limit = min(limit for limit in limits if limit is not None) * way.times
    ok = short <= limit
    twice = f"（{way.name}，允许量乘以{way.times}）" if way.times != 1 else ""
    word = "在允许短缺量之内" if ok else "超过允许短缺量"
    reason = f"{seen}；按{named}允许短缺{_plain(limit)}g{twice}，{word}。"
    return Verdict(float(limit), float(short), ok, reason)


def _weights(
    category: str, settled: str | Decimal, actual: str | Decimal, price: str | Decimal | None, method: str
) -> tuple[Decimal, Decimal, Decimal | None]:
    """The numbers, or one message with everything that is wrong."""
    wrong = []
    known = names()
    if category not in known:
        wrong.append(f"没有商品类别“{category}”；可用：{'、'.join(known)}。")
    if method not in table().methods:
        wrong.append(
            f"没有核称方法“{method}”；可用：{'、'.join(f'{k}（{m.name}）' for k, m in table().methods.items())}。"
        )
    paid = _positive("结算重量", settled, wrong)
    found = _positive("核称重量", actual, wrong)
    unit = _positive("单价", price, wrong) if price is not None else None
    if category in table().other_food and price is None:
        wrong.append(f"“{category}”按单价归类，请给出单价（元/kg）。")
    if paid is not None and paid == 0:
        wrong.append("结算重量为0；应为正数（kg）。")
    if wrong or paid is None or found is None:
        raise UsageError("\n".join(wrong))
    return paid, found, unit


def _positive(name: str, given: str | Decimal, wrong: list[str]) -> Decimal | None:
    try:
        number = Decimal(str(given).strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if number.is_finite() and number >= 0:
        return number
    wrong.append(f"{name}得到“{given}”；应为不小于0的数，如0.785。")
    return None


def _rows(category: str, price: Decimal | None, prefer: Prefer, paid: Decimal) -> list[GoodsClass]:
    """The row that holds; two where the stricter of them cannot be told because one says nothing."""
    by_category = [row for row in table().classes if category in row.categories]
    if price is None or any(row.piece for row in by_category):
        return by_category
    by_price = [row for row in table().classes if row.price and row.price.holds(price)]
    if not by_category or prefer == "price":
        return by_price
    if prefer == "category" or by_category == by_price:
        return by_category
    both = by_category + by_price
    limits = {row.id: row.limit(paid) for row in both}
    if None in limits.values():
        return both
    return [min(both, key=lambda row: limits[row.id] or 0)]


def _difference(grams: Decimal) -> str:
    if grams == 0:
        return "不缺"
    return f"短缺{_plain(grams)}g" if grams > 0 else f"多出{_plain(-grams)}g"


def _plain(number: Decimal) -> str:
    return plain(float(number))


def judge(weighings: pd.DataFrame, prefer: Prefer = "stricter") -> pd.DataFrame:
    """Judge a ledger of re-weighings.

    Parameters
    ----------
    weighings : columns category, price (yuan/kg, may be missing), settled and actual (kg, text), method
    prefer : as for `reweighing`

    Returns
    -------
    the rows with limit_g, short_g (g), ok (True, False or None) and reason
    """
    columns = ("category", "settled", "actual", "price", "method")
    verdicts = [
        reweigh(category, settled, actual, None if pd.isna(price) else price, method=method, prefer=prefer)
        for category, settled, actual, price, method in zip(*(weighings[name] for name in columns), strict=True)
    ]
    return weighings.assign(
        limit_g=[verdict.limit_g for verdict in verdicts],
        short_g=[verdict.short_g for verdict in verdicts],
        ok=pd.Series([verdict.ok for verdict in verdicts], dtype=object, index=weighings.index),
        reason=[verdict.reason for verdict in verdicts],
    )


def observed(judged: pd.DataFrame) -> pd.DataFrame:
    """The observation that a batch of re-weighings gives: merchants none of whose goods were short.

    Parameters
    ----------
    judged : from `judge`, with the columns area and merchant

    Returns
    -------
    area, value (merchants with every re-weighing within the limit), of (merchants re-weighed), note (names
    the re-weighings that the table says nothing about; they are left out)
    """
    decided = judged[judged["ok"].notna()]
    fine = decided.assign(ok=decided["ok"].astype(bool)).groupby(["area", "merchant"], sort=True)["ok"].all()
    result = fine.groupby("area").agg(value="sum", of="size").astype("int64").reset_index()
    silent = judged[judged["ok"].isna()].groupby("area").size()
    result["note"] = [
        f"另有{silent[area]}次复称超出允许短缺量表的范围，未计入" if area in silent else "" for area in result["area"]
    ]
    return result
