"""Re-weighing: the table's limits, its ends, both ways to a row, and the observation of a batch."""

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chengxin.errors import UsageError
from chengxin.ledgers.reweighing import judge, observed, reweigh, table

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "filing_cases.yaml").read_text("utf-8"))["vectors"]


@pytest.mark.parametrize("case", CASES["retail_short_weight"], ids=lambda case: f"{case['category']} {case['note']}")
def test_worked_cases(case):
    verdict = reweigh(case["category"], case["settled_kg"], case["actual_kg"], case["price_per_kg"])
    assert (verdict.limit_g, verdict.ok) == (case["limit_g"], case["ok"])


def test_sentence_names_the_row_the_limit_and_the_shortage():
    verdict = reweigh("蔬菜", "0.800", "0.779", "4")
    assert verdict.reason == (
        "结算0.8kg，核称0.779kg，短缺21g；按“粮食、蔬菜、水果或不高于6元/kg的食品”允许短缺20g，超过允许短缺量。"
    )
    assert verdict.short_g == 21


@pytest.mark.parametrize("row", table().classes, ids=lambda row: row.id)
def test_every_band_holds_to_its_end_and_not_beyond(row):
    category = row.categories[0] if row.categories else "其他食品"
    price = None if row.categories else "150"
    for band, after in zip(row.bands, [*row.bands[1:], None], strict=True):
        at = reweigh(category, band.up_to, band.up_to, price)
        assert at.limit_g == float(band.grams)
        beyond = reweigh(category, band.up_to + ("001" if "." in band.up_to else ".001"), band.up_to, price)
        assert beyond.limit_g == (float(after.grams) if after else None)
        assert (beyond.ok is None) == (after is None)


def test_prices_fall_into_one_row_each():
    food = [row for row in table().classes if row.price]
    for price, expected in (("6", "grain"), ("6.01", "meat"), ("30", "meat"), ("30.01", "dried"), ("100", "dried"),
                            ("100.01", "precious_food"), ("0", "grain")):  # fmt: skip
        assert [row.id for row in food if row.price.holds(Decimal(price))] == [expected]


def test_where_category_and_price_disagree_the_setting_decides():
    assert reweigh("蔬菜", "1", "0.99", "28").limit_g == 5
    assert reweigh("蔬菜", "1", "0.99", "28", prefer="category").limit_g == 20
    assert reweigh("蔬菜", "1", "0.99", "28", prefer="price").limit_g == 5
    silent = reweigh("蔬菜", "20", "19.99", "28")
    assert silent.ok is None
    assert "肉、蛋" in silent.reason
    assert reweigh("蔬菜", "20", "19.99", "28", prefer="category").limit_g == 100


def test_a_scale_of_equal_accuracy_doubles_the_limit():
    verdict = reweigh("肉", "1", "0.991", "28", method="equal")
    assert (verdict.limit_g, verdict.ok) == (10, True)
    assert "乘以2" in verdict.reason
    assert reweigh("肉", "1", "0.991", "28").ok is False


def test_live_fish_is_not_in_the_table():
    verdict = reweigh("活鱼", "1", "0.9", "28")
    assert (verdict.limit_g, verdict.ok, verdict.short_g) == (None, None, 100)


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(UsageError) as error:
        reweigh("电器", "0", "-1", "x", method="手掂")
    said = str(error.value)
    for words in ("没有商品类别“电器”", "没有核称方法“手掂”", "结算重量为0", "核称重量得到“-1”", "单价得到“x”"):
        assert words in said
    with pytest.raises(UsageError, match="请给出单价"):
        reweigh("其他食品", "1", "1")


@given(st.decimals("0.001", "40", places=3), st.decimals("0", "40", places=3), st.sampled_from(["蔬菜", "肉", "干菜"]))
def test_less_is_never_judged_better(settled, actual, category):
    here = reweigh(category, settled, actual)
    more = reweigh(category, settled, actual + 1)
    assert here.limit_g == more.limit_g
    assert not (here.ok and not more.ok)
    assert here.short_g >= more.short_g >= 0


def test_a_batch_gives_the_observation_of_the_line():
    rows = [
        ("A", "M1", "蔬菜", "4", "0.800", "0.785"), ("A", "M1", "蔬菜", "4", "0.800", "0.779"),
        ("A", "M2", "肉", None, "1", "1"), ("A", "M2", "蔬菜", "4", "30", "29"), ("B", "M3", "蔬菜", "4", "30", "29"),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["area", "merchant", "category", "price", "settled", "actual"])
    judged = judge(frame.assign(method="finer"))
    assert judged["ok"].tolist() == [True, False, True, None, None]
    assert observed(judged).to_dict("records") == [
        {"area": "A", "value": 1, "of": 2, "note": "另有1次复称超出允许短缺量表的范围，未计入"}
    ]
    assert observed(judge(frame.assign(method="finer").iloc[:0])).empty
