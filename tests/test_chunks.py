"""Chunks: how a stream is cut, that it comes out in order whoever judges it, and how far ahead it is read."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import replace
from itertools import chain, count, islice, repeat
from pathlib import Path

import numpy as np
import pytest
from conftest import DIGEST, NEWSLETTER, PHONE, RIVER
from test_exports import run
from threadpoolctl import threadpool_info, threadpool_limits

from detector import Model, ModelError, chunks, load_model
from detector.chunks import Pair, Verdicts, judged, judged_chunks
from detector.model import Judgement
from detector.paragraphs import Batch, batch_of

MIXED = [*RIVER[:3], PHONE, *RIVER[3:]]


def pairs_of(*articles: str | Sequence[str]) -> list[Pair]:
    return [Pair(article, None) for article in articles]


def same(one: Verdicts, other: Verdicts) -> None:
    """Assert that two verdicts say the same."""
    for name in ("bounds", "starts", "ends", "furniture", "topicless", "strange"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist(), name
    assert one.scores == pytest.approx(other.scores, abs=1e-6)


def joined(parts: Sequence[Verdicts]) -> Verdicts:
    """The verdicts of all `parts` as of one chunk."""
    sizes = np.concatenate([np.diff(part.bounds) for part in parts])
    rest = (np.concatenate(each) for each in list(zip(*parts, strict=True))[1:])
    return Verdicts(np.append(0, np.cumsum(sizes)), *rest)


# --- judged -----------------------------------------------------------------------------------------------------------------


def test_verdicts_are_of_paragraphs_with_offsets_in_their_article_and_without_titles(hand_model: Model) -> None:
    pairs = [Pair("One.\n\nTwo.", None), Pair(["a", "", "bc"], "Head"), Pair("", "Title"), Pair(MIXED, None)]
    found = judged(hand_model, pairs)
    assert found.bounds.tolist() == [0, 2, 5, 5, 11]
    assert found.starts[:5].tolist() == [0, 6, 0, 3, 5]
    assert found.ends[:5].tolist() == [4, 10, 1, 3, 7]
    assert np.flatnonzero(found.scores > 0.9).tolist() == [8]  # the phone
    assert len(found.scores) == len(found.furniture) == 11
    assert found.topicless.tolist() == [False] * 4


def test_a_title_is_read_though_it_gets_no_verdict(hand_model: Model) -> None:
    plain, titled = (judged(hand_model, [Pair(DIGEST, title)]) for title in (None, "The river"))
    assert titled.bounds.tolist() == plain.bounds.tolist() == [0, 4]
    judgement = hand_model.judge(batch_of([DIGEST], ["The river"]))
    assert titled.scores.tolist() == judgement.scores[1:].tolist()
    assert titled.scores[0] < 0.5 < plain.scores[0]


def test_no_articles_have_no_verdicts(hand_model: Model) -> None:
    found = judged(hand_model, [])
    assert [len(each) for each in found] == [1, 0, 0, 0, 0, 0, 0]
    for n_jobs in (1, 2):
        assert list(judged_chunks(hand_model, iter(()), n_jobs)) == []


# --- how a stream is cut ----------------------------------------------------------------------------------------------------


def sizes_of(model: Model, articles: Sequence[str | Sequence[str]]) -> list[int]:
    """How many articles the chunks of `articles` hold."""
    held = list(judged_chunks(model, iter(pairs_of(*articles)), 1))
    assert list(chain.from_iterable(chunk for chunk, _ in held)) == pairs_of(*articles)
    assert [len(verdicts.topicless) for _, verdicts in held] == [len(chunk) for chunk, _ in held]
    return [len(chunk) for chunk, _ in held]


@pytest.mark.parametrize(
    ("characters", "sizes"),
    [
        ([4, 4, 4], [2, 1]),
        ([5, 5, 1], [2, 1]),
        ([10, 10], [1, 1]),
        ([3, 25, 3, 3], [1, 1, 2]),  # longer than a chunk: beside others its paragraphs would be too many to index
        ([25], [1]),
        ([0, 0, 0, 0], [4]),
        ([9, 0, 2], [2, 1]),
    ],
)
def test_a_chunk_holds_as_many_articles_as_its_characters_allow(
    hand_model: Model, monkeypatch: pytest.MonkeyPatch, characters: list[int], sizes: list[int]
) -> None:
    monkeypatch.setattr(chunks, "_CHARS", 10)
    assert sizes_of(hand_model, ["x" * size for size in characters]) == sizes


def test_paragraphs_of_a_list_count_with_what_parts_them(hand_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_CHARS", 10)
    # 4 and 3, 2, 0; 3 would make 12. Five empty paragraphs are full, six are more than that.
    assert sizes_of(hand_model, [["ab", "c"], [""], [], ["x"]]) == [3, 1]
    assert sizes_of(hand_model, [[""] * 5, ["x"], [""] * 6, ["x"]]) == [1, 1, 1, 1]


def test_a_chunk_holds_only_so_many_articles_however_short(hand_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_ARTICLES", 3)
    assert sizes_of(hand_model, [""] * 7) == [3, 3, 1]


def counted(pairs: Iterator[Pair]) -> tuple[Iterator[Pair], list[int]]:
    """`pairs`, and how many of them have been taken."""
    taken = [0]

    def read() -> Iterator[Pair]:
        for pair in pairs:
            taken[0] += 1
            yield pair

    return read(), taken


@pytest.mark.parametrize(
    ("article", "most"),
    [("A line.", 4096), ("A line.\n\n" * 100, 600), ("word " * 20_000, 6), ([""] * 10_000, 30), ("word " * 200_000, 1)],
    ids=["tiny", "usual", "long", "empty paragraphs", "huge"],
)
def test_an_endless_stream_is_read_a_chunk_at_a_time(hand_model: Model, article: str | list[str], most: int) -> None:
    pairs, taken = counted(repeat(Pair(article, None)))
    stream = judged_chunks(hand_model, pairs, 1)
    assert taken == [0]
    assert len(next(stream)[0]) <= taken[0] <= most


# --- in order, in one process and in several --------------------------------------------------------------------------------


def several(articles: int = 60) -> list[Pair]:
    """Articles of which the first takes by far the longest to judge."""
    kinds = (MIXED, list(DIGEST), [*RIVER, NEWSLETTER], "One.\n\nTwo.", "")
    rest = (Pair(kinds[i % 5], f"The river {i}" if i % 3 else None) for i in range(1, articles))
    return [Pair(RIVER * 2000, None), *rest]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_chunks_come_in_order_and_their_articles_are_judged_as_one_by_one(
    hand_model: Model, monkeypatch: pytest.MonkeyPatch, n_jobs: int
) -> None:
    monkeypatch.setattr(chunks, "_CHARS", 500)
    pairs = several()
    held = list(judged_chunks(hand_model, iter(pairs), n_jobs))
    assert len(held) > 3 * 2 * 2  # more than are ever handed out
    assert list(chain.from_iterable(chunk for chunk, _ in held)) == pairs
    same(joined([verdicts for _, verdicts in held]), joined([judged(hand_model, [pair]) for pair in pairs]))


def test_processes_open_a_saved_model_by_its_path_wherever_they_stand(
    hand_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    hand_model.save("model.safetensors")
    loaded = load_model("model.safetensors")
    ((_, verdicts),) = judged_chunks(loaded, iter(pairs_of(MIXED)), 2)
    same(verdicts, judged(hand_model, pairs_of(MIXED)))
    gone = replace(loaded, path=str(tmp_path / "gone.safetensors"))
    with pytest.raises(ModelError, match=r"gone.safetensors: there is no such file"):
        list(judged_chunks(gone, iter(pairs_of(MIXED)), 2))


def test_processes_judge_by_what_the_file_of_the_model_holds_now(
    hand_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "_CHARS", 10)  # chunks enough for both processes
    calibration = hand_model.scorer.calibration
    halved = replace(calibration, probabilities=calibration.probabilities / 2)
    other = replace(hand_model, scorer=replace(hand_model.scorer, calibration=halved))
    path = tmp_path / "model.safetensors"
    for model in (hand_model, other):
        model.save(path)
        expected = judged(model, pairs_of(MIXED))
        for _, verdicts in judged_chunks(load_model(path), iter(pairs_of(*[MIXED] * 12)), 2):
            same(verdicts, expected)


@pytest.mark.parametrize("abandoned", [False, True])
def test_a_model_that_was_never_saved_leaves_no_file_behind(
    hand_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abandoned: bool
) -> None:
    assert hand_model.path is None
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(chunks, "_CHARS", 10)
    stream = judged_chunks(hand_model, iter(pairs_of(*[MIXED] * 12)), 2)
    next(stream)
    (folder,) = tmp_path.iterdir()
    assert [path.name for path in folder.iterdir()] == ["model.safetensors"]
    if abandoned:
        stream.close()  # type: ignore[attr-defined]
    else:
        assert len(list(stream)) == 11
    assert not list(tmp_path.iterdir())


def test_no_more_than_some_chunks_a_process_are_read_ahead(hand_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_CHARS", 10)
    pairs, taken = counted(Pair("x" * 10, None) for _ in count())  # each fills a chunk
    stream = judged_chunks(hand_model, pairs, 2)
    assert taken == [0]
    for given in range(1, 20):
        next(stream)
        assert taken[0] - given < chunks._AHEAD * 2
    stream.close()  # type: ignore[attr-defined]
    assert taken[0] < 20 + chunks._AHEAD * 2


# --- errors -----------------------------------------------------------------------------------------------------------------


class BrokenOffError(Exception):
    """What a stream may raise: no error of ours."""


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("before", [0, 1, 2, 3, 40])
def test_an_error_of_the_stream_is_raised_after_everything_before_it(
    hand_model: Model, monkeypatch: pytest.MonkeyPatch, n_jobs: int, before: int
) -> None:
    monkeypatch.setattr(chunks, "_CHARS", 20)  # two articles a chunk: the last may be half full

    def pairs() -> Iterator[Pair]:
        yield from islice(repeat(Pair("x" * 10, None)), before)
        raise BrokenOffError("the wire was cut")

    stream = judged_chunks(hand_model, pairs(), n_jobs)
    found = [len(next(stream)[0]) for _ in range(-(-before // 2))]
    assert sum(found) == before
    with pytest.raises(BrokenOffError, match="the wire was cut"):
        next(stream)
    assert list(stream) == []


def test_no_processes_at_all_are_refused(hand_model: Model) -> None:
    with pytest.raises(ValueError, match="n_jobs"):
        list(judged_chunks(hand_model, iter(pairs_of("a")), 0))


# --- processes --------------------------------------------------------------------------------------------------------------

CODE = """
import sys
from itertools import repeat
from detector import load_model
from detector.chunks import Pair, judged_chunks
stream = judged_chunks(load_model(), repeat(Pair("A line.", None)), {n_jobs})
next(stream)
"""


def test_one_process_is_this_one_and_joblib_is_not_even_imported() -> None:
    assert run(CODE.format(n_jobs=1) + "print('joblib' in sys.modules)") == "False"


def test_a_program_ends_though_an_endless_stream_is_left_in_the_middle() -> None:
    assert run(CODE.format(n_jobs=2) + "print('joblib' in sys.modules)") == "True"


def test_a_stream_left_in_the_middle_is_in_nobodys_way(hand_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_CHARS", 10)
    left = judged_chunks(hand_model, repeat(Pair(RIVER * 200, None)), 2)
    next(left)
    left.close()  # type: ignore[attr-defined]
    assert list(left) == []
    expected = judged(hand_model, pairs_of(MIXED))
    for n_jobs in (2, 3):
        ((_, verdicts),) = judged_chunks(hand_model, iter(pairs_of(MIXED)), n_jobs)
        same(verdicts, expected)


def test_streams_may_be_read_side_by_side(hand_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_CHARS", 10)
    # Ten articles are more than three processes are handed at once: the streams take the processes from each other.
    streams = [judged_chunks(hand_model, iter(pairs_of(*[MIXED] * 10)), n_jobs) for n_jobs in (2, 3, 2)]
    expected = judged(hand_model, pairs_of(MIXED))
    rounds = 0
    for found in zip(*streams, strict=True):
        rounds += 1
        for _, verdicts in found:
            same(verdicts, expected)
    assert rounds == 10


def dies(*_: object) -> None:
    os._exit(1)


def test_a_process_that_dies_is_an_error_and_the_next_stream_has_another(
    hand_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(chunks, "_judged_by_path", dies)
        with pytest.raises(BrokenExecutor, match="terminated"):
            list(judged_chunks(hand_model, iter(pairs_of(MIXED)), 2))
    ((_, verdicts),) = judged_chunks(hand_model, iter(pairs_of(MIXED)), 2)
    same(verdicts, judged(hand_model, pairs_of(MIXED)))


def test_a_process_that_died_while_it_had_nothing_to_do_is_replaced(hand_model: Model) -> None:
    list(judged_chunks(hand_model, iter(pairs_of(MIXED)), 2))
    held = chunks._processes(2)
    for number in list(held._processes):
        os.kill(number, signal.SIGTERM)
    while held._flags.broken is None:  # until it is noticed
        time.sleep(0.005)
    ((_, verdicts),) = judged_chunks(hand_model, iter(pairs_of(MIXED)), 2)
    same(verdicts, judged(hand_model, pairs_of(MIXED)))


def test_joblib_serves_others_before_between_and_after() -> None:
    # Whoever checks articles may have a scikit-learn model with n_jobs in the same program.
    code = """
import joblib
from detector import chunks, load_model
from detector.chunks import Pair, judged_chunks
chunks._CHARS = 10
def others():
    return sum(joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(i) for i in (-1, 2)))
def ours():
    return judged_chunks(load_model(), iter([Pair("x" * 10, None)] * 9), 2)
print(len(list(ours())), others(), [others() for _ in ours()], len(list(ours())))
"""
    assert run(code) == f"9 3 {[3] * 9} 9"


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_what_is_multiplied_is_multiplied_in_one_thread_and_then_there_are_as_many_as_before(
    hand_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    judge = Model.judge

    def counted(self: Model, batch: Batch) -> Judgement:
        seen.append(blas_threads())
        return judge(self, batch)

    monkeypatch.setattr(Model, "judge", counted)
    with threadpool_limits(2, user_api="blas"):
        judged(hand_model, pairs_of(MIXED))
        assert blas_threads() == {2}
    assert seen == [{1}]


def test_of_two_who_judge_at_once_the_last_gives_the_threads_back() -> None:
    with threadpool_limits(2, user_api="blas"):
        with chunks._ONE_THREAD:
            with chunks._ONE_THREAD:
                assert blas_threads() == {1}
            assert blas_threads() == {1}
        assert blas_threads() == {2}
