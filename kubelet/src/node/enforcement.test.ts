import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import type { CgroupLimits } from '../config/resources.ts';
import { enforceAllocatable, limitsOfPods } from './enforcement.ts';
import { nothingReserved } from './reserved.ts';

const limits = limitsOfPods({ cpus: 4, memoryBytes: 8 * 2 ** 30 }, { ...nothingReserved, milliCpu: 500, memoryBytes: 2 ** 30 });

test('all pods together weigh as much as their CPUs and have the memory that is not reserved', () => {
  assert.deepEqual(limits, { cpuShares: 3584, cpuQuota: -1, memoryLimit: 7 * 2 ** 30 });
});

/** A node whose cgroups are `present`; the first `failures` changes fail. */
function bench(cgroupRoot: string, present: readonly string[], failures = 0) {
  const clock = new SimulatedClock();
  const [told, made]: [string[], string[]] = [[], []];
  let left = failures;
  const cgroups = {
    set: async (path: string, given: CgroupLimits) => {
      assert.deepEqual(given, limits);
      if (left-- > 0) throw new Error('device or resource busy');
      made.push(path);
    },
    memoryUsage: async (path: string) => (present.includes(path) ? 1 : undefined),
    processes: async () => undefined,
  };
  const tell = (type: string, reason: string, message: string): void => void told.push(`${type} ${reason} ${message}`);
  const stop = new AbortController();
  return { clock, told, made, stop, done: enforceAllocatable({ clock, cgroups, cgroupRoot, limits, tell }, stop.signal) };
}

test('the cgroup of all pods is bounded, and so is a root that is made for them', async () => {
  const made = async (root: string, present: readonly string[]): Promise<string[]> => {
    const one = bench(root, present);
    await one.done;
    assert.deepEqual(one.told, ['Normal NodeAllocatableEnforced Updated Node Allocatable limit across pods']);
    return one.made;
  };
  assert.deepEqual(await made('/', []), ['/kubepods']);
  assert.deepEqual(await made('/a', []), ['/a', '/a/kubepods']);
  assert.deepEqual(await made('/a', ['/a']), ['/a/kubepods']);
  assert.deepEqual(await made('-.slice', []), ['/kubepods.slice']);
});

test('what cannot be had now is told, and tried again every minute', async () => {
  const { clock, told, made, done } = bench('/', [], 2);
  await clock.advance(59_000);
  assert.deepEqual(told, [
    'Warning FailedNodeAllocatableEnforcement Failed to update Node Allocatable Limits "/kubepods": device or resource busy',
  ]);
  await clock.advance(61_000);
  await done;
  assert.deepEqual([told.length, made], [3, ['/kubepods']]);
  const stopped = bench('/', [], 9);
  stopped.stop.abort();
  await stopped.done;
});
