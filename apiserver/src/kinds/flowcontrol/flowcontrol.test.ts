import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cells, created, problems, specOf } from '../../testing/exercise.ts';
import { flowSchemaKind } from './flow-schema.ts';
import { priorityLevelConfigurationKind } from './priority-level-configuration.ts';

const rule = {
  subjects: [{ kind: 'Group', group: { name: 'system:authenticated' } }],
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }],
};
const schema = (spec: object = {}) => ({ spec: { priorityLevelConfiguration: { name: 'mine' }, rules: [rule], ...spec } });
const level = (spec: object, name = 'mine') => ({ metadata: { name }, spec });
const queue = { type: 'Queue', queuing: {} };

test('flow schemas', () => {
  assert.equal(created(flowSchemaKind, schema()).spec?.matchingPrecedence, 1000);
  const at = 'spec.rules[0]';
  const cases: [object, string[]][] = [
    [schema(), []],
    [schema({ priorityLevelConfiguration: {} }), ['spec.priorityLevelConfiguration.name: Required value: must reference a priority level']],
    [schema({ matchingPrecedence: 10_001 }), ['spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000']],
    [
      schema({ matchingPrecedence: 1 }),
      ["spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"],
    ],
    [
      schema({ rules: [{ ...rule, subjects: [{ kind: 'User', group: { name: 'a' } }] }] }),
      [
        `${at}.subjects[0].user: Required value: user is required when subject kind is 'User'`,
        `${at}.subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'`,
      ],
    ],
    [
      schema({ rules: [{ subjects: rule.subjects, nonResourceRules: [{ verbs: ['look'], nonResourceURLs: ['a', '/b*'] }] }] }),
      [
        `${at}.nonResourceRules[0].verbs: Unsupported value: ["look"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"`,
        `${at}.nonResourceRules[0].nonResourceURLs[0]: Invalid value: "a": must start with slash`,
        `${at}.nonResourceRules[0].nonResourceURLs[1]: Invalid value: "/b*": wildcard can only do suffix matching`,
      ],
    ],
    [
      schema({ rules: [{ subjects: rule.subjects }] }),
      [`${at}: Required value: at least one of resourceRules and nonResourceRules has to be non-empty`],
    ],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(flowSchemaKind, object), expected);
});

test('priority levels', () => {
  assert.deepEqual(specOf(priorityLevelConfigurationKind, { type: 'Limited', limited: { limitResponse: queue } }), {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: 30,
      lendablePercent: 0,
      limitResponse: { type: 'Queue', queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } },
    },
  });
  const limited = (over: object) => level({ type: 'Limited', limited: { limitResponse: queue, ...over } });
  const cases: [object, string[]][] = [
    [limited({}), []],
    [level({ type: 'Exempt', exempt: {} }, 'exempt'), []],
    [level({ type: 'Limited' }), ['spec.limited: Required value: must not be empty when type is Limited']],
    [level({ type: 'Exempt' }), ["spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'"]],
    [
      limited({ limitResponse: { type: 'Wait' } }),
      ['spec.limited.limitResponse.type: Unsupported value: "Wait": supported values: "Queue", "Reject"'],
    ],
    [
      limited({ limitResponse: { type: 'Queue', queuing: { queues: 4 } } }),
      ['spec.limited.limitResponse.queuing.handSize: Invalid value: 8: should not be greater than queues (4)'],
    ],
    [limited({ lendablePercent: 101 }), ['spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive']],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(priorityLevelConfigurationKind, object), expected);
  const shown = cells(priorityLevelConfigurationKind, created(priorityLevelConfigurationKind, limited({})));
  assert.deepEqual([shown.Type, shown.NominalConcurrencyShares, shown.Queues], ['Limited', 30, 64]);
});
