import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '@keelson/base';
import { issueTemporary } from '@keelson/pki';
import type { ComponentStatus, ComponentStatusList } from '@keelson/types';
import { healthCheck } from './components.ts';
import { startServer } from './testing/fixture.ts';

test('components are asked how they do, and tell why they cannot', async () => {
  let health = 200;
  const neighbour = createServer(await issueTemporary('x', {}, systemClock), (_request, response) =>
    response.writeHead(health).end('so so'),
  );
  await once(neighbour.listen(0, '127.0.0.1'), 'listening');
  const { port } = neighbour.address() as AddressInfo;
  const server = await startServer({ components: [healthCheck('scheduler', port, systemClock)] });
  const path = '/api/v1/componentstatuses';
  const list = await server.send('GET', path);
  assert.match(String(list.headers.warning), /v1 ComponentStatus is deprecated in v1\.19\+/);
  const told = list
    .json<ComponentStatusList>()
    .items.map(({ metadata, conditions }) => [metadata.name, conditions?.[0]?.status, conditions?.[0]?.message]);
  assert.deepEqual(told, [
    ['scheduler', 'True', 'so so'],
    ['etcd-0', 'True', 'ok'],
  ]);
  const tell = async (): Promise<unknown> => {
    const [condition] = (await server.send('GET', `${path}/scheduler`)).json<ComponentStatus>().conditions ?? [];
    return [condition?.status, condition?.message];
  };
  health = 500;
  assert.deepEqual(await tell(), ['False', 'so so']);
  neighbour.close();
  neighbour.closeAllConnections();
  assert.deepEqual(await tell(), [
    'False',
    `Get "https://127.0.0.1:${port}/healthz": dial tcp 127.0.0.1:${port}: connect: connection refused`,
  ]);
  const table = await server.send('GET', path, undefined, { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' });
  const rows = table.json<{ rows: { cells: string[] }[] }>().rows.map(({ cells }) => cells.slice(0, 2).join(' '));
  assert.deepEqual(rows, ['scheduler Unhealthy', 'etcd-0 Healthy']);
  assert.equal((await server.send('GET', `${path}/nobody`)).status, 404);
  await server.close();
});
