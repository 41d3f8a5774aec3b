"""The commands that serve the site and keep its accounts."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from chengxin.cli.console import Command, Database, Group, padded
from chengxin.clock import now
from chengxin.errors import UsageError

PORT = 8866
AccountName = Annotated[str, typer.Argument(metavar="账号", help="登录用的账号")]


def serve_command(
    demo: Annotated[bool, typer.Option("--demo", help="用示例数据试用，免登录，仅限本机")] = False,
    host: Annotated[str, typer.Option("--host", metavar="地址", help="在哪个地址上打开服务")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="端口", help="端口；0为任选一个空闲的")] = PORT,
    name: Annotated[str, typer.Option("--name", metavar="域名", help="反向代理对外的域名")] = "",
    reports: Annotated[
        Path | None, typer.Option("--reports", metavar="文件夹", help="chengxin report生成的报告所在文件夹")
    ] = None,
    database: Database = None,
) -> None:
    """打开网站：录入、看板、规则试验和报告，用浏览器访问。"""
    from chengxin.store.engine import open_store
    from chengxin.web.server.serve import can_listen

    can_listen(host, port, demo)
    if demo and database is None:
        database, reports = str(_demo_database(Path("chengxin-demo"))), reports or Path("chengxin-demo")
    open_store(database).dispose()
    _serve(database, port, host=host, demo=demo, name=name, reports=reports)


def show(database: str, reports: Path) -> None:
    """Serve a demo on this machine, on the usual port or, where that is taken, on a free one."""
    try:
        _serve(database, PORT, demo=True, reports=reports)
    except UsageError:
        _serve(database, 0, demo=True, reports=reports)


def _serve(database: str | None, port: int, **options: Any) -> None:
    from chengxin.store.engine import address_of
    from chengxin.web.server.serve import serve

    serve(address_of(database).render_as_string(hide_password=False), port=port, ready=_ready, **options)


def _demo_database(folder: Path) -> Path:
    """The database of the demo, made from the sample data when there is none."""
    from chengxin.exchange.load import load
    from chengxin.paths import place
    from chengxin.store.engine import migrate, open_store

    database = folder / "chengxin.db"
    fresh = not database.is_file()
    folder.mkdir(parents=True, exist_ok=True)
    migrate(str(database))
    if fresh:
        typer.echo("正在导入示例数据……")
        engine = open_store(str(database))
        load(engine, place("sample_data"), who="演示", why="示例数据", at=now(), demo=True)
        engine.dispose()
    return database


def _ready(address: str) -> None:
    typer.echo(f"网站已打开：{address}\n按 Ctrl+C 停止。")


def user_add(
    name: AccountName,
    role: Annotated[
        str,
        typer.Option("--role", metavar="角色", help="市局、县级局、评价员、监测点或领导"),
    ],
    display: Annotated[str, typer.Option("--display", metavar="姓名", help="使用人姓名，记入操作记录")],
    unit: Annotated[str | None, typer.Option("--unit", metavar="代码", help="县级局的填报单位代码")] = None,
    point: Annotated[str | None, typer.Option("--point", metavar="代码", help="监测点代码")] = None,
    database: Database = None,
) -> None:
    """建立网站账号；密码随后输入，不写在命令里。"""
    from chengxin.store.account_tables import ROLES
    from chengxin.store.accounts import Account, add

    role = next((key for key, said in ROLES.items() if said == role), role)
    with _changing(database) as (conn, about):
        add(conn, Account(name, display, role, unit, point, "active"), _password(), **about)
    typer.echo(f"已建立账号{name}。")


def user_passwd(name: AccountName, database: Database = None) -> None:
    """重设一个账号的密码；已登录的会话随即失效。"""
    from chengxin.store.accounts import set_password

    with _changing(database) as (conn, about):
        set_password(conn, name, _password(), **about)
    typer.echo(f"账号{name}的密码已改。")


def user_disable(name: AccountName, database: Database = None) -> None:
    """停用一个账号；已登录的会话随即失效。"""
    _set_status(name, "disabled", database, "已停用")


def user_enable(name: AccountName, database: Database = None) -> None:
    """重新启用一个账号。"""
    _set_status(name, "active", database, "已启用")


def _set_status(name: str, status: str, database: str | None, said: str) -> None:
    from chengxin.store.accounts import set_status

    with _changing(database) as (conn, about):
        set_status(conn, name, status, **about)
    typer.echo(f"账号{name}{said}。")


def user_assign(
    name: AccountName,
    assessment: Annotated[str, typer.Argument(metavar="评价", help="评价编号")],
    database: Database = None,
) -> None:
    """把一个评价指派给评价员。"""
    from chengxin.store.accounts import assign

    with _changing(database) as (conn, about):
        assign(conn, name, assessment, **about)
    typer.echo(f"评价{assessment}已指派给{name}。")


def user_list(database: Database = None) -> None:
    """列出全部账号。"""
    from chengxin.store.account_tables import ACCOUNT_STATES, ROLES
    from chengxin.store.accounts import listed
    from chengxin.store.engine import open_store

    engine = open_store(database, read_only=True)
    for one in listed(engine):
        whose = one.unit or one.point or ""
        said = f"{padded(ROLES[one.role], 8)}{padded(whose, 14)}{ACCOUNT_STATES[one.status]}"
        typer.echo(f"{padded(one.name, 18)}{padded(one.display, 14)}{said}")
    engine.dispose()


@contextmanager
def _changing(database: str | None) -> Iterator[tuple[Any, dict[str, Any]]]:
    """A transaction on the database, and who changes accounts and when, for the audit."""
    from chengxin.store.engine import open_store, writing

    engine = open_store(database)
    try:
        with writing(engine) as conn:
            yield conn, {"who": f"命令行（{getpass.getuser()}）", "at": now()}
    finally:
        engine.dispose()


def _password() -> str:
    """A password typed twice without being shown; from a pipe, its first line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("密码：")
    if getpass.getpass("再输一次：") != first:
        raise UsageError("两次输入的密码不一样；什么都没有改。")
    return first


user_app = typer.Typer(cls=Group, help="网站账号。", no_args_is_help=True)
for _name, _work in (
    ("add", user_add), ("passwd", user_passwd), ("disable", user_disable), ("enable", user_enable),
    ("assign", user_assign), ("list", user_list),
):  # fmt: skip
    user_app.command(_name, cls=Command)(_work)
