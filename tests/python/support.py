"""What the tests of the Python package share."""

import contextlib
import datetime as dt
import decimal
import itertools

import thalweg

DECIMAL = decimal.Decimal
UTC = dt.timezone.utc

#: A column of every type: its SQL, and values that a row may have; the first are limits.
EVERY_TYPE = {
    "a_boolean": ("BOOLEAN", [True, False]),
    "a_tinyint": ("TINYINT", [-(2**7), 2**7 - 1]),
    "a_smallint": ("SMALLINT", [-(2**15), 2**15 - 1]),
    "an_int": ("INT", [-(2**31), 2**31 - 1]),
    "a_bigint": ("BIGINT", [-(2**63), 2**63 - 1]),
    "a_float": ("FLOAT", [-3.5, float("inf")]),
    "a_double": ("DOUBLE", [-1.7976931348623157e308, 5e-324]),
    "a_decimal": ("DECIMAL(10, 2)", [DECIMAL("-99999999.99"), DECIMAL("1.50")]),
    "a_long_decimal": ("DECIMAL(38, 10)", [DECIMAL("-" + "9" * 28 + "." + "9" * 10), DECIMAL("0.0000000001")]),
    "a_char": ("CHAR(5)", ["abcde", "é漢"]),
    "a_string": ("STRING", ["", "naïve \U0001f30a"]),
    "a_binary": ("BINARY(4)", [b"\x00\x00\x00\x01", b"\xff\xff\xff\xff"]),
    "a_bytes": ("BYTES", [b"", b"\x00\xff"]),
    "a_date": ("DATE", [dt.date(1, 1, 1), dt.date(9999, 12, 31)]),
    "a_time0": ("TIME(0)", [dt.time(0), dt.time(23, 59, 59)]),
    "a_time3": ("TIME(3)", [dt.time(0), dt.time(23, 59, 59, 999000)]),
    "a_time6": ("TIME(6)", [dt.time(0), dt.time(23, 59, 59, 999999)]),
    "a_time9": ("TIME(9)", [dt.time(0), dt.time(23, 59, 59, 999999)]),
    "a_timestamp0": ("TIMESTAMP(0)", [dt.datetime(1970, 1, 1), dt.datetime(2100, 1, 1, 1, 2, 3)]),
    "a_timestamp3": ("TIMESTAMP(3)", [dt.datetime(1969, 12, 31, 23, 59, 59, 999000), dt.datetime(2001, 2, 3)]),
    "a_timestamp6": ("TIMESTAMP(6)", [dt.datetime(1970, 1, 1), dt.datetime(2001, 2, 3, 4, 5, 6, 123456)]),
    "a_timestamp9": ("TIMESTAMP(9)", [dt.datetime(1970, 1, 1), dt.datetime(2001, 2, 3, 4, 5, 6, 123456)]),
    "an_instant3": ("TIMESTAMP_LTZ(3)", [dt.datetime(1969, 12, 31, 23, 59, 59, 999000, UTC), dt.datetime(2001, 2, 3, tzinfo=UTC)]),
    "an_instant6": ("TIMESTAMP_LTZ(6)", [dt.datetime(1970, 1, 1, tzinfo=UTC), dt.datetime(2001, 2, 3, 4, 5, 6, 7, UTC)]),
    "a_list": ("ARRAY<INT>", [[1, None, 3], []]),
    "a_map": ("MAP<STRING, BIGINT>", [{"a": 1, "b": None}, {}]),
    "a_row": ("ROW<x INT, y ARRAY<STRING>>", [{"x": 1, "y": ["a", None]}, {"x": None, "y": None}]),
}

SQL = "id BIGINT NOT NULL, " + ", ".join(f"{name} {kind}" for name, (kind, _) in EVERY_TYPE.items())


def every_type(count):
    """Rows of every type, where each column is null in every third row, at another place for each column."""
    rows = []
    for number in range(count):
        row = {"id": number}
        for place, (name, (_, values)) in enumerate(EVERY_TYPE.items()):
            row[name] = None if (number + place) % 3 == 0 else values[(number + place) % 3 - 1]
        rows.append(row)
    return rows


_numbers = itertools.count()


def table_name(stem="t"):
    """A name that no other table has."""
    return f"{stem}_{next(_numbers)}"


@contextlib.contextmanager
def table(client, sql, stem="t", **options):
    """A table of its own."""
    name = table_name(stem)
    client.create_table(name, sql, **options)
    yield client.table(name)
    client.drop_table(name)


def raises(kind, call, *words):
    """The error that a call must fail with, which has these words."""
    try:
        got = call()
    except kind as error:
        for word in words:
            assert word in str(error), f"{error} does not say {word!r}"
        return error
    raise AssertionError(f"no {kind.__name__}, but {got!r}")


def sorted_rows(rows, by="id"):
    return sorted(rows, key=lambda row: row[by])


def main(tests):
    """Runs the functions `test_*` of a file, each with a client of one node, and says what failed."""
    import sys
    import time
    import traceback

    wanted, failed = sys.argv[1:], 0
    with thalweg.Node() as node, thalweg.connect(node) as client:
        for name, test in tests.items():
            if not name.startswith("test_") or (wanted and not any(word in name for word in wanted)):
                continue
            began = time.monotonic()
            try:
                test(client)
                print(f"ok {name} {time.monotonic() - began:.2f} s", flush=True)
            except BaseException:
                failed += 1
                print(f"FAILED {name}", flush=True)
                traceback.print_exc()
    sys.exit(1 if failed else 0)
