"""The blocking form of every call. `aio` has the same for asyncio."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import _native
from ._arguments import columns as _columns
from ._arguments import names, pairs, scan_options, servers
from ._arguments import through as _through
from ._errors import ClosedError
from ._native import Batch, Found, Outcome, Schema
from ._types import (
    BucketOffsets,
    ChainTally,
    ConnectionSettings,
    DatabaseInfo,
    Keys,
    Login,
    LookupSettings,
    Module,
    PartitionInfo,
    RowCounts,
    Rows,
    ScanSettings,
    StageReport,
    Statistics,
    TableInfo,
    Through,
    WriteSettings,
)

if TYPE_CHECKING:
    import datetime as dt
    import os


def connect(
    server: Any = None,
    *,
    engine: str = "component",
    login: Login | None = None,
    connection: ConnectionSettings | None = None,
    write: WriteSettings | None = None,
    scan: ScanSettings | None = None,
    lookup: LookupSettings | None = None,
) -> Client:
    """Starts a session with a cluster, and sees that a server answers.

    `server`: `HOST:PORT`, a list of such of which one that answers is enough, or a `thalweg.Node`. Default: what the
    environment variable THALWEG_SERVER says, else 127.0.0.1:9123.
    `login`: who logs in to every server (SASL/PLAIN), as {"user": .., "password": ..}. Without "insecure": True the session
    fails rather than send the password beyond this machine in clear text.
    `engine`: "component" (in a WebAssembly sandbox) or "native"; both send the same bytes.

    Raises `UnreachableError` when no server answers within `connection["connect_timeout"]`.
    """
    groups = {"login": login, "connection": connection, "write": write, "scan": scan, "lookup": lookup}
    return Client(_native.connect(servers(server), engine, groups).wait())


class Client:
    """A session with one cluster. Close it, or use it in a `with` statement: closing waits for rows on their way."""

    def __init__(self, native: _native.Client) -> None:
        self._native = native

    def table(self, name: str) -> Table:
        """Opens a table: `NAME` in the database `fluss`, or `DATABASE.NAME`."""
        return Table(self._native.table(name).wait(), self)

    def create_table(
        self,
        name: str,
        sql: str,
        *,
        buckets: int | None = None,
        primary_key: str | Sequence[str] = (),
        partition_by: str | Sequence[str] = (),
        bucket_key: str | Sequence[str] = (),
        properties: Mapping[str, object] | None = None,
        comment: str | None = None,
        if_not_exists: bool = False,
    ) -> None:
        """Creates a table with the columns `sql`, as `id BIGINT NOT NULL, name STRING`.

        A property `table.*` is Fluss's, `fields.COLUMN.agg` says how the aggregation merge engine combines a column, all
        others are your own.
        """
        self._native.create_table(
            name,
            sql,
            buckets,
            names(primary_key),
            names(partition_by),
            names(bucket_key),
            pairs(properties),
            comment,
            if_not_exists,
        ).wait()

    def drop_table(self, name: str, *, if_exists: bool = False) -> None:
        """Drops a table and its rows."""
        self._native.drop_table(name, if_exists).wait()

    def list_tables(self, database: str = "fluss") -> list[str]:
        """The names of the tables in a database, sorted."""
        return self._native.list_tables(database).wait()

    def show_table(self, name: str) -> TableInfo:
        """One table: its columns, keys and properties."""
        return self._native.show_table(name).wait()

    def alter_table(
        self, name: str, *, set: Mapping[str, object] | None = None, remove: str | Sequence[str] = ()
    ) -> None:
        """Sets and removes properties of a table."""
        self._native.alter_table(name, pairs(set), names(remove)).wait()

    def add_columns(self, name: str, columns: str) -> None:
        """Adds columns at the end of a table, as ``note STRING, score BIGINT``. Rows from before have null in them, so
        each must be nullable; tables that are open go on with the columns that they know."""
        self._native.add_columns(name, columns).wait()

    def create_database(
        self,
        name: str,
        *,
        comment: str | None = None,
        properties: Mapping[str, object] | None = None,
        if_not_exists: bool = False,
    ) -> None:
        """Creates a database."""
        self._native.create_database(name, comment, pairs(properties), if_not_exists).wait()

    def drop_database(self, name: str, *, if_exists: bool = False, cascade: bool = False) -> None:
        """Drops a database; with `cascade` its tables too."""
        self._native.drop_database(name, if_exists, cascade).wait()

    def list_databases(self) -> list[str]:
        """The names of all databases, sorted."""
        return self._native.list_databases().wait()

    def show_database(self, name: str) -> DatabaseInfo:
        """One database."""
        return self._native.show_database(name).wait()

    def list_offsets(self, name: str) -> list[BucketOffsets]:
        """The earliest and the latest offset of each bucket of a table."""
        return self._native.list_offsets(name).wait()

    def list_partitions(self, name: str) -> list[PartitionInfo]:
        """The partitions of a table, by name."""
        return self._native.list_partitions(name).wait()

    def create_partition(self, name: str, values: Mapping[str, object], *, if_not_exists: bool = False) -> None:
        """Creates a partition of a table: a value for each partition column."""
        self._native.create_partition(name, pairs(values), if_not_exists).wait()

    def drop_partition(self, name: str, values: Mapping[str, object], *, if_exists: bool = False) -> None:
        """Drops a partition of a table, and its rows."""
        self._native.drop_partition(name, pairs(values), if_exists).wait()

    def module(self, path: str | os.PathLike[str], config: Mapping[str, Any] | None = None, **options: Any) -> Module:
        """A module for `Table.through` and scans: `thalweg.Module(path, config, ..)`."""
        return Module(path, config or {}, **options)

    def flush(self) -> None:
        """Sends all rows that were written before, without waiting for more, and waits until each has a fate."""
        self._native.flush().wait()

    def statistics(self) -> Statistics:
        """What the session has done so far."""
        return self._native.statistics().wait()

    def close(self, timeout: float = 10.0) -> RowCounts:
        """Takes nothing more, sends what is waiting, and ends the session once every row has a fate, or after so many
        seconds; rows without a fate by then may have been written. Gives the fates of all rows of the session."""
        return self._native.close(timeout).wait()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except ClosedError:
            pass  # it was closed inside of the `with` statement


class Table:
    """One table of a session, and everything that can be done with it."""

    def __init__(self, native: _native.Table, client: Client) -> None:
        self._native = native
        self._client = client

    @property
    def client(self) -> Client:
        """The session."""
        return self._client

    @property
    def name(self) -> str:
        """`database.table`."""
        return self._native.name

    @property
    def info(self) -> TableInfo:
        """What the server said of the table when it was opened."""
        return self._native.info

    @property
    def schema(self) -> Schema:
        """The columns and their types."""
        return self._native.schema

    @property
    def key_schema(self) -> Schema:
        """The columns of the primary key, partition columns among them; none for a log table."""
        return self._native.key_schema

    @property
    def prefix_schema(self) -> Schema | None:
        """The columns that `prefix_lookup` takes, where the table has such."""
        return self._native.prefix_schema

    @property
    def is_keyed(self) -> bool:
        """Whether the table has a primary key."""
        return self._native.is_keyed

    @property
    def is_partitioned(self) -> bool:
        """Whether the table has partitions."""
        return self._native.is_partitioned

    @property
    def modules(self) -> list[str]:
        """The modules that rows go through on their way in, in order."""
        return self._native.modules

    def module_report(self) -> list[StageReport]:
        """What each of these modules took so far."""
        return self._native.module_report()

    def through(self, *modules: Through, input: str | None = None) -> Table:
        """The same table with modules that rows go through on `append` and `upsert`, in place of any that it had.

        Rows have the table's columns when they leave the modules, and when they enter them, unless `input` says otherwise
        (as `payload STRING`).
        """
        return Table(self._native.through(_through(modules), input).wait(), self._client)

    def swap(self, *modules: Through, input: str | None = None) -> None:
        """Puts other modules in the place of those on the way in, for this table and all that share them, while rows flow.
        If they cannot be loaded, those in use stay."""
        self._native.swap(_through(modules), input).wait()

    def append(self, rows: Rows) -> Outcome:
        """Appends rows to a log table, and waits until each has a fate.

        `rows`: whatever speaks Arrow's PyCapsule interface (of pyarrow, polars, pandas, duckdb, ..), a dict of columns, or a
        list of dicts. Columns are found by name, and cast where every value keeps its meaning; a nullable column that is not
        there is null. Of a stream, batches are sent as they come.

        Raises when rows do not fit or modules refuse them, and then nothing of their batch is written. Of rows that were
        sent, the outcome tells what became; `outcome.raise_for_failed()` raises if one was not written.
        """
        return self._native.appender().write_all(rows).wait()

    def upsert(self, rows: Rows, *, columns: Sequence[str] | None = None) -> Outcome:
        """Puts rows into a table with a primary key, each in place of the one with its key, and waits as `append` does.

        With `columns`, which must have the key, only these are put, and what the table has in others stays.
        """
        return self._native.upserter(_columns(columns)).write_all(rows).wait()

    def delete(self, keys: Rows) -> Outcome:
        """Deletes rows of a table with a primary key by their keys; columns that are not of the key do not count."""
        return self._native.deleter().write_all(keys).wait()

    def check(self, rows: Rows) -> Outcome:
        """Does everything that `append` and `upsert` do but send: the outcome has no fates."""
        writer = self._native.upserter() if self.is_keyed else self._native.appender()
        return writer.check(rows).wait()

    def appender(self) -> Writer:
        """Appends rows without waiting for their fates: many batches may be on their way at once."""
        return Writer(self._native.appender())

    def upserter(self, *, columns: Sequence[str] | None = None) -> Writer:
        """Puts rows by key without waiting for their fates."""
        return Writer(self._native.upserter(_columns(columns)))

    def deleter(self) -> Writer:
        """Deletes rows by key without waiting for their fates."""
        return Writer(self._native.deleter())

    def lookup(self, keys: Keys) -> Found:
        """Looks rows up by their whole primary keys, many at once.

        `keys`: rows with the key's columns; or a list of keys: values of a key of one column, tuples of several.
        """
        return self._native.lookup(keys, False).wait()

    def lookup_or_insert(self, keys: Keys) -> Found:
        """As `lookup`, but a key that the table does not have becomes a row whose other columns are null."""
        return self._native.lookup(keys, True).wait()

    def prefix_lookup(self, prefixes: Keys) -> Found:
        """Looks rows up by a prefix of their keys: the columns of `prefix_schema`."""
        return self._native.prefix_lookup(prefixes).wait()

    def get(self, key: Any) -> dict[str, Any] | None:
        """The row of one key, or `None`: a value, a tuple of values, or a dict."""
        row: dict[str, Any] | None = self._native.lookup([key], False).wait()[0]
        return row

    def scan(
        self,
        columns: Sequence[str] | None = None,
        *,
        start: str | int | dt.datetime | None = None,
        end: str | int | dt.datetime | None = None,
        follow: bool = False,
        changelog: bool = False,
        limit: int | None = None,
        where: str | None = None,
        buckets: int | Sequence[int] = (),
        partitions: str | Sequence[str] = (),
        through: Through | None = None,
        metadata: bool = False,
        buffer: int | None = None,
    ) -> Scan:
        """Reads rows: of a log table its log; of a table with a primary key its current rows, or with `changelog` the changes
        that led to them.

        `columns`: only these, in this order, behind any modules.
        `start`, `end`: where each bucket begins and ends: "earliest", "latest", an offset, or a datetime with a zone. Default:
        the first row that is still there, and the last that is there now. Not of current rows, which have no offsets.
        `follow`: wait for more rows at the end; of current rows: go on with the changes that follow.
        `limit`: at most so many rows, behind any modules.
        `where`: only rows that fit this condition, in the words of the stock module `where`, before any modules.
        `buckets`, `partitions`: only these; partitions by name.
        `through`: modules that the rows go through.
        `metadata`: columns before the others: __partition, __bucket, __offset, __timestamp and __change_type.
        `buffer`: how many bytes may be read ahead of the reader. Default 16 MiB.
        """
        others: dict[str, object] = {
            "start": start,
            "end": end,
            "follow": follow,
            "changelog": changelog,
            "limit": limit,
            "where": where,
            "metadata": metadata,
            "buffer": buffer,
        }
        options = scan_options(columns, buckets, partitions, through, others)
        return Scan(self._native.scan(options).wait())

    def limit_scan(
        self,
        bucket: int,
        limit: int,
        *,
        partition: int | None = None,
        columns: Sequence[str] | None = None,
        metadata: bool = False,
    ) -> Scan:
        """Reads some rows of a bucket at once: the last of a log table, any of one with a primary key."""
        return Scan(self._native.limit_scan(bucket, limit, partition, _columns(columns), metadata).wait())

    def partitions(self) -> list[PartitionInfo]:
        """The partitions that the table has, by name."""
        return self._native.partitions().wait()

    def offsets(self) -> list[BucketOffsets]:
        """The earliest and the latest offset of each bucket."""
        return self._client.list_offsets(self.name)

    def flush(self) -> None:
        """As `Client.flush`."""
        self._native.flush().wait()

    def __repr__(self) -> str:
        return f"Table({self.name})"


class Writer:
    """Writes rows of a table in one way, without waiting for their fates."""

    def __init__(self, native: _native.Writer) -> None:
        self._native = native

    @property
    def schema(self) -> Schema:
        """The columns that rows may have."""
        return self._native.schema

    @property
    def modules(self) -> list[str]:
        """The modules that rows go through, in order."""
        return self._native.modules

    def through(self, *modules: Through, input: str | None = None) -> Writer:
        """The same writer with modules that rows go through, in place of any that it had."""
        return Writer(self._native.through(_through(modules), input).wait())

    def write(self, rows: Rows) -> Pending:
        """Writes rows: waits until the write buffer has room for them, and gives what is on its way."""
        return Pending(self._native.write(rows).wait())


class Pending:
    """Rows on their way, whether their outcome is asked for or not."""

    def __init__(self, native: _native.Pending) -> None:
        self._native = native

    @property
    def rows(self) -> int:
        """How many rows were given."""
        return self._native.rows

    def done(self) -> bool:
        """Whether the outcome is there."""
        return self._native.done()

    def result(self, timeout: float | None = None) -> Outcome:
        """Waits for the outcome. Raises `TimedOutError` after so many seconds; it may be asked for again."""
        return self._native.outcome().wait(timeout)


class Scan:
    """Rows of a table: an iterator of batches, each of one bucket and in the order of its offsets; and an Arrow stream, which
    `pyarrow.table(scan)`, `polars.DataFrame(scan)` and others read. Each row is given once. Closing ends the scan."""

    def __init__(self, native: _native.Scan) -> None:
        self._native = native

    @property
    def schema(self) -> Schema:
        """The columns of every batch."""
        return self._native.schema

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        batch = self._native.next().wait()
        if batch is None:
            raise StopIteration
        return batch

    def next(self, timeout: float | None = None) -> Batch | None:
        """The next batch, `None` at the end. Raises `TimedOutError` after so many seconds, and loses no rows by that."""
        return self._native.next().wait(timeout)

    def tally(self) -> ChainTally | None:
        """What the modules of the scan did so far; `None` once it has ended."""
        return self._native.tally().wait()

    def to_pylist(self) -> list[dict[str, Any]]:
        """The rows that were not read yet, as dicts."""
        return [row for batch in self for row in batch.to_pylist()]

    def to_pyarrow(self) -> Any:
        """The rows that were not read yet, as a `pyarrow.Table`; pyarrow must be installed."""
        pyarrow = importlib.import_module("pyarrow")
        return pyarrow.table(self)

    def close(self) -> None:
        """Ends the scan. Whoever waits for a batch gets none."""
        self._native.close()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._native.arrow_stream()

    def __arrow_c_schema__(self) -> object:
        return self.schema.__arrow_c_schema__()

    def __enter__(self) -> Scan:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
