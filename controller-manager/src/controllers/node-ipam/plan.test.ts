import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CidrPool } from './plan.ts';

test('parts are given in order, and given again only when returned', () => {
  const pool = new CidrPool('10.244.0.0/22', 24);
  pool.occupy('10.244.1.0/24');
  assert.deepEqual(
    [pool.allocate(), pool.allocate(), pool.allocate(), pool.allocate()],
    ['10.244.0.0/24', '10.244.2.0/24', '10.244.3.0/24', undefined],
  );
  pool.release('10.244.2.0/24');
  assert.equal(pool.allocate(), '10.244.2.0/24');
});

test('ranges of another size or family are respected or ignored', () => {
  const pool = new CidrPool('10.244.0.0/22', 24);
  pool.occupy('10.244.0.0/23');
  pool.occupy('192.168.0.0/24');
  pool.occupy('fd00::/64');
  assert.equal(pool.allocate(), '10.244.2.0/24');
  assert.equal(new CidrPool('fd00::/56', 64).allocate(), 'fd00::/64');
  assert.throws(() => new CidrPool('10.0.0.0/24', 16), /does not fit/);
  assert.throws(() => new CidrPool('nonsense', 24), /is no CIDR/);
});
