import { readFileSync } from 'node:fs';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/*
 * What the instrument can show at all: HTTPS with client certificates over a Map, without authentication, checks or a disk. The load of
 * `api-load.ts` gets from it what it would get from a perfect API server. `node test/bench/ceiling.ts PKI` prints its address.
 */

const [pki = ''] = process.argv.slice(2);
const read = (name: string): Buffer => readFileSync(join(pki, name));
const options: ServerOptions = { cert: read('apiserver.crt'), key: read('apiserver.key'), ca: read('ca.crt'), requestCert: true };
const stored = new Map<string, Buffer>();

const server = createServer(options, (request, response) => {
  const answer = (code: number, body: Buffer): void => {
    response.writeHead(code, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  };
  if (request.method === 'GET') return answer(200, stored.get(request.url?.split('/').at(-1) ?? '') ?? Buffer.from('{}'));
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    if (request.method === 'DELETE') return answer(200, Buffer.from('{}'));
    const body = Buffer.concat(chunks);
    stored.set((JSON.parse(body.toString()) as { metadata: { name: string } }).metadata.name, body);
    answer(201, body);
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`https://127.0.0.1:${(server.address() as AddressInfo).port}\n`));
