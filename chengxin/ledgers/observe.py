"""From the ledgers to measured observations, with the rows behind each; and these beside what people entered."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from chengxin.errors import UsageError
from chengxin.ledgers.definitions import Limits, Tally, View, definitions, looked_up
from chengxin.ledgers.measures import MEASURES
from chengxin.ledgers.verification import Day
from chengxin.rubric.model import Line, Rubric
from chengxin.settings import Number
from chengxin.settings import settings as all_settings

VALUES = {"area": "str", "line": "str", "measure": "str", "value": "float64", "of": "float64", "note": "str"}
EVIDENCE = {"area": "str", "line": "str", "ledger": "str", "id": "str", "counted": "bool", "said": "str"}
ENTERED, MEASURED = "录入", "台账"


@dataclass(frozen=True)
class Observed:
    """What the ledgers say about one rubric's lines in one period.

    values: one row per area × measured line; area, line, measure, value, of (missing where the line has none), note.
    evidence: the ledger rows behind them; area, line, ledger, id, counted (the row earns or costs), said.
    """

    rubric: str
    period: str
    as_of: pd.Timestamp
    values: pd.DataFrame
    evidence: pd.DataFrame


def attributed(books: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Fill in whose each ledger row is: the merchant from its point, the area from its merchant or point.

    Parameters
    ----------
    books : tables by name, with ``merchant`` and ``monitoring_point``

    Returns
    -------
    the same; every table that names a merchant or a point has a column area
    """
    area_of = books["merchant"].set_index("code")["area"]
    points = books["monitoring_point"]
    points = points.assign(area=points["area"].fillna(looked_up(points["merchant"], area_of)))
    by_point = points.set_index("code")
    out = {**books, "monitoring_point": points}
    for name in books.keys() - {"merchant", "monitoring_point"}:
        frame = books[name]
        if not {"merchant", "point"} & set(frame):
            continue
        area, merchant, point = (_column(frame, column) for column in ("area", "merchant", "point"))
        merchant = merchant.fillna(looked_up(point, by_point["merchant"]))
        area = area.fillna(looked_up(merchant, area_of)).fillna(looked_up(point, by_point["area"]))
        out[name] = frame.assign(area=area, **({"merchant": merchant} if "merchant" in frame else {}))
    return out


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name] if name in frame else pd.Series(None, frame.index, dtype="str")


def observe(
    rubric: Rubric,
    books: Mapping[str, pd.DataFrame],
    period: str,
    as_of: Day,
    settings: Mapping[str, Number | str] | None = None,
    areas: Iterable[str] | None = None,
) -> Observed:
    """Measure every line of a rubric that the ledgers can fill, for all areas of its kind at once.

    The state of instruments, merchants, commitments and points is that of the as-of date; events are those of the
    calendar year, as known by that date. A base line about which an area's ledger holds nothing has no value; bonus
    and deduction lines have one only where something happened.

    Parameters
    ----------
    rubric : its id is the kind of the areas
    books : tables as `read.books` gives them, each row with its area
    period : calendar year, such as ``2026``
    as_of : the evaluation date
    settings : values that differ from the kit's
    areas : codes of areas of this kind; default: all

    Raises
    ------
    UsageError : period, date, area, measure or setting that does not exist or fit

    >>> import tempfile, chengxin
    >>> from chengxin.store import engine, read
    >>> with tempfile.TemporaryDirectory() as folder:  # of a real office: chengxin.open_store() alone
    ...     made = engine.migrate(f"{folder}/a.db")
    ...     store = chengxin.open_store(f"{folder}/a.db")
    ...     books = read.books(store)
    ...     store.dispose()
    >>> measured = chengxin.observe(chengxin.load_rubric("street"), books, "2026", "2026-10-31")
    >>> list(measured.values.columns), len(measured.values)
    (['area', 'line', 'measure', 'value', 'of', 'note'], 0)
    """
    days = days_of(period, as_of)
    view = View.of(books, days, all_settings(settings))
    wanted = _wanted(books["area"], rubric, areas)
    values, evidence = [_empty(VALUES)], [_empty(EVIDENCE)]
    for line in rubric.lines:
        if line.measure is not None:
            tally = _measure(view, rubric, line)
            values.append(_value(tally, line, wanted))
            found = tally.rows[tally.rows["area"].isin(wanted)]
            evidence.append(found.assign(line=line.id)[list(EVIDENCE)])
    return Observed(rubric.id, period, days[2], _stacked(values, VALUES), _stacked(evidence, EVIDENCE))


def days_of(period: str, as_of: Day) -> tuple[str, str, pd.Timestamp]:
    """First and last day of a period, and the as-of date; errors as for `observe`."""
    if not re.fullmatch(r"[12]\d{3}", period, re.ASCII):
        raise UsageError(f"评价期“{period}”：应为公历年，如2026。")
    try:
        day = pd.Timestamp(as_of).normalize()
    except ValueError as error:
        raise UsageError(f"截止日期“{as_of}”：应为日期，如{period}-12-31。") from error
    if pd.isna(day) or day.year < int(period):
        raise UsageError(f"截止日期“{as_of}”：早于评价期{period}年；应为{period}-01-01或以后的日期。")
    return f"{period}-01-01", f"{period}-12-31", day


def _wanted(known: pd.DataFrame, rubric: Rubric, areas: Iterable[str] | None) -> pd.Index:
    """Codes of the areas of the rubric's kind, those asked for."""
    fitting = pd.Index(known.loc[known["kind"] == rubric.id, "code"])
    if areas is None:
        return fitting
    asked = list(areas)
    strange = [code for code in asked if code not in fitting]
    if strange:
        raise UsageError(f"区域“{'、'.join(strange)}”：没有登记，或者不适用《{rubric.title}》；请核对区域编号。")
    return fitting[fitting.isin(asked)]


def _measure(view: View, rubric: Rubric, line: Line) -> Tally:
    if line.measure not in MEASURES:
        raise UsageError(f"{rubric.title}{line.id}条：没有取数项“{line.measure}”；应为{'、'.join(MEASURES)}之一。")
    limits = definitions()[line.measure].lines.get(f"{rubric.id}/{line.id}", Limits())
    return MEASURES[line.measure](view, line, limits)


def _value(tally: Tally, line: Line, wanted: pd.Index) -> pd.DataFrame:
    """One row per area: the sums of what counted and of the denominators."""
    areas = wanted[wanted.isin(tally.areas)]
    sums = tally.rows.groupby("area")[["part", "whole"]].sum().reindex(areas, fill_value=0.0)
    notes = tally.notes or {}
    return pd.DataFrame({
        "area": areas, "line": line.id, "measure": line.measure, "value": sums["part"].to_numpy(float),
        "of": sums["whole"].to_numpy(float) if tally.of else np.nan, "note": [notes.get(area, "") for area in areas],
    })  # fmt: skip


def _empty(columns: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})


def _stacked(frames: list[pd.DataFrame], columns: Mapping[str, str]) -> pd.DataFrame:
    """The frames one below the other, by area; within an area in the order of the lines."""
    there = [frame for frame in frames if len(frame)] or frames[:1]  # an empty one may have columns of other types
    whole = pd.concat(there, ignore_index=True).astype(columns)
    return whole.sort_values("area", kind="stable", ignore_index=True)


def fill(seen: pd.DataFrame, observed: Observed, assessments: pd.DataFrame) -> pd.DataFrame:
    """Lay measured values beside what people entered, and in the place of what nobody entered.

    Parameters
    ----------
    seen : observations as stored; a line a person entered keeps the person's value
    observed : what the ledgers say
    assessments : id, area, period, rubric, as_of; those of the same rubric, period and date are filled

    Returns
    -------
    observations as scoring takes them (assessment, line, value, of, outcome, note), with measured_value and
    measured_of (missing where the ledgers say nothing) and source (录入 or 台账), in the order of the assessments
    """
    same = (assessments["rubric"] == observed.rubric) & (assessments["period"] == observed.period)
    same &= pd.to_datetime(assessments["as_of"]) == observed.as_of
    keys = assessments.loc[same, ["id", "area"]].rename(columns={"id": "assessment"})
    measured = keys.merge(observed.values, on="area")[["assessment", "line", "value", "of", "note"]]
    both = seen.astype({"assessment": "str", "line": "str"}).merge(
        measured.rename(columns={"value": "measured_value", "of": "measured_of"}).drop(columns="note"),
        on=["assessment", "line"], how="left",
    )  # fmt: skip
    stored = pd.MultiIndex.from_frame(both[["assessment", "line"]])
    new = measured[~pd.MultiIndex.from_frame(measured[["assessment", "line"]]).isin(stored)]
    new = new.assign(outcome="assessed", measured_value=new["value"], measured_of=new["of"], source=MEASURED)
    kinds = {"assessment": "str", "line": "str", "value": "float64", "of": "float64", "outcome": "str", "note": "str",
             "measured_value": "float64", "measured_of": "float64", "source": "str"}  # fmt: skip
    out = pd.concat([frame[list(kinds)].astype(kinds) for frame in (both.assign(source=ENTERED), new)])
    order = pd.Index(assessments["id"]).get_indexer(out["assessment"])
    return out.iloc[np.argsort(np.where(order < 0, len(assessments), order), kind="stable")].reset_index(drop=True)


def overrides(filled: pd.DataFrame) -> pd.DataFrame:
    """Lines where a person's entry differs from what the ledgers say.

    Parameters
    ----------
    filled : from `fill`

    Returns
    -------
    assessment, line, value, of, outcome, note, measured_value, measured_of, explained (it has a note, as it must)
    """
    unlike = (filled["value"] != filled["measured_value"]) | (filled["outcome"] != "assessed")
    unlike |= filled["of"].fillna(-1) != filled["measured_of"].fillna(-1)
    rows = filled[(filled["source"] == ENTERED) & filled["measured_value"].notna() & unlike].drop(columns="source")
    return rows.assign(explained=rows["note"].fillna("").str.strip() != "").reset_index(drop=True)
