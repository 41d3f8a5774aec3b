"""Finished reports that the site shows: all to city and leaders, a county its own, everybody what is released.

Only what a report of its own kind says of published assessments can be released: the index report of a unit and the
score card of an area. All other kinds (comparison, re-check, whole city, monitoring points) are for the offices.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from sqlalchemy import Engine

from chengxin.reports.kinds import KINDS
from chengxin.reports.monitoring_year import CITY
from chengxin.store import read
from chengxin.store.access import WHOLE, Access

FORMATS = {  # ending → name, media type; the executed notebook is no format for readers
    "html": ("网页", "text/html; charset=UTF-8"), "pdf": ("PDF", "application/pdf"),
    "docx": ("Word", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xlsx": ("Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}  # fmt: skip
PREFIXES = "|".join(sort.prefix for sort in KINDS.values() if sort.prefix)
FILE = re.compile(rf"({PREFIXES}|)([0-9]{{4}}\w*)-([\w-]+)\.({'|'.join(FORMATS)})", re.ASCII)
OPEN = ("index", "card")  # kinds that can be released


@dataclass(frozen=True)
class Report:
    """One report in all the formats there are.

    kind : of `kinds.KINDS`; unit : code of the unit it is of; period, title; released : whether everybody may read it
    files : ending → file
    """

    kind: str
    unit: str
    period: str
    title: str
    released: bool
    files: Mapping[str, str]

    def open_to(self, access: Access | None) -> bool:
        """Whether somebody may read it; None is anybody."""
        if self.released or access is None:
            return self.released
        return access.role in WHOLE or (access.role == "county" and access.unit == self.unit)

    @property
    def links(self) -> list[tuple[str, str]]:
        """Name of each format and its file, the page first."""
        return [(name, self.files[ending]) for ending, (name, _) in FORMATS.items() if ending in self.files]


def finished(engine: Engine, folder: Path | None) -> list[Report]:
    """Reports that `chengxin report` has made in a folder: by kind, newest period first.

    A report is released when every assessment it is of is published, and was so when its files were made: a file
    from before the last change of an assessment is not what was published.

    Parameters
    ----------
    engine : from `open_store`
    folder : with the batch's ``manifest.json``; None: no reports
    """
    found = _found(folder) if folder else {}
    if not found:
        return []
    units = {CITY: "全市", **read.units(engine).set_index("code")["short_name"].to_dict()}
    work = read.assessments(engine)
    changed = read.last_changes(engine, "assessment")
    work = work.assign(changed=pd.to_datetime(work["id"].map(changed), utc=True))
    made = []
    for (kind, period, code), files in found.items():
        mine = work[work["area" if kind == "card" else "unit"] == code]
        names = dict(zip(mine["area"], mine["name"], strict=True)) if kind == "card" else units
        if code not in names:
            continue
        unit = mine["unit"].iloc[0] if kind == "card" else code
        written = min((folder / file).stat().st_mtime for file in files.values()) if folder else 0
        released = kind in OPEN and _released(mine[mine["period"] == period], written)
        made.append(Report(kind, unit, period, f"{names[code]}{period}年{KINDS[kind].title}", released, files))
    return sorted(made, key=lambda report: (list(KINDS).index(report.kind), _down(report.period), report.title))


def _found(folder: Path) -> dict[tuple[str, str, str], dict[str, str]]:
    """Files of the batch that are there, by kind, period and code."""
    try:
        known = json.loads((folder / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    prefixes = {sort.prefix: kind for kind, sort in KINDS.items()}
    found: dict[tuple[str, str, str], dict[str, str]] = {}
    for file in known:
        parts = FILE.fullmatch(file)
        if parts and (folder / file).is_file():
            found.setdefault((prefixes[parts[1]], parts[2], parts[3]), {})[parts[4]] = file
    return found


def _released(work: pd.DataFrame, written: float) -> bool:
    """Whether all are published and none was changed after a moment (seconds since 1970)."""
    late = (work["changed"] > pd.Timestamp(written, unit="s", tz="UTC")).any()
    return len(work) > 0 and bool((work["status"] == "published").all()) and not late


def _down(period: str) -> list[int]:
    """A key that sorts the newest period first."""
    return [-ord(sign) for sign in period]
