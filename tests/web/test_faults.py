"""Faults: killed processes, slow and lost clients, too many of them, late answers, signals under load."""

import io
import json
import os
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pytest
from PIL import Image

from ensemble_hwr import compose_words, generate_letters

TEE = {"strokes": [[[40, 0], [40, 90]], [[0, 0], [80, 0]]]}
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")


OPTIONS = ["--workers", "1", "--queue", "4", "--upload-timeout", "1", "--max-upload", "0.5", "--metrics"]


@pytest.fixture(scope="module")
def kept():
    """The servers with small limits that were started; only the last one runs."""
    with ExitStack() as stack:
        yield stack, []


@pytest.fixture
def small(start_server, kept):
    """A server with small limits; another one if a test has ended it."""
    stack, servers = kept
    if not servers or servers[-1].process.poll() is not None:
        servers.append(stack.enter_context(start_server(*OPTIONS)))
    return servers[-1]


def full_page():
    """Return a page of 144 words, which takes far longer to read than the server allows in the test."""
    letters = generate_letters(26 * 4, writers=4, random_state=7)
    (block,) = compose_words(letters, ["MILK TEA\nBREAD HAM"], gap=0.25, height=30, random_state=4)
    stream = io.BytesIO()
    Image.fromarray(np.tile(block.picture, (6, 6))).save(stream, "PNG")
    return stream.getvalue()


def reads(server):
    return server.post("/v1/strokes", TEE)[0] == 200


@LINUX
def test_a_killed_process_is_replaced_and_its_request_answered(small, until):
    (first,) = until(small.workers, "the process")
    os.kill(first, signal.SIGKILL)
    assert reads(small)
    assert small.workers() != [first]
    with ThreadPoolExecutor(3) as threads:
        done = [threads.submit(reads, small) for _ in range(3)]
        for _ in range(2):
            for pid in small.workers():
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.3)
        assert [one.result() or reads(small) for one in done] == [True] * 3
    assert small.metric('worker_restarts_total{reason="ended"}') >= 1


def test_slow_clients_are_disconnected_and_do_not_keep_others_waiting(small):
    with (
        socket.create_connection(("127.0.0.1", small.port)) as headers,
        socket.create_connection(("127.0.0.1", small.port)) as body,
    ):
        headers.sendall(b"POST /v1/words HTTP/1.1\r\nHo")
        body.sendall(b"POST /v1/words HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nsome")
        assert reads(small)
        headers.settimeout(20)
        body.settimeout(20)
        assert headers.recv(1000) == b""
        assert body.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_a_client_that_is_lost_in_the_middle_does_no_harm(small):
    for sent in (b"POST", b"POST /v1/words HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nsome"):
        with socket.create_connection(("127.0.0.1", small.port)) as client:
            client.sendall(sent)
    assert reads(small)


def test_a_body_of_unknown_length_is_limited(small):
    with socket.create_connection(("127.0.0.1", small.port)) as client:
        client.sendall(b"POST /v1/words HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"20000\r\n" + bytes(0x20000) + b"\r\n"
        try:
            for _ in range(8):
                client.sendall(chunk)
        except OSError:
            pass  # the server closes the connection
        client.settimeout(20)
        assert client.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_many_clients_are_answered_or_asked_to_try_again(small):
    with ThreadPoolExecutor(60) as threads:
        answers = list(threads.map(lambda _: small.post("/v1/strokes", TEE), range(200)))
    statuses = [status for status, _, _ in answers]
    assert set(statuses) <= {200, 429}
    assert 200 in statuses
    assert 429 in statuses
    assert all(int(headers["Retry-After"]) >= 1 for status, headers, _ in answers if status == 429)
    assert small.metric("queue_length") == 0


def test_a_late_answer_is_given_up_and_the_process_replaced(start_server):
    with start_server("--workers", "1", "--timeout", "0.3", "--metrics") as server:
        status, _, body = server.post("/v1/pages", full_page(), "image/png")
        assert status == 504, body
        assert json.loads(body)["title"] == "Reading took too long"
        assert server.metric('worker_restarts_total{reason="late"}') == 1
        statuses = []
        while 200 not in statuses and len(statuses) < 100:  # the new process loads its models
            statuses.append(server.post("/v1/strokes", TEE)[0])
        assert set(statuses) <= {200, 504}
        assert 200 in statuses


def test_a_port_in_use_is_an_error_of_one_line(small, start_server):
    with pytest.raises(AssertionError, match=rf"^error: 127.0.0.1, port {small.port}: is in use; .*\n$"):
        start_server("--port", small.port).__enter__()


def test_a_model_that_cannot_be_loaded_is_an_error_of_one_line(start_server, tmp_path):
    with pytest.raises(AssertionError, match=r"^error: .*missing.model.*\n$"):
        start_server("--model", tmp_path / "missing.model").__enter__()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_under_load_loses_no_answer(small, number):
    outcomes, started = [], threading.Event()

    def client():
        for _ in range(200):
            try:
                status, _, body = small.post("/v1/strokes", TEE)
            except OSError:
                outcomes.append("closed")
                return
            outcomes.append(status)
            assert json.loads(body)
            started.set()

    clients = [threading.Thread(target=client) for _ in range(4)]
    for thread in clients:
        thread.start()
    assert started.wait(60)
    code, errors = small.stop(number)
    for thread in clients:
        thread.join(30)
    assert set(outcomes) <= {200, "closed"}
    assert code == 0
    assert errors == ""
