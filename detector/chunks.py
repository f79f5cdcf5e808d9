"""Chunks: a stream of articles in, verdicts a chunk of them out, in this process or in several.

In: articles with their titles, checked. Out: each chunk with its :class:`Verdicts`, in input order, while the stream is read:
however long it is, only so many chunks are held at a time. The counterpart is :mod:`detector.estimator`, which makes reports
of them.
"""

from __future__ import annotations

import atexit
import pickle
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future
from contextlib import nullcontext
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from detector.encoder import Encoder
from detector.model import Model, load_model
from detector.paragraphs import SEPARATOR, batch_of

__all__ = ["Pair", "Verdicts", "judged", "judged_chunks"]

_CHARS = 1 << 19  # text judged at a time: large enough that NumPy's overhead vanishes, small enough for the cache
_ARTICLES = 1 << 12
_AHEAD = 3  # chunks a process that are handed out or waiting to be taken: one is judged, two keep it from waiting
_IDLE = 10  # seconds after which a process without work ends


class Pair(NamedTuple):
    """An article as :func:`~detector.paragraphs.batch_of` takes it, and its title."""

    article: str | Sequence[str]
    title: str | None


class Verdicts(NamedTuple):
    """What is said of a chunk of a articles with n paragraphs, titles gone.

    Attributes
    ----------
    bounds : ndarray (a + 1,) int64
        The paragraphs of article ``i`` are ``bounds[i]:bounds[i + 1]``.
    starts, ends : ndarray (n,) int64
        Offsets in their article.
    scores : ndarray (n,) float64
    furniture : ndarray (n,) bool
    topicless : ndarray (a,) bool
    strange : ndarray (a,) float64
    """

    bounds: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    scores: NDArray[np.float64]
    furniture: NDArray[np.bool_]
    topicless: NDArray[np.bool_]
    strange: NDArray[np.float64]


class _OneThread:
    """Holds NumPy's linear algebra to one thread while anybody is inside, and then gives back as many as there were.

    What is multiplied here is small: with two threads, which wait for one another, 8.0 MB/s instead of 9.8 on an idle machine,
    and 2.9 beside another program.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._limits: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._limits = _thread_pools().limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limits.restore_original_limits()


@lru_cache(maxsize=1)
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()


_ONE_THREAD = _OneThread()


def judged(model: Model, pairs: Sequence[Pair]) -> Verdicts:
    """Judge `pairs` as one batch."""
    batch = batch_of([pair.article for pair in pairs], [pair.title for pair in pairs])
    # An encoder of the user's may multiply as it likes.
    with _ONE_THREAD if model.encoder is None else nullcontext():
        judgement = model.judge(batch)
    asked = ~batch.is_title
    articles = batch.articles[asked]
    origins = batch.origins[articles]
    return Verdicts(
        bounds=np.searchsorted(articles, np.arange(len(pairs) + 1)),
        starts=batch.starts[asked] - origins,
        ends=batch.ends[asked] - origins,
        scores=judgement.scores[asked],
        furniture=judgement.furniture[asked],
        topicless=judgement.topicless,
        strange=judgement.strange,
    )


def judged_chunks(model: Model, pairs: Iterator[Pair], n_jobs: int) -> Iterator[tuple[list[Pair], Verdicts]]:
    """Yield `pairs` by the chunk, each with its verdicts, in order; in other processes where `n_jobs` makes more than one.

    Processes open the model by its path, so that its memory is shared; a model that was never saved is saved for them. An
    error of the stream is raised after all that came before it.

    Raises
    ------
    ValueError
        If `n_jobs` is 0.
    """
    chunks = _chunked(pairs)
    count = n_jobs
    if n_jobs != 1:
        from joblib import effective_n_jobs

        count = effective_n_jobs(n_jobs)
    if count == 1:
        yield from ((chunk, judged(model, chunk)) for chunk in chunks)
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # a model may still be mapped
        path, encoder = model.path or str(Path(folder, "model.safetensors")), None
        if model.path is None:
            model.save(path)
        if model.encoder is not None:
            encoder = str(Path(folder, "encoder"))
            Path(encoder).write_bytes(_pickled(model.encoder))
        handed: deque[tuple[list[Pair], Future[Verdicts]]] = deque()
        try:
            for chunk in _or_error(chunks):
                if isinstance(chunk, Exception):
                    handed.append(([], Future()))
                    handed[-1][1].set_exception(chunk)
                else:
                    handed.append((chunk, _submitted(count, path, encoder, chunk)))
                if len(handed) == _AHEAD * count:
                    yield _next_of(handed)
            while handed:
                yield _next_of(handed)
        finally:
            for _, future in handed:
                future.cancel()


@lru_cache(maxsize=1)
def _processes(count: int) -> Any:
    """Return `count` processes, which end when they have had nothing to do for a while and are started again when needed.

    Those of joblib's own pool, and no others of it: it is shared with whoever else uses joblib, and set up otherwise.
    """
    from joblib.externals.loky import ProcessPoolExecutor, cpu_count

    atexit.register(_processes.cache_clear)  # before the modules that it needs to end are gone
    # Threads that an encoder starts: no more in all processes than there are cores.
    threads = str(max(1, cpu_count() // count))
    env = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads)
    return ProcessPoolExecutor(max_workers=count, timeout=_IDLE, env=env)


def _submitted(count: int, path: str, encoder: str | None, chunk: list[Pair]) -> Future[Verdicts]:
    """Hand `chunk` to one of `count` processes; to new ones where one of the old has died."""
    try:
        submitted: Future[Verdicts] = _processes(count).submit(_judged_by_path, path, encoder, chunk)
    except BrokenExecutor:
        _processes.cache_clear()
        submitted = _processes(count).submit(_judged_by_path, path, encoder, chunk)
    return submitted


def _pickled(encoder: Encoder) -> bytes:
    """Return `encoder` as it goes to another process, one of a class of a script or a notebook too."""
    from joblib.externals.loky.backend.reduction import dumps

    return bytes(dumps(encoder))


@lru_cache(maxsize=1)
def _unpickled(path: str) -> Encoder:
    """Return the encoder written to `path`, in a process that judges; read once, not for each chunk."""
    encoder: Encoder = pickle.loads(Path(path).read_bytes())
    return encoder


def _judged_by_path(path: str, encoder: str | None, pairs: Sequence[Pair]) -> Verdicts:
    return judged(load_model(path, None if encoder is None else _unpickled(encoder)), pairs)


def _or_error(chunks: Iterator[list[Pair]]) -> Iterator[list[Pair] | Exception]:
    """Yield `chunks` and, where they end in an error, that: it has its place in the order too."""
    try:
        yield from chunks
    except Exception as error:
        yield error


def _next_of(handed: deque[tuple[list[Pair], Future[Verdicts]]]) -> tuple[list[Pair], Verdicts]:
    chunk, future = handed.popleft()
    return chunk, future.result()


def _chunked(pairs: Iterator[Pair]) -> Iterator[list[Pair]]:
    """Gather `pairs` into chunks of about _CHARS characters; a longer article is a chunk of its own.

    What was gathered before an error of `pairs` is yielded before it is raised.
    """
    chunk: list[Pair] = []
    size = 0
    try:
        for pair in pairs:
            # Separators count: paragraphs may be empty, and a batch holds only so many of them.
            extent = len(pair.title or "")
            if isinstance(pair.article, str):
                extent += len(pair.article)
            else:
                extent += sum(map(len, pair.article)) + len(SEPARATOR) * len(pair.article)
            if chunk and size + extent > _CHARS:
                yield chunk
                chunk, size = [], 0
            chunk.append(pair)
            size += extent
            if size >= _CHARS or len(chunk) >= _ARTICLES:
                yield chunk
                chunk, size = [], 0
    except Exception:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk
