import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pod, Service } from '@keelson/types';
import { usesOther } from './controller.ts';

const pod = (status: object, spec: object = {}): object => ({
  metadata: { name: 'a', namespace: 'default' },
  spec: { containers: [{ name: 'main', resources: { requests: { cpu: '1' } } }], ...spec },
  status,
});

test('a quota is counted again when an object is gone or uses something else, and not when it was only scheduled or started', () => {
  const pending = pod({ phase: 'Pending' });
  const told = (old: object, object: object): boolean => usesOther(Pod, { type: 'updated', old, object }, 0);
  assert.equal(usesOther(Pod, { type: 'added', object: pending }, 0), false);
  assert.equal(told(pending, pod({ phase: 'Pending' }, { nodeName: 'node-1' })), false);
  assert.equal(told(pending, pod({ phase: 'Running' })), false);
  assert.equal(told(pending, pod({ phase: 'Succeeded' })), true);
  const larger = { containers: [{ name: 'main', resources: { requests: { cpu: '2' } } }] };
  assert.equal(told(pending, pod({ phase: 'Running' }, larger)), true);
  assert.equal(usesOther(Pod, { type: 'deleted', object: pending }, 0), true);
  const service = (type: string): object => ({ metadata: { name: 's' }, spec: { type, ports: [{ port: 80 }] } });
  assert.equal(usesOther(Service, { type: 'updated', old: service('ClusterIP'), object: service('NodePort') }, 0), true);
});
