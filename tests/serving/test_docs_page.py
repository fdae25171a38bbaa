"""The documentation page, in a browser that sees no internet."""

import os
import re
import shutil

import pytest

CHROMIUM = shutil.which("chromium")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
def test_the_page_shows_the_fields_and_sends_the_example(registry, make_bundle, serve):
    from playwright.sync_api import expect, sync_playwright

    registry.register(1, make_bundle())
    server = serve()
    server.wait_ready()
    base = str(server.client.base_url).rstrip("/")
    asked: list[str] = []
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], timeout=120_000
        )
        page = browser.new_page(viewport={"width": 1100, "height": 1400})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda line: complaints.append(line.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{base}/docs", timeout=60_000)
        first = page.locator("details").first
        first.get_by_role("button", name="Send").click(timeout=60_000)
        # The page forbids eval, by which Playwright would wait for an expression.
        answer = first.locator("pre").first
        expect(answer).to_have_text(re.compile("^200"), timeout=60_000)
        shown = first.inner_text()
        if folder := os.environ.get("SCREENSHOT_FOLDER"):
            page.screenshot(path=f"{folder}/docs.png", full_page=True)
        page.set_viewport_size({"width": 360, "height": 740})
        is_wide = "document.documentElement.scrollWidth > window.innerWidth"
        overflows = page.evaluate(is_wide)
        browser.close()
    assert "income" in shown
    assert "from 1000 to 2000000" in shown
    assert '"decision"' in shown
    assert complaints == []
    assert not overflows
    assert all(url.startswith(base) for url in asked), asked
