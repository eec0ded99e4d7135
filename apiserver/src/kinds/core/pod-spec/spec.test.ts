import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, problems } from '../../../testing/exercise.ts';
import { podKind } from '../pod.ts';
import { podTemplateKind } from '../pod-template.ts';

const main = { name: 'main', image: 'app:1' };

/** A row: what the spec has besides a plain container, and what it is refused with, below `spec`. */
type Row = readonly [spec: object, ...problems: string[]];

function check(rows: readonly Row[]): void {
  for (const [spec, ...expected] of rows)
    assert.deepEqual(
      problems(podKind, { spec: { containers: [main], ...spec } }),
      expected.map((problem) => `spec.${problem}`),
      JSON.stringify(spec),
    );
}

const address = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const labelValue =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

test('where pods go: node affinity', () => {
  const required = (...matchExpressions: object[]) => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } } },
  });
  const preferred = (term: object) => ({ affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [term] } } });
  const at = 'affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]';
  const soft = 'affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]';
  check([
    [required({ key: 'a', operator: 'In', values: ['b'] }, { key: 'a', operator: 'Gt', values: ['1'] }, { key: 'a', operator: 'Exists' })],
    [required({ key: 'a', operator: 'In' }), `${at}.values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`],
    [
      required({ key: 'a', operator: 'Lt', values: ['1', '2'] }),
      `${at}.values: Required value: must be specified single value when \`operator\` is 'Lt' or 'Gt'`,
    ],
    [required({ key: 'a', operator: 'Near' }), `${at}.operator: Invalid value: "Near": not a valid selector operator`],
    [required({ key: 'a', operator: 'In', values: ['b c'] }), `${at}.values[0]: Invalid value: "b c": ${labelValue}`],
    [
      { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } } },
      'affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term',
    ],
    [preferred({ weight: 100, preference: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b c'] }] } })],
    [preferred({ weight: 0, preference: {} }), `${soft}.weight: Invalid value: 0: must be in the range 1-100`],
    [preferred({ weight: 101, preference: {} }), `${soft}.weight: Invalid value: 101: must be in the range 1-100`],
    [
      preferred({ weight: 1, preference: { matchFields: [{ key: 'spec.x', operator: 'In', values: ['n'] }] } }),
      `${soft}.preference.matchFields[0].key: Invalid value: "spec.x": not a valid field selector key`,
    ],
  ]);
});

test('where pods go: near other pods', () => {
  const term = (more: object = {}) => ({
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', ...more }] } },
  });
  const at = 'affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]';
  const labelSelector = { matchLabels: { app: 'a' } };
  check([
    [term({ labelSelector, matchLabelKeys: ['rev'], mismatchLabelKeys: ['tenant'], namespaceSelector: {}, namespaces: ['a'] })],
    [
      term({ topologyKey: '' }),
      `${at}.topologyKey: Required value: can not be empty`,
      `${at}.topologyKey: Invalid value: "": name part must be non-empty`,
      `${at}.topologyKey: Invalid value: "": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
    ],
    [term({ namespaces: ['A'] }), `${at}.namespace: Invalid value: "A": ${label}`],
    [term({ matchLabelKeys: ['a'] }), `${at}.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set`],
    [
      term({ labelSelector, matchLabelKeys: ['a'], mismatchLabelKeys: ['a'] }),
      `${at}.matchLabelKeys[0]: Invalid value: "a": exists in both matchLabelKeys and mismatchLabelKeys`,
    ],
    [
      term({ labelSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
      `${at}.labelSelector.matchExpressions[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
    ],
    [
      {
        affinity: {
          podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 0, podAffinityTerm: { topologyKey: 'a' } }] },
        },
      },
      'affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100',
    ],
  ]);
});

test("a pod's own labels narrow the selectors beside matchLabelKeys", () => {
  const labelSelector = { matchLabels: { app: 'a' } };
  const term = { topologyKey: 'zone', labelSelector, matchLabelKeys: ['rev', 'none'], mismatchLabelKeys: ['tenant'] };
  const spread = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector, matchLabelKeys: ['rev'] };
  const affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  const labels = { rev: '1', tenant: 't', app: 'a' };
  const { spec } = created(podKind, {
    metadata: { labels },
    spec: { containers: [main], affinity, topologySpreadConstraints: [spread] },
  });
  const rev = { key: 'rev', operator: 'In', values: ['1'] };
  assert.deepEqual(spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.[0]?.labelSelector, {
    ...labelSelector,
    matchExpressions: [rev, { key: 'tenant', operator: 'NotIn', values: ['t'] }],
  });
  assert.deepEqual(spec.topologySpreadConstraints?.[0]?.labelSelector, { ...labelSelector, matchExpressions: [rev] });
  assert.deepEqual(
    problems(podKind, {
      metadata: { labels },
      spec: { containers: [main], topologySpreadConstraints: [{ ...spread, matchLabelKeys: ['app'] }] },
    }),
    ['spec.topologySpreadConstraints[0].matchLabelKeys[0]: Invalid value: "app": exists in both matchLabelKeys and labelSelector'],
  );
});

test('where pods go: spread', () => {
  const spread = (...constraints: object[]) => ({
    topologySpreadConstraints: constraints.map((one) => ({ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', ...one })),
  });
  const at = 'topologySpreadConstraints[0]';
  check([
    [spread({ minDomains: 2, nodeAffinityPolicy: 'Honor', nodeTaintsPolicy: 'Ignore' }, { whenUnsatisfiable: 'ScheduleAnyway' })],
    [spread({ maxSkew: 0 }), `${at}.maxSkew: Invalid value: 0: must be greater than zero`],
    [spread({ topologyKey: '' }), `${at}.topologyKey: Required value: can not be empty`],
    [
      spread({ whenUnsatisfiable: 'Cry' }),
      `${at}.whenUnsatisfiable: Unsupported value: "Cry": supported values: "DoNotSchedule", "ScheduleAnyway"`,
    ],
    [spread({}, {}), `${at}.{topologyKey, whenUnsatisfiable}: Duplicate value: "{zone, DoNotSchedule}"`],
    [spread({ minDomains: 0 }), `${at}.minDomains: Invalid value: 0: must be greater than zero`],
    [
      spread({ minDomains: 1, whenUnsatisfiable: 'ScheduleAnyway' }),
      `${at}.minDomains: Invalid value: 1: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway`,
    ],
    [spread({ nodeTaintsPolicy: 'Maybe' }), `${at}.nodeTaintsPolicy: Unsupported value: "Maybe": supported values: "Honor", "Ignore"`],
    [spread({ matchLabelKeys: ['a'] }), `${at}.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set`],
  ]);
});

test('tolerations', () => {
  const tolerations = (...list: object[]) => ({ tolerations: list });
  const at = 'tolerations[0]';
  check([
    [tolerations({ operator: 'Exists' }, { key: 'a', value: 'b', effect: 'NoExecute', tolerationSeconds: 1 })],
    [
      tolerations({}),
      `${at}.operator: Invalid value: "": operator must be Exists when \`key\` is empty, which means "match all values and all keys"`,
    ],
    [tolerations({ key: 'a', value: 'b c' }), `${at}.operator: Invalid value: "b c": ${labelValue}`],
    [
      tolerations({ key: 'a', operator: 'Exists', value: 'b' }),
      `${at}.operator: Invalid value: "b": value must be empty when \`operator\` is 'Exists'`,
    ],
    [tolerations({ key: 'a', operator: 'In' }), `${at}.operator: Unsupported value: "In": supported values: "Equal", "Exists"`],
    [
      tolerations({ key: 'a', effect: 'Never' }),
      `${at}.effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"`,
    ],
    [
      tolerations({ key: 'a', tolerationSeconds: 1 }),
      `${at}.effect: Invalid value: "": effect must be 'NoExecute' when \`tolerationSeconds\` is set`,
    ],
  ]);
});

test('names and addresses', () => {
  const dns = (dnsConfig: object, dnsPolicy = 'None') => ({ dnsPolicy, dnsConfig: { nameservers: ['1.1.1.1'], ...dnsConfig } });
  const many = (count: number, text: string) => Array.from({ length: count }, () => text);
  check([
    [dns({ searches: ['.', 'a_b.example.com.'], options: [{ name: 'ndots', value: '2' }] })],
    [{ dnsPolicy: 'None' }, 'dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
    [dns({ nameservers: [] }), 'dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None'],
    [
      dns({ nameservers: many(4, '1.1.1.1') }),
      'dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.1","1.1.1.1","1.1.1.1"]: must not have more than 3 nameservers',
    ],
    [dns({ nameservers: ['here'] }), `dnsConfig.nameservers[0]: Invalid value: "here": ${address}`],
    [
      dns({ searches: many(33, 'a') }),
      `dnsConfig.searches: Invalid value: ${JSON.stringify(many(33, 'a'))}: must not have more than 32 search paths`,
    ],
    [
      dns({ searches: many(20, 'a'.repeat(200)) }),
      `dnsConfig.searches: Invalid value: ${JSON.stringify(many(20, 'a'.repeat(200)))}: must not have more than 2048 characters (including spaces) in the search list`,
    ],
    [dns({ options: [{}] }), 'dnsConfig.options[0]: Required value: must not be empty'],
    [
      { dnsPolicy: 'Often' },
      'dnsPolicy: Unsupported value: "Often": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
    ],
    [{ hostAliases: [{ ip: '10.0.0.1', hostnames: ['a.b'] }] }],
    [{ hostAliases: [{ ip: 'here' }] }, `hostAliases[0].ip: Invalid value: "here": ${address}`],
    [{ hostname: 'A' }, `hostname: Invalid value: "A": ${label}`],
    [{ subdomain: 'a.b' }, 'subdomain: Invalid value: "a.b": must not contain dots'],
    [{ hostnameOverride: 'a.b' }],
    [{ hostnameOverride: 'a'.repeat(65) }, 'hostnameOverride: Too long: may not be more than 64 bytes'],
    [
      { hostnameOverride: 'a', setHostnameAsFQDN: true },
      'hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true',
    ],
  ]);
});

test('the rest of a pod', () => {
  check([
    [{ activeDeadlineSeconds: 0 }, 'activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive'],
    [{ restartPolicy: 'Later' }, 'restartPolicy: Unsupported value: "Later": supported values: "Always", "OnFailure", "Never"'],
    [{ preemptionPolicy: 'All' }, 'preemptionPolicy: Unsupported value: "All": supported values: "PreemptLowerPriority", "Never"'],
    [{ readinessGates: [{ conditionType: 'a/b/c' }] }, `readinessGates[0].conditionType: Invalid value: "a/b/c": ${qualified}`],
    [{ schedulingGates: [{ name: 'a' }, { name: 'a' }] }, 'schedulingGates[1]: Duplicate value: "a"'],
    [{ overhead: { cpu: '-1' } }, 'overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    [{ resourceClaims: [{ name: 'a', resourceClaimName: 'b' }] }],
    [
      { resourceClaims: [{ name: 'a' }] },
      'resourceClaims[0]: Invalid value: {"name":"a"}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
    ],
    [
      {
        resourceClaims: [
          { name: 'a', resourceClaimName: 'b' },
          { name: 'a', resourceClaimTemplateName: 'c' },
        ],
      },
      'resourceClaims[1].name: Duplicate value: "a"',
    ],
    [{ hostUsers: false, hostPID: true }, 'HostPID: Forbidden: when `hostUsers` is false'],
    [{ os: { name: 'plan9' } }, 'os: Unsupported value: "plan9": supported values: "linux", "windows"'],
    [
      { os: { name: 'windows' }, securityContext: { runAsUser: 1 }, hostIPC: true },
      'hostIPC: Forbidden: cannot be set for a windows pod',
      'securityContext.runAsUser: Forbidden: cannot be set for a windows pod',
    ],
    [
      { os: { name: 'linux' }, securityContext: { windowsOptions: { runAsUserName: 'a' } } },
      'securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod',
    ],
    [
      { securityContext: { windowsOptions: { hostProcess: true } } },
      'hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers',
    ],
  ]);
});

const qualified =
  "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";

test('templates: what is theirs, and what they leave open', () => {
  const template = (spec: object, metadata: object = {}) =>
    problems(podTemplateKind, { template: { metadata, spec: { containers: [main], ...spec } } });
  const port = { name: 'main', image: ' app ', ports: [{ containerPort: 80 }] };
  assert.deepEqual(template({ hostNetwork: true, containers: [port] }), []);
  assert.deepEqual(template({ ephemeralContainers: [{ name: 'e', image: 'a' }] }), [
    'template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template',
  ]);
  assert.deepEqual(template({}, { labels: { a: 'b c' } }), [`template.labels: Invalid value: "b c": ${labelValue}`]);
  assert.deepEqual(
    template({
      affinity: {
        podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 200, podAffinityTerm: { topologyKey: 'a' } }] },
      },
    }),
    [
      'template.spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 200: must be in the range 1-100',
    ],
  );
});
