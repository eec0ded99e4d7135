import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mandatoryLevels, suggestedLevels } from '../../kinds/flowcontrol/standard.ts';
import { lend, limitsOf, smoothed } from './limits.ts';

const standard = [...mandatoryLevels, ...suggestedLevels].map(({ metadata, spec }) => {
  const { nominalConcurrencyShares: shares = 0, lendablePercent = 0 } = spec?.limited ?? spec?.exempt ?? {};
  return { name: metadata.name, shares, lendablePercent };
});

test('the standard levels divide 600 seats as upstream', () => {
  const nominal = Object.fromEntries(limitsOf(600, standard).map(({ nominal: seats, lower }, i) => [standard[i]?.name, [seats, lower]]));
  assert.deepEqual(nominal, {
    exempt: [0, 0],
    'catch-all': [13, 13],
    system: [74, 50],
    'node-high': [98, 73],
    'leader-election': [25, 25],
    'workload-high': [98, 49],
    'workload-low': [245, 24],
    'global-default': [49, 24],
  });
});

test('borrowing has a limit where one is given', () => {
  const [a, b] = limitsOf(100, [
    { shares: 1, lendablePercent: 0, borrowingLimitPercent: 20 },
    { shares: 1, lendablePercent: 50 },
  ]);
  assert.deepEqual(a, { nominal: 50, lower: 50, upper: 60 });
  assert.deepEqual(b, { nominal: 50, lower: 25, upper: 100 });
  assert.deepEqual(limitsOf(100, [{ shares: 0, lendablePercent: 0 }]), [{ nominal: 0, lower: 0, upper: 100 }]);
});

test('seats go where they are wanted, within bounds', () => {
  const [busy, idle, greedy] = [
    { limits: { nominal: 40, lower: 40, upper: 100 }, highest: 300, smoothed: 300 },
    { limits: { nominal: 40, lower: 10, upper: 100 }, highest: 5, smoothed: 5 },
    { limits: { nominal: 20, lower: 20, upper: 25 }, highest: 900, smoothed: 900 },
  ] as const;
  const lent = lend(100, [busy, idle, greedy]);
  assert.deepEqual(lent.seats, [65, 10, 25]);
  const back = lend(100, [busy, { ...idle, highest: 40, smoothed: 40 }, greedy]);
  assert.deepEqual(back.seats, [40, 40, 20], 'what is its own comes back to whoever wants it');
});

test('demand rises at once and falls slowly', () => {
  assert.equal(smoothed(10, 50), 50);
  assert.ok(Math.abs(smoothed(50, 10) - 49.08) < 0.001);
});
