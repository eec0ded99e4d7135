import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProfiles } from '../profiles.ts';
import { defaultArgs, type PluginArgs } from './plugin-args.ts';

const reading =
  (...configs: { name: string; args?: unknown }[]) =>
  () =>
    readProfiles([{ pluginConfig: configs }]);
const argsOf = (...configs: { name: string; args?: unknown }[]): PluginArgs | undefined => reading(...configs)()[0]?.args;
const refuses = (message: string, ...configs: { name: string; args?: unknown }[]): void => assert.throws(reading(...configs), { message });
const at = 'profiles[0].pluginConfig[0].args';

test('what is not said is the default', () => {
  const names = Object.keys(defaultArgs);
  assert.deepEqual(argsOf(), defaultArgs);
  assert.deepEqual(
    argsOf(...names.map((name) => ({ name, args: { kind: `${name}Args`, apiVersion: 'kubescheduler.config.k8s.io/v1' } }))),
    defaultArgs,
  );
  assert.deepEqual(argsOf(...names.map((name) => ({ name }))), defaultArgs);
});

test('what is said stands, and the rest is filled in', () => {
  const shape = [{ utilization: 0 }, { utilization: 100, score: 10 }];
  const strategy = { type: 'RequestedToCapacityRatio', resources: [{ name: 'cpu' }], requestedToCapacityRatio: { shape } };
  const args = argsOf(
    { name: 'NodeResourcesFit', args: { ignoredResourceGroups: ['example.com'], scoringStrategy: strategy } },
    { name: 'NodeResourcesBalancedAllocation', args: { resources: [{ name: 'example.com/gpu', weight: 0 }] } },
    { name: 'DefaultPreemption', args: { minCandidateNodesPercentage: 0 } },
    { name: 'PodTopologySpread', args: { defaultingType: 'List' } },
    { name: 'InterPodAffinity', args: { hardPodAffinityWeight: 0 } },
    { name: 'VolumeBinding', args: { bindTimeoutSeconds: 0 } },
    { name: 'DynamicResources', args: { filterTimeout: '0s', bindingTimeout: '1m30s' } },
  );
  assert.deepEqual(args, {
    ...defaultArgs,
    NodeResourcesFit: {
      ignoredResources: [],
      ignoredResourceGroups: ['example.com'],
      scoringStrategy: {
        type: 'RequestedToCapacityRatio',
        resources: [{ name: 'cpu', weight: 1 }],
        requestedToCapacityRatio: {
          shape: [
            { utilization: 0, score: 0 },
            { utilization: 100, score: 10 },
          ],
        },
      },
    },
    NodeResourcesBalancedAllocation: { resources: [{ name: 'example.com/gpu', weight: 1 }] },
    DefaultPreemption: { minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 100 },
    PodTopologySpread: { defaultConstraints: [], defaultingType: 'List' },
    InterPodAffinity: { hardPodAffinityWeight: 0, ignorePreferredTermsOfExistingPods: false },
    VolumeBinding: { bindTimeoutSeconds: 0 },
    DynamicResources: { filterTimeout: 0, bindingTimeout: 90_000 },
  });
});

test('null says nothing, and is empty in a list', () => {
  assert.deepEqual(argsOf({ name: 'DefaultPreemption', args: { minCandidateNodesPercentage: null } }), defaultArgs);
  const nameless = [{ name: '', weight: 1 }];
  const args = argsOf({ name: 'NodeResourcesBalancedAllocation', args: { resources: [null] } });
  assert.deepEqual(args?.NodeResourcesBalancedAllocation.resources, nameless);
});

test('plugins of others, and those that take nothing, may be told anything', () =>
  assert.deepEqual(argsOf({ name: 'OutOfTree', args: { foo: 'bar' } }, { name: 'NodeName', args: { kind: 'What' } }), defaultArgs));

test('arguments that are none are refused as they are read', () => {
  const decoding = 'decoding .profiles[0].pluginConfig[0]: ';
  refuses(
    `${decoding}args for plugin DefaultPreemption were not of type DefaultPreemptionArgs.kubescheduler.config.k8s.io, got InterPodAffinityArgs.kubescheduler.config.k8s.io`,
    { name: 'DefaultPreemption', args: { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'InterPodAffinityArgs' } },
  );
  refuses(
    `strict decoding error: ${decoding}strict decoding error: decoding args for plugin NodeResourcesFit: strict decoding error: ` +
      'unknown field "scoringStrategy.requestedToCapacityRatio.shape[0].Score", unknown field "scoringStrategy.requestedToCapacityRatio.shape[0].Utilization"',
    { name: 'NodeResourcesFit', args: { scoringStrategy: { requestedToCapacityRatio: { shape: [{ Score: 2, Utilization: 1 }] } } } },
  );
  refuses(
    `${decoding}decoding args for plugin DefaultPreemption: json: cannot unmarshal string into Go struct field DefaultPreemptionArgs.minCandidateNodesAbsolute of type int32`,
    { name: 'DefaultPreemption', args: { minCandidateNodesAbsolute: 'many' } },
  );
  refuses(
    `${decoding}decoding args for plugin NodeResourcesFit: json: cannot unmarshal number 1.5 into Go struct field ResourceSpec.scoringStrategy.resources.weight of type int64`,
    { name: 'NodeResourcesFit', args: { scoringStrategy: { resources: [{ name: 'cpu', weight: 1.5 }] } } },
  );
});

test('values out of range are refused', () => {
  refuses(`${at}.minCandidateNodesPercentage: Invalid value: 101: not in valid range [0, 100]`, {
    name: 'DefaultPreemption',
    args: { minCandidateNodesPercentage: 101 },
  });
  refuses(
    `[${at}.minCandidateNodesPercentage: Invalid value: 0: cannot be zero at the same time as minCandidateNodesAbsolute, ` +
      `${at}.minCandidateNodesAbsolute: Invalid value: 0: cannot be zero at the same time as minCandidateNodesPercentage]`,
    { name: 'DefaultPreemption', args: { minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0 } },
  );
  refuses(`${at}.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]`, {
    name: 'InterPodAffinity',
    args: { hardPodAffinityWeight: 101 },
  });
  refuses(`${at}.bindTimeoutSeconds: Invalid value: -1: invalid BindTimeoutSeconds, should not be a negative value`, {
    name: 'VolumeBinding',
    args: { bindTimeoutSeconds: -1 },
  });
  refuses(`[${at}.resources[0].weight: Invalid value: 2: must be 1, ${at}.resources[1].name: Duplicate value: "cpu"]`, {
    name: 'NodeResourcesBalancedAllocation',
    args: { resources: [{ name: 'cpu', weight: 2 }, { name: 'cpu' }] },
  });
  refuses('profiles[0].pluginConfig[1]: Duplicate value: "NodeAffinity"', { name: 'NodeAffinity' }, { name: 'NodeAffinity' });
});

test('default constraints have rules of their own', () => {
  const constraint = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' };
  const spread = (args: unknown) => ({ name: 'PodTopologySpread', args });
  const list = `${at}.defaultConstraints[0]`;
  refuses(
    `${at}.defaultingType: Invalid value: "System": when .defaultConstraints are not empty`,
    spread({ defaultConstraints: [constraint] }),
  );
  refuses(`${at}.defaultingType: Unsupported value: "Foo": supported values: "System", "List"`, spread({ defaultingType: 'Foo' }));
  refuses(
    `[${list}.maxSkew: Invalid value: 0: not in valid range (0, inf), ${list}.topologyKey: Required value: can not be empty, ` +
      `${list}.whenUnsatisfiable: Unsupported value: "Never": supported values: "DoNotSchedule", "ScheduleAnyway", ` +
      `${list}.labelSelector: Forbidden: constraint must not define a selector, as they deduced for each pod]`,
    spread({ defaultingType: 'List', defaultConstraints: [{ whenUnsatisfiable: 'Never', labelSelector: {} }] }),
  );
  refuses(
    `${at}.defaultConstraints[1]: Duplicate value: "{zone, ScheduleAnyway}"`,
    spread({ defaultingType: 'List', defaultConstraints: [constraint, { ...constraint, maxSkew: 2 }] }),
  );
});

test('added affinity has to be well formed', () => {
  const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'Near' }] }] };
  const preferred = [{ weight: 1, preference: { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a', 'b'] }] } }];
  const addedAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: required,
    preferredDuringSchedulingIgnoredDuringExecution: preferred,
  };
  refuses(
    `[${at}.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].operator: Unsupported value: "Near", ` +
      `${at}.addedAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].matchFields[0].values: Invalid value: ["a","b"]: must have one element]`,
    { name: 'NodeAffinity', args: { addedAffinity } },
  );
});

test('NodeResourcesFit looks at its arguments as it is made, unless nobody wants it', () => {
  const made = 'initializing profiles: creating profile for scheduler name default-scheduler: initializing plugin "NodeResourcesFit": ';
  const fit = (args: unknown) => ({ name: 'NodeResourcesFit', args });
  const ratio = (shape: unknown) => fit({ scoringStrategy: { type: 'RequestedToCapacityRatio', requestedToCapacityRatio: { shape } } });
  const supported = 'supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"';
  refuses(`${made}scoringStrategy.type: Unsupported value: "": ${supported}`, fit({ scoringStrategy: {} }));
  refuses(
    `${made}scoringStrategy.resources[0].weight: Invalid value: 101: resource weight of cpu not in valid range (0, 100]`,
    fit({ scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 101 }] } }),
  );
  refuses(
    `${made}ignoredResourceGroups[0]: Invalid value: "example.com/gpu": resource group name can't contain '/'`,
    fit({ ignoredResourceGroups: ['example.com/gpu'] }),
  );
  refuses(`${made}scoringStrategy.requestedToCapacityRatio.shape: Required value: at least one point must be specified`, ratio([]));
  refuses(
    `${made}[scoringStrategy.requestedToCapacityRatio.shape[1].utilization: Invalid value: 50: values must be sorted in increasing order, ` +
      'scoringStrategy.requestedToCapacityRatio.shape[1].score: Invalid value: 11: not in valid range [0, 10]]',
    ratio([{ utilization: 50 }, { utilization: 50, score: 11 }]),
  );
  const disabled = { multiPoint: { disabled: [{ name: 'NodeResourcesFit' }] } };
  assert.equal(readProfiles([{ plugins: disabled, pluginConfig: [fit({ scoringStrategy: {} })] }]).length, 1);
});
