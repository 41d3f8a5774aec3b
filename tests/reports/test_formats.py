"""PDF, Word and Excel of one executed notebook: opened by other programs, with the figures of the page."""

import io
import re
import shutil
import subprocess
import zipfile
from datetime import date
from pathlib import Path

import docx
import nbformat
import openpyxl
import pandas as pd
import pypdf
import pytest
from docx.enum.text import WD_ALIGN_PARAGRAPH
from lxml import html as lxml_html
from nbformat.v4 import new_code_cell, new_notebook, new_output

from chengxin.render import charts, tables
from chengxin.render.document import Block, led, read
from chengxin.render.pdf import PAD, ROOM, to_pdf, widths
from chengxin.render.tables import Caption
from chengxin.render.word import to_docx, written
from chengxin.render.workbook import FACTS, to_xlsx
from chengxin.render.workbook import written as sheets
from chengxin.reports.batch import make_reports
from chengxin.reports.kinds import KINDS

FORMATS = ("html", "pdf", "docx", "xlsx", "ipynb")


@pytest.fixture(scope="module", params=sorted(KINDS))
def made(request, demo, tmp_path_factory):
    """The files of one unit in every format, by ending."""
    out = tmp_path_factory.mktemp("formats")
    unit = {"city": "city", "card": "TZW"}.get(request.param, "331082")
    batch = make_reports(str(demo / "chengxin.db"), "2026", [unit], out, kind=request.param, formats=FORMATS)
    assert not batch.failed, batch.failed
    return {Path(name).suffix[1:]: out / name for name in batch.made[0].files}


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def cells(made) -> list[str]:
    """Every cell of every table of the page."""
    page = lxml_html.fromstring(made["html"].read_text("utf-8"))
    return [squeezed(cell.text_content()) for cell in page.iter("td") if cell.get("colspan") is None]


def test_pdf_holds_every_cell_of_the_page_as_text(made):
    reader = pypdf.PdfReader(made["pdf"])
    text = squeezed("".join(page.extract_text() for page in reader.pages))
    text = re.sub(rf"—\d+/{len(reader.pages)}—", "", text)
    missing = [cell for cell in cells(made) if cell not in text]
    assert not missing
    assert f"—1/{len(reader.pages)}—" in squeezed(reader.pages[0].extract_text())


def test_pdf_is_tagged_in_chinese_with_its_fonts_inside(made):
    reader = pypdf.PdfReader(made["pdf"])
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).startswith("zh")
    assert reader.outline, "headings are the bookmarks"
    names = {
        str(font.get_object()["/BaseFont"]) for page in reader.pages for font in page["/Resources"]["/Font"].values()
    }
    assert names
    assert all("+NotoS" in name and "SC" in name for name in names), "subsets of the Chinese faces, embedded"


def test_poppler_reads_the_same_title(made):
    if not shutil.which("pdftotext"):
        pytest.fail("Run: apt-get install poppler-utils", pytrace=False)
    said = subprocess.run(["pdftotext", str(made["pdf"]), "-"], capture_output=True, text=True, check=True).stdout
    assert squeezed(pypdf.PdfReader(made["pdf"]).metadata.title) in squeezed(said)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"city"}))
def test_nothing_that_announces_what_follows_ends_a_page(demo, tmp_path, kind):
    """No heading, no question under it and no table's caption stands last on a page, in the PDF of any unit."""
    batch = make_reports(str(demo / "chengxin.db"), "2026", None, tmp_path, kind=kind, formats=("pdf", "ipynb"))
    assert len(batch.made) >= 9
    for made in batch.made:
        notebook, pdf = (tmp_path / next(name for name in made.files if name.endswith(end)) for end in ("ipynb", "pdf"))
        assert _stranded(list(led(read(nbformat.read(notebook, 4)))), pdf) == [], pdf.name


def _stranded(found, pdf) -> list[str]:
    ahead = [squeezed(block.text) for block, leads in found
             if leads or block.kind == "heading" or (block.columns and block.rows)]  # fmt: skip
    assert len(ahead) > 3
    said = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    stranded = []
    for page in said.split("\f")[:-1]:
        *_, last, number = [squeezed(line) for line in page.splitlines() if line.strip()]
        assert re.fullmatch(r"—\d+/\d+—", number)
        stranded += [text for text in ahead if text == last or (len(last) > 8 and text.endswith(last))]
    return stranded


def test_a_short_table_stays_on_one_page():
    """Wherever it begins; its first and last row are on the page of its caption, in PDF and in Word."""
    rows, where = [[f"甲{n}", f"{n}"] for n in range(6)], set()
    short = Block("table", "表1　短表", columns=["名", "数"], rows=rows, right=[False, True], marks=[""] * 6)
    for above in range(20, 40, 2):
        blocks = [*(Block("text", f"第{n}行") for n in range(above)), short]
        outputs = [new_output("display_data", {"text/html": _html(block)}) for block in blocks]
        notebook = new_notebook(cells=[new_code_cell(outputs=outputs)])
        pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(to_pdf(notebook, "报告"))).pages]
        (on,) = [n for n, page in enumerate(pages) if "短表" in page]
        assert all(cell in pages[on] for cell, _ in rows)
        where.add(on)
    assert where == {0, 1}, "somewhere it was moved to the next page"
    table = docx.Document(io.BytesIO(written(blocks, "报告"))).tables[0]
    kept = [row.cells[0].paragraphs[0].paragraph_format.keep_with_next for row in table.rows]
    assert kept == [True] * 6 + [None]


def _html(block) -> str:
    if block.kind == "text":
        return f"<p>{block.text}</p>"
    return tables.table(pd.DataFrame(block.rows, columns=block.columns), {n: n for n in block.columns}, block.text).text


def test_word_holds_every_cell_of_the_page(made):
    document = docx.Document(str(made["docx"]))
    there = [squeezed(cell.text) for table in document.tables for cell in table._cells]
    left = list(there)
    for cell in cells(made):
        left.remove(cell)  # each once, so repeated figures are counted too


def test_word_is_an_official_document(made):
    document = docx.Document(str(made["docx"]))
    page = document.sections[0]
    sides = (page.top_margin, page.bottom_margin, page.left_margin, page.right_margin)
    assert [round(side.mm) for side in sides] == [37, 35, 28, 26]
    with zipfile.ZipFile(made["docx"]) as parts:
        assert not [name for name in parts.namelist() if "thumbnail" in name]
        about = parts.read("docProps/core.xml") + parts.read("docProps/app.xml") + parts.read("_rels/.rels")
    assert not re.search(rb"python-docx|Macintosh|Normal\.dotm|thumbnail", about)
    assert document.styles["Normal"].paragraph_format.line_spacing.pt == 28
    styles = [paragraph.style.name for paragraph in document.paragraphs]
    assert {"Title", "Heading 1", "Caption"} <= set(styles)
    body = document.element.xml
    assert body.count("<w:tblHeader") == sum(1 for block in read(nbformat.read(made["ipynb"], 4)) if block.rows
                                             and block.kind == "table")  # fmt: skip
    assert all(
        shape._inline.docPr.get("descr") and shape._inline.docPr.get("title") for shape in document.inline_shapes
    )
    assert body.index("<w:tblCellMar>") < body.index("<w:tblLook"), "in the order of the schema"
    odd, even = page.footer.paragraphs[0], page.even_page_footer.paragraphs[0]
    assert document.settings.odd_and_even_pages_header_footer
    assert (odd.alignment, even.alignment) == (WD_ALIGN_PARAGRAPH.RIGHT, WD_ALIGN_PARAGRAPH.LEFT)
    assert all("PAGE" in footer._p.xml for footer in (odd, even))
    with zipfile.ZipFile(made["docx"]) as file:
        assert "FangSong" in file.read("word/fontTable.xml").decode()
        assert 'w:eastAsia="zh-CN"' in file.read("word/styles.xml").decode()


def test_charts_in_word_are_crisp_in_print(made):
    document = docx.Document(str(made["docx"]))
    for shape in document.inline_shapes:
        part = document.part.related_parts[shape._inline.graphic.graphicData.pic.blipFill.blip.embed]
        assert part.image.px_width / shape.width.inches > 220


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """Opens a Word file in LibreOffice and gives the pages as text."""
    program = shutil.which("soffice") or pytest.fail("Run: apt-get install libreoffice-writer-nogui", pytrace=False)
    out = tmp_path_factory.mktemp("office")
    words = [program, f"-env:UserInstallation={out.as_uri()}/profile", "--headless", "--convert-to", "pdf", "--outdir"]

    def opened(path: Path) -> list[str]:
        subprocess.run([*words, out, path], capture_output=True, check=True, timeout=180)
        return [page.extract_text() for page in pypdf.PdfReader(out / f"{path.stem}.pdf").pages]

    return opened


def test_a_page_of_the_word_file_has_22_lines_of_28_characters(office, tmp_path):
    path = tmp_path / "long.docx"
    path.write_bytes(written([Block("text", "计" * 28 * 60)], "题"))
    page = office(path)[1]
    lines = re.findall("计+", page)
    assert [len(line) for line in lines] == [28] * 22


def test_libreoffice_opens_the_word_file_with_all_figures(made, office):
    text = squeezed("".join(office(made["docx"])))
    figures = [cell for cell in cells(made) if re.fullmatch(r"[\d.]{1,5}", cell)]
    assert figures
    assert not [cell for cell in figures if cell not in text]


def as_shown(cell) -> str:
    """A number as its format shows it: decimals, and a sign where the format has one."""
    up, *others = cell.number_format.split(";")
    said = f"{abs(cell.value):.{len(up.partition('.')[2])}f}"
    return ("+" if cell.value > 0 else "−") + said if others else f"{'-' if cell.value < 0 else ''}{said}"


def test_workbook_holds_the_figures_of_the_page_as_numbers(made):
    book = openpyxl.load_workbook(made["xlsx"])
    blocks = [block for block in read(nbformat.read(made["ipynb"], 4)) if block.kind == "table"]
    shown = [
        row[number]
        for block in blocks for row in block.rows for number, right in enumerate(block.right)
        if right and re.fullmatch(r"[+−-]?\d+(\.\d+)?", row[number])
    ]  # fmt: skip
    stored = [cell for sheet in book if sheet.title != FACTS for row in sheet.iter_rows(min_row=2) for cell in row]
    numbers = [as_shown(cell) for cell in stored if cell.data_type == "n" and cell.value is not None]
    assert sorted(numbers) == sorted(shown)
    assert len(numbers) > 5
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions


def test_the_workbook_keeps_units_and_remarks_and_prints_on_a4(made):
    book = openpyxl.load_workbook(made["xlsx"])
    assert {int(sheet.page_setup.paperSize) for sheet in book} == {9}
    facts = [[cell.value for cell in row] for row in book[FACTS].iter_rows(min_row=2)]
    for block in read(nbformat.read(made["ipynb"], 4)):
        if block.kind == "table" and "（" in block.text:
            assert block.text == str(block.caption), "the page shows the parts that went along"
            assert ["表的说明", block.caption.title, block.caption.remark] in facts


def output_of(shown: tables.Html):
    """What a notebook stores where a piece is shown."""
    data, about = shown._repr_mimebundle_()
    return new_output("display_data", data, metadata=about)


def test_a_name_with_brackets_or_a_number_in_it_stays_whole():
    """The parts of a caption go along as data, so nothing of a name is taken for a number or a remark."""
    rows = pd.DataFrame({"a": [1]})
    shown = [
        tables.table(rows, {"a": "分"}, Caption("逐项评分", f"表{n}", name, "单位：分"))
        for n, name in enumerate(("老街（北区）", "表2 号院"), 1)
    ]
    notebook = new_notebook(cells=[new_code_cell(outputs=[output_of(each) for each in shown])])
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(notebook, "题")))
    assert book.sheetnames == ["逐项评分", FACTS]
    assert [cell.value for cell in book["逐项评分"]["A"][1:]] == ["老街（北区）逐项评分", "表2 号院逐项评分"]
    assert [[cell.value for cell in row] for row in book[FACTS].iter_rows(min_row=2)] == [
        ["表的说明", f"{name}逐项评分", "单位：分"] for name in ("老街（北区）", "表2 号院")
    ]
    assert next(block.text for block in read(notebook)) == "表1　老街（北区）逐项评分（单位：分）"
    alone = new_notebook(cells=[new_code_cell(outputs=[output_of(shown[0])])])
    assert openpyxl.load_workbook(io.BytesIO(to_xlsx(alone, "题"))).sheetnames == ["老街（北区）逐项评分", FACTS]


def test_tables_of_two_sorts_have_a_sheet_each_though_their_headings_are_alike():
    rows = pd.DataFrame({"a": [1]})
    shown = [tables.table(rows, {"a": "分"}, Caption(name)) for name in ("得分", "失分")]
    notebook = new_notebook(cells=[new_code_cell(outputs=[output_of(each) for each in shown])])
    assert openpyxl.load_workbook(io.BytesIO(to_xlsx(notebook, "题"))).sheetnames == ["得分", "失分", FACTS]


def test_a_figure_of_a_chart_stands_once_in_the_text_of_the_pdf(tmp_path):
    points = pd.DataFrame({"area": ["甲"] * 2, "period": ["2024", "2025"], "total": [90.25, 91.75]})
    many = pd.DataFrame([(f"街{n}", year, 60 + n + 0.125) for n in range(6) for year in ("2024", "2025")],
                        columns=["area", "period", "total"])  # fmt: skip
    for rows, count in ((points, 1), (many, 2)):
        outputs = [new_output("display_data", {"text/html": charts.trend(rows, "历年")._repr_html_()})]
        pdf = to_pdf(new_notebook(cells=[new_code_cell(outputs=outputs)]), "报告")
        text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
        for total in rows["total"].unique():
            assert text.count(f"{total:.2f}") == count


def test_days_are_days_and_sheets_are_named_in_whole_words():
    def one(name: str, subject: str) -> Block:
        return Block("table", caption=Caption(name, "表1", subject, "共1条"), columns=["期限"],
                     rows=[["2026-11-30"], ["2026-13-01"], ["—"]], right=[False], marks=[""] * 3)  # fmt: skip

    book = openpyxl.load_workbook(
        io.BytesIO(
            sheets(
                [[one("总分对比", "景区"), one("总分对比", "街区")], [one("得分", "街区")]],
                [["报告", "说明", "甲"]],
                "题",
            )
        )
    )
    assert book.sheetnames == ["总分对比", "街区得分", FACTS]
    day, *others = (row[0] for row in book["街区得分"].iter_rows(min_row=2))
    assert (day.value.date(), day.number_format) == (date(2026, 11, 30), "yyyy-mm-dd")
    assert [cell.value for cell in others] == ["2026-13-01", "—"]


def test_the_same_notebook_gives_the_same_bytes(made):
    notebook = nbformat.read(made["ipynb"], 4)
    for write, ending in ((to_pdf, "pdf"), (to_docx, "docx"), (to_xlsx, "xlsx")):
        first = write(notebook, "题")
        assert first == write(notebook, "题"), ending


def test_a_wide_table_gives_its_room_to_the_column_that_makes_it_high():
    columns = ["评价对象", "整改建议", "期限", "状态"]
    rows = [["演示·码头夜市街", "要求商家去皮称重，" * 8, "2026-11-30", "待整改"]] * 9
    name, advice, day, state = widths(Block("table", columns=columns, rows=rows))
    assert day == pytest.approx(6 + PAD), "a date stays on one line"
    assert state == 3 + PAD, "so does a short word"
    assert 4 + PAD <= name < advice
    assert ROOM <= name + advice + day + state < ROOM + 1
    narrow = widths(Block("table", columns=columns, rows=[["甲", "乙", "丙", "丁"]]))
    assert narrow == [4 + PAD, 4 + PAD, 2 + PAD, 2 + PAD], "as wide as the longest where all fits"


NASTY = ["=1+1", "+86", "-x", "@SUM(A1)", "<b>&", "#sys.inputs", "*_`$", "]", "\x07x", "a\nb"]


def test_what_a_person_typed_stays_text_everywhere():
    import pandas as pd

    shown = tables.table(pd.DataFrame({"a": NASTY}), {"a": "名称"}, Caption("=坏[名]*", "表1"))
    notebook = new_notebook(cells=[new_code_cell("", outputs=[output_of(shown)])])
    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx(notebook, "题"))).worksheets[0]
    assert {cell.data_type for cell in sheet["A"]} == {"s"}
    assert sheet["A2"].value == "=1+1"
    assert [cell.quotePrefix for cell in sheet["A"][1:6]] == [True, True, True, True, False], "nor when edited"
    assert sheet.title == "=坏名"
    word = docx.Document(io.BytesIO(to_docx(notebook, "题"))).tables[0]
    assert [cell.text for cell in word._cells][1:] == [text.replace("\x07", "") for text in NASTY]
    pages = pypdf.PdfReader(io.BytesIO(to_pdf(notebook, "题"))).pages
    text = squeezed("".join(page.extract_text() for page in pages))
    assert all(squeezed(said).replace("\x07", "") in text for said in NASTY)
