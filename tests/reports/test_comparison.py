"""What the comparison report of the city says of units and of differences."""

import re

import pytest

from chengxin.reports.comparison import comparison


@pytest.fixture(scope="module")
def city(demo):
    return comparison(str(demo / "chengxin.db"), "city", "2026")


def rows(table) -> list[list[str]]:
    body = table.text.split("<tbody>")[1]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in body.split("</tr>")[:-1]]


def test_units_stand_within_a_kind_with_the_totals_that_the_areas_have(city):
    units, areas = list(city.units_tables()), list(city.areas_tables())
    for number, (label, table, whole) in enumerate(zip(("景区", "街区"), units, areas, strict=True), start=2):
        assert f"<caption>表{number}　各填报单位{label}评价结果" in table.text
        totals = {}
        for _, unit, _, now, *_ in rows(whole):
            if "–" not in now:  # complete
                totals.setdefault(unit, []).append(now)
        shown = {row[1]: row[5:7] for row in rows(table)}
        assert shown == {unit: [min(found, key=float), max(found, key=float)] for unit, found in totals.items()}
    assert "5（并列）" in units[0].text


def test_both_totals_are_those_of_the_areas_and_the_exact_difference_is_said_to_be_exact(city):
    assert "按未四舍五入的数值计算，与表中两期数值相减，末位可能相差1" in city.title_facts().text
    results = city.overview.results
    totals = {period: mine.set_index("name") for period, mine in results.groupby("period", observed=True)}
    off = 0.0
    for name, _, then, now, moved, *_ in (row for table in city.areas_tables() for row in rows(table)):
        if then != "—":
            assert then == f"{totals['2025'].loc[name, 'total']:.2f}"
        if moved != "—":
            exact = totals["2026"].loc[name, "unrounded"] - totals["2025"].loc[name, "unrounded"]
            assert float(moved.replace("−", "-")) == pytest.approx(exact, abs=0.005 + 1e-9)
            off = max(off, abs(float(now) - float(then) - float(moved.replace("−", "-"))))
    assert 0.005 < off < 0.015  # it does happen, by one in the last place


def test_tables_are_numbered_one_after_the_other(city):
    found = [
        city.headline_table(),
        *city.units_tables(),
        *city.areas_tables(),
        *city.groups_tables(),
        city.flags_table(),
    ]
    assert [int(re.search(r"<caption>表(\d+)", table.text)[1]) for table in found] == list(range(1, 9))
