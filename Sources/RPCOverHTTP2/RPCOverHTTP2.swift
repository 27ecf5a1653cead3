// What gRPC clients and servers share on HTTP/2: header fields, compression and load reports.
