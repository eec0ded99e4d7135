import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created } from '../../testing/exercise.ts';
import { serviceKind } from './service.ts';

test('addresses of old stay as they are written', () => {
  const old = created(serviceKind, { spec: { ports: [{ port: 80 }], clusterIP: '10.0.0.1', externalIPs: ['1.2.3.04'] } });
  assert.deepEqual(serviceKind.validate?.(old, old), []);
  assert.equal(serviceKind.validate?.(old).length, 1);
});
