"""Evidence files: type by content, size, hash; names are only names; nothing is lost or overwritten."""

from datetime import UTC, datetime

import pytest
from stores import opened

from chengxin.errors import DataError, StoreError
from chengxin.store.attachments import attach, attached, content, folder, withdraw
from chengxin.store.read import audit_trail

HERE = {"who": "李科员", "at": datetime(2026, 11, 2, 9, tzinfo=UTC)}
JPEG = b"\xff\xd8\xff\xe0" + b"photo" * 50
DRAFT = "331024-S2-2026"


@pytest.fixture(scope="module")
def engine(fresh, tmp_path_factory):
    with fresh("sample") as address, opened(address) as engine, pytest.MonkeyPatch.context() as patch:
        if engine.dialect.name != "sqlite":
            patch.setenv("CHENGXIN_EVIDENCE", str(tmp_path_factory.mktemp("evidence")))
        yield engine


def test_a_photo_is_kept_under_its_hash_and_listed(engine):
    key = attach(engine, DRAFT, "10.1", "铅封 1.jpg", JPEG, **HERE)
    assert attach(engine, DRAFT, "10.1", "铅封 1.jpg", JPEG, **HERE) == key
    row = attached(engine, DRAFT).query("id == @key").iloc[0]
    assert (row["line"], row["name"], row["media"], row["size"]) == ("10.1", "铅封 1.jpg", "image/jpeg", len(JPEG))
    assert content(engine, row["sha256"]) == JPEG
    assert audit_trail(engine, 1)["who"].item() == "李科员"


@pytest.mark.parametrize(
    ("data", "media"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7 ...", "application/pdf"),
    ],
)
def test_the_type_is_read_from_the_content(engine, data, media):
    key = attach(engine, DRAFT, "1.1", "改了扩展名.txt", data, **HERE)
    assert attached(engine, DRAFT).set_index("id").loc[key, "media"] == media


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "空文件"),
        (b"<html><script>alert(1)</script>", "不认得的文件类型"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", "不认得的文件类型"),
        (b"MZ\x90\x00", "不认得的文件类型"),
        (JPEG[:4] + bytes(10 * 2**20), "10.0MB"),
    ],
)
def test_what_is_no_photo_or_document_is_refused(engine, data, said):
    before = len(attached(engine, DRAFT))
    with pytest.raises(DataError, match=said):
        attach(engine, DRAFT, "1.1", "照片.jpg", data, **HERE)
    assert len(attached(engine, DRAFT)) == before


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a\x00b.jpg", "C:\\x.jpg", "长" * 999])
def test_a_name_is_never_a_path(engine, name):
    before = {path for path in folder(engine).parent.rglob("*") if path.is_file()}
    attach(engine, DRAFT, "2.1", name.replace("\x00", ""), JPEG + name.encode(), **HERE)
    made = {path for path in folder(engine).parent.rglob("*") if path.is_file()} - before
    assert all(path.is_relative_to(folder(engine)) for path in made if "x.db" not in path.name)


def test_of_an_assessment_that_is_not_there_nothing_is_listed(engine):
    with pytest.raises(DataError, match="没有登记"):
        attach(engine, "X", "1.1", "a.jpg", JPEG + b"x", **HERE)
    assert attached(engine, "X").empty


def test_a_withdrawn_file_stays_on_record(engine):
    key = attach(engine, DRAFT, "3.1", "错传.jpg", JPEG + b"wrong", **HERE)
    withdraw(engine, key, why="传错了", **HERE)
    assert key not in attached(engine, DRAFT)["id"].tolist()
    assert audit_trail(engine, 1)["why"].item() == "传错了"
    with pytest.raises(DataError, match="没有“nope”"):
        withdraw(engine, "nope", why="试", **HERE)


def test_a_changed_or_lost_file_is_noticed(engine):
    key = attach(engine, DRAFT, "4.1", "x.jpg", JPEG + b"4", **HERE)
    digest = attached(engine, DRAFT).set_index("id").loc[key, "sha256"]
    path = folder(engine) / digest[:2] / digest
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(b"other")
    with pytest.raises(StoreError, match="哈希不符"):
        content(engine, digest)
    path.unlink()
    with pytest.raises(StoreError, match="找不到"):
        content(engine, digest)


def test_a_file_half_written_is_never_seen(engine, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: 1 / 0)
    before = sorted(folder(engine).rglob("*"))
    with pytest.raises(ZeroDivisionError):
        attach(engine, DRAFT, "5.1", "x.jpg", JPEG + b"5", **HERE)
    assert [path for path in sorted(folder(engine).rglob("*")) if path.is_file()] == [p for p in before if p.is_file()]
