import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@keelson/base';
import { defaultArgs, type PluginArgs, type ScoringStrategy } from '../config/plugin-args.ts';
import { Cycle } from '../cycle/cycle.ts';
import { unschedulableMessage } from '../cycle/message.ts';
import { enoughCandidates } from '../cycle/preemption.ts';
import { info, judge, type NodeFacts, node, type PodFacts, pod, rate, table } from '../testdata.ts';
import { pluginsWith } from './index.ts';
import type { DefaultSelector, Plugin } from './types.ts';

function told<Name extends keyof PluginArgs>(name: Name, args: Partial<PluginArgs[Name]>): Plugin {
  const found = pluginsWith({ ...defaultArgs, [name]: { ...defaultArgs[name], ...args } }).find((plugin) => plugin.name === name);
  assert.ok(found);
  return found;
}

const having = (...allocatable: Record<string, string>[]) => allocatable.map((each, i) => node(`n${i}`, { allocatable: each }));
const gpu = 'example.com/gpu';

describe('NodeResourcesFit by strategy', () => {
  const fit = (scoringStrategy: ScoringStrategy): Plugin => told('NodeResourcesFit', { scoringStrategy });
  const cpuAndMemory = [
    { name: 'cpu', weight: 1 },
    { name: 'memory', weight: 1 },
  ];
  const twiceMemory = [
    { name: 'memory', weight: 2 },
    { name: 'cpu', weight: 1 },
  ];
  const nodes = table(having({ cpu: '4', memory: '10000' }, { cpu: '6', memory: '10000' }));
  const wanted = { requests: { cpu: '3', memory: '5000' } };

  it('LeastAllocated: what is left, by weight', () => {
    assert.deepEqual(rate(fit({ type: 'LeastAllocated', resources: cpuAndMemory }), wanted, nodes), [37, 50]);
    assert.deepEqual(rate(fit({ type: 'LeastAllocated', resources: cpuAndMemory.toReversed() }), wanted, nodes), [37, 50]);
    assert.deepEqual(rate(fit({ type: 'LeastAllocated', resources: twiceMemory }), wanted, nodes), [41, 50]);
  });
  it('MostAllocated: what is taken, by weight; more than all counts as all', () => {
    assert.deepEqual(rate(fit({ type: 'MostAllocated', resources: cpuAndMemory }), wanted, nodes), [62, 50]);
    assert.deepEqual(rate(fit({ type: 'MostAllocated', resources: twiceMemory }), wanted, nodes), [58, 50]);
    assert.deepEqual(
      rate(fit({ type: 'MostAllocated', resources: cpuAndMemory }), { requests: { cpu: '5', memory: '0' } }, nodes),
      [50, 41],
    );
  });
  it('what containers leave unstated counts with defaults', () => {
    const small = table(having({ cpu: '1', memory: '400Mi' }));
    assert.deepEqual(rate(fit({ type: 'MostAllocated', resources: cpuAndMemory }), { requests: {} }, small), [30]);
  });

  const ratio = (resources: ScoringStrategy['resources'], ...shape: [utilization: number, score: number][]): Plugin =>
    fit({
      type: 'RequestedToCapacityRatio',
      resources,
      requestedToCapacityRatio: { shape: shape.map(([utilization, score]) => ({ utilization, score })) },
    });
  it('RequestedToCapacityRatio: along the shape, rounded to the nearest', () =>
    assert.deepEqual(rate(ratio(cpuAndMemory, [0, 10], [100, 0]), wanted, nodes), [38, 50]));
  it('RequestedToCapacityRatio: lines between points, flat beyond them', () => {
    const bent = ratio([{ name: 'cpu', weight: 1 }], [10, 2], [40, 10], [90, 0]);
    const used = ['0', '1', '2', '4', '6', '9', '10', '11'].map(
      (cpu) => rate(bent, { requests: { cpu } }, table(having({ cpu: '10' })))?.[0],
    );
    assert.deepEqual(used, [20, 20, 46, 100, 60, 0, 0, 0]);
  });
  it('extended resources count for pods that request them, on nodes that have them', () => {
    const packed = ratio(
      [
        { name: gpu, weight: 3 },
        { name: 'cpu', weight: 1 },
      ],
      [0, 0],
      [100, 10],
    );
    const some = table(having({ cpu: '4', [gpu]: '8' }, { cpu: '4', [gpu]: '4' }, { cpu: '4' }), {
      n0: [pod('old', { requests: { [gpu]: '2' } })],
    });
    assert.deepEqual(rate(packed, { requests: { cpu: '1', [gpu]: '2' } }, some), [44, 44, 25]);
    assert.deepEqual(rate(packed, { requests: { cpu: '1' } }, some), [27, 25, 25]);
  });
  it('ephemeral storage counts as requested', () => {
    const packed = fit({ type: 'MostAllocated', resources: [{ name: 'ephemeral-storage', weight: 1 }] });
    assert.deepEqual(
      rate(packed, { requests: { 'ephemeral-storage': '1Gi' } }, table(having({ 'ephemeral-storage': '4Gi' }, {}))),
      [25, 0],
    );
  });
});

describe('NodeResourcesFit without some resources', () => {
  const lacks = (resource: string): string => `!Insufficient ${resource}`;
  const without = (args: Partial<PluginArgs['NodeResourcesFit']>, requests: Record<string, string>): string[] =>
    judge(told('NodeResourcesFit', args), { requests }, table([node('n0')]));
  it('by name and by group', () => {
    assert.deepEqual(without({}, { [gpu]: '1' }), [lacks(gpu)]);
    assert.deepEqual(without({ ignoredResources: [gpu] }, { [gpu]: '1' }), ['']);
    assert.deepEqual(without({ ignoredResources: [gpu] }, { 'example.com/fpga': '1' }), [lacks('example.com/fpga')]);
    assert.deepEqual(without({ ignoredResourceGroups: ['example.com'] }, { [gpu]: '1', 'example.com/fpga': '1' }), ['']);
  });
  it('none but extended ones', () => assert.deepEqual(without({ ignoredResources: ['cpu'] }, { cpu: '64' }), [lacks('cpu')]));
});

describe('NodeResourcesBalancedAllocation of other resources', () => {
  const resources = ['cpu', 'memory', gpu].map((name) => ({ name, weight: 1 }));
  const balanced = told('NodeResourcesBalancedAllocation', { resources });
  const nodes = table(having({ cpu: '10', memory: '10', [gpu]: '10' }, { cpu: '10', memory: '10' }));
  it('by their standard deviation', () => assert.deepEqual(rate(balanced, { requests: { cpu: '5', [gpu]: '5' } }, nodes), [63, 62]));
  it('leaves out what the pod does not request', () => assert.deepEqual(rate(balanced, { requests: { cpu: '5' } }, nodes), [62, 62]));
  it('says nothing on pods that request none', () => {
    const only = told('NodeResourcesBalancedAllocation', { resources: [{ name: gpu, weight: 1 }] });
    assert.equal(rate(only, { requests: { cpu: '5' } }, nodes), undefined);
    assert.deepEqual(rate(only, { requests: { [gpu]: '5' } }, nodes), [75, 75]);
  });
});

describe('NodeAffinity that is added', () => {
  const labelled = (...pools: string[]) => table(pools.map((pool, i) => node(`n${i}`, { labels: { pool } })));
  const term = (...values: string[]) => ({ matchExpressions: [{ key: 'pool', operator: 'In', values }] });
  const enforced = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term('a'), term('b')] } };
  const outside = "!node(s) didn't match scheduler-enforced node affinity";
  it('keeps every pod to its nodes, beside what the pod demands itself', () => {
    const plugin = told('NodeAffinity', { addedAffinity: enforced });
    assert.deepEqual(judge(plugin, {}, labelled('a', 'b', 'c')), ['', '', outside]);
    assert.deepEqual(judge(plugin, { spec: { nodeSelector: { pool: 'b' } } }, labelled('a', 'b', 'c')), [
      "!node(s) didn't match Pod's node affinity/selector",
      '',
      outside,
    ]);
  });
  it('adds to what the pod prefers', () => {
    const preferred = (weight: number, pool: string) => ({
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight, preference: term(pool) }],
    });
    const plugin = told('NodeAffinity', { addedAffinity: preferred(10, 'a') });
    assert.deepEqual(rate(plugin, {}, labelled('a', 'b')), [100, 0]);
    assert.deepEqual(rate(plugin, { spec: { affinity: { nodeAffinity: preferred(40, 'b') } } }, labelled('a', 'b')), [25, 100]);
  });
  it('tells so', () => {
    const cycle = new Cycle(labelled('c'), pluginsWith({ ...defaultArgs, NodeAffinity: { addedAffinity: enforced } }));
    const decision = cycle.decide(info('new'), undefined, seededRandom(1));
    assert.equal(
      decision.type === 'none' && unschedulableMessage(decision.diagnosis, cycle.reasons),
      "0/1 nodes are available: 1 node(s) didn't match scheduler-enforced node affinity.",
    );
  });
});

describe('InterPodAffinity weighed otherwise', () => {
  const web = { app: 'web' };
  const zoned = ['a', 'b'].map((zone, i) => node(`n${i}`, { labels: { zone } }));
  const term = { topologyKey: 'zone', labelSelector: { matchLabels: web } };
  const demands: PodFacts = { spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } } };
  const prefers: PodFacts = {
    spec: { affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 10, podAffinityTerm: term }] } } },
  };
  const there = table([...zoned, node('n2')], { n0: [pod('p', prefers)], n1: [pod('d', demands)] });
  const hard = (hardPodAffinityWeight: number): Plugin => told('InterPodAffinity', { hardPodAffinityWeight });
  it('what others demand counts as much as it is told to', () => {
    assert.deepEqual(rate(hard(1), { labels: web }, there), [100, 10, 0]);
    assert.deepEqual(rate(hard(50), { labels: web }, there), [20, 100, 0]);
    assert.deepEqual(rate(hard(0), { labels: web }, there), [100, 0, 0]);
  });
  it('pods that prefer nothing may be scored without others', () => {
    const alone = told('InterPodAffinity', { ignorePreferredTermsOfExistingPods: true });
    assert.equal(rate(alone, { labels: web }, there), undefined);
    assert.deepEqual(rate(alone, { ...prefers, labels: web }, there), [100, 10, 0]);
  });
});

describe('PodTopologySpread by default constraints', () => {
  const like: DefaultSelector = { key: 'web', matches: (labels) => labels.app === 'web' };
  const zones: NodeFacts[] = [{ labels: { zone: 'a' } }, { labels: { zone: 'b' } }, {}];
  const web = { app: 'web' };
  const nodes = () =>
    table(
      zones.map((facts, i) => node(`n${i}`, facts)),
      { n0: [pod('old', { labels: web })] },
    );
  const list = (whenUnsatisfiable: string): Plugin =>
    told('PodTopologySpread', { defaultingType: 'List', defaultConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable }] });
  const words = "node(s) didn't match pod topology spread constraints";
  it('filters by those that are to be kept', () => {
    const plugin = list('DoNotSchedule');
    assert.deepEqual(judge(plugin, { labels: web }, nodes(), like), [words, '', `!${words} (missing required label)`]);
    assert.equal(rate(plugin, { labels: web }, nodes(), like), undefined);
  });
  it('scores by the others, and nodes without the label 0', () => {
    const plugin = list('ScheduleAnyway');
    assert.deepEqual(judge(plugin, { labels: web }, nodes(), like), ['', '', '']);
    assert.deepEqual(rate(plugin, { labels: web }, nodes(), like), [0, 100, 0]);
  });
  it('not for pods that nothing selects, nor those with constraints of their own', () => {
    const plugin = list('DoNotSchedule');
    assert.deepEqual(judge(plugin, { labels: web }, nodes()), ['', '', '']);
    const own = [{ maxSkew: 9, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule' }];
    assert.deepEqual(judge(plugin, { labels: web, spec: { topologySpreadConstraints: own } }, nodes(), like), ['', '', '']);
  });
  it('an empty list is none', () =>
    assert.equal(rate(told('PodTopologySpread', { defaultingType: 'List' }), { labels: web }, nodes(), like), undefined));
});

describe('DefaultPreemption looks at so many candidates', () => {
  const cases: [nodes: number, percentage: number, absolute: number, enough: number][] = [
    [50, 10, 100, 50],
    [5000, 10, 100, 500],
    [500, 10, 100, 100],
    [200, 0, 1, 1],
    [200, 100, 0, 200],
  ];
  for (const [nodes, minCandidateNodesPercentage, minCandidateNodesAbsolute, enough] of cases)
    it(`${enough} of ${nodes}`, () =>
      assert.equal(enoughCandidates(nodes, { minCandidateNodesPercentage, minCandidateNodesAbsolute }), enough));
});
