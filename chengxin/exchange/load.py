"""A folder of CSV files into the store, all or nothing."""

import difflib
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine

from chengxin.errors import FAULTS_FILE, DataError, Fault, UsageError
from chengxin.exchange.csv import Placed, normal, read_cells
from chengxin.exchange.rows import FILES, parse
from chengxin.ledgers.observe import fill, observe, overrides
from chengxin.ledgers.unit_settings import alike
from chengxin.rubric.load import load_rubric, rubric_paths
from chengxin.rubric.rules import plain
from chengxin.scoring.faults import observation_faults
from chengxin.scoring.observations import read_file
from chengxin.store import read as readers
from chengxin.store.engine import writing
from chengxin.store.schema import ASSESSMENT, CHECK, MERCHANT, REGISTRIES, SETTING
from chengxin.store.states import MOVES, PUBLISHED, jumps
from chengxin.store.write import put, record

OBSERVATIONS, CHECKS_FILE = "observations.csv", "merchant_checks.csv"

Rows = list[tuple[int, dict[str, Any]]]  # line of the file and values


def load(
    engine: Engine,
    folder: Path,
    *,
    who: str,
    at: datetime,
    why: str,
    demo: bool = False,
) -> dict[str, int]:
    """Load the CSV files of a folder into the store, all or nothing.

    Observations and re-checks must fit their rubric; an observation that differs from the ledgers must say why.

    Parameters
    ----------
    engine : from `engine.open_store`
    folder : holds one or more of `rows.FILES` and observations.csv; what it refers to may already be stored
    who, why, at : for the audit; `at` with a time zone
    demo : mark the assessments as demonstration data

    Returns
    -------
    new or changed rows by table; all 0 when the same files are loaded again

    Raises
    ------
    DataError : every fault of all files, by file, row and column; nothing is stored
    StoreError : the database is read-only or locked
    """
    folder = Path(folder)
    present = _present(folder)
    known = _Known(engine)
    tables: dict[str, Rows] = {}
    faults: list[Fault] = []
    for file, (table, _) in FILES.items():
        if file in present:
            tables[table], found = _registry(folder / file, table, known)
            faults += _in_order(found)
    faults += _in_order(_misplaced(engine, tables))
    seen, found = _rechecked([]), list[Placed]()
    if OBSERVATIONS in present:
        taken = read_file(folder / OBSERVATIONS)
        seen, found = taken.frame, taken.faults
        strange = ~seen["assessment"].isin(known.of("assessment"))
        found += _strangers(seen[strange & (seen["assessment"] != "")])
        found += _observed(seen, known.rubrics, OBSERVATIONS)
    again = _rechecked(tables.get("recheck", []))
    faults += _in_order(found) + _in_order(_observed(again, known.rubrics, "rechecks.csv"))
    if faults:
        raise DataError(f"“{folder}”没有导入，什么都没有保存", faults)
    return _store(engine, tables, seen, demo, {"who": who, "why": why, "at": at})


def _store(
    engine: Engine, tables: dict[str, Rows], seen: pd.DataFrame, demo: bool, about: dict[str, Any]
) -> dict[str, int]:
    rows = {table: [row for _, row in rows] for table, rows in tables.items()}
    rows["assessment"] = [{**row, "demo": demo} for row in rows.get("assessment", [])]
    with writing(engine) as conn:
        changed = {table: put(conn, table, given, **about) for table, given in rows.items()}
        changed["observation"] = record(conn, seen, **about)
        faults = [_unexplained(row) for row in unexplained(conn, seen).to_dict("records")] if len(seen) else []
        if faults:
            raise DataError("没有导入，什么都没有保存", faults)
    return changed


def _unexplained(row: dict[Any, Any]) -> Fault:
    measured = plain(row["measured_value"]) + (f"／{plain(row['measured_of'])}" if row["measured_of"] >= 0 else "")
    found = f"“{row['assessment']}”的{row['line']}条与台账的{measured}不同，没有说明"
    remedy = "请写明理由，或删去该行由台账取数"
    return Fault(OBSERVATIONS, found, "改动台账数值的理由", remedy, row=row["row"], column="note")


def unexplained(source: Engine | Connection, seen: pd.DataFrame) -> pd.DataFrame:
    """Observations that differ from what the ledgers say and do not say why; those published already are left alone.

    Parameters
    ----------
    source : from `open_store`, or a connection in a transaction
    seen : observations as `score.score` takes them; other columns are kept

    Returns
    -------
    the rows of ``seen`` concerned, with measured_value and measured_of
    """
    work = readers.assessments(source)
    work = work[work["id"].isin(seen["assessment"]) & ~work["status"].isin(PUBLISHED)]
    parts = [seen.iloc[:0].assign(measured_value=0.0, measured_of=0.0)]
    books = readers.books(source) if len(work) else {}
    for kind, same in work.groupby("rubric"):
        for period, as_of, values, rows in alike(books.get(SETTING.name), same):
            observed = observe(load_rubric(str(kind)), books, period, as_of, values, rows["area"])
            mine = seen[seen["assessment"].isin(rows["id"])]
            made = overrides(fill(mine, observed, rows))
            made = made.loc[~made["explained"], ["assessment", "line", "measured_value", "measured_of"]]
            parts.append(mine.merge(made, on=["assessment", "line"]))
    return pd.concat(parts, ignore_index=True)


def _present(folder: Path) -> set[str]:
    """Names of the CSV files of a folder; one that the kit does not know, or none at all, is a fault."""
    known = [*FILES, OBSERVATIONS]
    if not folder.is_dir():
        raise UsageError(f"没有文件夹“{folder}”；请给出放CSV文件的文件夹。")
    present = {path.name for path in folder.iterdir() if path.suffix.lower() == ".csv"} - {FAULTS_FILE}
    if not present:
        raise UsageError(f"文件夹“{folder}”里没有CSV文件；可用的文件有{'、'.join(known)}。")
    faults = []
    for name in sorted(present - set(known)):
        near = difflib.get_close_matches(name, known, 1)
        remedy = f"是不是{near[0]}" if near else "请移走或改名"
        faults.append(Fault(name, "不认识的文件", "、".join(known), remedy))
    if faults:
        raise DataError(f"“{folder}”没有导入，什么都没有保存", faults)
    return present


def _observed(seen: pd.DataFrame, rubrics: Mapping[str, str], file: str) -> list[Placed]:
    """Faults of type and of content of observations: by their rubric where it is known, by their form elsewhere."""
    faults: list[Fault] = []
    for name, part in seen.groupby(seen["assessment"].map(rubrics), dropna=False):
        rubric = None if pd.isna(name) else load_rubric(str(name))
        faults += observation_faults(rubric, part.reset_index(drop=True), file)
    return [(fault.row or 0, fault) for fault in faults]


def _rechecked(rows: Rows) -> pd.DataFrame:
    """Re-checks as observations, as `_observed` gives them; no rows: none."""
    kinds = {"assessment": "str", "line": "str", "value": "float", "of": "float", "outcome": "str", "note": "str"}
    return pd.DataFrame([{**row, "row": n} for n, row in rows], columns=[*kinds, "row"]).astype(
        {**kinds, "row": "int64"}
    )


def _in_order(faults: list[Placed]) -> list[Fault]:
    return [fault for _, fault in sorted(faults, key=lambda placed: placed[0])]


# ---- registries --------------------------------------------------------------------------------------------


class _Known:
    """What can be referred to: keys in the database and in the files read so far."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.keys: dict[str, set[str]] = {}
        work = readers.assessments(engine)
        self.rubrics: dict[str, str] = dict(zip(work["id"], work["rubric"], strict=True))
        places = zip(work["area"], work["period"], work["rubric"], strict=True)
        self.places = dict(zip(work["id"], places, strict=True))

    def of(self, table: str) -> set[str]:
        """Keys of one table; asked for once."""
        if table not in self.keys:
            self.keys[table] = readers.keys(self.engine, table)
        return self.keys[table]


def _registry(path: Path, table: str, known: _Known) -> tuple[Rows, list[Placed]]:
    """The sound rows of a file, and all faults of form, value, key and reference."""
    model = FILES[path.name][1]
    cells, faults = read_cells(path, tuple(model.model_fields), dropped=model.dropped)
    rows, wrong = parse(path.name, cells)
    key = [column.name for column in REGISTRIES[table].primary_key]
    if len(key) == 1:
        known.of(table).update(map(normal, cells[key[0]]))  # also of refused rows: one fault is enough
        keyed: list[tuple[int, Any, str]] = [(line, row[key[0]], row[key[0]]) for line, row in rows]
    else:
        keyed = [(line, tuple(row[name] for name in key), row[key[-1]]) for line, row in rows]
    faults += wrong + repeated(path.name, key[-1], keyed)
    for reference in REGISTRIES[table].foreign_keys:
        column, target = reference.parent.name, reference.column.table.name
        faults += unknown(path.name, column, rows, known.of(target))
    if table in MOVES:
        faults += jumps(table, path.name, rows, readers.states(known.engine, table), key)
    if table == "assessment":
        faults += _same_work(path.name, rows, known)
    return rows, faults


def unknown(name: str, column: str, rows: Rows, known: set[str]) -> list[Placed]:
    """Faults of rows that refer to something that is registered nowhere."""
    expected = "文件或数据库中已有的编号"
    return [
        (line, Fault(name, f"“{row[column]}”没有登记", expected, row=line, column=column))
        for line, row in rows
        if row[column] is not None and row[column] not in known
    ]


def _same_work(name: str, rows: Rows, known: _Known) -> list[Placed]:
    """Faults of assessments of one area, period and rubric under two ids, the stored ones included."""
    known.rubrics |= {row["id"]: row["rubric"] for _, row in rows}
    here = {row["id"] for _, row in rows}
    stored = [(0, place, key) for key, place in known.places.items() if key not in here]
    given = [(line, (row["area"], row["period"], row["rubric"]), row["id"]) for line, row in rows]
    # one row for each id: an id given twice is another fault, told elsewhere
    distinct = {key: (line, place, key) for line, place, key in reversed(stored + given)}
    return repeated(name, "id", list(reversed(distinct.values())))


def repeated(name: str, column: str, items: Iterable[tuple[int, Any, str]]) -> list[Placed]:
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
        faults.append((line, Fault(name, found, expected, "请删去或改正一处", row=line, column=column)))
    return faults


# ---- merchants inspected one by one ------------------------------------------------------------------------


def _misplaced(engine: Engine, tables: Mapping[str, Rows]) -> list[Placed]:
    """Faults of results at a merchant of another area, or in a line that is not checked merchant by merchant.

    Rows that refer to nothing known are left to the check of references.
    """
    rows = tables.get(CHECK.name, [])
    if not rows:
        return []
    work, books = readers.assessments(engine), readers.books(engine, [])
    known = {row["id"]: row for row in work.to_dict("records")}
    known |= {row["id"]: row for _, row in tables.get(ASSESSMENT.name, [])}
    home = dict(zip(books["merchant"]["code"], books["merchant"]["area"], strict=True))
    home |= {row["code"]: row["area"] for _, row in tables.get(MERCHANT.name, [])}
    lines = {name: _checked_lines(name) for name in {row["rubric"] for row in known.values()} & set(rubric_paths())}
    return [fault for line, row in rows if row["assessment"] in known and row["merchant"] in home
            for fault in _misplaced_row(line, row, known[row["assessment"]], home, lines)]  # fmt: skip


def _checked_lines(rubric: str) -> list[str]:
    return [line.id for line in load_rubric(rubric).lines if "merchants" in line.readings]


def _misplaced_row(
    line: int, row: dict[str, Any], about: Mapping[Any, Any], home: Mapping[str, str], lines: Mapping[str, list[str]]
) -> list[Placed]:
    found, merchant = [], row["merchant"]
    if home[merchant] != about["area"]:
        said = f"“{merchant}”是“{home[merchant]}”的经营户"
        found.append(Fault(CHECKS_FILE, said, f"“{about['area']}”的经营户", row=line, column="merchant"))
    if row["line"] not in lines.get(about["rubric"], [row["line"]]):
        expected = f"逐户检查的条目：{'、'.join(lines[about['rubric']])}"
        found.append(Fault(CHECKS_FILE, f"“{row['line']}”条不是逐户检查的条目", expected, row=line, column="line"))
    return [(line, fault) for fault in found]


# ---- observations ------------------------------------------------------------------------------------------


def _strangers(seen: pd.DataFrame) -> list[Placed]:
    expected = "assessments.csv或数据库中已有的评价"
    return [
        (line, Fault(OBSERVATIONS, f"“{who}”没有登记", expected, row=line, column="assessment"))
        for who, line in zip(seen["assessment"], seen["row"], strict=True)
    ]
