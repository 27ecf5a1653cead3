// One HTTP/2 connection's protocol state over nghttp2, with limits on what a peer may ask for; no socket.
