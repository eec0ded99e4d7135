import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { othersList, writeConflist } from './kubenet.ts';

test("the pod network is left to whoever's list the runtime takes", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'lists-'));
  t.after(() => rm(directory, { recursive: true }));
  assert.equal(await othersList(join(directory, 'none')), undefined);
  await writeConflist(directory, { podCidrs: ['10.1.0.0/24'], bridge: 'cni0', mtu: 1500, ipamDir: '/x' });
  for (const name of ['87-podman-bridge.conflist', '.05-hidden.conflist', '05-cilium.conf.bak'])
    await writeFile(join(directory, name), '{}');
  assert.equal(await othersList(directory), undefined);
  for (const name of ['10-kindnet.conflist', '05-cilium.conf']) await writeFile(join(directory, name), '{}');
  assert.equal(await othersList(directory), '05-cilium.conf');
});
