import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Pod } from '@keelson/types';
import type { ClusterEvent } from '../plugins/types.ts';
import { info, node, pod } from '../testdata.ts';
import { SchedulerCache } from './cache.ts';

const types = (events: readonly ClusterEvent[]): string[] => events.map(({ type }) => type);
const on = (name: string, nodeName: string, more: Record<string, unknown> = {}): Pod =>
  pod(name, { requests: { cpu: '1' }, spec: { nodeName }, ...more });

function used(cache: SchedulerCache, name: string): { cpu: number; pods: number } {
  const row = cache.table.rowOf(name) ?? -1;
  return { cpu: cache.table.requested.cpu.values[row] ?? 0, pods: cache.table.requested.pods.values[row] ?? 0 };
}

function withNode(): SchedulerCache {
  const cache = new SchedulerCache();
  cache.setNode(node('a'));
  return cache;
}

describe('the cache', () => {
  it('counts an assumed pod once, before and after it is seen bound', () => {
    const cache = withNode();
    cache.assume(info('x', { requests: { cpu: '1' } }), 'a');
    assert.deepEqual(used(cache, 'a'), { cpu: 1000, pods: 1 });
    assert.deepEqual(types(cache.setPod(on('x', 'a'))), ['AssignedPodAdd']);
    assert.deepEqual(used(cache, 'a'), { cpu: 1000, pods: 1 });
    cache.forget('ns/x');
    assert.deepEqual(used(cache, 'a'), { cpu: 1000, pods: 1 }, 'what was seen bound is not forgotten');
    assert.deepEqual(types(cache.removePod('ns/x')), ['AssignedPodDelete']);
    assert.deepEqual(used(cache, 'a'), { cpu: 0, pods: 0 });
  });

  it('forgets an assumption', () => {
    const cache = withNode();
    cache.assume(info('x', { requests: { cpu: '1' } }), 'a');
    cache.forget('ns/x');
    assert.deepEqual(used(cache, 'a'), { cpu: 0, pods: 0 });
  });

  it('moves a pod that was bound elsewhere than assumed', () => {
    const cache = withNode();
    cache.setNode(node('b'));
    cache.assume(info('x', { requests: { cpu: '1' } }), 'a');
    cache.setPod(on('x', 'b'));
    assert.deepEqual([used(cache, 'a').pods, used(cache, 'b').pods], [0, 1]);
  });

  it('counts pods of nodes seen later, and again when a node comes back', () => {
    const cache = new SchedulerCache();
    cache.setPod(on('x', 'a'));
    assert.deepEqual(types(cache.setNode(node('a'))), ['NodeAdd']);
    assert.deepEqual(used(cache, 'a'), { cpu: 1000, pods: 1 });
    cache.removeNode('a');
    cache.setNode(node('a'));
    assert.deepEqual(used(cache, 'a'), { cpu: 1000, pods: 1 });
    cache.removePod('ns/x');
    assert.deepEqual(used(cache, 'a'), { cpu: 0, pods: 0 });
  });

  it('tells what about a node changed, and nothing of heartbeats', () => {
    const cache = withNode();
    const { epoch, journal } = cache.table;
    const length = journal.length;
    assert.deepEqual(types(cache.setNode({ ...node('a'), status: { ...node('a').status, conditions: [] } })), []);
    assert.deepEqual([cache.table.epoch, cache.table.journal.length], [epoch, length]);
    assert.deepEqual(types(cache.setNode(node('a', { labels: { x: 'y' } }))), ['NodeLabel']);
    assert.deepEqual(types(cache.setNode(node('a', { labels: { x: 'y' }, unschedulable: true }))), ['NodeTaint']);
    assert.deepEqual(types(cache.setNode(node('a', { labels: { x: 'y' }, unschedulable: true, allocatable: { cpu: '9' } }))), [
      'NodeAllocatable',
    ]);
  });

  it('follows a resize', () => {
    const cache = withNode();
    cache.setPod(on('x', 'a'));
    assert.deepEqual(types(cache.setPod(on('x', 'a', { requests: { cpu: '2' } }))), []);
    assert.deepEqual(used(cache, 'a'), { cpu: 2000, pods: 1 });
  });

  it('counts the most of what a pod that is resized asks for, was given and has', () => {
    const cache = withNode();
    const resized = (asked: string, allocated: string, actual: string, conditions: object[] = []): Pod => {
      const containerStatuses = [{ name: 'c', allocatedResources: { cpu: allocated }, resources: { requests: { cpu: actual } } }];
      return {
        ...on('x', 'a', { requests: { cpu: asked } }),
        status: { phase: 'Running', containerStatuses, conditions },
      } as unknown as Pod;
    };
    const counted = (pod: Pod): number => {
      cache.setPod(pod);
      return used(cache, 'a').cpu;
    };
    assert.equal(counted(resized('2', '1', '1')), 2000);
    assert.equal(counted(resized('1', '1', '3')), 3000);
    assert.equal(counted(resized('1', '2', '1')), 2000);
    assert.equal(counted(resized('1', '1', '1')), 1000);
    const pending = (reason: string): object[] => [{ type: 'PodResizePending', status: 'True', reason }];
    assert.equal(counted(resized('3', '1', '1', pending('Deferred'))), 3000);
    assert.equal(counted(resized('9', '1', '1', pending('Infeasible'))), 1000);
    assert.deepEqual(types(cache.setPod(resized('9', '1', '1', pending('Infeasible')))), []);
    assert.deepEqual(types(cache.setPod(resized('500m', '500m', '500m'))), ['AssignedPodScaleDown']);
  });
});
