"""Improvement items: every lost base point with remedy, owner, due date and state, and what the next period shows."""

from collections.abc import Mapping

import pandas as pd

from chengxin.rubric.model import Rubric
from chengxin.scoring.explain import improvements
from chengxin.settings import Number, settings

OUTCOMES = ("closed", "partly", "open", "worse", "unknown")
EDGE = 1e-9  # points below this are the rounding of doubles, not a loss


def items(
    rubric: Rubric,
    sheet: pd.DataFrame,
    assessments: pd.DataFrame,
    stored: pd.DataFrame,
    values: Mapping[str, Number] | None = None,
) -> pd.DataFrame:
    """The improvement items of some assessments.

    Parameters
    ----------
    rubric : the rubric the sheet was scored by
    sheet : from `score.score`
    assessments : columns id, area, period, as_of
    stored : the table improvement: assessment, line, owner, due_on, state, rectified_on, rechecked_on
    values : settings; default the kit's

    Returns
    -------
    one row per assessment × base line that lost points: assessment, area, period, line, label, points (to win
    back; they sum to full marks − base score for a complete assessment), reason, remedy, owner, due_on, state,
    rectified_on, rechecked_on, recorded (whether somebody has taken it up)
    """
    days = (values or settings())["improvement_days"]
    lost = improvements(rubric, sheet).rename(columns={"lost": "points"})
    base = {line.id: line.owner or line.subject for line in rubric.lines if line.section == "base"}
    lost = lost[lost["line"].isin(list(base)) & (lost["points"] > EDGE)]
    known = stored.drop(columns=["points", "remedy"], errors="ignore").rename(columns={"assessment": "id"})
    made = (
        lost.rename(columns={"assessment": "id"})
        .merge(assessments[["id", "area", "period", "as_of"]], on="id", how="left", validate="m:1")
        .merge(known.assign(recorded=True), on=["id", "line"], how="left", validate="1:1")
    )
    due = made["as_of"] + pd.Timedelta(days=float(days))
    return made.assign(
        recorded=made["recorded"].eq(True),
        state=made["state"].fillna("open"),
        owner=made["owner"].where(made["owner"].fillna("") != "", made["line"].map(base)),
        due_on=made["due_on"].fillna(due),
    ).rename(columns={"id": "assessment"})[
        [
            *("assessment", "area", "period", "line", "label", "points", "reason", "remedy", "owner", "due_on"),
            *("state", "rectified_on", "rechecked_on", "recorded"),
        ]
    ]


def closed(before: pd.DataFrame, now: pd.DataFrame, assessed: pd.DataFrame) -> pd.DataFrame:
    """What became of the items of the period before.

    Parameters
    ----------
    before, now : items of two periods, from `items`
    assessed : columns area, line of the base lines decided in the later period

    Returns
    -------
    the items of the period before with regained (points won back, NaN where the line is not decided now) and
    outcome (``closed``, ``partly``, ``open``, ``worse`` or ``unknown``)
    """
    still = now.set_index(["area", "line"])["points"].rename("still")
    decided = pd.MultiIndex.from_frame(assessed[["area", "line"]].drop_duplicates().astype("str"))
    keys = pd.MultiIndex.from_frame(before[["area", "line"]].astype("str"))
    left = pd.Series(still.reindex(keys).fillna(0).to_numpy(), index=before.index).where(keys.isin(decided))
    regained = before["points"] - left
    outcome = pd.Series("partly", index=before.index)
    outcome[regained.abs() <= EDGE] = "open"
    outcome[regained < -EDGE] = "worse"
    outcome[left <= EDGE] = "closed"
    outcome[left.isna()] = "unknown"
    return before.assign(regained=regained, outcome=outcome)


def followed(
    rubric: Rubric, sheet: pd.DataFrame, assessments: pd.DataFrame, stored: pd.DataFrame, period: str
) -> pd.DataFrame:
    """How the items of the period before fared, and what is open now, area by area.

    Parameters
    ----------
    rubric, sheet, assessments, stored : as for `items`, with both periods
    period : the later of the two

    Returns
    -------
    one row per area assessed in the period: area, before (items of its last period before), one count per outcome
    of `closed`, regained (points), now (items), points (to win back now), late (taken up, open and past their date)
    """
    now = assessments[assessments["period"] == period]
    earlier = assessments[(assessments["period"] < period) & assessments["area"].isin(now["area"])]
    last = earlier.sort_values("period").groupby("area").tail(1)
    both = pd.concat([now, last])
    made = items(rubric, sheet[sheet["assessment"].isin(both["id"])], both, stored)
    areas = both.set_index("id")["area"]
    decided = sheet[sheet["assessment"].isin(now["id"]) & sheet["score"].notna()]
    decided = decided.assign(area=decided["assessment"].astype("str").map(areas))
    present = made[made["assessment"].isin(now["id"])]
    fate = closed(made[made["assessment"].isin(last["id"])], present, decided)
    as_of = present["assessment"].map(now.set_index("id")["as_of"])
    late = fate[
        (fate["state"] == "open") & fate["recorded"] & (fate["due_on"] < (as_of.max() if len(as_of) else pd.NaT))
    ]
    rows = pd.DataFrame(index=pd.Index(now["area"], name="area"))
    rows["before"] = fate.groupby("area").size()
    for outcome in OUTCOMES:
        rows[outcome] = fate[fate["outcome"] == outcome].groupby("area").size()
    rows["regained"] = fate.groupby("area")["regained"].sum()
    rows["now"] = present.groupby("area").size()
    rows["points"] = present.groupby("area")["points"].sum()
    rows["late"] = late.groupby("area").size()
    whole = ["before", *OUTCOMES, "now", "late"]
    return rows.fillna(0.0).astype(dict.fromkeys(whole, "int64")).reset_index()
