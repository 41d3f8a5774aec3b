"""Monitoring points of the sample data: some are merchants of the streets and areas, most stand elsewhere."""

from datetime import date
from typing import Any

import numpy as np
from areas import AREAS, BRANDS, UNITS, credit_code
from common import Row, after, day, draw, shuffled
from instruments import uses

# Points outside the areas: sector → how many, what they are called
SECTORS = {
    "商贸": (19, ("农贸市场", "超市", "便利店")), "餐饮": (8, ("酒楼", "食堂")), "加油站": (12, ("加油站",)),
    "充电站": (7, ("充电站",)), "眼镜制配店": (7, ("眼镜店",)), "医疗卫生机构": (9, ("卫生院", "医院")),
    "校准服务机构": (3, ("校准中心",)), "供水": (5, ("水务公司",)), "供电": (5, ("供电所",)),
    "供热": (2, ("热力公司",)),
    "供气": (5, ("燃气公司",)), "邮政": (3, ("快递分部",)), "通信": (2, ("通信营业厅",)), "能源": (4, ("综合供能站",)),
    "交通运输": (7, ("出租车公司",)),
}  # fmt: skip
CANCELLED = {4: date(2026, 5, 20), 31: date(2026, 8, 12), 58: date(2026, 9, 3)}  # place in the list of those outside
BEGINNING = {12: "applied", 40: "applied", 77: "applied", 23: "recommended", 66: "recommended"}
LATE = 12  # one point in so many joined after the first quarter


def founded(rng: np.random.Generator, state: str, joined_late: bool) -> Row:
    """The dates up to a state: applied for, recommended, accepted."""
    if state in ("applied", "recommended"):
        applied = day(rng, date(2026, 8, 20), date(2026, 9, 10))
        return {"applied_on": applied} | ({"recommended_on": after(rng, applied, 15, 40)} if state != "applied" else {})
    first = date(2025, 8, 1) if joined_late else date(2024, 3, 1)
    applied = day(rng, first, date(first.year, first.month + 4, 28))
    recommended = after(rng, applied, 15, 40)
    return {"applied_on": applied, "recommended_on": recommended, "accepted_on": after(rng, recommended, 20, 60)}


def inside(merchants: dict[str, list[Row]], seen: dict[str, Any]) -> list[Row]:
    """Points that are merchants of an area: in a street as many as its index says, else at most one."""
    rows = []
    for area in AREAS:
        rng = draw(area.code, "points")
        named = seen.get(f"{area.code}-2026", {}).get("monitoring_points")
        size = int(named[0]) if named else int(rng.random() < 0.5 and area.status == "accepted")
        for merchant in shuffled(rng, [each for each in merchants[area.code] if uses(each)])[:size]:
            about = {name: merchant[name] for name in ("name", "uscc", "sector")}
            place = {"unit": area.unit, "area": area.code, "merchant": merchant["code"]}
            rows.append({**place, **about, "status": "accepted", **founded(rng, "accepted", False)})
    return rows


def outside() -> list[Row]:
    """Points elsewhere: each sector in turn over the units."""
    rng = draw("points")
    brands = shuffled(rng, BRANDS)
    wanted = [(sector, words[n % len(words)]) for sector, (size, words) in SECTORS.items() for n in range(size)]
    rows: list[Row] = []
    for n, (sector, word) in enumerate(wanted):
        unit, short, _ = UNITS[n % len(UNITS)]
        state = BEGINNING.get(n, "cancelled" if n in CANCELLED else "accepted")
        row = {"unit": unit, "name": f"演示{short}{brands[n % len(brands)]}{word}", "uscc": credit_code(unit, rng),
               "sector": sector, "status": state, **founded(rng, state, n % LATE == LATE - 1)}  # fmt: skip
        rows.append(row | ({"cancelled_on": CANCELLED[n]} if n in CANCELLED else {}))
    return rows


def points_of(merchants: dict[str, list[Row]], seen: dict[str, Any]) -> list[Row]:
    """All points, numbered within their unit."""
    rows = sorted([*inside(merchants, seen), *outside()], key=lambda row: row["unit"])
    number = dict.fromkeys((code for code, _, _ in UNITS), 0)
    for row in rows:
        number[row["unit"]] += 1
        row["code"] = f"{row['unit']}-P{number[row['unit']]:02d}"
    return rows
