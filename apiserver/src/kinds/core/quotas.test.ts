import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cells, created, problems, updateProblems } from '../../testing/exercise.ts';
import { limitRangeKind } from './limit-range.ts';
import { podTemplateKind } from './pod-template.ts';
import { resourceQuotaKind } from './resource-quota.ts';

const limits = (...items: object[]) => ({ spec: { limits: items } });
const quota = (hard: object, over: object = {}) => ({ spec: { hard, ...over } });

test('limits of containers follow from each other', () => {
  const range = created(
    limitRangeKind,
    limits({ type: 'Container', max: { cpu: '2' }, min: { memory: '1Mi' }, default: { memory: '1Gi' } }),
  );
  const [item] = range.spec?.limits ?? [];
  assert.deepEqual(item?.default, { cpu: '2', memory: '1Gi' });
  assert.deepEqual(item?.defaultRequest, { memory: '1Gi', cpu: '2' });
  const pod = created(limitRangeKind, limits({ type: 'Pod', max: { cpu: '2' } }));
  assert.deepEqual(pod.spec?.limits, [{ type: 'Pod', max: { cpu: '2' } }]);
});

test('limits that cannot be', () => {
  const at = 'spec.limits[0]';
  const cases: [object, string[]][] = [
    [limits({ type: 'Pod', max: { cpu: '2' }, min: { cpu: '1' } }), []],
    [limits({ type: 'Odd' }), [`${at}.type: Invalid value: "Odd": must be a standard limit type or fully qualified`]],
    [limits({ type: 'Pod' }, { type: 'Pod' }), ['spec.limits[1].type: Duplicate value: "Pod"']],
    [limits({ type: 'Pod', default: { cpu: '1' } }), [`${at}.default: Forbidden: may not be specified when \`type\` is 'Pod'`]],
    [
      limits({ type: 'Pod', max: { wheels: '1' } }),
      [
        `${at}.max[wheels]: Invalid value: "wheels": must be a standard resource type or fully qualified`,
        `${at}.max[wheels]: Invalid value: "wheels": must be a standard resource for containers`,
      ],
    ],
    [
      limits({ type: 'PersistentVolumeClaim' }),
      [`${at}.limits: Required value: either minimum or maximum storage value is required, but neither was provided`],
    ],
    [
      limits({ type: 'Pod', max: { cpu: '1' }, min: { cpu: '2' } }),
      [`${at}.min[cpu]: Invalid value: "2": min value 2 is greater than max value 1`],
    ],
    [
      limits({ type: 'Container', max: { cpu: '1' }, default: { cpu: '2' }, defaultRequest: { cpu: '1' } }),
      [`${at}.default[cpu]: Invalid value: "2": default value 2 is greater than max value 1`],
    ],
    [
      limits({ type: 'Pod', maxLimitRequestRatio: { cpu: '500m' } }),
      [`${at}.maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1`],
    ],
    [
      limits({ type: 'Pod', maxLimitRequestRatio: { cpu: '5' }, min: { cpu: '1' }, max: { cpu: '4' } }),
      [`${at}.maxLimitRequestRatio[cpu]: Invalid value: "5": ratio 5 is greater than max/min = 4.000000`],
    ],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(limitRangeKind, object), expected);
});

test('scopes of quotas by expressions', () => {
  const refused = (...matchExpressions: object[]) =>
    problems(resourceQuotaKind, quota({ cpu: '1' }, { scopeSelector: { matchExpressions } }));
  const at = 'spec.scopeSelector.matchExpressions';
  assert.deepEqual(refused({ scopeName: 'Odd', operator: 'Exists' }, { scopeName: 'BestEffort', operator: 'In', values: ['a'] }), [
    `${at}.scopeName: Invalid value: "Odd": unsupported scope`,
    `${at}: Invalid value: {"matchExpressions":[{"scopeName":"Odd","operator":"Exists"},{"scopeName":"BestEffort","operator":"In","values":["a"]}]}: unsupported scope applied to resource`,
    `${at}.operator: Invalid value: "In": must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity`,
  ]);
  const twice = updateProblems(resourceQuotaKind, quota({ pods: '1' }, { scopes: ['BestEffort'] }), ({ spec }) =>
    spec?.scopes?.push('BestEffort'),
  );
  assert.deepEqual(twice, []);
});

test('quotas that cannot be', () => {
  const cases: [object, string[]][] = [
    [quota({ pods: '1', 'requests.cpu': '1', 'count/jobs.batch': '2', 'requests.nvidia.com/gpu': '1' }), []],
    [quota({ pods: '-1' }), ['spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0']],
    [quota({ pods: '1500m' }), ['spec.hard[pods]: Invalid value: "1500m": must be an integer']],
    [quota({ storage: '1' }), ['spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota']],
    [quota({ pods: '1' }, { scopes: ['Odd'] }), ['spec.scopes: Invalid value: ["Odd"]: unsupported scope']],
    [
      quota({ cpu: '1' }, { scopes: ['BestEffort'] }),
      ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'],
    ],
    [
      quota({ pods: '1' }, { scopes: ['Terminating', 'NotTerminating'] }),
      ['spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes'],
    ],
    [
      quota({ pods: '1' }, { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In' }] } }),
      [
        "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
      ],
    ],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(resourceQuotaKind, object), expected);
  assert.deepEqual(
    updateProblems(resourceQuotaKind, quota({ pods: '1' }, { scopes: ['Terminating'] }), ({ spec }) => {
      Object.assign(spec ?? {}, { scopes: [], hard: { pods: '2' } });
    }),
    ['spec.scopes: Invalid value: []: field is immutable'],
  );
});

test('columns of quotas', () => {
  const status = { hard: { pods: '10', 'limits.cpu': '4', 'requests.cpu': '2' }, used: { pods: '3', 'limits.cpu': '1' } };
  const shown = cells(resourceQuotaKind, { metadata: { name: 'x' }, status });
  assert.deepEqual([shown.Request, shown.Limit], ['pods: 3/10, requests.cpu: 0/2', 'limits.cpu: 1/4']);
});

test('pod templates', () => {
  assert.deepEqual(problems(podTemplateKind, {}), ['template.spec.containers: Required value']);
  const template = { metadata: { labels: { b: '2', a: '1' } }, spec: { containers: [{ name: 'main', image: 'app:1' }] } };
  const made = created(podTemplateKind, { template });
  assert.equal(made.template?.spec?.restartPolicy, 'Always');
  assert.deepEqual(problems(podTemplateKind, { template }), []);
  assert.deepEqual(cells(podTemplateKind, made), { Name: 'x', Containers: 'main', Images: 'app:1', 'Pod Labels': 'a=1,b=2' });
});
