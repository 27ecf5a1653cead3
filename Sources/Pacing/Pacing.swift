// How fast to try again and how often to call: exponential backoff and token buckets, without clock or randomness.
