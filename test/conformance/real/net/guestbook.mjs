/*
 * A guestbook of three parts, as agnhost's: ROLE is `frontend`, `primary` or `replica`. A replica tells the primary of itself; what is
 * written to the primary is written to all replicas; the frontend writes to the one and reads from the others, by the names of services.
 */
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';

const { ROLE, PORT = '6379' } = process.env;
const own = Object.values(networkInterfaces())
  .flat()
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
const store = new Map();
const replicas = new Set();
let registered = ROLE !== 'replica';

const call = async (host, path) => {
  const response = await fetch(`http://${host}:6379${path}`, { signal: AbortSignal.timeout(5000) });
  if (!response.ok) throw new Error(`${host}${path}: ${response.status}`);
  return response.json();
};

const query = (key, value) => new URLSearchParams({ key, value });
const answers = {
  '/register': async (asked) => {
    replicas.add(asked.get('host'));
    return Object.fromEntries(store);
  },
  '/set': async (asked) => {
    const [key, value] = [asked.get('key'), asked.get('value')];
    store.set(key, value);
    await Promise.all([...replicas].map((host) => call(host, `/set?${query(key, value)}`)));
    return {};
  },
  '/get': async (asked) => ({ data: store.get(asked.get('key')) ?? '' }),
  '/guestbook': (asked) => {
    const rest = query(asked.get('key'), asked.get('value'));
    return asked.get('cmd') === 'set' ? call('agnhost-primary', `/set?${rest}`) : call('agnhost-replica', `/get?${rest}`);
  },
};

createServer(async ({ url }, response) => {
  const { pathname, searchParams } = new URL(url, 'http://guestbook');
  if (pathname === '/healthz') return response.writeHead(registered ? 200 : 503).end();
  const [status, body] = await (answers[pathname]?.(searchParams) ?? Promise.reject(new Error('not found'))).then(
    (said) => [200, said],
    (error) => [500, { error: error.message }],
  );
  return response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}).listen(Number(PORT), '::');
process.on('SIGTERM', () => process.exit(0));

while (!registered) {
  const present = await call('agnhost-primary', `/register?host=${own}`).catch(() => undefined);
  for (const [key, value] of Object.entries(present ?? {})) store.set(key, value);
  registered = present !== undefined;
  if (!registered) await new Promise((done) => setTimeout(done, 500));
}
