"""pyfluss as a foreign client: "commands.py SERVER" carries out the commands of tests/fluss-rs/src/main.rs.

Python's times end at microseconds, so nanoseconds are beyond it.
"""

import asyncio
import datetime as dt
import decimal
import json
import os
import sys
import time

import fluss
import pyarrow as pa

PATIENCE = 60.0


def value(data, kind):
    """A JSON value as pyfluss takes it for a column of this Arrow type."""
    if data is None:
        return None
    if pa.types.is_decimal(kind):
        return decimal.Decimal(data)
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return bytes.fromhex(data)
    if pa.types.is_date(kind):
        return dt.date.fromisoformat(data)
    if pa.types.is_time(kind):
        return dt.time.fromisoformat(data)
    if pa.types.is_timestamp(kind):
        return dt.datetime.fromisoformat(data)
    if pa.types.is_integer(kind):
        return int(data)
    if pa.types.is_map(kind):
        pairs = data.items() if isinstance(data, dict) else ((pair["key"], pair["value"]) for pair in data)
        return {value(key, kind.key_type): value(item, kind.item_type) for key, item in pairs}
    if pa.types.is_list(kind):
        return [value(item, kind.value_type) for item in data]
    if pa.types.is_struct(kind):
        return {field.name: value(data.get(field.name), field.type) for field in kind}
    return data


def text(data, kind):
    """What pyfluss gives for a column of this Arrow type, as JSON."""
    if data is None:
        return None
    if pa.types.is_decimal(kind):
        return format(data, "f")
    if isinstance(data, (bytes, bytearray)):
        return data.hex()
    if pa.types.is_time(kind):
        return clock(data)
    if pa.types.is_timestamp(kind):
        zone = "Z" if kind.tz else ""
        return f"{data.date().isoformat()}T{clock(data.time())}{zone}"
    if pa.types.is_date(kind):
        return data.isoformat()
    if pa.types.is_map(kind):
        pairs = data.items() if isinstance(data, dict) else data
        pairs = [(text(key, kind.key_type), text(item, kind.item_type)) for key, item in pairs]
        unnamed = (pa.types.is_boolean, pa.types.is_floating, pa.types.is_nested)
        if any(check(kind.key_type) for check in unnamed):
            return [{"key": key, "value": item} for key, item in pairs]
        return {str(key): item for key, item in pairs}
    if pa.types.is_list(kind):
        return [text(item, kind.value_type) for item in data]
    if pa.types.is_struct(kind):
        return {field.name: text(data[field.name], field.type) for field in kind}
    return data


def clock(moment):
    """With none, three or six digits behind the seconds."""
    precision = "seconds" if moment.microsecond == 0 else "milliseconds" if moment.microsecond % 1000 == 0 else "microseconds"
    return moment.replace(tzinfo=None).isoformat(precision)


def values(rows, schema):
    """JSON objects as rows of the columns that they name."""
    return [{name: value(data, schema.field(name).type) for name, data in row.items()} for row in rows]


def texts(row, schema):
    return {field.name: text(row[field.name], field.type) for field in schema}


async def write(writer, put, rows):
    handles = [put(row) for row in rows]
    await writer.flush()
    for handle in handles:
        await handle.wait()
    return []


async def partitions(connection, path, info):
    """Names of partitions by id; one without id for a table that has none."""
    if not info.is_partitioned():
        return {None: ""}
    infos = await connection.get_admin().list_partition_infos(path)
    return {partition.partition_id: partition.partition_name for partition in infos}


async def changes(connection, table, path, schema):
    admin, info = connection.get_admin(), table.get_table_info()
    buckets = list(range(info.num_buckets))
    names = await partitions(connection, path, info)
    scanner = await table.new_scan().create_log_scanner()
    ends = {}
    for partition, name in names.items():
        if partition is None:
            latest = await admin.list_offsets(path, buckets, fluss.OffsetSpec.latest())
        else:
            latest = await admin.list_partition_offsets(path, name, buckets, fluss.OffsetSpec.latest())
        for bucket, end in latest.items():
            if partition is None:
                scanner.subscribe(bucket, fluss.EARLIEST_OFFSET)
            else:
                scanner.subscribe_partition(partition, bucket, fluss.EARLIEST_OFFSET)
            if end > 0:
                ends[(partition, bucket)] = end
    found, deadline = [], time.monotonic() + PATIENCE
    while ends:
        if time.monotonic() > deadline:
            raise TimeoutError(f"still waiting for {ends}")
        for bucket, records in (await scanner.poll(500)).items():
            place = (bucket.partition_id, bucket.bucket_id)
            for record in records:
                if record.offset + 1 >= ends.get(place, sys.maxsize):
                    del ends[place]
                found.append((place, record))
    found.sort(key=lambda entry: (entry[0][0] or 0, entry[0][1], entry[1].offset))
    return [
        {
            "change": record.change_type.short_string(),
            "partition": names[partition],
            "bucket": bucket,
            "offset": record.offset,
            "row": texts(record.row, schema),
        }
        for (partition, bucket), record in found
    ]


async def limit(connection, table, path, schema, rows):
    info, found = table.get_table_info(), []
    for partition in await partitions(connection, path, info):
        for bucket in range(info.num_buckets):
            place = fluss.TableBucket(info.table_id, bucket)
            if partition is not None:
                place = fluss.TableBucket.with_partition(info.table_id, partition, bucket)
            scanner = table.new_scan().limit(rows).create_bucket_batch_scanner(place)
            batches = await scanner.to_arrow()
            found += [texts(row, schema) for row in batches.to_pylist()]
    return found


async def run(connection, command):
    path = fluss.TablePath(*command["table"].split("."))
    table = await connection.get_table(path)
    schema = table.arrow_schema
    rows = values(command.get("rows", []), schema)
    match command["do"]:
        case "append":
            writer = table.new_append().create_writer()
            return await write(writer, writer.append, rows)
        case "upsert":
            upsert = table.new_upsert()
            if command.get("columns"):
                upsert = upsert.partial_update_by_name(command["columns"])
            writer = upsert.create_writer()
            return await write(writer, writer.upsert, rows)
        case "delete":
            writer = table.new_upsert().create_writer()
            return await write(writer, writer.delete, rows)
        case "changes":
            return await changes(connection, table, path, schema)
        case "limit":
            return await limit(connection, table, path, schema, command["limit"])
        case "lookup":
            lookuper = table.new_lookup().create_lookuper()
            found = [await lookuper.lookup(row) for row in rows]
            return [row and texts(row, schema) for row in found]
        case "prefix":
            lookuper = table.new_lookup().lookup_by(command["columns"]).create_lookuper()
            return [[texts(row, schema) for row in await lookuper.lookup(prefix)] for prefix in rows]
        case other:
            raise ValueError(f"no such command: {other}")


async def main(server):
    settings = {"bootstrap.servers": server}
    if user := os.environ.get("THALWEG_USER"):
        settings |= {
            "security.protocol": "sasl",
            "security.sasl.mechanism": "PLAIN",
            "security.sasl.username": user,
            "security.sasl.password": os.environ["THALWEG_PASSWORD"],
        }
    connection = await fluss.FlussConnection.create(fluss.Config(settings))
    for line in sys.stdin:
        try:
            answer = await run(connection, json.loads(line))
        except Exception as error:  # whatever it is, the test wants to know
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
    # What pyfluss does while Python ends now and then kills the process.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
