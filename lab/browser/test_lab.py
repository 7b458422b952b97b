"""What a person does in the lab, done in Chromium."""

import re
import time

from playwright.sync_api import expect

SECONDS = 1000  # Playwright counts milliseconds.


def test_opens_the_first_notebook(lab, browser):
    page = browser.new_page()
    page.goto(lab.address("/"))
    expect(page.get_by_role("heading", name="1 · A first sparse network")).to_be_visible(timeout=60 * SECONDS)
    expect(page.get_by_text("Would you like to get notified about official Jupyter news?")).to_have_count(0)
    page.close()


def test_nobody_gets_in_without_the_token(lab, browser):
    page = browser.new_page()
    page.goto(lab.url + "/lab")
    expect(page.get_by_text("Token authentication is enabled")).to_be_visible()
    page.close()


def test_first_notebook_shows_masks_that_move(open_notebook):
    notebook = open_notebook("01-first-sparse-network.ipynb", instead=[("steps = 2000", "steps = 500"), ("0, 1000)", "0, 100)")])
    begin = time.monotonic()
    notebook.run_all()
    expect(notebook.output(1)).to_contain_text("a 0")
    maps = notebook.output(2)
    expect(maps).to_contain_text("after step 50,")
    print(f"first mask after {time.monotonic() - begin:.1f} s")
    expect(maps).to_contain_text("after step 500,", timeout=300 * SECONDS)
    notebook.screenshot("01-masks", 2)
    expect(notebook.output(3)).to_contain_text("mask that never moves", timeout=300 * SECONDS)
    notebook.screenshot("01-end", 3)


def test_stop_ends_a_cell(open_notebook):
    notebook = open_notebook("stop.ipynb", ["%noautoget", '%%\nfmt.Println("started"); time.Sleep(time.Hour)'])
    notebook.run_all()
    expect(notebook.output(1)).to_contain_text("started")
    prompt = notebook.cell(1).locator(".jp-InputPrompt")
    expect(prompt).to_have_text("[*]:")
    notebook.stop()
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"))
    expect(notebook.output(1)).to_contain_text("signal: interrupt")


def test_slider_redraws_until_stopped(open_notebook):
    notebook = open_notebook("02-drop-and-grow-by-hand.ipynb")
    notebook.run_all()
    expect(notebook.output(4)).to_contain_text("The same 12 weights are active.", timeout=300 * SECONDS)
    output = notebook.output(5)
    slider = output.locator("input[type=range]")
    for _ in range(3):
        try:
            expect(slider).to_be_visible()
            break
        except AssertionError:  # The cell drew on paper, as this browser, on a busy machine, did not answer it within 8 s.
            notebook.run(5)
    expect(output).to_contain_text("c: 0.05")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    notebook.page.mouse.click(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2)
    expect(output).to_contain_text("exploration c·ln t/(N+ε), c = 1")
    notebook.screenshot("02-slider", 5)
    notebook.stop()
    expect(notebook.cell(5).locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"))
    expect(output).not_to_contain_text("signal:")
