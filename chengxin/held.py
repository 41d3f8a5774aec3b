"""What one process computes once for all its children: report kernels are forked from a process that holds the city.

Nothing is held unless `hold` was called, so a notebook run in any other way computes everything itself. What is held
is what the database said when the batch began: all reports of one batch rest on the same data.
"""

from collections.abc import Callable
from typing import TypeVar

Kept = TypeVar("Kept")
_STATE: dict[str, dict[str, object]] = {}


def hold() -> None:
    """From now on this process, and each forked from it, keeps what `held` is asked for."""
    _STATE.setdefault("kept", {})


def held(key: str, make: Callable[[], Kept]) -> Kept:
    """The value of a key, made when it is not there.

    Parameters
    ----------
    key : says all that the value depends on
    make : computes the value; nobody may change the value afterwards
    """
    if "kept" not in _STATE:
        return make()
    kept = _STATE["kept"]
    if key not in kept:
        kept[key] = make()
    return kept[key]  # type: ignore[return-value]
