"""Who is at a page and what its address asks for. The address is only looked up; it cannot say who somebody is."""

import os
from collections.abc import Mapping
from urllib.parse import parse_qs

import ipywidgets as w

from chengxin import parts
from chengxin.access import LOCAL, current

DEMO = "demo"  # the account of a site without sign-in


def asked() -> dict[str, str]:
    """What the page's address asks for, as texts, and who is signed in; empty outside the server."""
    given = parse_qs(os.environ.get("QUERY_STRING", ""), max_num_fields=20)
    reader = current()
    who = {} if reader is LOCAL else {"who": reader.name}
    return {name: values[-1] for name, values in given.items()} | who


def name_field(given: Mapping[str, str]) -> w.Text:
    """Where a person gives a name; fixed for those who signed in, since changes are recorded under the account's.

    Parameters
    ----------
    given : from `asked`
    """
    field = parts.text("填写人姓名", given.get("who", "")[:40])
    field.disabled = current() is not LOCAL and current().who != DEMO
    return field
