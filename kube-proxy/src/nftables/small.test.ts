import assert from 'node:assert/strict';
import { it } from 'node:test';
import { tooOld } from './kernel.ts';
import { nodePortIPs, wrongNodePortAddress } from './node-ports.ts';
import { mergedRanges } from './ranges.ts';

it('ranges are joined as nft joins them', () => {
  const table: [readonly string[], readonly string[]][] = [
    [['203.0.113.7/24'], ['203.0.113.0/24']],
    [['10.97.0.0/24', '10.96.0.0/16'], ['10.96.0.0-10.97.0.255']],
    [
      ['1.2.3.4', '1.2.3.0/24', '9.9.9.9/32'],
      ['1.2.3.0/24', '9.9.9.9'],
    ],
    [['203.0.113.0/24', '203.0.112.0/24'], ['203.0.112.0/23']],
    [['0.0.0.0/0', '10.0.0.0/8'], ['0.0.0.0/0']],
    [['fd00::/64', 'what'], []],
  ];
  for (const [given, merged] of table) assert.deepEqual(mergedRanges(given), merged);
});

it('addresses that answer node ports', () => {
  const held = ['127.0.0.1', '192.0.2.9', '192.0.2.1', '10.0.0.1'];
  const table: [readonly string[], readonly string[] | undefined][] = [
    [[], ['192.0.2.1']],
    [['primary'], ['192.0.2.1']],
    [['192.0.2.0/24'], ['192.0.2.1', '192.0.2.9']],
    [['127.0.0.0/8', '10.0.0.0/8'], ['10.0.0.1']],
    [['203.0.113.0/24'], []],
    [['10.0.0.0/8', '0.0.0.0/0'], undefined],
    [['fd00::/8'], undefined],
  ];
  for (const [given, addresses] of table) assert.deepEqual(nodePortIPs(given, '192.0.2.1', held), addresses, given.join());
  assert.deepEqual(nodePortIPs([], undefined, held), []);
});

it('what is wrong about them', () => {
  assert.equal(wrongNodePortAddress(['primary']), undefined);
  assert.equal(wrongNodePortAddress(['10.0.0.0/8', 'fd00::/8']), undefined);
  assert.equal(wrongNodePortAddress(['10.0.0.0/8', 'primary']), 'primary');
  assert.equal(wrongNodePortAddress(['10.0.0.1']), '10.0.0.1');
});

it('an nft that is too old', () => {
  assert.match(
    tooOld('nftables v0.9.8 (E.D.S.)\n') ?? '',
    /^nft version must be v1\.0\.1 or later \(got nftables v0\.9\.8 \(E\.D\.S\.\)\)$/,
  );
  assert.ok(tooOld('nftables v1.0.0 (Fearless Fosdick #2)'));
  assert.equal(tooOld('nftables v1.0.1 (Fearless Fosdick #3)'), undefined);
  assert.equal(tooOld('nftables v1.0.6 (Lester Gooch #5)'), undefined);
});
