"""What the package does in a second, as JSON: "measure.py SERVER BATCHES". `tests/examples/hosts` runs it and compares.

Rows of eight columns, in batches of 8,192; the tables are its caller's.
"""

import asyncio
import collections
import json
import sys
import time

import pyarrow as pa

import thalweg

ROWS = 8192
IN_FLIGHT = 16
CALLERS = 256


def batch():
    return pa.record_batch(
        {
            "id": pa.array(range(ROWS), pa.int64()),
            "a": pa.array(range(ROWS), pa.int32()),
            "b": pa.array((row % 100 for row in range(ROWS)), pa.int32()),
            "c": pa.array((row / 3 for row in range(ROWS)), pa.float64()),
            "d": pa.array((row * 0.5 for row in range(ROWS)), pa.float64()),
            "e": pa.array((f"text {row % 1000}" for row in range(ROWS)), pa.string()),
            "f": pa.array((f"{row % 7}" for row in range(ROWS)), pa.string()),
            "g": pa.array((row % 2 == 0 for row in range(ROWS)), pa.bool_()),
        }
    )


def timed(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def append(table, rows, batches):
    writer, pending = table.appender(), collections.deque()
    for _ in range(batches):
        if len(pending) == IN_FLIGHT:
            assert pending.popleft().result().ok
        pending.append(writer.write(rows))
    assert all(one.result().ok for one in pending)


def scan(table, rows):
    assert sum(len(batch) for batch in table.scan()) == rows


def keys(table, times):
    rows = pa.table({"id": pa.array(range(ROWS), pa.int64())})
    for _ in range(times):
        assert table.lookup(rows).found == ROWS


async def lookups(server, seconds):
    """Look-ups a second of callers that ask for one key each."""
    async with await thalweg.aio.connect(server) as client:
        table = await client.table("keys")
        ends = time.perf_counter() + seconds

        async def caller(key):
            done = 0
            while time.perf_counter() < ends:
                assert (await table.lookup({"id": [key]})).found == 1
                key = (key * 31 + 7) % ROWS
                done += 1
            return done

        return sum(await asyncio.gather(*(caller(key) for key in range(CALLERS)))) / seconds


def main():
    server, batches = sys.argv[1], int(sys.argv[2])
    with thalweg.connect(server) as client:
        table, keyed = client.table("host_rows"), client.table("keys")
        rows, made = batches * ROWS, batch()
        figures = {"append": timed(lambda: append(table, made, batches)) * 1e9 / rows}
        figures["scan"] = timed(lambda: scan(table, rows)) * 1e9 / rows
        figures["lookups"] = asyncio.run(lookups(server, 1))
        figures["keys"] = ROWS * 10 / timed(lambda: keys(keyed, 10))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
