"""What the lab's notebooks show of each result: a card with a table, beside its chart; an empty result says so."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from chengxin import lab
from chengxin.errors import MissingExtraError
from chengxin.lab.rank_intervals import RankIntervals
from chengxin.lab.what_if import WhatIf
from chengxin.render.charts import Picture
from chengxin.render.html import escaped, style
from chengxin.render.tables import Html, between, coefficient, table
from chengxin.reports.memo import Memo
from chengxin.rubric.model import Rubric
from chengxin.scoring.ranking import rank
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals
from chengxin.web.lab.charts import MOST, bump, intervals, lines_table, moves_table, shift
from chengxin.web.lab.variant_shelf import comparison

Names = Mapping[str, str]
NOTHING = "没有可比的评价：所选评价期里你能看到的评价都还不完整，或只有一个。评完两个以上再看。"
SAME = {"n": "对数", "raw": "一致率（%）", "ac1": "AC1", "between": "95%区间", "kappa": "kappa", "said": "偏差"}


def piece(*contents: Html | Picture, styled: bool = False) -> Html:
    """Finished parts as one card of the notebook; `styled`: with the stylesheet, once in a notebook."""
    inside = "".join(part._repr_html_() for part in contents)
    css = style().text if styled else ""
    return Html(f'{css}<div class="cx-page cx-broad cx-piece"><div class="cx-card">{inside}</div></div>')


def sentence(said: object) -> Html:
    """A card that only says something."""
    return piece(Html(escaped("<p>{said}</p>", said=said)))


def scores(rubric: Rubric, observations: pd.DataFrame, names: Names) -> Html:
    """Totals and ranks; incomplete ones with the range that is still possible."""
    found = totals(score(rubric, observations))
    spans = zip(found["complete"], found["low"], found["high"], strict=True)
    rows = pd.DataFrame(
        {
            "name": _named(found["assessment"], names),
            "total": found["total"],
            "rank": rank(found),
            "span": ["" if complete else f"{low:.2f}–{high:.2f}（未评完）" for complete, low, high in spans],
        }
    ).sort_values("rank", kind="stable", na_position="last")
    columns = {"name": "评价", "rank": "名次", "total": "总分（分）", "span": "可能的总分（分）"}
    return piece(table(rows, columns, "总分和名次（评价不完整的不排名）", right=["rank"]))


def moves(found: WhatIf, names: Names) -> Html:
    """Who moves, by which line, and how the totals shift."""
    if not found.table["moved"].notna().any():
        return sentence(NOTHING)
    drawn = "".join(part._repr_html_() for part in (bump(found, names=names), shift(found)))
    return piece(Html(f'<div class="cx-pair">{drawn}</div>'), lines_table(found), moves_table(found, names))


def effects(made: Memo) -> Html:
    """The register of readings by effect, and the memo to take along."""
    return piece(made.effects, made.others, made.links())


def firmness(found: RankIntervals, names: Names) -> Html:
    """Intervals of ranks as chart and table."""
    if found.table.empty:
        return sentence(NOTHING)
    rows = found.table.head(MOST).assign(
        name=_named(found.table["assessment"], names),
        span=[f"{low}–{high}" for low, high in zip(found.table["low"], found.table["high"], strict=True)][:MOST],
        beats=[_percent(share) for share in found.table["beats_next"]][:MOST],
    )
    columns = {"name": "评价", "total": "总分（分）", "rank": "名次", "span": f"{found.confidence:g}%的抽取在",
               "beats": "高于下一名", "overlaps": "区间重叠（个）", "note": "说明"}  # fmt: skip
    if "merchants" in found.vary:
        columns["merchants"] = "抽查户重抽"
    out = f"；另有{len(found.incomplete)}个不完整的评价没有排名" if found.incomplete else ""
    moved = f"；{found.said}" if found.said else ""
    told = table(rows, columns, f"名次区间（{found.draws}次抽取{out}{moved}）", right=["rank", "span", "beats"])
    return piece(intervals(found, names=names), told)


def duels(share: pd.DataFrame, names: Names) -> Html:
    """How often the row's assessment beats the column's."""
    if len(share) < 2:
        return sentence(NOTHING)
    places = {code: n for n, code in enumerate(share.columns, 1)}
    rows = share.map(_percent).assign(name=[f"{places[code]}　{names.get(code, code)}" for code in share.index])
    columns = {"name": "行高于列的抽取"} | {code: str(n) for code, n in places.items()}
    same = dict.fromkeys(share.columns, "—")
    for code in share.columns:
        rows.loc[code, code] = same[code]
    return piece(table(rows, columns, "两两相比（得分相等的不算）", right=list(share.columns)))


def deciding(rows: pd.DataFrame) -> Html:
    """Which lines decide the order: the first of `lab.leave_one_out`."""
    columns = {"line": "条目", "label": "内容", "points": "分值（分）", "reranked": "变名次（个）",
               "mean_places": "平均变（位）", "most_places": "最多变（位）"}  # fmt: skip
    shown = rows.head(8)
    return piece(table(shown, columns, "逐条去掉后名次的变动（变动大的在前，前8条）"))


def groups(rubric: Rubric, observations: pd.DataFrame, size: int, seed: int) -> Html:
    """Variance shares of the groups of lines; a sentence where the library for it is missing."""
    try:
        rows = lab.variance_shares(rubric, observations, size, seed)
    except MissingExtraError as error:
        return sentence(error)
    columns = {
        "group": "检查内容",
        "points": "分值（分）",
        "first": "单独",
        "total": "连同相互作用",
        "total_error": "±",
    }
    return piece(table(rows.head(8), columns, "名次变动的方差出自哪些组分值（Sobol指数，大的在前，前8组）"))


def lines(rows: pd.DataFrame, twice: pd.DataFrame) -> Html:
    """Lines with findings or whose weight in effect is far from the printed one, and pairs that may count twice."""
    shown = rows.assign(
        rate=[_percent(rate) for rate in rows["rate"]],
        weight=[_percent(share) for share in rows["weight"]],
        effective=[_percent(share) for share in rows["effective"]],
    )
    columns = {"line": "条目", "label": "内容", "rate": "得分率", "weight": "名义权重", "effective": "实际权重",
               "findings": "提示"}  # fmt: skip
    right = ["rate", "weight", "effective"]
    twice = twice.assign(pair=twice["first"] + "和" + twice["second"])
    pairs = {
        "pair": "条目",
        "labels": "内容",
        "correlation": "相关",
        "n": "评价（个）",
        "both": "都失分（个）",
        "why": "为什么",
    }
    return piece(
        table(shown, columns, "各条的得分率、区分度和权重", right=right),
        table(twice.head(8), pairs, f"可能重复计分的条目（相关高的在前，共{len(twice)}对，列前8对）"),
    )


def alike(rows: pd.DataFrame, keys: Mapping[str, str], caption: str) -> Html:
    """Agreement per group.

    Parameters
    ----------
    rows : from `lab.compare` or `assessors.filed`
    keys : column of the group → heading
    """
    if rows.empty:
        return sentence("没有双方都判断的项，不能比较。")
    shown = rows.assign(
        raw=[_percent(raw, "") for raw in rows["raw"]],
        ac1=[coefficient(ac1) for ac1 in rows["ac1"]],
        between=[
            note or between(low, high)
            for note, low, high in zip(rows["interval_note"], rows["low"], rows["high"], strict=True)
        ],
        kappa=[note or coefficient(kappa) for note, kappa in zip(rows["kappa_note"], rows["kappa"], strict=True)],
    )
    return piece(table(shown, {**keys, **SAME}, caption, right=["raw", "ac1"]))


def differing(rows: pd.DataFrame, caption: str) -> Html:
    """All lines together and those on which two assessments differ, the least agreed first; from `lab.compare`."""
    if rows.empty:
        return sentence("这一期没有复核过的条目，不能比较。")
    lines = rows.iloc[1:]
    apart = lines[lines["agreed"] < lines["n"]].sort_values("raw", kind="stable")
    return alike(pd.concat([rows.head(1), apart]), {"line": "条目", "label": "内容"}, caption)


def exercise(rubric: Rubric, teams: pd.DataFrame, reference: pd.DataFrame) -> Html:
    """A county exercise, as `lab.consistency` takes it: teams against the reference, and the lines that differ."""
    if reference.empty:
        return sentence("没有可作案卷的评价；评价录入后再看。")
    spread, told = lab.consistency(rubric, teams, reference)
    columns = {"assessment": "小组", "total": "总分（分）", "off": "与参考相差（分）", "differ": "不同（条）"}
    heads = {"line": "条目", "label": "内容", "reference": "参考（分）", "teams": "小组（个）", "low": "最低（分）",
             "high": "最高（分）", "sd": "标准差（分）", "bias": "平均偏差（分）"}  # fmt: skip
    apart = table(spread[spread["sd"] > 0], heads, "判断有分歧的条目（分歧大的在前）")
    return piece(table(told, columns, "各组总分"), apart)


def variants(rubrics: dict[str, Rubric], observations: pd.DataFrame, names: dict[str, str]) -> Html:
    """Totals and ranks under several variants side by side."""
    return piece(comparison(rubrics, observations, names)) if len(observations) else sentence(NOTHING)


def enough(population: int, merchants: Sequence[int], satisfied: Sequence[float], at_least: float = 0.95) -> Html:
    """Margins of error for numbers of merchants, and answers needed to confirm a standard.

    Parameters
    ----------
    population : all merchants
    merchants : how many of them are inspected, several to compare
    satisfied : shares expected in the survey, above the standard
    at_least : the standard
    """
    margins = [(n, f"±{lab.margin_of_error(n, population) * 100:.1f}个百分点") for n in merchants]
    answers = [(f"{share:.0%}", lab.survey_size(at_least, share)) for share in satisfied]
    one, two = pd.DataFrame(margins, columns=["n", "off"]), pd.DataFrame(answers, columns=["share", "n"])
    left = table(one, {"n": "抽查（户）", "off": "合格率的误差"}, f"{population}户中抽查", right=["off"])
    right = table(two, {"share": "预计满意", "n": "至少问卷（份）"}, f"要确认满意度达到{at_least:.0%}", right=["share"])
    return piece(Html(f'<div class="cx-pair">{left.text}{right.text}</div>'))


def _named(codes: pd.Series, names: Names) -> pd.Series:
    return codes.map(lambda code: names.get(code, code))


def _percent(share: Any, sign: str = "%") -> str | None:
    return None if pd.isna(share) else f"{share * 100:.1f}{sign}".replace("-", "−")
