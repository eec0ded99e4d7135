import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { seededRandom, systemClock } from '@keelson/base';
import { webhookBackend } from './backends.ts';
import type { AuditEvent } from './event.ts';
import type { Backend } from './sink.ts';

interface Received {
  readonly path: string | undefined;
  readonly list: { kind: string; apiVersion: string; items: { auditID: string }[] };
}

/** A server that answers each request with the next code, and a backend that sends to it. */
async function hookOf(t: TestContext, codes: readonly number[]): Promise<{ received: Received[]; backend: Backend }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ path: request.url, list: JSON.parse(Buffer.concat(chunks).toString()) as Received['list'] });
      response.writeHead(codes[received.length - 1] ?? 200).end('so');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = await mkdtemp(join(tmpdir(), 'keelson-'));
  const config = join(folder, 'webhook.yaml');
  const cluster = { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}/audit?from=here` };
  await writeFile(
    config,
    JSON.stringify({
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c' },
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    }),
  );
  const signal = new AbortController().signal;
  const backend = webhookBackend({ config, initialBackoff: 1, batch: 2, wait: 0, clock: systemClock, random: seededRandom(1), signal });
  t.after(async () => {
    await backend.close();
    server.close();
    await rm(folder, { recursive: true });
  });
  return { received, backend };
}

const event = { auditID: 'x' } as AuditEvent;

test('events are sent as a list, to the path the kubeconfig names', async (t) => {
  const { received, backend } = await hookOf(t, []);
  await backend.write([event]);
  assert.equal(received[0]?.path, '/audit?from=here');
  const { kind, apiVersion, items } = received[0]?.list ?? {};
  assert.deepEqual([kind, apiVersion, items], ['EventList', 'audit.k8s.io/v1', [event]]);
});

test('what fails is tried again, what is refused is not', async (t) => {
  const { received, backend } = await hookOf(t, [503, 429, 200, 400]);
  await backend.write([event]);
  assert.equal(received.length, 3);
  await assert.rejects(backend.write([event]), { message: 'the server answered 400: so' });
  assert.equal(received.length, 4);
});

test('who never answers well is given up on', async (t) => {
  const { received, backend } = await hookOf(t, [500, 500, 500, 500, 500, 500]);
  await assert.rejects(backend.write([event]), { message: 'the server answered 500: so' });
  assert.equal(received.length, 5);
});
