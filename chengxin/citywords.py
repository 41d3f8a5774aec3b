"""What the city page says, as escaped HTML: cards, ranking with bars, where points are lost, flags."""

from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd

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
    number = row.get("shown") or ("—" if pd.isna(row["value"]) else f"{row['value']:.{row['digits']}f}")
    counts = row.get("told") or ("" if pd.isna(row.get("whole")) else f"{row['part']:.0f}／{row['whole']:.0f}")
    return escaped(
        '<section class="cx-figurecard"><h3>{label}</h3><p class="cx-figure"><b{long}>{number}</b>{unit}</p>{change}'
        '<p class="cx-rule">{counts}</p><details><summary>口径</summary><p>{definition}截至{day}。</p></details>'
        "</section>",
        label=row["label"], number=number, long=Html(' class="cx-long"' if len(number) > LONG else ""),
        unit=row["unit"], change=_change(row), counts=counts,
        definition=row["definition"], day=day_in_words(row["as_of"]),
    )  # fmt: skip


def _change(row: dict[Any, Any]) -> Html:
    """How a figure changed, in words and with a sign, never by colour alone; nothing where no change is meant."""
    if pd.isna(row["before"]):
        return Html("")
    if pd.isna(row["change"]):
        return Html('<p class="cx-delta">没有上期可比</p>')
    step = round(row["change"], row["digits"])
    words = "持平" if step == 0 else f"{'升' if step > 0 else '降'}{abs(step):.{row['digits']}f}"
    good = {"high": step > 0, "low": step < 0}.get(row["better"])
    state = "" if step == 0 or good is None else "cx-ok" if good else "cx-warn"
    unit = "个百分点" if row["unit"] == "%" and step else row["unit"] if step else ""
    return Html(escaped('<p class="cx-delta"><span class="cx-tag {state}">{words}{unit}</span> 比{before}</p>',
                        state=state, words=words, unit=unit,
                        before=f"{row['before']}年" if row["before"].isdigit() else row["before"]))  # fmt: skip


def ranking(rows: pd.DataFrame, caption: str) -> Html:
    """Areas with rank, total and a bar; incomplete ones show their range.

    Parameters
    ----------
    rows : from `weakspots.ranking`
    """
    low = max(0.0, np.floor((rows["low"].min() if len(rows) else 0) / 10) * 10 - 10)
    high = max(100.0, rows["high"].max() if len(rows) else 0)
    body = "".join(_ranked(row, low, high) for row in rows.to_dict("records"))
    names = ("名次", "评价对象", "类别", f"总分（坐标自{low:.0f}分起）", "比上期")
    head = "".join(f'<th scope="col"{" class=num" if n in (0, 4) else ""}>{name}</th>' for n, name in enumerate(names))
    empty = '<tr><td colspan="5">没有符合条件的评价</td></tr>'
    return Html(f'<div class="cx-wide"><table class="cx-table">{escaped("<caption>{c}</caption>", c=caption)}'
                f"<thead><tr>{head}</tr></thead><tbody>{body or empty}</tbody></table></div>")  # fmt: skip


def _ranked(row: dict[Any, Any], low: float, high: float) -> str:
    place = "不排名" if pd.isna(row["rank"]) else f"{row['rank']}{'（并列）' if row['tied'] else ''}"
    left, right = (100 * (max(value, low) - low) / (high - low) for value in (row["low"], row["high"]))
    if row["complete"]:
        said, bar = f"{row['total']:.2f}", f"left:0;width:{right:.1f}%"
    else:
        said, bar = f"{row['low']:.2f}–{row['high']:.2f}（未评完）", f"left:{left:.1f}%;width:{right - left:.1f}%"
    change = "—" if pd.isna(row["change"]) else f"{row['change']:+.2f}".replace("-", "−")
    red = Html(' <span class="cx-tag cx-bad">红线</span>' if row["red_lines"] else "")
    return escaped(
        '<tr><td class="num">{place}</td><td><a href="area.ipynb?{to}">{name}</a>（{unit}，{state}）{red}</td>'
        '<td>{kind}</td><td><span class="cx-bartext">{said}</span><span class="cx-track" aria-hidden="true">'
        '<i class="{open}" style="{bar}"></i></span></td><td class="num">{change}</td></tr>',
        place=place, to=urlencode({"area": row["area"], "period": row["period"]}), name=row["name"],
        unit=row["short_name"], state=ASSESSMENT_STATES[row["status"]], red=red,
        kind=AREA_KINDS[row["kind"]], said=said, open="" if row["complete"] else "cx-open", bar=bar, change=change,
    )  # fmt: skip


def losses(rows: pd.DataFrame, kind: str) -> Html:
    """Where points are lost, the most first, with the running share.

    Parameters
    ----------
    rows : from `weakspots.losses`
    """
    most = rows["lost"].max() if len(rows) else 1
    body = "".join(
        escaped('<tr><td>{line} {label}</td><td><span class="cx-bartext">{lost}</span><span class="cx-track" '
                'aria-hidden="true"><i style="left:0;width:{width}%"></i></span></td><td class="num">{areas}</td>'
                '<td class="num">{running}%</td></tr>', line=row["line"], label=row["label"], lost=f"{row['lost']:.2f}",
                width=f"{100 * row['lost'] / most:.1f}", areas=row["areas"], running=f"{100 * row['running']:.0f}")
        for row in rows.head(LONGEST).to_dict("records")
    )  # fmt: skip
    caption = escaped("<caption>{kind}失分条目（前{n}项，单位：分）</caption>", kind=kind, n=LONGEST)
    names = ("条目", "失分合计", "失分对象（个）", "累计占比")
    head = "".join(f'<th scope="col"{" class=num" if n > 1 else ""}>{name}</th>' for n, name in enumerate(names))
    empty = '<tr><td colspan="4">没有失分</td></tr>'
    return Html(f'<div class="cx-wide"><table class="cx-table">{caption}<thead><tr>{head}</tr></thead>'
                f"<tbody>{body or empty}</tbody></table></div>")  # fmt: skip


FLAGS = {"red": ("cx-bad", "红线"), "black": ("cx-warn", "扣分"), "honour": ("cx-ok", "加分")}


def flags(rows: pd.DataFrame) -> Html:
    """Red lines, other deductions and bonuses that took effect.

    Parameters
    ----------
    rows : from `weakspots.flags`
    """
    body = "".join(
        escaped('<li><span class="cx-tag {state}">{word}{points}分</span> {name}（{unit}）：{line} {label}</li>',
                state=FLAGS[row["flag"]][0], word=FLAGS[row["flag"]][1], points=f"{row['points']:g}", name=row["name"],
                unit=row["short_name"], line=row["line"], label=row["label"])
        for row in rows.to_dict("records")
    )  # fmt: skip
    return Html(f'<ul class="cx-flags">{body}</ul>' if body else "<p>没有加分、扣分和红线情形。</p>")
