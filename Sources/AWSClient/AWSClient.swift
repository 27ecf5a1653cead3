// Signed calls to AWS: credentials, SigV4, retries, clock skew, and a request limiter.
