"""Runs the scenarios of tests/scenarios through the package: "scenarios.py FILE.." on a node of its own. What their files
hold is said in tests/scenarios/README.md; tests/tests/scenarios runs the same files through the library."""

import datetime as dt
import decimal
import json
import pathlib
import sys
import tomllib
import traceback

import pyarrow as pa

import thalweg

EPOCH = dt.date(1970, 1, 1).toordinal()
DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}


def clock(text, unit):
    """A time of day in a unit."""
    whole, _, fraction = text.partition(".")
    hours, minutes, seconds = (int(part) for part in whole.split(":"))
    digits = DIGITS[unit]
    assert not fraction[digits:].strip("0"), text
    return (hours * 3600 + minutes * 60 + seconds) * 10**digits + int(fraction[:digits].ljust(digits, "0") or 0)


def date(text):
    return dt.date.fromisoformat(text).toordinal() - EPOCH


def given(data, kind):
    """A JSON value as it is given to the package and compared: times as numbers of their unit."""
    if data is None:
        return None
    if pa.types.is_decimal(kind):
        return decimal.Decimal(str(data))
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return bytes.fromhex(data)
    if pa.types.is_date(kind):
        return date(data)
    if pa.types.is_time(kind):
        return clock(data, kind.unit)
    if pa.types.is_timestamp(kind):
        day, _, time = data.removesuffix("Z").partition("T")
        return date(day) * 86_400 * 10 ** DIGITS[kind.unit] + clock(time, kind.unit)
    if pa.types.is_integer(kind):
        return int(data)
    if pa.types.is_floating(kind):
        return float(data)
    if pa.types.is_map(kind):
        pairs = data.items() if isinstance(data, dict) else ((pair["key"], pair["value"]) for pair in data)
        return [(given(key, kind.key_type), given(item, kind.item_type)) for key, item in pairs]
    if pa.types.is_list(kind):
        return [given(item, kind.value_type) for item in data]
    if pa.types.is_struct(kind):
        return {field.name: given(data.get(field.name), field.type) for field in kind}
    return data


def found(scalar):
    """A value that was read, in the same form."""
    if not scalar.is_valid:
        return None
    kind = scalar.type
    if pa.types.is_temporal(kind):
        return scalar.value
    if pa.types.is_map(kind):
        return [(found(pair["key"]), found(pair["value"])) for pair in scalar.values]
    if pa.types.is_list(kind):
        return [found(item) for item in scalar.values]
    if pa.types.is_struct(kind):
        return {field.name: found(scalar[field.name]) for field in kind}
    return scalar.as_py()


def lines(text, schema):
    """JSON lines as rows of the columns that they name; None for a line `null`."""
    rows = [json.loads(line, parse_float=decimal.Decimal) for line in text.splitlines() if line.strip()]
    return [row and {name: given(value, schema.field(name).type) for name, value in row.items()} for row in rows]


def whole(rows, schema):
    """Rows with all columns."""
    return [row and {name: row.get(name) for name in schema.names} for row in rows]


def rows_of(batch):
    batch = pa.record_batch(batch)
    columns = [[found(value) for value in column] for column in batch.columns]
    return [dict(zip(batch.schema.names, values)) for values in zip(*columns)]


def places(rows):
    return sorted(repr(row) for row in rows)


class Scenario:
    def __init__(self, client, scenario, name):
        self.client, self.scenario, self.letters = client, scenario, name + "_letters"
        properties = dict(scenario.get("properties", {}))
        properties.update({f"fields.{column}.agg": how for column, how in scenario.get("aggregate", {}).items()})
        client.create_table(
            name,
            scenario["schema"],
            buckets=scenario.get("buckets", 1),
            primary_key=scenario.get("primary-key", []),
            partition_by=scenario.get("partition-by", []),
            bucket_key=scenario.get("bucket-key", []),
            properties=properties,
        )
        self.table = client.table(name)
        self.schema = pa.schema(self.table.schema)

    def modules(self, step):
        def value(text):
            try:
                read = json.loads(text)
            except ValueError:
                return text
            return text if read is None or isinstance(read, str) else read

        def policy(word):
            return f"dead-letter:{self.letters}" if word == "dead-letter" else word

        policies = {name.replace("-", "_"): policy(step.get(name, "fail")) for name in ("on-error", "on-failure")}
        return [
            thalweg.Module(name, {key: value(text) for key, _, text in (one.partition("=") for one in settings)}, **policies)
            for name, *settings in step.get("modules", [])
        ]

    def write(self, step, writer, rows):
        if modules := self.modules(step):
            writer = writer.through(*modules)
        outcome = writer.write(lines(rows, self.schema)).result()
        outcome.raise_for_failed()
        assert outcome.acknowledged == outcome.produced, outcome
        for module, count in step.get("filtered", {}).items():
            assert outcome.filtered[module] == count, outcome
        assert (outcome.dropped, outcome.dead_lettered) == (step.get("dropped", 0), step.get("dead-lettered", 0)), outcome

    def wanted(self, step):
        if "rows" in step:
            return step["rows"]
        if "same-as-step" in step:
            other = self.scenario["step"][step["same-as-step"]]
            return other.get("append") or other["upsert"]
        assert "fails" in step, "a step that reads says its rows"
        return ""

    def check(self, scan, wanted, step):
        schema = pa.schema(scan.schema)
        batches = sorted(scan, key=lambda batch: (batch.partition or 0, batch.bucket, (batch.offsets or [0])[0]))
        rows = [row for batch in batches for row in rows_of(batch)]
        expected = whole(lines(wanted, schema), schema)
        ordered = not (step.get("any-order") or self.table.is_partitioned or any(b.offsets is None for b in batches))
        if ordered:
            assert rows == expected, f"found {rows}\nexpected {expected}"
        else:
            assert places(rows) == places(expected), f"found {rows}\nexpected {expected}"
        if "changes" in step:
            changes = [change for batch in batches for change in batch.changes or ["+A"] * len(batch)]
            assert " ".join(changes) == step["changes"], changes

    def find(self, look, keys, schema, wanted):
        result = look(lines(keys, pa.schema(schema)))
        rows = []
        for key in range(len(result)):
            batch = result.of(key)
            rows += [None] if batch is None else rows_of(batch)
        expected = whole(lines(wanted, self.schema), self.schema)
        assert rows == expected, f"found {rows}\nexpected {expected}"

    def take(self, step):
        table = self.table
        match step:
            case {"append": rows}:
                self.write(step, table.appender(), rows)
            case {"upsert": rows}:
                self.write(step, table.upserter(), rows)
            case {"delete": rows}:
                self.write(step, table.deleter(), rows)
            case {"update": update}:
                self.write(step, table.upserter(columns=update["columns"]), update["rows"])
            case {"create-partition": values}:
                self.client.create_partition(table.name, values)
            case {"drop-partition": values}:
                self.client.drop_partition(table.name, values)
            case {"partitions": names}:
                assert sorted(partition.name for partition in table.partitions()) == names
            case {"letters": wanted}:
                columns = ["module", "kind", "error", "batch", "position", "original"]
                self.check(self.client.table(self.letters).scan(columns), wanted, step)
            case {"scan": options}:
                self.check(table.scan(changelog=True, through=self.modules(step), **options), self.wanted(step), step)
            case {"current": options}:
                self.check(table.scan(through=self.modules(step), **options), self.wanted(step), step)
            case {"limit-scan": options}:
                self.check(table.limit_scan(options["bucket"], options["limit"]), self.wanted(step), step)
            case {"lookup": keys}:
                self.find(table.lookup, keys, table.key_schema, self.wanted(step))
            case {"lookup-or-insert": keys}:
                self.find(table.lookup_or_insert, keys, table.key_schema, self.wanted(step))
            case {"prefix": keys}:
                self.find(table.prefix_lookup, keys, table.prefix_schema or table.key_schema, self.wanted(step))
            case _:
                raise ValueError(f"a step does one thing: {step}")


def written_out(step):
    """A step that is said once for many rows."""
    times = step.get("repeat")
    if times is None:
        return step

    def repeated(text):
        return "\n".join(text.strip().replace("#", str(time)) for time in range(times))

    texts = ("append", "upsert", "delete", "lookup", "rows")
    return {name: repeated(value) if name in texts else value for name, value in step.items()}


def run(node, path):
    scenario = tomllib.loads(path.read_text())
    scenario["step"] = [written_out(step) for step in scenario["step"]]
    settings = {name.replace("-", "_"): value for name, value in scenario.get("settings", {}).items()}
    scan = {name: value for name, value in settings.items() if name in ("fetch_bytes", "bucket_bytes")}
    write = {name: value for name, value in settings.items() if name == "batch_rows"}
    write["create_partitions"] = scenario.get("create-partitions", True)
    with thalweg.connect(node, write=write, scan=scan) as client:
        running = Scenario(client, scenario, path.stem)
        for number, step in enumerate(scenario["step"]):
            fails = step.get("fails")
            try:
                running.take(step)
            except thalweg.Error as error:
                if fails is None or fails not in str(error):
                    raise AssertionError(f"step {number}") from error
            except Exception as error:
                raise AssertionError(f"step {number}") from error
            else:
                assert fails is None, f"step {number} succeeds instead of failing with {fails!r}"
        assert client.close().unknown == 0


def main():
    failed = 0
    with thalweg.Node() as node:
        for path in sorted(pathlib.Path(__file__).parent.parent.glob("scenarios/*.toml")):
            if sys.argv[1:] and not any(word in path.stem for word in sys.argv[1:]):
                continue
            try:
                run(node, path)
                print(f"ok {path.stem}", flush=True)
            except BaseException:
                failed += 1
                print(f"FAILED {path.stem}", flush=True)
                traceback.print_exc()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
