"""The other ledgers of the sample data: what the index says of an area and year stands behind it row by row."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
from areas import UNITS, Area
from common import AS_OF, STEMS, TODAY, Row, after, day, draw, happens, one
from index import Visit, observe, status_of
from instruments import Made, part, uses
from weighing import weighings

Files = dict[str, list[Row]]
CHANNELS = ("12315", "12315", "12345", "site", "other")
TITLES = {
    "media": "演示：“公平秤体验周”活动见诸媒体",
    "honour": "演示：放心消费示范表彰",
    "reassured": "演示：放心消费全覆盖",
}
TOPICS = ("强制检定平台使用", "计量法规和称重规范", "定量包装和明码标价")


def numbered(head: str, rows: list[Row]) -> list[Row]:
    """Rows with an id each."""
    return [{"id": f"{head}{n:03d}", **row} for n, row in enumerate(rows, 1)]


def owner_of(merchant: Row, points: list[Row]) -> Row:
    """A merchant, and its monitoring point where it is one."""
    point = next((row["code"] for row in points if row.get("merchant") == merchant["code"]), None)
    return {"merchant": merchant["code"], "point": point}


def complaint(rng: np.random.Generator, owner: Row, received: date, in_time: bool) -> Row:
    """A measurement dispute, settled in time or long after."""
    settled = after(rng, received, 2, 12) if in_time else after(rng, received, 100, 125)
    return {
        **owner, "kind": "dispute" if "area" in owner else "complaint", "channel": one(rng, CHANNELS),
        "topic": "measurement",
        "cheating": False, "received_on": received, "settled_on": settled, "answered_on": after(rng, settled, 0, 3),
    }  # fmt: skip


def complaints(visit: Visit, merchants: list[Row], points: list[Row], seen: dict[str, Any]) -> list[Row]:
    """A year's disputes, so many of them in time, with a few reports and others that are not about measurement."""
    rng, last = draw(visit.id, "complaints"), AS_OF[visit.year]
    answer = seen.get("disputes_in_time")
    size = int(answer[1]) if answer else visit.counts["disputes"] // 3
    in_time = int(answer[0]) if answer else size
    rows = []
    for n in range(size):
        owner = {"area": visit.area.code} if n % 9 == 8 else owner_of(one(rng, merchants), points)
        end = last - timedelta(days=20 if n < in_time else 130)
        rows.append(complaint(rng, owner, day(rng, date(visit.year, 1, 4), end), n < in_time))
    for n in range(size // 6):
        row = complaint(
            rng,
            {"merchant": one(rng, merchants)["code"]},
            day(rng, date(visit.year, 1, 4), last - timedelta(days=20)),
            True,
        )
        rows.append(row | ({"kind": "report", "cheating": n == 0} if n % 2 == 0 else {"topic": "other"}))
    return rows


def surveys(visit: Visit, seen: dict[str, Any]) -> Iterator[Row]:
    """The year's survey, in two rounds where there were many answers."""
    if "survey_satisfied" not in seen:
        return
    rng, answers = draw(visit.id, "survey"), visit.counts["answers"]
    value, of, _ = seen["survey_satisfied"]
    satisfied = int(value) if of == str(answers) else (int(value.replace(".", "")) * answers + 500) // 1000
    first = answers * 2 // 5 if answers > 325 else 0
    for size, happy, month in (
        (first, satisfied * first // answers, 4),
        (answers - first, satisfied - satisfied * first // answers, 9),
    ):
        if size:
            held = day(rng, date(visit.year, month, 1), date(visit.year, month, 28))
            yield {
                "area": visit.area.code,
                "held_on": held,
                "method": one(rng, ("现场问卷", "扫码问卷")),
                "answers": size,
                "satisfied": happy,
            }


def trainings(visit: Visit, seen: dict[str, Any]) -> Iterator[Row]:
    """Two sessions a year; the second row says how many are trained by then."""
    rng, staff = draw(visit.id, "training"), visit.counts["staff"]
    trained = round(part(seen.get("staff_trained"), 0.96) * staff)
    if "staff_trained" in seen:
        trained, staff = int(seen["staff_trained"][0]), int(seen["staff_trained"][1])
    for month, count in ((3, trained * 3 // 5), (8, trained)):
        held = day(rng, date(visit.year, month, 1), date(visit.year, month, 28))
        yield {"area": visit.area.code, "held_on": held, "topic": one(rng, TOPICS), "staff": staff, "trained": count}


def patrols(area: Area) -> Iterator[Row]:
    """One a month, with a gap now and then."""
    rng = draw(area.code, "patrols")
    for year, month in ((year, month) for year in (2025, 2026) for month in range(1, 13)):
        done = day(rng, date(year, month, 1), date(year, month, 28))
        problems = int(rng.integers(4)) if happens(rng, 40) else 0
        if done <= TODAY and not happens(rng, 6):
            yield {"area": area.code, "done_on": done, "instruments": int(rng.integers(10, 31)), "problems": problems,
                   "note": f"发现{problems}处问题，已当场要求改正" if problems else ""}  # fmt: skip


def commitments(area: Area, merchants: list[Row], points: list[Row], seen: dict[str, Any]) -> Iterator[Row]:
    """Signed by most merchants with mandatory instruments; some withdrawn, some not displayed."""
    rng = draw(area.code, "commitments")
    share = part(seen.get("merchants_committed"), 0.85)
    for merchant in merchants:
        if not uses(merchant):
            continue
        owner, good, luck = owner_of(merchant, points), rng.random() < share, rng.random()
        signed = day(rng, date(2024, 3, 1), date(2025, 5, 20) if owner["point"] else date(2026, 8, 31))
        row = {**owner, "signed_on": signed, "voluntary": True, "shown": "premises"}
        if good or luck < 0.3 or owner["point"]:
            yield row if good or owner["point"] else row | {"withdrawn_on": after(rng, signed, 20, 55)}
        elif luck < 0.8:
            yield row | (
                {"shown": None}
                if luck < 0.6
                else {"shown": "website", "link": f"https://example.com/promise/{merchant['code']}"}
            )


def events(visit: Visit, seen: dict[str, Any]) -> Iterator[Row]:
    """Publicity, honours and 放心消费, as often as the index says."""
    rng = draw(visit.id, "events")
    for kind, measure in (("media", "media_reports"), ("honour", "honours"), ("reassured", "reassured_consumption")):
        for n in range(int(seen.get(measure, ("0", "", ""))[0])):
            level = "county" if kind == "reassured" else one(rng, ("county", "county", "city", "provincial"))
            address = f"https://example.com/news/{visit.id}-{n + 1}" if kind == "media" else None
            yield {"area": visit.area.code, "kind": kind, "level": level, "title": TITLES[kind], "link": address,
                   "happened_on": day(rng, date(visit.year, 2, 1), date(visit.year, 10, 25))}  # fmt: skip


def violations(visit: Visit, rows: list[Made], seen: dict[str, Any]) -> Iterator[Row]:
    """What the index deducts for, and one more that was rectified in time."""
    rng = draw(visit.id, "violations")
    owned = sorted((row for row, _ in rows if row.get("merchant")), key=lambda row: row["in_use_since"])
    whose = one(rng, owned[:5])
    found = day(rng, date(visit.year, 2, 1), date(visit.year, 6, 30))
    used = whose["id"] if whose["in_use_since"] <= found else None
    about = {"merchant": whose["merchant"], "point": whose["point"], "instrument": used, "kind": "instrument"}
    told = {"found_on": found, "prompted_on": found, "due_on": found + timedelta(days=30)}
    for _ in range(int(seen.get("unrectified_instruments", ("0", "", ""))[0])):
        yield {**about, **told, "rectified_on": date(visit.year + 1, 1, 20)}
    if rng.random() < 0.4 and "unrectified_instruments" not in seen:
        yield {**about, **told, "rectified_on": after(rng, found, 3, 25)}
    for _ in range(int(seen.get("tampering", ("0", "", ""))[0])):
        yield {**about, "kind": "tampering", "found_on": date(visit.year, 7, 9)}
    for _ in range(int(seen.get("penalties", ("0", "", ""))[0])):
        yield {"merchant": whose["merchant"], "kind": "other", "found_on": found,
               "decided_on": after(rng, found, 30, 80),
               "decision": f"演示罚字{visit.year}-{int(rng.integers(100, 999))}"}  # fmt: skip


def activities(visit: Visit, seen: dict[str, Any]) -> Iterator[Row]:
    """Supervisors' activities, as many as the index says."""
    rng = draw(visit.id, "supervisors")
    answer = seen.get("supervisor_activities")
    held = 0 if visit.area.kind == "street" else int(rng.integers(3))
    for _ in range(int(answer[0]) if answer else held):
        when = day(rng, date(visit.year, 3, 1), date(visit.year, 10, 20))
        yield {
            "area": visit.area.code,
            "held_on": when,
            "supervisors": int(rng.integers(2, 5)),
            "topic": "公平秤和缺斤短两抽查",
        }


def of_area(
    area: Area, merchants: list[Row], points: list[Row], rows: list[Made], held: list[Visit], seen: dict[str, Any]
) -> Files:
    """All ledgers of one area but its instruments."""
    selling = [merchant for merchant in merchants if merchant["status"] == "open"]
    latest = seen.get(f"{area.code}-2026", {})
    name = f"演示{one(draw(area.code, 'person'), STEMS)}"
    empty = ("complaints", "surveys", "trainings", "events", "violations", "supervisor_activities")
    files: Files = {
        "persons": [{"area": area.code, "name": name, "duty": "计量工作责任人", "since": date(2024, 2, 1)}],
        "patrols": list(patrols(area)), "weighings": list(weighings(area, selling)),
        "commitments": list(commitments(area, selling, points, latest)),
        **{name: [] for name in empty},
    }  # fmt: skip
    for visit in held:
        said = seen[visit.id]
        files["complaints"] += complaints(visit, selling, points, said)
        files["surveys"] += surveys(visit, said)
        files["trainings"] += trainings(visit, said)
        files["events"] += events(visit, said)
        files["violations"] += violations(visit, rows, said)
        files["supervisor_activities"] += activities(visit, said)
    return {name: numbered(f"{area.code}-{name[:2].upper()}", each) for name, each in files.items()}


def of_point(point: Row) -> Files:
    """Ledgers of a point that are not its instruments; a merchant's complaints and commitment stand with its area."""
    if "accepted_on" not in point:
        return {}
    rng, owner, start = draw(point["code"], "ledgers"), {"point": point["code"]}, point["accepted_on"]
    name = f"演示{one(rng, STEMS)}"
    files: Files = {"persons": [{**owner, "name": name, "duty": "计量管理员", "since": point["applied_on"]}]}
    if happens(rng, 8):
        files["persons"][0]["until"] = date(2026, 3, 31)
        files["persons"].append({**owner, "name": f"{name}新", "duty": "计量管理员", "since": date(2026, 4, 1)})
    files["trainings"] = []
    for year in (2025, 2026):
        staff = int(rng.integers(4, 25))
        if not happens(rng, 8):
            held = day(rng, date(year, 2, 1), date(year, 6, 20))
            files["trainings"].append(
                {
                    **owner,
                    "held_on": held,
                    "topic": one(rng, TOPICS),
                    "staff": staff,
                    "trained": staff - int(rng.integers(2)),
                }
            )
    if not point.get("merchant"):
        received = [day(rng, max(start, date(2025, 4, 1)), date(2026, 9, 20)) for _ in range(int(rng.integers(5)) // 2)]
        files["complaints"] = [complaint(rng, owner, when, not happens(rng, 12)) for when in received]
        for row in files["complaints"]:
            row["settled_on"], row["answered_on"] = (
                (None, None) if row["settled_on"] > TODAY else (row["settled_on"], min(row["answered_on"], TODAY))
            )
        signed = day(rng, point["applied_on"], start)
        if not happens(rng, 2):
            files["commitments"] = [
                {
                    **owner,
                    "signed_on": signed,
                    "voluntary": True,
                    "shown": one(rng, ("premises", "premises", "website", "app")),
                }
            ]
        if happens(rng, 5):
            when = day(rng, date(2025, 9, 1), date(2026, 9, 1))
            files["events"] = [
                {**owner, "kind": "honour", "level": "city", "happened_on": when, "title": "演示：诚信计量示范单位"}
            ]
    return {name: numbered(f"{point['code']}-{name[:2].upper()}", each) for name, each in files.items()}


def of_units() -> Files:
    """The people's supervisors of each unit."""
    rows = []
    for unit, _, _ in UNITS:
        rng = draw(unit, "supervisors")
        for n in range(1, int(rng.integers(3, 6)) + 1):
            start = date(2024, 3, 15) if n > 1 else date(2023, 3, 15)
            ends = start.replace(year=start.year + 3)
            rows.append({"id": f"{unit}-S{n}", "unit": unit, "name": f"演示{STEMS[n]}", "appointed_on": start,
                         "term_ends_on": ends, "status": "ended" if ends < TODAY else "active"})  # fmt: skip
    return {"supervisors": rows}


def improvements(held: list[Visit], lines: dict[str, list[dict[str, Any]]]) -> list[Row]:
    """Items of yes/no lines that lost their points; those of 2025 end as the next year shows."""
    rows = []
    for visit in held:
        if visit.year < 2025 or status_of(visit) == "draft":
            continue
        later = next((v for v in held if v.area == visit.area and v.year == visit.year + 1), None)
        for line in lines[visit.area.kind]:
            if line["section"] != "base" or line["rule"]["kind"] != "met" or observe(visit, line)[0] != "0":
                continue
            rng = draw(visit.id, line["id"], "improvement")
            due = AS_OF[visit.year] + timedelta(days=30)
            row = {"assessment": visit.id, "line": line["id"], "points": line["points"], "remedy": line["remedy"],
                   "owner": f"{visit.area.name}管理方", "due_on": due, "state": "open"}  # fmt: skip
            if later and observe(later, line)[0] == "1":
                done = after(rng, AS_OF[visit.year], 10, 45)
                row |= {"state": "rechecked", "rectified_on": done, "rechecked_on": after(rng, done, 5, 20)}
            rows.append(row)
    return rows
