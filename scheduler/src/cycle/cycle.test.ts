import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@keelson/base';
import type { Node } from '@keelson/types';
import { type PodInfo, podInfo } from '../cache/pod-info.ts';
import { NodeTable } from '../cache/table.ts';
import { plugins } from '../plugins/index.ts';
import type { DefaultSelector } from '../plugins/types.ts';
import { info, type NodeFacts, node, type PodFacts, pod, table } from '../testdata.ts';
import { Cycle, type Decision, type Ranking } from './cycle.ts';
import { preemptionMessage, refusedBy, unschedulableMessage } from './message.ts';

const decide = (nodes: NodeTable, facts: PodFacts): string => {
  const cycle = new Cycle(nodes, plugins);
  const subject = info('new', facts);
  const decision = cycle.decide(subject, undefined, seededRandom(1));
  if (decision.type === 'node') return nodes.nameOf(decision.row);
  const attempts = cycle.candidates(subject, undefined, decision.diagnosis, { budgets: [], random: seededRandom(1) });
  return unschedulableMessage(decision.diagnosis, cycle.reasons, [preemptionMessage(decision.diagnosis, cycle.reasons, attempts.refused)]);
};

describe('a cycle', () => {
  it('takes the emptiest node', () =>
    assert.equal(decide(table([node('a'), node('b')], { a: [pod('old', { requests: { cpu: '1', memory: '8Gi' } })] }), {}), 'b'));

  it('tells why no node does', () => {
    const tainted = { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] };
    assert.equal(
      decide(table([node('a'), node('b', tainted), node('c', tainted)], { a: [pod('old', { requests: { cpu: '3' } })] }), {
        requests: { cpu: '2' },
      }),
      '0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). ' +
        'preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.',
    );
  });

  it('counts every reason of a node', () =>
    assert.equal(
      decide(table([node('a')]), { requests: { cpu: '64', memory: '1Ti' } }),
      '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    ));

  it('says so when there is no node', () => assert.equal(decide(new NodeTable(), {}), 'no nodes available to schedule pods'));

  it('tells what stays in the way when all that may be evicted are gone', () => {
    const running = {
      a: [pod('low', { requests: { cpu: '1' }, spec: { priority: 1 } }), pod('high', { requests: { cpu: '3' }, spec: { priority: 90 } })],
    };
    assert.equal(
      decide(table([node('a'), node('b', { allocatable: { cpu: '1' } })], running), { requests: { cpu: '2' }, spec: { priority: 9 } }),
      '0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 1 Insufficient cpu, 1 Preemption is not helpful for scheduling.',
    );
  });

  it('draws among equals', () => {
    const nodes = table(['a', 'b', 'c', 'd'].map((name) => node(name)));
    const cycle = new Cycle(nodes, plugins);
    const random = seededRandom(7);
    const drawn = new Set(Array.from({ length: 50 }, () => rowOf(cycle.decide(info('x'), undefined, random))));
    assert.equal(drawn.size, 4);
  });

  it('names the plugins that refused', () => {
    const nodes = table([node('a', { unschedulable: true }), node('b')]);
    const cycle = new Cycle(nodes, plugins);
    const decision = cycle.decide(info('x', { requests: { cpu: '64' } }), undefined, seededRandom(1));
    assert.ok(decision.type === 'none');
    assert.deepEqual([...refusedBy(decision.diagnosis, cycle.reasons)].sort(), ['NodeResourcesFit', 'NodeUnschedulable']);
  });

  const seed = Number(process.env.SEED ?? process.hrtime()[1]);
  it(`decides from what it kept as from scratch (SEED=${seed})`, () => {
    const random = seededRandom(seed);
    const int = (below: number): number => Math.floor(random.next() * below);
    const nodes = new NodeTable();
    const kept = new Cycle(nodes, plugins);
    const placed: { info: PodInfo; node: string }[] = [];
    for (let step = 0; step < 600; step++) {
      disturb(nodes, placed, int);
      const incoming = podInfo(pod(`p${step}`, randomPod(int)));
      const like: DefaultSelector | undefined = int(2) ? { key: 'a', matches: (labels) => labels.app === 'a' } : undefined;
      const ranking = kept.rank(incoming, { spreadSelector: like });
      const fresh = rebuilt(nodes);
      const cycle = new Cycle(fresh, plugins);
      assert.deepEqual(told(ranking, kept, nodes), told(cycle.rank(incoming, { spreadSelector: like }), cycle, fresh), `step ${step}`);
      if (ranking.type === 'none') continue;
      const name = nodes.nameOf(ranking.best[int(ranking.best.length)] ?? 0);
      nodes.addPod(incoming, name);
      placed.push({ info: incoming, node: name });
    }
  });
});

function rowOf(decision: Decision): number {
  assert.ok(decision.type === 'node');
  return decision.row;
}

/** A ranking in words that do not depend on rows and codes. */
function told(ranking: Ranking, cycle: Cycle, nodes: NodeTable): unknown {
  if (ranking.type === 'nodes') return { best: ranking.best.map((row) => nodes.nameOf(row)).sort(), feasible: ranking.feasible };
  const counts = [...ranking.diagnosis.counts].map(([code, count]) => `${count} ${cycle.reasons.of(code)?.words.join()}`).sort();
  return { nodes: ranking.diagnosis.nodes, counts };
}

/** The same nodes and pods in a new table, rows in another order. */
function rebuilt(nodes: NodeTable): NodeTable {
  const fresh = new NodeTable();
  for (const row of [...nodes.rows].reverse()) {
    const one = nodes.nodes[row];
    if (one) fresh.setNode(one);
    for (const there of nodes.pods[row]?.values() ?? []) fresh.addPod(there, one?.metadata.name ?? '');
  }
  return fresh;
}

function disturb(nodes: NodeTable, placed: { info: PodInfo; node: string }[], int: (below: number) => number): void {
  const kind = int(12);
  const name = `n${int(12)}`;
  if (kind < 3 || nodes.count < 3) nodes.setNode(randomNode(name, int));
  else if (kind === 3 && int(3) === 0) {
    nodes.removeNode(name);
    for (let i = placed.length - 1; i >= 0; i--) if (placed[i]?.node === name) placed.splice(i, 1);
  } else if (kind < 7) {
    const [gone] = placed.splice(int(placed.length), 1);
    if (gone) nodes.removePod(gone.info, gone.node);
  }
}

function randomNode(name: string, int: (below: number) => number): Node {
  const facts: NodeFacts = {
    labels: { ...(int(4) ? { zone: `z${int(3)}`, 'topology.kubernetes.io/zone': `z${int(3)}` } : {}), ...(int(2) ? { disk: 'ssd' } : {}) },
    ...(int(4) === 0 ? { taints: [{ key: 'k', effect: int(2) ? 'NoSchedule' : 'PreferNoSchedule' }] } : {}),
    ...(int(8) === 0 ? { unschedulable: true } : {}),
    allocatable: { cpu: `${2 + int(3)}`, memory: `${4 + int(4)}Gi`, pods: `${5 + int(5)}` },
    ...(int(3) === 0 ? { images: [{ names: ['app:latest'], sizeBytes: 500_000_000 }] } : {}),
  };
  return node(name, facts);
}

function randomPod(int: (below: number) => number): PodFacts {
  const labels = { app: 'abc'[int(3)] ?? 'a' };
  const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'abc'[int(3)] ?? 'a' } } };
  const specs: Record<string, unknown>[] = [
    {},
    { nodeSelector: { disk: 'ssd' } },
    { tolerations: [{ operator: 'Exists' }] },
    { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } },
    { affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 5, podAffinityTerm: term }] } } },
    { topologySpreadConstraints: [{ maxSkew: 1 + int(2), whenUnsatisfiable: int(2) ? 'DoNotSchedule' : 'ScheduleAnyway', ...term }] },
  ];
  return { labels, requests: { cpu: `${100 * (1 + int(8))}m`, memory: `${1 + int(3)}Gi` }, spec: specs[int(specs.length)] ?? {} };
}
