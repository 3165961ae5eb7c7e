"""The self-contained page."""

from html.parser import HTMLParser

import pytest

from winnow.reports import (
    Code,
    Column,
    Details,
    Facts,
    Page,
    Picture,
    Points,
    Prose,
    Section,
    Table,
    write_page,
)

VOID = {"meta", "br", "path", "use", "link", "img"}


class Outline(HTMLParser):
    """Collects the tags and checks that they nest."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def page():
    table = Table.of([{"a": "x", "b": 1.5}], [Column("a", "A & B"), Column("b", "B", ".2f")], "Table <1>")
    blocks = (
        Prose("A < B"),
        Points(("first", "<i>second</i>")),
        Picture('<svg viewBox="0 0 1 1"></svg>', "Caption <2>"),
        Facts.of({"rates": {"hidden": 0.2, "sizes": [3, 4]}, "late": None, "on": True, "empty": {}}),
        Code("winnow run > out"),
        table,
        Details("More", (Prose("inner"), table)),
    )
    return Page("Title <script>alert(1)</script>", "Lead & more", (Section("Head <3>", blocks),))


def parsed(page):
    outline = Outline()
    outline.feed(page.render())
    assert outline.open == []
    return outline


def test_the_page_nests_and_names_its_language_title_and_viewport(page):
    tags = parsed(page).seen
    assert ("html", {"lang": "en"}) in tags
    assert any(tag == "meta" and attrs.get("name") == "viewport" for tag, attrs in tags)
    names = [tag for tag, _ in tags]
    assert names.count("title") == names.count("h1") == names.count("main") == 1
    assert names.count("caption") == names.count("table") == 2
    assert {"details", "summary", "figure", "figcaption", "dl", "pre"} <= set(names)


def test_every_text_is_escaped_and_only_figures_are_not(page):
    outline = parsed(page)
    names = [tag for tag, _ in outline.seen]
    assert "script" not in names and "i" not in names and names.count("svg") == 1
    for text in ("A < B", "<i>second</i>", "Caption <2>", "winnow run > out", "Table <1>", "Head <3>", "A & B"):
        assert text in outline.text


def test_the_page_loads_nothing(page):
    html = page.render()
    assert "http://" not in html and "https://" not in html
    assert not any("src" in attrs or "href" in attrs for _, attrs in parsed(page).seen)
    assert "default-src 'none'" in html


def test_facts_flatten_and_read_as_words(page):
    facts = Facts.of({"rates": {"hidden": 0.2, "sizes": [3, 4]}, "late": None, "on": True, "empty": {}})
    assert dict(facts.pairs) == {
        "rates.hidden": "0.2",
        "rates.sizes": "3, 4",
        "late": "none",
        "on": "yes",
        "empty": "none",
    }


def test_numbers_align_right_and_rows_have_headers(page):
    tags = parsed(page).seen
    assert ("td", {"class": "number"}) in tags
    assert ("th", {"scope": "row"}) in tags
    assert ("th", {"scope": "col", "class": "number"}) in tags


def test_writing_puts_the_page_in_its_place(page, tmp_path):
    path = write_page(page, tmp_path / "deep" / "report.html")
    assert path.read_text(encoding="utf-8") == page.render()
