"""An HTTP/2 server that misbehaves the way the suite's negative cases want it, for one case and one client.

    python bad_server.py --test_case rst_during_data

Prints "listening on ADDRESS", then serves until it is killed. A client that misbehaves itself (opens a stream too many,
ignores a PING, stays on a connection that said GOAWAY) is cut off, so that its calls fail.
"""

import argparse
import socket
import struct
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

LARGE_RESPONSE = 314159
PADDED_CHUNK = 5
PADDING = 255


def field(number, wire_type, value):
    return varint(number << 3 | wire_type) + value


def varint(value):
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(encoded) + bytes([value])


def response_message():
    """A SimpleResponse with the payload that large_unary asks for, framed."""
    body = field(2, 2, varint(LARGE_RESPONSE) + bytes(LARGE_RESPONSE))
    message = field(1, 2, varint(len(body)) + body)
    return struct.pack(">BI", 0, len(message)) + message


class Misbehavior(Exception):
    """What the client must not do."""


class Connection(threading.Thread):
    def __init__(self, client, case, earlier):
        super().__init__(daemon=True)
        self.client = client
        self.case = case
        self.earlier = earlier  # connections before this one
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=None))
        self.out = {}  # stream -> bytes still to send
        self.queued = 0
        self.requests = 0
        self.pings = 0
        self.unanswered_pings = set()

    def run(self):
        with self.client:
            # h2 itself ends the connection when the client opens more.
            streams = 1 if self.case == "max_streams" else 100
            self.h2.local_settings = h2.settings.Settings(
                client=False, initial_values={h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: streams})
            self.h2.initiate_connection()
            self.flush()
            try:
                while data := self.client.recv(65536):
                    for event in self.h2.receive_data(data):
                        self.handle(event)
                    self.pump()
                    self.flush()
            except (h2.exceptions.ProtocolError, Misbehavior, OSError) as error:
                print(f"connection {self.earlier}: {error!r}", flush=True)

    def flush(self):
        self.queued = 0
        self.client.sendall(self.h2.data_to_send())

    def handle(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self.requests += 1
            if self.case == "goaway":
                # The second call must come over a second connection.
                if self.requests > 1:
                    raise Misbehavior("a call after GOAWAY")
        elif isinstance(event, h2.events.DataReceived):
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self.answer(event.stream_id)
        elif isinstance(event, h2.events.PingAckReceived):
            self.unanswered_pings.discard(event.ping_data)

    def answer(self, stream):
        headers = [(":status", "200"), ("content-type", "application/grpc")]
        self.h2.send_headers(stream, headers)
        if self.case == "rst_after_header":
            self.reset(stream)
            return
        if self.case == "ping":
            self.ping()
        message = response_message()
        self.out[stream] = message[: len(message) // 2] if self.case == "rst_during_data" else message

    def ping(self):
        self.pings += 1
        data = struct.pack(">Q", self.pings)
        self.unanswered_pings.add(data)
        self.h2.ping(data)

    def reset(self, stream):
        self.h2.reset_stream(stream, h2.errors.ErrorCodes.NO_ERROR)

    def pump(self):
        """Sends what the windows let through."""
        for stream in list(self.out):
            try:
                self.pump_stream(stream)
            except h2.exceptions.StreamClosedError:
                self.out.pop(stream, None)  # the client lost interest

    def pump_stream(self, stream):
        padding = PADDING if self.case == "data_frame_padding" else None
        while self.out[stream]:
            window = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if self.case in ("data_frame_padding", "no_df_padding_sanity_test"):
                overhead = 0 if padding is None else padding + 1
                if window < PADDED_CHUNK + overhead:
                    return
                count = PADDED_CHUNK
            elif window <= 0:
                return
            else:
                count = window
            if self.case == "ping":
                self.ping()
            self.h2.send_data(stream, self.out[stream][:count], pad_length=padding)
            self.out[stream] = self.out[stream][count:]
            self.queued += count
            if self.queued > 16384:
                self.flush()
        del self.out[stream]
        self.finish(stream)

    def finish(self, stream):
        if self.case in ("rst_during_data", "rst_after_data"):
            self.reset(stream)
            return
        if self.case == "ping" and self.unanswered_pings:
            # The status comes when every PING is answered; the client's next bytes bring the answers.
            self.out[stream] = b""
            self.flush()
            return
        self.h2.send_headers(stream, [("grpc-status", "0")], end_stream=True)
        if self.case == "goaway":
            self.h2.close_connection(last_stream_id=stream)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--test_case", required=True)
    arguments = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    earlier = 0
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Connection(client, arguments.test_case, earlier).start()
        earlier += 1


if __name__ == "__main__":
    main()
