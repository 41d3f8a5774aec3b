"""What reports there are, which units they are for, and what they are made from, as one hash."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from sqlalchemy import Engine

from chengxin import __version__
from chengxin.errors import UsageError
from chengxin.paths import PACKAGE, TEMPLATES, place
from chengxin.render import html
from chengxin.reports.monitoring_year import CITY
from chengxin.rubric.load import load_rubric
from chengxin.store import read


@dataclass(frozen=True)
class Kind:
    """A kind of report.

    notebook, title : the notebook in ``notebooks/reports``, the report's name
    prefix : what its files' names begin with
    about, parameter : what one report is for, and the notebook's parameter that says which
    """

    notebook: str
    title: str
    prefix: str = ""
    about: str = "填报单位"
    parameter: str = "county"

    @property
    def name(self) -> str:
        """What ``--kind`` calls it."""
        return next(name for name, kind in KINDS.items() if kind == self)

    @property
    def template(self) -> Path:
        return place("notebooks") / "reports" / f"{self.notebook}.ipynb"


KINDS = {
    "index": Kind("county_index", "诚信计量指数评价报告"),
    "card": Kind("area_card", "诚信计量指数评分卡", "card-", "评价对象", "area"),
    "comparison": Kind("comparison", "诚信计量指数两期对比报告", "comparison-"),
    "recheck": Kind("recheck", "诚信计量指数自评与复核对比报告", "recheck-"),
    "city": Kind("city_summary", "诚信计量指数综合报告", "city-"),
    "monitoring-year": Kind("monitoring_year", "诚信计量监测点年度监测报告", "monitoring-"),
}


def planned(engine: Engine, kind: str, period: str, counties: Iterable[str] | None) -> dict[str, str]:
    """Units that a batch is for, code → short name; parameters and errors as for `batch.make_reports`."""
    if kind not in KINDS:
        raise UsageError(f"没有报告种类“{kind}”，可用：{'、'.join(KINDS)}。")
    if kind == "monitoring-year":
        if not re.fullmatch(r"[12]\d{3}", period, re.ASCII):
            raise UsageError(f"年度“{period}”：应为公历年，如2026。")
        return _watched(engine, counties)
    if kind == "recheck":
        return _looked_at(engine, period, counties)
    units = _wanted(engine, period, None if kind == "city" else counties)
    if kind == "card":
        work = read.assessments(engine, period)
        work = work[work["unit"].isin(units) & (work["status"] != "withdrawn")]
        if work.empty:
            raise UsageError(f"{'、'.join(units.values())}在{period}年没有评价记录。")
        return dict(zip(work["area"], work["name"], strict=True))
    return {CITY: "全市"} if kind == "city" else units


def _wanted(engine: Engine, period: str, counties: Iterable[str] | None) -> dict[str, str]:
    units = read.units(engine).set_index("code")["short_name"]
    work = read.assessments(engine, period)
    if work.empty:
        known = "、".join(sorted(set(read.periods(engine)["period"]))) or "（无）"
        raise UsageError(f"没有评价期“{period}”的评价记录，可用：{known}。")
    if counties is None:
        return {code: name for code, name in units.items() if code in set(work["unit"])}
    unknown = [code for code in counties if code not in units.index]
    if unknown:
        raise UsageError(f"没有填报单位“{'、'.join(unknown)}”，可用：{'、'.join(units.index)}。")
    return {code: units[code] for code in counties}


def _watched(engine: Engine, counties: Iterable[str] | None) -> dict[str, str]:
    """The city and the units that have monitoring points, or those asked for."""
    units = {CITY: "全市", **read.units(engine).set_index("code")["short_name"].to_dict()}
    there = {CITY, *read.books(engine)["monitoring_point"]["unit"]}
    return _among(units, counties, there)


def _among(units: dict[str, str], counties: Iterable[str] | None, there: set[str]) -> dict[str, str]:
    """Of all units those asked for, else those that have something."""
    wanted = list(counties) if counties is not None else [code for code in units if code in there]
    unknown = [code for code in wanted if code not in units]
    if unknown:
        raise UsageError(f"没有填报单位“{'、'.join(unknown)}”，可用：{'、'.join(units)}。")
    return {code: units[code] for code in wanted}


def _looked_at(engine: Engine, period: str, counties: Iterable[str] | None) -> dict[str, str]:
    """The city and the units of which something was re-checked, or those asked for."""
    units = {CITY: "全市", **read.units(engine).set_index("code")["short_name"].to_dict()}
    work = read.assessments(engine, period)
    there = set(work.loc[work["id"].isin(read.books(engine, ["recheck"])["recheck"]["assessment"]), "unit"])
    if not there:
        raise UsageError(f"{period}年没有复核记录；复核记录用chengxin load导入，文件为rechecks.csv。")
    return _among(units, counties, {CITY, *there})


def content(engine: Engine, sort: Kind) -> str:
    """Hash of all that a report is made from: data, rubrics, tables, template, kit version."""
    digest = hashlib.sha256(__version__.encode())
    work = read.assessments(engine)
    books = read.books(engine)
    for frame in (read.units(engine), work, read.observations(engine), *books.values()):
        digest.update(pd.util.hash_pandas_object(frame.astype("str"), index=False).to_numpy().tobytes())
    for name in sorted(set(work["rubric"])):
        digest.update(load_rubric(name).sha256.encode())
    sources = [
        sort.template,
        *sorted([*place("rubrics").glob("tables/*.yaml"), place("rubrics") / "monitoring_point.yaml"]),
        *sorted([*TEMPLATES.glob("report/*.*"), *TEMPLATES.glob("typst/*.*")]),
        html.STATIC / "tokens.css",
        *sorted(PACKAGE.rglob("*.py")),
    ]
    for path in sources:
        digest.update(path.read_bytes())
    return digest.hexdigest()
