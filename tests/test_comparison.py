"""What the comparison report of the city says of units and of differences."""

import re

import pytest

from chengxin.comparison import comparison


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


def test_tables_are_numbered_one_after_the_other(city):
    found = [
        city.headline_table(),
        *city.units_tables(),
        *city.areas_tables(),
        *city.groups_tables(),
        city.flags_table(),
    ]
    assert [int(re.search(r"<caption>表(\d+)", table.text)[1]) for table in found] == list(range(1, 9))
