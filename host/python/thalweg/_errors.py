"""Why a call failed: one class for each kind of reason, all of them `Error`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._native import Outcome


class Error(Exception):
    """Why a call failed, in one sentence; where the reader can do something about it, it says what.

    `retriable`: whether the same call may succeed later.
    `row`: the row at fault, by its position among those that were given, where one is known.
    `outcome`: of a write of several batches of which some were sent: what became of these.
    """

    retriable: bool
    row: int | None = None
    outcome: Outcome | None = None

    def __init__(self, message: str, *, retriable: bool = False) -> None:
        super().__init__(message)
        self.retriable = retriable


class InvalidError(Error, ValueError):
    """The call does not fit: rows that the table cannot hold, a column that it does not have, a wrong setting."""


class UnsupportedError(Error):
    """The server, or this client, does not have it."""


class UnreachableError(Error, ConnectionError):
    """No server can be reached."""


class TimedOutError(Error, TimeoutError):
    """No answer within the time that was given."""


class ServerError(Error):
    """The server refused. `code` is the number of the reason in the protocol, `name` its name, as TABLE_NOT_EXIST."""

    code: int
    name: str


class ClosedError(Error):
    """The client, or what it was asked of, is closed."""


class ModuleError(Error):
    """A module cannot be loaded, refuses rows, or fails."""


class CorruptError(Error):
    """Bytes from the server are not what they should be."""


class BrokenError(Error):
    """Something broke down that should not."""


class NodeError(Error):
    """An embedded node does not start, or does not stop as it should."""
