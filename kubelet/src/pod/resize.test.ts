import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@keelson/types';
import { podCgroupLimits } from '../config/resources.ts';
import { type Allocation, allocationOf } from './allocation.ts';
import { resizePending } from './resize.ts';
import { step } from './step.ts';
import { exited, t0, testContainer, testInput, testMemory, testPod, testSandbox } from './testpod.ts';
import type { Action, PodMemory, Step } from './types.ts';

type Amounts = Readonly<Record<string, string>>;
type Wanted = Readonly<Record<string, { readonly requests?: Amounts; readonly limits?: Amounts }>>;

const annotation = 'io.kubernetes.container.resources';
const restartOn = (resourceName: string): object[] => [{ resourceName, restartPolicy: 'RestartContainer' }];

function podOf(wanted: Wanted, more: object = {}, generation = 2): Pod {
  const containers = Object.entries(wanted).map(([name, resources]) => ({ name, image: 'i', resources, ...more }));
  return testPod({ containers }, { generation });
}

/** A step of a pod whose containers run with what they had before, and whose cgroup, too, is what it was. */
function resized(before: Wanted, after: Pod, change: Partial<PodMemory> = {}, ended: readonly string[] = []): Step {
  const containers = Object.entries(before).map(([name, resources], index) => {
    const own = { id: `c${index}`, name, annotations: { [annotation]: JSON.stringify(resources) } };
    return ended.includes(name) ? exited(0, own) : testContainer(own);
  });
  const memory = testMemory({ cgroup: podCgroupLimits(podOf(before)), allocation: allocationOf(after), ...change });
  return step(testInput({ pod: after, memory, observed: { sandboxes: [testSandbox()], containers } }));
}

const resizes = (result: Step): Extract<Action, { type: 'resizePod' }>[] => result.actions.filter((action) => action.type === 'resizePod');
const condition = (result: Step, type: string): object | undefined => {
  const { lastTransitionTime: _, ...found } = result.status.conditions?.find((each) => each.type === type) ?? { lastTransitionTime: '' };
  return Object.keys(found).length > 0 ? found : undefined;
};

const small = { requests: { cpu: '20m', memory: '35Mi' }, limits: { cpu: '20m', memory: '35Mi' } };
const large = { requests: { cpu: '25m', memory: '40Mi' }, limits: { cpu: '25m', memory: '40Mi' } };

test('a pod is raised before its containers are, and lowered after', () => {
  const [up] = resizes(resized({ a: small, b: large }, podOf({ a: large, b: large })));
  assert.deepEqual(
    up?.containers.map(({ id }) => id),
    ['c0'],
  );
  assert.deepEqual([up.raised?.cpuQuota, up.settled?.cpuQuota], [5000, 5000]);
  const [down] = resizes(resized({ a: large, b: large }, podOf({ a: small, b: large })));
  assert.deepEqual([down?.raised?.cpuQuota, down?.settled?.cpuQuota], [5000, 4500]);
  assert.deepEqual([down?.raised?.memoryLimit, down?.settled?.memoryLimit], [80 * 2 ** 20, 75 * 2 ** 20]);
});

test('what runs is shown with what it has, and as in progress until it has what it should', () => {
  const after = podOf({ a: large });
  const busy = resized({ a: small }, after);
  assert.deepEqual(busy.status.containerStatuses?.[0]?.resources, small);
  assert.deepEqual(busy.status.containerStatuses?.[0]?.allocatedResources, large.requests);
  assert.deepEqual(condition(busy, 'PodResizeInProgress'), { type: 'PodResizeInProgress', status: 'True', observedGeneration: 2 });
  const { status } = busy;
  const cgroup = podCgroupLimits(after);
  const done = resized({ a: small }, after, { status, cgroup, actuated: new Map([['c0', large]]) });
  assert.deepEqual([resizes(done), condition(done, 'PodResizeInProgress')], [[], undefined]);
  assert.deepEqual(done.status.containerStatuses?.[0]?.resources, large);
  assert.deepEqual(
    done.events.map(({ reason, message }) => [reason, message]),
    [
      [
        'ResizeCompleted',
        'Pod resize completed: {"containers":[{"name":"a","resources":{"limits":{"cpu":"25m","memory":"40Mi"},"requests":{"cpu":"25m","memory":"40Mi"}}}],"generation":2}',
      ],
    ],
  );
});

test('amounts that come to the same cgroup are given all the same', () => {
  const [change] = resizes(resized({ a: { requests: { cpu: '2m' } } }, podOf({ a: { requests: { cpu: '1m' } } })));
  assert.deepEqual(change?.containers[0]?.from, { requests: { cpu: '2m' } });
});

test('only what its policy says is restarted, and just that container', () => {
  const after = podOf({ a: large, b: large }, { resizePolicy: restartOn('memory') });
  const cpuOnly = { requests: { cpu: '20m', memory: '40Mi' }, limits: { cpu: '20m', memory: '40Mi' } };
  const kills = (result: Step): object[] => result.actions.filter((action) => action.type === 'killContainer');
  assert.deepEqual(kills(resized({ a: cpuOnly, b: large }, after)), []);
  const restart = resized({ a: small, b: cpuOnly }, after);
  assert.deepEqual(kills(restart), [
    { type: 'killContainer', id: 'c0', name: 'a', graceSeconds: 30, message: 'Container a resize requires restart', restart: 'resized' },
  ]);
  const [held] = resizes(restart);
  assert.deepEqual(
    held?.containers.map(({ id }) => id),
    ['c1'],
  );
});

test('a pod is not lowered while one of its containers still runs with what it had', () => {
  const after = podOf({ a: small, b: large }, { resizePolicy: restartOn('memory') });
  assert.deepEqual(resizes(resized({ a: large, b: large }, after)), []);
  const [settled] = resizes(resized({ a: large, b: large }, after, {}, ['a']));
  assert.deepEqual([settled?.containers, settled?.raised, settled?.settled?.cpuQuota], [[], undefined, 4500]);
  const starting = { operations: new Set(['start']) };
  assert.deepEqual(resizes(resized({ a: large, b: large }, podOf({ a: large, b: small }), starting))[0]?.settled?.cpuQuota, 5000);
});

test('a container ended for its new resources comes back at once, whatever its pod does with others', () => {
  const after = testPod({ restartPolicy: 'OnFailure', containers: [{ name: 'a', image: 'i', resources: large }] }, { generation: 2 });
  const memory = {
    kills: new Map([['c0', { at: t0, graceSeconds: 30, restart: 'resized' as const }]]),
    cgroup: podCgroupLimits(after),
    crashes: new Map([['a', { delay: 300_000, at: t0 }]]),
  };
  const result = resized({ a: small }, after, memory, ['a']);
  const starts = result.actions.filter((action) => action.type === 'startContainer');
  assert.deepEqual(
    starts.map(({ attempt, restart, container }) => [attempt, restart, container.resources]),
    [[1, false, large]],
  );
  assert.equal(result.status.phase, 'Running');
  assert.ok(condition(result, 'PodResizeInProgress'));
});

test('containers wait with starting while their pod changes', () => {
  const result = resized({ a: small, b: small }, podOf({ a: large, b: small }), {}, ['b']);
  assert.deepEqual(
    result.actions.map(({ type }) => type),
    ['resizePod'],
  );
});

test('a resize that failed says so and is tried again later', () => {
  const failures = new Map([['/resize', { reason: 'Error', message: 'no', retryAt: t0 + 10_000 }]]);
  const result = resized({ a: large }, podOf({ a: small }), { failures });
  assert.deepEqual([result.actions, result.again], [[], 8_000]);
  const expected = { type: 'PodResizeInProgress', status: 'True', observedGeneration: 2, reason: 'Error', message: 'no' };
  assert.deepEqual(condition(result, 'PodResizeInProgress'), expected);
});

test('a resize that has to wait is told of its generation; an earlier one goes on', () => {
  const allocation: Allocation = { ...allocationOf(podOf({ a: large })), generation: 2 };
  const pending = { reason: 'Deferred', message: 'm', generation: 3 } as const;
  const result = resized({ a: small }, podOf({ a: large }, {}, 3), { allocation, pending });
  const expected = { type: 'PodResizePending', status: 'True', observedGeneration: 3, reason: 'Deferred', message: 'm' };
  assert.deepEqual(condition(result, 'PodResizePending'), expected);
  assert.deepEqual(condition(result, 'PodResizeInProgress'), { type: 'PodResizeInProgress', status: 'True', observedGeneration: 2 });
  assert.equal(
    resizePending(podOf({ a: { requests: { cpu: '1' } } }), pending),
    'Pod resize Deferred: {"containers":[{"name":"a","resources":{"requests":{"cpu":"1"}}}],"generation":3,"error":"m"}',
  );
});

test('a pod that ends is not resized', () => {
  const after = podOf({ a: large });
  const deleted = { ...after, metadata: { ...after.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } } as Pod;
  const result = resized({ a: small }, deleted);
  assert.deepEqual([resizes(result), condition(result, 'PodResizeInProgress')], [[], undefined]);
});
