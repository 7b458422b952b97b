"""Runs trained in notebooks, watched and stopped in Chromium."""

import json
import re
import shutil
import subprocess
import time

import pytest
from conftest import ROOT, SCRATCH
from playwright.sync_api import expect

SECONDS = 1000  # Playwright counts milliseconds.
RUNS = SCRATCH.parent / "runs"  # "../runs" of a notebook in SCRATCH.


@pytest.fixture(autouse=True)
def no_runs():
    """Begins and ends without runs of earlier tests."""
    shutil.rmtree(RUNS, ignore_errors=True)
    yield
    shutil.rmtree(RUNS, ignore_errors=True)


def first_cells(name, count):
    """The first code cells of a notebook."""
    cells = json.loads((ROOT / "notebooks" / name).read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"][:count]


def dstee(*arguments):
    """What the command prints."""
    command = ["go", "run", "./cmd/dstee", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout


def wait_for(condition, seconds):
    """Waits until the condition holds, and says for how long."""
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < seconds, f"not within {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - begin


def test_stop_saves_the_run(open_notebook):
    cells = [cell.replace("6000", "600000").replace("3000", "300000") for cell in first_cells("05-stop-change-fork.ipynb", 2)]
    notebook = open_notebook("stop-run.ipynb", cells)  # It does not end by itself before it is stopped.
    notebook.run_all()
    output = notebook.output(1)
    expect(output).to_contain_text(re.compile(r"step \d+ of 600000"), timeout=300 * SECONDS)
    first = output.inner_text()
    print(f"the panel moved after {wait_for(lambda: output.inner_text() != first, 60):.2f} s")
    notebook.screenshot("05-live", 1)
    notebook.stop()
    seconds = wait_for(lambda: "Stopped at step" in output.inner_text(), 60)
    print(f"stopped and saved in {seconds:.2f} s")
    expect(output).not_to_contain_text("signal:")
    step = int(re.search(r"Stopped at step (\d+) of 600000", output.inner_text()).group(1))
    assert 0 < step < 300000
    folder = str(RUNS / "05" / "first")
    (listed,) = json.loads(dstee("ls", folder, "--json"))
    assert (listed["state"]["status"], listed["state"]["step"]) == ("stopped", step)
    assert re.search(rf"step-0*{step}\S*\.safetensors .*whole", dstee("inspect", folder))


def test_train_look_go_on_and_fork(open_notebook):
    shorter = [("6000", "1500"), ("3000", "1250")]  # A fork begins with round 24, step 1200.
    notebook = open_notebook("05-stop-change-fork.ipynb", instead=shorter)
    notebook.run_all()
    expect(notebook.output(1)).to_contain_text("At step 1250 of 1500", timeout=300 * SECONDS)
    expect(notebook.output(3)).to_contain_text("At step 1500 of 1500", timeout=300 * SECONDS)
    expect(notebook.output(4)).to_contain_text("At step 1500 of 1500", timeout=300 * SECONDS)
    expect(notebook.output(5)).to_contain_text("c = 0.001")
    notebook.screenshot("05-fork", 5)


def test_slider_of_a_figure_turns_the_line(open_notebook):
    notebook = open_notebook("03-exploration-vs-exploitation.ipynb", instead=[("= 1500, 50", "= 300, 50")])
    notebook.run_all()
    output = notebook.output(5)
    head = output.locator(".head")
    expect(head).to_contain_text("as recorded", timeout=300 * SECONDS)
    recorded = head.inner_text()
    slider = output.locator("input[data-c]")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    notebook.page.mouse.click(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2)
    expect(head).not_to_have_text(recorded)
    notebook.screenshot("03-slider", 5)
