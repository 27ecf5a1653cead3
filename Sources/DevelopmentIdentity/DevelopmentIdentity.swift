// Tokens for development: who has the key in the data directory signs them, the service and its tools alike.
