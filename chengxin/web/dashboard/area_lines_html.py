"""What to mend in an area, and every line of its sheet with what stands behind it, as escaped HTML."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from chengxin.figures.area import CloseUp
from chengxin.ledgers.filings.quarters import day_in_words
from chengxin.render.html import escaped
from chengxin.render.tables import Html
from chengxin.rubric.model import ADDS, Line, groups
from chengxin.rubric.rules import plain
from chengxin.store.schema import IMPROVEMENT_STATES

OUTCOMES = {
    "closed": ("cx-ok", "已补回"), "partly": ("cx-warn", "部分补回"), "open": ("cx-bad", "未补回"),
    "worse": ("cx-bad", "失分增多"), "unknown": ("", "本期未评"),
}  # fmt: skip
EDGE = 1e-9
LISTED = 20  # ledger rows shown behind a line
FIRST = 6  # items to mend that stand open, those that win most


def points(value: float) -> str:
    """Points with four decimals at most; a dash where there are none."""
    return "—" if pd.isna(value) else plain(round(value, 4))


def mend(shown: CloseUp, day: date) -> Html:
    """What to mend now, and what became of the items of the period before.

    Parameters
    ----------
    day : from which an open item is late
    """
    rows = shown.mend
    said = [_item(row, day) for row in rows.to_dict("records")] or ["<li>没有失分，没有整改事项。</li>"]
    body = f'<ol class="cx-items">{"".join(said[:FIRST])}</ol>'
    if said[FIRST:]:
        body += f'<details><summary>其余{len(said) - FIRST}项</summary><ol class="cx-items">'
        body += f"{''.join(said[FIRST:])}</ol></details>"
    head = "<h2>整改事项{n}项，全部整改到位可挽回{points}分</h2>"
    head = escaped(head, n=len(rows), points=f"{rows['points'].sum():.2f}")
    until = escaped('<p class="cx-rule">是否逾期，按{day}判断。</p>', day=day_in_words(day)) if len(rows) else ""
    return Html(f"{head}{until}{body}{_before(shown)}")


def _item(row: dict[Any, Any], day: date) -> str:
    late = (pd.Timestamp(day) - row["due_on"]).days
    state, words = "cx-ok", IMPROVEMENT_STATES[row["state"]]
    if row["state"] == "open":
        state, words = ("cx-bad", f"逾期{late}天") if late > 0 else ("cx-warn", words)
    dates = [("整改", row["rectified_on"]), ("复查", row["rechecked_on"])]
    return escaped(
        '<li><b class="num">+{points}分</b> <span class="cx-id">{line}</span>{label} '
        '<span class="cx-tag {state}">{words}</span><p>{remedy}</p>'
        '<p class="cx-rule">责任方：{owner}；期限{due}{done}{noted}</p></li>',
        points=points(row["points"]), line=row["line"], label=row["label"], state=state, words=words,
        remedy=row["remedy"], owner=row["owner"], due=day_in_words(row["due_on"]),
        done="".join(f"，{day_in_words(when)}{what}" for what, when in dates if not pd.isna(when)),
        noted="" if row["recorded"] else "（尚未登记，责任方和期限为暂定）",
    )  # fmt: skip


def _before(shown: CloseUp) -> str:
    """The items of the period before, each with what it won back."""
    rows = shown.mended
    if rows.empty:
        return ""
    won = rows["regained"].sum()
    return escaped(
        "<details><summary>上期（{period}年）整改事项{n}项，本期合计{won}{points}分</summary><ul>{items}</ul></details>",
        period=rows["period"].iloc[0], n=len(rows), won="挽回" if won >= 0 else "再失", points=f"{abs(won):.2f}",
        items=Html("".join(_fared(row) for row in rows.to_dict("records"))),
    )  # fmt: skip


def _fared(row: dict[Any, Any]) -> str:
    state, words = OUTCOMES[row["outcome"]]
    won = row["regained"]
    back = "" if pd.isna(won) or abs(won) < EDGE else f"，{'再失' if won < 0 else '挽回'}{points(abs(won))}分"
    return escaped(
        '<li><span class="cx-id">{line}</span>{label} <span class="cx-tag {state}">{words}</span> 上期失{lost}分{back}'
        "</li>",
        line=row["line"], label=row["label"], state=state, words=words, lost=points(row["points"]), back=back,
    )  # fmt: skip


def sheet(shown: CloseUp, files: Mapping[str, int]) -> Html:
    """Every line by group; groups with something lost, open or deducted stand open.

    Parameters
    ----------
    files : line → number of photos and documents kept as evidence
    """
    lines = {line.id: line for line in shown.rubric.lines}
    evidence = dict(list(shown.evidence.groupby("line")))
    rows = shown.lines.to_dict("records")
    said = {row["line"]: _line(lines[row["line"]], row, evidence.get(row["line"]), files.get(row["line"], 0))
            for row in rows}  # fmt: skip
    parts = []
    for place, (label, _) in enumerate(groups(shown.rubric)):
        mine = [row for row in rows if row["group"] == place]
        title = f"{lines[mine[0]['line']].subject}：{label.rstrip('。')}"
        open_ = _sum([row for row in mine if row["outcome"] == "not_assessed"], "points")
        got = f"得{_sum(mine, 'score')}／{_sum(mine, 'points')}分"
        parts.append(_part(title, got + (f"，未评{open_}分" if open_ != "0" else ""), mine, said))
    for section in ("bonus", "deduction"):
        mine = [row for row in rows if row["section"] == section]
        parts.append(_part(shown.rubric.sections[section], f"{ADDS[section]}{_sum(mine, 'score')}分", mine, said))
    return Html("<h2>逐条得分</h2>" + "".join(parts))


def _sum(rows: list[dict[Any, Any]], name: str) -> str:
    return points(sum(row[name] for row in rows if not pd.isna(row[name])))


def _part(title: str, sum_: str, rows: list[dict[Any, Any]], said: Mapping[str, str]) -> str:
    open_ = any(_state(row)[0] in ("cx-warn", "cx-bad") for row in rows)
    return escaped(
        '<details class="cx-group"{open_}><summary><b>{title}</b><span class="cx-points">{sum_}</span></summary>{body}'
        "</details>", open_=Html(" open" if open_ else ""), title=title, sum_=sum_,
        body=Html("".join(said[row["line"]] for row in rows)),
    )  # fmt: skip


def _state(row: dict[Any, Any]) -> tuple[str, str]:
    """Class and word for a line."""
    hit = not pd.isna(row["score"]) and row["score"] > EDGE
    if row["section"] == "bonus":
        return ("cx-ok", "加分") if hit else ("", "没有")
    if row["section"] == "deduction":
        return ("cx-bad", "扣分") if hit else ("", "没有")
    if row["outcome"] == "not_applicable":
        return "", "不适用"
    if row["outcome"] == "not_assessed":
        return "cx-warn", "未评"
    return ("cx-warn", "失分") if row["points"] - row["score"] > EDGE else ("cx-ok", "满分")


def _line(line: Line, row: dict[Any, Any], evidence: pd.DataFrame | None, files: int) -> str:
    state, word = _state(row)
    red = Html('<span class="cx-tag cx-bad">红线</span>' if line.red_line and state == "cx-bad" else "")
    behind = [f"台账{len(evidence)}条" if evidence is not None else "", f"佐证文件{files}份" if files else ""]
    more = "、".join(filter(None, behind))
    return escaped(
        '<div class="cx-line {state}"><p><span class="cx-id">{id}</span><b>{label}</b> '
        '<span class="cx-points">{got}／{full}分</span> <span class="cx-tag {state}">{word}</span> {red}</p>'
        "<p>{why}{source}</p>"
        "<details><summary>原文和依据{more}</summary>{behind}</details></div>",
        state=state, id=line.id, label=line.label, got=points(row["score"]), full=plain(line.points), word=word,
        red=red, why=row["why"], source=f"数值来自{row['source']}。" if row["source"] else "",
        more=f"（{more}）" if more else "", behind=Html(_behind(line, row, evidence)),
    )  # fmt: skip


def _behind(line: Line, row: dict[Any, Any], evidence: pd.DataFrame | None) -> str:
    """Official wording, rule, and the ledger rows that tell the most."""
    said = '<p class="cx-official">{text}</p><p class="cx-rule">规则：{rule}。</p>'
    said = escaped(said, text=line.text, rule=row["rule"])
    if row["own"]:
        of = "" if pd.isna(row["measured_of"]) else f"／{plain(row['measured_of'])}"
        measured = f"{plain(row['measured_value'])}{of}{line.unit or ''}"
        said += escaped('<p class="cx-rule">得分按录入值；台账为{measured}。</p>', measured=measured)
    if evidence is None:
        return said
    some = evidence[evidence["telling"]]
    rows = some if len(some) else evidence  # where no row tells more than the others, all do
    hit = "计入" if rows["counted"].iloc[0] else "不计入"
    which = f"其中{hit}的{len(some)}条" if len(some) else f"都{hit}"
    rest = f"，以下列出{LISTED}条" if len(rows) > LISTED else ""
    item = '<li>{said}<span class="cx-points">（{id}）</span></li>'
    items = "".join(escaped(item, said=one.said, id=one.id) for one in rows.head(LISTED).itertuples())
    return said + escaped('<p class="cx-rule">台账记录{n}条，{which}{rest}：</p><ul class="cx-rule">{items}</ul>',
                          n=len(evidence), which=which, rest=rest, items=Html(items))  # fmt: skip
