"""Numbered schema changes, run by Alembic without an alembic.ini."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

FOLDER = Path(__file__).resolve().parent


def settings() -> Config:
    """Alembic's settings; the scripts are found beside this file, wherever the package is installed."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(conn: Connection) -> None:
    """Bring the schema up to the newest revision.

    Parameters
    ----------
    conn : in a transaction; the caller commits
    """
    config = settings()
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
