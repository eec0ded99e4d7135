import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequest } from '../http/request-info.ts';
import { auditConfigOf } from './match.ts';
import { type PolicyRule, parsePolicy } from './policy.ts';

const policyOf = (...rules: object[]): string => JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules });

const wrong: readonly (readonly [text: string, message: string | RegExp])[] = [
  ['', 'expected a Policy of audit.k8s.io/v1, found no kind of no version'],
  ['kind: Policy\napiVersion: audit.k8s.io/v1beta1', /found Policy of audit\.k8s\.io\/v1beta1$/],
  [policyOf(), 'loaded illegal policy with 0 rules'],
  [policyOf({}), 'rules[0].level: Required value'],
  [
    policyOf({ level: 'All' }),
    'rules[0].level: Unsupported value: "All": supported values: "None", "Metadata", "Request", "RequestResponse"',
  ],
  [policyOf({ level: 'None', users: 'x' }), 'failed decoding: rules[0].users: must be a list'],
  [
    policyOf({ level: 'None', resources: [{ group: 'A' }] }),
    /^rules\[0\]\.resources\.group: Invalid value: "A": a lowercase RFC 1123 subdomain/,
  ],
  [
    policyOf({ level: 'None', nonResourceURLs: ['healthz', '/a*b'] }),
    `[rules[0].nonResourceURLs[0]: Invalid value: "healthz": non-resource URL rules must begin with a '/' character, rules[0].nonResourceURLs[1]: Invalid value: "/a*b": non-resource URL wildcards '*' must be the final character of the rule]`,
  ],
  [
    policyOf({ level: 'None', nonResourceURLs: ['/a'], namespaces: ['x'] }),
    /rules cannot apply to both regular resources and non-resource URLs$/,
  ],
  [policyOf({ level: 'None', resources: [{ resourceNames: ['x'] }] }), /using resourceNames requires at least one resource$/],
  [
    policyOf({ level: 'None', omitStages: ['Never'] }),
    'rules[0].omitStages[0]: Invalid value: "Never": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic',
  ],
];

test('what is no policy is refused', () => {
  for (const [text, message] of wrong) assert.throws(() => parsePolicy(text, assert.fail), { message });
});

test('what a policy has too much is told, and passed over', () => {
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message.replace(/^.*strict decoding error: /, ''));
  const { rules } = parsePolicy(policyOf({ level: 'None', user: ['x'], resources: [{ name: 'x', group: '*' }] }), warn);
  assert.equal(rules[0]?.level, 'None');
  parsePolicy('kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [{level: None, level: None}]', warn);
  assert.equal(warnings[0], 'unknown field "rules[0].user", unknown field "rules[0].resources[0].name"');
  assert.match(warnings[1] ?? '', /^key "rules\[0\]\.level" already set/);
});

test('the policy of upstream pages is taken', () => {
  const { rules, omitStages } = parsePolicy(
    `
apiVersion: audit.k8s.io/v1
kind: Policy
metadata: {name: mine}
omitStages: ["RequestReceived"]
rules:
  - level: RequestResponse
    resources: [{group: "", resources: ["pods"]}]
  - level: None
    userGroups: ["system:authenticated"]
    nonResourceURLs: ["/api*", "/version"]
  - level: Metadata
    omitManagedFields: true
`,
    assert.fail,
  );
  assert.deepEqual([rules.map(({ level }) => level), omitStages], [['RequestResponse', 'None', 'Metadata'], ['RequestReceived']]);
});

const pods = '/api/v1/namespaces/a/pods';
/** Whether a rule takes in what alice, of the developers, asks. */
const fits: readonly (readonly [rule: Omit<PolicyRule, 'level'>, method: string, url: string, expected: boolean])[] = [
  [{}, 'GET', '/healthz', true],
  [{ users: ['alice'] }, 'GET', pods, true],
  [{ users: ['bob'] }, 'GET', pods, false],
  [{ userGroups: ['operators', 'developers'] }, 'GET', pods, true],
  [{ userGroups: ['operators'] }, 'GET', pods, false],
  [{ verbs: ['list'] }, 'GET', pods, true],
  [{ verbs: ['get'] }, 'GET', pods, false],
  [{ namespaces: ['a'] }, 'GET', pods, true],
  [{ namespaces: ['b'] }, 'GET', pods, false],
  [{ namespaces: [''] }, 'GET', '/api/v1/nodes', true],
  [{ namespaces: ['a'] }, 'GET', '/healthz', false],
  [{ resources: [{}] }, 'GET', pods, true],
  [{ resources: [{ group: 'apps' }] }, 'GET', pods, false],
  [{ resources: [{ group: '*', resources: ['pods'] }] }, 'GET', pods, true],
  [{ resources: [{ group: 'apps' }] }, 'GET', '/apis/apps/v1/deployments', true],
  [{ resources: [{ resources: ['pods'] }] }, 'GET', pods, true],
  [{ resources: [{ resources: ['pods'] }] }, 'GET', `${pods}/p/log`, false],
  [{ resources: [{ resources: ['pods/log'] }] }, 'GET', `${pods}/p/log`, true],
  [{ resources: [{ resources: ['pods/*'] }] }, 'GET', `${pods}/p/log`, true],
  [{ resources: [{ resources: ['pods/*'] }] }, 'GET', pods, true],
  [{ resources: [{ resources: ['*/log'] }] }, 'GET', `${pods}/p/log`, true],
  [{ resources: [{ resources: ['*/log'] }] }, 'GET', pods, false],
  [{ resources: [{ resources: ['*'] }] }, 'GET', `${pods}/p/log`, true],
  [{ resources: [{ resources: ['pods'], resourceNames: ['p'] }] }, 'GET', `${pods}/p`, true],
  [{ resources: [{ resources: ['pods'], resourceNames: ['q'] }] }, 'GET', `${pods}/p`, false],
  [{ resources: [{}] }, 'GET', '/healthz', false],
  [{ nonResourceURLs: ['/healthz*'] }, 'GET', '/healthz/etcd', true],
  [{ nonResourceURLs: ['/healthz'] }, 'GET', '/healthz/etcd', false],
  [{ nonResourceURLs: ['*'] }, 'GET', '/version', true],
  [{ nonResourceURLs: ['*'] }, 'GET', pods, false],
];

test('rules take in what upstream rules take in', () => {
  const user = { name: 'alice', groups: ['developers'] };
  for (const [rule, method, url, expected] of fits) {
    const { level } = auditConfigOf({ rules: [{ ...rule, level: 'Metadata' }] }, parseRequest(method, url), user);
    assert.equal(level === 'Metadata', expected, JSON.stringify({ rule, url }));
  }
});

test('the first rule that fits decides; stages of policy and rule are omitted; who is nobody fits no user', () => {
  const policy = {
    omitStages: ['RequestReceived' as const],
    omitManagedFields: true,
    rules: [
      { level: 'None' as const, users: ['alice'] },
      { level: 'Request' as const, omitStages: ['Panic' as const], omitManagedFields: false },
    ],
  };
  const info = parseRequest('GET', pods);
  assert.equal(auditConfigOf(policy, info, { name: 'alice', groups: [] }).level, 'None');
  assert.deepEqual(auditConfigOf(policy, info, undefined), {
    level: 'Request',
    omitStages: new Set(['RequestReceived', 'Panic']),
    omitManagedFields: false,
  });
  assert.equal(auditConfigOf({ rules: [{ level: 'Request', users: ['x'] }] }, info, undefined).level, 'None');
});
