"""The kit's tables: strict, each value with its source; settings change by name only."""

import pytest

from chengxin.errors import RubricError, UsageError
from chengxin.settings import PeriodsFile, SettingsFile, defaults, read_table, sectors, settings, verification_periods


def test_every_setting_says_what_it_asks_and_where_it_comes_from():
    assert set(settings()) == set(defaults())
    for setting in defaults().values():
        assert setting.question
        assert setting.unit
        assert setting.source


def test_a_setting_is_changed_by_name_and_wrong_ones_are_told_together():
    assert settings({"dispute_days": "10"})["dispute_days"] == 10
    assert settings()["dispute_days"] == 45
    with pytest.raises(UsageError) as error:
        settings({"dispute_day": 1, "filing_due_days": "十", "survey_confidence": -1, "sample_size": "nan"})
    said = str(error.value).splitlines()
    assert len(said) == 4
    assert "没有这项设定" in said[0]
    assert "应为0或正数（单位：天）" in said[1]


def test_fifteen_sectors_and_their_other_names():
    names = sectors()
    assert len(set(names.values())) == 15
    assert names["配镜行业"] == "眼镜制配店"
    assert names["供热"] == "供热"
    assert names["邮政"] == "邮政"


def test_a_verification_period_has_rule_source_and_date():
    table = verification_periods()
    assert table.as_of
    assert table.instruments["燃油加油机"].months == 6
    assert all(period.rule and period.source for period in table.instruments.values())


@pytest.mark.parametrize(
    ("model", "text", "said"),
    [
        (
            SettingsFile,
            "id: settings\ntitle: 设定\nsettings:\n  a: {question: q, value: 多, unit: 天, source: s}\n",
            ":4",
        ),
        (SettingsFile, "id: settings\ntitle: 设定\nsettings: {}\nmore: 1\n", ":4"),
        (PeriodsFile, "id: p\ntitle: t\nas_of: 2026\ninstruments:\n  秤: {months: 0, rule: r, source: s}\n", ":5"),
    ],
)
def test_a_wrong_table_is_refused_at_its_line(tmp_path, model, text, said):
    path = tmp_path / "table.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(RubricError) as error:
        read_table("settings", model, path)
    assert said in str(error.value)
