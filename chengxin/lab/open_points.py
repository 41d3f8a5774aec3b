"""Points that the guidance leaves open and that are no reading: how they are taken, and what another way would do."""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from chengxin.lab.what_if import EFFECT, beside, changed, effect
from chengxin.rubric.model import Rubric
from chengxin.rubric.rules import PerUnit
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals
from chengxin.settings import Table, read_table
from chengxin.validation import Strict

EDGE = 1e-9


class OpenPoint(Strict):
    """One such point; what its other way does is measured, or why it cannot be is said."""

    lines: list[str] = Field(min_length=1)
    question: str
    in_use: str
    other: str
    source: str
    measured: Literal["double", "carry"] | None = None
    rule: dict[str, Any] | None = None
    why: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "OpenPoint":
        if sum(each is not None for each in (self.measured, self.rule, self.why)) != 1:
            raise ValueError("measured、rule、why中的一项")
        return self


class OpenPointsFile(Table):
    """``tables/open_points.yaml``."""

    points: dict[str, list[OpenPoint]]


@cache
def open_points() -> dict[str, list[OpenPoint]]:
    """Rubric → its points; RubricError with every fault of the file."""
    return read_table("open_points", OpenPointsFile).points


def open_effect(rubric: Rubric, observations: pd.DataFrame) -> pd.DataFrame:
    """What the other way of every open point would do to the chosen data, one at a time.

    Parameters
    ----------
    rubric, observations : as for `what_if.readings_effect`

    Returns
    -------
    one row per point, the largest effect first and those that cannot be measured last; columns lines (joined by 、),
    question, in_use, text (the other way), source, why (it cannot be measured; empty where it is), and areas, changed,
    mean, mean_size, most, reranked, most_places as `what_if.readings_effect` (missing where it cannot be measured)

    Raises
    ------
    DataError : faulty observations
    """
    old, rows = totals(score(rubric, observations)), []
    for point in open_points().get(rubric.id, []):
        about = {"lines": "、".join(point.lines), "question": point.question, "in_use": point.in_use,
                 "text": point.other, "source": point.source, "why": point.why or ""}  # fmt: skip
        found = None if point.why else effect(beside(old, _other(rubric, observations, point)))
        rows.append(about | (found or dict.fromkeys(EFFECT)))
    frame = pd.DataFrame(rows, columns=["lines", "question", "in_use", "text", "source", "why", *EFFECT])
    whole = dict.fromkeys(["areas", "changed", "reranked", "most_places"], "Int64")
    frame = frame.astype(dict.fromkeys(EFFECT, float)).astype(whole)
    by = ["mean_size", "reranked"]
    return frame.sort_values(by, ascending=False, kind="stable", na_position="last", ignore_index=True)


def _other(rubric: Rubric, observations: pd.DataFrame, point: OpenPoint) -> pd.DataFrame:
    """Totals under the other way."""
    if point.rule is not None:
        return totals(score(changed(rubric, {line: {"rule": point.rule} for line in point.lines}), observations))
    ways: dict[str, Callable[..., pd.DataFrame]] = {"double": _once, "carry": _carried}
    return ways[str(point.measured)](rubric, observations, *point.lines)


def _once(rubric: Rubric, observations: pd.DataFrame, base: str, deduction: str) -> pd.DataFrame:
    """Totals where the base line loses nothing when the deduction line takes points."""
    sheet = score(rubric, observations)
    hit = sheet[(sheet["line"] == deduction) & (sheet["score"] > EDGE)]["assessment"].astype("str")
    rule, seen = rubric.line(base).rule, observations.copy()
    mine = (seen["line"].astype("str") == base) & seen["assessment"].astype("str").isin(hit) & seen["value"].notna()
    best = seen["of"] if rule.needs_of else 0.0 if isinstance(rule, PerUnit) else 1.0
    return totals(score(rubric, seen.assign(value=seen["value"].mask(mine, best))))


def _carried(rubric: Rubric, observations: pd.DataFrame, line: str) -> pd.DataFrame:
    """Totals from which what a line that takes points per unit took beyond its own points is taken too; not below 0."""
    about = rubric.line(line)
    assert isinstance(about.rule, PerUnit)
    seen = observations[observations["line"].astype("str") == line]
    over = (about.rule.each * seen["value"].astype(float) - about.points).clip(lower=0).fillna(0)
    found = totals(score(rubric, observations))
    taken = found["assessment"].astype("str").map(dict(zip(seen["assessment"].astype("str"), over, strict=True)))
    return found.assign(unrounded=np.maximum(found["unrounded"] - taken.fillna(0), np.minimum(found["unrounded"], 0)))
