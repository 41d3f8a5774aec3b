"""The command that serves the site."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from chengxin.console import Database


def serve_command(
    demo: Annotated[bool, typer.Option("--demo", help="用示例数据试用，免登录，仅限本机")] = False,
    host: Annotated[str, typer.Option("--host", metavar="地址", help="在哪个地址上打开服务")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="端口", help="端口；0为任选一个空闲的")] = 8866,
    name: Annotated[str, typer.Option("--name", metavar="域名", help="反向代理对外的域名")] = "",
    reports: Annotated[
        Path | None, typer.Option("--reports", metavar="文件夹", help="chengxin report生成的报告所在文件夹")
    ] = None,
    database: Database = None,
) -> None:
    """打开网站：录入、看板、规则试验和报告，用浏览器访问。"""
    from chengxin.server import serve
    from chengxin.store import address_of, open_store

    logging.getLogger("tornado.access").setLevel(logging.ERROR)
    if demo and database is None:
        database, reports = str(_demo_database(Path("chengxin-demo"))), reports or Path("chengxin-demo")
    open_store(database).dispose()
    address = address_of(database).render_as_string(hide_password=False)
    serve(address, host=host, port=port, demo=demo, name=name, reports=reports, ready=_ready)


def _demo_database(folder: Path) -> Path:
    """The database of the demo, made from the sample data when there is none."""
    from datetime import UTC, datetime

    from chengxin.exchange import load
    from chengxin.places import place
    from chengxin.store import migrate, open_store

    database = folder / "chengxin.db"
    fresh = not database.is_file()
    folder.mkdir(parents=True, exist_ok=True)
    migrate(str(database))
    if fresh:
        typer.echo("正在导入示例数据……")
        engine = open_store(str(database))
        load(engine, place("sample_data"), who="演示", why="示例数据", at=datetime.now(UTC), demo=True)
        engine.dispose()
    return database


def _ready(address: str) -> None:
    typer.echo(f"网站已打开：{address}\n按 Ctrl+C 停止。")
