"""What each line contributes: lines that never vary, ceilings and floors, lines that say the same, weight in effect."""

from typing import Any

import numpy as np
import pandas as pd

from chengxin.lab.table import lab_table
from chengxin.rubric.model import Rubric
from chengxin.rubric.rules import plain
from chengxin.scoring.grid import ASSESSED
from chengxin.scoring.score import score
from chengxin.scoring.totals import Figures, totals
from chengxin.settings import settings

EDGE = 1e-9
SIGN = np.array([1.0, 1.0, -1.0])


def line_statistics(rubric: Rubric, observations: pd.DataFrame) -> pd.DataFrame:
    """How each line tells areas apart, over the complete assessments.

    Parameters
    ----------
    rubric, observations : as `score.score` takes them

    Returns
    -------
    one row per line, in rubric order: line, label, section, points; n (complete assessments in which it was assessed,
    not set aside as not applicable); rate (mean share of the points among them), sd (of the points, divisor n);
    full, none (share of them with full points, with nothing); weight (points ÷ full marks; base lines only, else
    NaN); effective (covariance of the line's points with the sum of all lines ÷ variance of that sum, so that all
    lines, deductions negative, sum to 1; NaN where sums do not vary); importance (squared correlation of the line
    with that sum, the linear main effect of Paruolo, Saisana & Saltelli 2013, JRSS A 176, 609–634); findings (Chinese:
    无区分度, 封顶, 触底; for bonus and deduction lines only whether they vary). The sum is that before caps, folding
    of lines that do not apply, ceiling and floor.

    Raises
    ------
    DataError : faulty observations
    """
    sheet = score(rubric, observations)
    figures = Figures(sheet, rubric.lines)
    whole = totals(sheet)["complete"].to_numpy()
    points = np.nan_to_num(figures.score[whole])
    effective, importance = _weights(points * SIGN[figures.section])
    frame = pd.DataFrame(
        {
            "line": figures.ids,
            "label": [line.label for line in rubric.lines],
            "section": [line.section for line in rubric.lines],
            "points": figures.points,
            **_spread(points, figures.state[whole] == ASSESSED, figures.points),
            "weight": np.where(figures.section == 0, figures.points / rubric.full_marks, np.nan),
            "effective": effective,
            "importance": importance,
        }
    )
    edge = settings()["lab_edge_share"] / 100
    frame["findings"] = [_findings(row, edge) for row in frame.itertuples()]
    return frame


def _spread(points: Any, found: Any, most: Any) -> dict[str, Any]:
    """n, rate, sd, full and none of each line; missing where nobody was assessed in it.

    Parameters
    ----------
    points, found : assessments × lines: points reached, and whether the line was assessed
    most : points of each line
    """
    n, share = found.sum(axis=0), points / most
    some = np.maximum(n, 1)
    mean = (points * found).sum(axis=0) / some
    sd = np.sqrt((np.square(points - mean) * found).sum(axis=0) / some)
    full, none = ((found & at(share)).sum(axis=0) / some for at in (_full, _none))
    told = {"rate": mean / most, "sd": sd, "full": full, "none": none}
    return {"n": n} | {name: np.where(n > 0, each, np.nan) for name, each in told.items()}


def _full(share: Any) -> Any:
    return share >= 1 - EDGE


def _none(share: Any) -> Any:
    return share <= EDGE


def _weights(points: Any) -> tuple[Any, Any]:
    """Covariance share and squared correlation of each column with the sum of the columns."""
    off = points - points.mean(axis=0) if len(points) else points
    total = off.sum(axis=1)
    variance, own = float(total @ total), np.square(off).sum(axis=0)
    if variance <= EDGE:
        return np.full(off.shape[1], np.nan), np.full(off.shape[1], np.nan)
    with_total = total @ off
    squared = np.divide(with_total**2, own * variance, out=np.zeros(len(own)), where=own > EDGE)
    return with_total / variance, squared


def _findings(row: Any, edge: float) -> str:
    if row.n < 2:
        return "样本不足"
    if row.sd <= EDGE:
        return f"无区分度（{'全部满分' if _full(row.rate) else '全部零分' if _none(row.rate) else '得分全部相同'}）"
    if row.section != "base":
        return ""
    said = [f"封顶（{row.full:.0%}满分）"] * (row.full >= edge) + [f"触底（{row.none:.0%}零分）"] * (row.none >= edge)
    return "、".join(said)


def double_counting(rubric: Rubric, observations: pd.DataFrame) -> pd.DataFrame:
    """Pairs of lines that may count one thing twice: by correlation, and where the guidance's own wording does.

    Parameters
    ----------
    rubric, observations : as `score.score` takes them

    Returns
    -------
    columns first, second (line ids), labels (both), correlation (Pearson's, of the points lost, over complete
    assessments in which both lines were assessed; NaN where one of them does not vary), n (how many those are), both
    (how many of them lost in both), source (相关 or 原文), why (Chinese). Pairs of the guidance first, then by
    correlation, highest first. Pairs whose correlation is below the setting lab_correlated, or of which fewer than
    lab_both_lost assessments lost in both, are left out: one or two of a few that happen to fail twice are chance. A
    correlation is a hint to look, no proof; below lab_few assessments `why` says that they are few.

    Raises
    ------
    DataError : faulty observations
    """
    sheet = score(rubric, observations)
    figures = Figures(sheet, rubric.lines)
    whole = totals(sheet)["complete"].to_numpy()
    points = np.nan_to_num(figures.score[whole])
    lost = np.where(figures.section == 0, figures.points - points, points)
    lost[:, figures.section == 1] *= -1  # a bonus is the opposite of a loss
    found = figures.state[whole] == ASSESSED
    values, labels = settings(), {line.id: line.label for line in rubric.lines}
    least = values["lab_correlated"]
    printed = {tuple(pair.lines): pair for pair in lab_table().double_counted.get(rubric.id, [])}
    rows = []
    for one, two in zip(*np.triu_indices(len(figures.ids), 1), strict=True):
        ids = (figures.ids[one], figures.ids[two])
        both = found[:, one] & found[:, two]
        r = _correlation(lost[both, one], lost[both, two])
        pair = printed.get(ids)
        hit, n = int(((lost[both, one] > EDGE) & (lost[both, two] > EDGE)).sum()), int(both.sum())
        if pair is None and not (r >= least and hit >= values["lab_both_lost"]):
            continue
        few = f"；评价不足{plain(values['lab_few'])}个，样本少，只作线索" if n < values["lab_few"] else ""
        why = (
            f"{pair.why}（{pair.source}）" if pair else f"失分的相关系数{r:.2f}，达到{plain(least)}，可能重复计分{few}"
        )
        about = {"first": ids[0], "second": ids[1], "labels": "、".join(labels[name] for name in ids)}
        rows.append(about | {"correlation": r, "n": n, "both": hit, "source": "原文" if pair else "相关",
                             "why": why})  # fmt: skip
    columns = ["first", "second", "labels", "correlation", "n", "both", "source", "why"]
    frame = pd.DataFrame(rows, columns=columns)
    order = frame.assign(own=frame["source"] == "相关", size=-frame["correlation"])
    return order.sort_values(["own", "size"], kind="stable", ignore_index=True)[columns]


def _correlation(a: Any, b: Any) -> float:
    if len(a) < 3:
        return float("nan")
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > EDGE else float("nan")
