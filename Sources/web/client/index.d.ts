export { Environment, browserEnvironment } from './environment.js';
export { Code, FieldViolation, PreconditionViolation, TelehealthError } from './error.js';
export { Base64, Duration, Float, Int64, Timestamp, durationMs, int64 } from './json.js';
export {
  SessionUpdate, SessionWatch, SessionsUpdate, SessionsWatch, TelehealthClient, WatchOptions,
} from './telehealth-client.js';
export { CallOptions, MessageStream, Transport, TransportOptions } from './transport.js';
