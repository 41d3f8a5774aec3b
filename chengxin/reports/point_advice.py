"""What the year's report says of one monitoring point: items that were not in order, and what to do next."""

from collections.abc import Iterable

import pandas as pd

from chengxin.ledgers.filings.form import load_form
from chengxin.ledgers.filings.quarters import season
from chengxin.ledgers.verification import barred


def _items(numbers: Iterable[int]) -> str:
    """Items of the form by number and name."""
    labels = {item.number: item.label for item in load_form().items}
    return "、".join(f"第{number}项{labels[number]}" for number in numbers)


def unfavourable(judged: pd.DataFrame) -> str:
    """The items that were not in order, quarter by quarter.

    Parameters
    ----------
    judged : the point's filings, from `judge.judge`
    """
    said = [f"{season(row.quarter)}：{_items(row.unfavourable)}" for row in judged.itertuples() if row.unfavourable]
    return f"不利项：{'；'.join(said)}。" if said else "没有不利项。"


def advice(judged: pd.DataFrame, clocked: pd.DataFrame) -> str:
    """What a point is to do next.

    Parameters
    ----------
    judged, clocked : the point's filings, from `judge.judge`, and its instruments, from `verification.clock`
    """
    said = []
    late = int(barred(clocked, "mandatory").sum())
    if late:
        said.append(f"{late}台（件）强检器具立即停用并申请检定")
    if judged["state"].isin(["late", "missing"]).any():
        said.append("按期报送季报")
    if judged["contradictions"].map(len).any() or judged["overstated"].map(len).any():
        said.append("核对填报数据，如实填报")
    last = judged[judged["submitted"].notna()].sort_values("quarter").tail(1)
    if last["unfavourable"].map(len).any():
        said.append(f"整改{_items(last['unfavourable'].iloc[0])}")
    return "；".join(said) + "。" if said else "继续保持。"
