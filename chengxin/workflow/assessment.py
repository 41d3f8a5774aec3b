"""One assessment as a form shows it: what is known, what is typed, what it gives so far and what is missing.

The numbers of a line come from what was typed for it, else from the merchants checked one by one, else from the
ledgers. Nothing is kept in memory between calls; a form may die at any moment.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from chengxin.errors import Fault, UsageError
from chengxin.exchange.csv import normal
from chengxin.ledgers.definitions import ledgers
from chengxin.ledgers.observe import Observed, fill, observe, overrides
from chengxin.ledgers.unit_settings import groups
from chengxin.rubric.load import load_rubric
from chengxin.rubric.model import Line, Rubric
from chengxin.rubric.rules import plain
from chengxin.scoring.explain import explain
from chengxin.scoring.faults import Wording, observation_faults
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals
from chengxin.store import read
from chengxin.store.drafts import Entry, Saved, saved, since
from chengxin.store.schema import CHECKS, SETTING
from chengxin.workflow.inputs import Books, scored

FORM = "assessment"
SAMPLED = "sample"  # field with the seed and the merchants drawn
AT = "@"  # between line and merchant in the field of a grid cell
COLUMNS = ("assessment", "line", "value", "of", "outcome", "note")
NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")
PARTS = {"value": "数值", "of": "总数", "outcome": "是否适用", "note": "说明", "line": "条目", "assessment": "评价"}


@dataclass(frozen=True)
class Work:
    """One assessment as opened.

    about : row of `read.assessments`; merchants : those of the area in business, code, name, sector, premises;
    entries : field → as saved, or as stored with version 0 (once submitted, what is stored comes first);
    stored : lines with an observation; observed : what the ledgers say, with evidence; before : sheet of the period
    before with reasons and its period (empty when there is none); change : the newest change known
    """

    about: Mapping[str, Any]
    rubric: Rubric
    merchants: pd.DataFrame
    entries: dict[str, Saved]
    stored: frozenset[str]
    observed: Observed
    before: pd.DataFrame
    change: int


@dataclass(frozen=True)
class Judged:
    """What the entries give.

    observations : with measured_value, measured_of and source; sheet, result : from `score`, result one row;
    faults : line → what is wrong with it (its entry is left out of the score); missing : base lines → what is missing
    """

    observations: pd.DataFrame
    sheet: pd.DataFrame
    result: pd.Series
    faults: dict[str, list[Fault]]
    missing: dict[str, str]


def opened(engine: Engine, assessment: str) -> Work:
    """All that a form of one assessment shows.

    Parameters
    ----------
    engine : from `open_store`
    assessment : its id

    Raises
    ------
    UsageError : there is no such assessment
    """
    work = read.assessments(engine)
    about = work[work["id"] == assessment]
    if about.empty:
        raise UsageError(f"没有评价“{assessment}”；请从列表中选择。")
    row = about.iloc[0].to_dict()
    rubric, books = load_rubric(str(row["rubric"])), read.books(engine, ledgers())
    merchants = books["merchant"]
    mine = merchants[(merchants["area"] == row["area"]) & (merchants["status"] == "open")]
    ((values, _),) = groups(books.get(SETTING.name), about, row["as_of"])
    observed = observe(rubric, books, str(row["period"]), row["as_of"], values, [row["area"]])
    seen = read.observations(engine, unit=row["unit"], rubric=rubric.id)
    change = since(engine, FORM, assessment, 0)[1]
    stored, typed = _stored(seen[seen["assessment"] == assessment]), saved(engine, FORM, assessment)
    entries = stored | typed if row["status"] == "draft" else typed | stored
    mine = mine[["code", "name", "sector", "premises"]].reset_index(drop=True)
    return Work(
        row, rubric, mine, entries, frozenset(stored), observed, _before(engine, work, row, rubric, books), change
    )


def _stored(seen: pd.DataFrame) -> dict[str, Saved]:
    """Observations as entries that nobody has touched yet."""
    return {row["line"]: Saved(row["line"], _entry(row), 0, "", "") for row in seen.to_dict("records")}


def _entry(row: Mapping[str, Any]) -> Entry:
    numbers = {name: plain(row[name]) for name in ("value", "of") if pd.notna(row[name])}
    return {**numbers, "outcome": row["outcome"], "note": row["note"] or ""}


def _before(engine: Engine, work: pd.DataFrame, row: Mapping[str, Any], rubric: Rubric, books: Books) -> pd.DataFrame:
    """The sheet of the same area's last earlier period, as reports show it."""
    same = (work["area"] == row["area"]) & (work["rubric"] == row["rubric"]) & (work["period"] < row["period"])
    last = work[same].sort_values("period").tail(1)
    sheet = explain(rubric, scored(engine, rubric, last, books).sheet)
    return sheet.assign(period="".join(last["period"]))


def grid_lines(rubric: Rubric) -> list[Line]:
    """Lines that can be checked merchant by merchant: those whose points the reading of merchants touches."""
    return [line for line in rubric.lines if "merchants" in line.readings]


def judge(work: Work, entries: Mapping[str, Entry]) -> Judged:
    """Score what is typed so far; half-typed lines are told and left out.

    Parameters
    ----------
    work : from `opened`
    entries : field → entry, all of them
    """
    typed, missing = typed_observations(work, entries)
    faults: dict[str, list[Fault]] = {}
    lines = {line.id: line for line in work.rubric.lines}
    for fault in observation_faults(work.rubric, typed, wording=IN_FORM):
        line = lines[typed["line"].iloc[int(fault.row or 0) - 1]]
        said = replace(fault, file=f"{line.id}条{line.label}", row=None, column=PARTS[fault.column])
        faults.setdefault(line.id, []).append(said)
    sound = typed[~typed["line"].isin(faults)].astype({"value": "float64", "of": "float64"})
    filled = fill(sound, work.observed, pd.DataFrame([work.about]))
    filled = filled[~filled["line"].isin([*faults, *missing])]
    for row in overrides(filled).query("not explained").to_dict("records"):
        faults.setdefault(row["line"], []).append(_unexplained(lines[row["line"]], row))
    sheet = score(work.rubric, filled, [work.about["id"]])
    open_ = sheet[(sheet["section"] == "base") & (sheet["outcome"] == "not_assessed")]["line"].astype(str)
    missing |= {line: "没有评价" for line in open_ if line not in missing and line not in faults}
    return Judged(filled, sheet, totals(sheet).iloc[0], faults, missing)


def typed_observations(work: Work, entries: Mapping[str, Entry]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Observations as typed or counted merchant by merchant, and what the grid still lacks.

    Returns
    -------
    rows assessment, line, value, of, outcome, note (numbers as typed), in rubric order; line → what is missing
    """
    grid = {line.id for line in grid_lines(work.rubric)}
    drawn = list(entries.get(SAMPLED, {}).get("merchants", []))
    rows, missing = [], dict[str, str]()
    for line in work.rubric.lines:
        entry = dict(entries.get(line.id, {}))
        if line.id in grid and not _typed(entry):
            results = [entries.get(f"{line.id}{AT}{merchant}", {}).get("result", "") for merchant in drawn]
            if any(results):
                left = sum(result not in CHECKS for result in results)
                missing |= {line.id: f"还有{left}户没有检查"} if left else {}
                entry |= {"value": results.count("ok"), "of": results.count("ok") + results.count("bad")}
        if _typed(entry):
            rows.append({"assessment": work.about["id"], "line": line.id, **_cells(entry)})
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"assessment": "str", "line": "str"}), missing


def _typed(entry: Entry) -> bool:
    return entry.get("outcome") == "not_applicable" or any(str(entry.get(key) or "").strip() or entry.get(key) == 0
                                                           for key in ("value", "of"))  # fmt: skip


def _cells(entry: Entry) -> dict[str, Any]:
    idle = entry.get("outcome") == "not_applicable"
    numbers = {key: None if idle else _number(entry.get(key)) for key in ("value", "of")}
    return {**numbers, "outcome": entry.get("outcome") or "assessed", "note": str(entry.get("note") or "").strip()}


def _number(given: Any) -> Any:
    """A number as typed: full-width digits are read, what is no number stays as it is and is told later."""
    text = normal(str(given)) if given is not None and not isinstance(given, bool) else ""
    return float(text) if NUMBER.fullmatch(text) else text or None


def whole(line: Line) -> str:
    """What the second number of a line is called."""
    return "检查" if "merchants" in line.readings else "总数"


def _unexplained(line: Line, row: Mapping[str, Any]) -> Fault:
    measured = plain(row["measured_value"]) + (f"／{plain(row['measured_of'])}" if pd.notna(row["measured_of"]) else "")
    found, remedy = f"与台账的{measured}不同而没有说明", "请写明理由，或改用台账数值"
    return Fault(f"{line.id}条{line.label}", found, "改动台账数值的理由", remedy, column=PARTS["note"])


def _counted(line: Line) -> str:
    return f"{whole(line).removesuffix('数')}数"


IN_FORM = Wording(
    subject=lambda line: "", whole=_counted, of=_counted, value="前一个数", number="阿拉伯数字，如12", plainly="",
    leave_out="没有评价的条目请把各数都留空",
)  # fmt: skip
