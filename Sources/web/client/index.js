// What the package exports of its hand-written part.

export { browserEnvironment } from './environment.js';
export { TelehealthError } from './error.js';
export { durationMs, int64 } from './json.js';
export { TelehealthClient } from './telehealth-client.js';
export { Transport } from './transport.js';
