"""Who stands where and why: ranking, score rates by group, trend, where points are lost, red lines and honours."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chengxin.figures.city import EDGE, Choice, Overview
from chengxin.rubric.model import Rubric
from chengxin.scoring.ranking import ranks, shortened
from chengxin.store.schema import AREA_KINDS

FLAGS = ("red", "black", "honour")
WORST = 10  # areas named below a line


COLUMNS = ["id", "area", "period", "name", "kind", "short_name", "status", "total", "low", "high", "complete",
           "red_lines"]  # fmt: skip


def ranking(overview: Overview, choice: Choice, most: int | None = None) -> pd.DataFrame:
    """Areas of a choice, complete ones by total first; each kind by itself.

    Parameters
    ----------
    most : complete ones of each kind that are given, half from either end, and an eighth of the others; default all

    Returns
    -------
    columns of COLUMNS, rank (among the complete ones of the kind in the unit, or in the city), tied (shares its
    rank), change (of the total since the area's period before), after (rows left out below this one)
    """
    rows = choice.rows(overview.results)
    kind, complete = overview.results["kind"].cat.codes.to_numpy()[rows], overview.results["complete"].to_numpy()[rows]
    head, tail = (
        (None, 0) if most is None else (np.where(complete, most - most // 2, max(1, most // 8)), most // 2 * complete)
    )
    kept, after = shortened(2 * kind + ~complete, head, tail)
    out = overview.results.iloc[rows[kept]]
    among = "unit" if choice.unit else "city"
    return out[COLUMNS].astype({"kind": "str", "period": "str"}).assign(
        rank=out[f"{among}_rank"], tied=out[f"{among}_tied"], change=out["change"], after=after
    ).reset_index(drop=True)  # fmt: skip


def unit_ranking(overview: Overview, choice: Choice) -> pd.DataFrame:
    """Units by the median total of their complete areas; each kind of area by itself, as their rubrics are unlike.

    Returns
    -------
    columns kind, unit, short_name, areas, open (not complete), median, lowest, highest (of the complete areas' totals;
    NaN where none is complete), low, high (range of the median if every missing line got nothing or full marks), red
    (areas with a red line), rank, tied (within the kind)
    """
    rows, names = choice.rows(overview.results), overview.units.set_index("code")["short_name"]
    wanted = ["complete", "unrounded", "total", "low", "high", "red"]
    frame = pd.DataFrame({name: overview.results[name].to_numpy()[rows] for name in wanted})
    kind, unit = (overview.results[name].cat.codes.to_numpy()[rows] for name in ("kind", "unit"))
    kinds, units = (overview.results[name].cat.categories for name in ("kind", "unit"))
    done = frame[["unrounded", "total"]].where(frame["complete"])
    by = frame.assign(**done).groupby(kind.astype(np.int64) * len(units) + unit)
    out, total, sums = by[["unrounded", "low", "high"]].median(), by["total"], by[["complete", "red"]].sum()
    out = out.rename(columns={"unrounded": "median"}).assign(
        lowest=total.min(), highest=total.max(), areas=by.size(), open=by.size() - sums["complete"], red=sums["red"],
    )  # fmt: skip
    among, who = np.divmod(out.index.to_numpy(), len(units))
    known = units.take(who)
    out = out.assign(kind=kinds.take(among).to_numpy(object), unit=known.to_numpy(object),
                     short_name=names.reindex(known).to_numpy(object))  # fmt: skip
    out = out.iloc[np.lexsort((-out["median"].to_numpy(), among))].reset_index(drop=True)
    out["rank"], out["tied"] = ranks(out["median"], np.sort(among))
    return out[["kind", "unit", "short_name", "areas", "open", "median", "lowest", "highest", "low", "high", "red",
                "rank", "tied"]]  # fmt: skip


def group_rates(overview: Overview, choice: Choice, by: str = "name", most: int | None = None) -> pd.DataFrame:
    """Score rate of each group of base lines, by area or by unit.

    Parameters
    ----------
    choice : of one kind
    by : ``name`` (areas) or ``short_name`` (units)
    most : columns that are given, half of them the lowest of all rates, half the highest; default all

    Returns
    -------
    columns area (the name), code (of the area or unit), group, rate (points ÷ points of decided lines; NaN where
    nothing was decided), in the order of the rubric; attribute of: how many areas or units there are
    """
    rubric, results = overview.rubrics[str(choice.kind)], overview.results
    rows = choice.rows(results)
    place = results["place"].to_numpy()[rows]
    named = results["unit"].cat.codes.to_numpy()[rows] if by == "short_name" else place
    order = np.lexsort((place, named))
    scores, starts = overview.scores[str(choice.kind)][place[order]], np.flatnonzero(np.diff(named[order], prepend=-1))
    first = rows[order[starts]]
    known, code = (results[name].to_numpy(object)[first] for name in (by, "unit" if by == "short_name" else "area"))
    group, got, full = _sums(rubric, scores, starts)
    whole = np.divide(got.sum(1), full.sum(1), out=np.full(len(known), np.inf), where=full.sum(1) > 0)
    kept = np.arange(len(known))
    if most is not None and len(known) > most:
        kept = np.argsort(whole, kind="stable")
        kept = np.append(kept[: most // 2], kept[most // 2 - most :])
    rate = np.divide(got, full, out=np.full(got.shape, np.nan), where=full > 0)[kept]
    out = pd.DataFrame({
        "area": np.tile(known[kept], len(group)), "code": np.tile(code[kept], len(group)),
        "group": np.repeat(group, len(kept)), "rate": rate.T.reshape(-1),
    })  # fmt: skip
    out.attrs["of"] = len(known)
    return out


def _sums(
    rubric: Rubric, scores: NDArray[np.float64], starts: NDArray[np.intp]
) -> tuple[Any, NDArray[np.float64], NDArray[np.float64]]:
    """Groups of base lines in the rubric's order; points by group of the rows from each start on: got, possible."""
    base = np.array([n for n, line in enumerate(rubric.lines) if line.section == "base"])
    group = np.array([str(rubric.lines[n].group).rstrip("。") for n in base], object)
    known = pd.Index(dict.fromkeys(group))
    which = np.eye(len(known))[known.get_indexer(group)]
    points = np.array([rubric.lines[n].points for n in base])
    got = np.take(scores, base, axis=1)
    missing = np.isnan(got)
    got[missing] = 0.0
    done = np.subtract(1.0, missing)
    if len(scores):
        got, done = (np.add.reduceat(part, starts) for part in (got, done))
    return known.to_numpy(object), got @ which, (done * points) @ which


def trend(overview: Overview, choice: Choice) -> pd.DataFrame:
    """Median total of complete areas over all periods up to the chosen one, kind by kind.

    Returns
    -------
    columns area (name of the kind), period, total (median), count (complete areas)
    """
    results = overview.results
    chosen = results["complete"].to_numpy() & (results["period"] <= choice.period).to_numpy()
    for name in ("kind", "unit"):
        wanted = getattr(choice, name)
        chosen = chosen if wanted is None else chosen & (results[name] == wanted).to_numpy()
    rows = pd.DataFrame({name: results[name].array[chosen] for name in ("kind", "period", "unrounded")})
    made = rows.groupby(["kind", "period"], observed=True)["unrounded"].agg(total="median", count="size")
    made = made.reset_index().astype({"kind": "str", "period": "str"})
    return made.assign(area=made["kind"].map(AREA_KINDS))[["area", "period", "total", "count"]]


def losses(overview: Overview, choice: Choice, named: int = 0) -> pd.DataFrame:
    """Where points are lost: base lines and deductions, most points first.

    Parameters
    ----------
    choice : of one kind
    named : lines whose areas are named

    Returns
    -------
    columns line, label, lost (points over all areas), areas (how many lost), share (of all lost points), running
    (cumulative share), who (records area, name, short_name, lost of at most WORST areas that lost most; of the first
    `named` lines); lines that lost nothing are left out
    """
    rubric, rows = overview.rubrics[str(choice.kind)], choice.rows(overview.results)
    lost = _lost(rubric, overview.scores[str(choice.kind)][overview.results["place"].to_numpy()[rows]])
    out = pd.DataFrame({
        "line": [line.id for line in rubric.lines], "label": [line.label for line in rubric.lines],
        "lost": lost.sum(0), "areas": (lost > 0).sum(0),
    })  # fmt: skip
    out = out[out["lost"] > 0].sort_values("lost", ascending=False, kind="stable")
    share = out["lost"] / out["lost"].sum()
    who = [_worst(overview.results, rows, lost[:, line]) if n < named else [] for n, line in enumerate(out.index)]
    return out.assign(share=share, running=share.cumsum(), who=who).reset_index(drop=True)


def _lost(rubric: Rubric, lost: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points lost by area (rows) and line, made in place of the points: got, or of deductions taken."""
    points = np.array([line.points for line in rubric.lines])
    section = np.array([line.section for line in rubric.lines])
    sign = np.select([section == "base", section == "deduction"], [-1.0, 1.0], 0.0)
    np.multiply(lost, sign, out=lost)
    np.add(lost, np.where(section == "base", points, 0.0), out=lost)
    lost[~(lost >= EDGE)] = 0.0  # what is undecided is not lost
    return lost


def _worst(results: pd.DataFrame, rows: NDArray[np.intp], lost: NDArray[np.float64]) -> list[dict[Any, Any]]:
    """The areas that lost most, in the order of their losses."""
    least = np.partition(lost, -WORST)[-WORST] if len(lost) > WORST else 0.0
    above, same = np.flatnonzero(lost > least), np.flatnonzero((lost == least) & (lost > 0))
    most = np.append(above[np.argsort(-lost[above], kind="stable")], same)[:WORST]
    found = {name: results[name].array[rows[most]] for name in ("area", "name", "short_name")}
    return list(pd.DataFrame({**found, "lost": lost[most]}).to_dict("records"))


def flags(overview: Overview, choice: Choice, most: int | None = None) -> pd.DataFrame:
    """Bonus and deduction lines that took effect, red lines first.

    Parameters
    ----------
    most : rows of each sort that are given; default all

    Returns
    -------
    columns id, area, name, short_name, kind, line, label, points, flag (``red`` red line, ``black`` other deduction,
    ``honour`` bonus), after (rows of the sort left out below this one); more points first
    """
    lines = [line for rubric in overview.rubrics.values() for line in rubric.lines if line.section != "base"]
    where, which, points = _hits(overview, choice)
    sort = np.array([2 if line.section == "bonus" else 0 if line.red_line else 1 for line in lines])
    order = np.lexsort((overview.results["nth"].to_numpy()[where], -points, sort[which]))
    kept, after = shortened(sort[which][order], most)
    order = order[kept]
    out = overview.results[["id", "area", "name", "short_name", "kind"]].iloc[where[order]].reset_index(drop=True)
    named = [(line.id, line.label) for line in lines]
    return out.astype({"kind": "str"}).assign(
        line=[named[n][0] for n in which[order]], label=[named[n][1] for n in which[order]], points=points[order],
        flag=[FLAGS[n] for n in sort[which[order]]], after=after,
    )  # fmt: skip


def _hits(overview: Overview, choice: Choice) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Row of the results, number of the line (beside the base lines of all rubrics), points of all that took effect."""
    found, begin = list[Any](), 0
    place = overview.results["place"].to_numpy()
    for kind, rubric in overview.rubrics.items():
        more = [n for n, line in enumerate(rubric.lines) if line.section != "base"]
        if choice.kind in (None, kind):
            rows = Choice(choice.period, kind, choice.unit).rows(overview.results)
            points = overview.scores[kind][np.ix_(place[rows], more)]
            at, line = np.nonzero(points > 0)
            found.append((rows[at], line + begin, points[at, line]))
        begin += len(more)
    where, which, points = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return where, which, points
