"""PDF, Word and Excel of one executed notebook: opened by other programs, with the figures of the page."""

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import docx
import nbformat
import openpyxl
import pypdf
import pytest
from lxml import html as lxml_html
from nbformat.v4 import new_code_cell, new_notebook, new_output

from chengxin import tables
from chengxin.batch import make_reports
from chengxin.document import read
from chengxin.pdf import to_pdf
from chengxin.reports import KINDS
from chengxin.word import to_docx
from chengxin.workbook import FACTS, to_xlsx

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
    missing = [cell for cell in cells(made) if cell.isascii() and cell not in text]
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
    assert document.styles["Normal"].paragraph_format.line_spacing.pt == 28
    styles = [paragraph.style.name for paragraph in document.paragraphs]
    assert {"Title", "Heading 1", "Caption"} <= set(styles)
    body = document.element.xml
    assert body.count("<w:tblHeader") == sum(1 for block in read(nbformat.read(made["ipynb"], 4)) if block.rows
                                             and block.kind == "table")  # fmt: skip
    assert all(
        shape._inline.docPr.get("descr") and shape._inline.docPr.get("title") for shape in document.inline_shapes
    )
    with zipfile.ZipFile(made["docx"]) as file:
        assert "FangSong" in file.read("word/fontTable.xml").decode()
        assert "PAGE" in file.read("word/footer1.xml").decode()


def test_charts_in_word_are_crisp_in_print(made):
    document = docx.Document(str(made["docx"]))
    for shape in document.inline_shapes:
        part = document.part.related_parts[shape._inline.graphic.graphicData.pic.blipFill.blip.embed]
        assert part.image.px_width / shape.width.inches > 220


def test_libreoffice_opens_the_word_file_with_all_figures(made, tmp_path):
    office = shutil.which("soffice") or pytest.fail("Run: apt-get install libreoffice-writer-nogui", pytrace=False)
    words = [office, f"-env:UserInstallation={tmp_path.as_uri()}/profile", "--headless", "--convert-to", "pdf"]
    subprocess.run([*words, "--outdir", str(tmp_path), str(made["docx"])], capture_output=True, check=True, timeout=180)
    text = squeezed("".join(page.extract_text() for page in pypdf.PdfReader(next(tmp_path.glob("*.pdf"))).pages))
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


def test_the_same_notebook_gives_the_same_bytes(made):
    notebook = nbformat.read(made["ipynb"], 4)
    for write, ending in ((to_pdf, "pdf"), (to_docx, "docx"), (to_xlsx, "xlsx")):
        first = write(notebook, "题")
        assert first == write(notebook, "题"), ending


NASTY = ["=1+1", "+86", "-x", "@SUM(A1)", "<b>&", "#sys.inputs", "*_`$", "]", "\x07x", "a\nb"]


def test_what_a_person_typed_stays_text_everywhere():
    import pandas as pd

    shown = tables.table(pd.DataFrame({"a": NASTY}), {"a": "名称"}, "表1　=坏[名]*").text
    output = new_output("display_data", {"text/html": shown})
    notebook = new_notebook(cells=[new_code_cell("", outputs=[output])])
    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx(notebook, "题"))).worksheets[0]
    assert {cell.data_type for cell in sheet["A"]} == {"s"}
    assert sheet["A2"].value == "=1+1"
    assert sheet.title == "=坏名"
    word = docx.Document(io.BytesIO(to_docx(notebook, "题"))).tables[0]
    assert [cell.text for cell in word._cells][1:] == [text.replace("\x07", "") for text in NASTY]
    pages = pypdf.PdfReader(io.BytesIO(to_pdf(notebook, "题"))).pages
    text = squeezed("".join(page.extract_text() for page in pages))
    assert all(squeezed(said).replace("\x07", "") in text for said in NASTY)
