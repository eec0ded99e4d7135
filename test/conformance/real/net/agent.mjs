/*
 * Serves and asks, in a pod. Runs in a container by `node --input-type=module --eval <this file>`; the environment says what:
 * HTTP, UDP: ports, with commas between. What netexec serves, and /dial?protocol=http|udp|tcp|name&host=&port=&request=&tries=&timeout=,
 *   which answers one line of JSON a try: {said} or {error}, and how many milliseconds it took.
 * SAYS: {"PORT": {"text": …, "tls": …, "json": …}}: what those ports answer to everything; JSON tells the method, too.
 * CERT, KEY: for what is served over TLS. LINGER: milliseconds to go on serving after SIGTERM.
 */
import { createSocket } from 'node:dgram';
import { lookup, resolve4 } from 'node:dns/promises';
import { createServer, get } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, isIP } from 'node:net';
import { hostname } from 'node:os';

const { HTTP = '', UDP = '', SAYS = '{}', CERT: cert, KEY: key, LINGER = '0' } = process.env;
const ports = (text) => text.split(',').filter(Boolean).map(Number);
const plain = ({ address, port }) => `${address.replace(/^::ffff:/, '')}:${port}`;

const asks = {
  http: ({ host, port, request, timeout, source }) =>
    new Promise((done, fail) => {
      const asked = get({ host, port, path: `/${request}`, agent: false, timeout, localAddress: source }, async (response) => {
        const chunks = [];
        for await (const chunk of response) chunks.push(chunk);
        done(Buffer.concat(chunks).toString());
      });
      asked.on('timeout', () => asked.destroy(new Error('timeout'))).on('error', fail);
    }),
  tcp: ({ host, port, timeout }) =>
    new Promise((done, fail) => {
      const socket = connect({ host, port, timeout }, () => {
        socket.destroy();
        done('connected');
      });
      socket.on('timeout', () => socket.destroy(new Error('timeout'))).on('error', fail);
    }),
  udp: async ({ host, port, request, timeout, from }) => {
    const { address } = isIP(host) ? { address: host } : await lookup(host, { family: 4 });
    const socket = createSocket('udp4');
    return new Promise((done, fail) => {
      const late = setTimeout(() => fail(new Error('timeout')), timeout);
      socket.on('error', fail).on('message', (message) => {
        clearTimeout(late);
        done(message.toString());
      });
      // A connected socket is told when nobody is there.
      socket.bind(from, () => socket.connect(port, address, () => socket.send(request)));
    }).finally(() => socket.close());
  },
  name: async ({ host }) => (await resolve4(host)).join(),
};

const numbers = (query, ...names) => Object.fromEntries(names.map((name) => [name, Number(query.get(name) ?? 0)]));

async function dial(query) {
  const { port, tries, timeout, from } = numbers(query, 'port', 'tries', 'timeout', 'from');
  const what = {
    host: query.get('host'),
    request: query.get('request') ?? '',
    port,
    timeout: timeout || 5000,
    from,
    source: query.get('source') ?? undefined,
  };
  const lines = [];
  for (let count = 0; count < (tries || 1); count += 1) {
    const began = performance.now();
    const outcome = await asks[query.get('protocol') ?? 'http'](what).then(
      (said) => ({ said }),
      (error) => ({ error: error.code ?? error.message }),
    );
    lines.push(JSON.stringify({ ...outcome, took: Math.round(performance.now() - began) }));
  }
  return lines.join('\n');
}

const answers = {
  '/clientip': (_, { socket }) => plain({ address: socket.remoteAddress, port: socket.remotePort }),
  '/echo': (query) => query.get('msg') ?? '',
  '/healthz': () => 'ok',
  '/dial': dial,
};

const netexec = async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://agent');
  response.end(await (answers[pathname] ?? hostname)(searchParams, request));
};
for (const port of ports(HTTP)) createServer(netexec).listen(port, '::');

for (const [port, { text, tls, json }] of Object.entries(JSON.parse(SAYS))) {
  const says = ({ method }, response) => {
    response.setHeader('content-type', json ? 'application/json' : text.startsWith('<') ? 'text/html; charset=utf-8' : 'text/plain');
    response.end(json ? JSON.stringify({ Method: method, Body: text }) : text);
  };
  (tls ? createTlsServer({ cert, key }, says) : createServer(says)).listen(Number(port), '::');
}

const said = { hostname, clientip: (_, caller) => plain(caller), echo: (text) => text };
for (const port of ports(UDP)) {
  const socket = createSocket('udp6');
  socket.on('message', (message, caller) => {
    const [, command = '', text = ''] = /^(\S*)\s*([\s\S]*)$/.exec(message.toString());
    socket.send(`${said[command.toLowerCase()]?.(text, caller) ?? ''}`, caller.port, caller.address);
  });
  socket.bind(port, '::');
}

process.on('SIGTERM', () => setTimeout(() => process.exit(0), Number(LINGER)));
