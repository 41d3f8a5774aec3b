"""How report kernels are started: over local sockets instead of network ports."""

from jupyter_client.manager import AsyncKernelManager


class LocalKernel(AsyncKernelManager):
    """A kernel that talks over IPC files only its user can open; nothing listens on a port."""

    def __init__(self, **options: object) -> None:
        super().__init__(**{"transport": "ipc", **options})
