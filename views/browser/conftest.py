"""Reports of synthetic runs, and a browser to look at them with."""

import os
import pathlib
import shutil
import subprocess

import pytest
from playwright.sync_api import expect, sync_playwright

ROOT = pathlib.Path(__file__).parents[2]

# Milliseconds: what is expected comes sooner or later, on a machine that is busy later.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """The folder of the pages that the Go tests write."""
    folder = tmp_path_factory.mktemp("pages")
    subprocess.run(["go", "test", "./views", "-run", "Report", "-count=1"], cwd=ROOT, check=True,
                   env={**os.environ, "SPARSEKERNEL_LOOK": str(folder)})
    return folder


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


@pytest.fixture(params=["light", "dark"])
def scheme(request):
    return request.param


@pytest.fixture
def open_page(pages, browser, scheme):
    """Opens a page without a network, and fails if it complains or asks for anything but itself."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": 800, "height": 900}, offline=True)
    page = context.new_page()
    complaints, requests = [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))

    def open_file(name):
        url = (pages / name).as_uri()
        page.goto(url)
        page.locator(".still:visible").first.wait_for(state="hidden")
        page.wait_for_function("document.querySelectorAll('.controls[hidden]').length === 0")
        return page

    yield open_file
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{pathlib.Path(page.url).stem}-{scheme}.png", full_page=True)
    context.close()
