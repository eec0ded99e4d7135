import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@keelson/base';
import type { Pod, PodDisruptionBudget } from '@keelson/types';
import type { NodeTable } from '../cache/table.ts';
import { plugins } from '../plugins/index.ts';
import { info, node, type PodFacts, pod, table } from '../testdata.ts';
import { Cycle } from './cycle.ts';
import { Nominations } from './nominations.ts';
import { cheapest } from './preemption.ts';

const used = (name: string, cpu: string, priority: number, more: PodFacts = {}): Pod =>
  pod(name, { requests: { cpu }, ...more, spec: { priority, ...more.spec } });
const since = (one: Pod, startTime: string): Pod => ({ ...one, status: { ...one.status, startTime } }) as Pod;
const wanted = (cpu: string, priority: number): PodFacts => ({ requests: { cpu }, spec: { priority } });

interface Beside {
  readonly budgets?: readonly PodDisruptionBudget[];
  readonly nominations?: Nominations;
}

/** The node and the victims, as upstream would choose them. */
function plan(nodes: NodeTable, facts: PodFacts, { budgets = [], nominations }: Beside = {}): string | undefined {
  const cycle = new Cycle(nodes, plugins, undefined, nominations);
  const subject = info('new', facts);
  const decision = cycle.decide(subject, undefined, seededRandom(1));
  assert.ok(decision.type === 'none');
  const before = JSON.stringify([...nodes.requested.cpu.values]);
  const found = cheapest(cycle.candidates(subject, undefined, decision.diagnosis, { budgets, random: seededRandom(1) }).found);
  assert.equal(JSON.stringify([...nodes.requested.cpu.values]), before, 'the table is as before');
  return found && `${nodes.nameOf(found.row)}: ${found.victims.map(({ key }) => key).join(' ')}`;
}

describe('preemption', () => {
  it('evicts as few of the least important as will do', () => {
    const nodes = table([node('a')], { a: [used('low', '1', 1), used('mid', '1', 5), used('high', '2', 50)] });
    assert.equal(plan(nodes, wanted('1', 10)), 'a: ns/low');
    assert.equal(plan(nodes, wanted('2', 10)), 'a: ns/mid ns/low');
    assert.equal(plan(nodes, wanted('3', 10)), undefined);
  });

  it('takes the node whose victims matter least', () => {
    const nodes = table([node('a'), node('b'), node('c')], {
      a: [used('x', '4', 5)],
      b: [used('y', '2', 1), used('z', '2', 1)],
      c: [used('w', '4', 1)],
    });
    assert.equal(plan(nodes, wanted('4', 10)), 'c: ns/w');
  });

  it('takes the node whose most important victim has run for the shortest time', () => {
    const nodes = table([node('a'), node('b')], {
      a: [since(used('old', '4', 1), '2026-01-01T00:00:00Z')],
      b: [since(used('young', '4', 1), '2026-01-02T00:00:00Z')],
    });
    assert.equal(plan(nodes, wanted('4', 10)), 'b: ns/young');
  });

  it('leaves pods of the same priority, and nodes where it is no help', () => {
    assert.equal(plan(table([node('a')], { a: [used('x', '4', 10)] }), wanted('1', 10)), undefined);
    assert.equal(plan(table([node('a', { unschedulable: true })], { a: [used('x', '1', 1)] }), wanted('4', 10)), undefined);
  });
});

describe('preemption and disruption budgets', () => {
  const guarded = { labels: { app: 'guarded' } };
  const budget = (disruptionsAllowed: number, more: object = {}): PodDisruptionBudget =>
    ({
      metadata: { name: 'b', namespace: 'ns' },
      spec: { selector: { matchLabels: { app: 'guarded' } } },
      status: { disruptionsAllowed, ...more },
    }) as PodDisruptionBudget;

  it('evicts a pod without a budget though it is more important', () => {
    const nodes = table([node('a')], { a: [used('kept', '2', 1, guarded), used('other', '2', 5)] });
    assert.equal(plan(nodes, wanted('2', 10), { budgets: [budget(0)] }), 'a: ns/other');
    assert.equal(plan(nodes, wanted('2', 10), { budgets: [budget(1)] }), 'a: ns/kept');
  });

  it('takes a node where no budget is broken before one with less important victims', () => {
    const nodes = table([node('a'), node('b')], { a: [used('kept', '4', 1, guarded)], b: [used('other', '4', 5)] });
    assert.equal(plan(nodes, wanted('4', 10), { budgets: [budget(0)] }), 'b: ns/other');
  });

  it('breaks a budget when there is no other way', () => {
    const nodes = table([node('a')], { a: [used('kept', '4', 1, guarded)] });
    assert.equal(plan(nodes, wanted('4', 10), { budgets: [budget(0)] }), 'a: ns/kept');
  });

  it('does not count pods whose disruption is counted already, of other namespaces, or with an empty selector', () => {
    const nodes = table([node('a')], { a: [used('x', '2', 1, guarded), used('y', '2', 5)] });
    const elsewhere = { ...budget(0), metadata: { name: 'b', namespace: 'other' } };
    const ofAll = { ...budget(0), spec: { selector: {} } };
    for (const one of [budget(0, { disruptedPods: { x: '2026-01-01T00:00:00Z' } }), elsewhere, ofAll])
      assert.equal(plan(nodes, wanted('2', 10), { budgets: [one] }), 'a: ns/x');
  });

  it('spends a budget on the most important first', () => {
    const nodes = table([node('a')], { a: [used('low', '2', 1, guarded), used('high', '2', 5, guarded)] });
    assert.equal(plan(nodes, wanted('2', 10), { budgets: [budget(1)] }), 'a: ns/high');
  });
});

describe('room kept for nominated pods', () => {
  const nominated = (name: string, on: string, facts: PodFacts): Nominations => {
    const nominations = new Nominations();
    nominations.set(info(name, facts), on);
    return nominations;
  };
  const decide = (nodes: NodeTable, facts: PodFacts, nominations: Nominations): string | undefined => {
    const decision = new Cycle(nodes, plugins, undefined, nominations).decide(info('new', facts), undefined, seededRandom(1));
    return decision.type === 'node' ? nodes.nameOf(decision.row) : undefined;
  };

  it('is not for pods of lower or the same priority, and is for higher ones', () => {
    const there = nominated('first', 'a', wanted('3', 10));
    assert.equal(decide(table([node('a')]), wanted('2', 5), there), undefined);
    assert.equal(decide(table([node('a')]), wanted('2', 10), there), undefined);
    assert.equal(decide(table([node('a')]), wanted('1', 5), there), 'a');
    assert.equal(decide(table([node('a')]), wanted('2', 11), there), 'a');
  });

  it('sends others to another node', () => {
    const there = nominated('first', 'a', wanted('3', 10));
    const nodes = table([node('a'), node('b')], { b: [used('x', '2', 1)] });
    assert.equal(decide(nodes, wanted('2', 5), there), 'b');
  });

  it('is no help to those who need the nominated pod beside them', () => {
    const affinity = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'first' } } };
    const spec = { priority: 5, affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [affinity] } } };
    const there = nominated('first', 'a', { ...wanted('1', 10), labels: { app: 'first' } });
    assert.equal(decide(table([node('a')]), { requests: { cpu: '1' }, spec }, there), undefined);
  });

  it('is left alone by preemption too', () => {
    const there = nominated('first', 'a', wanted('3', 10));
    const nodes = table([node('a')], { a: [used('x', '4', 1)] });
    assert.equal(plan(nodes, wanted('2', 10), { nominations: there }), undefined);
    assert.equal(plan(nodes, wanted('1', 10), { nominations: there }), 'a: ns/x');
  });

  it('is the nominated pod’s own, even where another node scores higher', () => {
    const nodes = table([node('a'), node('b')], { a: [used('x', '2', 1)] });
    const subject = { ...info('new', wanted('1', 5)) };
    const pod = { ...subject.pod, status: { nominatedNodeName: 'a' } } as Pod;
    const cycle = new Cycle(nodes, plugins);
    const decision = cycle.decide({ ...subject, pod }, undefined, seededRandom(1));
    assert.ok(decision.type === 'node');
    assert.equal(nodes.nameOf(decision.row), 'a');
    assert.equal(decision.feasible, 1);
  });
});
