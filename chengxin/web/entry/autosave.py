"""Keeps a form and the database the same: saves each change, notices others, says so. No widget in here.

A form calls `put` for every change; what is being typed as words waits a moment, so that a sentence is one version
and not fifty. `told` hears what became of it. Other windows' changes come in through `pull`.
"""

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from chengxin.errors import ChengxinError, StoreError
from chengxin.store.drafts import Conflict, Entry, Frozen, Saved, present, save_all, since
from chengxin.web.visitor import loop_of_kernel

PAUSE = 0.7  # seconds that words wait before they are saved
EVERY = 3.0  # seconds between looks at what others changed


class Autosave:
    """One form of one person in one window.

    Parameters
    ----------
    engine : from `open_store`
    form, subject : as for `drafts.save`
    who : name of the person, may change while nothing is saved
    now : gives the moment, with a time zone
    versions : field → version that the form shows
    change : number of the newest change that the form shows
    told : called with field, state (``saved``, ``waiting``, ``conflict``, ``frozen``, ``failed``, ``theirs``) and
        what there is to say of it: a `Saved`, a `Conflict` or the error
    """

    def __init__(
        self, engine: Engine, form: str, subject: str, *, who: str, now: Callable[[], datetime],
        versions: dict[str, int], change: int, told: Callable[[str, str, object], None],
    ) -> None:  # fmt: skip
        self.engine, self.form, self.subject, self.who, self.now = engine, form, subject, who, now
        self.versions, self.change, self.told = versions, change, told
        self.waiting: dict[str, Entry] = {}
        self.session = secrets.token_hex(8)
        self._timer: asyncio.TimerHandle | None = None
        self._watch: asyncio.Task[None] | None = None

    def put(self, field: str, entry: Entry, *, wait: bool = False) -> None:
        """Save a change; with `wait` a moment later, together with what follows."""
        self.put_all({field: entry}, wait=wait)

    def put_all(self, entries: dict[str, Entry], *, wait: bool = False) -> None:
        """Save several changes together."""
        self.waiting |= entries
        loop = loop_of_kernel() if wait else None
        if loop is None:
            self.flush()
            return
        for field in entries:
            self.told(field, "waiting", None)
        if self._timer is None:
            self._timer = loop.call_later(PAUSE, self.flush)

    def flush(self) -> None:
        """Save at once what waits; what cannot be saved goes on waiting and is told."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wanted = {field: (entry, self.versions.get(field, 0)) for field, entry in self.waiting.items()}
        if not wanted:
            return
        try:
            made = save_all(self.engine, self.form, self.subject, wanted, who=self.who, at=self.now())
        except Conflict as clash:
            self._clashed(clash)
        except Frozen as frozen:
            self._all("frozen", frozen)
            self.waiting.clear()
        except ChengxinError as error:
            self._all("failed", error)
        else:
            self.waiting.clear()
            self._keep(made)

    def choose(self, field: str, entry: Entry, theirs: Saved) -> None:
        """Settle a conflict: this entry on top of theirs."""
        self.versions[field] = theirs.version
        self.put(field, entry)

    def pull(self) -> list[str]:
        """Take over what others changed and learn who else is here; fields that wait are left to the next save."""
        fresh, self.change = since(self.engine, self.form, self.subject, self.change)
        newest = {one.field: one for one in fresh}
        for field, one in newest.items():
            if field not in self.waiting and one.version > self.versions.get(field, 0):
                self.versions[field] = one.version
                self.told(field, "theirs", one)
        return present(self.engine, self.form, self.subject, who=self.who, session=self.session, at=self.now())

    def watch(self, others: Callable[[list[str]], None]) -> None:
        """Look every few seconds at what others do, while the kernel lives; `others` hears who is here."""
        loop = loop_of_kernel()
        if loop is not None and self._watch is None:
            self._watch = loop.create_task(self._watching(others))

    def close(self) -> None:
        """Save what waits and stop looking."""
        self.flush()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    async def _watching(self, others: Callable[[list[str]], None]) -> None:
        while True:
            try:
                others(self.pull())
                self.flush()  # what could not be saved before
            except ChengxinError as error:
                self.told("", "failed", error)
            except SQLAlchemyError:  # the database cannot be read just now; the next look may find it again
                self.told("", "failed", StoreError("数据库现在读不到；请不要关闭本页，恢复后自动补存。"))
            await asyncio.sleep(EVERY)

    def _clashed(self, clash: Conflict) -> None:
        """Tell each field that clashed; the others are saved."""
        for field in clash.clashes:
            self.waiting.pop(field)
        for field, (mine, theirs) in clash.clashes.items():
            self.told(field, "conflict", Conflict({field: (mine, theirs)}))
        self.flush()

    def _all(self, state: str, error: ChengxinError) -> None:
        for field in list(self.waiting):
            self.told(field, state, error)

    def _keep(self, made: list[Saved]) -> None:
        for one in made:
            self.versions[one.field] = one.version
        for one in made:
            self.told(one.field, "saved", one)


def versions_of(entries: dict[str, Saved]) -> dict[str, int]:
    """Field → version, of entries as `drafts.saved` or `assessment.opened` give them."""
    return {field: one.version for field, one in entries.items()}
