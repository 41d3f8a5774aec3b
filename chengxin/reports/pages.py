"""From an executed notebook to a self-contained page, and the list of a batch; files are written whole or not."""

import html
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chengxin.paths import TEMPLATES
from chengxin.render import html as pages
from chengxin.render.demo import REPORT
from chengxin.render.tables import notice

STATES = {"made": "已生成", "current": "已是最新", "failed": "没有生成", "stale": "数据或模板有变化，待重新生成"}


def to_html(notebook: Any, title: str) -> str:
    """A self-contained page of an executed notebook: no code, no script, no request."""
    from nbconvert import HTMLExporter

    folders = {"extra_template_basedirs": [str(TEMPLATES)], "extra_template_paths": [str(pages.STATIC)]}
    exporter = HTMLExporter(template_name="report", **folders)  # type: ignore[no-untyped-call]
    exporter.exclude_input = True
    exporter.exclude_anchor_links = True
    text, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title}})
    return str(text)


def write(path: Path, content: str | bytes) -> None:
    """Write a file wholly or not at all; see `write_all`."""
    write_all({path: content})


def write_all(contents: Mapping[Path, str | bytes]) -> None:
    """Write files wholly or not at all, whenever the machine stops; they take their names when all are whole.

    Raises
    ------
    OSError : the disk is full, the folder may not be written; what was there before stays
    """
    parts = {path: path.with_name(f".{path.name}.part") for path in contents}
    try:
        for path, content in contents.items():
            with parts[path].open("wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
        for path, part in parts.items():
            part.replace(path)
    except OSError as error:
        for part in parts.values():
            part.unlink(missing_ok=True)
        error.filename = str(path)
        raise


def index_page(listed: Sequence[tuple[str, Any]], kind: Any, demo: bool) -> str:
    """The page that lists the reports of a kind in a folder.

    Parameters
    ----------
    listed : period and `run.Made` of each report
    kind : `kinds.Kind`
    demo : whether the data are sample data
    """
    sheets = (pages.STATIC / "tokens.css", TEMPLATES / "report" / "report.css")
    css = "".join(path.read_text("utf-8") for path in sheets)
    periods = list(dict.fromkeys(period for period, _ in listed))
    title = f"{periods[0]}年{kind.title}" if len(periods) == 1 else kind.title
    heads = [*(["评价期"] if len(periods) > 1 else []), "代码", kind.about, "报告状态"]
    rows = "".join(
        "<tr>"
        + (f"<td>{html.escape(period)}</td>" if len(periods) > 1 else "")
        + f"<td>{html.escape(row.county)}</td><td>"
        + (html.escape(row.name) if row.state == "failed" else "　".join(_links(row)))
        + f"</td><td>{STATES[row.state]}{'：' + html.escape(row.reason) if row.reason else ''}</td></tr>"
        for period, row in listed
    )
    banner = notice(REPORT).text if demo else ""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{html.escape(title)}</title><style>{css}</style></head><body><main>{banner}"
        f"<h1>{html.escape(title)}</h1><p>点击{kind.about}名称查看报告。</p>"
        f"<table><caption>各{kind.about}报告</caption><thead><tr>"
        + "".join(f'<th scope="col">{head}</th>' for head in heads)
        + f"</tr></thead><tbody>{rows}</tbody></table></main></body></html>\n"
    )


def _links(row: Any) -> Iterable[str]:
    for number, file in enumerate(row.files):
        words = html.escape(row.name if number == 0 else Path(file).suffix[1:].upper())
        yield f'<a href="{html.escape(file)}">{words}</a>'
