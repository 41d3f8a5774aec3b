"""One area close up: every point with what stands behind it, the steps to its total, its peers, its past, what to mend.

`opened` reads once what all areas share, `Opened.kind` scores a kind of area when it is first asked for, and
`area` selects. Peers are the other areas of the kind and period that the reader may see.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Engine

from chengxin.figures.breakdown import compared, history, steps
from chengxin.figures.city import ranked
from chengxin.ledgers.definitions import ledgers
from chengxin.ledgers.observe import overrides
from chengxin.ledgers.unit_settings import said as own_settings
from chengxin.rubric.load import load_rubric
from chengxin.rubric.model import Rubric, groups
from chengxin.scoring.explain import explain
from chengxin.scoring.improvements import closed, items
from chengxin.scoring.score import score
from chengxin.store import read
from chengxin.store.access import WHOLE, current
from chengxin.store.schema import IMPROVEMENT, SETTING
from chengxin.workflow import inputs
from chengxin.workflow.cache import fresh


@dataclass(frozen=True)
class Kind:
    """All assessments of one rubric, scored: results and scores as `city.ranked`; observations as scored, with the
    assessment as sorted index."""

    rubric: Rubric
    seen: pd.DataFrame
    results: pd.DataFrame
    scores: NDArray[np.float64]


@dataclass(frozen=True)
class Opened:
    """What all areas share: assessments that were not withdrawn, units, ledgers.

    Kinds are scored, and periods filled from the ledgers, when they are first asked for. Of a period whose
    assessments are all approved the ledgers are only asked what stands behind the points; they no longer make them.
    """

    engine: Engine
    work: pd.DataFrame
    units: pd.DataFrame
    books: Mapping[str, pd.DataFrame]
    kinds: dict[str, Kind] = field(default_factory=dict)
    fillings: dict[tuple[str, str], inputs.Filled] = field(default_factory=dict)
    rubrics: dict[str, Rubric] = field(default_factory=dict)
    part: bool = False  # whether the reader sees a part of the city only

    @property
    def demo(self) -> bool:
        """Whether there is sample data."""
        return bool(self.work["demo"].any())

    def kind(self, name: str) -> Kind:
        """One kind of area with all its assessments."""
        if name not in self.kinds:
            rubric, work = self.rubric(name), self.work[self.work["rubric"] == name]
            moving = sorted(set(work.loc[~work["status"].isin(inputs.FROZEN), "period"]))
            stored = read.observations(self.engine, rubric=name)
            stored = stored[stored["assessment"].isin(work.loc[~work["period"].isin(moving), "id"])]
            parts = [stored, *(self.filled(name, period).observations for period in moving)]
            seen = pd.concat(parts, ignore_index=True)
            results, scores = ranked(rubric, inputs.score_work(rubric, work, seen))
            order = seen.set_index(seen["assessment"].rename(None)).sort_index(kind="stable")
            self.kinds[name] = Kind(rubric, order, results, scores)
        return self.kinds[name]

    def filled(self, name: str, period: str) -> inputs.Filled:
        """One kind's assessments of a period with the ledgers' share in them."""
        key = name, period
        if key not in self.fillings:
            mine = self.work[(self.work["rubric"] == name) & (self.work["period"] == period)]
            self.fillings[key] = inputs.filled(self.engine, self.rubric(name), mine, self.books)
        return self.fillings[key]

    def rubric(self, name: str) -> Rubric:
        """A rubric, read once."""
        if name not in self.rubrics:
            self.rubrics[name] = load_rubric(name)
        return self.rubrics[name]


@dataclass(frozen=True)
class CloseUp:
    """One assessment of one area.

    rubric, about (row of the results), level (grade of the area or empty); lines: sheet with reasons, and group
    (number of its printed group), source, measured_value, measured_of, own (the entered value differs from the
    ledgers'); evidence: as `inputs.Filled`, of this assessment; steps: from `steps`; groups: from `compared`;
    peers: names and totals; past: from `history`; mend: from `improvements.items`; mended: from `improvements.closed`;
    readings: sheet's attributes; own: sentences on the unit's own settings; part: as of `Opened`, places are then
    among what the reader sees, and are not shown
    """

    rubric: Rubric
    about: pd.Series
    level: str
    lines: pd.DataFrame
    evidence: pd.DataFrame
    steps: pd.DataFrame
    groups: pd.DataFrame
    peers: pd.DataFrame
    past: pd.DataFrame
    mend: pd.DataFrame
    mended: pd.DataFrame
    own: list[str]
    part: bool = False


def opened(engine: Engine) -> Opened:
    """Read what all areas share.

    Parameters
    ----------
    engine : from `open_store`

    Raises
    ------
    UsageError : there is no assessment
    """
    books = read.books(engine, [*ledgers(), IMPROVEMENT.name])
    part = current().role not in WHOLE
    return Opened(engine, inputs.standing(engine), read.units(engine), books, part=part)


def latest(engine: Engine) -> Opened:
    """As `opened`, which is asked again only when the data have changed since, or for another reader."""
    return fresh("closeup", engine, opened)


def chosen(
    known: Opened, area: str | None = None, period: str | None = None, unit: str | None = None
) -> tuple[str, list[str]]:
    """The assessment that is asked for; texts may come from an address.

    Parameters
    ----------
    known : from `opened`
    area, unit : codes; default: the first area, of the unit where one is named
    period : default the newest of the area

    Returns
    -------
    id of an assessment, the default for what does not exist; sentences on what does not exist, with what does
    """
    names = dict(zip(known.units["code"], known.units["short_name"], strict=True))
    mine, wrong = known.work[known.work["unit"] == unit] if unit else known.work, []
    if unit and unit not in names:
        wrong.append(f"没有填报单位“{unit[:40]}”；可用：{_listed(names)}。")
    elif mine.empty:
        wrong.append(f"{names[str(unit)]}还没有评价记录；可用：{_listed(names)}。")
    mine = known.work if mine.empty else mine
    areas = dict(zip(mine["area"], mine["name"], strict=True))
    if area and area not in areas:
        wrong.append(f"没有景区、街区“{area[:40]}”，或您无权查看；可用：{_listed(areas)}。")
        area = None
    mine = mine[mine["area"] == (area or min(areas))].sort_values("period")
    periods = sorted(set(mine["period"]))
    if period and period not in periods:
        wrong.append(f"{mine['name'].iloc[0]}没有评价期“{period[:40]}”；可用：{'、'.join(periods)}。")
        period = None
    return str(mine.loc[mine["period"] == (period or periods[-1]), "id"].iloc[0]), wrong


def _listed(names: Mapping[str, str], most: int = 40) -> str:
    shown = "、".join(f"{code}（{name}）" for code, name in list(names.items())[:most])
    return shown + (f"等{len(names)}个" if len(names) > most else "")


def closeup(known: Opened, assessment: str) -> CloseUp:
    """All that the page shows of one assessment.

    Parameters
    ----------
    known : from `opened`
    assessment : its id, from `chosen`
    """
    work = known.work[known.work["id"] == assessment].iloc[0]
    kind = known.kind(work["rubric"])
    same = kind.results[kind.results["area"] == work["area"]].sort_values("period")
    about = same[same["id"] == assessment].iloc[0]
    filled = known.filled(work["rubric"], work["period"])
    seen = kind.seen.loc[[name for name in same["id"] if name in kind.seen.index]]
    sheet = explain(kind.rubric, score(kind.rubric, seen, same["id"]))
    lines = sheet[sheet["assessment"] == assessment]
    peers = kind.results[(kind.results["period"] == about["period"]) & kind.results["complete"]]
    peers = peers[peers["id"] != assessment].sort_values("unrounded", ascending=False, kind="stable")
    levels = known.books["area"].set_index("code")["level"]
    mend, mended = _mended(kind.rubric, sheet, same, about, known.books[IMPROVEMENT.name])
    evidence = filled.evidence
    said = own_settings(known.books.get(SETTING.name), {about["unit"]: about["short_name"]}, about["as_of"],
                        ["measuring"])  # fmt: skip
    return CloseUp(
        kind.rubric, about, levels.fillna("").get(about["area"], ""), _sourced(kind.rubric, lines, filled.observations),
        evidence[evidence["assessment"] == assessment], steps(kind.rubric, lines, about),
        compared(kind.rubric, kind.scores[[about["place"], *peers["place"]]]), peers[["name", "short_name", "total"]],
        history(kind.results, same), mend, mended, said, known.part,
    )  # fmt: skip


def _sourced(rubric: Rubric, lines: pd.DataFrame, seen: pd.DataFrame) -> pd.DataFrame:
    """Lines with the group they are printed in, where the value comes from, and what the ledgers say."""
    assessment = str(lines["assessment"].iloc[0])
    mine = seen[seen["assessment"] == assessment]
    columns = ["line", "source", "measured_value", "measured_of"]
    unlike = set(overrides(mine)["line"])
    group = {rubric.lines[n].id: place for place, (_, members) in enumerate(groups(rubric)) for n in members}
    out = lines.astype({"line": "str"}).drop(columns="group").merge(mine[columns], on="line", how="left")
    return out.assign(
        group=out["line"].map(group).fillna(-1).astype(int), source=out["source"].fillna(""),
        own=out["line"].isin(unlike),
    )  # fmt: skip


def _mended(
    rubric: Rubric, sheet: pd.DataFrame, same: pd.DataFrame, about: pd.Series, stored: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Items of this period, and what became of those of the period before."""
    earlier = same[same["period"] < about["period"]].tail(1)
    both = pd.concat([earlier, same[same["id"] == about["id"]]])
    made = items(rubric, sheet[sheet["assessment"].isin(both["id"])], both, stored)
    now = made[made["assessment"] == about["id"]].reset_index(drop=True)
    decided = sheet[(sheet["assessment"] == about["id"]) & sheet["score"].notna()].assign(area=about["area"])
    return now, closed(made[made["assessment"].isin(earlier["id"])].reset_index(drop=True), now, decided)
