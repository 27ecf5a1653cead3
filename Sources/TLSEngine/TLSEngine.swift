// TLS handshakes and records in memory, over OpenSSL; no socket.
