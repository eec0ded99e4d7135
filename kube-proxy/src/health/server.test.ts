import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { test } from 'node:test';
import { Counter, Registry } from 'prom-client';
import { metricsHandler } from './server.ts';

/** What a handler answers to a GET of `url`. */
function ask(handler: RequestListener, url: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve) => {
    let status = 200;
    const response = {
      writeHead: (code: number) => {
        status = code;
        return response;
      },
      end: (body = '') => resolve({ status, body }),
    };
    handler({ url, method: 'GET' } as Parameters<RequestListener>[0], response as unknown as Parameters<RequestListener>[1]);
  });
}

const registry = new Registry();
new Counter({ name: 'a_total', help: 'a', registers: [registry] }).inc();

for (const mode of ['iptables', 'ipvs', 'nftables'] as const)
  test(`the metrics server says that the mode is ${mode}`, async () => {
    assert.deepEqual(await ask(metricsHandler(registry, mode), '/proxyMode'), { status: 200, body: mode });
  });

test('the metrics server is well while it answers, knows metrics with and without a query, and nothing else', async () => {
  const handler = metricsHandler(registry, 'iptables');
  assert.deepEqual(await ask(handler, '/healthz'), { status: 200, body: 'ok' });
  assert.match((await ask(handler, '/metrics')).body, /^a_total 1$/m);
  assert.match((await ask(handler, '/metrics?x=y')).body, /^a_total 1$/m);
  assert.equal((await ask(handler, '/elsewhere')).status, 404);
});
