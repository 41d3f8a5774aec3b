"""How kernels are started: over local sockets instead of network ports, without fixed waits, by forking.

`QuickKernel` is an ordinary kernel whose start and end are waited for by events. `Forks` holds the process that
kernels are forked from (see `forkserver`) and the chart servers; where forking fails, the kernel is started anew.
"""

import asyncio
import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client import AsyncKernelClient, AsyncKernelManager  # type: ignore[attr-defined, unused-ignore]
from jupyter_client.provisioning import LocalProvisioner  # type: ignore[attr-defined, unused-ignore]

from chengxin.jupyter import compat

START = 60  # seconds the process may take to import and compute
Source = Callable[[Mapping[str, str]], Awaitable["Forks"]]  # a kernel's environment → what it is forked from


class QuickClient(AsyncKernelClient):
    """A client that is ready as soon as the kernel has answered on both channels.

    The answer is not looked at: an ipykernel of any version admitted here speaks the client's own protocol.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        end = time.monotonic() + (timeout or 600)
        while time.monotonic() < end:
            request = self.kernel_info()
            with contextlib.suppress(Empty):
                reply = await self.get_shell_msg(timeout=1)
                while reply["parent_header"].get("msg_id") != request:
                    reply = await self.get_shell_msg(timeout=1)
                event = await self.get_iopub_msg(timeout=0.2)
                while event["parent_header"].get("msg_id") != request or not _idle(event):
                    event = await self.get_iopub_msg(timeout=0.2)
                return
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
        raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")


def _idle(event: dict[str, Any]) -> bool:
    return bool(event["content"].get("execution_state") == "idle")


class Forking:
    """A kernel manager whose kernel talks over files in a private folder, so that nothing listens on a port.

    The kernel is forked where the manager has a ``source``.
    """

    source: Source | None = None

    def __init__(self, **options: object) -> None:
        folder = tempfile.mkdtemp(prefix="chengxin-")  # only its user may enter
        super().__init__(**{"transport": "ipc", "ip": f"{folder}/kernel", **options})
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    async def start_kernel(self: Any, **options: Any) -> None:
        if self.source is not None and self.provisioner is None:
            name = self.kernel_id or options.get("kernel_id") or self.ip
            self.provisioner = ForkProvisioner(self.source, kernel_id=name, kernel_spec=self.kernel_spec, parent=self)
        await super().start_kernel(**options)  # type: ignore[misc]


class QuickKernel(compat.QuickEnd, Forking, AsyncKernelManager):  # type: ignore[misc]
    """A local kernel without fixed waits; forked where the class has a ``source``, see `Forks.kernel`."""

    def __init__(self, **options: object) -> None:
        compat.there(compat.ENDING)  # else said in the log
        super().__init__(**{"client_factory": QuickClient, **options})

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """What goes wrong is told by exceptions: a kernel prints nothing of its own on the terminal."""
        quiet = {"loggers": {"tornado.general": {"level": "CRITICAL"}}}  # a message that comes while the sockets close
        words = ["--log-level=CRITICAL", f"--IPKernelApp.logging_config={quiet}"]
        return [*super().format_kernel_cmd(extra_arguments), *words]


class Forked:
    """A process that another one forked, as much like `subprocess.Popen` as a provisioner needs."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, handle: int) -> None:
        self.pid, self.handle = pid, handle
        weakref.finalize(self, os.close, handle)

    def poll(self) -> int | None:
        """None while it runs; its exit code is known to its parent only."""
        return 0 if select.select([self.handle], [], [], 0)[0] else None

    def wait(self) -> int:
        select.select([self.handle], [], [])
        return 0

    def send_signal(self, number: int) -> None:
        signal.pidfd_send_signal(self.handle, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class ForkProvisioner(LocalProvisioner):
    """Has a kernel forked from the preloaded process; starts an ordinary one where that fails."""

    def __init__(self, source: "Source", **options: Any) -> None:
        super().__init__(**options)
        self.source = source

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        environment = kwargs.get("env") or dict(os.environ)
        request = {"argv": cmd, "cwd": kwargs.get("cwd") or str(Path.cwd()), "env": environment}
        forks = await self.source(environment)
        try:
            forked = await asyncio.to_thread(forks.fork, request)
        except (OSError, ValueError):
            forks.failed = True
            return await super().launch_kernel(cmd, **kwargs)
        self.process: Any = forked
        self.pid = self.pgid = forked.pid
        return self.connection_info

    async def wait(self) -> int | None:
        while await self.poll() is None:
            await asyncio.sleep(0.01)
        return await super().wait()


class Forks:
    """The preloaded process and the chart servers of one batch, or of the site; a context.

    Parameters
    ----------
    modules : names of modules that every kernel finds imported
    rehearsal : kind, units (codes with commas) and period of reports: what they compute, children find done
    charts : number of processes that draw

    failed : whether a kernel had to be started the ordinary way
    """

    def __init__(self, modules: Iterable[str], *rehearsal: str, charts: int) -> None:
        self.words, self.charts, self.failed = (",".join(modules), *rehearsal), charts, not hasattr(os, "pidfd_open")
        self._lock, self._started = threading.Lock(), list[Any]()
        self._line: socket.socket | None = None
        self._ready = False
        self._folder = tempfile.mkdtemp(prefix="chengxin-")

    def __enter__(self) -> "Forks":
        try:
            if not self.failed:
                self._start()
        except OSError:
            self.failed = True
            self._hang_up()
        return self

    def __exit__(self, *_: object) -> None:
        self._hang_up()
        for process in self._started:
            process.stdin.close()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # and what was forked from it, but for kernels
            process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None

    def _start(self) -> None:
        address = self._drawing()
        with self._opened() as theirs:
            self._run([theirs.fileno()], "chengxin.jupyter.forkserver", address, *self.words)

    def _opened(self) -> socket.socket:
        """The other end of the line."""
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.settimeout(START)
        return theirs

    def _drawing(self) -> str:
        """Address of the processes that draw, which are started."""
        drawn = f"{self._folder}/charts"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(drawn)
            listener.listen(64)
            for _ in range(self.charts):
                self._run([listener.fileno()], "chengxin.render.chartserver")
        return drawn

    def _run(self, handles: list[int], module: str, *words: str) -> None:
        call = [sys.executable, "-m", module, *map(str, handles), *words]
        env = {**os.environ, "MPLBACKEND": "module://matplotlib_inline.backend_inline", "OPENBLAS_NUM_THREADS": "1",
               "PYDEVD_DISABLE_FILE_VALIDATION": "1"}  # fmt: skip
        # a session of their own: Ctrl-C is for the one who started them, at whose end they end
        started = subprocess.Popen(call, stdin=subprocess.PIPE, pass_fds=handles, env=env, start_new_session=True)
        self._started.append(started)

    def fork(self, wanted: dict[str, Any]) -> Forked:
        """A new kernel process.

        Raises
        ------
        OSError : the preloaded process is not there
        """
        with self._lock:
            if self._line is None:
                raise OSError("no process to fork from")
            try:
                if not self._ready and self._line.recv(16) != b"ready":
                    raise OSError("the preloaded process ended")
                self._ready = True
                self._line.sendall(json.dumps(wanted).encode())
                said, handles, _, _ = socket.recv_fds(self._line, 32, 1)
            except OSError:
                self._hang_up()  # a late answer must not be taken for another's
                raise
        if not handles:
            raise OSError("the preloaded process ended")
        return Forked(int(said), handles[0])

    starting = False  # whether it gathers for the first time

    @property
    def ready(self) -> bool:
        """Whether a kernel can be had without waiting for the process to import or to gather."""
        return self._line is not None and (self._ready or bool(select.select([self._line], [], [], 0)[0]))

    @property
    def kernel(self) -> type[QuickKernel]:
        """Kernel manager class for Papermill: its kernels come from here."""

        async def source(_manager: QuickKernel, _environment: Mapping[str, str]) -> Forks:
            return self

        return type("ForkedKernel", (QuickKernel,), {"source": source})


class Gathered(Forks):
    """A process forked from that of another source once it has imported; its kernels find the dashboards' figures made.

    Parameters
    ----------
    base : the other source, which also has the processes that draw
    """

    def __init__(self, base: Forks) -> None:
        super().__init__((), charts=0)
        self.base, self.failed = base, base.failed

    def _start(self) -> None:
        if self.base._line is None:
            raise OSError("no process to fork from")
        self._busy = os.eventfd(0)
        weakref.finalize(self, os.close, self._busy)
        with self._opened() as theirs:
            socket.send_fds(self.base._line, [b"dashboards"], [theirs.fileno(), self._busy])

    @property
    def starting(self) -> bool:  # type: ignore[override]
        return self._line is not None and not super().ready

    @property
    def ready(self) -> bool:
        return super().ready and not select.select([self._busy], [], [], 0)[0]
