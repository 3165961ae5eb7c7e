"""The worklist's page as a coordinator uses it: quotes open in their note, filters narrow, reviews come out."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from browser import browser
from winnow.trials.report import write_worklist
from winnow.trials.screening.audits import read_reviews
from worklist_case import TEXT, document


def two_trials() -> dict[str, Any]:
    made = document()
    other = copy.deepcopy(made["trials"][0])
    other |= {"id": "NCT2", "place": 2, "title": "Another", "status": "COMPLETED", "phases": ["PHASE3"]}
    other |= {"summary": "conflict found", "scores": {"weighted": 0.2, "iterative": 0.0, "counting": 1.0}}
    other["criteria"][0] |= {"id": "NCT2/e01", "kind": "exclusion", "tier": 4, "outcome": "not met", "text": "No gout"}
    return {**made, "trials": [made["trials"][0], other]}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Chrome, Path]]:
    folder = tmp_path_factory.mktemp("worklists")
    path = write_worklist(two_trials(), folder)
    with browser(folder) as chrome:
        chrome.get(path.as_uri())
        yield chrome, folder


def shown(chrome: Chrome) -> list[str]:
    trials = chrome.find_elements(By.CSS_SELECTOR, ".trial")
    return [trial.get_attribute("data-trial") or "" for trial in trials if trial.is_displayed()]


def choose(chrome: Chrome, box: str, value: str) -> None:
    Select(chrome.find_element(By.ID, box)).select_by_value(value)


def test_nothing_of_a_note_runs_and_the_console_is_silent(page: tuple[Chrome, Path]) -> None:
    chrome, _ = page
    assert [entry for entry in chrome.get_log("browser") if entry["level"] == "SEVERE"] == []
    assert len(shown(chrome)) == 2


def test_a_quote_opens_its_note_at_the_right_words_past_an_emoji(page: tuple[Chrome, Path]) -> None:
    chrome, _ = page
    chrome.find_element(By.CSS_SELECTOR, ".trial summary").click()
    chrome.find_element(By.CSS_SELECTOR, ".criterion .quote").click()
    assert chrome.find_element(By.CSS_SELECTOR, "#drawer mark").text == "Has melanoma"
    assert chrome.find_element(By.ID, "drawer-text").get_attribute("textContent") == TEXT
    chrome.find_element(By.ID, "close").click()
    assert not chrome.find_element(By.ID, "drawer").is_displayed()


@pytest.mark.parametrize(
    ("box", "value", "left"),
    [
        ("f-status", "COMPLETED", ["NCT2"]),
        ("f-phase", "PHASE2", ["NCT1"]),
        ("f-summary", "conflict found", ["NCT2"]),
        ("f-tier", "4", ["NCT2"]),
        ("f-outcome", "met", ["NCT1"]),
    ],
)
def test_filters_narrow_the_list(page: tuple[Chrome, Path], box: str, value: str, left: list[str]) -> None:
    chrome, _ = page
    choose(chrome, box, value)
    assert shown(chrome) == left
    choose(chrome, box, "")
    assert len(shown(chrome)) == 2


def test_search_looks_into_criteria_and_quotes(page: tuple[Chrome, Path]) -> None:
    chrome, _ = page
    box = chrome.find_element(By.ID, "search")
    for words, left in (
        ("gout", ["NCT2"]),
        ("another", ["NCT2"]),
        ("nothing like it", []),
        ("HAS MELANOMA", ["NCT1", "NCT2"]),
    ):
        box.clear()
        box.send_keys(words)
        assert shown(chrome) == left, words
    box.clear()
    box.send_keys(" ")


def test_ranking_by_another_score_reorders_and_back(page: tuple[Chrome, Path]) -> None:
    chrome, _ = page
    choose(chrome, "order", "counting")
    scores = [e.text for e in chrome.find_elements(By.CSS_SELECTOR, ".score")]
    assert scores == ["1.00", "1.00"]
    choose(chrome, "order", "weighted")
    assert shown(chrome) == ["NCT1", "NCT2"]


def test_reviews_are_exported_in_the_form_that_audit_takes(page: tuple[Chrome, Path]) -> None:
    chrome, folder = page
    for trial in chrome.find_elements(By.CSS_SELECTOR, ".trial"):
        if not trial.get_attribute("open"):
            trial.find_element(By.CSS_SELECTOR, "summary").click()
    first, second = chrome.find_elements(By.CSS_SELECTOR, ".criterion")
    first.find_element(By.CSS_SELECTOR, "[data-act=accept]").click()
    assert "reviewer" in first.find_element(By.CSS_SELECTOR, ".done").text
    chrome.find_element(By.ID, "reviewer").send_keys("R. Viewer")
    first.find_element(By.CSS_SELECTOR, "[data-act=accept]").click()
    second.find_element(By.CSS_SELECTOR, "[data-act=override]").click()
    assert "needs a value and a reason" in second.find_element(By.CSS_SELECTOR, ".done").text
    Select(second.find_element(By.CSS_SELECTOR, "select")).select_by_visible_text("met")
    second.find_element(By.CSS_SELECTOR, "[data-act=reason]").send_keys("seen in clinic")
    second.find_element(By.CSS_SELECTOR, "button[data-act=override]").click()
    chrome.find_element(By.ID, "export").click()
    taken = read_reviews(downloaded(folder / "reviews.json"))
    assert [(r.criterion_id, r.decision, r.value, r.reason, r.reviewer) for r in taken] == [
        ("NCT1/i01", "accept", None, "", "R. Viewer"),
        ("NCT2/e01", "override", "met", "seen in clinic", "R. Viewer"),
    ]


def downloaded(path: Path) -> Path:
    for _ in range(100):
        if path.is_file():
            json.loads(path.read_text())
            return path
        time.sleep(0.1)
    raise AssertionError("nothing was downloaded")
