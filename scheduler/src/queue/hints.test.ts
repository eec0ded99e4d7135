import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@keelson/base';
import { SimulatedClock } from '@keelson/testing';
import type { CSIStorageCapacity, Node, PersistentVolume, Pod, StorageClass } from '@keelson/types';
import { SchedulerCache } from '../cache/cache.ts';
import { podInfo } from '../cache/pod-info.ts';
import { Cycle } from '../cycle/cycle.ts';
import { refusedBy } from '../cycle/message.ts';
import { plugins } from '../plugins/index.ts';
import type { ClusterEvent } from '../plugins/types.ts';
import { type NodeFacts, node, type PodFacts, pod } from '../testdata.ts';
import { SchedulingQueue } from './queue.ts';

/** Which events have which waiting pods tried again, by upstream's table of them. */

interface Facts {
  readonly nodes?: readonly Node[];
  /** By node. */
  readonly placed?: Readonly<Record<string, readonly Pod[]>>;
  readonly waiting: readonly Pod[];
}

/** Names of the pods that are tried again. */
function moved({ nodes = [], placed = {}, waiting }: Facts, trigger: (cache: SchedulerCache) => readonly ClusterEvent[]): string[] {
  const cache = new SchedulerCache();
  const queue = new SchedulingQueue({ clock: new SimulatedClock(), pluginsFor: () => plugins, onActive: () => undefined });
  for (const one of nodes) cache.setNode(one);
  for (const [name, pods] of Object.entries(placed)) for (const one of pods) cache.setPod(on(name, one));
  const cycle = new Cycle(cache.table, plugins);
  for (const one of waiting) {
    queue.set(podInfo(one));
    const queued = queue.pop();
    assert.ok(queued);
    const decision = cycle.decide(queued.info, undefined, seededRandom(1));
    assert.ok(decision.type === 'none', `${one.metadata.name} fits`);
    queue.refuse(queued, refusedBy(decision.diagnosis, cycle.reasons));
  }
  for (const event of trigger(cache)) queue.happened(event);
  return popped(queue);
}

function popped(queue: SchedulingQueue): string[] {
  const names: string[] = [];
  for (let next = queue.pop(); next; next = queue.pop()) names.push(next.info.pod.metadata.name ?? '');
  return names.sort();
}

const on = (name: string, { spec, ...rest }: Pod): Pod => ({ ...rest, spec: { ...spec, nodeName: name } }) as Pod;
const cpu = (amount: string): Pick<NodeFacts, 'allocatable'> => ({ allocatable: { cpu: amount } });
const asking = (name: string, amount: string, more: PodFacts = {}): Pod => pod(name, { requests: { cpu: amount }, ...more });
const selecting = (labels: Record<string, string>): PodFacts => ({ spec: { nodeSelector: labels } });
const tainted = (key: string): NodeFacts => ({ taints: [{ key, effect: 'NoSchedule' }] });
const tolerating = (key: string): PodFacts => ({ spec: { tolerations: [{ key, operator: 'Exists' }] } });
const exists = (key: string) => ({ matchExpressions: [{ key, operator: 'Exists' }] });
const affinity = (kind: 'podAffinity' | 'podAntiAffinity', key: string, topologyKey: string) => ({
  affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: exists(key), topologyKey }] } },
});
const spread = (key: string, topologyKey: string, minDomains = 3): PodFacts => ({
  labels: { [key]: 'val' },
  spec: {
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey, whenUnsatisfiable: 'DoNotSchedule', labelSelector: exists(key), minDomains }],
  },
});
const named = (name: string, facts: PodFacts = {}): Pod => pod(name, facts);

describe('what has pods that nodes refused tried again', () => {
  it('more of what they ask for, where nothing else is in the way', () => {
    const nodes = [node('n', { ...tainted('x'), ...cpu('2') })];
    const waiting = [asking('p1', '4'), asking('p2', '4', tolerating('x'))];
    assert.deepEqual(
      moved({ nodes, waiting }, (cache) => cache.setNode(node('n', { ...tainted('x'), ...cpu('4') }))),
      ['p2'],
    );
  });

  it('a node that is large enough, or becomes so', () => {
    const facts = { nodes: [node('n', cpu('2'))], waiting: [asking('p1', '4'), asking('p2', '5')] };
    assert.deepEqual(
      moved(facts, (cache) => cache.setNode(node('m', cpu('4')))),
      ['p1'],
    );
    assert.deepEqual(
      moved(facts, (cache) => cache.setNode(node('n', cpu('4')))),
      ['p1'],
    );
  });

  it('more of what they ask for, not of other things; more pods allowed', () => {
    const nodes = [node('n1', cpu('4')), node('n2', { ...cpu('2'), labels: { group: 'b' } })];
    const facts = { nodes, waiting: [asking('p1', '4', selecting({ group: 'b' }))] };
    assert.deepEqual(
      moved(facts, (cache) => cache.setNode(node('n1', { allocatable: { cpu: '4', memory: '64Gi' } }))),
      [],
    );
    assert.deepEqual(
      moved(facts, (cache) => cache.setNode(node('n1', cpu('5')))),
      ['p1'],
    );
    const full = { nodes: [node('n', { allocatable: { pods: '1' } })], placed: { n: [named('old')] }, waiting: [named('p')] };
    assert.deepEqual(
      moved(full, (cache) => cache.setNode(node('n', { allocatable: { pods: '2' } }))),
      ['p'],
    );
  });

  it('another pod that goes, or takes less', () => {
    const facts = { nodes: [node('n', cpu('2'))], placed: { n: [asking('old', '2')] }, waiting: [asking('p', '2')] };
    assert.deepEqual(
      moved(facts, (cache) => cache.removePod('ns/old')),
      ['p'],
    );
    assert.deepEqual(
      moved(facts, (cache) => cache.setPod(on('n', asking('old', '1')))),
      ['p'],
    );
    assert.deepEqual(
      moved(facts, (cache) => cache.setPod(on('n', asking('old', '2', { labels: { a: 'b' } })))),
      [],
    );
  });

  it('labels that make a node theirs, not those that change nothing', () => {
    const nodes = [node('n', { labels: { group: 'a' } })];
    const waiting = [named('p1', selecting({ group: 'b' })), named('p2', selecting({ group: 'c' }))];
    assert.deepEqual(
      moved({ nodes, waiting }, (cache) => cache.setNode(node('n', { labels: { group: 'b' } }))),
      ['p1'],
    );
    assert.deepEqual(
      moved({ nodes, waiting }, (cache) => cache.setNode(node('m', { labels: { group: 'b' } }))),
      ['p1'],
    );
    const large = {
      nodes: [node('n1', { ...cpu('2'), labels: { group: 'a' } }), node('n2')],
      waiting: [asking('p', '4', selecting({ group: 'a' }))],
    };
    assert.deepEqual(
      moved(large, (cache) => cache.setNode(node('n1', { ...cpu('2'), labels: { group: 'a', more: 'x' } }))),
      [],
    );
  });

  it('taints they tolerate', () => {
    const nodes = [node('n', tainted('no'))];
    const waiting = [named('p1', tolerating('a')), named('p2', tolerating('b')), named('p3')];
    assert.deepEqual(
      moved({ nodes, waiting }, (cache) => cache.setNode(node('n', tainted('a')))),
      ['p1'],
    );
    assert.deepEqual(
      moved({ nodes, waiting }, (cache) => cache.setNode(node('m', tainted('a')))),
      ['p1'],
    );
  });

  it('a node that is uncordoned, or new and not cordoned', () => {
    const facts = { nodes: [node('n', { unschedulable: true })], waiting: [named('p')] };
    assert.deepEqual(
      moved(facts, (cache) => cache.setNode(node('n'))),
      ['p'],
    );
    assert.deepEqual(
      moved(facts, (cache) => cache.setNode(node('m'))),
      ['p'],
    );
    assert.deepEqual(
      moved(facts, (cache) => cache.setNode(node('m', { unschedulable: true }))),
      [],
    );
  });

  it('a host port that is free again', () => {
    const port = (name: string, hostPort: number): Pod =>
      named(name, { spec: { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort }] }] } });
    const facts = { nodes: [node('n')], placed: { n: [port('a', 8080), port('b', 8081)] }, waiting: [port('p1', 8080), port('p2', 8081)] };
    assert.deepEqual(
      moved(facts, (cache) => cache.removePod('ns/a')),
      ['p1'],
    );
    assert.deepEqual(
      moved(facts, (cache) => cache.setNode(node('m'))),
      ['p1', 'p2'],
    );
  });
});

describe('what has pods that other pods kept away tried again', () => {
  it('labels that take a pod out of anti-affinity, or into affinity', () => {
    const labels = { one: 'x', two: 'x' };
    const anti = (key: string): PodFacts => ({ labels: { [key]: 'x' }, spec: affinity('podAntiAffinity', key, 'kubernetes.io/hostname') });
    const apart = {
      nodes: [node('n')],
      placed: { n: [named('old', { labels })] },
      waiting: [named('p1', anti('one')), named('p2', anti('two'))],
    };
    assert.deepEqual(
      moved(apart, (cache) => cache.setPod(on('n', named('old', { labels: { two: 'x' } })))),
      ['p1'],
    );
    assert.deepEqual(
      moved(apart, (cache) => cache.removePod('ns/old')),
      ['p1', 'p2'],
    );
    const near = (key: string): PodFacts => ({ spec: affinity('podAffinity', key, 'kubernetes.io/hostname') });
    const together = { nodes: [node('n')], placed: { n: [named('old')] }, waiting: [named('p1', near('one')), named('p2', near('two'))] };
    assert.deepEqual(
      moved(together, (cache) => cache.setPod(on('n', named('old', { labels: { one: 'x' } })))),
      ['p1'],
    );
  });

  it('a topology that is new, another, or, for anti-affinity, gone', () => {
    const near = (key: string, topologyKey: string): PodFacts => ({ spec: affinity('podAffinity', key, topologyKey) });
    const nodes = [node('n', { labels: { region: '1' } })];
    const waiting = [named('p1', near('x', 'zone')), named('p2', near('x', 'rack')), named('p3', near('x', 'region'))];
    const other = (cache: SchedulerCache) => cache.setNode(node('n', { labels: { zone: 'z', region: '2' } }));
    assert.deepEqual(moved({ nodes, waiting }, other), ['p1', 'p3']);
    assert.deepEqual(
      moved({ nodes, waiting }, (cache) => cache.setNode(node('m', { labels: { zone: 'z' } }))),
      ['p1'],
    );
    const apart = (topologyKey: string): PodFacts => ({ labels: { x: 'x' }, spec: affinity('podAntiAffinity', 'x', topologyKey) });
    const labels = { host: 'a', service: 's', rack: 'r' };
    const split = {
      nodes: [node('n', { labels })],
      placed: { n: [named('old', { labels: { x: 'x' } })] },
      waiting: [named('p1', apart('host')), named('p2', apart('service')), named('p3', apart('rack'))],
    };
    assert.deepEqual(
      moved(split, (cache) => cache.setNode(node('n', { labels: { service: 't', rack: 'r' } }))),
      ['p1', 'p2'],
    );
    assert.deepEqual(
      moved(split, (cache) => cache.setNode(node('m', { labels: { service: 's' } }))),
      ['p1', 'p2', 'p3'],
    );
  });

  it('pods they are spread among, coming, going, or labelled otherwise', () => {
    const facts = {
      nodes: [node('n', { labels: { host: 'a' } })],
      placed: { n: [named('a', { labels: { one: 'x' } }), named('b', { labels: { two: 'x' } })] },
      waiting: [named('p1', spread('one', 'host')), named('p2', spread('two', 'host'))],
    };
    assert.deepEqual(
      moved(facts, (cache) => cache.setPod(on('n', named('c', { labels: { one: 'x' } })))),
      ['p1'],
    );
    assert.deepEqual(
      moved(facts, (cache) => cache.setPod(on('n', named('a', { labels: { three: 'x' } })))),
      ['p1'],
    );
    assert.deepEqual(
      moved(facts, (cache) => cache.removePod('ns/a')),
      ['p1'],
    );
  });

  it('nodes they are spread over', () => {
    const labels = { host: 'h', region: 'r', service: 's' };
    const keys = ['host', 'zone', 'region', 'rack', 'service'];
    const facts = {
      nodes: [node('n1', { labels }), node('n2', { labels })],
      placed: { n1: [named('a', { labels: { k: 'x' } })], n2: [named('b', { labels: { k: 'x' } })] },
      waiting: keys.map((key) => named(key, spread('k', key))),
    };
    const other = node('n2', { labels: { zone: 'z', region: 'r', service: 't' } });
    assert.deepEqual(
      moved(facts, (cache) => cache.setNode(other)),
      ['host', 'service', 'zone'],
    );
    assert.deepEqual(
      moved(facts, (cache) => cache.setNode(node('n3', { labels: { host: 'i' } }))),
      ['host'],
    );
    assert.deepEqual(
      moved(facts, (cache) => cache.removeNode('n2')),
      ['host', 'region', 'service'],
    );
    assert.deepEqual(
      moved(facts, (cache) => cache.setNode(node('n2', { labels, ...tainted('x') }))),
      ['host', 'region', 'service'],
    );
  });
});

describe('what has pods with volumes tried again', () => {
  const wanting = named('p', { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'mine' } }] } });
  const after = (by: string, event: ClusterEvent): boolean => {
    const queue = new SchedulingQueue({ clock: new SimulatedClock(), pluginsFor: () => plugins, onActive: () => undefined });
    queue.set(podInfo(wanting));
    const queued = queue.pop();
    assert.ok(queued);
    queue.refuse(queued, new Set([by]));
    queue.happened(event);
    return popped(queue).length > 0;
  };
  const volume = (labels: Record<string, string>) => ({ metadata: { name: 'v', labels } }) as PersistentVolume;
  const storageClass = (zone: string, more: object = {}) =>
    ({
      metadata: { name: 'c', ...more },
      provisioner: 'p',
      allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: [zone] }] }],
    }) as StorageClass;
  const capacity = (left: string) => ({ metadata: {}, storageClassName: 'c', capacity: left }) as CSIStorageCapacity;
  const csiDriver = (storageCapacity: boolean) => ({ metadata: { name: 'd' }, spec: { storageCapacity } });

  const cases: readonly [string, string, ClusterEvent, boolean][] = [
    ['their claim', 'VolumeBinding', { type: 'ClaimChange', key: 'ns/mine' }, true],
    ['another claim', 'VolumeBinding', { type: 'ClaimChange', key: 'ns/other' }, false],
    [
      'a volume in a zone',
      'VolumeZone',
      { type: 'VolumeChange', object: volume({ 'topology.kubernetes.io/zone': 'a' }), before: volume({}) },
      true,
    ],
    ['a volume with another label', 'VolumeZone', { type: 'VolumeChange', object: volume({ x: 'y' }), before: volume({}) }, false],
    ['a class', 'VolumeBinding', { type: 'StorageClassChange', object: storageClass('a') }, true],
    [
      'a class for other zones',
      'VolumeBinding',
      { type: 'StorageClassChange', object: storageClass('a'), before: storageClass('b') },
      true,
    ],
    [
      'a class with other labels',
      'VolumeBinding',
      { type: 'StorageClassChange', object: storageClass('a', { labels: { x: 'y' } }), before: storageClass('a') },
      false,
    ],
    [
      'a driver that tells its capacity no longer',
      'VolumeBinding',
      { type: 'CSIDriverChange', object: csiDriver(false), before: csiDriver(true) },
      true,
    ],
    ['a driver that now does', 'VolumeBinding', { type: 'CSIDriverChange', object: csiDriver(true), before: csiDriver(false) }, false],
    ['more capacity', 'VolumeBinding', { type: 'CSICapacityChange', object: capacity('20'), before: capacity('10') }, true],
    ['less capacity', 'VolumeBinding', { type: 'CSICapacityChange', object: capacity('5'), before: capacity('10') }, false],
    ['a volume that is detached', 'NodeVolumeLimits', { type: 'AttachmentDelete' }, true],
    ['a pod with their claim that goes', 'VolumeRestrictions', { type: 'AssignedPodDelete', pod: podInfo(wanting) }, true],
    ['another pod that goes', 'VolumeRestrictions', { type: 'AssignedPodDelete', pod: podInfo(named('x')) }, false],
  ];
  for (const [name, by, event, expected] of cases) it(`${name}: ${expected}`, () => assert.equal(after(by, event), expected));
});
