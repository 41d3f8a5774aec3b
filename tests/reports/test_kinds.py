"""County reports: made for every unit, self-contained, up to date by content, failures kept apart."""

import json
import re
import shutil
import sqlite3

import pytest

from chengxin.errors import UsageError
from chengxin.paths import PACKAGE
from chengxin.reports import kinds
from chengxin.reports.batch import make_reports
from chengxin.reports.county_index import county_index
from chengxin.reports.kinds import KINDS, planned
from chengxin.reports.monitoring_year import monitoring_year
from chengxin.store.engine import migrate, open_store


def test_demo_makes_a_report_for_every_unit(demo):
    pages = sorted(path.name for path in demo.glob("2026-*.html"))
    assert len(pages) == 10
    assert "2026-TZW.html" in pages
    index = (demo / "index.html").read_text("utf-8")
    assert all(f'href="{page}"' in index for page in pages)
    assert not list(demo.glob(".*part*"))


def test_pages_are_marked_as_sample_data_and_load_nothing(demo):
    for page in demo.glob("*.html"):
        text = page.read_text("utf-8")
        assert "演示数据" in text
        assert "<script" not in text
        assert "default-src 'none'" in text
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
        assert not re.findall(r"url\((?!#)", text)
        assert "Traceback" not in text


def test_a_page_holds_the_whole_story(demo):
    text = (demo / "2026-331082.html").read_text("utf-8")
    for words in ("临海市市场监督管理局", "表1", "图1", "图2", "整改建议", "sha256", "读法：", "台州府城文化旅游区"):
        assert words in text, words


def test_what_is_up_to_date_is_not_made_again(demo, tmp_path):
    database = str(demo / "chengxin.db")
    first = make_reports(database, "2026", ["TZW"], tmp_path).made
    page = tmp_path / first[0].file
    stamp = page.stat().st_mtime_ns
    again = make_reports(database, "2026", ["TZW"], tmp_path).made
    assert [first[0].state, again[0].state] == ["made", "current"]
    assert page.stat().st_mtime_ns == stamp


def test_a_change_in_a_module_of_any_folder_makes_reports_anew(tmp_path, monkeypatch):
    """Whatever folder a module stands in, a report may rest on it."""
    database, package = str(tmp_path / "empty.db"), tmp_path / "chengxin"
    migrate(database)
    engine = open_store(database, read_only=True)
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "templates"))
    monkeypatch.setattr(kinds, "PACKAGE", package)
    marks = [kinds.content(engine, KINDS["index"])]
    folders = sorted({path.parent for path in package.rglob("*.py")})
    assert {"figures", "render", "scoring", "store", "dashboard"} <= {folder.name for folder in folders}
    for folder in folders:
        with (folder / "__init__.py").open("a") as file:
            file.write("# changed\n")
        marks.append(kinds.content(engine, KINDS["index"]))
    engine.dispose()
    assert len(set(marks)) == len(folders) + 1


def test_one_failing_unit_does_not_stop_the_others(demo, tmp_path, chengxin):
    broken = tmp_path / "broken.db"
    with sqlite3.connect(demo / "chengxin.db") as source, sqlite3.connect(broken) as copy:
        source.backup(copy)
        copy.execute("delete from observation where assessment in (select id from assessment where area like 'TZW%')")
        copy.execute("update assessment set period = '2020' where area like 'TZW%' and period = '2026'")
    source.close()
    copy.close()
    out = tmp_path / "out"
    done = chengxin(
        "report", "--period", "2026", "--county", "TZW", "--county", "331003", "--out", out, "--database", broken
    )
    assert done.returncode == 1
    assert "没有评价记录" in done.stderr
    assert (out / "2026-331003.html").is_file()
    assert not (out / "2026-TZW.html").exists()
    assert list(json.loads((out / "manifest.json").read_text("utf-8"))) == ["2026-331003.html"]


def test_the_first_period_of_all_is_ranked(demo):
    """With one period there is one group to rank within."""
    results = county_index(str(demo / "chengxin.db"), "331083", "2024").results
    assert results["city_rank"].notna().all()
    assert results["county_rank"].tolist() == [1]


def test_a_year_without_filings_is_reported_as_such(demo):
    made = monitoring_year(str(demo / "chengxin.db"), "TZW", 2024)
    assert "due=0\n" in made.plain()
    assert all("没有应报季报" in section.text for section in made.sections())


def test_cards_of_a_unit_that_was_not_assessed(demo):
    engine = open_store(str(demo / "chengxin.db"), read_only=True)
    with pytest.raises(UsageError, match="台州湾新区在2024年没有评价记录"):
        planned(engine, "card", "2024", ["TZW"])
    engine.dispose()
