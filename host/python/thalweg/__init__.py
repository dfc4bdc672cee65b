"""Thalweg: a client of streaming storage that speaks the protocol of Apache Fluss, with sandboxed modules on the way of rows
in and out, and an embedded node.

    import thalweg

    with thalweg.Node() as node, thalweg.connect(node) as client:
        client.create_table("delays", "origin STRING NOT NULL, delay INT")
        table = client.table("delays")
        outcome = table.append({"origin": ["SEA", "PDX"], "delay": [12, None]})
        assert outcome.acknowledged == 2
        for batch in table.scan():
            print(batch.to_pylist())

Rows go in and out as Arrow, by the PyCapsule interface: tables and data frames of pyarrow, polars, pandas and duckdb are
taken as they are, and batches and scans can be given to all of these. `thalweg.aio` has the same calls for asyncio.

Calls that wait let go of the interpreter, so that other threads run, and end with KeyboardInterrupt at Ctrl-C. All objects may
be used by many threads at once. A process that was forked after thalweg was used cannot use it: start processes by
multiprocessing's methods "spawn" or "forkserver".
"""

from __future__ import annotations

import atexit as _atexit
import importlib as _importlib
from typing import TYPE_CHECKING as _TYPE_CHECKING

from . import _native
from ._blocking import Client, Pending, Scan, Table, Writer, connect
from ._errors import (
    BrokenError,
    ClosedError,
    CorruptError,
    Error,
    InvalidError,
    ModuleError,
    NodeError,
    ServerError,
    TimedOutError,
    UnreachableError,
    UnsupportedError,
)
from ._native import Batch, Chain, Found, Outcome, Schema, read_chain, stock_modules
from ._node import Node, _close_all
from ._types import (
    Acknowledged,
    Bucket,
    BucketOffsets,
    ChainTally,
    DatabaseInfo,
    ExceptionTally,
    Failed,
    Module,
    ModuleException,
    PartitionInfo,
    RowCounts,
    StageReport,
    Statistics,
    TableInfo,
)

if _TYPE_CHECKING:
    from . import aio as aio

__version__: str = _native.version()


@_atexit.register
def _end() -> None:
    """Ends what is open, as the interpreter does: nodes first, while their threads are still there."""
    _native.begin_end()
    _close_all()
    _native.shut_down()



def __getattr__(name: str) -> object:
    if name == "aio":  # asyncio is loaded for those who use it
        return _importlib.import_module("thalweg.aio")
    raise AttributeError(f"module 'thalweg' has no attribute {name!r}")


__all__ = [
    "Acknowledged",
    "Batch",
    "BrokenError",
    "Bucket",
    "BucketOffsets",
    "Chain",
    "ChainTally",
    "Client",
    "ClosedError",
    "CorruptError",
    "DatabaseInfo",
    "Error",
    "ExceptionTally",
    "Failed",
    "Found",
    "InvalidError",
    "Module",
    "ModuleError",
    "ModuleException",
    "Node",
    "NodeError",
    "Outcome",
    "PartitionInfo",
    "Pending",
    "RowCounts",
    "Scan",
    "Schema",
    "ServerError",
    "StageReport",
    "Statistics",
    "Table",
    "TableInfo",
    "TimedOutError",
    "UnreachableError",
    "UnsupportedError",
    "Writer",
    "aio",
    "connect",
    "read_chain",
    "stock_modules",
]
