"""What the lab reads from the database: observations as reports score them, filings that were checked on site."""

import pandas as pd
from sqlalchemy import Engine

from chengxin.ledgers.filings.form import load_form
from chengxin.ledgers.filings.judge import checked
from chengxin.rubric.model import Rubric
from chengxin.store import read
from chengxin.workflow.inputs import seen


def studied(engine: Engine, rubric: Rubric, period: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What the lab works on: a period's observations as reports score them, the ledgers' share included.

    Parameters
    ----------
    engine : from `open_store`
    rubric : of the assessments; a variant takes those of the rubric it extends
    period : 2026

    Returns
    -------
    observations (columns assessment, line, value, of, outcome, note); the assessments, as `read.assessments`
    """
    work = read.assessments(engine, period)
    work = work[work["rubric"] == rubric.id]
    return seen(engine, rubric, work), work


def checked_filings(engine: Engine, period: str) -> pd.DataFrame:
    """Items of monitoring points' filings that both the point and the on-site check answered.

    Parameters
    ----------
    engine : from `open_store`
    period : year or quarter, 2026 or 2026Q3

    Returns
    -------
    as `judge.checked`; unit is its short name
    """
    books, units = read.books(engine, ["filing", "filing_answer"]), read.units(engine)
    rows = books["filing"][books["filing"]["quarter"].str.startswith(period)]
    found = checked(load_form(), books["filing_answer"], rows, books["monitoring_point"])
    return found.assign(unit=found["unit"].map(units.set_index("code")["short_name"]))
