"""Re-checks of the sample data: some assessments of each year, about ten lines each, now and then another value."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from common import AS_OF, TODAY, Row, after, draw, happens, shuffled
from index import Visit, note_for, observations_of, status_of

LINES = 10  # looked at again
BY = "演示·市局复核组"


def rechecks(held: list[Visit], lines: dict[str, list[dict[str, Any]]]) -> list[Row]:
    """Some lines of some assessments, as a team of the city found them."""
    rows: list[Row] = []
    for visit in held:
        rng = draw(visit.id, "recheck")
        if visit.year < 2025 or status_of(visit) == "draft" or not happens(rng, 60):
            continue
        found = list(observations_of(visit, lines[visit.area.kind]))
        done = min(after(rng, AS_OF[visit.year], 12, 40), TODAY)
        known = {line["id"]: line for line in lines[visit.area.kind]}
        base = [row for row in found if known[row["line"]]["section"] == "base"]
        rows += [_looked_at(visit, row, known[row["line"]], done) for row in _chosen(visit, base)]
    return rows


def _chosen(visit: Visit, rows: Sequence[Row]) -> list[Row]:
    chosen = {row["line"] for row in shuffled(draw(visit.id, "recheck lines"), list(rows))[:LINES]}
    return [row for row in rows if row["line"] in chosen]


def _looked_at(visit: Visit, row: Row, line: dict[str, Any], done: date) -> Row:
    """The same value, or one that is worse (two times of three) or better."""
    rng = draw(visit.id, line["id"], "recheck")
    made = {**row, "done_on": done, "done_by": BY, "note": row["note"]}
    if row["outcome"] == "not_applicable" or not happens(rng, 18):
        return made
    step = -1 if happens(rng, 67) else 1
    value, note = _moved(row, line, step), note_for(line, rng)
    return (
        made
        if value == row["value"]
        else made | {"value": value, "note": f"复核：{note}" if step < 0 else "复核：资料补齐"}
    )


def _moved(row: Row, line: dict[str, Any], step: int) -> str:
    """A value one step worse (−1) or better, as far as the rule allows."""
    kind, value = line["rule"]["kind"], float(row["value"])
    if kind == "met":
        return "0" if step < 0 else "1"
    if kind == "per_unit":
        return f"{max(0, int(value) - step)}"
    if kind in ("share", "threshold"):
        return f"{min(max(value + 2 * step, 0), float(row['of'])):g}"
    most = float(line["points"]) if kind == "marks" else value + 1
    return f"{min(max(value + step, 0), most):g}"
