import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { layoutOf } from '../layout.ts';
import { readFacts } from './facts.ts';

test('a control plane may find its authority there, a worker may not', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'kubeadm-facts-'));
  t.after(() => rm(root, { recursive: true }));
  const layout = layoutOf(root);
  await mkdir(layout.pki, { recursive: true });
  await writeFile(join(layout.pki, 'ca.crt'), 'an authority');
  const wanted = { layout, nodeName: 'one', address: '127.0.0.1', criSocket: 'unix:///nowhere.sock', ports: [], etcdServers: [] };
  assert.deepEqual((await readFacts({ ...wanted, isControlPlane: true })).leftovers, []);
  assert.deepEqual((await readFacts({ ...wanted, isControlPlane: false })).leftovers, [join(layout.pki, 'ca.crt')]);
});
