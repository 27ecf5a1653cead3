// A server that a test plays by hand. It speaks the Connect protocol over HTTP/1.1 by its own bytes, written from the
// protocol's text (connectrpc.com/docs/protocol), and knows nothing of the client under test.

import http from 'node:http';

/** Connect, "Error Codes". */
const statuses = {
  canceled: 499, unknown: 500, invalid_argument: 400, deadline_exceeded: 504, not_found: 404, already_exists: 409,
  permission_denied: 403, resource_exhausted: 429, failed_precondition: 400, aborted: 409, out_of_range: 400,
  unimplemented: 501, internal: 500, unavailable: 503, data_loss: 500, unauthenticated: 401,
};

/** What a handler of `play` or a test that awaits `call` does with one HTTP request. */
class Call {
  constructor(request, response, body) {
    this.method = request.url.slice(1);
    this.headers = request.headers;
    this.isStream = request.headers['content-type'] === 'application/connect+json';
    this.request = JSON.parse(this.isStream ? unframed(body) : body.toString());
    this.response = response;
    /** Resolves when the connection is gone before the answer ended. */
    this.abandoned = new Promise((resolve) => response.on('close', () => response.writableFinished || resolve()));
  }

  /** Answers a unary call. */
  answer(message, headers = {}) {
    this.raw(200, { 'content-type': 'application/json', ...headers }, JSON.stringify(message));
  }

  /** Refuses: a unary call by its status, a stream in its end. */
  fail(error, headers = {}) {
    if (this.isStream) return this.end(error, headers);
    const status = statuses[error.code];
    return this.raw(status, { 'content-type': 'application/json', ...headers }, JSON.stringify(error));
  }

  /** Any HTTP response, as a proxy may make it. */
  raw(status, headers, body = '') {
    this.response.writeHead(status, { ...headers, connection: 'close' });
    this.response.end(body);
  }

  /** One message of a stream. */
  send(message) {
    this.write(envelope(0, message));
  }

  /** The end of a stream: OK, or an error. */
  end(error, headers) {
    this.write(envelope(2, error ? { error } : {}), headers);
    this.response.end();
  }

  /** Bytes of a stream as they are. */
  write(bytes, headers = {}) {
    if (!this.response.headersSent) {
      this.response.writeHead(200, { 'content-type': 'application/connect+json', ...headers, connection: 'close' });
    }
    this.response.write(bytes);
  }

  /** Sends the headers of a stream, and nothing else for now. */
  open() {
    this.write(Buffer.alloc(0));
    this.response.flushHeaders();
  }

  /** The connection breaks. */
  breakOff() {
    this.response.socket.resetAndDestroy();
  }
}

/** flags (1 byte), length (4 bytes, big endian), bytes. */
export function envelope(flags, message) {
  const bytes = Buffer.isBuffer(message) ? message : Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(5);
  head.writeUInt8(flags, 0);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function unframed(body) {
  if (body.length < 5 || body[0] !== 0 || body.readUInt32BE(1) !== body.length - 5) {
    throw new Error('a request of a server stream is one envelope without flags');
  }
  return body.subarray(5).toString();
}

export class ConnectServer {
  #server;
  #arrived = [];
  #waiting = [];
  #handlers = new Map();
  #faults = [];

  static async start() {
    const server = new ConnectServer();
    server.#server = http.createServer((request, response) => server.#receive(request, response));
    await new Promise((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    server.baseUrl = `http://127.0.0.1:${server.#server.address().port}`;
    return server;
  }

  /** Answers a method's calls as they come, instead of leaving them to `call`. */
  play(method, handler) {
    this.#handlers.set(`telehealth.v1.${method}`, handler);
  }

  /** The next call of a method, whether it has come already or not. */
  call(method) {
    const name = `telehealth.v1.${method}`;
    const index = this.#arrived.findIndex((call) => call.method === name);
    if (index >= 0) return Promise.resolve(this.#arrived.splice(index, 1)[0]);
    return new Promise((resolve) => this.#waiting.push({ name, resolve }));
  }

  /** @throws when a call came that no test asked for, or that broke the protocol. */
  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    const faults = [...this.#faults, ...this.#arrived.map((call) => `nobody expected ${call.method}`)];
    if (faults.length > 0) throw new Error(faults.join('; '));
  }

  async #receive(request, response) {
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      // Given up while it was sent.
      return;
    }
    let call;
    try {
      check(request);
      call = new Call(request, response, Buffer.concat(chunks));
    } catch (error) {
      this.#faults.push(`${request.method} ${request.url}: ${error.message}`);
      response.writeHead(400).end();
      return;
    }
    const handler = this.#handlers.get(call.method);
    if (handler) {
      handler(call);
      return;
    }
    const index = this.#waiting.findIndex((one) => one.name === call.method);
    if (index >= 0) this.#waiting.splice(index, 1)[0].resolve(call);
    else this.#arrived.push(call);
  }
}

/** @throws for a request that the protocol does not allow. */
function check(request) {
  const { headers } = request;
  if (request.method !== 'POST') throw new Error('a call is a POST');
  if (!['application/json', 'application/connect+json'].includes(headers['content-type'])) {
    throw new Error(`content-type ${headers['content-type']}`);
  }
  if (headers['connect-protocol-version'] !== '1') throw new Error('connect-protocol-version is missing');
  const timeout = headers['connect-timeout-ms'];
  if (timeout !== undefined && !/^\d{1,10}$/.test(timeout)) throw new Error(`connect-timeout-ms ${timeout}`);
}
