import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { linkFor, parseRoutes } from './address.ts';

describe('the link of a namespace', () => {
  test('is the same every time, and another one for another name', () => {
    assert.deepEqual(linkFor('a', []), linkFor('a', []));
    assert.notEqual(linkFor('a', []).host, linkFor('b', []).host);
    assert.notEqual(linkFor('a', []).hostInterface, linkFor('b', []).hostInterface);
    assert.ok(linkFor('a', []).hostInterface.length <= 15);
  });

  test('has its two ends in one range of four', () => {
    const { host, node } = linkFor('a', []);
    const [first, second] = [host, node].map((address) => Number(address.split('.')[3]));
    assert.equal(Number(first) % 4, 1);
    assert.equal(second, Number(first) + 1);
    assert.match(host, /^10\.200\./);
  });

  test('keeps clear of ranges that the machine knows', () => {
    const { host } = linkFor('a', []);
    assert.notEqual(linkFor('a', [`${host}/32`]).host, host);
    assert.notEqual(linkFor('a', [host.replace(/\d+$/, '0/24')]).host.split('.')[2], host.split('.')[2]);
    assert.throws(() => linkFor('a', ['10.200.0.0/16']), /no free range/);
  });

  test('a route to all private addresses takes nothing away', () => {
    assert.deepEqual(linkFor('a', ['10.0.0.0/8']), linkFor('a', []));
  });
});

test('reads the kernel’s table of routes', () => {
  const table = [
    'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    'v0\t0400C80A\t00000000\t0001\t0\t0\t0\tFCFFFFFF\t0\t0\t0',
  ];
  assert.deepEqual(parseRoutes(table.join('\n')), ['192.0.2.0/24', '10.200.0.4/30']);
});
