"""Where points were lost: score rates of the groups of a sheet, and the steps from full marks to a total."""

import pandas as pd


def group_rates(sheet: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """Score rate of each group of base lines by assessment: columns area, group, rate."""
    base = sheet[(sheet["section"] == "base") & sheet["score"].notna()]
    sums = base.groupby(["group", "assessment"], observed=True, sort=False)[["score", "points"]].sum()
    rates = (sums["score"] / sums["points"]).rename("rate").reset_index()
    whole = pd.MultiIndex.from_product(
        [
            dict.fromkeys(sheet.loc[sheet["section"] == "base", "group"]),
            names.index[names.index.isin(sheet["assessment"].astype("str"))],
        ]
    )
    rates = (
        rates.set_index(["group", "assessment"])["rate"]
        .reindex(whole)
        .rename_axis(["group", "assessment"])
        .reset_index()
    )
    return rates.assign(area=rates["assessment"].map(names), group=rates["group"].str.rstrip("。"))[
        ["area", "group", "rate"]
    ]


def steps(sheet: pd.DataFrame, result: object) -> pd.DataFrame:
    """Steps of the waterfall: full marks, points lost by group (largest first), bonus, deduction, total."""
    base = sheet[sheet["section"] == "base"]
    lost = (base["points"] - base["score"].fillna(0)).groupby(base["group"].to_numpy(), sort=False).sum()
    lost = lost[lost > 1e-9].sort_values(ascending=False, kind="stable")
    here = float(base["points"].sum())
    rows = [("满分", 0.0, here, "full")]
    for group, points in lost.items():
        rows.append((str(group).rstrip("。"), here, here - points, "lost"))
        here -= points
    for label, points, kind in (("加分", result.bonus, "bonus"), ("扣分", -result.deduction, "deduction")):  # type: ignore[attr-defined]
        if points:
            rows.append((label, here, here + points, kind))
            here += points
    rows.append(("总分" if result.complete else "最低可能总分", 0.0, float(result.low), "total"))  # type: ignore[attr-defined]
    return pd.DataFrame(rows, columns=["label", "start", "end", "kind"])
