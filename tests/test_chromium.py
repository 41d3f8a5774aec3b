"""Nothing is installed on a machine without a word: what, by which command and how to prevent it is said before."""

import os
import shutil
import subprocess

import chromium
import pytest


@pytest.fixture
def events(monkeypatch):
    """What is said and run, in order, on a machine without a browser; `apt-get install` makes one."""
    events = []
    monkeypatch.delenv("CHENGXIN_CHROMIUM", raising=False)

    def which(name):
        installed = any(event.startswith("run apt-get install") for event in events)
        return f"/usr/bin/{name}" if name == "apt-get" or installed else None

    monkeypatch.setattr(shutil, "which", which)
    monkeypatch.setattr(subprocess, "run", lambda words, **_: events.append(f"run {' '.join(words)}"))
    return events


def test_root_is_told_before_anything_is_installed(monkeypatch, events):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert chromium.there(lambda sentence: events.append(f"say {sentence}")) == "/usr/bin/chromium"
    said, *run = events
    assert said.startswith("say ")
    assert all(event.removeprefix("run ") in said for event in run)
    assert [event.split()[2] for event in run] == ["update", "install"]


def test_others_are_told_the_command_and_nothing_is_run(monkeypatch, events):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(pytest.fail.Exception, match=f"Run: sudo {chromium.INSTALL}"):
        chromium.there(events.append)
    assert events == []


def test_nothing_is_said_where_there_is_a_browser(monkeypatch, events):
    monkeypatch.setenv("CHENGXIN_CHROMIUM", "/opt/browser")
    assert chromium.there(events.append) == "/opt/browser"
    assert events == []


def test_what_is_told_is_not_kept_back_by_pytest(tell, capfd):
    print("kept")
    tell("(test_chromium.py: this line is seen while the tests run)")
    assert capfd.readouterr() == ("kept\n", "")
