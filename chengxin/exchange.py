"""CSV in and out: five files into the store, all or nothing; one file of observations; safe writing."""

import math
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from chengxin import readers
from chengxin.changes import put, record
from chengxin.csvfiles import Placed, normal, read_cells, read_csv, words, write_csv
from chengxin.errors import DataError, Fault
from chengxin.rows import FILES, parse
from chengxin.schema import OUTCOMES
from chengxin.store import writing

__all__ = ["load", "observations_csv", "read_csv", "write_csv"]

OBSERVATIONS = "observations.csv"
NEEDED, OPTIONAL = ("assessment", "line", "value"), ("of", "outcome", "note")
REFERENCES = {  # table → column and the table it refers to
    "area": ("unit", "reporting_unit"),
    "merchant": ("area", "area"),
    "assessment": ("area", "area"),
}
NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"

Rows = list[tuple[int, dict[str, Any]]]  # line of the file and values


def load(
    engine: Engine,
    folder: Path,
    *,
    who: str,
    at: datetime,
    why: str,
    demo: bool = False,
    check_observations: Callable[[str, pd.DataFrame], list[Fault]] | None = None,
) -> dict[str, int]:
    """Load the five CSV files of a folder into the store, all or nothing.

    Parameters
    ----------
    engine : from `store.open_store`
    folder : holds reporting_units.csv, areas.csv, merchants.csv, assessments.csv, observations.csv
    who, why, at : for the audit; `at` with a time zone
    demo : mark the assessments as demonstration data
    check_observations : called with a rubric's id and the sound observations of its assessments (with a
        column ``row``, the line of the file); the faults it returns join the others

    Returns
    -------
    new or changed rows by table; all 0 when the same files are loaded again

    Raises
    ------
    DataError : every fault of all files, by file, row and column; nothing is stored
    StoreError : the database is read-only or locked
    """
    known = _Known(engine)
    tables: dict[str, Rows] = {}
    faults: list[Fault] = []
    for file, (table, _) in FILES.items():
        tables[table], found = _registry(Path(folder) / file, table, known)
        faults += _in_order(found)
    seen, found = _observed(Path(folder) / OBSERVATIONS)
    strange = ~seen["assessment"].isin(known.keys["assessment"])
    faults += _in_order(found + _strangers(seen[strange]))
    if check_observations is not None:
        for rubric, part in seen[~strange].groupby(seen["assessment"].map(known.rubrics)):
            faults += check_observations(str(rubric), part.reset_index(drop=True))
    if faults:
        raise DataError(f"“{folder}”没有导入，什么都没有保存", faults)
    return _store(engine, tables, seen, demo, {"who": who, "why": why, "at": at})


def observations_csv(path: Path) -> pd.DataFrame:
    """Read one file of observations.

    Parameters
    ----------
    path : columns assessment, line, value and perhaps of, outcome, note

    Returns
    -------
    columns assessment, line, value, of, outcome, note and ``row``, the line of the file; an empty cell is NaN
    in value and of, ``assessed`` in outcome

    Raises
    ------
    DataError : every fault by row and column
    """
    seen, faults = _observed(Path(path))
    if faults:
        raise DataError(f"{Path(path).name}没有读入", _in_order(faults))
    return seen


def _store(
    engine: Engine, tables: dict[str, Rows], seen: pd.DataFrame, demo: bool, about: dict[str, Any]
) -> dict[str, int]:
    rows = {table: [row for _, row in rows] for table, rows in tables.items()}
    rows["assessment"] = [{**row, "demo": demo} for row in rows["assessment"]]
    with writing(engine) as conn:
        changed = {table: put(conn, table, given, **about) for table, given in rows.items()}
        return {**changed, "observation": record(conn, seen, **about)}


def _in_order(faults: list[Placed]) -> list[Fault]:
    return [fault for _, fault in sorted(faults, key=lambda placed: placed[0])]


# ---- registries --------------------------------------------------------------------------------------------


class _Known:
    """What can be referred to: keys in the database and in the files read so far."""

    def __init__(self, engine: Engine) -> None:
        work = readers.assessments(engine)
        self.keys: dict[str, set[str]] = {
            "reporting_unit": set(readers.units(engine)["code"]),
            "area": set(readers.areas(engine)["code"]),
            "merchant": set(),
            "assessment": set(work["id"]),
        }
        self.rubrics: dict[str, str] = dict(zip(work["id"], work["rubric"], strict=True))
        places = zip(work["area"], work["period"], work["rubric"], strict=True)
        self.places = dict(zip(work["id"], places, strict=True))


def _registry(path: Path, table: str, known: _Known) -> tuple[Rows, list[Placed]]:
    """The sound rows of a registry file, and all faults of form, value, key and reference."""
    cells, faults = read_cells(path, tuple(FILES[path.name][1].model_fields))
    rows, wrong = parse(path.name, cells)
    key = str(cells.columns[0])
    known.keys[table].update(map(normal, cells[key]))  # also of refused rows: one fault is enough
    faults += wrong + _repeated(path.name, key, [(line, row[key], row[key]) for line, row in rows])
    column, target = REFERENCES.get(table, ("", ""))
    for line, row in rows if column else []:
        if row[column] not in known.keys[target]:
            where = f"{path.name} 第{line}行 {column}列"
            faults.append((line, Fault(where, f"“{row[column]}”没有登记", "文件或数据库中已有的编号")))
    if table == "assessment":
        faults += _same_work(path.name, rows, known)
    return rows, faults


def _same_work(name: str, rows: Rows, known: _Known) -> list[Placed]:
    """Faults of assessments of one area, period and rubric under two ids, the stored ones included."""
    known.rubrics |= {row["id"]: row["rubric"] for _, row in rows}
    here = {row["id"] for _, row in rows}
    stored = [(0, place, key) for key, place in known.places.items() if key not in here]
    given = [(line, (row["area"], row["period"], row["rubric"]), row["id"]) for line, row in rows]
    # one row for each id: an id given twice is another fault, told elsewhere
    distinct = {key: (line, place, key) for line, place, key in reversed(stored + given)}
    return _repeated(name, "id", list(reversed(distinct.values())))


def _repeated(name: str, column: str, items: Iterable[tuple[int, Any, str]]) -> list[Placed]:
    """Faults of rows whose key an earlier row has; items are line (0: stored), key and id of a row."""
    first: dict[Any, tuple[int, str]] = {}
    faults: list[Placed] = []
    for line, key, called in items:
        if key not in first:
            first[key] = (line, called)
            continue
        earlier, other = first[key]
        said = f"“{key}”" if isinstance(key, str) else f"{'、'.join(key)}"
        place = f"第{earlier}行的“{other}”" if earlier else f"数据库中的“{other}”"
        found, expected = f"{said}与{place}重复", "不重复的编号或组合"
        faults.append((line, Fault(f"{name} 第{line}行 {column}列", found, expected, "请删去或改正一处")))
    return faults


# ---- observations ------------------------------------------------------------------------------------------


def _observed(path: Path) -> tuple[pd.DataFrame, list[Placed]]:
    """The sound observations of a file, and all faults of the others."""
    cells, faults = read_cells(path, NEEDED, OPTIONAL)
    text = cells.reindex(columns=[*NEEDED, *OPTIONAL, "row"], fill_value="")
    for name in ("assessment", "line", "value", "of", "outcome"):
        text[name] = _each(text[name], normal)
    value, bad_value = _numbers(text["value"])
    of, bad_of = _numbers(text["of"])
    outcome = text["outcome"].where(text["outcome"] != "", OUTCOMES[0])
    plain = "只写数字，不带单位、百分号和千分位"
    wrong = [
        *((text[name] == "", name, "空白", "编号", "") for name in ("assessment", "line")),
        (_again(text), "line", "“{}”条在同一评价中重复", "每个评价每条只有一行", "请删去多余的行"),
        (bad_value, "value", "“{}”不是数字", "有限的数", plain),
        (bad_of, "of", "“{}”不是数字", "有限的数", plain),
        (~outcome.isin(OUTCOMES), "outcome", "“{}”", f"{'、'.join(OUTCOMES)}或留空", ""),
    ]
    bad = np.zeros(len(text), bool)
    for where, column, found, expected, remedy in wrong:
        for n in np.flatnonzero(np.asarray(where)):
            line = int(text["row"].iloc[n])
            said = found.format(text[column].iloc[n][:40])
            faults.append((line, Fault(f"{path.name} 第{line}行 {column}列", said, expected, remedy)))
        bad |= np.asarray(where)
    note = _each(text["note"], words)
    return text.assign(value=value, of=of, outcome=outcome, note=note)[~bad].reset_index(drop=True), faults


def _each(text: pd.Series, change: Callable[[str], str]) -> pd.Series:
    """Every cell changed; each distinct text is looked at once."""
    codes, distinct = pd.factorize(text)
    return pd.Series([change(cell) for cell in distinct], dtype="str").take(codes).set_axis(text.index)


def _again(text: pd.DataFrame) -> pd.Series:
    return text.duplicated(["assessment", "line"]) & (text["assessment"] != "") & (text["line"] != "")


def _numbers(text: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """A text column as float64 (empty is NaN), and where it holds something that is not a finite number."""
    codes, distinct = pd.factorize(text)
    read = [float(cell) if re.fullmatch(NUMBER, cell) else math.nan for cell in distinct]
    number = np.array(read, dtype=float)[codes]
    return number, ~np.isfinite(number) & (text != "").to_numpy(bool)


def _strangers(seen: pd.DataFrame) -> list[Placed]:
    where = f"{OBSERVATIONS} 第{{}}行 assessment列"
    return [
        (line, Fault(where.format(line), f"“{who}”没有登记", "assessments.csv或数据库中已有的评价"))
        for who, line in zip(seen["assessment"], seen["row"], strict=True)
    ]
