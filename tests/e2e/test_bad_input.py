"""What is wrong around the program is said once, in words, with what to do about it; and it goes on where it can."""

from __future__ import annotations

import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from programs.pairs import UNHURRIED, main_serves, write_profile
from programs.watching import vizclient
from vizclient.exits import Exit
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

pytestmark = pytest.mark.e2e

ITEM = "bms:KNX/F1/Office101/Temperature"
SET_POINT = "bms:KNX/F1/Office101/Setpoint"
SECURED = {"policy": "Basic256Sha256", "mode": "SignAndEncrypt"}


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with Pair(Options(standby="passive", dead_after=UNHURRIED)).start() as running:
        main_serves(running)
        yield running


def run(folder: Path, command: str, profile: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = vizclient(command, "--profile", profile, *arguments, data_dir=folder / "data")
    return subprocess.run(line, capture_output=True, encoding="utf-8", timeout=60, check=False)


def http(connection: socketserver.StreamRequestHandler) -> None:
    connection.rfile.read(8)
    connection.wfile.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def silence(connection: socketserver.StreamRequestHandler) -> None:
    connection.rfile.read()


def garbage(connection: socketserver.StreamRequestHandler) -> None:
    connection.wfile.write(bytes(range(40, 240)))
    connection.rfile.read(8)


@contextmanager
def listening(answer: Callable[[socketserver.StreamRequestHandler], None]) -> Iterator[str]:
    """A port at which something else than an OPC UA server is; its URL."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(ConnectionError):
                answer(self)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="stranger", daemon=True)
        thread.start()
        try:
            yield f"opc.tcp://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (http, "What answers there is not an OPC UA server"),
        (garbage, "What answers there is not an OPC UA server"),
        (silence, "Its port is open, but nothing answers there"),
    ],
)
def test_a_port_of_something_else_is_called_so_and_the_other_server_serves(
    pair: Pair, tmp_path: Path, answer: Callable[[socketserver.StreamRequestHandler], None], said: str
) -> None:
    with listening(answer) as url:
        profile = write_profile(tmp_path, pair, backup=url)
        done = run(tmp_path, "probe", profile)
        assert done.returncode == Exit.DONE, done
        assert f"down: {said}" in done.stdout
        assert run(tmp_path, "write", profile, SET_POINT, "21").returncode == Exit.DONE


def test_a_client_certificate_that_is_refused_is_named(tmp_path: Path) -> None:
    with Pair(Options(standby="passive", dead_after=UNHURRIED, reject_certificates=True)).start() as strict:
        profile = write_profile(tmp_path, strict, **SECURED)
        done = run(tmp_path, "probe", profile)
        assert done.returncode == Exit.ATTENTION
        assert done.stdout.count("It refuses this client’s certificate") == 2
        certificate = tmp_path / "data" / "pki" / "own" / "vizclient.der"
        assert f"Have the server trust it. It is in {certificate}" in done.stdout
        assert certificate.is_file()
        watched = run(tmp_path, "watch", profile, "--seconds", "5", ITEM)
        assert watched.returncode == Exit.ATTENTION
        assert watched.stderr.startswith("vizclient: Neither server can be used until a person acts.\n  main (opc.tcp:")


def test_a_server_certificate_that_changed_is_refused_until_the_old_one_is_removed(pair: Pair, tmp_path: Path) -> None:
    profile = write_profile(tmp_path, pair, **SECURED)
    assert run(tmp_path, "probe", profile).returncode == Exit.DONE
    trusted = tmp_path / "data" / "pki" / "trusted" / "site"
    (trusted / "main.der").write_bytes((trusted / "backup.der").read_bytes())
    done = run(tmp_path, "probe", profile)
    assert done.returncode == Exit.ATTENTION
    assert done.stdout.count("Its certificate is not the one trusted before") == 1
    assert f"remove {trusted / 'main.der'} and try again" in done.stdout
    (trusted / "main.der").unlink()
    assert run(tmp_path, "probe", profile).returncode == Exit.DONE


def test_security_that_is_not_offered_is_said_with_what_is(pair: Pair, tmp_path: Path) -> None:
    profile = write_profile(tmp_path, pair, policy="Aes256_Sha256_RsaPss", mode="SignAndEncrypt")
    done = run(tmp_path, "probe", profile)
    said = "It does not offer Aes256_Sha256_RsaPss/SignAndEncrypt, but Basic256Sha256/SignAndEncrypt, None/None"
    assert done.returncode == Exit.ATTENTION
    assert said in done.stdout
    refused = run(tmp_path, "write", profile, SET_POINT, "21")
    assert refused.returncode == Exit.ATTENTION
    assert refused.stderr.count(said) == 2


def test_one_server_behind_both_addresses_is_said_while_it_serves(pair: Pair, tmp_path: Path) -> None:
    profile = write_profile(tmp_path, pair, backup=pair.url("main").replace("127.0.0.1", "localhost"))
    watching = subprocess.Popen(
        vizclient("watch", "--profile", profile, ITEM, data_dir=tmp_path / "data"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        assert watching.stderr is not None
        said = [watching.stderr.readline(), watching.stderr.readline()]
        assert said[0] == "vizclient: One server needs a person; the other one serves.\n"
        assert "Both addresses lead to one server. Give each server its own address in the profile." in said[1]
        assert watching.poll() is None
    finally:
        watching.kill()
        watching.wait()
        assert watching.stderr is not None
        watching.stderr.close()


def test_a_data_folder_that_cannot_be_written_stops_only_what_needs_it(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be", "utf-8")
    plain = run(tmp_path, "probe", write_profile(tmp_path, pair))
    assert plain.returncode == Exit.DONE
    assert plain.stderr.startswith("vizclient: no log can be kept in ")
    secured = run(tmp_path, "probe", write_profile(tmp_path, pair, **SECURED))
    assert secured.returncode == Exit.ATTENTION
    assert "Certificates cannot be kept" in secured.stdout
    assert "--data-dir" in secured.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="there the file name differs")
def test_a_display_trace_that_cannot_be_written_is_said_before_the_window_opens(pair: Pair, tmp_path: Path) -> None:
    profile = write_profile(tmp_path, pair)
    assert os.environ["QT_QPA_PLATFORM"] == "offscreen"
    done = run(tmp_path, "run", profile, "--trace-display", "/nowhere/trace")
    assert done.returncode == Exit.USAGE
    said = "The trace cannot be written: /nowhere/trace: No such file or directory."
    assert done.stderr == f"vizclient: {said}\n"
