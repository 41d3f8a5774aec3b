"""CSV files however a spreadsheet saved them: encodings, separators, titles, names of columns; and what is refused."""

import pytest

from chengxin.csvfile import read_csv
from chengxin.errors import DataError

NAMES = {"编号": "id", "名称": "name"}
PLAIN = "id,name,note\n1,演示老街茶行,好\n2,演示周记干货,\n"


def frame(tmp_path, data, **options):
    (tmp_path / "X.CSV").write_bytes(data)
    return read_csv(tmp_path / "X.CSV", ("id", "name"), ("note",), **options)


def refused(tmp_path, data):
    with pytest.raises(DataError) as error:
        frame(tmp_path, data)
    return error.value.faults


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("title", ["", "2026年经营户台账,,\n", "经营户台账（演示）\n\n截至十月\n"])
def test_every_way_a_spreadsheet_saves_it_is_read_alike(tmp_path, encoding, separator, title):
    text = (title + PLAIN).replace(",", separator).replace("\n", "\r\n")
    whole = frame(tmp_path, text.encode(encoding))
    assert whole["name"].tolist() == ["演示老街茶行", "演示周记干货"]
    assert whole["note"].tolist() == ["好", ""]
    assert whole["row"].tolist() == [title.count("\n") + 2, title.count("\n") + 3]


@pytest.mark.parametrize("head", ["ID,Name,NOTE", "编号,名称,note", " ｉｄ ,名称,Note"])
def test_columns_go_by_their_name_in_any_case_or_in_chinese(tmp_path, head):
    whole = frame(tmp_path, PLAIN.replace("id,name,note", head).encode(), names=NAMES)
    assert list(whole.columns) == ["id", "name", "note", "row"]


def test_one_row_in_another_encoding_is_named_and_nothing_is_guessed(tmp_path):
    rows = PLAIN.encode() + "3,演示记干货,商贸\n".encode("gbk") + "4,演示丁,\n".encode()
    (fault,) = refused(tmp_path, rows)
    assert (fault.file, fault.row, fault.found) == ("X.CSV", 4, "编码读不懂")


def test_a_file_cut_within_a_character_is_refused_at_its_last_line(tmp_path):
    (fault,) = refused(tmp_path, PLAIN.encode().replace("货".encode(), "货".encode()[:2]))
    assert fault.row == 3
    (fault,) = refused(tmp_path, "编号\n1".encode("utf-16")[:-1])
    assert fault.found == "编码读不懂"


def test_a_lost_character_is_named_by_row_and_column(tmp_path):
    (fault,) = refused(tmp_path, PLAIN.replace("周记", "\ufffd\ufffd").encode())
    assert (fault.row, fault.column) == (3, "name")
    assert "乱码" in fault.found


def test_an_unknown_header_is_told_as_such_and_not_by_every_row(tmp_path):
    faults = refused(tmp_path, "甲;乙\n1;2\n".encode())
    assert [fault.row for fault in faults] == [1, 1, 1]
    assert [fault.found[:3] for fault in faults] == ["缺少列", "缺少列", "多出列"]
