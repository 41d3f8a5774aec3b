"""What the page of monitoring points says, as escaped HTML: filings, agreement, instruments due, candidates."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pandas as pd

from chengxin.figures import points
from chengxin.figures.points import Watch
from chengxin.ledgers.filings.judge import DIRECTIONS
from chengxin.ledgers.filings.quarters import day_in_words, in_words
from chengxin.ledgers.filings.status import STATES
from chengxin.ledgers.verification import STATES as CLOCK
from chengxin.render import tables
from chengxin.render.html import escaped
from chengxin.render.tables import Html
from chengxin.settings import settings
from chengxin.store.schema import ANSWERS, MANAGEMENT

FIRST, MOST = 8, 60  # rows of a list that stand open, and that are listed at all
TAGS = {"missing": "cx-bad", "late": "cx-warn", "returned": "cx-warn"}
BY = {"short_name": "填报单位", "sector": "行业", "quarter": "季度"}
AC1 = (
    "一致率是两次判断相同的项数所占比例；AC1系数再扣除偶然相同的部分，1为完全一致，0为与随意判断无异。"
    "自查几乎都答良好，Kappa系数容易失真，以AC1为主；Kappa在一方答案全部相同或项数太少时不适用，不列。"
)
Cells = Sequence[str | Html]


def filed(rows: pd.DataFrame, by: str, caption: str) -> Html:
    """Filings in time and otherwise, a row a group.

    Parameters
    ----------
    rows : from `points.filed`
    by : the column that makes the groups
    """
    names = {BY[by]: "", "按期报送率": "", "没有按期或没有填完": ""}
    cells = [_filed(row, by) for row in rows.head(MOST).to_dict("records")]
    return Html(tables.ruled(caption, names, cells, "cx-filed").text + _over(len(rows)))


def _over(count: int) -> str:
    """What is said below a list or table that does not hold everything."""
    over = count - MOST
    return f'<p class="cx-rule">另有{over}条没有列出；选定一个填报单位可以缩小范围。</p>' if over > 0 else ""


def _filed(row: dict[Any, Any], by: str) -> Cells:
    label = in_words(row[by]) if by == "quarter" else row[by]
    rate = row["in_time_rate"]
    if pd.isna(rate):
        return ["", label, f"已报{row['submitted']}／{row['whole']}份，期限未到", ""]
    said = escaped(
        '<span class="cx-bartext">{rate}%</span> <span class="cx-points">{some}／{all_}份</span>{bar}',
        rate=f"{rate:.1f}", some=row["in_time"], all_=row["due"], bar=tables.track(0, rate),
    )  # fmt: skip
    others = "、".join(f"{STATES[state]}{row[state]}份" for state in TAGS if row[state])
    return ["", label, Html(said), others]


def wanting(rows: pd.DataFrame, until: date | None) -> Html:
    """Which filings are not in order.

    Parameters
    ----------
    rows : from `points.wanting`
    until : the day filings are due, None when it is over
    """
    fine = "本季度应报的季报都按期报送并填写完整。"
    if until:
        fine = f"报送期限{day_in_words(until)}，尚未截止；已报送的季报都填写完整。"
    return _listed(rows, _wanting, fine)


def _wanting(row: dict[Any, Any]) -> str:
    late = f"{int(row['days_late'])}天" if row["state"] == "late" else ""
    given = "" if pd.isna(row["submitted"]) else f"，{day_in_words(row['submitted'])}报送"
    return escaped(
        '<li><span class="cx-tag {tag}">{state}{late}</span> {name}（{unit}，{sector}） '
        '<span class="cx-quiet">期限{due}{given}</span></li>',
        tag=TAGS[row["state"]], state=STATES[row["state"]], late=late, name=row["name"], unit=row["short_name"],
        sector=row["sector"], due=day_in_words(row["due"]), given=given,
    )  # fmt: skip


def _listed(
    rows: pd.DataFrame, one: Callable[[dict[Any, Any]], str], empty: str, first: int = FIRST, kind: str = "cx-flags"
) -> Html:
    """A list of which the first few stand open, and of which no more than so many are listed."""
    if rows.empty:
        return Html(escaped("<p>{empty}</p>", empty=empty))
    said = [one(row) for row in rows.head(MOST).to_dict("records")]
    body = f'<ul class="{kind}">{"".join(said[:first])}</ul>' if first else ""
    if said[first:]:
        title = f"其余{len(rows) - first}条" if first else f"{len(rows)}条"
        items = "".join(said[first:])
        body += f'<details><summary>{title}</summary><ul class="{kind}">{items}</ul>{_over(len(rows))}</details>'
    return Html(body)


def agreement(watch: Watch, quarter: str, by: Sequence[str]) -> Html:
    """How far self-check and on-site check agree, all together and by group, with what the figures mean."""
    whole = points.agreement(watch, quarter, []).iloc[0]
    if not whole["n"]:
        return Html(escaped("<p>截至{day}，{quarter}的季报还没有现场核查。</p>", day=day_in_words(watch.as_of),
                            quarter=in_words(quarter)))  # fmt: skip
    filings = watch.checked.loc[watch.checked["quarter"] == quarter, "filing"].nunique()
    low = "" if pd.isna(whole["low"]) else f"（95%区间{tables.between(whole['low'], whole['high'])}）"
    kappa = "" if pd.isna(whole["kappa"]) else f"，Kappa系数{tables.coefficient(whole['kappa'])}"
    said = escaped(
        "<p>现场核查季报{filings}份{n}项，自查与核查一致{agreed}项，一致率{raw}%，AC1系数{ac1}{low}{kappa}。</p>"
        '<p class="cx-rule">{about}</p>', filings=filings, n=whole["n"], agreed=whole["agreed"],
        raw=f"{100 * whole['raw']:.1f}", ac1=tables.coefficient(whole["ac1"]), low=low, kappa=kappa, about=AC1,
    )  # fmt: skip
    parts = "".join(f"<div>{_agreed(points.agreement(watch, quarter, [key]), key).text}</div>" for key in by)
    return Html(f'{said}<div class="cx-columns cx-halves">{parts}</div>')


def _agreed(rows: pd.DataFrame, key: str) -> Html:
    names = {BY[key]: "", "项数": "num", "一致率（%）": "num", "AC1系数（95%区间）": "num", "Kappa系数": "num"}
    rows = rows.assign(order=pd.to_numeric(rows["raw"])).sort_values("order", kind="stable")
    return Html(tables.ruled(f"各{BY[key]}（一致率低的在先）", names, (
        ["", row[key], str(row["n"]), f"{100 * row['raw']:.1f}",
         tables.coefficient(row["ac1"])
         + ("" if pd.isna(row["low"]) else f"（{tables.between(row['low'], row['high'])}）"),
         tables.coefficient(row["kappa"], "不适用")]
        for row in rows.head(MOST).to_dict("records")
    )).text + _over(len(rows)))  # fmt: skip


def differing(rows: pd.DataFrame) -> Html:
    """Items in which the on-site check says something else.

    Parameters
    ----------
    rows : from `points.differing`
    """
    return _listed(rows, _differing, "本季度核查没有发现与自查不一致的项目。")


def _differing(row: dict[Any, Any]) -> str:
    return escaped(
        '<li><span class="cx-tag {tag}">{way}</span> {name}（{unit}）第{item}项{label}：自查“{own}”，核查“{seen}”</li>',
        tag="cx-bad" if row["direction"] == "overstated" else "cx-warn", way=DIRECTIONS[row["direction"]],
        name=row["name"], unit=row["short_name"], item=row["item"], label=row["label"],
        own=ANSWERS[row["self_answer"]], seen=ANSWERS[row["check_answer"]],
    )  # fmt: skip


def instruments(rows: pd.DataFrame, by: str) -> Html:
    """Instruments out of date and soon due: counts by group, then each with its serial.

    Parameters
    ----------
    rows : from `points.instruments`
    by : ``short_name`` or ``sector``
    """
    urgent, soon = int(settings()["due_urgent_days"]), int(settings()["due_soon_days"])
    titles = {"out": "不在有效期内", "urgent": f"{urgent}天内到期", "soon": f"{urgent + 1}至{soon}天内到期"}
    counts = rows.groupby([by, "group"]).size().unstack(fill_value=0).reindex(columns=list(titles), fill_value=0)
    counts = counts.sort_values(list(titles), ascending=False)
    table = tables.ruled("各" + BY[by], {BY[by]: "", **{f"{title}台（件）数": "num" for title in titles.values()}},
                         (["", name, *map(str, row)] for name, *row in counts.head(MOST).itertuples()))  # fmt: skip
    parts = [table.text, _over(len(counts))]
    for group, title in titles.items():
        mine = rows[rows["group"] == group]
        first = FIRST if group != "soon" else 0
        parts.append(escaped("<h3>{title}{n}台（件）</h3>", title=title, n=len(mine)))
        parts.append(_listed(mine, _instrument, "没有。", first).text)
    return Html("".join(parts))


def _instrument(row: dict[Any, Any]) -> str:
    left = row["days_left"]
    if row["state"] == "in_date":
        tag, state = "cx-warn", f"还有{left}天" if left else "当日到期"
    else:
        tag, state = "cx-bad", CLOCK[row["state"]] + ("" if pd.isna(left) else f"{-left}天")
    until = "" if pd.isna(row["valid_until"]) else f"，有效期至{day_in_words(row['valid_until'])}"
    return escaped(
        '<li><span class="cx-tag {tag}">{state}</span> {kind} 出厂编号{serial} '
        '<span class="cx-quiet">（{management}{until}）</span><br>{name}（{unit}）{place}</li>',
        tag=tag, state=state, kind=row["kind"], serial=row["serial"] or "未登记",
        management=MANAGEMENT[row["management"]], until=until, name=row["held"], unit=row["short_name"],
        place=row["place"] or "",
    )  # fmt: skip


def candidates(rows: pd.DataFrame) -> Html:
    """Points on whom a person decides, each with its grounds and what was decided.

    Parameters
    ----------
    rows : from `points.candidates`
    """
    return _listed(rows, _candidate, "没有候选。", 6, "cx-items")


def _candidate(row: dict[Any, Any]) -> str:
    decided = row["decision"]
    return escaped(
        '<li><b>{name}</b>（{unit}，{sector}） <span class="cx-tag {tag}">{decided}</span>'
        '<p class="cx-rule">{why}</p></li>',
        name=row["name"], unit=row["short_name"], sector=row["sector"], tag="cx-ok" if decided else "cx-warn",
        decided=decided or "待决定", why=row["reason"],
    )  # fmt: skip
