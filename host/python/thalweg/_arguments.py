"""Arguments, as the calls of `_native` take them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ._native import Chain
from ._types import Module, Through

DEFAULT_SERVER = "127.0.0.1:9123"


def names(given: str | Iterable[str]) -> list[str]:
    """A name, or several."""
    return [given] if isinstance(given, str) else list(given)


def columns(given: Sequence[str] | None) -> list[str] | None:
    """Columns by name, or all."""
    return None if given is None else names(given)


def servers(given: Any) -> list[str]:
    """Addresses; a node stands for its own."""
    if given is None:
        given = os.environ.get("THALWEG_SERVER", DEFAULT_SERVER)
    given = getattr(given, "address", given)
    if isinstance(given, str):
        return [server.strip() for server in given.split(",")]
    return [server for one in given for server in servers(one)]


def pairs(given: Mapping[str, object] | None) -> list[tuple[str, str]]:
    """Properties as texts."""
    return [(name, _text(value)) for name, value in (given or {}).items()]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def through(given: Through | tuple[Through, ...] | None) -> Chain | list[Module] | None:
    """Modules in order, or a chain as it stands."""
    if given is None or isinstance(given, Chain):
        return given
    if isinstance(given, Module):
        return [given]
    if len(given) == 1 and isinstance(given[0], Chain):
        return given[0]
    modules: list[Module] = []
    for one in given:
        if not isinstance(one, Module):
            raise TypeError(f"{one!r} is no thalweg.Module; a chain that was read from a file stands alone")
        modules.append(one)
    return modules


def scan_options(
    columns: Sequence[str] | None,
    buckets: int | Sequence[int],
    partitions: str | Sequence[str],
    through: Through | None,
    others: dict[str, object],
) -> dict[str, object]:
    """What a scan reads."""
    return {
        **others,
        "columns": None if columns is None else names(columns),
        "buckets": [buckets] if isinstance(buckets, int) else list(buckets),
        "partitions": names(partitions),
        "through": _through(through),
    }


_through = through
