"""The places of the sample data: reporting units, areas and merchants.

Real: the ten reporting units with their codes, and the names and level of the three 5A scenic areas 天台山景区,
神仙居景区 and 台州府城文化旅游区 (level as of 2022-07-31). Invented: all other areas (``演示·…``), all merchants
(``演示…``) and every code of a merchant (organisation part ``DEM…``, which no register issues).
"""

from typing import NamedTuple

import numpy as np
from common import Row, draw

# Code, short name, county effect in points. 台州湾新区 has no GB/T 2260 code: a branch, key TZW.
UNITS = [
    ("331002", "椒江区", 2), ("331003", "黄岩区", 0), ("331004", "路桥区", -1),
    ("331022", "三门县", -4), ("331023", "天台县", 2), ("331024", "仙居县", 1),
    ("331081", "温岭市", -1), ("331082", "临海市", 2), ("331083", "玉环市", -2),
    ("TZW", "台州湾新区", -3),
]  # fmt: skip


class Area(NamedTuple):
    """One area: first year assessed (0 = never yet), effect in points, last year if withdrawn."""

    code: str
    name: str
    level: str
    since: int
    effect: int
    status: str = "accepted"

    @property
    def kind(self) -> str:
        return "scenic_area" if self.code.split("-")[1].startswith("S") else "street"

    @property
    def unit(self) -> str:
        return self.code.split("-")[0]

    @property
    def real(self) -> bool:
        return not self.name.startswith("演示")


AREAS = [
    Area("331002-S1", "演示·江心岛景区", "4A", 2024, 0),
    Area("331002-J1", "演示·滨海老街", "", 2024, 3),
    Area("331002-J2", "演示·码头夜市街", "", 2025, -5),
    Area("331003-S1", "演示·橘香园景区", "4A", 2024, 1),
    Area("331003-J1", "演示·橘灯步行街", "", 2024, -2),
    Area("331003-J2", "演示·古窑文创街", "", 0, 0, "recommended"),
    Area("331004-S1", "演示·廊桥水乡景区", "4A", 2025, -1),
    Area("331004-J1", "演示·灯会步行街", "", 2024, 2),
    Area("331004-J2", "演示·小商品街", "", 2026, -9),
    Area("331022-S1", "演示·蟹湾景区", "3A", 2024, -3),
    Area("331022-J1", "演示·海鲜风情街", "", 2025, -3),
    Area("331022-J2", "演示·渔灯街", "", 0, 0, "applied"),
    Area("331023-S1", "天台山景区", "5A", 2024, 3),
    Area("331023-S2", "演示·云雾茶谷景区", "4A", 2026, -5),
    Area("331023-J1", "演示·古驿老街", "", 2024, 1),
    Area("331024-S1", "神仙居景区", "5A", 2024, 3),
    Area("331024-S2", "演示·竹溪漂流景区", "3A", 2025, -8),
    Area("331024-J1", "演示·溪畔步行街", "", 2024, -2),
    Area("331081-S1", "演示·石城海岸景区", "4A", 2024, 1),
    Area("331081-J1", "演示·渔港美食街", "", 2024, -3),
    Area("331081-J2", "演示·虾市街", "", 2024, -12, "withdrawn"),
    Area("331082-S1", "台州府城文化旅游区", "5A", 2024, 3),
    Area("331082-S2", "演示·匠人谷景区", "3A", 2026, -4),
    Area("331082-J1", "演示·青石老街", "", 2024, -1),
    Area("331083-S1", "演示·海岛栈道景区", "4A", 2025, 2),
    Area("331083-J1", "演示·海港夜市街", "", 2024, -4),
    Area("TZW-J1", "演示·湾区商业街", "", 2026, 2),
]

# Trade, sector, tags: w weighs with mandatory instruments, f food, r ready-to-eat food.
TRADES = [
    ("海鲜摊", "商贸", "wf"), ("水果店", "商贸", "wf"), ("炒货店", "商贸", "wfr"),
    ("干货行", "商贸", "wf"), ("土特产店", "商贸", "wf"), ("糕饼铺", "商贸", "wfr"),
    ("茶叶铺", "商贸", "wf"), ("豆腐坊", "商贸", "wfr"), ("面馆", "餐饮", "fr"),
    ("小吃店", "餐饮", "fr"), ("海鲜楼", "餐饮", "wfr"), ("饭店", "餐饮", "wfr"),
    ("茶饮店", "餐饮", "fr"), ("杂货店", "商贸", "w"), ("金银饰品店", "商贸", "w"),
    ("中药材铺", "商贸", "w"), ("布艺店", "商贸", ""), ("工艺品店", "商贸", ""),
    ("竹木器店", "商贸", ""), ("文创店", "商贸", ""), ("眼镜店", "眼镜制配店", "w"),
    ("充电站", "充电站", "w"), ("通信营业厅", "通信", ""), ("快递驿站", "邮政", "w"),
]  # fmt: skip
TAGS = {trade: tags for trade, _, tags in TRADES}
BRANDS = [f"{surname}记" for surname in "陈林王李张黄徐周吴郑叶金杨朱胡蔡应罗潘卢"] + [
    "兴隆", "福源", "顺发", "永安", "聚丰", "和顺", "恒泰", "万利", "东升", "同乐",
]  # fmt: skip
NO_FOOD = {"331082-S2"}


def organisation_code(body: str) -> str:
    """Eight characters and their check character (GB 11714)."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    rest = 11 - sum(w * int(c, 36) for w, c in zip(weights, body, strict=True)) % 11
    return body + "0123456789X0"[rest]


def credit_code(unit: str, rng: np.random.Generator) -> str:
    """A made-up 统一社会信用代码 with its check character (GB 32100); remainder 0 gives '0'."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    serial = "".join(alphabet[i] for i in rng.integers(0, 31, 5))
    body = "92" + ("331002" if unit == "TZW" else unit) + organisation_code(f"DEM{serial}")
    rest = sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(body)) % 31
    return body + alphabet[(31 - rest) % 31]


def merchants_of(area: Area) -> list[Row]:
    """The merchants of one area."""
    rng = draw(area.code, "merchants")
    trades = [t for t in TRADES if not (area.code in NO_FOOD and "f" in t[2])]
    size = int(rng.integers(30, 49))
    names = rng.random(len(BRANDS) * len(trades)).argsort(kind="stable")[:size]
    rows = []
    for n, pick in enumerate(names.tolist(), 1):
        trade, sector, tags = trades[pick % len(trades)]
        uscc = credit_code(area.unit, rng) if rng.random() >= 0.08 else ""
        shop = "摊位" if sector == "商贸" and "w" in tags else "商铺"
        place = f"{(n - 1) // 16 + 1}区{(n - 1) % 16 + 1}号{shop}"
        status = "open" if rng.random() >= 0.06 else "closed"
        name = f"演示{BRANDS[pick // len(trades)]}{trade}"
        rows.append({
            "code": f"{area.code}-M{n:02d}", "area": area.code, "name": name, "uscc": uscc, "sector": sector,
            "premises": place, "status": status,
        })  # fmt: skip
    return rows


def trade_of(merchant: Row) -> str:
    """The trade in a merchant's name."""
    return next(trade for trade in TAGS if merchant["name"].endswith(trade))


def unit_row(code: str, name: str) -> Row:
    """One reporting unit."""
    if code == "TZW":
        return {"code": code, "name": f"台州市市场监督管理局{name}分局", "short_name": name, "kind": "branch"}
    return {"code": code, "name": f"{name}市场监督管理局", "short_name": name, "admin_code": code, "kind": "county"}


def area_row(area: Area) -> Row:
    """One area; the pilot wave follows the first year assessed."""
    return {
        "code": area.code, "name": area.name, "kind": area.kind, "unit": area.unit, "level": area.level,
        "level_as_of": "" if not area.level else "2022-07-31" if area.real else "2023-12-31",
        "pilot_wave": area.since - 2023 if area.since else "", "status": area.status,
    }  # fmt: skip
