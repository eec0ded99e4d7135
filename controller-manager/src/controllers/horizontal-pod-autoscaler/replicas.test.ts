import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { container, created, pod } from '@keelson/testing';
import type { Pod } from '@keelson/types';
import { type Counted, type PodMetrics, replicasForAverage, replicasForUtilization, samplesOf } from './replicas.ts';

const start = Date.parse(created);
const now = start + 3_600_000;
const iso = (at: number): string => new Date(at).toISOString();
const cpu = { resource: 'cpu', container: undefined };

interface PodFacts {
  readonly request?: string;
  readonly ready?: boolean;
  readonly readySince?: number;
  readonly started?: number;
  readonly phase?: string;
  readonly deleted?: boolean;
}

function podOf(index: number, { request = '1', ready = true, phase = 'Running', deleted, ...times }: PodFacts = {}): Pod {
  const { started = start, readySince = started } = times;
  const condition = { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: iso(readySince) };
  return pod({
    name: `p${index}`,
    requests: { cpu: request },
    status: { phase, startTime: iso(started), conditions: [condition] },
    ...(deleted ? { metadata: { deletionTimestamp: iso(now) } } : {}),
  });
}

/** Millicores of the first pods; the others have no metrics. */
function usage(levels: readonly (number | undefined)[]): PodMetrics[] {
  return levels.flatMap((level, index) =>
    level === undefined
      ? []
      : [
          {
            metadata: { name: `p${index}`, namespace: 'default' },
            timestamp: iso(now),
            window: '1m0s',
            containers: [{ name: 'main', usage: { cpu: `${level}m` } }],
          },
        ],
  );
}

function counted(levels: readonly (number | undefined)[], over: Partial<Counted> & { facts?: readonly PodFacts[] } = {}): Counted {
  const { facts = [], ...rest } = over;
  const pods = levels.map((_, index) => podOf(index, facts[index]));
  return {
    ...{ pods, replicas: pods.length, now, samples: samplesOf(usage(levels), cpu) },
    ...{ tolerance: { up: 0.1, down: 0.1 }, patience: { cpuInitialization: 300_000, initialReadiness: 30_000 } },
    ...rest,
  };
}

test('utilisation: the numbers Kubernetes comes to', () => {
  const young = { started: now - 60_000, ready: false };
  const cases: [string, number, Counted, number][] = [
    ['grows', 30, counted([300, 500, 700]), 5],
    ['shrinks', 50, counted([100, 300, 500, 250, 250]), 3],
    ['stays within the tolerance', 100, counted([1010, 1030, 1020], { facts: [{ request: '900m' }, {}, { request: '1100m' }] }), 3],
    ['a small tolerance of its own', 100, counted([1050, 1050, 1050], { tolerance: { up: 0.01, down: 0.1 } }), 4],
    ['grows less for pods that are not ready', 30, counted([300, 500, 700], { facts: [young] }), 4],
    ['ignores pods on their way out', 50, counted([800, 800, 0], { facts: [{}, {}, { deleted: true }], replicas: 2 }), 4],
    ['a pending pod uses nothing', 50, counted([500, 1000, undefined], { facts: [{}, {}, { phase: 'Pending' }] }), 3],
    ['missing metrics keep from shrinking', 50, counted([100, undefined, 100, undefined], {}), 4],
    ['missing metrics slow growth', 30, counted([900, undefined, 900]), 6],
    ['never turned round', 100, counted([1500, undefined, undefined]), 3],
  ];
  for (const [name, target, given, expected] of cases) assert.equal(replicasForUtilization(given, cpu, target).replicas, expected, name);
  const { average, utilization } = replicasForUtilization(counted([300, 500, 700]), cpu, 30);
  assert.deepEqual([average, utilization], [500, 50]);
});

test('amounts: average of what each uses', () => {
  assert.equal(replicasForAverage(counted([300, 500, 700]), cpu, 100).replicas, 15);
  assert.equal(replicasForAverage(counted([300, 500, 700]), cpu, 500).replicas, 3);
  assert.equal(replicasForAverage(counted([100, undefined, 100]), cpu, 200).replicas, 2);
});

test('whose CPU does not count yet', () => {
  const late = now - 10_000;
  const grows = (facts: PodFacts): boolean => replicasForUtilization(counted([900, 500], { facts: [facts] }), cpu, 30).replicas > 4;
  assert.ok(grows({}));
  assert.ok(!grows({ started: now - 60_000, readySince: now - 30_000 }), 'ready, but no whole window since');
  assert.ok(grows({ started: now - 200_000, readySince: now - 90_000 }), 'ready for a whole window');
  assert.ok(!grows({ ready: false, readySince: start + 10_000 }), 'never ready');
  assert.ok(grows({ ready: false, readySince: late }), 'unready after it was ready');
});

test('what is not known is an error in words', () => {
  const refused = (given: Counted, message: RegExp, measured = cpu): void =>
    assert.throws(() => replicasForUtilization(given, measured, 50), { message });
  refused(counted([]), /^no pods returned by selector while calculating replica count$/);
  refused(counted([undefined]), /^did not receive metrics for targeted pods \(pods might be unready\)$/);
  const bare = pod({ name: 'p0', status: podOf(0).status ?? {} });
  refused({ ...counted([100]), pods: [bare] }, /^missing request for cpu in container main of Pod p0$/);
  assert.throws(() => samplesOf(usage([1]), { resource: 'cpu', container: 'side' }), {
    message: 'failed to get container metrics: container side not present in metrics for pod default/p0',
  });
});

test('one container, sidecars and pod-level requests', () => {
  const side = container({ name: 'side', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } });
  const spec = { containers: [container({ resources: { requests: { cpu: '1' } } })], initContainers: [side] };
  const both = { ...counted([600]), pods: [{ ...podOf(0), spec }] };
  assert.equal(replicasForUtilization(both, cpu, 30).utilization, 30);
  assert.equal(replicasForUtilization(both, { resource: 'cpu', container: 'main' }, 30).utilization, 60);
  const whole = { ...counted([600]), pods: [{ ...podOf(0), spec: { ...spec, resources: { requests: { cpu: '4' } } } }] };
  assert.equal(replicasForUtilization(whole, cpu, 30).utilization, 15);
});

test('the more is known the larger the step, and never the other way', () => {
  const seed = 7;
  const random = seededRandom(seed);
  for (let round = 0; round < 2000; round++) {
    const count = 1 + Math.floor(random.next() * 8);
    const levels = Array.from({ length: count }, () => Math.floor(random.next() * 2000));
    const target = 10 + Math.floor(random.next() * 150);
    const blind = levels.map((level, index) => (index > 0 && random.next() < 0.4 ? undefined : level));
    const known = levels.filter((_, index) => blind[index] !== undefined);
    const full = replicasForUtilization(counted(known, { replicas: count }), cpu, target).replicas;
    const { replicas } = replicasForUtilization(counted(blind), cpu, target);
    const ratio = known.reduce((sum, level) => sum + level, 0) / known.length / 10 / target;
    const context = JSON.stringify({ seed, round, blind, target, replicas, full });
    if (ratio > 1.2) assert.ok(replicas >= count, context);
    if (ratio < 0.8) assert.ok(replicas <= count, context);
  }
});
