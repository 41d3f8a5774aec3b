"""Quarterly filings of the sample data: what a point says, beside what its ledger holds and what a visit finds."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
from common import TODAY, Row, after, draw, happens, one
from instruments import in_date, in_use

from chengxin.settings import settings

QUARTERS = {
    "2025Q2": date(2025, 6, 30), "2025Q3": date(2025, 9, 30), "2025Q4": date(2025, 12, 31),
    "2026Q1": date(2026, 3, 31), "2026Q2": date(2026, 6, 30), "2026Q3": date(2026, 9, 30),
}  # fmt: skip
DUE = int(settings()["filing_due_days"])
ITEMS = [str(n) for n in range(1, 16)]
GOOD = {item: "no" if item in ("10", "11", "12", "13") else "yes" for item in ITEMS}
SOFT = ("4", "6", "7", "8", "10", "11", "12")  # found by looking, not by counting
COUNTS = (
    "instruments",
    "mandatory",
    "valid",
    "non_mandatory",
    "cycle_set",
    "calibrated",
    "scanned_ok",
    "disputes",
    "settled",
)


class Habit(NamedTuple):
    """Chances in %: a quarter missed, late, with a gap; something amiss; hiding it; a visit."""

    missing: int
    late: int
    gap: int
    amiss: int
    hides: int
    visit: int


HABITS = {"good": Habit(0, 1, 1, 3, 0, 15), "fair": Habit(2, 7, 6, 14, 50, 25), "poor": Habit(14, 22, 12, 40, 80, 45)}

Books = dict[str, dict[str, list[Row]]]  # file → point or instrument → rows


def habit_of(point: Row) -> str:
    """How a point goes about its filings."""
    luck = draw(point["code"], "habit").random()
    return "poor" if luck < 0.07 or point["status"] == "cancelled" else "fair" if luck < 0.37 else "good"


def books_of(files: dict[str, list[Row]]) -> Books:
    """The ledgers by point, the verifications by instrument."""
    books: Books = {"verifications": defaultdict(list)}
    for row in files["verifications"]:
        books["verifications"][row["instrument"]].append(row)
    for name in ("instruments", "complaints", "commitments", "trainings"):
        books[name] = defaultdict(list)
        for row in files[name]:
            if row.get("point"):
                books[name][row["point"]].append(row)
    return books


def counted(point: str, books: Books, end: date, submitted: date) -> dict[str, int]:
    """The counts a point should write down at the end of a quarter."""
    used = [row for row in books["instruments"][point] if in_use(row, end)]
    valid = {row["id"] for row in used if in_date(row, books["verifications"][row["id"]], end)}
    must = [row for row in used if row["management"] == "mandatory"]
    own = [row for row in used if row["management"] != "mandatory"]
    start = date(end.year, end.month - 2, 1)
    disputes = [
        row
        for row in books["complaints"][point]
        if start <= row["received_on"] <= end and row["kind"] != "report" and row["topic"] == "measurement"
    ]
    settled = [row for row in disputes if row["settled_on"] and row["settled_on"] <= submitted]
    return {
        "instruments": len(used), "mandatory": len(must), "valid": sum(row["id"] in valid for row in must),
        "non_mandatory": len(own), "cycle_set": sum(bool(row.get("calibration_months")) for row in own),
        "calibrated": sum(row["management"] == "calibration" and row["id"] in valid for row in own),
        "scanned_ok": sum(row["scanned"] is not False for row in used),
        "disputes": len(disputes), "settled": len(settled),
    }  # fmt: skip


def truth(
    point: str, books: Books, end: date, counts: dict[str, int], rng: np.random.Generator, amiss: int
) -> dict[str, str]:
    """What an honest point answers: by its counts and ledgers, the rest with a chance that something is amiss."""
    used = [row for row in books["instruments"][point] if in_use(row, end)]
    trained = any(end - timedelta(days=400) < row["held_on"] <= end for row in books["trainings"][point])
    promised = any(
        row["signed_on"] <= end and not (row.get("withdrawn_on") or date.max) <= end
        for row in books["commitments"][point]
    )
    wrong = {
        "1": counts["valid"] < counts["mandatory"] or counts["calibrated"] < counts["non_mandatory"],
        "2": counts["scanned_ok"] < counts["instruments"], "3": not all(row["registered"] for row in used),
        "8": not trained, "9": not promised, "13": any(row["seal"] == "broken" for row in used),
        "14": counts["settled"] < counts["disputes"],
    }  # fmt: skip
    if happens(rng, amiss):
        wrong[one(rng, [item for item in SOFT if item != "8"])] = True
    answers = {item: turned(item) if wrong.get(item) else GOOD[item] for item in ITEMS}
    return answers | ({"15": "none"} if happens(rng, 60) else {})


def turned(item: str) -> str:
    """The unfavourable answer."""
    return "no" if GOOD[item] == "yes" else "yes"


def claimed(answers: dict[str, str], counts: dict[str, int], rng: np.random.Generator, habit: Habit) -> dict[str, str]:
    """What is written: as it is, or better than it is (then now and then with better counts too)."""
    bad = [item for item in ITEMS if answers[item] == turned(item)]
    said = dict(answers)
    if bad and happens(rng, habit.hides):
        item = "1" if "1" in bad else one(rng, bad)
        said[item] = GOOD[item]
        if item == "1" and happens(rng, 50):
            counts["valid"], counts["calibrated"] = counts["mandatory"], counts["non_mandatory"]
    if happens(rng, habit.gap):
        del said[one(rng, ("6", "7", "8"))]
    return said


def visited(answers: dict[str, str], said: dict[str, str], rng: np.random.Generator, habit: Habit) -> dict[str, str]:
    """What a visit finds: the truth, and now and then something that nobody wrote."""
    found = dict(answers)
    if happens(rng, habit.hides):
        item = one(rng, SOFT)
        found[item] = turned(item)
    if happens(rng, 4):  # better than the point said
        found |= {item: GOOD[item] for item in SOFT if said.get(item) == turned(item)}
    return found


def filing(point: Row, quarter: str, end: date, books: Books) -> tuple[Row, list[Row]]:
    """One filing and its 15 answers."""
    rng, habit = draw(point["code"], quarter), HABITS[habit_of(point)]
    late = happens(rng, habit.late)
    submitted = after(rng, end, *((DUE + 1, DUE + 12) if late else (2, DUE)))
    counts = counted(point["code"], books, end, submitted)
    answers = truth(point["code"], books, end, counts, rng, habit.amiss)
    said = claimed(answers, counts, rng, habit)
    row: dict[str, Any] = {
        "id": f"{point['code']}-{quarter}",
        "point": point["code"],
        "quarter": quarter,
        "submitted_on": submitted,
        **counts,
    }
    if len(said) < len(ITEMS):
        row["returned_on"] = after(rng, submitted, 1, 4)
    checked, found = after(rng, submitted, 5, 40), {}
    if happens(rng, habit.visit) and checked <= TODAY:
        row["checked_on"], found = checked, visited(answers, said, rng, habit)
    good = {item: {GOOD[item], "none"} for item in ITEMS}
    notes = {
        item: "现场核查与自查不符" for item in found if (found[item] in good[item]) != (said.get(item) in good[item])
    }
    return row, [
        {"filing": row["id"], "item": item, "self_answer": said.get(item), "check_answer": found.get(item),
         "note": notes.get(item, "")}
        for item in ITEMS
    ]  # fmt: skip


def filings_of(points: list[Row], files: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """All filings: from the quarter a point was accepted to the one before it was cancelled, some missing."""
    books, rows, answers = books_of(files), [], []
    for point in points:
        end_of = point.get("cancelled_on", TODAY)
        wanted = {q: end for q, end in QUARTERS.items() if point.get("accepted_on", date.max) <= end < end_of}
        for quarter, end in wanted.items():
            given_up = "cancelled_on" in point and quarter in list(wanted)[-2:]
            if given_up or happens(draw(point["code"], quarter, "missing"), HABITS[habit_of(point)].missing):
                continue
            row, said = filing(point, quarter, end, books)
            rows.append(row)
            answers += said
    return {"filings": rows, "filing_answers": answers}


def decisions(points: list[Row], made: dict[str, list[Row]]) -> list[Row]:
    """A few decisions by a named person, some still open."""
    wrong = {
        row["filing"]
        for row in made["filing_answers"]
        if not row["self_answer"] or turned(row["item"]) in (row["self_answer"], row["check_answer"])
    }
    late = {
        row["id"] for row in made["filings"] if row["submitted_on"] > QUARTERS[row["quarter"]] + timedelta(days=DUE)
    }
    clean = {row["id"] for row in made["filings"]} - wrong - late
    rows = []
    for point in points:
        if "cancelled_on" in point:
            rows.append({"point": point["code"], "kind": "cancel", "agreed": True,
                         "quarter": [q for q, end in QUARTERS.items() if end < point["cancelled_on"]][-1],
                         "decided_by": "演示局长甲", "decided_on": point["cancelled_on"],
                         "reason": "连续两个季度未报送"})  # fmt: skip
        elif all(f"{point['code']}-{quarter}" in clean for quarter in list(QUARTERS)[1:5]) and len(rows) < 12:
            rows.append({"point": point["code"], "kind": "merchant", "quarter": "2026Q2"})
            if len(rows) % 4:
                agreed, who = len(rows) != 5, "乙丙"[len(rows) % 2]
                reason = "近四个季度报送良好" if agreed else "另有投诉正在调查，暂缓"
                rows[-1] |= {"agreed": agreed, "decided_by": f"演示局长{who}", "decided_on": date(2026, 8, 5)}
                rows[-1]["reason"] = reason
    return [{"id": f"{row['point']}-{row['kind'][0].upper()}", **row} for row in rows]
