"""The drawing engine: Vega-Lite to SVG, SVG to PNG, in this process or by the chart server."""

import socket
from functools import cache
from pathlib import Path
from typing import Any


@cache
def _engine() -> Any:
    import pylopdf_fonts_zh_cn as fonts
    import vl_convert

    vl_convert.register_font_directory(str(Path(fonts.sans_path()).parent))
    return vl_convert


_SERVER: list[str] = []  # address of the chart server; empty: this process draws


def use_server(address: str) -> None:
    """Let another process draw from now on, see `chartserver`."""
    _SERVER[:] = [address] if address else []


def draw(spec: str) -> str:
    """SVG of a Vega-Lite specification in JSON, drawn by the chart server where there is one.

    Raises
    ------
    ValueError : the specification cannot be drawn
    """
    if not _SERVER:
        return str(_engine().vegalite_to_svg(spec, allowed_base_urls=[]))
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(_SERVER[0])
        line.sendall(spec.encode())
        line.shutdown(socket.SHUT_WR)
        svg = b"".join(iter(lambda: line.recv(1 << 16), b"")).decode()
    if not svg.startswith("<svg"):
        raise ValueError(svg.removeprefix("!") or "chart server gone")
    return svg


def png(svg: str, scale: float) -> bytes:
    """A drawn chart as pixels, for programs that take no SVG.

    Parameters
    ----------
    svg : from `draw`
    scale : pixels for a unit of the chart
    """
    paper = svg.replace(">", '><rect width="100%" height="100%" fill="white"/>', 1)
    return bytes(_engine().svg_to_png(paper, scale=scale))
