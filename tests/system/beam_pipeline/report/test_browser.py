"""The report in a real browser: nothing runs that it did not bring, filters find, keys open, nothing sticks out.

Needs a Chromium (`tests/fakes/chromium.py` says where it looks); skips where there is none.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import SAMPLE

pytest.importorskip("matplotlib", reason="draws the report: pip install -r requirements-report.txt")
pytest.importorskip("sklearn", reason="makes the report's map: pip install -r requirements-report.txt")

from beam_pipeline.main import main
from beam_pipeline.report.write import write_report
from prompts.load import load_prompt
from tests.fakes.chromium import HOW_TO_GET, Browser, find_chromium
from tests.fakes.hostile import EVIL, hostile_output

pytestmark = [pytest.mark.integration, pytest.mark.skipif(find_chromium() is None, reason=HOW_TO_GET)]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    started = Browser(find_chromium() or "", tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("browser") / "out"
    main(["--demo", "--input", str(SAMPLE), "--output", str(output)])
    return Path(write_report(str(output)))


def rows_shown(browser: Browser) -> list[str]:
    texts: list[str] = browser.evaluate("[...document.querySelectorAll('#list summary')].map((node) => node.innerText)")
    return texts


def choose(browser: Browser, name: str, value: str) -> None:
    browser.evaluate(
        f"(() => {{ const node = document.getElementById('{name}'); node.value = '{value}';"
        "node.dispatchEvent(new Event(node.tagName === 'INPUT' ? 'input' : 'change')); })()"
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_complaint_and_nothing_sticks_out(browser: Browser, page: Path, width: int, dark: bool, tmp_path: Path) -> None:
    browser.open(page, width, dark=dark)
    browser.evaluate("document.querySelector('#list > details').open = true")
    time.sleep(0.1)  # a refused script or a thrown error would be told by now
    assert browser.problems == []
    assert browser.evaluate("document.documentElement.scrollWidth") == width
    colour = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    ink = browser.evaluate("getComputedStyle(document.querySelector('.chart .fill-muted')).fill")
    luminance = [sum(map(int, text.partition("(")[2].rstrip(")").split(",")[:3])) for text in (colour, ink)]
    assert (luminance[0] < luminance[1] - 200) if dark else (luminance[1] < luminance[0] - 200)
    browser.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 20_000


def test_filters_and_search_find_what_is_there(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.evaluate("document.getElementById('found').textContent") == "94 rows"
    choose(browser, "kind", "rejected")
    assert len(rows_shown(browser)) == 29 and all(text.startswith("rejected") for text in rows_shown(browser))
    choose(browser, "stage", "screen")
    choose(browser, "reason", "language")
    [row] = rows_shown(browser)
    assert "screen: language" in row
    offered = browser.evaluate("[...document.getElementById('reason').options].map((option) => option.textContent)")
    assert "too_short (2)" in offered and not any("no_question" in text for text in offered)
    browser.evaluate("document.getElementById('clear').click()")
    choose(browser, "domain", "Math")
    math = rows_shown(browser)
    choose(browser, "search", "ACCEPTED-nothing-has-this")
    assert rows_shown(browser) == [] and "0 of 94 rows" in browser.evaluate("document.getElementById('found').textContent")
    word = next(word for word in math[0].splitlines()[1].split() if len(word) > 6 and word.isalpha())
    choose(browser, "search", word.upper())
    assert math[0] in rows_shown(browser) and len(rows_shown(browser)) <= len(math)
    browser.evaluate("document.getElementById('clear').click()")
    assert len(rows_shown(browser)) == 30
    browser.evaluate("document.getElementById('more').click()")
    assert len(rows_shown(browser)) == 60


def test_the_keyboard_opens_a_row_with_its_quote_marked(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.evaluate("document.getElementById('clear').focus()")
    browser.press("Tab")
    browser.press("Enter")
    time.sleep(0.1)
    assert browser.evaluate("document.querySelector('#list > details').open")
    marked = browser.evaluate("document.querySelector('.passage > mark').textContent")
    assert len(marked.split()) >= 3 and marked in browser.evaluate("document.querySelector('.passage').textContent")
    version = load_prompt("synthesize").version
    assert f"synthesize\tdemo-rules\tversion\u00a0{version}" in browser.evaluate("document.querySelector('.inside').innerText")


def test_a_dot_of_the_map_says_its_question_and_opens_its_row(browser: Browser, page: Path) -> None:
    browser.open(page)
    dots = browser.evaluate("document.querySelectorAll('[data-chart=\"map\"] use').length")
    assert dots == 65
    browser.evaluate("document.querySelectorAll('[data-chart=\"map\"] use')[40].dispatchEvent(new Event('click'))")
    time.sleep(0.1)
    said = browser.evaluate("document.getElementById('mapped').textContent")
    opened = browser.evaluate("document.querySelector('#list > details[open] .headline').textContent")
    assert opened and said.endswith(opened)


def test_what_rows_say_shows_as_text_and_runs_nothing(browser: Browser, tmp_path: Path) -> None:
    browser.open(Path(write_report(str(hostile_output(tmp_path / "out")))))
    browser.evaluate("document.querySelectorAll('#list > details').forEach((node) => { node.open = true; })")
    time.sleep(0.2)
    assert browser.problems == []  # an alert would be one
    assert browser.evaluate("document.querySelectorAll('img, #list script').length") == 0
    shown = browser.evaluate("document.getElementById('list').textContent")
    assert shown.count(EVIL) >= 8
    browser.look(390)
    assert browser.evaluate("document.documentElement.scrollWidth") == 390  # long words break, wide tables scroll by themselves
    assert EVIL in browser.evaluate("[...document.querySelectorAll('.passage > mark')].map((mark) => mark.textContent)")
    assert EVIL in browser.evaluate("document.getElementById('domains').textContent")
    # Even markup that got in somehow would not run.
    browser.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title = 1\">')")
    time.sleep(0.2)
    assert browser.evaluate("document.title") != "1" and any("Content Security Policy" in text for text in browser.problems)


def test_on_paper_it_is_light_and_whole(browser: Browser, page: Path) -> None:
    browser.open(page, 800, dark=True, media="print")
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert browser.evaluate("document.documentElement.scrollWidth") == 800
