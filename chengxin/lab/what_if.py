"""What would change: all assessments scored by a rubric and by a changed one, and by each reading's options."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from chengxin.lab.changing import Changes, breaches, changed
from chengxin.lab.table import trial
from chengxin.rubric.model import Line, Rubric
from chengxin.rubric.readings import NUMBER
from chengxin.rubric.rules import plain
from chengxin.scoring.figures import Figures
from chengxin.scoring.score import rank, score, totals

EDGE = 1e-9  # totals closer than this are the same total, as in `score.rank`
SIGN = np.array([1.0, 1.0, -1.0])  # what a point of base, bonus and deduction does to the total


@dataclass(frozen=True)
class WhatIf:
    """Old and new side by side.

    Parameters
    ----------
    before, after : both rubrics
    table : one row per assessment in order of the observations: assessment; before, after (total, points, 2
        decimals, NaN while incomplete); change (after − before of the unrounded totals, points); rank_before,
        rank_after (Int64, NA while incomplete); moved (places won, positive is up); by (which lines changed it most,
        Chinese)
    lines : one row per changed line, by effect: line, label, areas (how many got other points), mean, most (change
        of points, mean over all assessments and the largest in size with its sign)
    breaches : where the points do not sum as printed, Chinese
    """

    before: Rubric = field(repr=False)
    after: Rubric = field(repr=False)
    table: pd.DataFrame
    lines: pd.DataFrame
    breaches: list[str]


def what_if(rubric: Rubric, observations: pd.DataFrame, changes: Changes) -> WhatIf:
    """Score everything by a rubric and by that rubric with changes.

    Parameters
    ----------
    rubric : with its readings
    observations : long frame, as `score.score` takes it
    changes : line id → fields, reading → option; see `changing.changed`. A `Rubric` is also taken: a loaded variant

    Returns
    -------
    a `WhatIf`: totals and ranks of both, who moved and by which line

    Raises
    ------
    UsageError : changes that do not fit the rubric
    DataError : faulty observations (of either rubric: a line that needs `of` after the change needs it there)

    >>> import chengxin
    >>> from chengxin.paths import place
    >>> street = chengxin.load_rubric("street")
    >>> seen = chengxin.read_observations(place("sample_data") / "observations.csv")
    >>> seen = seen[seen["assessment"].isin(["331002-J1-2026", "331003-J1-2026"])]
    >>> chengxin.what_if(street, seen, {"merchants": "all"}).table[["assessment", "before", "after"]].values.tolist()
    [['331002-J1-2026', 100.83, 90.72], ['331003-J1-2026', 90.85, 56.25]]
    """
    after = changes if isinstance(changes, Rubric) else changed(rubric, changes)
    old, new = score(rubric, observations), score(after, observations)
    table = beside(totals(old), totals(new))
    moved = _moved(old, new, rubric.lines)
    table["by"] = _by(moved, [line.id for line in rubric.lines], table["change"].to_numpy())
    return WhatIf(rubric, after, table, _lines(rubric, moved), breaches(after))


def beside(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Two results of the same assessments (from `totals`) side by side; columns as in `WhatIf`, without `by`."""
    ranks = rank(old), rank(new)
    change = (new["unrounded"] - old["unrounded"]).where(old["complete"] & new["complete"])
    return pd.DataFrame(
        {
            "assessment": old["assessment"],
            "before": old["total"],
            "after": new["total"],
            "change": change.mask(change.abs() <= EDGE, 0.0),
            "rank_before": ranks[0],
            "rank_after": ranks[1],
            "moved": ranks[0] - ranks[1],
        }
    )


def _moved(old: pd.DataFrame, new: pd.DataFrame, lines: tuple[Line, ...]) -> Any:
    """Change of points towards the total, assessments × lines; what was not assessed or dropped counts as 0."""
    was, now = Figures(old, lines), Figures(new, lines)
    moved = (np.nan_to_num(now.score) - np.nan_to_num(was.score)) * SIGN[was.section]
    return np.where(np.abs(moved) > EDGE, moved, 0.0)


def _by(moved: Any, ids: list[str], change: Any, most: int = 3) -> list[str]:
    """For each assessment the lines that moved it most, then what the limits and foldings of totals did."""
    order = np.argsort(-np.abs(moved), axis=1, kind="stable")[:, :most]
    rest = np.nan_to_num(change) - moved.sum(axis=1)
    said = []
    for n, places in enumerate(order):
        parts = [f"{ids[place]} {moved[n, place]:+.2f}" for place in places if moved[n, place]]
        if not np.isnan(change[n]) and abs(rest[n]) > 1e-6:
            parts.append(f"合计规则 {rest[n]:+.2f}")
        said.append("；".join(parts))
    return said


def _lines(rubric: Rubric, moved: Any) -> pd.DataFrame:
    touched = np.flatnonzero((moved != 0).any(axis=0))
    largest = moved[np.abs(moved).argmax(axis=0), np.arange(moved.shape[1])] if len(moved) else moved
    rows = [
        {
            "line": rubric.lines[n].id,
            "label": rubric.lines[n].label,
            "areas": int((moved[:, n] != 0).sum()),
            "mean": float(moved[:, n].mean()),
            "most": float(largest[n]),
        }
        for n in touched
    ]
    frame = pd.DataFrame(rows, columns=["line", "label", "areas", "mean", "most"])
    return frame.sort_values("mean", key=abs, ascending=False, kind="stable", ignore_index=True)


def readings_effect(rubric: Rubric, observations: pd.DataFrame) -> pd.DataFrame:
    """What every other option of every reading would do to the chosen data, one at a time.

    Parameters
    ----------
    rubric : with the readings that are in use
    observations : long frame, as `score.score` takes it

    Returns
    -------
    one row per reading and option not in use, the largest effect first; columns reading, question, option, text
    (Chinese), in_use (the option compared with), number (tried where the option takes one, else None), areas
    (complete assessments under both), changed (how many get another total), mean, most (change of the total in
    points: mean over all, and the largest in size with its sign), mean_size (mean of its size), reranked (how many
    change rank), most_places (largest change of rank). Sorted by mean_size, then by reranked.

    Raises
    ------
    DataError : faulty observations

    >>> import chengxin
    >>> from chengxin.paths import place
    >>> street = chengxin.load_rubric("street")
    >>> seen = chengxin.read_observations(place("sample_data") / "observations.csv")
    >>> seen = seen[seen["assessment"].isin(["331002-J1-2026", "331003-J1-2026"])]
    >>> chengxin.readings_effect(street, seen).loc[:0, ["reading", "option", "changed"]].values.tolist()
    [['merchants', 'all', 2]]
    """
    old = totals(score(rubric, observations))
    rows = []
    for key, reading in rubric.readings.items():
        for option, choice in reading.options.items():
            tried = trial(key, option, NUMBER)
            if tried is None or tried == rubric.chosen[key]:
                continue
            new = totals(score(rubric.with_readings({key: tried}), observations))
            number = float(tried) if option == NUMBER else None
            about: dict[str, Any] = {
                "reading": key,
                "question": reading.question,
                "option": option,
                "text": choice.text,
            }
            if number is not None:
                about["text"] += f"：{plain(number)}分"
            about |= {"in_use": rubric.choice_in_words(key), "number": number}
            rows.append(about | effect(beside(old, new)))
    columns = ["reading", "question", "option", "text", "in_use", "number", *EFFECT]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(["mean_size", "reranked"], ascending=False, kind="stable", ignore_index=True)


EFFECT = ("areas", "changed", "mean", "mean_size", "most", "reranked", "most_places")


def effect(table: pd.DataFrame) -> dict[str, Any]:
    """How far one result is from another: the fields of EFFECT.

    Parameters
    ----------
    table : from `beside`
    """
    both = table.dropna(subset=["change"])
    change, moved = both["change"].to_numpy(), both["moved"].to_numpy(dtype=float)
    return {
        "areas": len(both),
        "changed": int((change != 0).sum()),
        "mean": float(change.mean()) if len(both) else 0.0,
        "mean_size": float(np.abs(change).mean()) if len(both) else 0.0,
        "most": float(change[np.abs(change).argmax()]) if len(both) else 0.0,
        "reranked": int((moved != 0).sum()),
        "most_places": int(np.abs(moved).max(initial=0)),
    }
