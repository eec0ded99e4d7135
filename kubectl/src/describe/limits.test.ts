import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LimitRange, PodDisruptionBudget, ResourceQuota } from '@keelson/types';
import { alignTabs } from '../printers/tabwriter.ts';
import { budgetLines, limitRangeLines, limitRangesLines, priorityClassLines, quotaLines, quotasLines } from './limits.ts';

test('a quota is told by resource, what is taken beside what there is', () => {
  const metadata = { name: 'q', namespace: 'n' };
  const quota = { metadata, spec: { hard: { pods: '3', cpu: '2' } }, status: { hard: { pods: '3', cpu: '2' }, used: { pods: '1' } } };
  assert.deepEqual(quotaLines(quota as unknown as ResourceQuota).slice(2), [
    'Resource\tUsed\tHard',
    '--------\t----\t----',
    'cpu\t0\t2',
    'pods\t1\t3',
  ]);
});

test('what is taken of a quota is told in the form of the quota', () => {
  const status = {
    hard: { memory: '2G', cpu: '2', 'requests.memory': '1Gi' },
    used: { memory: '1536Mi', cpu: '1500m', 'requests.memory': '512Mi' },
  };
  const lines = quotaLines({ metadata: { name: 'q', namespace: 'n' }, status } as unknown as ResourceQuota);
  assert.deepEqual(lines.slice(4), ['cpu\t1500m\t2', 'memory\t1610612736\t2G', 'requests.memory\t512Mi\t1Gi']);
});

test('a budget says which of its two bounds it has', () => {
  const metadata = { name: 'b', namespace: 'n' };
  const budget = (spec: object): string[] => budgetLines({ metadata, spec } as unknown as PodDisruptionBudget);
  assert.ok(budget({ minAvailable: 1 }).includes('Min available:\t1'));
  assert.ok(budget({ maxUnavailable: '50%' }).includes('Max unavailable:\t50%'));
});

test('a priority class without annotations', () => {
  assert.equal(priorityClassLines({ metadata: { name: 'p' }, value: 5 } as never).at(-1), 'Annotations:\t<none>');
});

/* From here on: what upstream's kubectl 1.36 printed of the same objects. */

const printed = (lines: readonly string[]): string[] => alignTabs(lines.join('\n')).split('\n');

const range: LimitRange = {
  metadata: { name: 'lr', namespace: 'limited' },
  spec: {
    limits: [
      {
        type: 'Container',
        ...{ default: { cpu: '500m', memory: '1Gi' }, defaultRequest: { cpu: '100m' }, min: { cpu: '50m' } },
        ...{ max: { cpu: '2', memory: '2048Mi' }, maxLimitRequestRatio: { cpu: '10' } },
      },
      { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '10Gi' } },
    ],
  },
};

test('a limit range has a row for each resource of each type', () => {
  const rows = [
    'Type                   Resource  Min  Max   Default Request  Default Limit  Max Limit/Request Ratio',
    '----                   --------  ---  ---   ---------------  -------------  -----------------------',
    'Container              cpu       50m  2     100m             500m           10',
    'Container              memory    -    2Gi   -                1Gi            -',
    'PersistentVolumeClaim  storage   1Gi  10Gi  -                -              -',
  ];
  assert.deepEqual(printed(limitRangeLines(range)), ['Name:                  lr', 'Namespace:             limited', ...rows]);
  assert.deepEqual(printed(limitRangesLines([range])), ['', 'Resource Limits', ...rows.map((row) => ` ${row}`)]);
  assert.deepEqual(limitRangesLines([]), ['', 'No LimitRange resource.']);
});

const scoped: ResourceQuota = {
  metadata: { name: 'rq-be', namespace: 'limited' },
  spec: { scopes: ['Terminating', 'BestEffort'] },
  status: { hard: { 'limits.cpu': '4000m' } },
};

test('the scopes of a quota are explained', () => {
  const texts = [
    '* Matches all pods that do not have resource requirements set. These pods have a best effort quality of service.',
    '* Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system.',
  ];
  assert.deepEqual(printed(quotaLines(scoped)), [
    'Name:       rq-be',
    'Namespace:  limited',
    'Scopes:     BestEffort, Terminating',
    ...texts.map((text) => ` ${text}`),
    'Resource    Used  Hard',
    '--------    ----  ----',
    'limits.cpu  0     4',
  ]);
  assert.deepEqual(printed(quotasLines([scoped])), [
    '',
    'Resource Quotas',
    '  Name:    rq-be',
    '  Scopes:  BestEffort, Terminating',
    ...texts.map((text) => `  ${text}`),
    '  Resource    Used  Hard',
    '  --------    ---   ---',
    '  limits.cpu  0     4',
  ]);
  const other = { ...scoped, spec: { scopes: ['CrossNamespacePodAffinity'] } };
  assert.equal(quotaLines(other).length, 6);
});

test('a budget of all pods and one of none', () => {
  const selector = (spec: object): string | undefined =>
    budgetLines({ metadata: {}, spec } as unknown as PodDisruptionBudget).find((line) => line.startsWith('Selector'));
  assert.equal(selector({ selector: {} }), 'Selector:\t<none>');
  assert.equal(selector({}), 'Selector:\t<unset>');
});
