import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Api, ApiError } from '@keelson/client';
import { discover, servedKinds } from '@keelson/controller-manager';
import { createCluster } from '../src/index.ts';

test('a server that has never heard of aggregated discovery tells the controllers the same, version by version', async (t) => {
  const cluster = await createCluster({ nodes: 0 });
  t.after(() => cluster.stop());
  const { api } = cluster;
  const old: Pick<Api, 'raw'> = { raw: ({ method, path }) => api.raw({ method, path }) };
  assert.deepEqual(await discover(old), await discover(api));
  const kinds = await servedKinds(old);
  assert.deepEqual(kinds, await servedKinds(api));
  assert.ok(kinds.has('v1/Pod') && kinds.has('apps/v1/Deployment'));
});

test('a version that does not answer is stale, and its kinds are not there', async (t) => {
  const cluster = await createCluster({ nodes: 0 });
  t.after(() => cluster.stop());
  const { api } = cluster;
  const old: Pick<Api, 'raw'> = {
    raw: ({ method, path }) =>
      path === '/apis/apps/v1' ? Promise.reject(new ApiError({ message: 'nobody there' }, 503)) : api.raw({ method, path }),
  };
  const { resources, stale } = await discover(old);
  assert.deepEqual(stale, ['apps/v1']);
  assert.ok(!resources.some(({ kind }) => kind.group === 'apps'));
  assert.ok(resources.some(({ kind }) => kind.group === 'batch'));
});
