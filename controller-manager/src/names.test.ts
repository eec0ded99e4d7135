import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeyPair } from '@keelson/pki';
import { SimulatedClock } from '@keelson/testing';
import { controllers } from './controllers/index.ts';
import { defaultConfig } from './manager.ts';
import { checkControllers, namesText } from './names.ts';
import { missingKinds } from './served.ts';

test('every controller of upstream has its name here, and no other is taken', () => {
  const own = controllers.map(({ name }) => `-${name}`);
  checkControllers(['*', ...own, '-ttl', 'storage-version-gc', 'selinux-warning-controller', '-service-lb-controller']);
  assert.throws(() => checkControllers(['*', '-ttl-contoller']), /"ttl-contoller" is not in the list of known controllers/);
  assert.match(namesText(), /Disabled by default: bootstrap-signer-controller, selinux-warning-controller, token-cleaner-controller$/);
  assert.equal(new Set(own).size, own.length);
});

test('controllers read stable kinds alone, so that any server of this version has them', async () => {
  const { privateKeyPem: tokenKey } = await createKeyPair();
  const config = { ...defaultConfig, rootCA: 'CA', tokenKey, allocateNodeCIDRs: true, clusterCIDRs: ['10.0.0.0/8'] };
  const deps = { clock: new SimulatedClock(), metrics: undefined };
  const definitions = controllers.flatMap((entry) => ('define' in entry ? entry.define(config, deps) : []));
  assert.ok(definitions.length > 30);
  for (const { name, reads } of definitions) for (const { version } of reads) assert.match(version, /^v\d+$/, `${name} reads ${version}`);
  assert.equal(new Set(definitions.map(({ name }) => name)).size, definitions.length, 'each has metrics of its own');
});

test('a controller waits for no kind that the server does not have', () => {
  const reads = [
    { apiVersion: 'v1', kind: 'Pod' },
    { apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttributesClass' },
  ] as never;
  assert.deepEqual(missingKinds({ reads }, new Set(['v1/Pod'])), ['storage.k8s.io/v1/VolumeAttributesClass']);
  assert.deepEqual(missingKinds({ reads }, new Set(['v1/Pod', 'storage.k8s.io/v1/VolumeAttributesClass'])), []);
});
