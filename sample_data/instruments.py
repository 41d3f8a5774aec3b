"""The instrument ledger of the sample data, with the verifications behind each state.

Kinds and periods come from ``rubrics/tables/verification_periods.yaml``; a meter that is verified once and then
replaced (``first_only``) has one verification. Each instrument gets its state on the last day of the data; earlier
verifications follow backwards from there, most of them renewed in time.
"""

from collections import defaultdict
from datetime import date, timedelta
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from areas import TAGS, Area, trade_of
from common import TODAY, Row, after, day, draw, happens, one, shifted, shuffled

TABLE = Path(__file__).resolve().parent.parent / "rubrics" / "tables" / "verification_periods.yaml"
EARLIEST, KNOWN_FROM = date(2020, 1, 10), date(2025, 1, 10)  # meters; everything else is traced back to the second
# Shown by the issue: so many mandatory instruments in use, so many of them overdue on the last day
EXAMPLES = {"331081-J1": (40, 2), "331003-S1": (40, 2)}
MANAGERS = 12  # one instrument in so many is the manager's
EXTRAS = ("idle", "retired", "calibration", "none")
BY_TRADE = {"眼镜店": ("焦度计", "验光仪", "验光镜片箱"), "充电站": ("电动汽车充电桩",), "快递驿站": ("电子秤",)}
CALIBRATED = ("温湿度计", "数显温度计", "压力校验仪", "配料秤")
UNMANAGED = ("厨房定时器", "内部盘点秤")
MAKERS = {"秤": "演示衡器厂", "表": "演示仪表厂", "机": "演示机械厂"}
# Sector of a point → kinds, least and most instruments; kinds of verification_periods.yaml
BY_SECTOR: dict[str, tuple[tuple[str, ...], int, int]] = {
    "商贸": (("电子计价秤", "电子计价秤", "公平秤", "电子秤"), 8, 24), "餐饮": (("电子计价秤", "电子秤"), 3, 6),
    "加油站": (("燃油加油机",), 6, 12), "充电站": (("电动汽车充电桩",), 8, 20),
    "眼镜制配店": (("焦度计", "验光仪", "验光镜片箱"), 4, 9),
    "医疗卫生机构": (("血压计", "电子血压计", "电子秤"), 8, 24), "校准服务机构": ((), 4, 8),
    "供水": (("水表（DN25及以下）", "水表（DN25以上至DN50）", "水表（DN50以上）"), 10, 20),
    "供电": (("电能表",), 10, 20),
    "供热": (("电能表", "水表（DN50以上）"), 3, 6), "供气": (("燃气表（天然气）", "燃气表（人工煤气）"), 10, 20),
    "邮政": (("电子秤",), 2, 5), "通信": (("电能表",), 1, 3), "能源": (("燃油加油机", "电动汽车充电桩"), 4, 9),
    "交通运输": (("出租汽车计价器",), 12, 24),
}  # fmt: skip

Made = tuple[Row, list[Row]]  # an instrument and its verifications


@cache
def periods() -> dict[str, dict[str, Any]]:
    """Verification periods by kind."""
    return yaml.safe_load(TABLE.read_text(encoding="utf-8"))["instruments"]


def last_valid(done: date, months: int) -> date:
    """The last day a verification holds."""
    return shifted(done, months) - timedelta(days=1)


def done_days(rng: np.random.Generator, kind: str, months: int, state: str) -> list[date]:
    """Days of the verifications, oldest first, so that the state on the last day comes out."""
    if state == "never":
        return []
    earliest = max(shifted(TODAY + timedelta(days=1), -months), EARLIEST)
    last = day(rng, earliest, TODAY - timedelta(days=6))
    if state == "overdue":
        last = shifted(TODAY - timedelta(days=int(rng.integers(5, 121))), -months)
    days = [last]
    while days[0] > KNOWN_FROM and not periods().get(kind, {}).get("first_only"):
        early = int(rng.integers(5, 31)) if rng.random() >= 0.04 else -int(rng.integers(5, 26))
        days.insert(0, shifted(days[0] + timedelta(days=early), -months))
    return days


def verified(rng: np.random.Generator, row: Row, months: int, state: str) -> list[Row]:
    """Verifications of one instrument; a failed one is followed by another unless it is the last word."""
    results = [(done, "qualified") for done in done_days(rng, row["kind"], months, state)]
    if state == "failed":
        results.append((day(rng, TODAY - timedelta(days=60), TODAY - timedelta(days=8)), "unqualified"))
        results = [entry for entry in results[:-1] if entry[0] < results[-1][0]] + results[-1:]
    elif results and happens(rng, 2):
        results.insert(-1, (results[-1][0] - timedelta(days=4), "unqualified"))
    kind, word = ("calibration", "校") if row["management"] == "calibration" else ("verification", "检")
    made = []
    for n, (done, result) in enumerate(results, 1):
        until = last_valid(done, months) if result == "qualified" and not happens(rng, 3) else None
        made.append({
            "id": f"{row['id']}-V{n}", "instrument": row["id"], "kind": kind, "done_on": done, "result": result,
            "valid_until": until, "certificate": f"演示{word}{done.year}-{row['serial'][3:]}-{n}",
            "body": "演示计量检定校准所",
        })  # fmt: skip
    return made


def link(rng: np.random.Generator, serial: str, ill: float) -> tuple[str | None, bool]:
    """GM2D code as a GS1 Digital Link in the number range that GS1 keeps for examples, and whether it scans clear."""
    body = f"0952{int(rng.integers(10**9)):09d}"
    check = -sum(int(digit) * (3, 1)[n % 2] for n, digit in enumerate(body)) % 10
    luck = rng.random() / ill
    if luck < 1:
        return None, False
    if luck < 2:  # the code of another instrument
        return f"https://gm2d.example.com/01/{body}{check}/21/DEM{int(rng.integers(10**8)):08d}", False
    return f"https://gm2d.example.com/01/{body}{check}/21/{serial}", luck >= 3


def instrument(
    ident: str, owner: Row, kind: str, place: str, state: str = "in_date", management: str = "mandatory"
) -> Made:
    """One instrument in a state on the last day."""
    rng = draw(ident, "instrument")
    serial = f"DEM{int(rng.integers(10**8)):08d}"
    months = periods().get(kind, {}).get("months") or 12
    code, scanned = link(rng, serial, 0.004 if owner.get("point") else 0.02)
    row = {
        "id": ident, **owner, "kind": kind, "model": f"YS-{one(rng, (15, 30, 60, 100))}", "serial": serial,
        "maker": next((maker for word, maker in MAKERS.items() if word in kind), "演示计量器具厂"), "place": place,
        "management": management, "status": "in_use", "seal": "intact" if management == "mandatory" else "none",
        "mark": True if management == "mandatory" else None, "registered": True, "code": code, "scanned": scanned,
        "maintained_on": day(rng, date(2026, 2, 1), date(2026, 10, 20)),
    }  # fmt: skip
    row |= {"calibration_months": 12} if management == "calibration" else {}
    made = verified(rng, row, months, state) if management != "none" else []
    bought = after(rng, TODAY, -150, -20) if not made else made[0]["done_on"]
    return row | {"in_use_since": bought}, made


def uses(merchant: Row) -> bool:
    """Whether a merchant has mandatory instruments."""
    return merchant["status"] == "open" and "w" in TAGS[trade_of(merchant)]


def careless(made: list[Made], rng: np.random.Generator, sealed: float, registered: float) -> None:
    """Some merchants have a broken seal or no mark, some have something not registered or not maintained."""
    row = one(rng, made)[0]
    if rng.random() >= sealed:
        row |= {"seal": "broken"} if rng.random() < 0.4 else {"mark": False}
    if rng.random() >= registered:
        row |= {"registered": False} if rng.random() < 0.5 else {"maintained_on": date(2025, 6, 1)}


def extra(ident: str, owner: Row, place: str, what: str) -> Made:
    """An instrument that does not count among mandatory ones in use."""
    rng = draw(ident, "extra")
    if what in ("calibration", "none"):
        return instrument(
            ident, owner, one(rng, CALIBRATED if what == "calibration" else UNMANAGED), place, management=what
        )
    row, made = instrument(ident, owner, "电子计价秤", place, "overdue")
    if what == "retired":
        row |= {"retired_on": day(rng, date(2025, 2, 1), date(2025, 5, 31))}
        made = [each for each in made if each["done_on"] < row["retired_on"]]
    return row | {"status": what}, made


def part(answer: tuple[str, str, str] | None, instead: float) -> float:
    """A share as it is typed or meant."""
    return float(answer[0]) / float(answer[1]) if answer and answer[1] not in ("", "0") else instead


def instruments_of_area(area: Area, merchants: list[Row], points: list[Row], seen: dict[str, Any]) -> list[Made]:
    """Instruments of an area's manager and its merchants, as many and as many not in date as the index says."""
    rng = draw(area.code, "instruments")
    users = [merchant for merchant in merchants if uses(merchant)]
    point = {row["merchant"]: row["code"] for row in points if row.get("merchant")}
    rated = seen.get("instruments_qualified")
    size, bad = (int(rated[1]), int(rated[1]) - int(rated[0])) if rated else (len(users) * 2, 1)
    bad = int(seen["instruments_overdue"][0]) if "instruments_overdue" in seen else bad
    size, bad = EXAMPLES.get(area.code, (max(size, len(users) + 4), bad))
    states = ["overdue" if area.code in EXAMPLES or n % 3 != 2 else one(rng, ("failed", "never")) for n in range(bad)]
    states = shuffled(rng, states + ["in_date"] * (size - bad))
    owned: dict[str, list[Made]] = defaultdict(list)
    turn = [*users, *islice(cycle(shuffled(rng, users)), size - len(users) - size // MANAGERS)]
    for n, state in enumerate(states, 1):
        ident = f"{area.code}-I{n:03d}"
        if n <= len(turn):
            user = turn[n - 1]
            kinds = BY_TRADE.get(trade_of(user), ("电子计价秤",))
            owner = {"merchant": user["code"], "point": point.get(user["code"])}
            kind = kinds[len(owned[user["code"]]) % len(kinds)]
            owned[user["code"]].append(instrument(ident, owner, kind, user["premises"], state))
        else:
            owned[""].append(instrument(ident, {"area": area.code}, "公平秤", "复秤处", state))
    sealed = part(seen.get("merchants_sealed_verified"), 0.93)
    for user in users:
        careless(owned[user["code"]], rng, sealed, part(seen.get("merchants_registered"), 0.9))
    for n, what in enumerate(EXTRAS[: int(rng.integers(2, 5))], size + 1):
        owned[""].append(extra(f"{area.code}-I{n:03d}", {"area": area.code}, "服务台", what))
    return [made for each in owned.values() for made in each]


def instruments_of_point(point: Row) -> list[Made]:
    """Instruments of a point outside the areas; a merchant's point has those of the merchant."""
    if point.get("merchant") or point["status"] == "applied":
        return []
    rng = draw(point["code"], "instruments")
    kinds, least, most = BY_SECTOR[point["sector"]]
    owner, made = {"point": point["code"]}, []
    for n in range(1, int(rng.integers(least, most + 1)) + 1):
        ident, place = f"{point['code']}-I{n:02d}", f"{n}号位"
        if not kinds or happens(rng, 4):
            made.append(extra(ident, owner, place, "calibration" if not kinds else one(rng, EXTRAS)))
            continue
        state = one(rng, ("overdue", "overdue", "failed", "never")) if happens(rng, 5) else "in_date"
        made.append(instrument(ident, owner, kinds[(n - 1) % len(kinds)], place, state))
        if happens(rng, 0.5):
            made[-1][0]["seal"] = "broken"
    return made


def in_date(row: Row, verifications: list[Row], when: date) -> bool:
    """Whether the last verification known on a day holds."""
    known = [each for each in verifications if each["done_on"] <= when]
    if not known or known[-1]["result"] != "qualified":
        return False
    months = row.get("calibration_months") or periods().get(row["kind"], {}).get("months")
    return (known[-1]["valid_until"] or last_valid(known[-1]["done_on"], months)) >= when


def in_use(row: Row, when: date) -> bool:
    """Whether an instrument is in use on a day."""
    return row["status"] != "idle" and row["in_use_since"] <= when and not (row.get("retired_on") or date.max) <= when
