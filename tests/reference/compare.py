"""The rows that a scan gave against what pyarrow (Parquet, Arrow) and duckdb (CSV, JSON) read from the same file.

Requests come on standard input, a JSON object a line: {"file", "format", "rows"}, where rows is a file of JSON lines, or
null where thalweg refused the file. Each is answered by a line:

    {"rows": 3}            the reference reads so many rows, and they are the same (or there are none to compare)
    {"differs": "..."}     it reads others
    {"unreadable": "..."}  it refuses the file
"""

import datetime
import decimal
import json
import re
import struct
import sys

import duckdb
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

DECIMAL = decimal.Decimal
UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
CLOCK = r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?"
TIME = re.compile(CLOCK + "$")
INSTANT = re.compile(r"([+-]?\d+)-(\d\d)-(\d\d)(?:[T ]" + CLOCK + r"\s*(Z|[+-]\d\d(?::?\d\d)?)?)?$")


# --- Arrow's values as Python's; those of time are pairs of a kind and a number.


def values(array):
    """The values of an Arrow array."""
    kind = array.type
    types = pa.types
    if isinstance(array, pa.ExtensionArray):
        return values(array.storage)
    if types.is_dictionary(kind):
        return values(array.dictionary_decode())
    if types.is_run_end_encoded(kind):
        import pyarrow.compute

        return values(pyarrow.compute.run_end_decode(array))
    if types.is_timestamp(kind):
        return numbers(array, "instant", pa.int64(), UNITS[kind.unit])
    if types.is_time(kind):
        return numbers(array, "time", pa.int32() if types.is_time32(kind) else pa.int64(), UNITS[kind.unit])
    if types.is_date32(kind):
        return numbers(array, "day", pa.int32(), 1)
    if types.is_date64(kind):
        return numbers(array, "instant", pa.int64(), UNITS["ms"])
    if types.is_duration(kind):
        return [("other", at) if valid else None for at, valid in there(array)]
    if types.is_float32(kind) or types.is_float16(kind):
        return [None if v is None else ("single", v) for v in array.to_pylist()]
    if types.is_map(kind):
        keys, items, at = values(array.keys), values(array.items), array.offsets.to_pylist()
        return [pairs(keys[at[i] : at[i + 1]], items[at[i] : at[i + 1]]) if valid else None for i, valid in there(array)]
    if types.is_list(kind) or types.is_large_list(kind):
        inside, at = values(array.values), array.offsets.to_pylist()
        return [inside[at[i] : at[i + 1]] if valid else None for i, valid in there(array)]
    if types.is_fixed_size_list(kind):
        inside, size, first = values(array.values), kind.list_size, array.offset
        return [inside[(first + i) * size : (first + i + 1) * size] if valid else None for i, valid in there(array)]
    if types.is_list_view(kind) or types.is_large_list_view(kind):
        inside, at, sizes = values(array.values), array.offsets.to_pylist(), array.sizes.to_pylist()
        return [inside[at[i] : at[i] + sizes[i]] if valid else None for i, valid in there(array)]
    if types.is_struct(kind):
        fields = [(kind.field(at).name, values(child)) for at, child in enumerate(array.flatten())]
        return [{name: child[i] for name, child in fields} if valid else None for i, valid in there(array)]
    return array.to_pylist()


def there(array):
    return enumerate(array.is_valid().to_pylist())


def numbers(array, what, storage, factor):
    return [None if v is None else (what, v * factor) for v in array.view(storage).to_pylist()]


def pairs(keys, items):
    return {key_text(key): item for key, item in zip(keys, items)}


def key_text(key):
    return key.hex() if isinstance(key, bytes) else key if isinstance(key, str) else json.dumps(key, default=str)


# --- The reference's rows: names, and for each row a list of values.


def parquet(path):
    # INT96 in nanoseconds wraps around beyond the year 2262.
    file = pq.ParquetFile(path, page_checksum_verification=True, coerce_int96_timestamp_unit="us")
    return arrow_rows(file.read())


def arrow(path):
    with open(path, "rb") as file:
        magic = file.read(6)
    source = pa.OSFile(path)
    reader = ipc.open_file(source) if magic == b"ARROW1" else ipc.open_stream(source)
    return arrow_rows(reader.read_all())


def arrow_rows(table):
    try:
        table.validate(full=True)
    except pa.ArrowInvalid as error:  # values that the type should not have, but nothing that lies outside the file
        if "whole number of days" not in str(error):
            raise
    columns = [column_values(table.column(at), field) for at, field in enumerate(table.schema)]
    rows = zip(*columns) if columns else ([] for _ in range(table.num_rows))
    return table.column_names, [list(row) for row in rows]


def column_values(column, field):
    if "interval" in str(field.type):  # pyarrow has no class for some of them
        return [("other", None)] * len(column)
    return [v for chunk in column.chunks for v in values(chunk)]


def csv(path):
    relation = duckdb.read_csv(path, all_varchar=True, header=True, sep="\t" if path.endswith(".tsv") else ",",
                               quotechar='"', escapechar='"', na_values="", allow_quoted_nulls=False)
    rows = [[None if v is None else ("cell", v) for v in row] for row in relation.fetchall()]
    # A column without a name is numbered: by duckdb from 0, by us from 1.
    names = [f"column_{at + 1}" if name == f"column{at}" else name for at, name in enumerate(relation.columns)]
    return names, rows


def json_(path):
    found = duckdb.execute("select json from read_json_objects(?, maximum_object_size = 100000000)", [path]).fetchall()
    objects = [loads(text) for (text,) in found]
    if not all(isinstance(row, dict) for row in objects):
        raise duckdb.Error("a row is no object")
    names = list(dict.fromkeys(name for row in objects for name in row))
    return names, [[row.get(name) for name in names] for row in objects]


# --- Comparing.


def loads(text):
    return json.loads(text, parse_float=exact, parse_constant=str)


def exact(digits):
    try:
        return DECIMAL(digits)
    except decimal.InvalidOperation:  # the exponent passes every bound
        return float(digits)


def instant(text):
    """Nanoseconds since 1970 of a date or time; None if it is none. Years may have any number of digits."""
    found = INSTANT.match(text)
    if not found:
        return None
    year, month, day = (int(found[at]) for at in (1, 2, 3))
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    # 400 years have the same days always.
    days = (datetime.date(2000 + year % 400, month, day).toordinal() - 719163) + (year // 400 - 5) * 146097
    zone = found[8]
    shift = 0
    if zone and zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[-2:]) if len(zone) > 3 else 0
        shift = (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)
    return (days * 1440 - shift) * 60 * 10**9 + clock(found, 4)


def clock(found, at):
    hours, minutes, seconds = (int(found[at + place] or 0) for place in range(3))
    fraction = int((found[at + 3] or "").ljust(9, "0")[:9])
    return ((hours * 60 + minutes) * 60 + seconds) * 10**9 + fraction


def timed(what, number, ours):
    if not isinstance(ours, str):
        return False
    if what == "time":
        found = TIME.match(ours)
        return bool(found) and clock(found, 1) == number
    scale = 86_400 * 10**9 if what == "day" else 1
    return instant(ours) == number * scale


def number(value):
    if isinstance(value, str):
        return {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.get(value)
    return value if isinstance(value, (int, float, DECIMAL)) and not isinstance(value, bool) else None


def floats(expected, ours):
    ours = number(ours)
    if ours is None:
        return False
    ours = float(ours)
    return ours == expected or (ours != ours and expected != expected)


def single(value):
    try:
        return struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def cell(text, ours):
    """A cell of CSV: ours has a type, the text has none."""
    if isinstance(ours, bool):
        return text.strip().lower() == str(ours).lower()
    if isinstance(ours, str) and (ours == text or (instant(text) is not None and instant(ours) == instant(text))):
        return True
    if isinstance(ours, str) and TIME.match(text.strip()) and TIME.match(ours):
        return clock(TIME.match(text.strip()), 1) == clock(TIME.match(ours), 1)
    try:
        exact = DECIMAL(text.strip())
    except decimal.InvalidOperation:
        return False
    found = number(ours)
    return found is not None and (found == exact or floats(float(exact), found) or single(float(exact)) == single(float(found)))


def same(expected, ours):
    if expected is None or ours is None:
        return expected is None and ours is None
    if isinstance(expected, tuple):
        what, value = expected
        if what == "cell":
            return cell(value, ours)
        if what == "single":
            found = number(ours)
            return found is not None and floats(value, single(float(found)))
        return timed(what, value, ours)
    if isinstance(expected, bytes):
        return ours == expected.hex()
    if isinstance(expected, bool) or isinstance(ours, bool):
        return expected is ours or (isinstance(ours, str) and ours == json.dumps(expected))
    if isinstance(expected, float):
        return floats(expected, ours)
    if isinstance(expected, (int, DECIMAL)):
        found = number(ours)
        if found is None:  # a number in a column of texts
            return isinstance(ours, str) and re.fullmatch(r"[-+.0-9eE]+", ours) is not None and DECIMAL(ours) == expected
        return found == expected or (isinstance(expected, DECIMAL) and floats(float(expected), found))
    if isinstance(expected, str):
        return isinstance(ours, str) and (ours == expected or (instant(ours) is not None and instant(ours) == instant(expected)))
    if isinstance(expected, list):
        return isinstance(ours, list) and len(ours) == len(expected) and all(map(same, expected, ours))
    if isinstance(expected, dict):
        names = expected.keys() | ours.keys() if isinstance(ours, dict) else ()
        return isinstance(ours, dict) and all(same(expected.get(name), ours.get(name)) for name in names)
    return False


def show(value):
    text = repr(value)
    return text if len(text) <= 80 else text[:80] + ".."


def difference(names, rows, ours):
    if len(rows) != len(ours):
        return f"{len(ours)} rows, but {len(rows)} by the reference"
    for at, (expected, found) in enumerate(zip(rows, ours)):
        if list(found) != list(names) and sorted(found) != sorted(names):
            return f"columns {show(list(found))}, but {show(list(names))} by the reference"
        for name, value in zip(names, expected):
            if not same(value, found[name]):
                return f"row {at + 1}, column {name}: {show(found[name])}, but {show(value)} by the reference"
    return None


READERS = {"parquet": parquet, "arrow": arrow, "csv": csv, "json": json_}


def answer(request):
    try:
        names, rows = READERS[request["format"]](request["file"])
    except (pa.ArrowException, duckdb.Error, OSError, UnicodeDecodeError) as error:
        return {"unreadable": f"{type(error).__name__}: {error}"[:300]}
    if request["rows"] is None:
        return {"rows": len(rows)}
    with open(request["rows"], encoding="utf-8", newline="\n") as file:
        ours = [loads(line) for line in file]
    differs = difference(names, rows, ours)
    return {"differs": differs} if differs else {"rows": len(rows)}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
