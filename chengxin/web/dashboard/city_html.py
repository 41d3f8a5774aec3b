"""What the city page says, as escaped HTML: cards, rankings with bars, definitions; `losses_html` says the rest."""

from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd

from chengxin.figures.city import Choice
from chengxin.ledgers.filings.quarters import day_in_words
from chengxin.render.html import escaped, here
from chengxin.render.tables import Html
from chengxin.store.schema import AREA_KINDS, ASSESSMENT_STATES

ACROSS = 7  # cards in a row at most
LONG = 7  # letters of a figure that need a smaller face


def cards(figures: pd.DataFrame) -> Html:
    """Headline figures with change, counts and definition.

    Parameters
    ----------
    figures : from `city.headline`; ``shown`` stands for the value and ``told`` for the counts, where given
    """
    across = ceil(len(figures) / ceil(len(figures) / ACROSS))  # rows of a length, as far as can be
    body = "".join(_card(row) for row in figures.to_dict("records"))
    return Html(f'<div class="cx-cards cx-across-{across}">{body}</div>')


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
    rows : from `losses.ranking`
    """
    scale = _scale(rows)
    heads = {"名次": 1, "评价对象": 0, f"总分（分，条形自{scale[0]:.0f}分起）": 0, "比上期（分）": 1}
    body = []
    for kind, mine in rows.groupby("kind", sort=False):
        body.append(_part(str(kind), int(len(mine) + mine["after"].sum()), len(heads)))
        body += [_ranked(row, scale) + _left(row["after"], len(heads)) for row in mine.to_dict("records")]
    return tabled(caption, heads, body, "没有符合条件的评价")


def units(rows: pd.DataFrame, caption: str, now: Choice) -> Html:
    """Units with rank and median; those with areas that are not complete show the range it may come to.

    Parameters
    ----------
    rows : from `losses.unit_ranking`, with column after where rows are left out
    now : what is looked at; a unit's name leads to the page of that unit
    """
    scale = _scale(rows)
    heads = {
        "名次": 1,
        "单位": 0,
        f"中位数（分，条形自{scale[0]:.0f}分起）": 0,
        "对象（未评完，个）": 1,
        "红线（个）": 1,
    }
    body = []
    for kind, mine in rows.groupby("kind", sort=False):
        body.append(_part(str(kind), int(len(mine) + mine["after"].sum()), len(heads)))
        body += [_unit(row, scale, now) + _left(row["after"], len(heads)) for row in mine.to_dict("records")]
    return tabled(caption, heads, body, "没有符合条件的评价")


def medians(values: pd.Series) -> list[str]:
    """A unit's medians as short lines: of several kinds each with the first letter of its name.

    Parameters
    ----------
    values : kind → median, NaN where nothing is complete
    """
    several = len(values) > 1
    return [(f"{AREA_KINDS[str(kind)][0]} " if several else "") + ("—" if pd.isna(value) else f"{value:.2f}")
            for kind, value in values.items()]  # fmt: skip


def tabled(caption: str, heads: dict[str, int], body: list[str], empty: str) -> Html:
    """A table of finished rows; heading → 1 where its column stands to the right."""
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


def bar(said: str, scale: tuple[float, float], end: float, span: tuple[float, float] | None = None) -> Html:
    """A figure with a bar from the left edge, a hatched one over a range, or both.

    Parameters
    ----------
    said : the figure
    scale : where the track begins and ends
    end : of the bar; NaN: none
    span : the range
    """
    drawn = "" if pd.isna(end) else f'<i style="left:0;width:{_along(end, scale):.1f}%"></i>'
    if span:
        left, right = (_along(value, scale) for value in span)
        drawn += f'<i class="cx-open" style="left:{min(left, 99):.1f}%;width:{max(right - left, 1):.1f}%"></i>'
    words = (
        '<div class="cx-barcell"><span class="cx-bartext">{said}</span><span class="cx-track" aria-hidden="true">'
        "{drawn}</span></div>"
    )
    return Html(escaped(words, said=said, drawn=Html(drawn)))


def _along(value: float, scale: tuple[float, float]) -> float:
    """How far along a track a value stands, percent."""
    low, high = scale
    return 100 * (max(value, low) - low) / (high - low)


def _ranked(row: dict[Any, Any], scale: tuple[float, float]) -> str:
    said = f"{row['total']:.2f}" if row["complete"] else f"{row['low']:.2f}–{row['high']:.2f}（未评完）"
    change = "—" if pd.isna(row["change"]) else f"{row['change']:+.2f}".replace("-", "−")
    red = Html(' <span class="cx-tag cx-bad">红线</span>' if row["red_lines"] else "")
    return escaped(
        '<tr><td class="num">{place}</td><td class="cx-name"><a href="{to}">{name}</a>{red}'
        '<small>{unit}，{state}</small></td><td>{bar}</td><td class="num">{change}</td></tr>',
        place=_place(row), name=row["name"], unit=row["short_name"], state=ASSESSMENT_STATES[row["status"]], red=red,
        to=area(row["area"], row["period"]), change=change,
        bar=bar(said, scale, row["total"] if row["complete"] else np.nan,
                None if row["complete"] else (row["low"], row["high"])),
    )  # fmt: skip


def _unit(row: dict[Any, Any], scale: tuple[float, float], now: Choice) -> str:
    said = "—" if pd.isna(row["median"]) else f"{row['median']:.2f}"
    drawn, more = bar(said, scale, row["median"], (row["low"], row["high"]) if row["open"] else None), ""
    if row["open"]:
        span = f"{row['low']:.2f}–{row['high']:.2f}" if row["high"] - row["low"] > 0.005 else f"{row['low']:.2f}"
        more = escaped("<small>全部评完后{span}</small>", span=span)
    count = f"{row['areas']}（{row['open']}）" if row["open"] else f"{row['areas']}"
    return escaped(
        '<tr class="{mine}"><td class="num">{place}</td><td class="cx-short"><a href="{to}">{name}</a></td>'
        '<td>{bar}</td><td class="num">{count}</td><td class="num">{red}</td></tr>',
        mine="cx-mine" if row["unit"] == now.unit else "", place=_place(row),
        name=row["short_name"], to=address(replace(now, unit=row["unit"])), bar=Html(drawn.text + more), count=count,
        red=row["red"],
    )  # fmt: skip


def area(code: str, period: str) -> str:
    """Address of the page of an area."""
    return "area.ipynb?" + urlencode({"area": code, "period": period})


def address(choice: Choice) -> str:
    """Address of this page with a choice."""
    asked = {"period": choice.period, "kind": choice.kind, "county": choice.unit}
    return "city.ipynb?" + urlencode({name: value for name, value in asked.items() if value})


def link(choice: Choice) -> Html:
    """The address of what is shown, to pass on."""
    return Html(f'<p class="cx-noprint">{here(address(choice))}</p>')


def defined(words: Mapping[str, str]) -> Html:
    """What the tables' figures mean.

    Parameters
    ----------
    words : name → definition
    """
    items = "".join(escaped("<dt>{name}</dt><dd>{said}</dd>", name=name, said=said) for name, said in words.items())
    return Html(f'<details class="cx-card"><summary>各表的口径和截至日</summary><dl>{items}</dl></details>')
