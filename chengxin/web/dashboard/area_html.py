"""What the page of one area says, as escaped HTML: notices, steps to the total, peers, periods, readings."""

from typing import Any

import pandas as pd

from chengxin.figures.area import CloseUp
from chengxin.figures.breakdown import UNSEEN, red_lines
from chengxin.ledgers.filings.quarters import day_in_words
from chengxin.render import tables
from chengxin.render.html import escaped
from chengxin.render.tables import Html
from chengxin.rubric.rules import plain
from chengxin.scoring.explain import total_in_words
from chengxin.scoring.score import identity
from chengxin.store.schema import ASSESSMENT_STATES

STEPS = {  # kind → class of its bar, what it is
    "full": ("cx-full", ""), "lost": ("cx-lost", "失分"), "missing": ("cx-open", "未评"), "adjust": ("cx-lost", "调整"),
    "bonus": ("cx-plus", "加分"), "deduction": ("cx-minus", "扣分"), "total": ("", ""),
}  # fmt: skip
NAMED = 60  # peers that are named, those with the highest totals
PLACED = "名次／个数"
PAST = {
    "评价期": "", "总分（分）": "num", "比上期（分）": "num", "同类中位数（分）": "num", PLACED: "num",
    "红线": "", "状态": "", "截至": "",
}  # fmt: skip


def notices(shown: CloseUp) -> Html:
    """What must be known before any figure: red lines, what is not assessed, whether it is approved."""
    about, said = shown.about, []
    lines = {line.id: line for line in shown.rubric.lines}
    if red := "；".join(f"{name}条{lines[name].label}" for name in red_lines(about)):
        said.append(("cx-bad", f"红线情形：{red}。"))
    if not about["complete"]:
        open_ = shown.lines[(shown.lines["outcome"] == "not_assessed") & (shown.lines["section"] == "base")]
        named = "、".join(f"{row.line}条{row.label}" for row in open_.itertuples())
        said.append(("cx-warn", f"尚未评完：{named}还没有评价，总分只列区间，不排名、不发布。"))
    if about["status"] in ("draft", "submitted"):
        said.append(("", f"本评价状态为“{ASSESSMENT_STATES[about['status']]}”，未经审定，仅供内部查看。"))
    line = '<p class="cx-banner {state}" role="note">{words}</p>'
    return Html("".join(escaped(line, state=state, words=words) for state, words in said))


def waterfall(shown: CloseUp) -> Html:
    """Steps from full marks to the total as a table with bars, and the sum in words."""
    frame = shown.steps
    ends = frame.loc[~frame["kind"].isin(["full", "total"]), ["start", "end"]].to_numpy(float)
    low = max(0.0, ends.min() // 10 * 10 - 10) if len(ends) else 0.0
    high = float(frame[["start", "end"]].max().max())
    names = {"得分构成": "", "分": "num", f"累计（坐标自{low:.0f}分起）": ""}
    steps = [_step(row, low, high) for row in frame.to_dict("records")]
    words = escaped('<p class="cx-rule">{said}</p>', said=total_in_words(shown.about, identity(shown.rubric)))
    return Html(tables.ruled("从满分到总分", names, steps, "cx-steps").text + words)


def _step(row: dict[Any, Any], low: float, high: float) -> list[str | Html]:
    left, right = sorted(100 * (max(row[name], low) - low) / (high - low) for name in ("start", "end"))
    bar, word = STEPS[row["kind"]]
    label = escaped('{label} <span class="cx-points">{word}</span>', label=row["label"], word=word)
    points = f"{row['points']:.2f}" if row["kind"] == "total" else signed(row["points"], plus=bool(word))
    return ["" if word else "cx-sum", Html(label), points, tables.track(left, right - left, bar)]


def signed(points: float, plus: bool = True) -> str:
    """Points with a sign, four decimals at most."""
    return f"{'−' if points < 0 else '+' if plus and points > 0 else ''}{plain(round(abs(points), 4))}"


def compare(shown: CloseUp) -> Html:
    """Score rate of each group beside the peers' median, the furthest behind first."""
    rows = shown.groups.sort_values("gap", kind="stable", na_position="last")
    names = {"检查内容": "", "得分率（竖线为中位数）": "", "中位数（%）": "num", "差（百分点）": "num"}
    body = [_group(row) for row in rows.to_dict("records")]
    return Html(tables.ruled("与同类对象比较（落后的在先）", names, body, "cx-peers").text + _peers(shown))


def _group(row: dict[Any, Any]) -> list[str | Html]:
    rate, median, gap = (_percent(row[name]) for name in ("rate", "median", "gap"))
    state = "" if not gap else "cx-ok" if gap > 0 else "cx-warn"
    words = "—" if gap is None else f"{'高' if gap > 0 else '低'}{abs(gap):.1f}" if gap else "持平"
    said = escaped(
        '<span class="cx-bartext">{rate}</span> <span class="cx-points">{got}／{full}分</span>{bar}',
        rate="未评" if rate is None else f"{rate:.1f}%", got=plain(round(row["got"], 2)), full=plain(row["points"]),
        bar=tables.track(0, rate or 0, mark=median),
    )  # fmt: skip
    tag = escaped('<span class="cx-tag {state}">{words}</span>', state=state, words=words)
    return ["", row["label"], Html(said), "—" if median is None else f"{median:.1f}", Html(tag)]


def _percent(rate: float) -> float | None:
    """A share as percent with one decimal; what lost a point never reads 100."""
    if pd.isna(rate):
        return None
    return min(round(100 * rate, 1), 99.9) if rate < 1 - 1e-9 else round(100 * rate, 1)


def _peers(shown: CloseUp) -> str:
    """Who the peers are."""
    if shown.peers.empty:
        return '<p class="cx-rule">您有权查看的范围内，本期没有其他已评完的同类对象，没有可比的中位数。</p>'
    item = "<li>{name}（{short_name}）{said}分</li>"
    peers, over = shown.peers.head(NAMED), len(shown.peers) - NAMED
    peers = peers.assign(said=peers["total"].map("{:.2f}".format)).drop(columns="total")
    items = "".join(escaped(item, **row) for row in peers.astype(str).to_dict("records"))
    return escaped(
        "<details><summary>同类对象{n}个：本期已评完、您有权查看的，不含本对象</summary>"
        '<ol class="cx-rule">{items}</ol>{more}</details>', n=len(shown.peers), items=Html(items),
        more=Html(f'<p class="cx-rule">另有{over}个没有列出。</p>' if over > 0 else ""),
    )  # fmt: skip


def past(shown: CloseUp) -> Html:
    """Totals of all periods, newest first, beside the peers' median; no place for who does not see all."""
    rows = [_past(row) for row in shown.past.iloc[::-1].to_dict("records")]
    where = UNSEEN if shown.part else "名次在已评完的同类对象中"
    names, place = dict(PAST), list(PAST).index(PLACED)
    if shown.part:
        del names[PLACED]
        rows = [[*row[: place + 1], *row[place + 2 :]] for row in rows]
    return tables.ruled(f"历年结果（{where}；比上期按未四舍五入的总分计算）", names, rows)


def _past(row: dict[Any, Any]) -> list[str | Html]:
    red = f"条目{row['red_lines']}" if row["red_lines"] else "无"
    return [
        "", f"{row['period']}年", f"{row['total']:.2f}" if row["complete"] else f"{row['low']:.2f}–{row['high']:.2f}",
        "—" if pd.isna(row["change"]) else f"{row['change']:+.2f}".replace("-", "−"),
        "—" if pd.isna(row["median"]) else f"{row['median']:.2f}",
        "不排名" if pd.isna(row["place"]) else f"{row['place']}／{row['count']}{'（并列）' if row['tied'] else ''}",
        red,
        ASSESSMENT_STATES[row["status"]], day_in_words(row["as_of"]),
    ]  # fmt: skip


def readings(shown: CloseUp) -> Html:
    """Rubric, version and readings that the result rests on; those that are not the default are marked."""
    rubric = shown.rubric
    items = "".join(
        escaped("<li>{question}：<b>{words}</b>{other}</li>", question=rubric.readings[key].question,
                words=rubric.choice_in_words(key),
                other="" if rubric.chosen[key] == rubric.readings[key].default else "（不是缺省读法）")
        for key in rubric.chosen
    )  # fmt: skip
    own = "".join(escaped("<li>{said}</li>", said=said) for said in shown.own)
    return Html(escaped(
        "<details><summary>评分依据：{title}（{version}，{annex}），{n}处读法</summary><ul>{items}</ul>"
        '<p class="cx-rule">细则文件校验码（sha256）{sha}…</p></details>', title=rubric.title, version=rubric.version,
        annex=rubric.source.annex, n=len(rubric.chosen), items=Html(items + own), sha=rubric.sha256[:16],
    ))  # fmt: skip
