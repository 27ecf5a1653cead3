// A client under test, with the server that it calls and the time that it lives in.

import { TelehealthClient } from '../../../generated/web/index.js';
import { ConnectServer } from './connect-server.mjs';
import { VirtualTime } from './virtual-time.mjs';

/** Runs a test with its own server, which at the end must have seen nothing that the test did not expect. */
export async function withDesk(options, body) {
  const server = await ConnectServer.start();
  const time = new VirtualTime();
  const client = new TelehealthClient({ baseUrl: server.baseUrl, environment: time, ...options });
  try {
    await body({ server, time, client });
  } catch (error) {
    await server.stop().catch(() => {});
    throw error;
  }
  await server.stop();
}

export const methods = Object.fromEntries(
  ['CreateSession', 'GetSession', 'Heartbeat', 'JoinSession', 'WatchSession', 'WatchSessions'].map((name) => [
    name[0].toLowerCase() + name.slice(1), `TelehealthService/${name}`,
  ]));
