"""Arrow in and out, by the PyCapsule interface: pyarrow, polars, pandas, duckdb; large tables; makers that fail."""

import gc
import threading

import pyarrow as pa

import support
import thalweg
from support import raises, sorted_rows, table

COLUMNS = "id BIGINT NOT NULL, name STRING, score DOUBLE, day DATE"


def rows(count, first=0):
    return pa.table(
        {
            "id": pa.array(range(first, first + count), pa.int64()),
            "name": [None if number % 7 == 0 else f"name {number}" for number in range(count)],
            "score": [number / 3 for number in range(count)],
            "day": pa.array(range(count), pa.int32()).cast(pa.date32()),
        }
    )


def test_pyarrow(client):
    with table(client, COLUMNS, buckets=2) as t:
        given = rows(1000)
        assert t.append(given).acknowledged == 1000
        assert t.append(given.to_batches()[0]).acknowledged == 1000
        assert t.append(pa.RecordBatchReader.from_batches(given.schema, given.to_batches(100))).acknowledged == 1000
        columns = {"id": given["id"], "name": given["name"].combine_chunks(), "score": [1.5] * 1000}
        assert t.append(columns).acknowledged == 1000
        found = t.scan().to_pyarrow().sort_by("id")
        assert found.num_rows == 4000 and pa.schema(t.schema) == found.schema
        assert found["id"].to_pylist() == sorted(list(range(1000)) * 4)
        assert pa.table(t.scan(["name", "id"], limit=5)).column_names == ["name", "id"]
        batches = list(t.scan())
        assert all(pa.record_batch(batch).equals(batch.to_pyarrow()) for batch in batches)
        assert sum(batch.num_rows for batch in batches) == 4000
        # A copy goes through the scan of one table into another.
        with table(client, COLUMNS, buckets=3) as other:
            assert other.append(t.scan()).acknowledged == 4000
            assert other.scan().to_pyarrow().sort_by([("id", "ascending"), ("score", "ascending")]).num_rows == 4000


def test_every_type_with_pyarrow(client):
    given = support.every_type(60)
    with table(client, support.SQL, buckets=2) as t:
        as_arrow = pa.Table.from_pylist(given, schema=pa.schema(t.schema))
        assert t.append(as_arrow).acknowledged == 60
        found = t.scan().to_pyarrow().sort_by("id")
        assert found.cast(as_arrow.schema).equals(as_arrow)
        assert sorted_rows(t.scan().to_pylist()) == given


def test_types_are_cast_where_every_value_keeps_its_meaning(client):
    with table(client, "id INT NOT NULL, name STRING, tags ARRAY<STRING>, at TIMESTAMP(3), b BYTES") as t:
        names = pa.array(["a", "b", "a"])
        columns = {
            "id": pa.array([1, 2, 3], pa.uint8()),
            "name": names.dictionary_encode(),
            "tags": pa.array([["x"], None, []], pa.large_list(pa.large_string())),
            "at": pa.array([1, 2, 3], pa.timestamp("s")),
            "b": pa.array([b"x", None, b"yy"], pa.large_binary()),
        }
        assert t.append(pa.table(columns)).acknowledged == 3
        views = pa.table({"id": pa.array([4], pa.int64()), "name": pa.array(["view"], pa.string_view())})
        assert t.append(views).acknowledged == 1
        found = sorted_rows(t.scan().to_pylist())
        assert [row["name"] for row in found] == ["a", "b", "a", "view"]
        assert found[0]["tags"] == ["x"] and found[2]["tags"] == []
        raises(thalweg.InvalidError, lambda: t.append(pa.table({"id": pa.array([2**40], pa.int64())})), "id")
        raises(thalweg.InvalidError, lambda: t.append(pa.table({"id": ["a"]})), "id")
        raises(thalweg.InvalidError, lambda: t.append(pa.table({"id": [1], "nope": [1]})), "nope")
        raises(thalweg.InvalidError, lambda: t.append(pa.array([1, 2])), "one column")


def test_makers_that_fail(client):
    schema = pa.schema([("id", pa.int64())])

    def batches(count):
        for number in range(count):
            yield pa.record_batch([pa.array([number])], schema=schema)
        raise RuntimeError("no more")

    with table(client, "id BIGINT") as t:
        error = raises(thalweg.InvalidError, lambda: t.append(pa.RecordBatchReader.from_batches(schema, batches(0))), "no more")
        assert error.outcome is None
        error = raises(thalweg.InvalidError, lambda: t.append(pa.RecordBatchReader.from_batches(schema, batches(3))), "no more")
        assert error.outcome.acknowledged == 3
        reader = pa.RecordBatchReader.from_batches(schema, [])
        assert t.append(reader).rows == 0
        null = pa.StructArray.from_arrays([pa.array([1, 2])], names=["id"], mask=pa.array([False, True]))
        assert raises(thalweg.InvalidError, lambda: t.append(null), "null").row == 1

        class Liar:
            def __arrow_c_array__(self, requested_schema=None):
                return 1, 2

            def __arrow_c_stream__(self, requested_schema=None):
                return object()

        raises(TypeError, lambda: t.append(Liar()))
        capsule = rows(3).__arrow_c_stream__()

        class Again:
            def __arrow_c_stream__(self, requested_schema=None):
                return capsule

        raises(thalweg.InvalidError, lambda: t.append(Again()))
        raises(thalweg.InvalidError, lambda: t.append(Again()), "already")

        class Wrong:
            def __arrow_c_stream__(self, requested_schema=None):
                return pa.schema([("id", pa.int64())]).__arrow_c_schema__()

        raises(Exception, lambda: t.append(Wrong()))


def test_polars(client):
    import polars as pl

    with table(client, COLUMNS, primary_key="id", buckets=2) as t:
        frame = pl.DataFrame(rows(500))
        assert t.upsert(frame).acknowledged == 500
        assert t.upsert({"id": frame["id"], "score": frame["score"] * 2}, columns=["id", "score"]).acknowledged == 500
        found = pl.DataFrame(t.scan()).sort("id")
        assert found["name"].to_list() == frame["name"].to_list()
        assert found["score"].to_list() == (frame["score"] * 2).to_list()
        assert pl.DataFrame(t.lookup(frame.select("id").head(3))).height == 3
        batch = next(t.scan())
        assert pl.DataFrame(batch).height == len(batch)
        assert t.delete(frame.select("id").head(100)).acknowledged == 100
        assert pl.DataFrame(t.scan(["id"])).height == 400


def test_pandas(client):
    import pandas as pd

    with table(client, "id BIGINT NOT NULL, name STRING, score DOUBLE", buckets=2) as t:
        frame = pd.DataFrame({"id": range(300), "name": [f"n{number}" for number in range(300)], "score": 0.5})
        assert t.append(frame).acknowledged == 300
        found = t.scan().to_pyarrow().to_pandas().sort_values("id").reset_index(drop=True)
        assert found["name"].tolist() == frame["name"].tolist() and found["score"].sum() == 150
        if hasattr(pd.DataFrame, "from_arrow"):
            assert len(pd.DataFrame.from_arrow(t.scan())) == 300


def test_duckdb(client):
    import duckdb

    with table(client, "id BIGINT NOT NULL, name STRING, total DOUBLE", buckets=2) as t:
        with duckdb.connect() as database:
            made = database.sql("select range as id, 'n' || range as name, range * 0.5::double as total from range(5000)")
            assert t.append(made).acknowledged == 5000
            scan = t.scan(["id", "total"]).to_pyarrow()
            assert database.sql("select count(*), sum(total) from scan").fetchall() == [(5000, 4999 * 5000 / 4)]
            stream = t.scan(["id"])
            assert database.sql("select max(id) from stream").fetchall() == [(4999,)]


def test_a_million_rows_in_sixteen_buckets(client):
    count = 1_000_000
    with table(client, COLUMNS, buckets=16, bucket_key="id") as t:
        outcome = t.append(rows(count))
        assert outcome.ok and outcome.acknowledged == count
        found = t.scan(["id", "score"]).to_pyarrow()
        assert found.num_rows == count
        import pyarrow.compute as pc

        assert pc.sum(found["id"]).as_py() == count * (count - 1) // 2
        assert pc.count_distinct(found["id"]).as_py() == count


def test_other_threads_run_while_a_call_waits(client):
    with table(client, "id BIGINT") as t:
        scan, seen = t.scan(follow=True), []

        def read():
            seen.append(pa.RecordBatchReader.from_stream(scan).read_next_batch())

        reading = threading.Thread(target=read)
        reading.start()
        t.append({"id": [7]})
        reading.join(30)
        assert seen and seen[0].to_pylist() == [{"id": 7}]
        scan.close()


def test_what_is_given_out_outlives_what_gave_it(client):
    with thalweg.Node() as node:
        session = thalweg.connect(node)
        session.create_table("t", COLUMNS)
        session.table("t").append(rows(1000))
        batches = [pa.record_batch(batch) for batch in session.table("t").scan()]
        session.close()
    del session
    gc.collect()
    assert pa.Table.from_batches(batches).equals(rows(1000).cast(batches[0].schema))


if __name__ == "__main__":
    support.main(dict(globals()))
