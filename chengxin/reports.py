"""Reports: one parameter set per unit → Papermill → one self-contained HTML page, and the batch over all units.

A report is written beside its final name and moved there when whole. A unit that fails leaves its notebook in
``failed/`` and a line in the summary; the others go on. What is up to date by content is not made again.
"""

import hashlib
import html
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from chengxin import __version__, pages, readers
from chengxin.errors import UsageError
from chengxin.places import place
from chengxin.rubric import load_rubric
from chengxin.store import address_of, open_store
from chengxin.tables import notice
from chengxin.views import DEMO
from chengxin.yearly import CITY

TEMPLATES = Path(__file__).parent / "templates"
TIMEOUT = 300  # seconds a cell may take


@dataclass(frozen=True)
class Kind:
    """A kind of report: its notebook in ``notebooks/reports``, its title and what its files' names begin with."""

    notebook: str
    title: str
    prefix: str = ""


KINDS = {
    "index": Kind("county_index", "诚信计量指数评价报告"),
    "monitoring-year": Kind("monitoring_year", "诚信计量监测点年度监测报告", "monitoring-"),
}


@dataclass(frozen=True)
class Made:
    """What became of one unit's report: made, current (nothing changed) or failed with the reason."""

    county: str
    name: str
    state: str
    file: str
    reason: str = ""


def county_reports(
    database: str | None,
    period: str,
    counties: Iterable[str] | None,
    out: Path,
    *,
    kind: str = "index",
    force: bool = False,
    progress: Callable[[Made], None] = lambda made: None,
) -> list[Made]:
    """Render a report of every reporting unit that has something to report in a period.

    Parameters
    ----------
    database : as `store.open_store`
    period : evaluation period
    counties : codes of units; None for all
    out : folder of the reports
    kind : one of `KINDS`
    force : make again what is up to date
    progress : called after each unit

    Raises
    ------
    UsageError : unknown period or unit
    """
    os.environ["CHENGXIN_DB"] = address_of(database).render_as_string(hide_password=False)
    engine = open_store(read_only=True)
    units, sort = planned(engine, kind, period, counties), KINDS[kind]
    out.mkdir(parents=True, exist_ok=True)
    manifest = out / "manifest.json"
    known = json.loads(manifest.read_text("utf-8")) if manifest.is_file() else {}
    content = _content(engine, sort)
    made = []
    for code, name in units.items():
        mark = hashlib.sha256(f"{content} {code}".encode()).hexdigest()
        file = f"{sort.prefix}{period}-{code}.html"
        before = known.pop(file, None)
        current = before == mark and (out / file).is_file() and not force
        made.append(Made(code, name, "current", file) if current else _one(sort, code, name, period, out))
        if made[-1].state != "failed":
            known[file] = mark
        progress(made[-1])
        _write(manifest, json.dumps(known, indent=1, sort_keys=True))
    demo = bool(readers.assessments(engine)["demo"].any())
    _write(out / f"{sort.prefix}index.html", _index_page(made, f"{period}年{sort.title}", demo))
    engine.dispose()
    return made


def planned(engine: Engine, kind: str, period: str, counties: Iterable[str] | None) -> dict[str, str]:
    """Units that a batch is for, code → short name; parameters and errors as for `county_reports`."""
    if kind not in KINDS:
        raise UsageError(f"没有报告种类“{kind}”，可用：{'、'.join(KINDS)}。")
    return _wanted(engine, period, counties) if kind == "index" else _watched(engine, counties)


def _wanted(engine: Engine, period: str, counties: Iterable[str] | None) -> dict[str, str]:
    units = readers.units(engine).set_index("code")["short_name"]
    work = readers.assessments(engine, period)
    if work.empty:
        known = "、".join(sorted(set(readers.periods(engine)["period"]))) or "（无）"
        raise UsageError(f"没有评价期“{period}”的评价记录，可用：{known}。")
    if counties is None:
        return {code: name for code, name in units.items() if code in set(work["unit"])}
    unknown = [code for code in counties if code not in units.index]
    if unknown:
        raise UsageError(f"没有填报单位“{'、'.join(unknown)}”，可用：{'、'.join(units.index)}。")
    return {code: units[code] for code in counties}


def _watched(engine: Engine, counties: Iterable[str] | None) -> dict[str, str]:
    """The city and the units that have monitoring points, or those asked for."""
    units = {CITY: "全市", **readers.units(engine).set_index("code")["short_name"].to_dict()}
    there = {CITY, *readers.books(engine)["monitoring_point"]["unit"]}
    wanted = list(counties) if counties is not None else [code for code in units if code in there]
    unknown = [code for code in wanted if code not in units]
    if unknown:
        raise UsageError(f"没有填报单位“{'、'.join(unknown)}”，可用：{'、'.join(units)}。")
    return {code: units[code] for code in wanted}


def _content(engine: Engine, sort: Kind) -> str:
    """Hash of all that a report is made from: data, rubrics, tables, template, kit version."""
    digest = hashlib.sha256(__version__.encode())
    work = readers.assessments(engine)
    books = readers.books(engine)
    for frame in (readers.units(engine), work, readers.observations(engine), *books.values()):
        digest.update(pd.util.hash_pandas_object(frame.astype("str"), index=False).to_numpy().tobytes())
    for name in sorted(set(work["rubric"])):
        digest.update(load_rubric(name).sha256.encode())
    tables = [*place("rubrics").glob("tables/*.yaml"), place("rubrics") / "monitoring_point.yaml"]
    sources = [
        _template(sort),
        *sorted(tables),
        *sorted((TEMPLATES / "report").glob("*.*")),
        pages.STATIC / "tokens.css",
        *sorted(Path(__file__).parent.glob("*.py")),
    ]
    for path in sources:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _template(sort: Kind) -> Path:
    return place("notebooks") / "reports" / f"{sort.notebook}.ipynb"


def _one(sort: Kind, code: str, name: str, period: str, out: Path) -> Made:
    """Execute one unit's notebook and write its page; a failure is told, not raised."""
    import papermill

    file = f"{sort.prefix}{period}-{code}.html"
    part = out / f".{file}.part.ipynb"
    try:
        executed = papermill.execute_notebook(
            _template(sort),
            part,
            parameters={"county": code, "period": period},
            progress_bar=False,
            kernel_name="python3",
            execution_timeout=TIMEOUT,
            request_save_on_cell_execute=False,
            kernel_manager_class="chengxin.kernels.LocalKernel",
        )
        _write(out / file, to_html(executed, f"{name}{period}年{sort.title}"))
    except Exception as error:  # whatever went wrong in a kernel, the other units go on
        failed = out / "failed"
        failed.mkdir(exist_ok=True)
        if part.is_file():
            part.replace(failed / f"{sort.prefix}{period}-{code}.ipynb")
        return Made(code, name, "failed", file, _reason(error))
    part.unlink()
    return Made(code, name, "made", file)


def _reason(error: Exception) -> str:
    said = getattr(error, "evalue", None) or str(error) or type(error).__name__
    cell = getattr(error, "exec_count", None)
    return (f"第{cell}个代码格：" if cell else "") + str(said).strip().splitlines()[0]


def to_html(notebook: Any, title: str) -> str:
    """A self-contained page of an executed notebook: no code, no script, no request."""
    from nbconvert import HTMLExporter

    folders = {"extra_template_basedirs": [str(TEMPLATES)], "extra_template_paths": [str(pages.STATIC)]}
    exporter = HTMLExporter(template_name="report", **folders)
    exporter.exclude_input = True
    exporter.exclude_anchor_links = True
    text, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title}})
    return str(text)


def _write(path: Path, text: str) -> None:
    """Write wholly or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, "utf-8")
    part.replace(path)


def _index_page(made: list[Made], title: str, demo: bool) -> str:
    sheets = (pages.STATIC / "tokens.css", TEMPLATES / "report" / "report.css")
    css = "".join(path.read_text("utf-8") for path in sheets)
    words = {"made": "已生成", "current": "已是最新", "failed": "没有生成"}
    rows = "".join(
        f"<tr><td>{html.escape(row.county)}</td><td>"
        + (html.escape(row.name) if row.state == "failed" else f'<a href="{row.file}">{html.escape(row.name)}</a>')
        + f"</td><td>{words[row.state]}{'：' + html.escape(row.reason) if row.reason else ''}</td></tr>"
        for row in made
    )
    banner = notice(DEMO).text if demo else ""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{html.escape(title)}</title><style>{css}</style></head><body><main>{banner}"
        f"<h1>{html.escape(title)}</h1><p>点击单位名称查看该单位的报告。</p>"
        '<table><caption>各填报单位报告</caption><thead><tr><th scope="col">代码</th><th scope="col">填报单位</th>'
        f'<th scope="col">报告状态</th></tr></thead><tbody>{rows}</tbody></table></main></body></html>\n'
    )
