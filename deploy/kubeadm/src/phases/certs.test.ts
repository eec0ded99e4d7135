import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '@keelson/base';
import { replaceFile } from '@keelson/deploy-local';
import { defaultSettings } from '../commands/config.ts';
import { layoutOf } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { makeCertificates } from './certs.ts';

test('an authority whose key is kept elsewhere is not replaced by a new one', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'certs-'));
  t.after(() => rm(root, { recursive: true }));
  const layout = layoutOf(root);
  const place = { nodeName: 'm1', address: '192.0.2.1', bindPort: 6443, criSocket: '', cluster: defaultSettings };
  const machine: Machine = { root, role: 'control-plane', ...place };
  const context = { machine, layout, clock: systemClock, say: () => undefined };
  await replaceFile(join(layout.pki, 'front-proxy-ca.crt'), 'whoever');
  await assert.rejects(makeCertificates(context), /front-proxy-ca\.crt is there without its key: put front-proxy-ca\.key beside it/);
  assert.equal(await readFile(join(layout.pki, 'front-proxy-ca.crt'), 'utf8'), 'whoever');
  await rm(join(layout.pki, 'front-proxy-ca.crt'));
  await makeCertificates(context);
  assert.match(await readFile(join(layout.pki, 'ca.key'), 'utf8'), /PRIVATE KEY/);
});
