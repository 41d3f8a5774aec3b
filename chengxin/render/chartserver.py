"""Processes that draw charts for report kernels: the drawing engine cannot be forked, so its start is paid for once.

``python -m chengxin.render.chartserver FD``: FD is a listening socket shared by all of them. A request is a
specification as JSON up to the end of the stream, the answer the SVG, or ``!`` and the reason. They end with the one
who started them (end of standard input).
"""

import os
import socket
import sys
import threading
from functools import partial


def _with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    """Draw until standard input ends."""
    from chengxin.render import vega

    threading.Thread(target=_with_parent, daemon=True).start()
    listener = socket.socket(fileno=int(sys.argv[1]))
    while True:
        line, _ = listener.accept()
        with line:
            asked = b"".join(iter(partial(line.recv, 1 << 16), b""))
            try:
                answer = vega.draw(asked.decode())
            except Exception as error:  # told to the kernel that asked; the next chart is drawn all the same
                answer = f"!{error}"
            try:
                line.sendall(answer.encode())
            except OSError:
                continue  # the kernel is gone


if __name__ == "__main__":
    main()
