"""The memo for the drafting bureau: the same content as page and in Word, nothing loaded, nothing injected."""

import base64
import io
import re

import pandas as pd
import pytest
from docx import Document
from labdata import SCENIC, STREET, observed

from chengxin import lab
from chengxin.reports.memo import memo


@pytest.fixture(scope="module")
def made():
    return memo(SCENIC, observed(SCENIC, 5, 1), "<script>", demo=True)


def test_the_page_lists_every_reading_and_loads_nothing(made):
    page = made.page.text
    assert all(reading.question in page for reading in SCENIC.readings.values())
    assert "&lt;script&gt;" in page
    assert "演示数据" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "演示数据" not in memo(SCENIC, observed(SCENIC, 5, 1), "", demo=False).page.text


def test_word_holds_the_figures_that_were_measured(made):
    document = Document(io.BytesIO(made.docx()))
    effects, others, reasons = document.tables
    expected = lab.readings_effect(SCENIC, observed(SCENIC, 5, 1))
    cells = [[cell.text for cell in row.cells] for row in effects.rows[1:]]
    assert len(cells) == len(expected)
    for row, found in zip(cells, expected.itertuples(), strict=True):
        assert row[:2] == [found.question, f"现在采用：{found.in_use}\n改用：{found.text}"]
        most = f"{found.most:.2f}".replace("-", "−")
        assert row[2:] == [str(found.changed), f"{found.mean_size:.2f}", most, str(found.reranked),
                           str(found.most_places)]  # fmt: skip
    points = lab.open_effect(SCENIC, observed(SCENIC, 5, 1))
    assert [row.cells[0].text for row in others.rows[1:]] == points["lines"].tolist()
    assert [row.cells[-1].text for row in others.rows[1:]] == points["why"].tolist()
    assert [row.cells[0].text for row in reasons.rows[1:]] == [one.question for one in SCENIC.readings.values()]
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert document.paragraphs[0].text == "关于重点景区诚信计量指数几处理解的说明"
    assert "演示数据" in text
    assert "所用数据：<script>。" in text
    assert SCENIC.sha256[:12] in text


def test_what_came_out_is_said_in_words(made):
    first = lab.readings_effect(SCENIC, observed(SCENIC, 5, 1)).iloc[0]
    assert f"影响最大的一处是“{first['question']}”" in made.said[1]
    assert f"{first['changed']}个评价变分" in made.said[1]
    nothing = memo(STREET, observed(STREET, 2, 1, missing=0.9), "无", demo=False)
    assert "都没有变动" in nothing.said[1]


def test_the_same_memo_gives_the_same_bytes_and_both_can_be_taken_along(made):
    again = memo(SCENIC, observed(SCENIC, 5, 1), "<script>", demo=True)
    assert made.docx() == again.docx()
    files = re.findall(r'download="([^"]+)" href="data:[^;]+;base64,([^"]+)"', made.links().text)
    contents = {name: base64.b64decode(data) for name, data in files}
    assert contents == {"说明.docx": made.docx(), "说明.html": made.page.text.encode()}


def test_the_command_writes_either_form(chengxin, tmp_path):
    csv = tmp_path / "o.csv"
    observed(STREET, 4, 1).to_csv(csv, index=False)
    for name in ("说明.docx", "说明.html"):
        done = chengxin("lab", "memo", csv, "--rubric", "street", "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
    expected = memo(STREET, pd.read_csv(csv, dtype={"line": "str"}), "文件o.csv", demo=False)
    assert (tmp_path / "说明.docx").read_bytes() == expected.docx()
    assert (tmp_path / "说明.html").read_text("utf-8") == expected.page.text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["o.csv", "说明.docx", "说明.html"]
    for out, said in (("x.pdf", "应以.docx或.html结尾"), ("none/x.docx", "没有文件夹")):
        done = chengxin("lab", "memo", csv, "--rubric", "street", "--out", tmp_path / out)
        assert done.returncode == 2
        assert said in done.stderr
