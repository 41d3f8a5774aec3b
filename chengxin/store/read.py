"""What the database holds, as frames: one query each, dtypes from the tables."""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Column, Connection, Engine

from chengxin.ledgers.observe import attributed
from chengxin.store.schema import (
    AREA,
    ASSESSMENT,
    AUDIT,
    CHECK,
    HISTORY,
    LEDGERS,
    MERCHANT,
    METADATA,
    OBSERVATION,
    POINT,
    SAMPLE,
    SETTING,
    UNIT,
)
from chengxin.store.states import MOVES


def units(engine: Engine) -> pd.DataFrame:
    """All reporting units by code.

    Parameters
    ----------
    engine : from `open_store`

    Returns
    -------
    columns code, name, short_name, admin_code, kind
    """
    return _read(engine, sa.select(UNIT).order_by(UNIT.c.code))


def areas(engine: Engine, unit: str | None = None) -> pd.DataFrame:
    """Areas by code.

    Parameters
    ----------
    engine : from `open_store`
    unit : code of a reporting unit; default: all

    Returns
    -------
    columns code, name, kind, unit, level, level_as_of, pilot_wave, status
    """
    return _read(engine, _where(sa.select(AREA).order_by(AREA.c.code), {AREA.c.unit: unit}))


def assessments(engine: Engine | Connection, period: str | None = None, unit: str | None = None) -> pd.DataFrame:
    """Assessments by period and id.

    Parameters
    ----------
    engine : from `open_store`
    period, unit : a period, the code of a reporting unit; default: all

    Returns
    -------
    columns id, area, period, rubric, as_of, status, demo; of the area name, kind, unit (its code); of the
    unit short_name
    """
    columns = (AREA.c.name, AREA.c.kind, AREA.c.unit, UNIT.c.short_name)
    query = sa.select(ASSESSMENT, *columns).select_from(ASSESSMENT.join(AREA).join(UNIT))
    query = query.order_by(ASSESSMENT.c.period, ASSESSMENT.c.id)
    return _read(engine, _where(query, {ASSESSMENT.c.period: period, AREA.c.unit: unit}))


def observations(
    engine: Engine, period: str | None = None, unit: str | None = None, rubric: str | None = None
) -> pd.DataFrame:
    """Observations by assessment and line, as `score.score` takes them.

    Parameters
    ----------
    engine : from `open_store`
    period, unit, rubric : a period, the code of a reporting unit, the id of a rubric; default: all

    Returns
    -------
    columns assessment, line, value, of, outcome, note
    """
    t = OBSERVATION.c
    query = sa.select(t.assessment, t.line, t.value, t.of, t.outcome, t.note)
    query = query.select_from(OBSERVATION.join(ASSESSMENT).join(AREA)).order_by(t.assessment, t.line)
    query = query.where(t.value.is_not(None) | (t.outcome != "assessed"))  # one without a value was cleared
    wanted = {ASSESSMENT.c.period: period, AREA.c.unit: unit, ASSESSMENT.c.rubric: rubric}
    return _read(engine, _where(query, wanted))


def history(engine: Engine, *assessments: str) -> pd.DataFrame:
    """Every version of the observations of some assessments, by assessment, line and version.

    Parameters
    ----------
    engine : from `open_store`
    assessments : their ids

    Returns
    -------
    columns assessment, line, version, value, of, outcome, note, at (UTC, ISO text), who, why
    """
    query = sa.select(HISTORY).where(HISTORY.c.assessment.in_(assessments))
    return _read(engine, query.order_by(HISTORY.c.assessment, HISTORY.c.line, HISTORY.c.version))


def audit_trail(engine: Engine, limit: int = 100) -> pd.DataFrame:
    """The latest changes of the registries, newest first.

    Parameters
    ----------
    engine : from `open_store`
    limit : how many

    Returns
    -------
    columns id, at (UTC, ISO text), who, action, subject (table), key, old, new (dict of the row or None), why
    """
    return _read(engine, sa.select(AUDIT).order_by(AUDIT.c.id.desc()).limit(limit))


def last_changes(engine: Engine, subject: str) -> dict[str, str]:
    """When each row of a table was changed last, by its key (UTC, ISO text)."""
    query = sa.select(AUDIT.c.key, sa.func.max(AUDIT.c.at).label("at")).where(AUDIT.c.subject == subject)
    with engine.connect() as conn:
        return {row.key: row.at for row in conn.execute(query.group_by(AUDIT.c.key))}


def periods(engine: Engine) -> pd.DataFrame:
    """Periods and rubrics that have assessments.

    Parameters
    ----------
    engine : from `open_store`

    Returns
    -------
    columns period, rubric, assessments (their number), by period and rubric
    """
    t = ASSESSMENT.c
    query = sa.select(t.period, t.rubric, sa.func.count().label("assessments"))
    return _read(engine, query.group_by(t.period, t.rubric).order_by(t.period, t.rubric))


def counts(engine: Engine) -> pd.DataFrame:
    """Rows of every table.

    Parameters
    ----------
    engine : from `open_store`

    Returns
    -------
    columns table, rows
    """
    parts = [
        sa.select(sa.literal(str(name)).label("table"), sa.func.count().label("rows")).select_from(table)
        for name, table in METADATA.tables.items()
    ]
    return _read(engine, sa.union_all(*parts))


def keys(engine: Engine, table: str) -> set[str]:
    """Keys of one table.

    Parameters
    ----------
    engine : from `open_store`
    table : name of a table with a key of one column
    """
    (key,) = METADATA.tables[table].primary_key
    return set(_read(engine, sa.select(key))[key.name])


def judgements(engine: Engine, period: str, rubric: str) -> pd.DataFrame:
    """Every version of the observations of a period's assessments with who stored it, oldest first.

    Parameters
    ----------
    engine : from `open_store`
    period, rubric : of the assessments

    Returns
    -------
    columns assessment, line, version, value, of, outcome, note, at (UTC, ISO text), who
    """
    t = HISTORY.c
    query = sa.select(t.assessment, t.line, t.version, t.value, t.of, t.outcome, t.note, t.at, t.who)
    query = query.select_from(HISTORY.join(ASSESSMENT)).order_by(t.at, t.assessment, t.line, t.version)
    return _read(engine, _where(query, {ASSESSMENT.c.period: period, ASSESSMENT.c.rubric: rubric}))


def merchant_checks(engine: Engine, period: str, rubric: str) -> tuple[pd.DataFrame, dict[str, float]]:
    """What was found at each inspected merchant, and how many merchants the areas have.

    Parameters
    ----------
    engine : from `open_store`
    period, rubric : of the assessments

    Returns
    -------
    columns assessment, merchant, line, result (ok, bad, na); assessment → number of all its merchants, where the
    drawing of the sample recorded it
    """
    wanted = {ASSESSMENT.c.period: period, ASSESSMENT.c.rubric: rubric}
    columns = (CHECK.c.assessment, CHECK.c.merchant, CHECK.c.line, CHECK.c.result)
    rows = _where(sa.select(*columns).select_from(CHECK.join(ASSESSMENT)).order_by(*CHECK.primary_key), wanted)
    size = sa.select(SAMPLE.c.assessment, SAMPLE.c.population).select_from(SAMPLE.join(ASSESSMENT))
    sizes = _read(engine, _where(size, wanted))
    every = dict(zip(sizes["assessment"], sizes["population"].astype(float), strict=True))
    return _read(engine, rows), every


def states(engine: Engine, table: str) -> dict[str, str]:
    """State of every row of a table that `states.MOVES` knows, by its key (the parts joined by a stroke)."""
    known, column = METADATA.tables[table], MOVES[table][1]
    rows = _read(engine, sa.select(*known.primary_key, known.c[column]))
    keys = ["/".join(parts) for parts in zip(*(rows[key.name] for key in known.primary_key), strict=True)]
    return dict(zip(keys, rows[column], strict=True))


def change_number(engine: Engine) -> tuple[int | None, int | None]:
    """What differs as soon as anything was stored: every change leaves an audit row or a version of an observation.

    Both are append-only; on SQLite neither is counted, so it takes no time whatever their number.
    """
    newest = "max(rowid)" if engine.dialect.name == "sqlite" else "count(*)"
    with engine.connect() as conn:
        home = engine.dialect.default_schema_name  # past a role's view of the tables
        query = f"SELECT (SELECT max(id) FROM {home}.audit), (SELECT {newest} FROM {home}.observation_history)"
        found = conn.execute(sa.text(query)).one()
    return found[0], found[1]


def unit_settings(engine: Engine) -> pd.DataFrame:
    """The reporting units' own settings: unit, setting, since, value, by these."""
    return _read(engine, sa.select(SETTING).order_by(*SETTING.primary_key))


def books(engine: Engine | Connection, only: Iterable[str] | None = None) -> dict[str, pd.DataFrame]:
    """Areas, merchants, all ledgers and the units' own settings, as `observe.observe` takes them.

    Parameters
    ----------
    engine : from `open_store`, or a connection in a transaction, which sees what it wrote
    only : names of ledgers that are wanted (`definitions.ledgers`); default: all

    Returns
    -------
    tables by name, each by its key; rows that belong to a merchant or a point know their area, those of a point
    also its merchant
    """
    wanted = set(LEDGERS) if only is None else {POINT.name, *only}
    ledgers = {name: table for name, table in LEDGERS.items() if name in wanted}
    tables = {AREA.name: AREA, MERCHANT.name: MERCHANT, **ledgers, SETTING.name: SETTING}
    return attributed(
        {name: _read(engine, sa.select(table).order_by(*table.primary_key)) for name, table in tables.items()}
    )


def _where(query: Any, wanted: Mapping[Column[Any], Any]) -> Any:
    return query.where(*(column == value for column, value in wanted.items() if value is not None))


def _read(source: Engine | Connection, query: Any) -> pd.DataFrame:
    """One query as a frame; a column's dtype follows the table, also when it is empty or all missing."""
    with nullcontext(source) if isinstance(source, Connection) else source.connect() as conn:
        frame = pd.read_sql(query, conn)
    for column in query.selected_columns:
        frame[column.name] = frame[column.name].astype(_dtype(column))
    return frame


def _dtype(column: Any) -> str:
    whole, truth = ("Int64", "boolean") if getattr(column, "nullable", False) else ("int64", "bool")
    kinds = {str: "str", int: whole, float: "float64", bool: truth, date: "datetime64[s]"}
    return kinds.get(column.type.python_type, "object")
