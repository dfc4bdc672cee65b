"""A Python program that creates a table on a node of its own, appends rows through a filter, looks rows up by key, and reads
them back; then the same with asyncio.

    host/python/build && pip install host/python/dist/thalweg-*.whl
    python examples/python/flights.py

With THALWEG_SERVER=HOST:PORT it uses a server that runs instead. It prints `appended 3 rows, 1 kept at offset 0` (the offset
grows when it is run again), the row that was kept, the airports that were found, and one line for each task.
"""

from __future__ import annotations

import asyncio
import os

import thalweg
import thalweg.aio


def delays(client: thalweg.Client) -> None:
    client.create_table("delays", "origin STRING NOT NULL, delay INT", buckets=1, if_not_exists=True)
    late = client.module("where", {"if": "delay > 30"})
    table = client.table("delays").through(late)

    # Rows may be a pyarrow table, a data frame of polars or pandas, or columns like these.
    outcome = table.append({"origin": ["SEA", "PDX", "SFO"], "delay": [12, 45, None]})
    outcome.raise_for_failed()
    [(_, _, offset)] = outcome.offsets()
    print(f"appended {outcome.rows} rows, {outcome.acknowledged} kept at offset {offset}")

    for batch in table.scan(start=offset):
        print(batch.to_pylist())


def airports(client: thalweg.Client) -> None:
    client.create_table("airports", "code STRING NOT NULL, name STRING, state STRING", primary_key="code", if_not_exists=True)
    table = client.table("airports")
    table.upsert([{"code": "SEA", "name": "Seattle", "state": "WA"}, {"code": "PDX", "name": "Portland", "state": "OR"}])
    # A partial update: the state stays as it is.
    table.upsert({"code": ["SEA"], "name": ["Seattle-Tacoma"]}, columns=["code", "name"])

    found = table.lookup(["SEA", "PDX", "XXX"])
    print(f"found {found.found} of {found.keys} airports: {found[0]}")


async def many_at_once(server: str) -> None:
    async with await thalweg.aio.connect(server) as client:
        table = await client.table("airports")

        async def look(code: str) -> str:
            row = await table.get(code)
            return f"{code}: {row['name'] if row else 'not found'}"

        print(await asyncio.gather(*(look(code) for code in ("SEA", "PDX", "XXX"))))


def main() -> None:
    server = os.environ.get("THALWEG_SERVER")
    with thalweg.Node() as node:
        with thalweg.connect(server or node) as client:
            delays(client)
            airports(client)
        asyncio.run(many_at_once(server or node.address))


if __name__ == "__main__":
    main()
