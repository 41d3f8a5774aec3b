"""How report kernels are started: over local sockets instead of network ports."""

import shutil
import tempfile
import weakref

from jupyter_client.manager import AsyncKernelManager


class LocalKernel(AsyncKernelManager):
    """A kernel that talks over IPC files in a private folder; nothing listens on a port."""

    def __init__(self, **options: object) -> None:
        folder = tempfile.mkdtemp(prefix="chengxin-")  # only its user may enter
        super().__init__(**{"transport": "ipc", "ip": f"{folder}/kernel", **options})
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
