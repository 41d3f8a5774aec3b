"""What the city page says, as escaped HTML: cards, ranking with bars, heat map, where points are lost, flags."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from chengxin.charts import percent
from chengxin.overview import Choice
from chengxin.pages import escaped
from chengxin.quarters import day_in_words
from chengxin.schema import AREA_KINDS, ASSESSMENT_STATES
from chengxin.tables import Html

LONGEST = 12  # lines the Pareto shows
LONG = 7  # letters of a figure that need a smaller face


def cards(figures: pd.DataFrame) -> Html:
    """Headline figures with change, counts and definition.

    Parameters
    ----------
    figures : from `overview.headline`; ``shown`` stands for the value and ``told`` for the counts, where given
    """
    return Html(f'<div class="cx-cards">{"".join(_card(row) for row in figures.to_dict("records"))}</div>')


def _card(row: dict[Any, Any]) -> str:
    missing = not row.get("shown") and pd.isna(row["value"])
    number = "—" if missing else row.get("shown") or f"{row['value']:.{row['digits']}f}"
    counts = row.get("told") or (
        "" if pd.isna(row.get("whole")) else f"{row['part']:.0f}／{row['whole']:.0f}{row['counted']}"
    )
    return escaped(
        '<section class="cx-figurecard"><h3>{label}</h3><p class="cx-figure"><b{long}>{number}</b>{unit}</p>{change}'
        '<p class="cx-rule">{counts}</p><details><summary>口径</summary><p>{definition}截至{day}。</p></details>'
        "</section>",
        label=row["label"], number=number, long=Html(' class="cx-long"' if len(number) > LONG else ""),
        unit="" if missing else row["unit"], change=_change(row), counts=counts,
        definition=row["definition"], day=day_in_words(row["as_of"]),
    )  # fmt: skip


def _change(row: dict[Any, Any]) -> Html:
    """How a figure changed, in words and with a sign, never by colour alone; nothing where no change is meant."""
    if pd.isna(row["before"]):
        return Html("")
    if pd.isna(row["change"]):
        return Html('<p class="cx-delta">没有上期可比</p>')
    step = round(row["change"], row["digits"])
    up, down = ("升", "降") if row["unit"] in ("分", "%") else ("增加", "减少")
    words = "持平" if step == 0 else f"{up if step > 0 else down}{abs(step):.{row['digits']}f}"
    good = {"high": step > 0, "low": step < 0}.get(row["better"])
    state = "" if step == 0 or good is None else "cx-ok" if good else "cx-warn"
    unit = "个百分点" if row["unit"] == "%" and step else row["unit"] if step else ""
    return Html(escaped('<p class="cx-delta"><span class="cx-tag {state}">{words}{unit}</span> 比{before}</p>',
                        state=state, words=words, unit=unit,
                        before=f"{row['before']}年" if row["before"].isdigit() else row["before"]))  # fmt: skip


def ranking(rows: pd.DataFrame, caption: str) -> Html:
    """Areas with rank, total and a bar; incomplete ones show their range, and what is left out is counted.

    Parameters
    ----------
    rows : from `weakspots.ranking`
    """
    low, high = _scale(rows)
    heads = {"名次": 1, "评价对象": 0, f"总分（分，条形自{low:.0f}分起）": 0, "比上期（分）": 1}
    body = []
    for kind, mine in rows.groupby("kind", sort=False):
        body.append(_part(str(kind), int(len(mine) + mine["after"].sum()), len(heads)))
        body += [_ranked(row, low, high) + _left(row["after"], len(heads)) for row in mine.to_dict("records")]
    return _table(caption, heads, body, "没有符合条件的评价")


def units(rows: pd.DataFrame, caption: str, now: Choice) -> Html:
    """Units with rank and median; those with areas that are not complete show the range it may come to.

    Parameters
    ----------
    rows : from `weakspots.unit_ranking`, with column after where rows are left out
    now : what is looked at; a unit's name leads to the page of that unit
    """
    low, high = _scale(rows)
    heads = {"名次": 1, "单位": 0, f"中位数（分，条形自{low:.0f}分起）": 0, "对象（未评完，个）": 1, "红线（个）": 1}
    body = []
    for kind, mine in rows.groupby("kind", sort=False):
        body.append(_part(str(kind), int(len(mine) + mine["after"].sum()), len(heads)))
        body += [_unit(row, low, high, now) + _left(row["after"], len(heads)) for row in mine.to_dict("records")]
    return _table(caption, heads, body, "没有符合条件的评价")


def medians(values: pd.Series) -> list[str]:
    """A unit's medians as short lines: of several kinds each with the first letter of its name.

    Parameters
    ----------
    values : kind → median, NaN where nothing is complete
    """
    several = len(values) > 1
    return [(f"{AREA_KINDS[str(kind)][0]} " if several else "") + ("—" if pd.isna(value) else f"{value:.2f}")
            for kind, value in values.items()]  # fmt: skip


def _table(caption: str, heads: dict[str, int], body: list[str], empty: str) -> Html:
    head = "".join(f'<th scope="col"{" class=num" if right else ""}>{name}</th>' for name, right in heads.items())
    rows = "".join(body) or f'<tr><td colspan="{len(heads)}">{empty}</td></tr>'
    return Html(f'<div class="cx-wide"><table class="cx-table">{escaped("<caption>{c}</caption>", c=caption)}'
                f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>")  # fmt: skip


def _part(kind: str, count: int, width: int) -> str:
    words = '<tr><th colspan="{n}" class="cx-part">{kind}（{count}个）</th></tr>'
    return escaped(words, n=width, kind=AREA_KINDS[kind], count=count)


def _scale(rows: pd.DataFrame) -> tuple[float, float]:
    """Where the bars begin and end: a round ten below the lowest, full marks or more."""
    if rows.empty:
        return 0.0, 100.0
    return max(0.0, float(rows["low"].min()) // 10 * 10 - 10), max(100.0, float(rows["high"].max()))


def _left(count: int, width: int) -> str:
    return f'<tr class="cx-left"><td colspan="{width}">……此处略去{count}个……</td></tr>' if count else ""


def _place(row: dict[Any, Any]) -> Html:
    if pd.isna(row["rank"]):
        return Html("<small>不排名</small>")
    return Html(f"{row['rank']:d}{'<small>并列</small>' if row['tied'] else ''}")


def _bar(said: str, start: float, end: float, low: float, high: float, span: bool = False) -> Html:
    """A figure with a bar from the left edge, or a hatched one over a range."""
    left, right = (100 * (max(value, low) - low) / (high - low) for value in (start, end))
    place = f"left:{left:.1f}%;width:{max(right - left, 1):.1f}%" if span else f"left:0;width:{right:.1f}%"
    look = "cx-open" if span else ""
    return Html(escaped(
        '<div class="cx-barcell"><span class="cx-bartext">{said}</span><span class="cx-track" aria-hidden="true">'
        '<i class="{look}" style="{place}"></i></span></div>', said=said, look=look, place=place,
    ))  # fmt: skip


def _ranked(row: dict[Any, Any], low: float, high: float) -> str:
    said = f"{row['total']:.2f}" if row["complete"] else f"{row['low']:.2f}–{row['high']:.2f}（未评完）"
    change = "—" if pd.isna(row["change"]) else f"{row['change']:+.2f}".replace("-", "−")
    red = Html(' <span class="cx-tag cx-bad">红线</span>' if row["red_lines"] else "")
    return escaped(
        '<tr><td class="num">{place}</td><td class="cx-name"><a href="area.ipynb?{to}">{name}</a>{red}'
        '<small>{unit}，{state}</small></td><td>{bar}</td><td class="num">{change}</td></tr>',
        place=_place(row), name=row["name"], unit=row["short_name"], state=ASSESSMENT_STATES[row["status"]], red=red,
        to=urlencode({"area": row["area"], "period": row["period"]}), change=change,
        bar=_bar(said, row["low"], row["high"], low, high, not row["complete"]),
    )  # fmt: skip


def _unit(row: dict[Any, Any], low: float, high: float, now: Choice) -> str:
    said = "—" if pd.isna(row["median"]) else f"{row['median']:.2f}"
    span = f"{row['low']:.2f}–{row['high']:.2f}" if row["high"] - row["low"] > 0.005 else f"{row['low']:.2f}"
    said += f"（评完后{span}）" if row["open"] else ""
    bar = _bar(said, row["low"], row["high"] if row["open"] else row["median"], low, high, row["open"] > 0)
    count = f"{row['areas']}（{row['open']}）" if row["open"] else f"{row['areas']}"
    return escaped(
        '<tr class="{mine}"><td class="num">{place}</td><td class="cx-short"><a href="{to}">{name}</a></td>'
        '<td>{bar}</td><td class="num">{count}</td><td class="num">{red}</td></tr>',
        mine="cx-mine" if row["unit"] == now.unit else "", place=_place(row),
        name=row["short_name"], to=_address(replace(now, unit=row["unit"])), bar=bar, count=count, red=row["red"],
    )  # fmt: skip


def _address(choice: Choice) -> str:
    asked = {"period": choice.period, "kind": choice.kind, "county": choice.unit}
    return "city.ipynb?" + urlencode({name: value for name, value in asked.items() if value})


def link(choice: Choice) -> Html:
    """The address of what is shown, to pass on."""
    words = '<p class="cx-noprint"><a href="{here}">本页地址（可收藏、转发给同事）</a></p>'
    return Html(escaped(words, here=_address(choice)))


def defined(words: Mapping[str, str]) -> Html:
    """What the tables' figures mean.

    Parameters
    ----------
    words : name → definition
    """
    items = "".join(escaped("<dt>{name}</dt><dd>{said}</dd>", name=name, said=said) for name, said in words.items())
    return Html(f'<details class="cx-card"><summary>各表的口径和截至日</summary><dl>{items}</dl></details>')


STEPS = ((1 - 1e-9, "满分"), (0.9, "90%以上"), (0.7, "70%以上"), (0.4, "40%以上"), (-1.0, "不到40%"))


def heat(rates: pd.DataFrame, caption: str) -> Html:
    """Score rates of groups (rows) by areas or units (columns), the lower the deeper.

    Parameters
    ----------
    rates : from `weakspots.group_rates`
    """
    names, groups = rates["area"].unique(), rates["group"].unique()
    cells = iter(rates["rate"])  # group by group, as they are stored
    head = "".join(escaped('<th scope="col">{name}</th>', name=name) for name in names)
    body = "".join(
        escaped('<tr><th scope="row">{group}</th>', group=group) + "".join(_heat(next(cells)) for _ in names) + "</tr>"
        for group in groups
    )
    key = "".join(f'<span class="cx-heat-{n}">{words}</span>' for n, (_, words) in enumerate(STEPS))
    return Html(f'<div class="cx-wide"><table class="cx-table cx-heat">{escaped("<caption>{c}</caption>", c=caption)}'
                f'<thead><tr><th scope="col">检查内容</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
                f'<p class="cx-key cx-rule">得分率：{key}</p>')  # fmt: skip


def _heat(rate: float) -> str:
    if pd.isna(rate):
        return "<td>—</td>"
    step = next(n for n, (least, _) in enumerate(STEPS) if rate >= least)
    return f'<td class="cx-heat-{step}">{percent(rate)}</td>'


def losses(rows: pd.DataFrame, kind: str) -> Html:
    """Where points are lost, the most first, with the running share.

    Parameters
    ----------
    rows : from `weakspots.losses`
    """
    most = rows["lost"].max() if len(rows) else 1
    body = [
        escaped('<tr><td class="cx-name">{line} {label}</td><td>{bar}</td><td class="num">{areas}</td>'
                '<td class="num">{running}%</td></tr>', line=row["line"], label=row["label"], areas=row["areas"],
                bar=_bar(f"{row['lost']:.2f}", 0, row["lost"], 0, most), running=f"{100 * row['running']:.0f}")
        for row in rows.head(LONGEST).to_dict("records")
    ]  # fmt: skip
    shown = f"前{LONGEST}项，共{len(rows)}项" if len(rows) > LONGEST else f"共{len(rows)}项"
    heads = {"条目": 0, "失分合计": 0, "对象（个）": 1, "累计占比": 1}
    return _table(f"{kind}失分条目（{shown}，单位：分）", heads, body, "没有失分")


FLAGS = {"red": ("cx-bad", "红线，扣"), "black": ("cx-warn", "扣"), "honour": ("cx-ok", "加")}
SORTS = {"red": "红线", "black": "扣分", "honour": "加分"}


def flags(rows: pd.DataFrame) -> Html:
    """Red lines, other deductions and bonuses that took effect.

    Parameters
    ----------
    rows : from `weakspots.flags`
    """
    body = "".join(_flag(row) for row in rows.to_dict("records"))
    return Html(f'<ul class="cx-flags">{body}</ul>' if body else "<p>没有加分、扣分和红线情形。</p>")


def _flag(row: dict[Any, Any]) -> str:
    state, word = FLAGS[row["flag"]]
    left = f"<li>……另有{SORTS[row['flag']]}{row['after']}项，见导出的表格……</li>" if row["after"] else ""
    return escaped(
        '<li><span class="cx-tag {state}">{word}{points}分</span> {name}（{unit}）：{line} {label}</li>{left}',
        state=state, word=word, points=f"{row['points']:g}", name=row["name"], unit=row["short_name"],
        line=row["line"], label=row["label"], left=Html(left),
    )  # fmt: skip
