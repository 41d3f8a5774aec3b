"""Photos and documents behind a line: kept beside the database under their hash, never served, never overwritten."""

import errno
import hashlib
import os
import secrets
from datetime import datetime
from pathlib import Path

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from chengxin.errors import DataError, Fault, StoreError, UsageError
from chengxin.settings import settings
from chengxin.store.engine import writing
from chengxin.store.schema import ASSESSMENT, ASSESSMENT_STATES, ATTACHMENT
from chengxin.store.write import put

BEGINNINGS = {  # first bytes of a file → its media type; for WebP the bytes 8 to 12 as well
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"RIFF": "image/webp",
    b"%PDF-": "application/pdf",
}
TAKEN = "JPEG、PNG、WebP照片或PDF文件"
MEGABYTE = 2**20


def attach(
    engine: Engine, assessment: str, line: str, name: str, data: bytes, *, who: str, at: datetime, why: str = "评价佐证"
) -> str:
    """Keep a file as evidence of a line.

    Parameters
    ----------
    engine : from `open_store`
    assessment, line : what it is evidence of
    name : the file's name as the person had it; shown, never used as a path
    data : its bytes
    who, at, why : for the audit

    Returns
    -------
    id of the attachment; the same file for the same line twice is one attachment

    Raises
    ------
    DataError : empty, too large, of another type, or the assessment does not exist; nothing is kept
    UsageError : the assessment is no draft any more
    StoreError : the file cannot be written, such as on a full disk
    """
    media = media_type(data)
    faults = [Fault(f"{line}条 佐证“{name[:80]}”", *wrong) for wrong in _wrong(data, media)]
    if faults:
        raise DataError("佐证没有保存", faults)
    digest = hashlib.sha256(data).hexdigest()
    row = {
        "id": f"{assessment}/{line}/{digest[:16]}", "assessment": assessment, "line": line, "name": name[:200],
        "media": media, "size": len(data), "sha256": digest, "status": "kept",
    }  # fmt: skip
    with engine.connect() as conn:
        _refuse_frozen(conn, assessment)
    _write(_path(engine, digest), data)
    with writing(engine) as conn:
        _refuse_frozen(conn, assessment)
        put(conn, ATTACHMENT.name, [row], who=who, why=why, at=at)
    return str(row["id"])


def withdraw(engine: Engine, attachment: str, *, who: str, at: datetime, why: str) -> None:
    """Take a file out of the evidence; it stays on record, and so does who withdrew it and why.

    Parameters
    ----------
    attachment : id from `attach`
    engine, who, at, why : as for `attach`
    """
    with writing(engine) as conn:
        row = conn.execute(sa.select(ATTACHMENT).where(ATTACHMENT.c.id == attachment)).mappings().first()
        if row is None:
            raise DataError("佐证没有撤下", [Fault("佐证", f"没有“{attachment}”", "已保存的佐证")])
        _refuse_frozen(conn, row["assessment"])
        put(conn, ATTACHMENT.name, [{**row, "status": "withdrawn"}], who=who, why=why, at=at)


def attached(engine: Engine, assessment: str) -> pd.DataFrame:
    """Evidence of an assessment that is kept, by line and name.

    Returns
    -------
    columns id, assessment, line, name, media, size (bytes), sha256, status
    """
    a = ATTACHMENT.c
    query = sa.select(ATTACHMENT).where(a.assessment == assessment, a.status == "kept").order_by(a.line, a.name)
    with engine.connect() as conn:
        return pd.read_sql(query, conn)


def content(engine: Engine, sha256: str) -> bytes:
    """Bytes of a kept file, checked against its hash.

    Raises
    ------
    StoreError : the file is gone or was changed
    """
    path = _path(engine, sha256)
    try:
        data = path.read_bytes()
    except OSError:
        raise StoreError(f"佐证文件{path.name[:12]}…找不到；请从备份恢复“{path.parents[1].name}”文件夹。") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise StoreError(f"佐证文件{path.name[:12]}…与保存时的哈希不符，可能被改动；请从备份恢复。")
    return data


def media_type(data: bytes) -> str:
    """Media type by the first bytes; empty where it is none that is taken. The file's name is not trusted."""
    kind = next((kind for start, kind in BEGINNINGS.items() if data.startswith(start)), "")
    return "" if kind == "image/webp" and data[8:12] != b"WEBP" else kind


def _wrong(data: bytes, media: str) -> list[tuple[str, str, str]]:
    most = settings()["evidence_megabytes"]
    if not data:
        return [("空文件", TAKEN, "请重新选择文件")]
    faults = [] if media else [("不认得的文件类型", TAKEN, "手机照片请存为JPEG再上传")]
    if len(data) > most * MEGABYTE:
        faults.append((f"{len(data) / MEGABYTE:.1f}MB", f"不超过{most}MB的文件", "请压缩或拆分后上传"))
    return faults


def _refuse_frozen(conn: Connection, assessment: str) -> None:
    """What was handed in keeps the evidence it was handed in with."""
    status = conn.execute(sa.select(ASSESSMENT.c.status).where(ASSESSMENT.c.id == assessment)).scalar()
    if status not in (None, "draft"):
        raise UsageError(f"评价{ASSESSMENT_STATES[status]}，佐证不能再改；要改，请先退回。")


def folder(engine: Engine) -> Path:
    """Where evidence lies: ``CHENGXIN_EVIDENCE``, else a folder beside the SQLite file.

    Raises
    ------
    StoreError : a database on a server and no folder named
    """
    named = os.environ.get("CHENGXIN_EVIDENCE")
    if named:
        return Path(named)
    if engine.dialect.name != "sqlite" or not engine.url.database:
        raise StoreError("没有写明佐证文件放在哪里；请把环境变量CHENGXIN_EVIDENCE设为一个文件夹。")
    return Path(f"{engine.url.database}-evidence")


def _path(engine: Engine, digest: str) -> Path:
    return folder(engine) / digest[:2] / digest


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; one that is there already is the same."""
    try:
        if not path.is_file() or path.read_bytes() != data:
            _replace(path, data)
    except OSError as error:
        why = "磁盘已满" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise StoreError(f"佐证文件没有保存（{why}）；请告诉维护人员检查佐证文件夹的空间和权限，再上传一次。") from None


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(0o600)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
