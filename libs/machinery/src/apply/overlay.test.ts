import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSchemas } from '@keelson/types/schemas';
import { overlay } from './overlay.ts';
import { type MergeType, MergeTypes } from './type.ts';

const pod = new MergeTypes(await loadSchemas()).named('core.v1.Pod') as MergeType;
const live = {
  metadata: { name: 'web', labels: { a: '1' } },
  spec: { containers: [{ name: 'app', image: 'i', env: [{ name: 'A', value: '1' }], command: ['x'] }] },
};

test('what the configuration speaks of is set, items by their keys', () => {
  const config = {
    metadata: { labels: { b: '2' } },
    spec: {
      initContainers: [{ name: 'proxy', image: 'p', restartPolicy: 'Always' }],
      containers: [{ name: 'app', env: [{ name: 'B', value: '2' }] }],
    },
  };
  const env = [
    { name: 'A', value: '1' },
    { name: 'B', value: '2' },
  ];
  assert.deepEqual(overlay(live, config, pod), {
    metadata: { name: 'web', labels: { a: '1', b: '2' } },
    spec: { containers: [{ ...live.spec.containers[0], env }], initContainers: config.spec.initContainers },
  });
});

test('unknown fields and other shapes are refused', () => {
  assert.throws(() => overlay(live, { spec: { zzz: 1 } }, pod), {
    message: 'failed to convert patch object to typed object: .spec.zzz: field not declared in schema',
  });
  assert.throws(() => overlay(live, { spec: { hostNetwork: 'yes' } }, pod), /typed object: \.spec\.hostNetwork: expected boolean, got /);
});

test('what would be replaced as a whole may not be spoken of', () => {
  const config = {
    spec: { tolerations: [{ key: 'k' }], nodeSelector: { a: 'b' }, containers: [{ name: 'app', command: ['y'] }] },
  };
  assert.throws(() => overlay(live, config, pod), {
    message:
      'invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ' +
      '.spec.tolerations, .spec.nodeSelector, .spec.containers[0].command',
  });
});
