// The gRPC client: channels, name resolution, load balancing, retries and hedging.
