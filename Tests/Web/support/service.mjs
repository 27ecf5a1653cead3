// The service that service.test.mjs calls.

import { Clinic } from './clinic.mjs';
import { ConnectServer } from './connect-server.mjs';

/**
 * A running service and an admin's token: those that TELEHEALTH_WEB_URL and TELEHEALTH_WEB_TOKEN name, or a small
 * clinic in memory.
 */
export async function openService() {
  const { TELEHEALTH_WEB_URL: baseUrl, TELEHEALTH_WEB_TOKEN: token } = process.env;
  if (baseUrl) return { baseUrl, token, stop: async () => {} };
  const server = await ConnectServer.start();
  const own = 'the admin of a clinic in memory';
  new Clinic(server, own);
  return { baseUrl: server.baseUrl, token: own, stop: () => server.stop() };
}
