"""Re-weighings of the sample data, in the first band of each class of ``rubrics/tables/short_weight.yaml``."""

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import yaml
from areas import Area, trade_of
from common import Row, day, draw, happens
from instruments import uses

TABLE = Path(__file__).resolve().parent.parent / "rubrics" / "tables" / "short_weight.yaml"
# Trade → category of the re-weighing and the class of rubrics/tables/short_weight.yaml it belongs to
WEIGHED = {
    "海鲜摊": ("海产品", "meat"), "水果店": ("水果", "grain"), "炒货店": ("其他食品", "meat"),
    "干货行": ("干货", "dried"),
    "土特产店": ("山珍", "dried"), "糕饼铺": ("糕点", "meat"), "茶叶铺": ("其他食品", "precious_food"),
    "豆腐坊": ("其他食品", "grain"), "金银饰品店": ("金饰品", "gold"),
}  # fmt: skip


@cache
def first_bands() -> dict[str, tuple[float, float, float, float]]:
    """Class → lowest and highest price, most kilograms and allowed grams of its first band."""
    classes = yaml.safe_load(TABLE.read_text(encoding="utf-8"))["classes"]
    out = {}
    for each in classes:
        price, band = each.get("price", {}), each["bands"][0]
        low = float(price.get("above", 0))
        out[each["id"]] = low, float(price.get("up_to", 3 * low)), float(band["up_to"]), float(band["grams"])
    return out


def weighings(area: Area, merchants: list[Row]) -> Iterator[Row]:
    """One re-weighing for every second merchant that sells by weight; some short by too much."""
    rng = draw(area.code, "weighings")
    for merchant in merchants:
        if not uses(merchant) or trade_of(merchant) not in WEIGHED or rng.random() < 0.3:
            continue
        category, name = WEIGHED[trade_of(merchant)]
        low, high, most, grams = first_bands()[name]
        settled = most * float(rng.integers(20, 100)) / 100
        short = grams * float(rng.integers(12, 30) if happens(rng, 6) else rng.integers(-5, 11)) / 10
        yield {
            "merchant": merchant["code"], "done_on": day(rng, date(2026, 3, 1), date(2026, 10, 25)),
            "category": category, "method": "finer",
            "price": f"{low + (high - low) * int(rng.integers(30, 100)) / 100:.2f}" if high else None,
            "settled": f"{settled:.6f}", "actual": f"{settled - short / 1000:.6f}",
        }  # fmt: skip
