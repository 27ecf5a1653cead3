// What an RPC is without a transport: status, metadata, deadlines, framing, call state, and what generated stubs call.
