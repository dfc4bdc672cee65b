"""pyfluss as a foreign client: writes, reads and compares Arrow files.

client.py rows FILE                        makes FILE: every simple type, with nulls and limits
client.py write SERVER DATABASE.TABLE FILE  appends FILE's rows (the table exists)
client.py read SERVER DATABASE.TABLE FILE   scans the whole table into FILE
client.py compare FILE FILE                 exits 1 and names the first difference if the rows, ordered by id, differ
"""

import asyncio
import datetime as dt
import decimal
import os
import sys

import pyarrow as pa
import pyarrow.feather as feather

DECIMAL = decimal.Decimal
EPOCH = dt.datetime(1970, 1, 1)

# One column for each simple type and unit: name, Arrow type, three values (the first two are limits).
COLUMNS = [
    ("a_boolean", pa.bool_(), [True, False, True]),
    ("a_tinyint", pa.int8(), [-(2**7), 2**7 - 1, 5]),
    ("a_smallint", pa.int16(), [-(2**15), 2**15 - 1, 5]),
    ("an_int", pa.int32(), [-(2**31), 2**31 - 1, 5]),
    ("a_bigint", pa.int64(), [-(2**63), 2**63 - 1, 5]),
    ("a_float", pa.float32(), [-3.5, float("inf"), 1.5]),
    ("a_double", pa.float64(), [-1.7976931348623157e308, 5e-324, 0.1]),
    ("a_decimal", pa.decimal128(10, 2), [DECIMAL("-99999999.99"), DECIMAL("99999999.99"), DECIMAL("1.50")]),
    ("a_long_decimal", pa.decimal128(38, 10), [DECIMAL("-" + "9" * 28 + "." + "9" * 10), DECIMAL("9" * 28 + ".5"), DECIMAL("0E-10")]),
    ("a_char", pa.string(), ["abcde", "", "é漢"]),
    ("a_string", pa.string(), ["", "naïve \U0001f30a", "x" * 300]),
    ("a_binary", pa.binary(4), [b"\x00\x00\x00\x01", b"\xff\xff\xff\xff", b"abcd"]),
    ("a_bytes", pa.binary(), [b"", b"\x00\xff", b"y" * 300]),
    ("a_date", pa.date32(), [dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(2001, 2, 3)]),
    ("a_time0", pa.time32("s"), [dt.time(0), dt.time(23, 59, 59), dt.time(1, 2, 3)]),
    ("a_time3", pa.time32("ms"), [dt.time(0), dt.time(23, 59, 59, 999000), dt.time(1, 2, 3, 4000)]),
    ("a_time6", pa.time64("us"), [dt.time(0), dt.time(23, 59, 59, 999999), dt.time(1, 2, 3, 4)]),
    ("a_time9", pa.time64("ns"), [0, 86_399_999_999_999, 1_000_000_001]),
    ("a_timestamp0", pa.timestamp("s"), [0, 4_102_444_800, 981_173_106]),
    ("a_timestamp3", pa.timestamp("ms"), [-1, 4_102_444_800_999, 981_173_106_123]),
    ("a_timestamp6", pa.timestamp("us"), [0, 4_102_444_800_999_999, 981_173_106_123_456]),
    ("a_timestamp9", pa.timestamp("ns"), [0, 4_102_444_800_999_999_999, 981_173_106_123_456_789]),
    ("an_instant3", pa.timestamp("ms", "UTC"), [-1, 4_102_444_800_999, 981_173_106_123]),
    ("an_instant6", pa.timestamp("us", "UTC"), [0, 4_102_444_800_999_999, 981_173_106_123_456]),
]


def rows(count=1000):
    """Rows in which each column is null in every seventh row, at another place for each column."""
    table = {"id": pa.array(range(count), pa.int64())}
    for place, (name, kind, values) in enumerate(COLUMNS):
        cells = [None if (row + place) % 7 == 0 else values[(row + place) % 3] for row in range(count)]
        table[name] = pa.array(cells, kind)
    return pa.table(table)


async def session(server):
    import fluss

    return await fluss.FlussConnection.create(fluss.Config({"bootstrap.servers": server}))


async def opened(server, name):
    import fluss

    connection = await session(server)
    database, table = name.split(".")
    return connection, await connection.get_table(fluss.TablePath(database, table))


async def write(server, name, path):
    connection, table = await opened(server, name)
    writer = table.new_append().create_writer()
    handles = [writer.write_arrow_batch(batch) for batch in feather.read_table(path, memory_map=False).to_batches(300)]
    await writer.flush()
    for handle in handles:  # flush does not tell of refusals, each handle does
        await handle.wait()
    await connection.close()


async def read(server, name, path):
    import fluss

    connection, table = await opened(server, name)
    scanner = await table.new_scan().create_record_batch_log_scanner()
    buckets = table.get_table_info().num_buckets
    scanner.subscribe_buckets({bucket: fluss.EARLIEST_OFFSET for bucket in range(buckets)})
    feather.write_feather(await scanner.to_arrow(), path, compression="uncompressed")
    await connection.close()


def compare(left, right):
    left, right = (feather.read_table(path, memory_map=False).sort_by("id") for path in (left, right))
    if left.num_rows != right.num_rows:
        sys.exit(f"{left.num_rows} rows against {right.num_rows}")
    for name in left.column_names:
        ours, theirs = left[name], right[name].cast(left[name].type)
        for row, (a, b) in enumerate(zip(ours, theirs)):
            if a != b and not (a.as_py() is None and b.as_py() is None):
                sys.exit(f"column {name}, row {row}: {a} against {b}")
    if left.column_names != right.column_names:
        sys.exit(f"columns {left.column_names} against {right.column_names}")


def main():
    command, *arguments = sys.argv[1:]
    if command == "rows":
        feather.write_feather(rows(), arguments[0], compression="uncompressed")
    elif command == "compare":
        compare(*arguments)
    else:
        asyncio.run({"write": write, "read": read}[command](*arguments))
        # Everything is written and closed. What pyfluss does while Python ends now and then kills the process.
        os._exit(0)


if __name__ == "__main__":
    main()
