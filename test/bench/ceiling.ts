import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
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
const json = { 'content-type': 'application/json' };

interface Kept {
  readonly bytes: Buffer;
  readonly label: string;
}
const stored = new Map<string, Kept>();
const watchers = new Set<ServerResponse>();
const listStart = Buffer.from('{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[');
const comma = Buffer.from(',');
const listEnd = Buffer.from(']}');

function list(label: string | undefined): Buffer {
  const items = [...stored.values()].filter((one) => label === undefined || one.label === label);
  return Buffer.concat([listStart, ...items.flatMap(({ bytes }, i) => (i === 0 ? [bytes] : [comma, bytes])), listEnd]);
}

function create(body: Buffer): void {
  const { metadata } = JSON.parse(body.toString()) as { metadata: { name: string; labels: { bench: string } } };
  stored.set(metadata.name, { bytes: body, label: metadata.labels.bench });
  if (watchers.size === 0) return;
  const event = Buffer.concat([Buffer.from('{"type":"ADDED","object":'), body, Buffer.from('}\n')]);
  for (const watcher of watchers) watcher.write(event);
}

const server = createServer(options, (request, response) => {
  const answer = (code: number, body: Buffer): void => {
    response.writeHead(code, { ...json, 'content-length': body.length });
    response.end(body);
  };
  const { pathname, searchParams } = new URL(request.url ?? '/', 'https://localhost');
  if (searchParams.has('watch')) {
    response.writeHead(200, json).flushHeaders();
    watchers.add(response);
    response.on('close', () => watchers.delete(response));
    return;
  }
  if (request.method === 'GET') {
    const name = pathname.split('/').at(-1) ?? '';
    return answer(200, name === 'configmaps' ? list(searchParams.get('labelSelector')?.split('=')[1]) : (stored.get(name)?.bytes ?? comma));
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    if (request.method === 'DELETE') stored.clear();
    else create(body);
    answer(201, body);
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`https://127.0.0.1:${(server.address() as AddressInfo).port}\n`));
