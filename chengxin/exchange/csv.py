"""CSV files out without a formula in them; what reads them in is `csvfile`, offered here as well."""

import os
import secrets
from pathlib import Path
from typing import Any

import pandas as pd

from chengxin.csvfile import CONTROL, FORMULA, Placed, normal, read_cells, read_csv, words

__all__ = [
    "CONTROL", "Placed", "guarded", "harmless", "normal", "read_cells", "read_csv", "words", "write_csv",
]  # fmt: skip


def write_csv(frame: pd.DataFrame, path: Path, *, bom: bool = False) -> None:
    """Write a frame as CSV, whole or not at all; no text cell can act as a formula in a spreadsheet.

    Parameters
    ----------
    frame : its index is not written; numbers are written as they are
    path : replaced when it exists
    bom : begin with a byte order mark, so that Excel shows Chinese
    """
    path = Path(path)
    safe = harmless(frame)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with beside.open("x", encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
            safe.to_csv(file, index=False, lineterminator="\r\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with an apostrophe before every text and heading that a spreadsheet would take for a formula."""
    safe = pd.DataFrame({n: _harmless(frame.iloc[:, n]) for n in range(frame.shape[1])}, index=frame.index)
    return safe.set_axis(pd.Index([guarded(str(name)) for name in frame.columns], dtype="str"), axis=1)


def _harmless(column: pd.Series) -> pd.Series:
    plain = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
    return column if plain else column.astype(object).map(guarded)


def guarded(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; `words` takes the apostrophe off again."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
