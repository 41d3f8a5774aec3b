"""What a form says in words: total so far, what is missing, who changed what. Escaped HTML from plain values."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from chengxin.clock import CHINA
from chengxin.errors import FaultsError
from chengxin.render import tables
from chengxin.render.html import escaped
from chengxin.render.tables import Html
from chengxin.rubric.model import ADDS, Line, Rubric
from chengxin.rubric.rules import plain
from chengxin.store.schema import ASSESSMENT_STATES, CHECKS
from chengxin.workflow.assessment import AT, SAMPLED

FEW = 8  # lines that the list of missing ones shows at once
SHOWN = 200  # changes that the history lists


def total(result: pd.Series) -> Html:
    """The total, or its range while incomplete, with how far the assessment is.

    Parameters
    ----------
    result : one row of `score.totals`
    """
    done = result["assessed_points"] / (result["assessed_points"] + result["missing_points"])
    words = f"{result['total']:.2f}" if result["complete"] else f"{result['low']:.2f}–{result['high']:.2f}"
    red = Html('<span class="cx-tag cx-bad">红线</span>' if result["red_lines"] else "")
    return Html(escaped(
        '<span class="cx-figure">总分<b>{total}</b>分</span>{red}<span class="cx-figure">完整度{done}%</span>'
        '<span class="cx-progress" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{done}" '
        'aria-label="完整度"><i style="width:{done}%"></i></span>', total=words, done=int(100 * done), red=red,
    ))  # fmt: skip


def subtotal(lines: Sequence[Line], points: Mapping[str, float]) -> str:
    """What a group earns: points, or their range while lines of it are open.

    Parameters
    ----------
    lines : of the group, all of one section
    points : line → score, NaN where it is open
    """
    low = sum(points[line.id] for line in lines if not math.isnan(points[line.id]))
    section = lines[0].section
    if section != "base":
        return f"{ADDS[section]}{plain(round(low, 4))}分"
    open_ = sum(line.points for line in lines if math.isnan(points[line.id]))
    got = plain(round(low, 4)) + (f"–{plain(round(low + open_, 4))}" if open_ else "")
    return f"{got}／{plain(sum(line.points for line in lines))}分"


def standing(status: str, back: str) -> Html:
    """Where an assessment stands, above its form: why it came back, or why nothing can be changed.

    Parameters
    ----------
    status : one of `schema.ASSESSMENT_STATES`
    back : the comment with which a draft was returned; empty where it was not
    """
    if status == "draft":
        words = '<p class="cx-banner cx-bad" role="note">已退回修改：{back}</p>'
        return Html(escaped(words, back=back) if back else "")
    how = "；需要修改的，请审定人退回" if status == "submitted" else ""
    words = '<p class="cx-banner" role="note">评价{state}，内容只供查看{how}。</p>'
    return Html(escaped(words, state=ASSESSMENT_STATES[status], how=how))


def missing(rubric: Rubric, open_: Mapping[str, str]) -> Html:
    """Lines that are not filled in or wrong, each a link to its place.

    Parameters
    ----------
    open_ : line → what is missing
    """
    items = "".join(
        escaped('<li><a href="#{to}">{id} {label}</a>：{said}</li>', to=anchor(line.id), id=line.id, label=line.label,
                said=open_[line.id])
        for line in rubric.lines
        if line.id in open_
    )  # fmt: skip
    shown = " open" if len(open_) <= FEW else ""
    return Html(f"<details{shown}><summary>还有{len(open_)}条没有填好</summary><ul>{items}</ul></details>")


def refused(error: FaultsError) -> Html:
    """Why a form was not handed in, every fault."""
    items = "".join(escaped("<li>{fault}</li>", fault=fault) for fault in error.faults)
    title = escaped("<p>{title}，请改正以下各处：</p>", title=error.title)
    return Html(f'<div role="alert">{title}<ul>{items}</ul></div>')


def history(rubric: Rubric, rows: pd.DataFrame) -> Html:
    """Who changed what and when, newest first.

    Parameters
    ----------
    rubric : whose lines the fields are
    rows : from `assessment_steps.history`
    """
    lines = {line.id: line for line in rubric.lines}
    rows = rows.iloc[::-1].head(SHOWN)
    shown = rows.assign(
        when=pd.to_datetime(rows["at"], format="ISO8601").dt.tz_convert(CHINA).dt.strftime("%m-%d %H:%M:%S"),
        did=[did(row.what, row.entry, lines.get(row.what)) for row in rows.itertuples()],
    )
    columns = {"when": "时间", "who": "谁", "did": "改动", "why": "说明"}
    return tables.table(shown, columns, f"改动记录（新的在前，最近{SHOWN}次）", cards=True)


def did(field: str, entry: Mapping[str, Any], line: Line | None = None) -> str:
    """One change in words, of a line in the words of its control."""
    if not field:
        return f"状态：{ASSESSMENT_STATES[entry['status']]}"
    if field == SAMPLED:
        return f"抽取经营户{len(entry.get('merchants', []))}户，种子{entry.get('seed')}"
    if AT in field:
        key, merchant = field.split(AT, 1)
        return f"{key}条 经营户{merchant}：{CHECKS.get(entry.get('result', ''), '未查')}"
    return f"{field}条：{in_words(entry, line)}"


def in_words(entry: Mapping[str, Any], line: Line | None = None) -> str:
    """An entry in a few words, of a line in the words and units of its control."""
    if entry.get("outcome") == "not_applicable":
        said = "不适用"
    elif "value" in entry or "of" in entry:
        said = _numbers(entry, line)
    else:
        said = "空白"
    return said + (f"（{str(entry['note'])[:40]}）" if entry.get("note") else "")


def answers(line: Line) -> dict[str, int]:
    """What a yes-or-no line can be answered with."""
    return {"符合": 1, "不符合": 0} if line.section == "base" else {"有": 1, "没有": 0}


def _numbers(entry: Mapping[str, Any], line: Line | None) -> str:
    given = [figure(entry[name]) or "空白" for name in ("value", "of") if name in entry]
    if line is not None and line.rule.kind == "met":
        return next((said for said, value in answers(line).items() if given == [str(value)]), "／".join(given))
    unit = "" if line is None else "分" if line.rule.kind == "marks" else line.unit or ""
    return "／".join(given) + unit


def figure(value: Any) -> str:
    """A number or what was typed instead of one; empty where there is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "" if pd.isna(value) else plain(value)
    return str(value if value is not None else "").strip()


def anchor(line: str) -> str:
    """Where a page jumps to for a line."""
    return f"line-{line.replace('.', '-')}"
