"""One area's score sheet as a table, its groups' rates, and what the ledgers say beside it."""

from typing import Any

import numpy as np
import pandas as pd

from chengxin.render import tables
from chengxin.rubric.model import Rubric
from chengxin.rubric.rules import plain

EVIDENCE, OVERRIDDEN = "得失分所依据的台账记录", "与台账不同的录入值"  # names of tables
BY_ENTRY = "得分按录入值"  # remark on the second


def row_marks(sheet: pd.DataFrame) -> np.ndarray:
    """Class of each row of a sheet: red where points were deducted, short where base points were lost."""
    deducted = (sheet["section"] == "deduction") & (sheet["score"] > 0)
    lost = (sheet["section"] == "base") & (sheet["score"] < sheet["points"])
    return np.select([deducted, lost], ["red", "short"], "")


def total_shown(row: Any) -> str:
    """A row of results as its total, or as the range it may lie in and how much of it is assessed."""
    if row.complete:
        return f"{row.total:.2f}"
    done = row.assessed_points / (row.assessed_points + row.missing_points)
    return f"{row.low:.2f}–{row.high:.2f}\n（完整度{done:.0%}）"


def place_in_words(place: Any, count: int) -> str:
    """A rank among so many, or that there is none."""
    return "不排名" if pd.isna(place) else f"{place}（共{count}个）"


def sheet_table(sheet: pd.DataFrame, caption: tables.Caption) -> tables.Html:
    """A score sheet with reasons."""
    shown = {"base": "", "bonus": "+", "deduction": "−"}
    rows = sheet.assign(
        content=sheet["line"].astype(object) + " " + sheet["label"],
        full=[f"{shown[s]}{plain(p)}" for s, p in zip(sheet["section"], sheet["points"], strict=True)],
        got=["—" if pd.isna(s) else plain(round(s, 4)) for s in sheet["score"]],
        mark=row_marks(sheet),
    )
    columns = {"content": "条目", "text": "考评标准（原文）", "full": "分值", "got": "得分", "why": "得分说明"}
    return tables.table(rows, columns, caption, mark="mark", right=["full", "got"])


def evidence_table(rubric: Rubric, rows: pd.DataFrame, caption: tables.Caption) -> tables.Html:
    """Ledger rows that cost or earned points.

    Parameters
    ----------
    rubric : the rubric of the rows
    rows : columns line, said, id, as `inputs.filled` gives them
    caption : above the table
    """
    rows = rows.assign(content=[f"{line} {rubric.line(line).label}" for line in rows["line"]])
    return tables.table(rows, {"content": "条目", "said": "台账记录", "id": "台账编号"}, caption)


def group_rates(sheet: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """Score rate of each group of base lines by assessment: columns area, group, rate."""
    base = sheet[(sheet["section"] == "base") & sheet["score"].notna()]
    sums = base.groupby(["group", "assessment"], observed=True, sort=False)[["score", "points"]].sum()
    rates = (sums["score"] / sums["points"]).rename("rate").reset_index()
    whole = pd.MultiIndex.from_product(
        [
            dict.fromkeys(sheet.loc[sheet["section"] == "base", "group"]),
            names.index[names.index.isin(sheet["assessment"].astype("str"))],
        ]
    )
    rates = (
        rates.set_index(["group", "assessment"])["rate"]
        .reindex(whole)
        .rename_axis(["group", "assessment"])
        .reset_index()
    )
    return rates.assign(area=rates["assessment"].map(names), group=rates["group"].str.rstrip("。"))[
        ["area", "group", "rate"]
    ]


def overridden_table(rubric: Rubric, overridden: pd.DataFrame, caption: tables.Caption) -> tables.Html:
    """Entered values that differ from the ledgers', with the reasons given.

    Parameters
    ----------
    rubric : the rubric of the rows
    overridden : rows of `observe.overrides`
    caption : above the table
    """
    lines = {line.id: line for line in rubric.lines}
    rows = overridden.assign(
        content=[f"{line} {lines[line].label}" for line in overridden["line"]],
        entered=[
            "不适用" if row.outcome == "not_applicable" else _count(row.value, row.of)
            for row in overridden.itertuples()
        ],
        measured=[_count(row.measured_value, row.measured_of) for row in overridden.itertuples()],
        why=[
            note if explained else "没有说明"
            for note, explained in zip(overridden["note"], overridden["explained"], strict=True)
        ],
        mark=np.where(overridden["explained"], "", "short"),
    )
    columns = {"content": "条目", "entered": "录入", "measured": "台账", "why": "录入人的说明"}
    return tables.table(rows, columns, caption, mark="mark", right=["entered", "measured"])


def _count(value: float, of: float) -> str:
    return plain(value) + (f"／{plain(of)}" if pd.notna(of) else "")
