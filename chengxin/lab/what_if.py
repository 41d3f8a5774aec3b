"""What would change: a rubric with lines and readings changed in memory, and all assessments scored by both.

The changes are those of a variant file, checked by the same models; unlike a file, base lines need not sum to full
marks here, so that a person can try one step after another: `breaches` says by how much they miss it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from chengxin.errors import UsageError
from chengxin.lab.table import small_html, small_text, trial
from chengxin.rubric.model import Line, Rubric
from chengxin.rubric.readings import NUMBER
from chengxin.rubric.rules import KINDS, plain
from chengxin.scoring.ranking import TIE, rank
from chengxin.scoring.score import score
from chengxin.scoring.totals import Figures, totals
from chengxin.validation import said_wrong

Changes = Mapping[str, Any]
SIGN = np.array([1.0, 1.0, -1.0])  # what a point of base, bonus and deduction does to the total


def changed(rubric: Rubric, changes: Changes) -> Rubric:
    """A rubric with changes put in.

    Parameters
    ----------
    rubric : stays as it is
    changes : line id → fields to set, as under ``write`` of a variant file (``{"15.1": {"points": 5}}``), and
        reading → option or number (``{"red_line": "cap"}``)

    Returns
    -------
    the changed rubric; its sha256 is that of the rubric and the changes together

    Raises
    ------
    UsageError : unknown line, field or reading, a value that does not fit; all of them in one message
    """
    known = {line.id: line for line in rubric.as_written}
    wrong = [f"没有条目或读法“{key}”" for key in changes if key not in known and key not in rubric.readings]
    new, options = dict(known), {key: value for key, value in changes.items() if key in rubric.readings}
    for key in (key for key in changes if key in known):
        new[key], faults = _line(known[key], changes[key])
        wrong += faults
    if wrong:
        raise UsageError("；".join(wrong) + "。")
    lines = tuple(new.values())
    text = rubric.sha256 + json.dumps(changes, sort_keys=True, ensure_ascii=False, default=str)
    update = {"lines": lines, "as_written": lines, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    try:
        return rubric.model_copy(update=update).with_readings(options)
    except ValidationError as error:
        raise UsageError(f"改后的规则与所用读法不合：{'；'.join(said_wrong(error, [*KINDS]))}。") from None


def _line(line: Line, fields: Any) -> tuple[Line, list[str]]:
    if not isinstance(fields, Mapping):
        return line, [f"“{line.id}”条：得到“{fields}”，应为要改的项和值，如points: 5"]
    if "id" in fields or fields.get("section", line.section) != line.section:
        return line, [f"“{line.id}”条：不能改条目编号和类别"]
    try:
        return Line.model_validate({**line.model_dump(), **fields}), []
    except ValidationError as error:
        return line, [f"“{line.id}”条{said}" for said in said_wrong(error, [*KINDS])]


def breaches(rubric: Rubric) -> list[str]:
    """Where points do not sum as printed: the base total against full marks, groups against their points.

    Returns
    -------
    Chinese sentences with both sums and their difference; empty when all is kept
    """
    base = [line for line in rubric.lines if line.section == "base"]
    total = round(sum(line.points for line in base), 6)
    said = []
    if total != rubric.full_marks:
        said.append(_breach("基本项各条", total, rubric.full_marks))
    for (_, group, printed), members in groupby(base, key=lambda line: (line.subject, line.group, line.group_points)):
        points = round(sum(line.points for line in members), 6)
        if printed is not None and points != printed:
            said.append(_breach(f"“{group}”组各条", points, printed))
    return said


def _breach(what: str, found: float, expected: float) -> str:
    more = "多" if found > expected else "少"
    return f"{what}合计{plain(found)}分，应为{plain(expected)}分，{more}{plain(abs(round(found - expected, 6)))}分"


SHOWN = {
    "assessment": "评价", "before": "原总分（分）", "after": "新总分（分）", "change": "变动（分）",
    "rank_before": "原名次", "rank_after": "新名次", "by": "由哪些条目（分）",
}  # fmt: skip


@dataclass(frozen=True, repr=False)
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

    before: Rubric
    after: Rubric
    table: pd.DataFrame
    lines: pd.DataFrame
    breaches: list[str]

    def __repr__(self) -> str:
        return small_text(self._title(), self.table, SHOWN)

    def _repr_html_(self) -> str:
        return small_html(self._title(), self.table, SHOWN)

    def _title(self) -> str:
        moved = int(self.table["moved"].fillna(0).ne(0).sum())
        changed = int(self.table["change"].fillna(0).ne(0).sum())
        said = f"改规则看影响：{self.before.title}，{len(self.table)}个评价，{changed}个变分，{moved}个变名次。"
        return said + "".join(f"{breach}。" for breach in self.breaches)


def what_if(rubric: Rubric, observations: pd.DataFrame, changes: Changes) -> WhatIf:
    """Score everything by a rubric and by that rubric with changes.

    Parameters
    ----------
    rubric : with its readings
    observations : long frame, as `score.score` takes it
    changes : line id → fields, reading → option; see `changed`. A `Rubric` is also taken: a loaded variant

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
            "change": change.mask(change.abs() <= TIE, 0.0),
            "rank_before": ranks[0],
            "rank_after": ranks[1],
            "moved": ranks[0] - ranks[1],
        }
    )


def _moved(old: pd.DataFrame, new: pd.DataFrame, lines: tuple[Line, ...]) -> Any:
    """Change of points towards the total, assessments × lines; what was not assessed or dropped counts as 0."""
    was, now = Figures(old, lines), Figures(new, lines)
    moved = (np.nan_to_num(now.score) - np.nan_to_num(was.score)) * SIGN[was.section]
    return np.where(np.abs(moved) > TIE, moved, 0.0)


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
