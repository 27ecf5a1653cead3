// The plain-HTTP endpoint for probes and metrics, on a thread of its own.
