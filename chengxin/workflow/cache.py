"""What a process computes once, for itself and for the kernels that are forked from it.

For reports nothing is `cache` unless `hold` was called, so a notebook run in any other way computes everything itself.
What is held is what the database said when the batch began: all reports of one batch rest on the same data. What the
dashboards show is `fresh`: made again as soon as the data have changed.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Engine

from chengxin.store import read
from chengxin.store.access import WHOLE, current

Kept = TypeVar("Kept")
_STATE: dict[str, dict[str, object]] = {}
_FRESH: dict[str, tuple[object, Any]] = {}


def hold() -> None:
    """From now on this process, and each forked from it, keeps what `cache` is asked for."""
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


def fresh(name: str, engine: Engine, make: Callable[[Engine], Kept]) -> Kept:
    """What `make` gives, made again only when the data have changed since, or for another reader.

    Parameters
    ----------
    name : of what is kept, one of each
    engine : from `open_store`
    make : reads it from the engine
    """
    reader = current()
    key = (str(engine.url), reader.role in WHOLE or reader, read.change_number(engine))
    if name not in _FRESH or _FRESH[name][0] != key:
        _FRESH[name] = key, make(engine)
    kept: Kept = _FRESH[name][1]
    return kept
