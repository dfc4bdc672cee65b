"""The asyncio form: many calls at once, cancellation, following scans, several loops; and that the two forms are the same."""

import asyncio
import inspect
import threading
import time

import support
import thalweg
import thalweg.aio
from support import raises, table_name


def in_loop(test):
    """A test that runs in an event loop, with a client of its own on the node of the other."""

    def run(client):
        async def main():
            async with await thalweg.aio.connect(ADDRESS) as session:
                await test(session)

        asyncio.run(main())

    return run


ADDRESS = None


def failure(kind, error):
    assert isinstance(error, kind), repr(error)
    return error


@in_loop
async def test_everything_once(client):
    name = table_name()
    await client.create_table(name, "id BIGINT NOT NULL, name STRING", primary_key="id", buckets=2)
    t = await client.table(name)
    outcome = await t.upsert([{"id": number, "name": f"n{number}"} for number in range(100)])
    assert outcome.acknowledged == 100
    assert (await t.get(7))["name"] == "n7" and await t.get(700) is None
    assert (await t.lookup([1, 2, 300])).found == 2
    assert (await t.delete([{"id": 1}])).ok
    assert len(await t.scan().to_pylist()) == 99
    count = 0
    async for batch in t.scan(["id"]):
        count += len(batch)
    assert count == 99
    async with t.scan(changelog=True, metadata=True) as scan:
        rows = await scan.to_pylist()
    assert [row["__change_type"] for row in rows].count("-D") == 1
    scan = await t.scan(limit=3)
    assert (await scan.schema()).names == ["id", "name"] and len(await scan.to_pylist()) == 3
    pending = await t.upserter().write([{"id": 500}])
    assert (await pending).acknowledged == 1 and (await pending.result()).ok and pending.done()
    log = table_name()
    await client.create_table(log, "id INT")
    through = await (await client.table(log)).through(client.module("where", {"if": "id > 1"}))
    assert (await through.append({"id": [1, 2]})).filtered == {"where": 1}
    assert [bucket.rows for bucket in await through.offsets()] == [1]
    await client.drop_table(log)
    try:
        await client.table(log)
        raise AssertionError("the table is gone")
    except thalweg.ServerError:
        pass


@in_loop
async def test_many_lookups_at_once(client):
    name = table_name()
    await client.create_table(name, "id BIGINT NOT NULL, n BIGINT", primary_key="id", buckets=3)
    t = await client.table(name)
    await t.upsert({"id": list(range(2000)), "n": list(range(2000))})
    rows = await asyncio.gather(*(t.get(number) for number in range(2000)))
    assert [row["n"] for row in rows] == list(range(2000))


@in_loop
async def test_cancelled_calls_lose_no_rows(client):
    name = table_name()
    await client.create_table(name, "id BIGINT")
    t = await client.table(name)
    scan, got = t.scan(follow=True), []
    for number in range(30):
        waiting = asyncio.ensure_future(scan.next())
        await asyncio.sleep(0.001 * (number % 3))
        waiting.cancel()
        [end] = await asyncio.gather(waiting, return_exceptions=True)
        if not isinstance(end, asyncio.CancelledError):  # it was quicker
            got += end.column("id")
        await t.append({"id": [number]})
    while len(got) < 30:
        got += (await asyncio.wait_for(scan.next(), 30)).column("id")
    assert got == list(range(30))
    try:
        await asyncio.wait_for(scan.next(), 0.1)
        raise AssertionError("there are no more rows")
    except TimeoutError:
        pass
    waiting = asyncio.ensure_future(scan.next())
    await asyncio.sleep(0.05)
    await scan.close()
    assert await waiting is None


@in_loop
async def test_the_loop_runs_while_calls_wait(client):
    name = table_name()
    await client.create_table(name, "id BIGINT")
    t = await client.table(name)
    scan, ticks = t.scan(follow=True), 0
    waiting = asyncio.ensure_future(scan.next())
    while ticks < 20:
        await asyncio.sleep(0.005)
        ticks += 1
    assert not waiting.done()
    await t.append({"id": [1]})
    assert (await waiting).column("id") == [1]
    await scan.close()


def test_loops_in_threads(client):
    name = table_name()
    client.create_table(name, "id BIGINT", buckets=2)
    failures = []

    async def work():
        async with await thalweg.aio.connect(ADDRESS) as session:
            t = await session.table(name)
            outcomes = await asyncio.gather(*(t.append({"id": [number]}) for number in range(50)))
            assert all(outcome.ok for outcome in outcomes)

    def run():
        try:
            for _ in range(2):
                asyncio.run(work())
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not failures, failures
    assert sum(bucket.rows for bucket in client.list_offsets(name)) == 400


def test_a_loop_that_closes_early(client):
    name = table_name()
    client.create_table(name, "id BIGINT")

    async def abandon():
        session = await thalweg.aio.connect(ADDRESS)
        t = await session.table(name)
        scan = t.scan(follow=True)
        for call in [scan.next(), scan.next(), *(t.append({"id": []}) for _ in range(10))]:
            asyncio.ensure_future(call)
        await (await t.appender().write({"id": [1]}))

    for _ in range(5):
        asyncio.run(abandon())
    assert sum(bucket.rows for bucket in client.list_offsets(name)) == 5


def test_outside_of_a_loop(client):
    table = support.table_name()
    client.create_table(table, "id INT")
    call = client._native.table(table)
    raises(RuntimeError, lambda: call.__await__(), "loop")
    assert call.wait().name == f"fluss.{table}"
    raises(thalweg.InvalidError, lambda: call.wait(), "already")


def test_both_forms_have_the_same_calls(client):
    for name in ("Client", "Table", "Writer", "Pending", "Scan"):
        blocking, asynchronous = getattr(thalweg, name), getattr(thalweg.aio, name)
        own = {name for name in dir(blocking) if not name.startswith("_")}
        assert own == {name for name in dir(asynchronous) if not name.startswith("_")}, own
        for member in own:
            one, other = (inspect.getattr_static(cls, member) for cls in (blocking, asynchronous))
            if inspect.isfunction(one) and name != "Scan" and (name, member) != ("Pending", "result"):
                assert inspect.signature(one) == inspect.signature(other), (name, member)


def main():
    import sys

    global ADDRESS
    with thalweg.Node() as node, thalweg.connect(node) as client:
        ADDRESS = node.address
        tests = {name: test for name, test in globals().items() if name.startswith("test_")}
        for name, test in tests.items():
            if sys.argv[1:] and not any(word in name for word in sys.argv[1:]):
                continue
            began = time.monotonic()
            test(client)
            print(f"ok {name} {time.monotonic() - began:.2f} s", flush=True)


if __name__ == "__main__":
    main()
