"""Scrapy: a crawl of files gives what check_many gives, items of every type are served, and what is counted adds up."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import NEWSLETTER, PHONE, RIVER
from test_exports import run

pytest.importorskip("scrapy")

import attrs
from scrapy import Field, Item, Spider
from scrapy.crawler import Crawler
from scrapy.statscollectors import MemoryStatsCollector

from detector import BatchMapper, InputError, Model, ModelError, OffTopicDetector
from detector.adapters.scrapy import OffTopicPipeline
from tests.crowd import Crowd, near

pytestmark = pytest.mark.adapters

TEXT = "\n\n".join((*RIVER[:3], PHONE, *RIVER[3:], NEWSLETTER))
CLEANED = "\n\n".join(RIVER)

CRAWL = """
import json
from pathlib import Path
import scrapy
from scrapy.crawler import CrawlerProcess

class News(scrapy.Spider):
    name = "news"
    start_urls = {urls!r}

    def parse(self, response):
        for line in response.body.decode("utf-8").splitlines():
            yield json.loads(line)

process = CrawlerProcess(dict(
    FEEDS={{{out!r}: {{"format": "jsonlines"}}}},
    ITEM_PIPELINES={{"detector.adapters.scrapy.OffTopicPipeline": 300}},
    LOG_LEVEL="ERROR",
    TELNETCONSOLE_ENABLED=False,
    **{settings!r},
))
crawler = process.create_crawler(News)
process.crawl(crawler)
process.start()
print(json.dumps({{name: value for name, value in crawler.stats.get_stats().items() if isinstance(value, int)}}))
"""


def crawled(folder: Path, records: list[dict[str, Any]], **settings: Any) -> tuple[dict[str, dict[str, Any]], dict[str, int]]:
    """Crawl `records` from files; return the items that come out, by their id, and the numbers of the statistics."""
    urls = []
    for number in range(4):
        path = folder / f"{number}.txt"
        path.write_text("".join(json.dumps(record) + "\n" for record in records[number::4]), "utf-8")
        urls.append(path.as_uri())
    # In a process of its own: a reactor runs once.
    stats = json.loads(run(CRAWL.format(urls=urls, out=str(folder / "out.jsonl"), settings=settings)).splitlines()[-1])
    items = [json.loads(line) for line in (folder / "out.jsonl").read_text("utf-8").splitlines()]
    assert len(items) == len(records) == stats["item_scraped_count"]
    return {item["id"]: item for item in items}, stats


def pipeline(**settings: Any) -> OffTopicPipeline:
    """The pipeline of a crawler with `settings`."""
    crawler = Crawler(Spider, {f"OFFTOPIC_{name.upper()}": value for name, value in settings.items()})
    crawler.stats = MemoryStatsCollector(crawler)
    return OffTopicPipeline.from_crawler(crawler)


@pytest.fixture
def model(hand_model: Model, tmp_path: Path) -> str:
    """The path of the model made by hand."""
    hand_model.save(tmp_path / "model.safetensors")
    return str(tmp_path / "model.safetensors")


# --- a crawl ----------------------------------------------------------------------------------------------------------------


def test_items_are_cleaned_as_check_many_cleans_them(thousand: Crowd, tmp_path: Path) -> None:
    records, tags = thousand.records[:300], thousand.tags[:300]
    items, stats = crawled(tmp_path, records)
    for record, left in zip(records, thousand.cleaned[:300], strict=True):
        assert items[record["id"]] == {**record, "text": left}
    spans = [span for said in tags for span in said["spans"]]
    assert stats["offtopic/articles"] == 300
    assert stats["offtopic/touched"] == sum(bool(said["spans"]) for said in tags)
    assert stats["offtopic/characters_removed"] == sum(span["end"] - span["start"] for span in spans)
    for kind in ("foreign", "furniture"):
        assert stats.get(f"offtopic/paragraphs/{kind}", 0) == sum(span["kind"] == kind for span in spans)
    codes = [value for name, value in stats.items() if name.startswith("offtopic/paragraphs/") and name.count("/") == 3]
    assert sum(codes) == len(spans)
    assert "offtopic/kept_whole" not in stats


def test_items_are_tagged_as_check_many_tags_them(thousand: Crowd, tmp_path: Path) -> None:
    records, tags = thousand.records[:150], thousand.tags[:150]
    items, stats = crawled(tmp_path, records, OFFTOPIC_ACTION="tag")
    for record, said in zip(records, tags, strict=True):
        assert items[record["id"]] == {**record, "off_topic": near(said)}
    assert stats["offtopic/touched"] == sum(bool(said["spans"]) for said in tags)
    assert "offtopic/characters_removed" not in stats


# --- an item ----------------------------------------------------------------------------------------------------------------


class Declared(Item):
    text = Field()
    off_topic = Field()


@dataclass
class Data:
    text: str
    off_topic: dict[str, Any] = field(default_factory=dict)


@attrs.define
class Attrs:
    text: str
    off_topic: Any = None


@pytest.mark.parametrize("kind", [dict, Declared, Data, Attrs])
def test_items_of_every_type_are_cleaned_and_tagged_in_place(model: str, kind: Any) -> None:
    item = kind(text=TEXT)
    assert pipeline(model=model, tag_field="off_topic").process_item(item) is item
    held = item if isinstance(item, (dict, Item)) else {"text": item.text, "off_topic": item.off_topic}
    assert held["text"] == CLEANED
    assert [span["kind"] for span in held["off_topic"]["spans"]] == ["foreign", "furniture"]


def test_what_is_counted_is_what_a_hand_counts(model: str) -> None:
    step = pipeline(model=model, max_removed=0.3)
    step.process_item({"text": TEXT})
    step.process_item({"text": CLEANED})
    step.process_item({"text": "\n\n".join((NEWSLETTER,) * 4 + RIVER)})  # 116 of 381 characters would go
    step.process_item({"text": None})
    step.process_item({"url": "file:///photo.png"})
    assert step.crawler.stats.get_stats() == {
        "offtopic/articles": 3,
        "offtopic/items_without_text": 2,
        "offtopic/touched": 2,
        "offtopic/kept_whole": 1,
        "offtopic/paragraphs/foreign": 1,
        "offtopic/paragraphs/foreign/own_words": 1,
        "offtopic/paragraphs/furniture": 5,
        "offtopic/paragraphs/furniture/page_words": 5,
        "offtopic/characters_removed": len(PHONE) + len(NEWSLETTER),
    }


def test_a_text_of_which_too_much_would_go_is_kept_whole(model: str) -> None:
    item = {"text": TEXT}
    assert pipeline(model=model, max_removed=0.2).process_item(item) == {"text": TEXT}
    assert pipeline(model=model, max_removed=0.3).process_item(item) == {"text": CLEANED}  # 92 of 357


def test_a_list_of_paragraphs_stays_a_list(model: str) -> None:
    item = pipeline(model=model).process_item({"text": [*RIVER, PHONE]})
    assert item == {"text": list(RIVER)}


def test_fields_have_the_names_of_the_settings(model: str) -> None:
    step = pipeline(model=model, text_field="body", title_field="head", tag_field="found", action="tag")
    item = step.process_item({"body": TEXT, "head": "The river", "title": 7, "text": 8})
    assert [span["kind"] for span in item.pop("found")["spans"]] == ["foreign", "furniture"]
    assert item == {"body": TEXT, "head": "The river", "title": 7, "text": 8}


def test_the_title_is_read_unless_its_field_is_none(model: str) -> None:
    seen = []

    class Watched(OffTopicDetector):
        def check(self, article: Any, title: str | None = None) -> Any:
            seen.append(title)
            return super().check(article, title)

    for name in ("title", "head", ""):
        step = pipeline(model=model, title_field=name)
        step.mapper.detector = Watched(model)
        step.process_item({"text": TEXT, "title": "The river"})
    assert seen == ["The river", None, None]


def test_settings_may_be_strings_as_the_command_line_gives_them(model: str) -> None:
    step = pipeline(model=model, max_removed="0.5", false_alarms="0.01", kinds="furniture", title_field="", tag_field="")
    assert isinstance(step.mapper, BatchMapper)
    detector = step.mapper.detector
    assert (detector.false_alarms, list(detector.kinds), step.mapper.max_removed) == (0.01, ["furniture"], 0.5)
    assert (step.mapper.title_column, step.mapper.tag_column) == (None, None)
    assert step.process_item({"text": TEXT}) == {"text": "\n\n".join((*RIVER[:3], PHONE, *RIVER[3:]))}


def test_the_spider_that_older_versions_give_is_taken(model: str) -> None:
    assert pipeline(model=model).process_item({"text": TEXT}, Spider(name="news")) == {"text": CLEANED}


# --- errors -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"action": "drop"}, r"action is one of \('clean', 'tag'\), got 'drop'"),
        ({"max_removed": "7"}, "max_removed is the largest share"),
        ({"false_alarms": 0}, "false_alarms is the tolerated share"),
        ({"kinds": "strange"}, "kinds is a tuple out of"),
        ({"action": "tag", "tag_field": ""}, 'action "tag" needs a column'),
    ],
)
def test_settings_out_of_range_are_refused_before_the_crawl(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        pipeline(**settings)


def test_a_model_that_is_not_there_is_missed_before_the_crawl(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no such file"):
        pipeline(model=str(tmp_path / "gone.safetensors"))


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"text": b"bytes"}, "article is a str or a list of paragraphs, got bytes"),
        ({"text": "One.", "title": ["Head"]}, "field 'title' is a str or None, got list; name another in OFFTOPIC_TITLE_FIELD"),
    ],
)
def test_an_item_that_cannot_be_read_is_refused(model: str, item: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        pipeline(model=model).process_item(item)


def test_an_item_without_a_field_for_the_tag_is_refused(model: str) -> None:
    with pytest.raises(InputError, match="Declared has no field 'found'; declare one, or name another in OFFTOPIC_TAG_FIELD"):
        pipeline(model=model, tag_field="found").process_item(Declared(text=TEXT))
