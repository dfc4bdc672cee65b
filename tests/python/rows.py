"""Rows in and out: every type, every way to give them, outcomes, errors; the standard library alone."""

import datetime as dt
import threading

import support
import thalweg
from support import DECIMAL, UTC, raises, sorted_rows, table


def test_every_type_goes_in_and_comes_out(client):
    rows = support.every_type(50)
    with table(client, support.SQL, buckets=3) as t:
        outcome = t.append(rows)
        assert outcome.ok and outcome.acknowledged == outcome.rows == outcome.produced == 50
        assert sorted_rows(t.scan().to_pylist()) == rows
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        assert t.append(columns).acknowledged == 50
        found = t.scan(metadata=True).to_pylist()
        assert len(found) == 100 and {row["__change_type"] for row in found} == {"+A"}
        assert all(row["__timestamp"] > dt.datetime(2020, 1, 1, tzinfo=UTC) for row in found)


def test_every_type_by_key(client):
    rows = support.every_type(30)
    for row in rows:
        # Fluss keeps the times of rows by key in milliseconds.
        del row["a_time6"], row["a_time9"]
    columns = ", ".join(column for column in support.SQL.split(", ") if "a_time6" not in column and "a_time9" not in column)
    with table(client, columns, primary_key="id", buckets=3) as t:
        assert t.upsert(rows).acknowledged == 30
        assert t.lookup([29, 3, 77]).to_pylist() == [rows[29], rows[3], None]
        assert sorted_rows(t.scan().to_pylist()) == rows
        assert t.get(7) == rows[7] and t.get({"id": 8}) == rows[8] and t.get(99) is None


def test_outcomes_tell_the_fate_of_every_row(client):
    with table(client, "id BIGINT", buckets=3, bucket_key="id") as t:
        outcome = t.append({"id": list(range(100))})
        rows = sorted(row for fate in outcome.fates for row in fate.rows)
        assert rows == list(range(100))
        assert all(isinstance(fate, thalweg.Acknowledged) for fate in outcome.fates)
        assert len({fate.bucket for fate in outcome.fates}) == 3
        offsets = outcome.offsets()
        assert sorted(row for row, _, _ in offsets) == list(range(100))
        found = {(batch.bucket, offset): id for batch in t.scan() for offset, id in zip(batch.offsets, batch.column("id"))}
        assert all(found[(bucket, offset)] == row for row, bucket, offset in offsets)
        assert outcome.first_failure is None and outcome.raise_for_failed() is None
        assert sum(bucket.rows for bucket in t.offsets()) == 100


def test_values_that_do_not_fit_are_named(client):
    columns = "id INT NOT NULL, d DECIMAL(5, 2), s STRING, t TIMESTAMP(3), z TIMESTAMP_LTZ(3), b BINARY(2), l ARRAY<INT>"
    with table(client, columns) as t:
        cases = [
            ({"id": [2**31]}, "id", "2147483648"),
            ({"id": [1, 1.5]}, "row 1", "1.5"),
            ({"id": [True]}, "bool"),
            ({"id": [1, 2], "s": ["a"]}, "column `s` has 1 values"),
            ({"id": [1], "nope": [1]}, "no column `nope`"),
            ({"id": [1], "d": [DECIMAL("1.005")]}, "1.005 does not fit DECIMAL(5, 2)"),
            ({"id": [1], "d": [1.5]}, "float"),
            ({"id": [1], "s": [b"x"]}, "is no text"),
            ({"id": [1], "s": "abc"}, "is a text"),
            ({"id": [1], "t": [dt.datetime(2001, 1, 1, tzinfo=UTC)]}, "has no zone"),
            ({"id": [1], "t": [dt.datetime(2001, 1, 1, 0, 0, 0, 1)]}, "finer"),
            ({"id": [1], "z": [dt.datetime(2001, 1, 1)]}, "needs a datetime with a tzinfo"),
            ({"id": [1], "b": [b"abc"]}, "3 bytes where BINARY(2)"),
            ({"id": [1], "l": ["ab"]}, "is no list"),
            ([{"id": 1}, 7], "row 1", "is no row"),
            ([{"id": 1, "x": 2}], "no column `x`"),
            ({"id": [1, None]}, "id"),
            (17, "rows cannot be had of"),
        ]
        for rows, *words in cases:
            error = raises(thalweg.InvalidError, lambda: t.append(rows), *words)
            assert isinstance(error, ValueError) and not error.retriable
        assert raises(thalweg.InvalidError, lambda: t.append([{"id": 1}, {"id": None}])).row == 1
        assert t.scan().to_pylist() == []
        zone = dt.timezone(dt.timedelta(hours=2))
        assert t.append({"id": [1], "z": [dt.datetime(2001, 1, 1, 2, tzinfo=zone)]}).ok
        assert t.scan(["z"]).to_pylist() == [{"z": dt.datetime(2001, 1, 1, tzinfo=UTC)}]


def test_errors_are_classes_and_know_whether_to_try_again(client):
    error = raises(thalweg.ServerError, lambda: client.table("not_there"), "TABLE_NOT_EXIST")
    assert error.name == "TABLE_NOT_EXIST" and isinstance(error.code, int) and error.retriable in (True, False)
    raises(thalweg.InvalidError, lambda: client.create_table("x", "id BIGNT"))
    raises(thalweg.InvalidError, lambda: client.table("a.b.c"))
    error = raises(
        thalweg.UnreachableError,
        lambda: thalweg.connect("127.0.0.1:1", connection={"connect_timeout": 1}),
        "127.0.0.1:1",
    )
    assert error.retriable and isinstance(error, ConnectionError)
    raises(thalweg.InvalidError, lambda: thalweg.connect("127.0.0.1:1", write={"nope": 1}), "nope")
    raises(thalweg.InvalidError, lambda: thalweg.connect("127.0.0.1:1", engine="steam"), "component")
    with table(client, "id INT") as log, table(client, "id INT NOT NULL", primary_key="id") as keyed:
        raises(thalweg.InvalidError, lambda: log.upsert({"id": [1]}), "primary key")
        raises(thalweg.InvalidError, lambda: log.lookup([1]), "primary key")
        raises(thalweg.InvalidError, lambda: keyed.append({"id": [1]}), "primary key")
        raises(thalweg.InvalidError, lambda: keyed.scan(start=1), "changelog")
        raises(thalweg.InvalidError, lambda: log.scan(["nope"]), "nope")
        raises(thalweg.InvalidError, lambda: log.scan(end=1, follow=True), "follow")


def test_changes_current_rows_and_partial_updates(client):
    with table(client, "id INT NOT NULL, name STRING, n BIGINT", primary_key="id") as t:
        t.upsert([{"id": 1, "name": "a", "n": 1}, {"id": 2, "name": "b", "n": 2}])
        assert t.upsert({"id": [1], "n": [10]}, columns=["id", "n"]).ok
        assert t.delete([{"id": 2}]).ok
        assert t.scan().to_pylist() == [{"id": 1, "name": "a", "n": 10}]
        changes = [(change, id) for batch in t.scan(changelog=True) for change, id in zip(batch.changes, batch.column("id"))]
        assert changes == [("+I", 1), ("+I", 2), ("-U", 1), ("+U", 1), ("-D", 2)]
        assert t.scan(["n"], changelog=True, start=2, end=4).to_pylist() == [{"n": 1}, {"n": 10}]
        assert t.limit_scan(0, 10, columns=["id"]).to_pylist() == [{"id": 1}]
        assert t.lookup_or_insert([1, 5]).to_pylist() == [{"id": 1, "name": "a", "n": 10}, {"id": 5, "name": None, "n": None}]
        following = t.scan(follow=True)
        assert sorted(row["id"] for row in following.next().to_pylist()) == [1, 5]
        raises(TimeoutError, lambda: following.next(0.2))
        t.upsert([{"id": 6}])
        batch = following.next(30)
        assert batch.changes == ["+I"] and batch.to_pylist()[0]["id"] == 6
        following.close()
        assert following.next() is None and list(following) == []


def test_lookups(client):
    columns = "region STRING NOT NULL, id INT NOT NULL, name STRING"
    with table(client, columns, primary_key=["region", "id"], bucket_key="region", buckets=2) as t:
        assert t.key_schema.names == ["region", "id"] and t.prefix_schema.names == ["region"]
        t.upsert({"region": ["eu", "eu", "us"], "id": [1, 2, 1], "name": ["a", "b", None]})
        found = t.lookup([("eu", 2), ("eu", 3), ("us", 1)])
        assert (found.found, found.keys, len(found), found.counts) == (2, 3, 3, [1, 0, 1])
        assert found[0]["name"] == "b" and found[1] is None and found[-1]["name"] is None
        assert found.of(1) is None and found.of(0).to_pylist() == [found[0]]
        assert len(found.rows) == 2
        raises(IndexError, lambda: found[3])
        raises(thalweg.InvalidError, lambda: t.lookup(["eu"]), "row 0", "region, id")
        assert t.lookup([]).to_pylist() == []
        prefixes = t.prefix_lookup(["eu", "xx"])
        assert [len(rows) for rows in prefixes.to_pylist()] == [2, 0] and prefixes.found == 1
        assert t.lookup([{"region": "us", "id": 1}]).found == 1
        assert t.lookup({"id": [1, 2], "region": ["us", "us"]}).counts == [1, 0]


def test_the_catalogue(client):
    client.create_database("sales", comment="for people", properties={"owner": "me"})
    raises(thalweg.ServerError, lambda: client.create_database("sales"))
    client.create_database("sales", if_not_exists=True)
    assert "sales" in client.list_databases() and client.show_database("sales").properties == {"owner": "me"}
    columns = "id BIGINT NOT NULL, day STRING NOT NULL, total BIGINT"
    client.create_table(
        "sales.orders",
        columns,
        primary_key=["id", "day"],
        partition_by="day",
        buckets=2,
        comment="orders",
        properties={"table.merge-engine": "aggregation", "fields.total.agg": "sum", "mine": True},
    )
    client.create_table("sales.orders", columns, if_not_exists=True)
    info = client.show_table("sales.orders")
    assert (info.database, info.name, info.buckets, info.comment) == ("sales", "orders", 2, "orders")
    assert tuple(info.primary_key) == ("id", "day") and tuple(info.partition_by) == ("day",)
    assert info.properties["mine"] == "true" and info.schema.names == ["id", "day", "total"]
    assert info.schema.sql == "id BIGINT NOT NULL, day STRING NOT NULL, total BIGINT"
    client.alter_table("sales.orders", set={"mine": "too"}, remove="nothing")
    assert client.show_table("sales.orders").properties["mine"] == "too"
    orders = client.table("sales.orders")
    orders.upsert([{"id": 1, "day": "mon", "total": 2}, {"id": 1, "day": "tue", "total": 3}])
    orders.upsert([{"id": 1, "day": "mon", "total": 5}])
    assert sorted_rows(orders.scan().to_pylist(), "day") == [
        {"id": 1, "day": "mon", "total": 7},
        {"id": 1, "day": "tue", "total": 3},
    ]
    assert [partition.name for partition in orders.partitions()] == ["mon", "tue"]
    client.create_partition("sales.orders", {"day": "wed"})
    assert orders.scan(partitions="mon").to_pylist() == [{"id": 1, "day": "mon", "total": 7}]
    assert len(orders.scan(buckets=[0, 1], partitions=["mon"]).to_pylist()) == 1
    client.drop_partition("sales.orders", {"day": "tue"})
    assert [partition.name for partition in client.list_partitions("sales.orders")] == ["mon", "wed"]
    assert client.list_tables("sales") == ["orders"]
    client.drop_table("sales.orders")
    client.drop_table("sales.orders", if_exists=True)
    client.drop_database("sales", cascade=True)


def test_modules_on_both_paths(client):
    with table(client, "id INT, note STRING") as t:
        where = client.module("where", {"if": "id < 100"})
        through = t.through(where, thalweg.Module("scale", {"column": "id", "factor": 1000000}, on_error="drop"))
        assert through.modules == ["where", "scale"] and t.modules == []
        outcome = through.append({"id": [1, 500, 99, 2, 30000], "note": ["a", "b", "c", "d", "e"]})
        assert outcome.filtered == {"where": 2, "scale": 0} and outcome.dropped == 0
        assert (outcome.rows, outcome.produced, outcome.acknowledged) == (5, 3, 3)
        assert [outcome.origin(row) for row in range(3)] == [0, 2, 3]
        t = t.through(thalweg.Module("scale", {"column": "id", "factor": 1000000000}, on_error="drop"))
        outcome = t.append({"id": [1, 3]})
        [exception] = outcome.exceptions
        assert outcome.dropped == 1 and (exception.module, exception.kind, exception.policy) == ("scale", "refused", "drop")
        assert list(exception.rows) == [1] and "INT" in exception.messages[0]
        t.swap(thalweg.Module("where", {"if": "id = 0"}))
        assert t.check({"id": [0, 7]}).filtered == {"where": 1}
        found = t.scan(["id"], through=[thalweg.Module("where", {"if": "id > 2000000"})]).to_pylist()
        assert sorted(row["id"] for row in found) == [99000000, 1000000000]
        raises(thalweg.ModuleError, lambda: t.through(thalweg.Module("where", {"if": "nope > 1"})), "nope")
        raises(thalweg.ModuleError, lambda: t.through(thalweg.Module("no_such")), "no_such")
        raises(thalweg.InvalidError, lambda: t.through(thalweg.Module("where", {"if": "id > 1"}, on_error="huh")), "huh")
        strict = t.through(thalweg.Module("scale", {"column": "id", "factor": 1000000000}))
        assert raises(thalweg.ModuleError, lambda: strict.append({"id": [1, 3]})).row == 1


def test_dead_letters(client):
    rejects = support.table_name("rejects")
    with table(client, "id INT") as t:
        scale = thalweg.Module("scale", {"column": "id", "factor": 1000000000}, on_error=f"dead-letter:{rejects}")
        outcome = t.through(scale).append({"id": [1, 3]})
        assert outcome.acknowledged == 1 and outcome.dead_lettered == 1 and outcome.ok
        [letter] = client.table(rejects).scan(["module", "original"]).to_pylist()
        assert letter == {"module": "scale", "original": '{"id":3}'}


def test_rows_on_their_way(client):
    with table(client, "id BIGINT", buckets=2) as t:
        writer = t.appender()
        pending = [writer.write({"id": [number]}) for number in range(200)]
        outcomes = [one.result() for one in pending]
        assert sum(outcome.acknowledged for outcome in outcomes) == 200
        assert all(one.done() for one in pending) and pending[0].result().acknowledged == 1 and pending[0].rows == 1
        t.flush()
        assert client.statistics().rows_acknowledged >= 200


def test_many_threads(client):
    with table(client, "id BIGINT NOT NULL, thread INT", primary_key="id", buckets=2) as t:
        failures = []

        def work(thread):
            try:
                for number in range(20):
                    id = thread * 1000 + number
                    t.upsert([{"id": id, "thread": thread}])
                    assert t.get(id)["thread"] == thread
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures
        assert len(t.scan(["id"]).to_pylist()) == 320


def test_closing(client):
    with thalweg.Node() as node:
        session = thalweg.connect([node.address])
        session.create_table("t", "id INT")
        t = session.table("t")
        t.append({"id": [1]})
        scan = t.scan(follow=True)
        assert scan.next().num_rows == 1
        counts = session.close()
        assert counts == thalweg.RowCounts(1, 0, 0)
        assert raises(thalweg.ClosedError, lambda: t.append({"id": [1]})).retriable is False
        raises(thalweg.ClosedError, session.close)
        raises(thalweg.Error, scan.next)


def test_a_node_keeps_its_folder(client):
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        with thalweg.Node(folder) as node, thalweg.connect(node) as session:
            session.create_table("kept", "id INT")
            session.table("kept").append({"id": [1, 2]})
        raises(thalweg.UnreachableError, lambda: thalweg.connect(node.address, connection={"connect_timeout": 1}))
        with thalweg.Node(folder, listen="127.0.0.1:0", durability="os") as node, thalweg.connect(node) as session:
            assert session.table("kept").scan().to_pylist() == [{"id": 1}, {"id": 2}]
            raises(thalweg.NodeError, lambda: thalweg.Node(folder), "in use")
    node = thalweg.Node()
    temporary = node._temporary
    assert os.path.isdir(temporary)
    node.close()
    node.close()
    assert not os.path.exists(temporary)


if __name__ == "__main__":
    support.main(dict(globals()))
