"""Spark: Python workers of a local Spark say what `check_many` says, also where one of them is killed."""

from __future__ import annotations

import datetime
import os
import shutil
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import NEWSLETTER, PHONE, RIVER

from detector import InputError, Model, OffTopicDetector, Report, model
from tests.crowd import Crowd, killer, near

pytest.importorskip("pyspark")
if shutil.which("java") is None:
    pytest.skip("Spark needs Java", allow_module_level=True)

from pyspark import SparkContext
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import to_arrow_schema

from detector.adapters.spark import off_topic
from detector.arrow import TAG

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

pytestmark = [
    pytest.mark.adapters,
    # Spark has not been tried with the newest pandas; nothing here uses it.
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
]

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A Spark of two cores on this machine, which runs a task up to four times, and nobody else can reach."""
    folder = str(tmp_path_factory.mktemp("spark"))
    settings = {
        "spark.master": "local[2, 4]",
        "spark.default.parallelism": "4",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"-Djava.io.tmpdir={folder} -XX:-UsePerfData -XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": folder,
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "100",
        "spark.sql.warehouse.dir": folder,
        "spark.ui.enabled": "false",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"PYTHONPATH": ROOT, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}.items():
            patch.setenv(name, str(value))
        made = SparkSession.builder.config(map=settings).getOrCreate()
        gateway = made.sparkContext._gateway
        try:
            yield made
        finally:
            made.stop()
            # Otherwise Java stays until the tests end.
            gateway.shutdown()
            gateway.proc.stdin.close()
            gateway.proc.wait(60)
            SparkContext._gateway = SparkContext._jvm = None


@pytest.fixture(scope="module")
def articles(spark: SparkSession, thousand: Crowd) -> DataFrame:
    """The thousand, in four partitions."""
    return spark.createDataFrame(thousand.records, "id string, title string, text string")


def rows(df: DataFrame) -> list[dict[str, Any]]:
    return [row.asDict(recursive=True) for row in df.collect()]


def test_rows_get_the_tags_and_keep_everything_else_and_their_order(articles: DataFrame, thousand: Crowd) -> None:
    tagged = off_topic(articles, action="tag")
    assert tagged.columns == ["id", "title", "text", "off_topic"]
    assert rows(tagged) == [
        {**record, "off_topic": near(tag)} for record, tag in zip(thousand.records, thousand.tags, strict=True)
    ]


def test_where_a_worker_is_killed_no_row_is_lost_and_none_comes_twice(
    articles: DataFrame, thousand: Crowd, tmp_path: Path
) -> None:
    told = tmp_path / "killed"
    assert articles.rdd.getNumPartitions() == 4
    # In the second batch of a partition: the first has been handed over.
    cleaned = rows(off_topic(articles, detector=killer(told, 150)))
    assert told.exists()
    assert cleaned == [
        {**record, "text": text, "off_topic": near(tag)}
        for record, text, tag in zip(thousand.records, thousand.cleaned, thousand.tags, strict=True)
    ]


def test_a_worker_opens_the_model_once_however_many_tasks_it_runs(articles: DataFrame, tmp_path: Path) -> None:
    class Watched(OffTopicDetector):
        def check_many(self, *arguments: Any, **options: Any) -> Iterator[Report]:
            yield from super().check_many(*arguments, **options)
            (tmp_path / str(os.getpid())).write_text(str(model._read.cache_info().misses))

    assert off_topic(articles, tag_column=None, detector=Watched()).count() == 1000
    opened = [path.read_text() for path in tmp_path.iterdir()]
    assert set(opened) == {"1"}
    assert len(opened) <= 2


def test_columns_of_every_type_stay_as_they_are(spark: SparkSession, hand_model: Model) -> None:
    article = [*RIVER, PHONE]
    given = spark.createDataFrame(
        [
            (1, article, datetime.date(2024, 2, 29), Decimal("1.10"), {"a": 1}, (2, ["x", None]), b"\0"),
            (2, None, None, None, None, None, None),
            (3, [], datetime.date(1999, 1, 1), Decimal("-2.50"), {}, (None, []), b""),
            (4, [*RIVER, NEWSLETTER], None, None, None, None, None),
        ],
        "n short not null, paragraphs array<string>, day date, price decimal(5,2), counts map<string,int>, "
        "pair struct<x:long,y:array<string>>, raw binary",
    ).coalesce(1)
    parameters = {"text_column": "paragraphs", "detector": OffTopicDetector(model=hand_model)}
    cleaned = off_topic(given, tag_column="found", **parameters)
    assert cleaned.schema.fields[:-1] == given.schema.fields
    assert to_arrow_schema(cleaned.schema).field("found").type == TAG
    assert rows(cleaned.drop("found", "paragraphs")) == rows(given.drop("paragraphs"))
    found = rows(cleaned.select("paragraphs", "found.spans.kind"))
    assert [row["paragraphs"] for row in found] == [list(RIVER), None, [], list(RIVER)]
    assert [row["kind"] for row in found] == [["foreign"], None, [], ["furniture"]]
    # The same columns in, none more; or a column of tags in the place of one.
    assert off_topic(given, tag_column=None, **parameters).schema == given.schema
    assert off_topic(cleaned.select("found", "n", "paragraphs"), tag_column="found", **parameters).columns == [
        "found",
        "n",
        "paragraphs",
    ]


def test_what_cannot_be_asked_is_told_before_anything_is_run(articles: DataFrame) -> None:
    with pytest.raises(InputError, match="no column 'body', there is 'id', 'title', 'text'; set text_column"):
        off_topic(articles, text_column="body")
    with pytest.raises(InputError, match="column 'n' holds texts or lists of paragraphs, got int64"):
        off_topic(articles.selectExpr("1L as n"), text_column="n")
    with pytest.raises(InputError, match="action is one of"):
        off_topic(articles, "drop")
