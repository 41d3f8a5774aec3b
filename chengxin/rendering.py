"""From an executed notebook to a self-contained page, and the list of a batch; files are written whole or not."""

import html
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from chengxin import pages
from chengxin.tables import notice
from chengxin.views import DEMO

TEMPLATES = Path(__file__).parent / "templates"
STATES = {"made": "已生成", "current": "已是最新", "failed": "没有生成"}


def to_html(notebook: Any, title: str) -> str:
    """A self-contained page of an executed notebook: no code, no script, no request."""
    from nbconvert import HTMLExporter

    folders = {"extra_template_basedirs": [str(TEMPLATES)], "extra_template_paths": [str(pages.STATIC)]}
    exporter = HTMLExporter(template_name="report", **folders)
    exporter.exclude_input = True
    exporter.exclude_anchor_links = True
    text, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title}})
    return str(text)


def write(path: Path, content: str | bytes) -> None:
    """Write wholly or not at all, whenever the machine stops.

    Raises
    ------
    OSError : the disk is full, the folder may not be written; what was there before stays
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        error.filename = str(path)
        raise


def index_page(made: Iterable[Any], title: str, demo: bool, about: str) -> str:
    """The page that lists what became of each unit.

    Parameters
    ----------
    made : `batch.Made` of each unit
    title : of the page
    demo : whether the data are sample data
    about : what a report is for, such as 填报单位
    """
    sheets = (pages.STATIC / "tokens.css", TEMPLATES / "report" / "report.css")
    css = "".join(path.read_text("utf-8") for path in sheets)
    rows = "".join(
        f"<tr><td>{html.escape(row.county)}</td><td>"
        + (html.escape(row.name) if row.state == "failed" else "　".join(_links(row)))
        + f"</td><td>{STATES[row.state]}{'：' + html.escape(row.reason) if row.reason else ''}</td></tr>"
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


def _links(row: Any) -> Iterable[str]:
    for number, file in enumerate(row.files):
        words = html.escape(row.name if number == 0 else Path(file).suffix[1:].upper())
        yield f'<a href="{html.escape(file)}">{words}</a>'
