"""The annual monitoring report: the guidance's four parts, every point's section, figures that agree, no NaN."""

import re
from dataclasses import replace

import pytest

from chengxin.errors import UsageError
from chengxin.ledgers.filings.form import load_form
from chengxin.ledgers.verification import barred
from chengxin.reports.monitoring_year import CITY, FILED, monitoring_year


@pytest.fixture(scope="module")
def city(demo):
    return monitoring_year(str(demo / "chengxin.db"), CITY, 2026)


def texts(year):
    parts = [year.title_facts(), *year.data_tables(), *year.analysis_tables(), year.conclusions(), *year.advice()]
    return [part.text for part in [*parts, *year.sections()]]


def test_units_sum_to_the_city(demo, city):
    units = [monitoring_year(str(demo / "chengxin.db"), unit, 2026) for unit in sorted(set(city.points["unit"]))]
    assert sum(len(unit.points) for unit in units) == len(city.points)
    assert sum(len(unit.judged) for unit in units) == len(city.judged)
    assert sum(len(unit.clocked) for unit in units) == len(city.clocked)
    assert len(units) == 10


def test_a_rate_of_too_few_complaints_is_not_published(city):
    counts = city.judged.groupby("sector")["disputes"].sum()
    assert set(counts) & {1, 2}
    assert (counts >= 3).any()
    text = city.data_tables()[0].text
    for sector, count in counts.items():
        row = re.search(f"<td[^>]*>{sector}</td>.*?</tr>", text)[0]
        last = re.findall(r">([^<]*)</td>", row)[-1]
        assert (last == "＊") == (0 < count < 3), (sector, count, last)
        assert (last == "—") == (count == 0)
    assert "＊为投诉纠纷不足3件，不列比率）</caption>" in text
    assert "＊" not in re.search("<td[^>]*>合计</td>.*?</tr>", text)[0]


def test_every_point_has_its_own_section_in_four_parts(city):
    sections = [section.text for section in city.sections()]
    assert len(sections) == len(city.points)
    for name, text in zip(city.points["name"], sections, strict=True):
        assert name in text
        assert re.findall("<dt>(.*?)</dt>", text) == ["监测数据", "分析结果", "结论", "建议"]


def test_an_item_that_is_not_in_order_is_named_and_to_be_mended(city):
    labels = {item.number: item.label for item in load_form().items}
    told = 0
    for code, section in zip(city.points["code"], city.sections(), strict=True):
        mine = city.judged[city.judged["point"] == code]
        for row in mine.itertuples():
            for number in row.unfavourable:
                assert f"第{number}项{labels[number]}" in section.text
                told += 1
        given = mine[mine["submitted"].notna()].sort_values("quarter").tail(1)
        bad = given["unfavourable"].map(len).any()
        assert ("整改第" in section.text) == bad
        assert not (bad and "继续保持" in section.text)
    assert told > 10


def test_nobody_is_proposed_where_there_is_nobody(city):
    nobody = city.judged.assign(recommend_merchant=False, cancel_review=False)
    said = replace(city, judged=nobody).advice()[0].text
    assert "候选" not in said
    assert "取消" not in said
    said = city.advice()[0].text
    count = int(city.judged.sort_values("quarter").groupby("point").tail(1)["cancel_review"].sum())
    assert f"连续报送不规范的{count}个监测点，提请研究是否取消监测点资格，见表9。" in said
    fine = replace(city, judged=nobody.iloc[:0], clocked=city.clocked.iloc[:0])
    assert "没有需要提请处理的事项" in fine.advice()[0].text


def test_every_rate_says_what_it_is_made_of(city):
    said = city.definitions().text
    for name, (part, whole) in load_form().rates.items():
        assert FILED[name] in said
        assert load_form().counts[part] in said
        assert load_form().counts[whole] in said


def test_states_sum_to_what_was_due_and_each_late_instrument_is_listed(city):
    table = city.data_tables()[0].text
    total = [int(cell) for cell in re.findall(r">(\d+)</td>", table[table.index("合计") :])][:6]
    assert total[1] == sum(total[2:])
    late = city.clocked[barred(city.clocked, "mandatory")]
    said = "".join(part.text for part in city.advice())
    assert len(late) > 0
    assert all(serial in said for serial in late["serial"])


def test_nothing_undefined_is_printed_and_sample_data_says_so(city):
    for text in texts(city):
        assert not re.search(r"nan|NaN|None|NaT|<NA>|\.0台", text), text[:200]
    assert "演示数据" in city.banner().text


def test_candidates_carry_the_rule_and_nobody_has_decided_for_them(city):
    good = city.advice()[2].text
    assert "优先推荐评定诚信计量商户" in good
    assert "由有权决定的人填写" in good


def test_wrong_use_is_told(demo):
    with pytest.raises(UsageError, match="没有填报单位“X”"):
        monitoring_year(str(demo / "chengxin.db"), "X", 2026)
    with pytest.raises(UsageError, match="没有监测点"):
        monitoring_year(str(demo / "chengxin.db"), "331082", 2001)


def test_the_command_makes_the_units_and_the_citys_report(demo, tmp_path, chengxin):
    words = (
        "report",
        "--kind",
        "monitoring-year",
        "--year",
        "2026",
        "--database",
        demo / "chengxin.db",
        "--out",
        tmp_path,
    )
    done = chengxin(*words, "--county", "TZW", "--county", "city")
    assert done.returncode == 0, done.stderr
    assert "monitoring-index.html" in done.stdout
    page = (tmp_path / "monitoring-2026-city.html").read_text("utf-8")
    titles = [re.sub("<.*?>", "", title).strip("¶") for title in re.findall("<h2.*?</h2>", page)]
    assert titles[:4] == ["一、监测数据", "二、分析结果", "三、结论", "四、建议"]
    assert "<script" not in page
    assert "已是最新" in chengxin(*words, "--county", "TZW").stderr
    wrong = chengxin("report", "--kind", "x", "--year", "2026", "--database", demo / "chengxin.db")
    assert (wrong.returncode, "没有报告种类“x”" in wrong.stderr) == (2, True)
