/** Pods a second that the pure cycle places on 5,000 nodes: `node scheduler/bench/cycle.ts`. Prints; asserts nothing. */
import { performance } from 'node:perf_hooks';
import { seededRandom } from '@keelson/base';
import { podInfo } from '../src/cache/pod-info.ts';
import { Cycle } from '../src/cycle/cycle.ts';
import { plugins } from '../src/plugins/index.ts';
import type { DefaultSelector } from '../src/plugins/types.ts';
import { node, type PodFacts, pod, table } from '../src/testdata.ts';

const nodes = 5000;
const zones = 10;

interface Case {
  readonly name: string;
  readonly pods: number;
  readonly facts: (i: number) => PodFacts;
  readonly spread?: DefaultSelector;
  readonly before?: number;
}

const app = { app: 'web' };
const selector = { matchLabels: app };
const term = (topologyKey: string) => ({ topologyKey, labelSelector: selector });
const requiredAnti = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('kubernetes.io/hostname')] } };
const requiredAffinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('topology.kubernetes.io/zone')] } };
const preferredAnti = {
  podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term('kubernetes.io/hostname') }] },
};
const zoneIn = { key: 'topology.kubernetes.io/zone', operator: 'In', values: ['zone-1', 'zone-2'] };
const nodeAffinity = {
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [zoneIn] }] } },
};
const spreadOver = (whenUnsatisfiable: string) => [
  { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable, labelSelector: selector },
];

const cases: readonly Case[] = [
  { name: 'basic, one template', pods: 20_000, facts: () => ({}) },
  { name: 'basic, every pod its own template', pods: 2000, facts: (i) => ({ requests: { cpu: `${100 + i}m`, memory: '500Mi' } }) },
  {
    name: 'ReplicaSet, default spreading',
    pods: 5000,
    facts: () => ({ labels: app }),
    spread: { key: 'web', matches: (labels) => labels.app === 'web' },
  },
  { name: 'node affinity', pods: 5000, facts: () => ({ spec: { affinity: nodeAffinity } }) },
  { name: 'topology spread', pods: 3000, facts: () => ({ labels: app, spec: { topologySpreadConstraints: spreadOver('DoNotSchedule') } }) },
  {
    name: 'preferred topology spread',
    pods: 3000,
    facts: () => ({ labels: app, spec: { topologySpreadConstraints: spreadOver('ScheduleAnyway') } }),
  },
  { name: 'pod anti-affinity', pods: 3000, facts: () => ({ labels: app, spec: { affinity: requiredAnti } }) },
  { name: 'pod affinity', pods: 3000, facts: () => ({ labels: app, spec: { affinity: requiredAffinity } }) },
  { name: 'preferred anti-affinity', pods: 3000, facts: () => ({ labels: app, spec: { affinity: preferredAnti } }) },
  { name: 'unschedulable', pods: 5000, facts: () => ({ requests: { cpu: '64' } }) },
];

for (const { name, pods, facts, spread } of cases) {
  const random = seededRandom(1);
  const all = table(
    Array.from({ length: nodes }, (_, i) => node(`node-${i}`, { labels: { 'topology.kubernetes.io/zone': `zone-${i % zones}` } })),
  );
  const cycle = new Cycle(all, plugins);
  let placed = 0;
  const start = performance.now();
  for (let i = 0; i < pods; i++) {
    const info = podInfo(pod(`pod-${i}`, facts(i)));
    const decision = cycle.decide(info, { spreadSelector: spread }, random);
    if (decision.type === 'none') continue;
    placed++;
    all.addPod(info, all.nameOf(decision.row));
  }
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `${name.padEnd(36)} ${String(Math.round(pods / seconds)).padStart(8)} pods/s  (${placed} of ${pods} placed on ${nodes} nodes)`,
  );
}
