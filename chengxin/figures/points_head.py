"""The figures at the head of the page of monitoring points: of a quarter, and of the instruments on a day."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from chengxin.figures import points
from chengxin.figures.city import Headline, HeadlinesFile
from chengxin.figures.points import Watch
from chengxin.ledgers.filings.quarters import day_in_words, in_words
from chengxin.settings import read_table, settings

Counted = tuple[float, float, float]  # value, part, whole


@cache
def definitions() -> Mapping[str, Headline]:
    """The figures at the head of the page with name, unit and definition."""
    days = {"urgent": settings()["due_urgent_days"], "soon": settings()["due_soon_days"]}
    told = read_table("point_figures", HeadlinesFile).figures
    return {
        key: each.model_copy(update={"label": each.label.format(**days), "definition": each.definition.format(**days)})
        for key, each in told.items()
    }


def figures(watch: Watch, quarter: str, sums: pd.DataFrame, tools: pd.DataFrame) -> pd.DataFrame:
    """The figures at the head of the page, as `city_html.cards` takes them.

    Parameters
    ----------
    sums : `points.filed` by quarter
    tools : from `points.instruments`

    Returns
    -------
    one row per figure: key, those of `city.Headline`, value, part, whole, told (of a quarter whose filings may
    still come in time), change and before (since the quarter before, None for what does not belong to a quarter, and
    while the quarter is not over), as_of
    """
    last, known = watch.before(quarter), sums.set_index("quarter")
    now, then = _counts(watch, quarter, known), _counts(watch, last, known) if last else {}
    until = watch.deadline(quarter)
    told = _waiting(now, known.loc[quarter], until) if until else {}
    groups = tools["group"].value_counts()
    out, urgent, soon = (float(groups.get(name, 0)) for name in ("out", "urgent", "soon"))
    fixed = {"out": out, "urgent": urgent, "soon": urgent + soon}
    rows: list[dict[str, Any]] = []
    for key, each in definitions().items():
        value, part, whole = now.get(key) or (fixed[key], np.nan, np.nan)
        change = value - then[key][0] if key in then and not until else np.nan
        before = None if key in fixed or until else in_words(last) if last else ""
        rows.append({"key": key, **each.model_dump(), "value": value, "part": part, "whole": whole,
                     "told": told.get(key, ""), "change": change, "before": before,
                     "as_of": pd.Timestamp(watch.as_of)})  # fmt: skip
    return pd.DataFrame(rows)


def _waiting(now: dict[str, Counted], sums: pd.Series, until: date) -> dict[str, str]:
    """Take out of the counts what cannot be said before the filings are due, and say so; figure → what is said."""
    open_ = f"报送期限{day_in_words(until)}，尚未截止"
    for key in ("in_time", "late", "missing"):
        now[key] = (np.nan, np.nan, np.nan)
    now["due"] = (float(sums["whole"]), np.nan, np.nan)
    due = f"已报{sums['submitted']}份，未到期{sums['not_due']}份"
    return {"due": due, **dict.fromkeys(["in_time", "late", "missing"], open_),
            **dict.fromkeys(["raw", "overstated", "merchant", "cancel"], "只计已报送的")}  # fmt: skip


def _counts(watch: Watch, quarter: str, known: pd.DataFrame) -> dict[str, Counted]:
    """What is counted in a quarter: figure → value, part, whole; a unit may have had no point then."""
    sums = known.loc[quarter] if quarter in known.index else pd.Series(0, known.columns)
    both = points.agreement(watch, quarter, []).iloc[0]
    counts = {name: (float(sums[name]), np.nan, np.nan)
              for name in ("due", "late", "missing", "recommend_merchant", "cancel_review")}  # fmt: skip
    rate = 100 * sums["in_time"] / sums["due"] if sums["due"] else np.nan
    over = float((points.differing(watch, quarter)["direction"] == "overstated").sum())
    return counts | {
        "in_time": (rate, sums["in_time"], sums["due"]),
        "raw": (100 * both["raw"] if both["n"] else np.nan, both["agreed"], both["n"] or np.nan),
        "overstated": (over if both["n"] else np.nan, np.nan, np.nan),
        "merchant": counts["recommend_merchant"], "cancel": counts["cancel_review"],
    }  # fmt: skip
