import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import type { Node, Pod, ResourceStatus } from '@keelson/types';
import type { ContainerConfig } from '../cri/types.ts';
import { type DeviceOptions, noOptions, type PodDevices } from '../devices/types.ts';
import { TestNode } from './testnode.ts';

/** Devices that say what a test wants. */
class TestDevices implements PodDevices {
  readonly calls: string[] = [];
  /** What each call says instead of doing it. */
  readonly problems: { [call in 'admit' | 'prepare' | 'unprepare' | 'options']?: string | undefined } = {};
  given: DeviceOptions = noOptions;
  held = new Map<string, number>();
  statuses = new Map<string, readonly ResourceStatus[]>();

  async admit(pod: Pod): Promise<string | undefined> {
    this.calls.push(`admit ${pod.metadata?.uid}`);
    return this.problems.admit;
  }

  inUse(): ReadonlyMap<string, number> {
    return this.held;
  }

  prepare(): Promise<void> {
    return this.#do('prepare');
  }

  unprepare(): Promise<void> {
    return this.#do('unprepare');
  }

  async options(): Promise<DeviceOptions> {
    await this.#do('options');
    return this.given;
  }

  health(): ReadonlyMap<string, readonly ResourceStatus[]> {
    return this.statuses;
  }

  async #do(what: 'prepare' | 'unprepare' | 'options'): Promise<void> {
    this.calls.push(what);
    const problem = this.problems[what];
    if (problem !== undefined) throw new Error(problem);
  }
}

function startNode(devices: TestDevices) {
  const made: ContainerConfig[] = [];
  const behaviour = (config: ContainerConfig): object => {
    made.push(config);
    return {};
  };
  return { node: new TestNode(new SimulatedClock(), { behaviour }, devices), made };
}

test('a pod for which there are no devices is turned away, with why; one the node refuses anyway asks for none', async () => {
  const devices = new TestDevices();
  devices.problems.admit = 'Allocate failed due to something, which is unexpected';
  const { node } = startNode(devices);
  node.pod();
  await node.clock.settle();
  assert.deepEqual(
    [node.status?.phase, node.status?.reason, node.status?.message],
    ['Failed', 'UnexpectedAdmissionError', 'Pod was rejected: Allocate failed due to something, which is unexpected'],
  );
  assert.ok(node.told.includes('UnexpectedAdmissionError: Allocate failed due to something, which is unexpected'));
  assert.deepEqual(devices.calls, ['admit u1']);
  node.pressures = ['DiskPressure'];
  node.pod({}, { uid: 'u2' });
  await node.clock.settle();
  assert.equal(node.workers.get('u2')?.status?.reason, 'Evicted');
  assert.deepEqual(devices.calls, ['admit u1']);
  node.stop.abort();
});

test('what a pod holds the node has, even while its plugin is away', async () => {
  const devices = new TestDevices();
  const { node } = startNode(devices);
  const allocatable = { cpu: '8', memory: '8Gi', pods: '110', 'vendor.com/card': '0' };
  node.node = { metadata: { name: 'n1' }, status: { allocatable } } as unknown as Node;
  const limits = { 'vendor.com/card': '1' };
  const spec = { containers: [{ name: 'app', image: 'nginx:1', resources: { limits, requests: limits } }] };
  node.pod(spec);
  await node.clock.settle();
  assert.equal(node.status?.reason, 'OutOfvendor.com/card');
  devices.held.set('vendor.com/card', 1);
  node.pod(spec, { uid: 'u2' });
  await node.clock.settle();
  assert.equal(node.workers.get('u2')?.status?.phase, 'Running');
  node.stop.abort();
});

test('a container gets what comes with its devices; what it says itself goes before, what the kubelet notes, too', async () => {
  const devices = new TestDevices();
  const mount = { containerPath: '/lib/card', hostPath: '/opt/card', readonly: true, propagation: 'private' } as const;
  const device = { containerPath: '/dev/card', hostPath: '/dev/card0', permissions: 'rw' };
  devices.given = {
    env: new Map([
      ['CARD', '0'],
      ['MODE', 'plugin'],
    ]),
    mounts: [mount],
    devices: [device],
    annotations: { 'vendor.com/x': 'y', 'io.kubernetes.container.restartCount': '7' },
    cdiDevices: ['vendor.com/card=0'],
  };
  const { node, made } = startNode(devices);
  const env = [{ name: 'MODE', value: 'own' }];
  node.pod({ containers: [{ name: 'app', image: 'nginx:1', args: ['$(CARD)'], env }] });
  await node.clock.settle();
  const [config] = made;
  const value = (name: string) => config?.env.find((one) => one.name === name)?.value;
  assert.deepEqual([value('CARD'), value('MODE'), config?.args], ['0', 'own', ['0']]);
  assert.deepEqual([config?.mounts[0], config?.devices, config?.cdiDevices], [mount, [device], ['vendor.com/card=0']]);
  assert.deepEqual([config?.annotations['vendor.com/x'], config?.annotations['io.kubernetes.container.restartCount']], ['y', '0']);
  node.stop.abort();
});

test('claimed devices are made ready before the sandbox; while they are not, the pod waits and says why', async () => {
  const devices = new TestDevices();
  devices.problems.prepare = 'prepare dynamic resources: DRA driver d is not registered';
  const { node } = startNode(devices);
  node.pod();
  await node.clock.settle();
  assert.deepEqual(await node.runtime.sandboxes.list(), []);
  assert.equal(node.status?.phase, 'Pending');
  assert.deepEqual(node.told, [
    'FailedPrepareDynamicResources: Failed to prepare dynamic resources: prepare dynamic resources: DRA driver d is not registered',
  ]);
  devices.problems.prepare = undefined;
  await node.clock.runUntil(() => node.status?.phase === 'Running');
  node.stop.abort();
});

test('a container whose devices cannot be had is not made', async () => {
  const devices = new TestDevices();
  devices.problems.options = 'device plugin PreStartContainer rpc failed with err: x';
  const { node, made } = startNode(devices);
  node.pod();
  await node.clock.settle();
  const waiting = node.status?.containerStatuses?.[0]?.state?.waiting;
  assert.deepEqual([waiting?.reason, waiting?.message, made.length], ['CreateContainerConfigError', devices.problems.options, 0]);
  node.stop.abort();
});

test('a pod is not gone before its claimed devices are given back, which is after its containers', async () => {
  const devices = new TestDevices();
  const { node } = startNode(devices);
  const pod = node.pod();
  await node.clock.runUntil(() => node.status?.phase === 'Running');
  devices.problems.unprepare = 'unprepare dynamic resources: DRA driver d is not registered';
  node.workers.update({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: 'x', deletionGracePeriodSeconds: 0 } } as Pod);
  await node.clock.runUntil(() => devices.calls.includes('unprepare'));
  assert.equal(
    (await node.runtime.containers.list()).some(({ phase }) => phase === 'running'),
    false,
  );
  await node.clock.advance(5_000);
  assert.deepEqual(node.deleted, []);
  devices.problems.unprepare = undefined;
  await node.clock.runUntil(() => node.deleted.length > 0);
  node.stop.abort();
});

test('how the devices of a container are stands in its status, and stays there when they are given back', async () => {
  const devices = new TestDevices();
  const status = (health: string) => [{ name: 'vendor.com/card', resources: [{ resourceID: 'a', health }] }];
  devices.statuses = new Map([['app', status('Healthy')]]);
  const { node } = startNode(devices);
  node.pod();
  await node.clock.runUntil(() => node.status?.phase === 'Running');
  const shown = () => node.status?.containerStatuses?.[0]?.allocatedResourcesStatus;
  assert.deepEqual(shown(), status('Healthy'));
  devices.statuses = new Map([['app', status('Unhealthy')]]);
  node.workers.poke('u1');
  await node.clock.settle();
  assert.deepEqual(shown(), status('Unhealthy'));
  devices.statuses = new Map();
  node.workers.poke('u1');
  await node.clock.settle();
  assert.deepEqual(shown(), status('Unhealthy'));
  node.stop.abort();
});

test('of pods that come together and want one place, one gets it, on a node with devices too', async () => {
  const devices = new TestDevices();
  const { node } = startNode(devices);
  const spec = { containers: [{ name: 'app', image: 'nginx:1', ports: [{ containerPort: 80, hostPort: 8080 }] }] };
  for (const uid of ['a', 'b', 'c']) node.pod(spec, { uid, name: uid });
  await node.clock.settle();
  const phases = ['a', 'b', 'c'].map((uid) => node.workers.get(uid)?.status?.phase);
  assert.deepEqual(phases.toSorted(), ['Failed', 'Failed', 'Running']);
  node.stop.abort();
});
