"""Which state may follow which, for what is proposed, judged, published or mended. One table and one question."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chengxin.errors import Fault
from chengxin.store import schema

# table → its column, the Chinese names of its states, and for each state what may follow
MOVES: dict[str, tuple[str, str, Mapping[str, str], dict[str, tuple[str, ...]]]] = {
    "area": ("景区街区", "status", schema.AREA_STATES, {
        "applied": ("recommended", "withdrawn"), "recommended": ("accepted", "withdrawn"),
        "accepted": ("withdrawn",), "withdrawn": ("applied",),
    }),
    "monitoring_point": ("监测点", "status", schema.POINT_STATES, {
        "applied": ("recommended", "cancelled"), "recommended": ("accepted", "cancelled"),
        "accepted": ("cancelled",), "cancelled": ("applied",),
    }),
    "assessment": ("评价", "status", schema.ASSESSMENT_STATES, {
        "draft": ("submitted",), "submitted": ("draft", "approved"), "approved": ("published",),
        "published": ("withdrawn",), "withdrawn": (),
    }),
    "improvement": ("整改事项", "state", schema.IMPROVEMENT_STATES, {
        "open": ("rectified",), "rectified": ("rechecked", "open"), "rechecked": (),
    }),
}  # fmt: skip
PUBLISHED = ("published", "withdrawn")  # assessments that are settled: no later ledger asks them for a reason


def refused(table: str, key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """What is wrong with a change of state, if anything; a first entry may have any state.

    Parameters
    ----------
    table : name of a table; those without states take every change
    key : of the row, for the message
    old, new : the row before and after

    Returns
    -------
    where, what was found and what is expected; None when the change may be made
    """
    if table not in MOVES:
        return None
    called, column, names, moves = MOVES[table]
    before, after = str(old[column]), str(new[column])
    if before == after or after in moves.get(before, ()) or after not in names:
        return None  # what is no state at all the table itself refuses
    after_next = "或".join(f"“{names[state]}”" for state in moves.get(before, ()))
    expected = f"“{names.get(before, before)}”之后为{after_next}" if after_next else "不再改变，这是最后的状态"
    return f"{called}“{key}”", f"由“{names.get(before, before)}”改为“{names[after]}”", expected


def path(table: str, before: str, after: str) -> tuple[str, ...]:
    """The fewest states from one to another, both included; none when no way leads there."""
    moves, ways = MOVES[table][3], list[tuple[str, ...]]([(before,)])
    for way in ways:
        if way[-1] == after:
            return way
        ways += [(*way, state) for state in moves.get(way[-1], ()) if not any(state in other for other in ways)]
    return ()


def jumps(
    table: str, file: str, rows: Iterable[tuple[int, Mapping[str, Any]]], stored: Mapping[str, str], key: Sequence[str]
) -> list[tuple[int, Fault]]:
    """Rows of a file whose state may not follow the stored one, each with the way that may be gone.

    Parameters
    ----------
    table : name of a table
    file : its name, for the message
    rows : line of the file and row
    stored : key (its parts joined by a stroke) → state stored
    key : columns of the key
    """
    faults = []
    for line, row in rows:
        name = "/".join(row[part] for part in key)
        column, names = MOVES[table][1:3]
        before, after = stored.get(name, row[column]), row[column]
        said = refused(table, name, {column: before}, {column: after})
        if said:
            way = "→".join(names[state] for state in path(table, before, after))
            remedy = f"请按“{way}”一步一步导入" if way else "没有到这一状态的途径，请核对"
            faults.append((line, Fault(file, f"“{name}”{said[1]}", said[2], remedy, row=line, column=column)))
    return faults
