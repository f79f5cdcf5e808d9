"""SpaCy: the component says what check_many says, in one process and in two, and what it says goes with its documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from conftest import NEWSLETTER, PHONE, RIVER
from test_exports import run

pytest.importorskip("spacy")

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from detector import InputError, Model, ModelError, OffTopicDetector
from detector.adapters.spacy import OffTopicComponent, make
from tests.crowd import Crowd, near

pytestmark = [
    pytest.mark.adapters,
    # Python 3.12 and later warn when spaCy forks its processes where NumPy has started threads.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded, use of fork:DeprecationWarning"),
]

TEXT = "\n\n".join((*RIVER[:3], PHONE, *RIVER[3:], NEWSLETTER))
FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}"


@pytest.fixture
def nlp() -> Language:
    """A pipeline with the component as it is by default."""
    made = spacy.blank("en")
    made.add_pipe("off_topic")
    return made


@pytest.fixture
def by_hand(hand_model: Model, tmp_path: Path) -> Language:
    """A pipeline with the model made by hand."""
    hand_model.save(tmp_path / "model.safetensors")
    made = spacy.blank("en")
    made.add_pipe("off_topic", config={"model": str(tmp_path / "model.safetensors")})
    return made


def titled(nlp: Language, records: Iterable[dict[str, Any]]) -> Iterator[Doc]:
    """The documents of `records`, with their titles, before any component has seen them."""
    for record in records:
        doc = nlp.make_doc(record["text"])
        doc.user_data["title"] = record["title"]
        yield doc


def spans(doc: Doc) -> list[tuple[str, str]]:
    """Label and text of the spans that are marked."""
    return [(span.label_, span.text) for span in doc.spans["off_topic"]]


# --- the same as check_many -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_process", "size"), [(1, 400), (2, 90)])  # spaCy takes long to send documents about
def test_documents_are_marked_as_check_many_marks_them(thousand: Crowd, nlp: Language, n_process: int, size: int) -> None:
    records, tags = thousand.records[:size], thousand.tags[:size]
    assert sum(bool(said["spans"]) for said in tags) > 5
    docs = list(nlp.pipe(titled(nlp, records), n_process=n_process, batch_size=size // 3 + 1))
    assert [doc.text for doc in docs] == [record["text"] for record in records]
    assert [doc._.off_topic for doc in docs] == [near(said) for said in tags]
    for doc, said in zip(docs, tags, strict=True):
        # Paragraphs begin and end with words and stops, which are tokens of their own.
        assert spans(doc) == [(each["kind"], doc.text[each["start"] : each["end"]]) for each in said["spans"]]
        assert doc.spans["off_topic"].attrs["scores"] == [each["score"] for each in doc._.off_topic["spans"]]


def test_a_document_alone_is_marked_the_same(thousand: Crowd, nlp: Language) -> None:
    found = [nlp(doc)._.off_topic for doc in titled(nlp, thousand.records[:50])]
    assert found == [near(said) for said in thousand.tags[:50]]


def test_texts_with_their_context_are_marked_without_a_title(thousand: Crowd, nlp: Language) -> None:
    pairs = [(record["text"], record["id"]) for record in thousand.records if record["title"] is None]
    expected = [near(said) for record, said in zip(thousand.records, thousand.tags, strict=True) if record["title"] is None]
    found = list(nlp.pipe(pairs, as_tuples=True))
    assert [doc._.off_topic for doc, _ in found] == expected
    assert [name for _, name in found] == [name for _, name in pairs]


def test_an_endless_stream_is_read_a_batch_at_a_time(by_hand: Language) -> None:
    taken = [0]

    def endless() -> Iterator[Doc]:
        for _ in count():
            taken[0] += 1
            yield by_hand.make_doc(TEXT)

    stream = by_hand.get_pipe("off_topic").pipe(endless(), batch_size=10)
    assert taken == [0]
    for _ in range(11):
        next(stream)
    assert taken == [20]


# --- what a document holds --------------------------------------------------------------------------------------------------


def test_kinds_scores_and_spans_are_those_a_hand_finds(by_hand: Language) -> None:
    doc = by_hand(TEXT)
    assert spans(doc) == [("foreign", PHONE), ("furniture", NEWSLETTER)]
    assert [(span["start"], span["kind"]) for span in doc._.off_topic["spans"]] == [
        (TEXT.index(PHONE), "foreign"),
        (TEXT.index(NEWSLETTER), "furniture"),
    ]
    assert [score > 0.99 for score in doc.spans["off_topic"].attrs["scores"]] == [True, True]
    assert doc.text == TEXT


def test_a_document_in_which_nothing_is_found_has_an_empty_tag_and_no_spans(by_hand: Language) -> None:
    for text, status in (("\n\n".join(RIVER), "ok"), ("", "empty"), (PHONE, "too_short")):
        doc = by_hand(text)
        assert doc._.off_topic == {"status": status, "share": 0.0, "spans": []}
        assert spans(doc) == []


def test_a_span_covers_whole_tokens_and_the_tag_counts_code_points(by_hand: Language) -> None:
    # What cannot be seen stands outside the paragraph, yet is of one token with its first word.
    text = "\n\n".join((FAMILY + " " + RIVER[0], *RIVER[1:], "\N{ZERO WIDTH SPACE}" + PHONE))
    doc = by_hand(text)
    (told,) = doc._.off_topic["spans"]
    assert text[told["start"] : told["end"]] == PHONE
    assert spans(doc) == [("foreign", "\N{ZERO WIDTH SPACE}" + PHONE)]


def through_bytes(doc: Doc, nlp: Language) -> Doc:
    return Doc(nlp.vocab).from_bytes(doc.to_bytes())


def through_a_bin(doc: Doc, nlp: Language) -> Doc:
    (found,) = DocBin(store_user_data=True, docs=[doc]).get_docs(nlp.vocab)
    return found


@pytest.mark.parametrize("through", [through_bytes, through_a_bin])
def test_what_is_found_goes_with_the_document(by_hand: Language, through: Callable[[Doc, Language], Doc]) -> None:
    doc = by_hand(TEXT)
    found = through(doc, spacy.blank("en"))
    # A bin makes tuples of lists.
    assert {**found._.off_topic, "spans": list(found._.off_topic["spans"])} == doc._.off_topic
    assert spans(found) == spans(doc)
    assert list(found.spans["off_topic"].attrs["scores"]) == doc.spans["off_topic"].attrs["scores"]


def test_the_tag_can_be_written_as_json(by_hand: Language) -> None:
    doc = by_hand(TEXT)
    assert doc.to_json(underscore=["off_topic"])["_"]["off_topic"] == doc._.off_topic


# --- the pipeline -----------------------------------------------------------------------------------------------------------


def test_the_config_is_that_of_the_detector(hand_model: Model, tmp_path: Path) -> None:
    hand_model.save(tmp_path / "model.safetensors")
    config = {"model": str(tmp_path / "model.safetensors"), "false_alarms": 0.01, "kinds": ["furniture"]}
    nlp = spacy.blank("en")
    component = nlp.add_pipe("off_topic", config=config)
    assert isinstance(component, OffTopicComponent)
    detector = component.detector
    assert (detector.model, detector.false_alarms, list(detector.kinds)) == tuple(config.values())
    assert spans(nlp(TEXT)) == [("furniture", NEWSLETTER)]


def test_a_pipeline_is_saved_and_loaded_with_its_config(by_hand: Language, tmp_path: Path) -> None:
    by_hand.to_disk(tmp_path / "pipeline")
    loaded = spacy.load(tmp_path / "pipeline")
    assert loaded.pipe_names == ["off_topic"]
    assert loaded(TEXT)._.off_topic == by_hand(TEXT)._.off_topic


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"false_alarms": 2.0}, "false_alarms is the tolerated share"),
        ({"kinds": ["strange"]}, "kinds is a tuple out of"),
    ],
)
def test_a_config_out_of_range_is_refused_when_the_component_is_added(config: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        spacy.blank("en").add_pipe("off_topic", config=config)


def test_a_model_that_is_not_there_is_missed_when_the_component_is_added(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no such file"):
        spacy.blank("en").add_pipe("off_topic", config={"model": str(tmp_path / "gone.safetensors")})


def test_a_title_that_is_no_text_is_refused(nlp: Language) -> None:
    (doc,) = titled(nlp, [{"text": TEXT, "title": 7}])
    with pytest.raises(InputError, match="the title of article is a str or None, got int"):
        nlp(doc)


def test_the_factory_tells_its_types_and_not_their_names() -> None:
    # Versions with another pydantic cannot read names: there no pipeline could be made.
    assert not any(isinstance(told, str) for told in make.__annotations__.values())


def test_an_entry_point_makes_importing_the_adapter_needless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As an installed package has it.
    info = tmp_path / "made_up-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: made-up\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text("[spacy_factories]\noff_topic = detector.adapters.spacy:make\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    code = """
import warnings
warnings.simplefilter("ignore")  # of what older versions import
import spacy
nlp = spacy.blank("en")
nlp.add_pipe("off_topic")
print(nlp("")._.off_topic["status"])
"""
    assert run(code) == "empty"


def test_a_detector_of_ones_own_can_be_put_in_by_hand(detector: OffTopicDetector) -> None:
    assert spans(OffTopicComponent(detector)(spacy.blank("en").make_doc(TEXT))) == [
        ("foreign", PHONE),
        ("furniture", NEWSLETTER),
    ]
