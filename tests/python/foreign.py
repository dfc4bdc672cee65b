"""pyfluss, Apache Fluss's own package, on a node that runs in the same process."""

import asyncio
import os

import fluss
import pyarrow as pa

import thalweg


async def with_pyfluss(address):
    connection = await fluss.FlussConnection.create(fluss.Config({"bootstrap.servers": address}))
    table = await connection.get_table(fluss.TablePath("fluss", "shared"))
    writer = table.new_append().create_writer()
    writer.write_arrow_batch(pa.record_batch({"id": pa.array([1, 2], pa.int64()), "name": ["a", None]}))
    await writer.flush()
    scanner = await table.new_scan().create_record_batch_log_scanner()
    scanner.subscribe_buckets({0: fluss.EARLIEST_OFFSET})
    found = await scanner.to_arrow()
    keyed = await connection.get_table(fluss.TablePath("fluss", "keyed"))
    row = await keyed.new_lookup().create_lookuper().lookup({"id": 7})
    await connection.close()
    return found.to_pylist(), row


def main():
    with thalweg.Node() as node, thalweg.connect(node) as client:
        client.create_table("shared", "id BIGINT, name STRING", buckets=1)
        client.create_table("keyed", "id BIGINT NOT NULL, name STRING", primary_key="id", buckets=2)
        client.table("shared").append({"id": [0], "name": ["ours"]})
        client.table("keyed").upsert({"id": [7], "name": ["seven"]})
        found, row = asyncio.run(with_pyfluss(node.address))
        both = [{"id": 0, "name": "ours"}, {"id": 1, "name": "a"}, {"id": 2, "name": None}]
        assert found == both, found
        assert row == {"id": 7, "name": "seven"}, row
        assert client.table("shared").scan().to_pylist() == both
    print("ok", flush=True)
    # What pyfluss does while Python ends now and then kills the process.
    os._exit(0)


if __name__ == "__main__":
    main()
