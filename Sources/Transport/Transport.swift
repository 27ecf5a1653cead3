// HTTP/2 connections over sockets: listening, dialing, flow control, keepalive, draining, and limits on peers.
