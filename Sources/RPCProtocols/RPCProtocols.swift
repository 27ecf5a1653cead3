// gRPC, gRPC-Web and Connect as values: which of them a request speaks, and how heads, bodies and statuses are written.
