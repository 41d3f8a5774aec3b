"""Whether assessors judge alike: self against on-site check line by line, and several teams on one paper case."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from chengxin.errors import UsageError
from chengxin.lab.agreement import by as agreed_by
from chengxin.rubric.model import Line, Rubric
from chengxin.scoring.grid import NOT_APPLICABLE, NOT_ASSESSED
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals

CATEGORIES = ("满分", "部分得分", "零分", "不适用")
EDGE = 1e-9
TRIED = np.arange(0, 100.5, 0.5)  # values and percentages with which it is tried what a line can come to


def possible(line: Line) -> tuple[str, ...]:
    """The categories that a line's rule can come to: two of a line that is met or not, three where a part is possible.

    Parameters
    ----------
    line : with its readings applied
    """
    of = np.full(len(TRIED), 100.0 if line.rule.needs_of else np.nan)
    points = line.rule.score(line.points, TRIED, of)[~line.rule.wrong(line.points, TRIED, of)]
    kind = np.where(points >= line.points - EDGE, 0, np.where(points <= EDGE, 2, 1))
    return tuple(CATEGORIES[n] for n in sorted(set(kind[~np.isnan(points)])))


def judged(rubric: Rubric, observations: pd.DataFrame) -> pd.DataFrame:
    """What each assessment was given on each line: columns assessment, line, score (points), category (missing while
    not assessed); for deduction lines 满分 means deducted in full."""
    sheet = score(rubric, observations)
    points, full = sheet["score"].to_numpy(), sheet["points"].to_numpy()
    state = sheet["outcome"].cat.codes.to_numpy()
    kind = np.where(points >= full - EDGE, 0, np.where(points <= EDGE, 2, 1))
    kind = np.where(state == NOT_APPLICABLE, 3, np.where(state == NOT_ASSESSED, -1, kind))
    category = pd.Series(pd.Categorical.from_codes(kind, categories=list(CATEGORIES))).astype(object)
    return pd.DataFrame(
        {"assessment": sheet["assessment"].astype("str"), "line": sheet["line"].astype("str"), "score": points,
         "category": category}
    )  # fmt: skip


def compare(rubric: Rubric, a: pd.DataFrame, b: pd.DataFrame, *, written: bool = False) -> pd.DataFrame:
    """Agreement of two assessments of the same areas, for all lines together and line by line.

    Parameters
    ----------
    rubric : the rubric
    a, b : observations (long frames) with the same names of assessments, such as self-assessment and on-site check
    written : only lines with an observation in both; else a bonus or deduction without one is judged as not having
        happened

    Returns
    -------
    first row line 全部, then one row per line in rubric order; columns line, label, the fields of
    `agreement.Agreement`, and bias (mean of a − b in points over the cells that both assessed, deductions counted
    negative; positive: a gives more), said (direction of error in Chinese).
    A line's categories are those its rule can come to (`possible`), and 不适用 where somebody said so: more categories
    than could be said would make AC1 higher. All lines together have all four; this row takes the cells as independent

    Raises
    ------
    DataError : faulty observations
    UsageError : no assessment is in both
    """
    both = judged(rubric, a).merge(judged(rubric, b), on=["assessment", "line"], suffixes=("_a", "_b"))
    if both.empty:
        raise UsageError("两份观测没有相同的评价编号，不能比较；应为同一批评价的两次判断，编号相同。")
    if written:
        seen = (pd.MultiIndex.from_frame(side[["assessment", "line"]].astype("str")) for side in (a, b))
        key = pd.MultiIndex.from_frame(both[["assessment", "line"]])
        both = both[np.logical_and.reduce([key.isin(side) for side in seen])]
    return beside(rubric, both)


def beside(rubric: Rubric, both: pd.DataFrame, first: str = "前者") -> pd.DataFrame:
    """Agreement of judgements that stand side by side, for all lines together and line by line.

    Parameters
    ----------
    rubric : the rubric
    both : columns line, score_a, score_b (points), category_a, category_b
    first : how a is called where it gives more or less

    Returns
    -------
    as `compare`
    """
    both = both.assign(off=(both["score_a"] - both["score_b"]) * _signs(rubric, both["line"]))
    order = {line.id: n for n, line in enumerate(rubric.lines)}
    every = agreed_by(both, [], "category_a", "category_b", CATEGORIES).assign(line="全部", bias=both["off"].mean())
    parts = [(list(known), part) for known, part in both.groupby(both["line"].map(_said(rubric, both)), sort=True)]
    lines = pd.concat([agreed_by(part, ["line"], "category_a", "category_b", known)
                       for known, part in parts or [(list(CATEGORIES), both)]], ignore_index=True)  # fmt: skip
    lines["bias"] = lines["line"].map(both.groupby("line")["off"].mean())
    lines = lines.sort_values("line", key=lambda ids: ids.map(order), ignore_index=True)
    frame = pd.concat([every, lines], ignore_index=True)
    labels = {line.id: line.label for line in rubric.lines}
    frame.insert(0, "label", [labels.get(name, "") for name in frame["line"]])
    frame.insert(0, "line", frame.pop("line"))
    signs = _signs(rubric, frame["line"])
    frame["said"] = [_direction(off, first, sign) for off, sign in zip(frame["bias"], signs, strict=True)]
    return frame


def _said(rubric: Rubric, both: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Line → its categories."""
    idle = (both[["category_a", "category_b"]] == CATEGORIES[3]).any(axis=1)
    set_aside = set(both.loc[idle, "line"])
    return {line.id: possible(line) + CATEGORIES[3:] * (line.id in set_aside) for line in rubric.lines}


def _signs(rubric: Rubric, lines: "pd.Series[str]") -> "pd.Series[int]":
    """Which way the points of a line count: −1 for deductions, else 1."""
    taken = {line.id for line in rubric.lines if line.section == "deduction"}
    return lines.isin(taken).map({True: -1, False: 1})


def _direction(off: float, first: str, sign: int) -> str:
    if pd.isna(off):
        return "没有可比的得分"
    if abs(off) < EDGE:
        return "平均相同"
    words = ("高", "低") if sign > 0 else ("少扣", "多扣")
    return f"{first}平均{words[off < 0]}{abs(off):.2f}分"


def filed(checked: pd.DataFrame, keys: Sequence[str] = ()) -> pd.DataFrame:
    """Agreement of the monitoring points' self-checks with the on-site checks, on whether an item is in order.

    Parameters
    ----------
    checked : from `judge.checked`
    keys : columns of it that make the groups (``["item"]``, ``["sector"]``, ``["unit"]``); none: all together

    Returns
    -------
    one row per group: the keys, the fields of `agreement.Agreement`, overstated and understated (pairs in which the
    point says in order and the check does not, and the other way round), said (direction of error in Chinese)
    """
    rows = agreed_by(checked, list(keys), "self_good", "check_good", [True, False])
    rows["overstated"] = [told.get((True, False), 0) for told in rows["directions"]]
    rows["understated"] = [told.get((False, True), 0) for told in rows["directions"]]
    rows["said"] = [_leaning(*pair) for pair in zip(rows["overstated"], rows["understated"], strict=True)]
    return rows


def _leaning(over: int, under: int) -> str:
    if not over and not under:
        return "没有不一致"
    more = "偏高" if over > under else "偏低" if under > over else "高低相抵"
    return f"自查{more}：虚报{over}处，漏报{under}处"


def assessors(judgements: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What two people judged of the same assessment, from the versions that were stored: what `compare` takes.

    Of each person the last version of a line counts; of several people every two are a pair, in the order in which
    they first stored something. Who comes later sees what stands there, so agreement is that of a review, not of
    two independent judgements.

    Parameters
    ----------
    judgements : columns assessment, line, value, of, outcome, note, at, who; from `read.judgements`

    Returns
    -------
    observations of the earlier and of the later people; names of assessments tell the pair (``A#1``), not the people;
    only lines that both judged; both empty where nothing was judged twice
    """
    last = judgements.sort_values("at", kind="stable").groupby(["assessment", "line", "who"], sort=False).tail(1)
    parts = []
    for name, rows in last.groupby("assessment", sort=True):
        people = rows.sort_values("at", kind="stable")["who"].unique()
        for n, (one, two) in enumerate(combinations(people, 2), 1):
            a, b = (rows[rows["who"] == who].assign(assessment=f"{name}#{n}") for who in (one, two))
            parts.append((a[a["line"].isin(b["line"])], b[b["line"].isin(a["line"])]))
    columns = ["assessment", "line", "value", "of", "outcome", "note"]
    sides = [pd.concat([pair[side] for pair in parts] or [judgements.head(0)], ignore_index=True) for side in (0, 1)]
    return sides[0][columns], sides[1][columns]


def consistency(rubric: Rubric, teams: pd.DataFrame, reference: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """County consistency exercise: several teams score one paper case whose right answer is known.

    Parameters
    ----------
    rubric : the rubric
    teams : observations, each team an `assessment`
    reference : observations of one assessment, the reference

    Returns
    -------
    lines: one row per line that any team judged, the widest spread first: line, label, reference (points), teams
    (how many judged it), same (share of them with exactly the reference), low, high, sd (points; divisor n), bias
    (mean less reference, deductions counted negative). teams: one row per team, nearest first: assessment, total
    (points), off (total less that of the reference, NaN while either is incomplete), differ (lines with other points
    than the reference)

    Raises
    ------
    DataError : faulty observations
    UsageError : the reference is not exactly one assessment, or no team judged anything
    """
    right = judged(rubric, reference)
    if right["assessment"].nunique() != 1:
        raise UsageError(f"参考答案有{right['assessment'].nunique()}个评价；应为1个。")
    found = judged(rubric, teams).merge(right[["line", "score"]], on="line", suffixes=("", "_right"))
    found["off"] = (found["score"] - found["score_right"]) * _signs(rubric, found["line"])
    found["same"] = (found["off"].abs() < EDGE).where(found["off"].notna())
    labels, wide = {line.id: line.label for line in rubric.lines}, found.dropna(subset=["score"])
    if wide.empty:
        raise UsageError("小组的观测里没有评过的条目；应为各小组的答卷，一组一个评价编号。")
    rows = [
        {"line": line, "label": labels[line], "reference": part["score_right"].iloc[0], "teams": len(part)}
        | _spread(part)
        for line, part in wide.groupby("line", sort=False)
    ]
    lines = pd.DataFrame(rows).sort_values(["sd", "same"], ascending=[False, True], kind="stable", ignore_index=True)
    sums, whole = totals(score(rubric, teams)), totals(score(rubric, reference))
    off = sums["unrounded"].where(sums["complete"]) - whole["unrounded"].where(whole["complete"]).iloc[0]
    differ = found.groupby("assessment", sort=False)["same"].agg(lambda same: int((same == False).sum()))  # noqa: E712
    told = pd.DataFrame({"assessment": sums["assessment"].astype("str"), "total": sums["total"], "off": off})
    told["differ"] = told["assessment"].map(differ).astype(int)
    return lines, told.sort_values("off", key=abs, kind="stable", ignore_index=True)


def _spread(part: pd.DataFrame) -> dict[str, Any]:
    points = part["score"]
    about = {"same": float(part["same"].astype(float).mean()), "low": float(points.min()), "high": float(points.max())}
    return about | {"sd": float(points.std(ddof=0)), "bias": float(part["off"].mean())}
