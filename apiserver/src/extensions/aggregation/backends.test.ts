import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { systemClock as clock } from '@keelson/base';
import type { ClientCertificate } from '@keelson/client';
import { issue } from '@keelson/pki';
import { FlunderServer } from '../../testing/flunders.ts';
import { Backends } from './backends.ts';

test('servers behind are shown the certificate of the moment; a watch that began with another goes on', async (t) => {
  const flunder = await FlunderServer.start();
  const certificate = async (commonName: string): Promise<ClientCertificate> => {
    const { certPem: cert, keyPem: key } = await issue({ ca: flunder.frontProxyCA, commonName, usages: ['client'], days: 1, clock });
    return { cert, key };
  };
  let client = await certificate('first');
  const backends = new Backends(() => client, clock);
  t.after(() => flunder.close());
  const caBundle = Buffer.from(flunder.ca.certPem).toString('base64');
  const backend = {
    ...{
      name: 'v1alpha1.wardle.example.com',
      reference: { namespace: 'wardle', name: 'flunders', port: 443 },
      host: '127.0.0.1',
      port: flunder.port,
    },
    spec: { group: 'wardle.example.com', version: 'v1alpha1', groupPriorityMinimum: 1, versionPriority: 1, caBundle },
  };
  const ask = async (path: string): Promise<IncomingMessage> => {
    const request = backends.open(backend, { method: 'GET', path, headers: {} });
    request.end();
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    return answer;
  };
  const watch = await ask('/flunders?watch=true');
  client = await certificate('second');
  (await ask('/openapi/v3')).resume();
  assert.deepEqual(
    flunder.seen.map(({ proxy }) => proxy),
    ['first', 'second'],
  );
  for (const watcher of flunder.watchers) watcher.write('later');
  assert.equal(String((await once(watch, 'data'))[0]), 'later');
  const ended = new Promise((resolve) => watch.on('error', () => undefined).on('close', resolve));
  backends.close();
  await ended;
});
