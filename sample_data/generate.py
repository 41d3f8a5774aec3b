"""Make the sample data: ``python sample_data/generate.py [OUT_DIR]`` writes the CSV files and the README.

Nothing here says anything about a real place; whatever is rendered from it must carry 演示数据. There is no personal
data. Each draw has a generator of its own, seeded by a key such as ``331002-J1/2.1``, so a change in one place leaves
the rest as it was. Only uniform numbers and integers are drawn, and text is built from integers: the files are the
same bytes everywhere.
"""

import csv
import shutil
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import columns
import yaml
from areas import AREAS, UNITS, area_row, merchants_of, unit_row
from checks import checks
from common import Row
from filings import decisions, filings_of
from index import Visit, assessment_row, measured, observations_of, visits
from instruments import Made, instruments_of_area, instruments_of_point
from ledgers import improvements, of_area, of_point, of_units
from points import points_of
from rechecks import rechecks

from chengxin.exchange.load import OBSERVATIONS, load, unexplained
from chengxin.exchange.rows import FILES
from chengxin.scoring.observations import NEEDED, OPTIONAL, read_observations
from chengxin.store.engine import migrate, open_store

HERE = Path(__file__).resolve().parent
HEADS = {file: list(model.model_fields) for file, (_, model) in FILES.items()} | {OBSERVATIONS: [*NEEDED, *OPTIONAL]}
UNSORTED = ("reporting_units", "areas", "merchants", "assessments", "observations")  # in the order of the index

Files = dict[str, list[Row]]


def rubric_lines(kind: str) -> list[dict[str, Any]]:
    """The lines of a rubric, as they stand in its file."""
    text = (HERE.parent / "rubrics" / f"{kind}.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["lines"]


def cell(value: Any) -> str:
    """A value as it is written."""
    return {None: "", True: "是", False: "否"}[value] if value is None or isinstance(value, bool) else str(value)


def write(path: Path, head: list[str], rows: Iterable[Row]) -> None:
    """Write one CSV file: UTF-8, LF, quotes only where needed."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, head, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: cell(value) for name, value in row.items()} for row in rows)


def add(files: Files, more: Files) -> None:
    """Join rows to those of the same file."""
    for name, rows in more.items():
        files.setdefault(name, []).extend(rows)


def as_files(made: list[Made]) -> Files:
    """Instruments and their verifications."""
    return {"instruments": [row for row, _ in made], "verifications": [each for _, more in made for each in more]}


def ledgers(merchants: dict[str, list[Row]], held: list[Visit], lines: dict[str, list[dict[str, Any]]]) -> Files:
    """Everything beside the index."""
    seen = {visit.id: measured(visit, lines[visit.area.kind]) for visit in held}
    points = points_of(merchants, seen)
    files: Files = {"monitoring_points": points}
    for area in AREAS:
        made = instruments_of_area(area, merchants[area.code], points, seen.get(f"{area.code}-2026", {}))
        add(files, as_files(made))
        visited = [visit for visit in held if visit.area == area]
        add(files, of_area(area, merchants[area.code], points, made, visited, seen))
    for point in points:
        add(files, as_files(instruments_of_point(point)))
        add(files, of_point(point))
    add(files, of_units())
    add(files, filings_of(points, files))
    return files | {"point_decisions": decisions(points, files), "improvements": improvements(held, lines),
                    "rechecks": rechecks(held, lines)} | checks(held, merchants, lines)  # fmt: skip


WHY = {  # why an inspector's count differs from the ledger's, line by line
    **dict.fromkeys(("10.1", "9.2"), "按现场抽查的经营户计，铅封和强检标志逐户查看"),
    **dict.fromkeys(("10.6", "9.6"), "按现场抽查的经营户计，承诺书公示逐户查看"),
    "9.1": "按现场抽查的经营户计，编号登记逐户核对",
    "15.1": "按景区委托的全年调查汇总填写",
}


def explain(out: Path) -> None:
    """Give the observations that differ from the ledgers the note that the kit asks for."""
    with tempfile.TemporaryDirectory() as folder:
        database = str(Path(folder) / "x.db")
        migrate(database)
        engine = open_store(database)
        ledgers_alone = shutil.copytree(out, Path(folder) / "ledgers", ignore=shutil.ignore_patterns(OBSERVATIONS))
        load(engine, ledgers_alone, who="演示", why="示例数据", at=datetime(2026, 11, 1, tzinfo=UTC))
        seen = read_observations(out / OBSERVATIONS)
        rows = unexplained(engine, seen)
        engine.dispose()
    keys = set(zip(rows["assessment"], rows["line"], strict=True))
    texts = (dict(row) for row in csv.DictReader((out / OBSERVATIONS).read_text(encoding="utf-8").splitlines()))
    noted = [row | ({"note": WHY[row["line"]]} if (row["assessment"], row["line"]) in keys else {}) for row in texts]
    write(out / OBSERVATIONS, HEADS[OBSERVATIONS], noted)


def main(out: Path = HERE) -> None:
    """Write all files into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    lines = {kind: rubric_lines(kind) for kind in ("scenic_area", "street")}
    merchants = {area.code: merchants_of(area) for area in AREAS}
    held = visits(merchants)
    files = ledgers(merchants, held, lines) | {
        "reporting_units": [unit_row(code, name) for code, name, _ in UNITS],
        "areas": [area_row(area) for area in AREAS],
        "merchants": [row for rows in merchants.values() for row in rows],
        "assessments": [assessment_row(visit) for visit in held],
        "observations": [row for visit in held for row in observations_of(visit, lines[visit.area.kind])],
    }
    for file, head in HEADS.items():
        name = file.removesuffix(".csv")
        rows = files[name]
        write(out / file, head, rows if name in UNSORTED else sorted(rows, key=lambda row, key=head[0]: str(row[key])))
    readme = columns.filled((HERE / "README.md").read_text(encoding="utf-8"))
    (out / "README.md").write_text(readme, encoding="utf-8", newline="\n")
    explain(out)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
