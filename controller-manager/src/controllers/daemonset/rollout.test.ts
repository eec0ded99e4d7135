import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import type { DaemonSet, Pod } from '@keelson/types';
import { isAvailable, planDaemons, type Steps } from './plan.ts';
import { planRollout } from './rollout.ts';
import { daemon, daemonSet, names, node, nodes, readySince, view } from './testdata.ts';

function rolling(maxUnavailable: number | string, maxSurge: number | string = 0): DaemonSet {
  return daemonSet({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable, maxSurge } } });
}

const old = (on: string, ready = true): Pod => daemon(on, { of: 'old', ...(ready ? { ready: readySince } : {}) });
const fresh = (on: string, ready = true): Pod => daemon(on, ready ? { ready: readySince } : {});

function steps(set: DaemonSet, pods: readonly Pod[], count = 4): { create: readonly string[]; remove: (string | undefined)[] } {
  const { create, remove } = planRollout(view(set, nodes(count), pods));
  return { create, remove: names(remove) };
}

test('as many old daemons go as may be missing; those that serve nobody go anyway', () => {
  const pods = [old('n1'), old('n2'), old('n3', false), old('n4', false)];
  assert.deepEqual(steps(rolling(1), pods).remove, ['old-n3', 'old-n4']);
  assert.deepEqual(steps(rolling(3), pods).remove, ['old-n3', 'old-n4', 'old-n1']);
  assert.deepEqual(steps(rolling('50%'), [old('n1'), old('n2'), old('n3'), fresh('n4', false)]).remove, ['old-n1']);
  assert.deepEqual(steps(rolling(1), [old('n1'), old('n2'), old('n3')]).remove, [], 'a node without one is missing one');
});

test('new daemons come beside old ones, which go when the new are available', () => {
  const pods = [old('n1'), old('n2'), old('n3', false), old('n4'), fresh('n4')];
  assert.deepEqual(steps(rolling(0, 1), pods), { create: ['n3', 'n1'], remove: ['old-n4'] });
  assert.deepEqual(steps(rolling(0, 1), [old('n1'), fresh('n1', false), old('n2')], 2), { create: [], remove: [] });
  assert.deepEqual(steps(rolling(0, '100%'), [old('n1'), fresh('n1', false), old('n2')], 2), { create: ['n2'], remove: [] });
});

test('where new daemons come beside old ones, those on nodes that are for them no more stay as long as they are needed', () => {
  const tainted = ['n3', 'n4'].map((name) => node(name, { taints: [{ key: 'k', effect: 'NoSchedule' }] }));
  const removed = (...pods: Pod[]) => names(planRollout(view(rolling(0, 1), [...nodes(2), ...tainted], pods)).remove);
  assert.deepEqual(removed(fresh('n1'), fresh('n2', false), old('n3')), [], 'only two serve');
  assert.deepEqual(removed(fresh('n1'), fresh('n2'), old('n3')), ['old-n3']);
  assert.deepEqual(removed(fresh('n1'), fresh('n2', false), old('n3'), old('n4')), ['old-n3']);
  assert.deepEqual(removed(fresh('n1', false), fresh('n2', false), old('n3', false)), ['old-n3'], 'it serves nobody');
});

test('OnDelete leaves it to who deletes', () => {
  assert.deepEqual(steps(daemonSet({ updateStrategy: { type: 'OnDelete' } }), [old('n1')]), { create: [], remove: [] });
});

/** Daemons as they become while steps are taken and pods become ready in any order. */
function play(set: DaemonSet, count: number, next: (below: number) => number): { least: number; most: number; done: boolean } {
  const all = nodes(count);
  let pods = all.map(({ metadata }) => old(metadata.name ?? ''));
  const seen = { least: count, most: count, done: false };
  for (let turn = 0; turn < 200 && !seen.done; turn++) {
    const looked = view(set, all, pods);
    const daemons: Steps = planDaemons(looked);
    const { create, remove } = daemons.create.length + daemons.remove.length > 0 ? daemons : planRollout(looked);
    pods = pods.filter((pod) => !remove.includes(pod));
    seen.least = Math.min(seen.least, pods.filter((pod) => isAvailable(looked, pod)).length);
    pods.push(...create.map((name) => fresh(name, false)));
    seen.most = Math.max(seen.most, pods.length);
    const waiting = pods.filter((pod) => !isAvailable(looked, pod));
    const lucky = waiting[next(waiting.length || 1)];
    pods = pods.map((pod) => (pod === lucky ? fresh(pod.spec.nodeName ?? '') : pod));
    seen.done = pods.length === count && pods.every((pod) => isAvailable(looked, pod) && pod.metadata.name?.startsWith('new'));
  }
  return seen;
}

test('a rollout ends, and never has more missing or more too many than it may', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed);
    const below = (limit: number): number => Math.floor(random.next() * limit);
    const count = 1 + below(8);
    const surge = below(3);
    const unavailable = surge > 0 ? 0 : 1 + below(3);
    const { least, most, done } = play(rolling(unavailable, surge), count, below);
    const told = `seed ${seed}: ${count} nodes, maxUnavailable ${unavailable}, maxSurge ${surge}`;
    assert.ok(done, `${told} ends`);
    assert.ok(least >= count - unavailable, `${told}: ${least} available`);
    assert.ok(most <= count + surge, `${told}: ${most} daemons`);
  }
});
