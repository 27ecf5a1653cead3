"""Requests that are not gRPC: what each is answered with, and when."""

import pytest

from held_calls import HOLD, Stopping, acknowledge, ask
from http2_peer import *

#: More than the server waits for of a body that nobody reads.
LONG = bytes(100_000)


def page(peer: Peer, method: str, path: str, stream: int = 1) -> tuple[dict[str, str], bytes]:
    peer.send(headers(stream, block(*request(method, path))))
    return peer.response(stream)[:2]


@pytest.mark.parametrize("path", ["/", "/?from=balancer"])
def test_the_root_is_200_while_calls_are_served(peer, path):
    head, body = page(peer, "GET", path)
    assert head[":status"] == "200" and head["content-type"].startswith("text/plain")
    assert body == b"This is a gRPC server.\n"


def test_the_root_without_its_page(peer):
    assert page(peer, "HEAD", "/") == ({":status": "200"}, b"")


@pytest.mark.parametrize("path", ["/", "*"])
def test_options_as_load_balancers_ask(peer, path):
    assert page(peer, "OPTIONS", path)[0][":status"] == "200"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("path", ["//", "/index.html", "/bench.Echo/Unary", "/grpc.health.v1.Health/Check", "/x?/"])
def test_every_other_path_is_404(peer, method, path):
    assert page(peer, method, path) == ({":status": "404"}, b"")


def test_the_root_is_503_once_the_server_stops():
    with Stopping() as scene, scene.connect() as peer:
        ask(peer, 1, HOLD)
        peer.alive()
        scene.stop(60_000)
        peer.until(lambda f: f.kind == GOAWAY)
        peer.send(headers(3, GET))
        peer.until(lambda f: f.kind == HEADERS and f.stream == 3)
        assert peer.decoder.decode(peer.seen[-1].payload)[0] == (":status", "503")
        peer.send(reset(1))
        acknowledge(peer)
        peer.closed()


@pytest.mark.parametrize("head, status", [(GET, "200"), (block(*request("GET", "/none")), "404"), (POST, "415"),
                                          (block(*request("PUT")), "405"),
                                          (GET + block(*[("x-many", "x")] * 200), "431")],
                         ids=["GET", "404", "415", "405", "431"])
def test_the_answer_waits_for_the_end_of_the_request(peer, head, status):
    peer.send(headers(1, head, end=False))
    peer.send(data(1, b"some", end=False))
    peer.alive()
    assert not [f for f in peer.seen if f.stream == 1], "no word before the request is over"
    peer.send(data(1, b" more"))
    peer.answered(1, status)
    assert not [f for f in peer.seen if f.kind == RST_STREAM]


def test_trailers_end_such_a_request_too(peer):
    peer.send(headers(1, GET, end=False), headers(1, block(("x-last", "1"))))
    peer.answered()


def test_a_long_body_is_not_waited_for(peer):
    peer.send(headers(1, POST, end=False), body(1, LONG, end=False))
    peer.answered(1, "415")
    assert peer.until(lambda f: f.kind == RST_STREAM and f.stream == 1).code == NO_ERROR
    peer.alive()


def test_a_page_in_front_of_a_long_body_is_whole(peer):
    peer.send(headers(1, GET, end=False), body(1, LONG, end=False))
    assert peer.response(1)[1] == b"This is a gRPC server.\n"
    assert peer.until(lambda f: f.kind == RST_STREAM and f.stream == 1).code == NO_ERROR


def test_bodies_that_nobody_reads_do_not_use_up_the_window(peer):
    for stream in range(1, 401, 2):
        peer.send(headers(stream, POST, end=False), body(stream, bytes(60_000)))
        peer.answered(stream, "415")


def test_a_request_that_does_not_end_is_answered_in_time():
    server = Server("--limit=request-timeout=1")
    try:
        with Peer(server.address) as peer:
            peer.send(headers(1, POST, end=False))
            peer.answered(1, "415")
            assert peer.until(lambda f: f.kind == RST_STREAM and f.stream == 1).code == NO_ERROR
            peer.echo(3)
        server.counted('grpc_server_calls_refused_total{limit="request_too_slow"}')
    finally:
        server.stop()
