// Text formats that the whole product shares: canonical JSON, base64url, hexadecimal, durations, and text that is
// safe on terminals and in logs.
