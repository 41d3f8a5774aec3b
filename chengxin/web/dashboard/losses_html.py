"""Where points are lost, as escaped HTML: heat map, lines that lost most, red lines and honours."""

from dataclasses import replace
from typing import Any

import pandas as pd

from chengxin.figures.city import Choice
from chengxin.render.charts import RATES, percent, rate_step
from chengxin.render.html import escaped
from chengxin.render.tables import Html
from chengxin.rubric.rules import plain
from chengxin.web.dashboard.city_html import address, area, bar, tabled

LONGEST = 12  # lines the Pareto shows


def heat(rates: pd.DataFrame, caption: str, now: Choice, units: bool) -> Html:
    """Score rates of groups (rows) by areas or units (columns), the lower the deeper.

    Parameters
    ----------
    rates : from `losses.group_rates`
    now : what is looked at; a column's name leads to the area, or to this page of the unit
    units : whether the columns are units
    """
    names, groups = rates.drop_duplicates("code"), rates["group"].unique()
    cells = iter(rates["rate"])  # group by group, as they are stored
    head = "".join(
        escaped('<th scope="col"><a href="{to}">{name}</a></th>', name=name,
                to=address(replace(now, unit=code)) if units else area(code, now.period))
        for name, code in zip(names["area"], names["code"], strict=True)
    )  # fmt: skip
    body = "".join(
        escaped('<tr><th scope="row">{group}</th>', group=group)
        + "".join(_heat(next(cells)) for _ in range(len(names)))
        + "</tr>"
        for group in groups
    )
    key = "".join(f'<span class="cx-heat-{n}">{words}</span>' for n, (_, words, _) in enumerate(RATES))
    return Html(f'<div class="cx-wide"><table class="cx-table cx-heat">{escaped("<caption>{c}</caption>", c=caption)}'
                f'<thead><tr><th scope="col">检查内容</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
                f'<p class="cx-key cx-rule">得分率：{key}</p>')  # fmt: skip


def _heat(rate: float) -> str:
    if pd.isna(rate):
        return "<td>—</td>"
    return f'<td class="cx-heat-{rate_step(rate)}">{percent(rate)}</td>'


def losses(rows: pd.DataFrame, kind: str, period: str) -> Html:
    """Where points are lost, the most first, with the running share; a line opens to the areas that lost most.

    Parameters
    ----------
    rows : from `losses.losses`
    period : of the areas' pages
    """
    most = rows["lost"].max() if len(rows) else 1
    body = [
        escaped('<tr><td class="cx-name">{name}</td><td>{bar}</td><td class="num">{areas}</td>'
                '<td class="num">{running}%</td></tr>', name=_losers(row, period), areas=row["areas"],
                bar=bar(f"{row['lost']:.2f}", (0, most), row["lost"]), running=f"{100 * row['running']:.0f}")
        for row in rows.head(LONGEST).to_dict("records")
    ]  # fmt: skip
    shown = f"前{LONGEST}项，共{len(rows)}项" if len(rows) > LONGEST else f"共{len(rows)}项"
    heads = {"条目": 0, "失分合计": 0, "对象（个）": 1, "累计占比": 1}
    return tabled(f"{kind}失分条目（{shown}，单位：分）", heads, body, "没有失分")


def _losers(row: dict[Any, Any], period: str) -> Html:
    """A line, and below it who lost points there."""
    items = "".join(
        escaped('<li><a href="{to}">{name}</a>（{unit}）失{lost}分</li>', to=area(each["area"], period),
                name=each["name"], unit=each["short_name"], lost=plain(round(each["lost"], 4)))
        for each in row["who"]
    )  # fmt: skip
    over = row["areas"] - len(row["who"])
    items += f"<li>……另有{over}个对象……</li>" if over else ""
    words = "<details><summary>{line} {label}</summary><ul>{items}</ul></details>"
    return Html(escaped(words, line=row["line"], label=row["label"], items=Html(items)))


FLAGS = {"red": ("cx-bad", "红线，扣"), "black": ("cx-warn", "扣"), "honour": ("cx-ok", "加")}
SORTS = {"red": "红线", "black": "扣分", "honour": "加分"}


def flags(rows: pd.DataFrame, period: str) -> Html:
    """Red lines, other deductions and bonuses that took effect.

    Parameters
    ----------
    rows : from `losses.flags`
    period : of the areas' pages
    """
    body = "".join(_flag(row, period) for row in rows.to_dict("records"))
    return Html(f'<ul class="cx-flags">{body}</ul>' if body else "<p>没有加分、扣分和红线情形。</p>")


def _flag(row: dict[Any, Any], period: str) -> str:
    state, word = FLAGS[row["flag"]]
    left = f"<li>……另有{SORTS[row['flag']]}{row['after']}项，见导出的表格……</li>" if row["after"] else ""
    return escaped(
        '<li><span class="cx-tag {state}">{word}{points}分</span> <a href="{to}">{name}</a>（{unit}）：{line} '
        "{label}</li>{left}", to=area(row["area"], period),
        state=state, word=word, points=f"{row['points']:g}", name=row["name"], unit=row["short_name"],
        line=row["line"], label=row["label"], left=Html(left),
    )  # fmt: skip
