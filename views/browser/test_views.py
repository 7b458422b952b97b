"""What a person does with a report, done in Chromium."""

import hashlib

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

PAGES = ["one.html", "runs.html", "large.html"]


@pytest.mark.parametrize("name", PAGES)
def test_nothing_serious_in_the_way_of_anybody(open_page, name):
    page = open_page(name)
    page.evaluate("document.querySelectorAll('details').forEach(element => element.open = true)")
    results = Axe().run(page).response
    assert results["passes"]
    serious = [v for v in results["violations"] if v["impact"] in ("serious", "critical")]
    assert serious == [], [(v["id"], v["help"], [node["html"] for node in v["nodes"]][:3]) for v in serious]


def set_slider(slider, value):
    slider.evaluate("(element, value) => { element.value = value; element.dispatchEvent(new Event('input')); }", str(value))


def pixels(canvas):
    return hashlib.sha256(canvas.evaluate("element => element.toDataURL()").encode()).hexdigest()


def wait_until(page, condition):
    for _ in range(600):
        if condition():
            return
        page.wait_for_timeout(100)
    raise TimeoutError("not within a minute")


def test_masks_move_with_the_slider(open_page):
    figure = open_page("one.html").locator("figure.sk-frames").first
    slider, caption, canvas = figure.locator("input"), figure.locator("div.head"), figure.locator("canvas")
    seen = set()
    for at in range(int(slider.get_attribute("max")) + 1):
        set_slider(slider, at)
        seen.add(pixels(canvas))
        expect(canvas).to_have_attribute("aria-label", caption.inner_text())
    assert len(seen) > 10, "updates move something"
    expect(caption).to_contain_text("round 12, step 1200: dropped")


def test_masks_play(open_page):
    figure = open_page("one.html").locator("figure.sk-frames").first
    button, caption = figure.get_by_role("button"), figure.locator("div.head")
    set_slider(figure.locator("input"), 12)
    button.click()
    expect(button).to_have_text("Stop")
    expect(caption).not_to_contain_text("round 12")  # It begins anew, as it was at the end.
    expect(caption).to_contain_text("round 12")
    expect(button).to_have_text("Play")
    button.click()
    button.click()
    expect(button).to_have_text("Play")
    expect(caption).not_to_contain_text("round 12")


def test_keys_move_a_slider(open_page):
    page = open_page("one.html")
    slider = page.get_by_label("round of mask updates").first
    slider.focus()
    page.keyboard.press("End")
    assert slider.input_value() == slider.get_attribute("max") == "12"
    page.keyboard.press("ArrowLeft")
    expect(page.locator("figure.sk-frames div.head").first).to_contain_text("round 11, step 1100")


def test_c_turns_the_cut(open_page):
    figure = open_page("one.html").locator("figure.sk-acquisition").first
    c, caption, cut = figure.locator("[data-c]"), figure.locator("div.head"), figure.locator("[data-cut]")
    set_slider(figure.locator("[data-round]"), 1)
    expect(caption).to_contain_text("update 2, step 200, c = 0.01 as recorded")
    recorded = cut.get_attribute("x2"), caption.inner_text()

    set_slider(c, 0)
    expect(caption).to_contain_text("c = 0: of")
    expect(caption).to_contain_text("overlap with the run's choice")
    assert cut.get_attribute("x1") == cut.get_attribute("x2"), "by gradients alone the cut is upright"
    gradients = figure.locator("circle.p0").count()

    set_slider(c, 120)
    expect(caption).to_contain_text("100% of them never active before")
    assert abs(float(cut.get_attribute("y1")) - float(cut.get_attribute("y2"))) < 1, "by visits alone the cut is level"
    assert gradients > 0 and figure.locator("circle.p0").count() > 0

    figure.get_by_role("button", name="as recorded").click()
    assert (cut.get_attribute("x2"), caption.inner_text()) == recorded


def test_allocation_follows_the_sparsity(open_page):
    figure = open_page("one.html").locator("figure.sk-allocation").first
    caption, slider = figure.locator("div.head"), figure.get_by_label("global sparsity")
    expect(caption).to_contain_text("90% sparse by ERK")
    expect(caption).to_contain_text("1 of 4 layers left dense")
    set_slider(slider, 0)
    expect(caption).to_contain_text("50% sparse by ERK")
    expect(caption).to_contain_text("3 of 4 layers left dense")
    bars = figure.locator(".bar div")
    assert [bar.evaluate("element => element.style.width") for bar in bars.all()] == ["100%", "100%", "40%", "100%"]


def test_theme_changes_while_open(open_page, scheme):
    page = open_page("one.html")
    canvas = page.locator("figure.sk-frames canvas").first
    before = pixels(canvas)
    page.emulate_media(color_scheme="light" if scheme == "dark" else "dark")
    wait_until(page, lambda: pixels(canvas) != before)
    page.evaluate("scheme => { document.body.dataset.jpThemeLight = scheme === 'light'; }", scheme)  # As JupyterLab does.
    wait_until(page, lambda: pixels(canvas) == before)


def test_still_without_script(pages, browser):
    """What shows no script, such as a viewer of notebooks, shows the picture."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((pages / "one.html").as_uri())
    expect(page.locator("figure.sk-frames .still svg").first).to_be_visible()
    expect(page.locator("figure.sk-frames .controls").first).to_be_hidden()
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_narrow_page_does_not_scroll_sideways(open_page, name):
    """On a phone, or magnified, pictures and tables scroll for themselves, and their letters stay legible."""
    page = open_page(name)
    page.set_viewport_size({"width": 380, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
    widths = page.locator("figure svg.sk:visible").evaluate_all("pictures => pictures.map(p => p.getBoundingClientRect().width)")
    assert widths and min(widths) >= 590, "600 of 720 units, in letters of 12 units"
    serious = [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")]
    assert serious == []


def test_prints_pictures_not_controls(open_page):
    page = open_page("one.html")
    page.emulate_media(media="print")
    expect(page.locator("figure.sk-frames .controls").first).to_be_hidden()
    expect(page.locator("figure.sk-frames .still svg").first).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)", "dark paper wastes ink"
