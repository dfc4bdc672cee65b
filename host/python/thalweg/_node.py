"""The embedded node."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import weakref
from types import TracebackType

from . import _native
from ._errors import NodeError


class Node:
    """A node: one process that answers as all servers of a Fluss cluster at once. It runs when this returns.

    `data`: the folder for everything that it keeps; without one, a temporary folder that goes when the node is closed.
    `listen`: where it listens; port 0 picks a free one.
    `durability`: when rows count as written: "fsync" on the disk, "os" with the operating system, "memory" in memory.
    Default: "fsync", and "memory" for a temporary folder.
    `child`: whether it runs in a process of its own, which `kill` ends as a power cut would.

    Clients connect to `node.address`, ours (`thalweg.connect(node)`) and all others that speak Fluss's protocol.
    """

    def __init__(
        self,
        data: str | os.PathLike[str] | None = None,
        *,
        listen: str = "127.0.0.1:0",
        advertise: str | None = None,
        durability: str | None = None,
        child: bool = False,
    ) -> None:
        self._node: _native.Node | None = None
        self._child: subprocess.Popen[str] | None = None
        self._temporary = None if data is not None else tempfile.mkdtemp(prefix="thalweg-")
        folder = os.fspath(data) if data is not None else str(self._temporary)
        durability = durability or ("fsync" if data is not None else "memory")
        try:
            if child:
                self._child, self._address = _start_child(folder, listen, advertise, durability)
            else:
                self._node = _native.start_node(folder, listen, advertise, durability).wait()
                self._address = self._node.address
        except BaseException:
            self._remove()
            raise
        _running.add(self)

    @property
    def address(self) -> str:
        """Where it listens, `HOST:PORT`."""
        return self._address

    def close(self) -> None:
        """Stops the node: what it has taken is written, and a temporary folder is removed. May be called again."""
        _running.discard(self)
        node, self._node = self._node, None
        child, self._child = self._child, None
        try:
            if node is not None:
                node.stop().wait()
            if child is not None:
                child.terminate()
                _end_of(child)
        finally:
            self._remove()

    def kill(self) -> None:
        """Ends a node that runs as a child, at once and without a word; its data folder stays until `close`."""
        if self._child is None:
            raise NodeError("only a node that runs as a child can be killed; start it with child=True")
        self._child.kill()
        self._child.wait()

    def _remove(self) -> None:
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None

    def __enter__(self) -> Node:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Node({self._address})"


def _start_child(
    folder: str, listen: str, advertise: str | None, durability: str
) -> tuple[subprocess.Popen[str], str]:
    arguments = ["serve", "--data", folder, "--listen", listen, "--durability", durability]
    if advertise is not None:
        arguments += ["--advertise", advertise]
    child = subprocess.Popen(
        [sys.executable, "-m", "thalweg", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    line = child.stdout.readline()
    _, ready, address = line.strip().partition("thalweg: ready on ")
    if not ready:
        child.kill()
        child.wait()
        raise NodeError(f"the node did not start (exit status {child.returncode}); what it says stands on standard error")
    return child, address


def _end_of(child: subprocess.Popen[str]) -> None:
    try:
        child.wait(30)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    finally:
        if child.stdout is not None:
            child.stdout.close()


_running: weakref.WeakSet[Node] = weakref.WeakSet()


def _close_all() -> None:
    for node in list(_running):
        try:
            node.close()
        except Exception as error:  # the others are to end too
            print(f"thalweg: {error}", file=sys.stderr)
