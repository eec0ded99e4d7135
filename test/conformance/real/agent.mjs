/*
 * What agnhost serves, as far as the specs of this folder need it: node --input-type=module --eval <this file> -- [port] [failing after ms]
 * /, /hostname, /echo?msg=, /healthz (an error when it has run for long), /calls (every request so far, as JSON lines),
 * /dial?host=&port=&request= (asks another one). Prints each request; `port + 1` answers gRPC health checks.
 */
import { createServer, get } from 'node:http';
import { createServer as createGrpcServer } from 'node:http2';
import { hostname } from 'node:os';

const [port, failsAfter] = process.argv.slice(1).map(Number);
const started = Date.now();
const calls = [];

function healthz(_, response) {
  if (!failsAfter || Date.now() - started < failsAfter) return 'ok';
  response.statusCode = 500;
  return `error: ${(Date.now() - started) / 1000}`;
}

const dial = (query) =>
  new Promise((done) => {
    const url = `http://${query.get('host')}:${query.get('port')}/${query.get('request')}`;
    get(url, async (answer) => done((await answer.toArray()).join(''))).on('error', (error) => done(String(error)));
  });

const answers = {
  '/': () => hostname(),
  '/hostname': () => hostname(),
  '/echo': (query) => query.get('msg') ?? '',
  '/healthz': healthz,
  '/dial': dial,
  '/calls': () => calls.map((call) => `${JSON.stringify(call)}\n`).join(''),
};

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://agent');
  const { method, url, headers } = request;
  if (pathname !== '/calls') calls.push({ method, url, headers });
  process.stdout.write(`${method} ${url}\n`);
  const answer = answers[pathname];
  if (answer) response.end(await answer(searchParams, response));
  else response.writeHead(404).end('not found');
});
server.listen(port, '::', () => process.stdout.write(`serving on ${port}\n`));

// A message: not compressed, two bytes long, field 1 (status) is 1 (SERVING).
const serving = Buffer.from([0, 0, 0, 0, 2, 8, 1]);
const grpc = createGrpcServer();
grpc.on('stream', (stream, headers) => {
  process.stdout.write(`gRPC ${headers[':path']}\n`);
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(serving);
});
grpc.listen(port + 1, '::');

process.on('SIGTERM', () => process.exit(0));
