"""Files of merchants inspected one by one: rows that do not fit the assessment they belong to."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine

from chengxin.errors import Fault
from chengxin.exchange.csv import Placed
from chengxin.rubric.load import load_rubric, rubric_paths
from chengxin.store import read
from chengxin.store.schema import ASSESSMENT, CHECK, MERCHANT

FILE = "merchant_checks.csv"
Rows = list[tuple[int, dict[str, Any]]]  # line of the file and values


def misplaced(engine: Engine, tables: Mapping[str, Rows]) -> list[Placed]:
    """Faults of results at a merchant of another area, or in a line that is not checked merchant by merchant.

    Parameters
    ----------
    engine : from `open_store`
    tables : sound rows of the files read, by table; what they refer to may be stored already

    Returns
    -------
    each fault with its line of the file; rows that refer to nothing known are left to the check of references
    """
    rows = tables.get(CHECK.name, [])
    if not rows:
        return []
    work, books = read.assessments(engine), read.books(engine, [])
    known = {row["id"]: row for row in work.to_dict("records")}
    known |= {row["id"]: row for _, row in tables.get(ASSESSMENT.name, [])}
    home = dict(zip(books["merchant"]["code"], books["merchant"]["area"], strict=True))
    home |= {row["code"]: row["area"] for _, row in tables.get(MERCHANT.name, [])}
    lines = {name: _lines(name) for name in {row["rubric"] for row in known.values()} & set(rubric_paths())}
    return [fault for line, row in rows if row["assessment"] in known and row["merchant"] in home
            for fault in _faults(line, row, known[row["assessment"]], home, lines)]  # fmt: skip


def _lines(rubric: str) -> list[str]:
    return [line.id for line in load_rubric(rubric).lines if "merchants" in line.readings]


def _faults(
    line: int, row: dict[str, Any], about: Mapping[Any, Any], home: Mapping[str, str], lines: Mapping[str, list[str]]
) -> list[Placed]:
    found, merchant = [], row["merchant"]
    if home[merchant] != about["area"]:
        said = f"“{merchant}”是“{home[merchant]}”的经营户"
        found.append(Fault(FILE, said, f"“{about['area']}”的经营户", row=line, column="merchant"))
    if row["line"] not in lines.get(about["rubric"], [row["line"]]):
        expected = f"逐户检查的条目：{'、'.join(lines[about['rubric']])}"
        found.append(Fault(FILE, f"“{row['line']}”条不是逐户检查的条目", expected, row=line, column="line"))
    return [(line, fault) for fault in found]
