"""Who stands where and why: ranking, score rates by group, trend, where points are lost, red lines and honours."""

import numpy as np
import pandas as pd

from chengxin.overview import EDGE, Choice, Overview
from chengxin.schema import AREA_KINDS


def ranking(overview: Overview, choice: Choice) -> pd.DataFrame:
    """Areas of a choice, complete ones by total first; each kind by itself.

    Returns
    -------
    columns id, area, period, name, kind, short_name, status, total, low, high, complete, red_lines, rank (among the
    complete ones of the kind in the unit, or in the city), tied (shares its rank), change (of the total since the
    area's period before)
    """
    rows = choice.of(overview.results).copy()
    rows["rank"] = rows["unit_rank" if choice.unit else "city_rank"]
    rows["tied"] = rows["rank"].notna() & rows.duplicated(["kind", "rank"], keep=False)
    rows["change"] = rows["unrounded"].where(rows["complete"]) - rows["area"].map(_last_totals(overview, choice))
    columns = ["id", "area", "period", "name", "kind", "short_name", "status", "total", "low", "high", "complete",
               "red_lines", "rank", "tied", "change"]  # fmt: skip
    return rows.sort_values(["kind", "complete", "unrounded", "high"], ascending=[True, False, False, False],
                            kind="stable", ignore_index=True)[columns]  # fmt: skip


def _last_totals(overview: Overview, choice: Choice) -> pd.Series:
    last = overview.before(choice.period)
    rows = choice.of(overview.results, last) if last else overview.results.iloc[:0]
    rows = rows[rows["complete"]]
    return pd.Series(rows["unrounded"].to_numpy(float), index=rows["area"].to_numpy(object))


def unit_ranking(overview: Overview, choice: Choice) -> pd.DataFrame:
    """Units by the median total of their complete areas; one kind at a time is comparable.

    Returns
    -------
    columns unit, short_name, areas, open (not complete), median (NaN where none is complete), low, high (range of
    the median if every missing line got nothing or full marks), red (areas with a red line), rank, tied
    """
    rows = choice.of(overview.results)
    by = rows.groupby("unit")
    out = pd.DataFrame({
        "areas": by.size(), "open": by["complete"].agg(lambda done: int((~done).sum())),
        "median": rows[rows["complete"]].groupby("unit")["unrounded"].median(),
        "low": by["low"].median(), "high": by["high"].median(),
        "red": by["red_lines"].agg(lambda lines: int((lines != "").sum())),
    })  # fmt: skip
    out = overview.units.set_index("code")[["short_name"]].join(out, how="inner")
    out["rank"] = out["median"].round(9).rank(ascending=False, method="min").astype("Int64")
    out["tied"] = out["rank"].notna() & out.duplicated("rank", keep=False)
    out = out.sort_values(["median"], ascending=False, kind="stable", na_position="last")
    return out.rename_axis("unit").reset_index()


def group_rates(overview: Overview, choice: Choice, by: str = "name") -> pd.DataFrame:
    """Score rate of each group of base lines, by area or by unit.

    Parameters
    ----------
    choice : of one kind
    by : ``name`` (areas) or ``short_name`` (units)

    Returns
    -------
    columns area (the name), group, rate (points ÷ points of decided lines; NaN where nothing was decided), in the
    order of the rubric
    """
    rubric = overview.rubrics[str(choice.kind)]
    rows = choice.of(overview.results)
    scores = overview.scores[str(choice.kind)][rows["place"].to_numpy()]
    base = [n for n, line in enumerate(rubric.lines) if line.section == "base"]
    groups = pd.Index(dict.fromkeys(str(rubric.lines[n].group).rstrip("。") for n in base))
    member = groups.get_indexer([str(rubric.lines[n].group).rstrip("。") for n in base])
    which = np.eye(len(groups))[member]
    decided = ~np.isnan(scores[:, base])
    points = np.array([rubric.lines[n].points for n in base])
    names = pd.Index(dict.fromkeys(rows[by]))
    to_name = np.eye(len(names))[names.get_indexer(rows[by])].T
    got = to_name @ np.nan_to_num(scores[:, base]) @ which
    full = to_name @ (decided * points) @ which
    rate = np.divide(got, full, out=np.full(got.shape, np.nan), where=full > 0)
    return pd.DataFrame({
        "area": np.tile(names.to_numpy(object), len(groups)), "group": np.repeat(groups.to_numpy(object), len(names)),
        "rate": rate.T.reshape(-1),
    })  # fmt: skip


def trend(overview: Overview, choice: Choice) -> pd.DataFrame:
    """Median total of complete areas over all periods up to the chosen one, kind by kind.

    Returns
    -------
    columns area (name of the kind), period, total (median), count (complete areas)
    """
    rows = overview.results[overview.results["complete"] & (overview.results["period"] <= choice.period)]
    for name in ("kind", "unit"):
        wanted = getattr(choice, name)
        rows = rows if wanted is None else rows[rows[name] == wanted]
    made = rows.groupby(["kind", "period"])["unrounded"].agg(total="median", count="size").reset_index()
    return made.assign(area=made["kind"].map(AREA_KINDS))[["area", "period", "total", "count"]]


def losses(overview: Overview, choice: Choice) -> pd.DataFrame:
    """Where points are lost: base lines and deductions, most points first.

    Parameters
    ----------
    choice : of one kind

    Returns
    -------
    columns line, label, lost (points over all areas), areas (how many lost), share (of all lost points), running
    (cumulative share); lines that lost nothing are left out
    """
    rubric = overview.rubrics[str(choice.kind)]
    scores = overview.scores[str(choice.kind)][choice.of(overview.results)["place"].to_numpy()]
    points = np.array([line.points for line in rubric.lines])
    section = np.array([line.section for line in rubric.lines])
    lost = np.where(section == "base", points - scores, np.where(section == "deduction", scores, 0.0))
    lost = np.where(np.isnan(lost) | (lost < EDGE), 0.0, lost)
    out = pd.DataFrame({
        "line": [line.id for line in rubric.lines], "label": [line.label for line in rubric.lines],
        "lost": lost.sum(0), "areas": (lost > 0).sum(0),
    })  # fmt: skip
    out = out[out["lost"] > 0].sort_values("lost", ascending=False, kind="stable", ignore_index=True)
    share = out["lost"] / out["lost"].sum()
    return out.assign(share=share, running=share.cumsum())


def flags(overview: Overview, choice: Choice) -> pd.DataFrame:
    """Bonus and deduction lines that took effect, red lines first.

    Returns
    -------
    columns id, name, short_name, kind, line, label, points, flag (``red`` red line, ``black`` other deduction,
    ``honour`` bonus)
    """
    parts = []
    for kind, rubric in overview.rubrics.items():
        rows = choice.of(overview.results)
        rows = rows[rows["kind"] == kind]
        for n, line in enumerate(rubric.lines):
            if line.section == "base":
                continue
            points = overview.scores[kind][rows["place"].to_numpy(), n]
            flag = "honour" if line.section == "bonus" else "red" if line.red_line else "black"
            hit = rows[points > 0][["id", "name", "short_name", "kind"]]
            parts.append(hit.assign(line=line.id, label=line.label, points=points[points > 0], flag=flag))
    order = {"red": 0, "black": 1, "honour": 2}
    return pd.concat(parts).sort_values(
        ["flag", "points", "id"], key=lambda c: c.map(order) if c.name == "flag" else -c if c.name == "points" else c,
        kind="stable", ignore_index=True,
    )  # fmt: skip
