"""What the catalogue tells, and what became of rows: plain values."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, Union

if TYPE_CHECKING:
    import datetime as dt

    from ._errors import Error
    from ._native import Chain, Schema


class ArrowStream(Protocol):
    """What gives rows as an Arrow stream: tables and data frames of pyarrow, polars, pandas, duckdb."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class ArrowArray(Protocol):
    """What gives rows as one Arrow array: record batches."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...


#: Rows that a table takes: whatever speaks Arrow's PyCapsule interface, a dict of columns, or a list of dicts.
Rows = Union[ArrowStream, ArrowArray, Mapping[str, Any], "list[dict[str, Any]]"]
#: Keys to look up: rows, or a list of keys; a key of several columns is a tuple.
Keys = Union[Rows, "list[Any]"]
#: A number of seconds, or a `timedelta`.
Duration = Union[float, "dt.timedelta"]


class _User(TypedDict):
    user: str  #: The user's name.
    password: str  #: The password.


class Login(_User, total=False):
    """Who logs in to every server."""

    insecure: bool  #: Whether the password may go beyond this machine in clear text. Default false.


class ConnectionSettings(TypedDict, total=False):
    """How servers are found and talked to."""

    connect_timeout: Duration  #: How long a connection may take to be made. Default 10 s.
    request_timeout: Duration  #: How long a server may take to answer. Default 30 s.
    backoff: Duration  #: The first wait before trying again; it doubles up to `backoff_limit`. Default 50 ms.
    backoff_limit: Duration  #: The longest wait before trying again. Default 2 s.
    frame_limit: int  #: The longest frame that is taken, in bytes. Default 128 MiB.
    metadata_age: Duration  #: How long a catalogue entry is used before it is asked for again. Default 5 min.
    command_timeout: Duration  #: How long a call other than a write may take with all its tries. Default 60 s.


class WriteSettings(TypedDict, total=False):
    """How rows are written."""

    buffer_limit: int  #: What rows on their way may hold, in bytes. Default 64 MiB.
    batch_bytes: int  #: A batch is sealed at this size, in bytes. Default 2 MiB.
    batch_rows: int  #: A batch is sealed at this number of rows. Default 65,536.
    linger: Duration  #: How long a batch may wait for more rows while an earlier request is under way. Default 100 ms.
    request_bytes: int  #: The longest request, in bytes. Default 10 MiB.
    in_flight: int  #: Batches in flight for each bucket, 1 to 5. Default 5.
    idempotent: bool  #: Whether a retry cannot double rows. Default true; needs `acks` "all".
    acks: str  #: When a write counts as done: "all", "leader" or "none". Default "all".
    delivery_timeout: Duration  #: How long a batch may take with all its tries. Default 120 s.
    assignment: str  #: Where rows without bucket key go: "sticky" or "round-robin". Default "sticky".
    create_partitions: bool  #: Whether a partition that a row needs is created. Default true.


class ScanSettings(TypedDict, total=False):
    """How rows are read."""

    fetch_bytes: int  #: The longest answer to a fetch, in bytes. Default 16 MiB.
    bucket_bytes: int  #: The most of one bucket in an answer, in bytes. Default 4 MiB.
    min_bytes: int  #: An answer waits for this many bytes. Default 1.
    max_wait: Duration  #: How long an answer may wait for them. Default 500 ms.
    batch_limit: int  #: The most that one batch may take decompressed, in bytes. Default 256 MiB.
    partition_interval: Duration  #: How often a scan that follows all partitions looks for new ones. Default 5 s.


class LookupSettings(TypedDict, total=False):
    """How rows are looked up."""

    request_keys: int  #: The most keys in one request. Default 1024.
    in_flight: int  #: The most requests under way to one server. Default 8.
    misplaced: bool  #: Whether keys are also looked for where fluss-rs 1.0.0 and pyfluss put them. Default false.


@dataclass(frozen=True)
class Bucket:
    """One bucket of a table or of a partition."""

    bucket: int
    """The first is 0."""
    partition: int | None = None
    """The server's number for the partition; `None` for a table without partitions."""


@dataclass(frozen=True)
class Acknowledged:
    """Rows that the server has."""

    rows: Sequence[int]
    """Which rows of those that came out of the modules."""
    bucket: Bucket
    """Where they are."""
    first_offset: int | None
    """The offset of the first, the others follow; `None` on a table with a primary key."""
    end_offset: int
    """One past the offset of the last."""


@dataclass(frozen=True)
class Failed:
    """Rows that were not written, or of which it is not known."""

    rows: Sequence[int]
    """Which rows of those that came out of the modules."""
    error: Error
    """Why."""
    may_have_been_written: bool
    """Whether they may have been written all the same."""


@dataclass(frozen=True)
class ModuleException:
    """Rows that a module refused, or whose call failed, and that a policy dealt with."""

    module: str
    """The module."""
    kind: str
    """"refused" or "failed"."""
    policy: str
    """What became of the rows: "drop", "pass" or "dead-letter"."""
    rows: Sequence[int]
    """Which rows of those that were given."""
    messages: Sequence[str]
    """Why, for each of them."""


@dataclass(frozen=True)
class ExceptionTally:
    """Rows of a scan that a module refused, or whose calls failed, counted."""

    module: str
    """The module."""
    kind: str
    """"refused" or "failed"."""
    policy: str
    """What became of the rows."""
    rows: int
    """How many."""
    causes: Sequence[tuple[str, int, str]]
    """The first messages, each with the number of its rows and where the first stands."""


@dataclass(frozen=True)
class ChainTally:
    """What the modules of a scan did so far."""

    filtered: Mapping[str, int]
    """For each module, the rows that it filtered out."""
    dropped: int
    """The rows that the policy `drop` left out."""
    exceptions: Sequence[ExceptionTally]
    """The rows that policies dealt with."""


@dataclass(frozen=True)
class StageReport:
    """What a module took so far."""

    name: str
    loading: float
    """How long it took to load, in seconds."""
    calls: int
    failed: int
    running: float
    """How long its calls took, in seconds."""
    memory: int
    """What its instances hold that are not being called, in bytes."""


@dataclass(frozen=True)
class DatabaseInfo:
    """A database. Times are milliseconds since 1970-01-01T00:00:00Z."""

    name: str
    comment: str | None
    properties: Mapping[str, str]
    created: int
    modified: int


@dataclass(frozen=True)
class TableInfo:
    """A table as the server has it. Times are milliseconds since 1970-01-01T00:00:00Z."""

    database: str
    name: str
    table_id: int
    schema_id: int
    schema: Schema
    primary_key: Sequence[str]
    partition_by: Sequence[str]
    bucket_key: Sequence[str]
    buckets: int | None
    properties: Mapping[str, str]
    comment: str | None
    created: int
    modified: int


@dataclass(frozen=True)
class PartitionInfo:
    """One partition of a table."""

    name: str
    """The values of the partition columns, joined with `$`."""
    partition: int
    """The server's number for it."""
    values: Mapping[str, str]
    """The partition columns and their values."""


@dataclass(frozen=True)
class BucketOffsets:
    """A bucket's offsets."""

    bucket: Bucket
    earliest: int
    """The first offset that it still has."""
    latest: int
    """One past its last offset."""
    rows: int | None
    """How many rows it has, where the server counts them."""


@dataclass(frozen=True)
class RowCounts:
    """The fates of all rows of a session."""

    acknowledged: int
    failed: int
    unknown: int
    """Rows that may have been written, or not."""


@dataclass(frozen=True)
class Statistics:
    """What a session has done so far."""

    rows_taken: int
    rows_acknowledged: int
    rows_failed: int
    rows_scanned: int
    bytes_sent: int
    batches_sent: int
    batches_retried: int
    buffered: int
    """What rows on their way hold now, in bytes."""


@dataclass(frozen=True)
class Module:
    """A smart module: a filter or map, in a sandbox of its own, that rows go through.

    `path` is a file, or the name of a stock module (`thalweg.stock_modules()`); a path with neither folder nor suffix is a
    name. What becomes of rows that it refuses (`on_error`) and of those of a call that fails (`on_failure`): "fail",
    "drop", "pass" or "dead-letter:TABLE". `limits`: memory, output, log and size in bytes (or "8MiB"), deadline and
    compile in seconds (or "250ms"), output_rows.
    """

    path: str | os.PathLike[str]
    config: Mapping[str, Any] = field(default_factory=dict)
    on_error: str = "fail"
    on_failure: str = "fail"
    name: str | None = None
    limits: Mapping[str, int | float | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", os.fspath(self.path))
        object.__setattr__(self, "limits", dict(self.limits))


#: Modules that rows go through: one, several in order, or what `read_chain` gives.
Through = Union[Module, "Sequence[Module]", "Chain"]
