"""What the package does in a second, as JSON: "measure.py SERVER BATCHES". `tests/examples/python.rs` runs it and compares.

Rows of eight columns, in batches of 8,192; a table for each figure, which the caller has made.
"""

import collections
import json
import sys
import time

import pyarrow as pa

import thalweg

ROWS = 8192
IN_FLIGHT = 16


def batch(number):
    first = number * ROWS
    return pa.record_batch(
        {
            "id": pa.array(range(first, first + ROWS), pa.int64()),
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


def append(table, batches):
    writer, pending = table.appender(), collections.deque()
    for rows in batches:
        if len(pending) == IN_FLIGHT:
            assert pending.popleft().result().ok
        pending.append(writer.write(rows))
    assert all(one.result().ok for one in pending)


def scan(table, rows):
    assert sum(len(batch) for batch in table.scan()) == rows


def lookups(table, keys, times):
    for _ in range(times):
        assert table.lookup(keys).found == len(keys)


def main():
    server, count = sys.argv[1], int(sys.argv[2])
    batches = [batch(number % 16) for number in range(count)]
    with thalweg.connect(server) as client:
        table, keyed = client.table("python_rows"), client.table("keys")
        rows = count * ROWS
        figures = {"append": timed(lambda: append(table, batches)) * 1e9 / rows}
        figures["scan"] = timed(lambda: scan(table, rows)) * 1e9 / rows
        keys = pa.table({"id": pa.array(range(8192), pa.int64())})
        figures["lookups"] = 8192 * 10 / timed(lambda: lookups(keyed, keys, 10))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
