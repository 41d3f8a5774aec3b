"""Finished reports that the site shows: all to city and leaders, a county its own, everybody what is released."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from chengxin import readers
from chengxin.access import WHOLE, Access

FILE = re.compile(r"(monitoring-)?([0-9]{4}[0-9A-Za-z]*)-([0-9A-Za-z]+)\.html")
TITLES = {False: "诚信计量指数评价报告", True: "诚信计量监测点年度监测报告"}


@dataclass(frozen=True)
class Report:
    """One report: its file, unit, period, title, and whether it is released."""

    file: str
    unit: str
    period: str
    title: str
    released: bool

    def open_to(self, access: Access | None) -> bool:
        """Whether somebody may read it; None is anybody."""
        if self.released or access is None:
            return self.released
        return access.role in WHOLE or (access.role == "county" and access.unit == self.unit)


def finished(engine: Engine, folder: Path | None) -> list[Report]:
    """Reports that `chengxin report` has made in a folder, newest period first.

    An index report is released when every assessment of its unit and period is published; a monitoring report is for
    the offices only.

    Parameters
    ----------
    engine : from `open_store`
    folder : with the batch's ``manifest.json``; None: no reports
    """
    manifest = folder / "manifest.json" if folder else None
    if manifest is None or not manifest.is_file():
        return []
    names = readers.units(engine).set_index("code")["short_name"]
    work = readers.assessments(engine)
    public = (work["status"] == "published").groupby([work["unit"], work["period"]]).all()
    reports = []
    for file in json.loads(manifest.read_text("utf-8")):
        found = FILE.fullmatch(file)
        if found and folder and (folder / file).is_file():
            watch, period, unit = bool(found[1]), found[2], found[3]
            title = f"{names.get(unit, '全市')}{period}年{TITLES[watch]}"
            reports.append(Report(file, unit, period, title, not watch and bool(public.get((unit, period), False))))
    return sorted(reports, key=lambda report: (report.period, report.file), reverse=True)
