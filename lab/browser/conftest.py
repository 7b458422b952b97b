"""A lab as `dstee lab` opens it, and a browser to look at it with."""

import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect, sync_playwright

ROOT = pathlib.Path(__file__).parents[2]
SCRATCH = ROOT / "runs" / "browser-test"  # Git ignores it. JupyterLab saves what it opens.
SHOWN = ".jp-NotebookPanel:not(.lm-mod-hidden)"  # The notebook in front.
START = 600  # Seconds that the lab may take to be up; the first time it is set up.

# Milliseconds: what is expected comes sooner or later, on a machine that is busy later.
expect.set_options(timeout=60_000)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_up(server, url):
    for _ in range(10 * START):
        assert server.poll() is None, "the lab ended"
        try:
            urllib.request.urlopen(f"{url}/api", timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise TimeoutError(f"the lab was not up within {START} s")


class Lab:
    """A running JupyterLab."""

    def __init__(self, url, token):
        self.url, self.token = url, token

    def address(self, path):
        return f"{self.url}{path}?reset&token={self.token}"

    def close_kernels(self):
        headers = {"Authorization": f"token {self.token}"}
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/api/sessions", headers=headers)) as answer:
            sessions = json.load(answer)
        for session in sessions:
            request = urllib.request.Request(f"{self.url}/api/sessions/{session['id']}", headers=headers, method="DELETE")
            urllib.request.urlopen(request).close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """The lab of this clone, with settings of its own, opened the way the README says."""
    config = tmp_path_factory.mktemp("config")
    settings = config / "lab/user-settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"windowingMode": "none"}))  # So that cells out of sight are there.
    port, token = free_port(), secrets.token_hex(16)
    server = subprocess.Popen(
        ["go", "run", "./cmd/dstee", "lab", "--no-browser", "--port", str(port)], cwd=ROOT, start_new_session=True,
        env={**os.environ, "JUPYTER_TOKEN": token, "JUPYTER_CONFIG_DIR": str(config)})
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_up(server, url)
        yield Lab(url, token)
    finally:
        os.killpg(server.pid, signal.SIGINT)  # As Ctrl-C does.
        server.wait(timeout=120)


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        assert chromium, "there is no chromium in $PATH (Debian: apt install chromium)"
        arguments = ["--disable-dev-shm-usage"]  # /dev/shm of a container may be too small for a page.
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


class Notebook:
    """A notebook open in JupyterLab, operated by what a person would click."""

    def __init__(self, page):
        self.page = page

    def run_all(self):
        """Runs all cells. JupyterLab ignores the first time if the kernel, of which it shows no sign, is not there yet."""
        started = self.page.locator(f"{SHOWN} .jp-InputPrompt").filter(has_text=re.compile(r"\[[*\d]+\]"))
        for _ in range(10):
            self.page.get_by_role("menuitem", name="Run", exact=True).click()
            self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            try:
                expect(started).not_to_have_count(0, timeout=5_000)
                return
            except AssertionError:
                continue
        raise TimeoutError("no cell started")

    def run(self, index):
        """Runs a cell."""
        self.cell(index).locator(".jp-InputPrompt").click()
        self.page.keyboard.press("Control+Enter")

    def stop(self):
        self.page.locator('[data-command="notebook:interrupt-kernel"]').first.click()

    def cell(self, index):
        """The code cell of the given index, counted from 0; negative from the last."""
        return self.page.locator(f"{SHOWN} .jp-CodeCell").nth(index)

    def output(self, index):
        return self.cell(index).locator(".jp-OutputArea").first

    def screenshot(self, name, index):
        """Takes a picture of a cell's output, if $SCREENSHOTS names a folder to put it in."""
        folder = os.environ.get("SCREENSHOTS")
        if folder:
            self.output(index).scroll_into_view_if_needed()
            self.page.screenshot(path=f"{folder}/{name}.png")


@pytest.fixture
def open_notebook(lab, browser):
    """Opens a copy of a notebook, with texts instead of others; or a notebook made of the given cells."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})

    def open_copy(name, cells=None, instead=()):
        SCRATCH.mkdir(parents=True, exist_ok=True)
        if cells is None:
            text = (ROOT / "notebooks" / name).read_text()
            for old, new in instead:
                assert old in text, f"{old} is not in {name}"
                text = text.replace(old, new)
            notebook = json.loads(text)
        else:
            notebook = {"nbformat": 4, "nbformat_minor": 5, "cells": [], "metadata": {
                "kernelspec": {"name": "gonb", "display_name": "Go (gonb)"}, "language_info": {"name": "go"}}}
            for i, source in enumerate(cells):
                notebook["cells"].append({"cell_type": "code", "id": f"cell-{i}", "source": source, "metadata": {}})
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell.update(outputs=[], execution_count=None)
        (SCRATCH / name).write_text(json.dumps(notebook))
        page.goto(lab.address(f"/lab/tree/{SCRATCH.relative_to(ROOT)}/{name}"))
        page.locator(".jp-CodeCell").first.wait_for(timeout=60_000)
        page.get_by_text(re.compile(r"Go \(gonb\) \| \w+")).wait_for(timeout=60_000)
        return Notebook(page)

    yield open_copy
    page.close()
    lab.close_kernels()
    shutil.rmtree(SCRATCH, ignore_errors=True)
