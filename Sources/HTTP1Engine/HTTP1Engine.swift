// The server's side of one HTTP/1.1 connection as a value: bytes and the time in, events and bytes out; no socket.
