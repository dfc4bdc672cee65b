"""How calls and processes end: Ctrl-C in every call that waits, nodes that are killed, forks, the end of the interpreter."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time

import support
import thalweg
from support import raises, table


def python(code, *arguments, interrupt=None, timeout=120):
    """Runs code in a process of its own; `interrupt`: sends SIGINT when it says "waiting", after so many seconds."""
    # A test that runs in the background of a shell is started with SIGINT ignored, and so would its children be.
    begin = "import signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\nimport thalweg\n"
    code = begin + textwrap.dedent(code)
    child = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        if interrupt is not None:
            line = child.stdout.readline()
            assert line == "waiting\n", line + child.stderr.read()
            time.sleep(interrupt)
            child.send_signal(signal.SIGINT)
            began = time.monotonic()
            out, err = child.communicate(timeout=timeout)
            assert time.monotonic() - began < 20, "it took long to end"
        else:
            out, err = child.communicate(timeout=timeout)
    finally:
        child.kill()
        child.wait()
    return child.returncode, out, err


INTERRUPTED = """
    server = sys.argv[1]
    client = thalweg.connect(server)
    client.create_table("interrupts", "id INT", if_not_exists=True)
    client.create_table("interrupted_keys", "id INT NOT NULL", primary_key="id", if_not_exists=True)
    table, keyed = client.table("interrupts"), client.table("interrupted_keys")
    table.append({"id": [1]})
    # Whoever is asked from here on does not answer.
    waits = {
        "scan": lambda: list(table.scan(follow=True)),
        "next": lambda: table.scan(follow=True, start="latest").next(100),
        "pyarrow": lambda: table.scan(follow=True).to_pyarrow(),
        "polars": lambda: __import__("polars").DataFrame(table.scan(follow=True)),
        "connect": lambda: thalweg.connect("127.0.0.1:" + sys.argv[3]),
    }
    # What is imported while a signal comes is none of ours.
    import polars, pyarrow
    print("waiting", flush=True)
    try:
        waits[sys.argv[2]]()
        print("it came back")
    except KeyboardInterrupt:
        print("interrupted")
    except Exception as error:
        try:
            # Whoever read the Arrow stream told of it in its own words; the signal is there all the same.
            sum(range(1000000))
            print("swallowed", repr(error))
        except KeyboardInterrupt:
            print("interrupted")
    client.create_table("after", "id INT", if_not_exists=True)
    print("goes on")
"""


def test_ctrl_c(client):
    import socket

    silent = socket.create_server(("127.0.0.1", 0))
    port = str(silent.getsockname()[1])
    for wait in ("scan", "next", "pyarrow", "polars", "connect"):
        code, out, err = python(INTERRUPTED, client._address, wait, port, interrupt=0.5)
        assert (code, out.split("\n")[-3:-1]) == (0, ["interrupted", "goes on"]), (wait, code, out, err)
    silent.close()


def test_ctrl_c_ends_a_script(client):
    code, _, err = python(
        """
        client = thalweg.connect(sys.argv[1])
        client.create_table("scripts", "id INT", if_not_exists=True)
        print("waiting", flush=True)
        for batch in client.table("scripts").scan(follow=True):
            pass
        """,
        client._address,
        interrupt=0.3,
    )
    assert code in (1, -signal.SIGINT) and err.rstrip().endswith("KeyboardInterrupt"), (code, err)


def test_ctrl_c_in_asyncio(client):
    code, out, err = python(
        """
        import asyncio, thalweg.aio

        async def main():
            client = await thalweg.aio.connect(sys.argv[1])
            await client.create_table("loops", "id INT", if_not_exists=True)
            print("waiting", flush=True)
            async for batch in (await client.table("loops")).scan(follow=True):
                pass

        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            print("interrupted")
        """,
        client._address,
        interrupt=0.3,
    )
    assert (code, out) == (0, "interrupted\n"), (code, out, err)


def test_calls_have_deadlines(client):
    import socket

    silent = socket.create_server(("127.0.0.1", 0))
    address = "127.0.0.1:%d" % silent.getsockname()[1]
    began = time.monotonic()
    error = raises(thalweg.UnreachableError, lambda: thalweg.connect(address, connection={"connect_timeout": 0.5}))
    assert error.retriable and time.monotonic() - began < 20
    silent.close()
    with table(client, "id INT") as t:
        scan = t.scan(follow=True)
        began = time.monotonic()
        error = raises(thalweg.TimedOutError, lambda: scan.next(0.3))
        assert isinstance(error, TimeoutError) and 0.25 < time.monotonic() - began < 10
        raises(thalweg.InvalidError, lambda: scan.next(-1))
        raises(thalweg.InvalidError, lambda: scan.next(float("nan")))


def test_a_node_that_is_killed(client):
    with tempfile.TemporaryDirectory() as folder:
        node = thalweg.Node(folder, child=True)
        session = thalweg.connect(
            node, connection={"command_timeout": 2, "request_timeout": 2}, write={"delivery_timeout": 2}
        )
        session.create_table("t", "id BIGINT", buckets=2)
        t = session.table("t")
        acknowledged = t.append({"id": list(range(1000))}).acknowledged
        assert acknowledged == 1000
        scan = t.scan(follow=True)
        assert scan.next(30).num_rows > 0
        node.kill()
        outcome = t.append({"id": [5000, 5001]})
        assert outcome.acknowledged == 0 and outcome.failed + outcome.unknown == 2 and not outcome.ok
        row, error = outcome.first_failure
        assert row == 0 and isinstance(error, thalweg.Error)
        error = raises(thalweg.Error, outcome.raise_for_failed)
        assert error.row == 0 and error.outcome.rows == 2
        assert all(isinstance(fate, thalweg.Failed) for fate in outcome.fates)
        error = raises(thalweg.Error, lambda: session.list_tables())
        assert error.retriable, repr(error)
        node.close()
        address = node.address
        with thalweg.Node(folder, child=True, listen=address) as again:
            assert again.address == address
            # The session finds the node again; a scan that was given up meanwhile may be begun anew.
            assert t.append({"id": [6000]}).ok
            seen = set()
            while 6000 not in seen:
                try:
                    seen.update(scan.next(60).column("id"))
                except thalweg.UnreachableError as error:
                    assert error.retriable
                    scan = t.scan(follow=True)
            rows = [row["id"] for row in t.scan().to_pylist()]
            assert set(range(1000)) <= set(rows) and len(rows) == len(set(rows))
            session.close()


def test_a_fork_is_refused(client):
    code, out, err = python(
        """
        import os, multiprocessing
        node = thalweg.Node()
        client = thalweg.connect(node)
        client.create_table("t", "id INT")
        pid = os.fork()
        if pid == 0:
            try:
                client.list_tables()
                print("it went")
            except thalweg.InvalidError as error:
                print("refused" if "spawn" in str(error) else error, flush=True)
            sys.exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        print(client.list_tables(), flush=True)
        """,
        timeout=60,
    )
    assert (code, out) == (0, "refused\n['t']\n"), (code, out, err)


def test_the_end_of_the_interpreter(client):
    """Whatever is open then: sessions, scans, rows on their way, nodes with their folders."""
    code, out, err = python(
        """
        import threading, tempfile, pyarrow
        tempfile.tempdir = sys.argv[1]
        node = thalweg.Node()
        client = thalweg.connect(node)
        client.create_table("t", "id INT", buckets=4)
        table = client.table("t")
        scan = table.scan(follow=True)
        pending = [table.appender().write(pyarrow.table({"id": pyarrow.array(range(10000), "int32")})) for _ in range(50)]
        threading.Thread(target=lambda: list(table.scan(follow=True)), daemon=True).start()
        def wait():
            pyarrow.table(table.scan(follow=True))
        threading.Thread(target=wait, daemon=True).start()
        print("the end", flush=True)
        """,
        (folder := tempfile.mkdtemp()),
        timeout=60,
    )
    # The threads are told that the client is closed, which Python may or may not have the time to print.
    assert (code, out) == (0, "the end\n") and "panicked" not in err and "Fatal" not in err, (code, out, err)
    assert os.listdir(folder) == []
    os.rmdir(folder)


def test_the_command_line(client):
    def run(*arguments):
        command = [sys.executable, "-m", "thalweg", "--server", client._address, *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    assert run("table", "create", "commands", "--schema", "id INT").returncode == 0
    client.table("commands").append({"id": [3]})
    assert run("scan", "commands").stdout == '{"id":3}\n'
    assert run("scan", "no_such").returncode == 1
    assert run("--nonsense").returncode == 2
    assert run("--version").stdout == f"thalweg {thalweg.__version__}\n"


def main():
    with thalweg.Node() as node, thalweg.connect(node) as client:
        client._address = node.address
        for name, test in list(globals().items()):
            if name.startswith("test_") and (not sys.argv[1:] or any(word in name for word in sys.argv[1:])):
                began = time.monotonic()
                test(client)
                print(f"ok {name} {time.monotonic() - began:.2f} s", flush=True)


if __name__ == "__main__":
    main()
