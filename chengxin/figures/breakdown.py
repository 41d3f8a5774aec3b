"""How one area's total came about and where it stands: steps, groups beside the peers', periods, head figures.

Peers are the other areas of the kind, complete in the same period; a reader who sees a part only has peers only there.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chengxin.figures.city import EDGE, Headline, HeadlinesFile
from chengxin.rubric.model import Rubric, groups
from chengxin.settings import read_table
from chengxin.store.schema import AREA_KINDS

PAST = ("period", "total", "low", "high", "complete", "base", "bonus", "deduction", "red_lines", "status", "as_of")
UNSEEN = "您只看到部分对象，不列全市名次"
Row = tuple[str, str, float]


@cache
def definitions() -> Mapping[str, Headline]:
    """The figures at the head of the page with name, unit and definition."""
    return read_table("area_figures", HeadlinesFile).figures


def red_lines(about: pd.Series) -> list[str]:
    """Ids of the red lines that an assessment crossed, which a row of the results lists in one cell."""
    return [line for line in str(about["red_lines"]).split("、") if line]


def steps(rubric: Rubric, lines: pd.DataFrame, about: pd.Series) -> pd.DataFrame:
    """How the total came about, from full marks on: lost by printed group (most first), then line by line.

    Parameters
    ----------
    rubric : the rubric
    lines : sheet of one assessment with labels, in the rubric's order
    about : its totals

    Returns
    -------
    columns label, kind (full | lost | missing | adjust | bonus | deduction | total), points (signed; of the last
    the total, or the lowest possible one), start, end; each starts where the one before ended, and the last but one
    ends at the total before it is rounded
    """
    rows = [("满分", "full", rubric.full_marks), *_taken(rubric, lines)]
    rows.append(("不适用条目折算", "adjust", about["base"] - sum(points for *_, points in rows)))
    for section, sign, limit in (("bonus", 1, "加分封顶"), ("deduction", -1, "")):
        ours = lines[(lines["section"] == section) & (lines["score"] > EDGE)]
        hits = [(row.label, section, sign * row.score) for row in ours.itertuples()]
        rows += [*hits, (limit, "adjust", sign * about[section] - sum(points for *_, points in hits))]
    rows.append(("总分上下限", "adjust", about["unrounded"] - about["raw"]))
    frame = pd.DataFrame([row for row in rows if abs(row[2]) > EDGE], columns=["label", "kind", "points"])
    end = frame["points"].cumsum()
    frame = frame.assign(start=end - frame["points"], end=end)
    last = ("总分" if about["complete"] else "最低可能总分", "total", about["low"], 0.0, about["low"])
    return pd.concat([frame, pd.DataFrame([last], columns=frame.columns)], ignore_index=True)


def _taken(rubric: Rubric, lines: pd.DataFrame) -> list[Row]:
    """What the base lines took away by printed group: lost, the most first, then what is not assessed yet."""
    base = lines[lines["section"] == "base"]
    points, got = base["points"].to_numpy(float), base["score"].to_numpy(float)
    lost = np.where(np.isnan(got), 0, points - got)
    missing = np.where(base["outcome"] == "not_assessed", points, 0)
    found = [(label.rstrip("。"), members) for label, members in groups(rubric)]
    taken: list[Row] = [(label, "lost", -float(lost[members].sum())) for label, members in found]
    open_: list[Row] = [(label, "missing", -float(missing[members].sum())) for label, members in found]
    return [*sorted(taken, key=lambda row: row[2]), *open_]


def compared(rubric: Rubric, scores: NDArray[np.float64]) -> pd.DataFrame:
    """Score rate of each printed group beside the median of the peers.

    Parameters
    ----------
    rubric : the rubric
    scores : points, the area's in the first row, its peers' below × the rubric's lines; NaN where undecided

    Returns
    -------
    one row per group in the rubric's order: subject, label, points, got (points so far), rate (of the decided lines,
    NaN where none is), median (of the peers' rates, NaN without peers), gap (rate − median)
    """
    base = [n for n, line in enumerate(rubric.lines) if line.section == "base"]
    points, scores = np.array([rubric.lines[n].points for n in base]), scores[:, base]
    rows = []
    for label, members in groups(rubric):
        decided = np.where(np.isnan(scores[:, members]), 0, points[members]).sum(1)
        got = np.nansum(scores[:, members], axis=1)
        rate = np.divide(got, decided, out=np.full(len(got), np.nan), where=decided > 0)
        known = rate[1:][~np.isnan(rate[1:])]
        median = float(np.median(known)) if len(known) else np.nan
        subject = rubric.lines[base[members[0]]].subject
        rows.append((subject, label.rstrip("。"), points[members].sum(), got[0], rate[0], median, rate[0] - median))
    return pd.DataFrame(rows, columns=["subject", "label", "points", "got", "rate", "median", "gap"])


def history(results: pd.DataFrame, same: pd.DataFrame) -> pd.DataFrame:
    """The area's periods, oldest first.

    Parameters
    ----------
    results : of all areas of the kind, from `city.ranked`
    same : those of the area

    Returns
    -------
    the columns of PAST; place (among the complete ones of the kind in the period), tied (shares it), count (how many
    these are), median (of the totals of the others), change (of the total since the last complete period; NaN without)
    """
    done = results[results["complete"]]
    others = done[done["area"] != same["area"].iloc[0]].groupby("period")["unrounded"].median()
    count = done.groupby("period").size().reindex(same["period"], fill_value=0)
    whole = same["unrounded"].where(same["complete"])
    out = same[list(PAST)].assign(place=same["city_rank"], tied=same["city_tied"], count=count.to_numpy())
    out = out.assign(change=whole - whole.ffill().shift(), median=out["period"].map(others))
    return out.reset_index(drop=True)


def figures(about: pd.Series, past: pd.DataFrame, mend: pd.DataFrame, part: bool = False) -> pd.DataFrame:
    """The figures at the head of the page, as `city_html.cards` takes them.

    Parameters
    ----------
    about, past, mend, part : as in `area.CloseUp`; a part has no place

    Returns
    -------
    one row per figure: key, those of `city.Headline`, value, shown (words instead of it, or empty), told (what
    is said below), change and before (of the total; else NaN and None), as_of
    """
    now = past[past["period"] == about["period"]].iloc[0]
    then = past[(past["period"] < about["period"]) & past["complete"]]["period"]
    red = red_lines(about)
    done = about["assessed_points"] / (about["assessed_points"] + about["missing_points"])
    values = {"total": about["total"], "done": np.floor(100 * done), "place": about["city_rank"],
              "peers": now["median"], "lost": mend["points"].sum(), "red": len(red)}  # fmt: skip
    among = f"{'并列，' if now['tied'] else ''}共{now['count']}个已评完的{AREA_KINDS[about['kind']]}"
    told = {"place": among, "peers": _beside(about, now["median"]),
            "lost": f"整改事项{len(mend)}项", "red": f"条目{'、'.join(red)}" if red else "没有"}  # fmt: skip
    rows: list[dict[str, Any]] = [
        {"key": key, **each.model_dump(), "value": np.nan if pd.isna(values[key]) else float(values[key]),
         "shown": "", "told": told.get(key, ""), "change": np.nan, "before": None, "as_of": about["as_of"]}
        for key, each in definitions().items()
    ]  # fmt: skip
    if about["complete"]:
        rows[0] |= {"change": now["change"], "before": then.iloc[-1] if len(then) else ""}
    else:
        rows[0]["shown"] = f"{about['low']:.2f}–{about['high']:.2f}"
        rows[2] |= {"shown": "不排名", "unit": ""}
    if part:
        rows[2] |= {"value": np.nan, "shown": "—", "unit": "", "told": UNSEEN}
    return pd.DataFrame(rows)


def _beside(about: pd.Series, median: float) -> str:
    """How the total stands beside the peers' median, in words."""
    if pd.isna(median):
        return "没有可比的同类对象"
    if not about["complete"]:
        return "本对象未评完，不作比较"
    gap = round(about["unrounded"] - median, 2)
    return f"本对象{'高' if gap > 0 else '低'}{abs(gap):.2f}分" if gap else "本对象持平"
