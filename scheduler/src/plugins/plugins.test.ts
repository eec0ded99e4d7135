import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { podInfo } from '../cache/pod-info.ts';
import type { NodeTable } from '../cache/table.ts';
import { judge, type NodeFacts, node, type PodFacts, pod, rate, table } from '../testdata.ts';
import { imageLocality } from './image-locality.ts';
import { plugins } from './index.ts';
import { nodeName } from './node-name.ts';
import { nodePorts } from './node-ports.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { taintToleration } from './taint-toleration.ts';
import type { DefaultSelector, Plugin } from './types.ts';

const named = (name: string): Plugin => {
  const found = plugins.find((plugin) => plugin.name === name);
  assert.ok(found, name);
  return found;
};
const interPodAffinity = named('InterPodAffinity');
const nodeAffinity = named('NodeAffinity');
const nodeResourcesBalancedAllocation = named('NodeResourcesBalancedAllocation');
const nodeResourcesFit = named('NodeResourcesFit');
const podTopologySpread = named('PodTopologySpread');

const withNodes = (...facts: NodeFacts[]): NodeTable => table(facts.map((one, i) => node(`n${i}`, one)));

it("stand in Kubernetes' order with its names and weights", () => {
  assert.deepEqual(
    plugins.map(({ name, weight }) => `${name} ${weight ?? '-'}`),
    [
      'NodeUnschedulable -',
      'NodeName -',
      'TaintToleration 3',
      'NodeAffinity 2',
      'NodePorts -',
      'NodeResourcesFit 1',
      'VolumeRestrictions -',
      'NodeVolumeLimits -',
      'VolumeBinding -',
      'VolumeZone -',
      'PodTopologySpread 2',
      'InterPodAffinity 2',
      'DynamicResources 2',
      'NodeResourcesBalancedAllocation 1',
      'ImageLocality 1',
    ],
  );
});

describe('NodeUnschedulable and NodeName', () => {
  it('refuses cordoned nodes', () =>
    assert.deepEqual(judge(nodeUnschedulable, {}, withNodes({ unschedulable: true }, {})), ['!node(s) were unschedulable', '']));
  it('lets pods in that tolerate it', () => {
    const tolerations = [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' }];
    assert.deepEqual(judge(nodeUnschedulable, { spec: { tolerations } }, withNodes({ unschedulable: true })), ['']);
  });
  it('keeps to the named node', () =>
    assert.deepEqual(judge(nodeName, { spec: { nodeName: 'n1' } }, withNodes({}, {})), [
      "!node(s) didn't match the requested node name",
      '',
    ]));
});

describe('TaintToleration', () => {
  const words = '!node(s) had untolerated taint(s)';
  const tainted = (effect: string): NodeFacts => ({ taints: [{ key: 'k', value: 'v', effect }] });
  const tolerations: [string, Record<string, unknown>[], string][] = [
    ['none', [], words],
    ['equal', [{ key: 'k', operator: 'Equal', value: 'v', effect: 'NoSchedule' }], ''],
    ['no operator means equal', [{ key: 'k', value: 'v' }], ''],
    ['another value', [{ key: 'k', operator: 'Equal', value: 'x' }], words],
    ['another effect', [{ key: 'k', operator: 'Exists', effect: 'NoExecute' }], words],
    ['exists', [{ key: 'k', operator: 'Exists' }], ''],
    ['everything', [{ operator: 'Exists' }], ''],
  ];
  for (const [name, list, expected] of tolerations) {
    it(name, () => assert.deepEqual(judge(taintToleration, { spec: { tolerations: list } }, withNodes(tainted('NoSchedule'))), [expected]));
  }
  it('ignores PreferNoSchedule when filtering and prefers nodes without it', () => {
    const nodes = withNodes(tainted('PreferNoSchedule'), {});
    assert.deepEqual(judge(taintToleration, {}, nodes), ['', '']);
    assert.deepEqual(rate(taintToleration, {}, nodes), [0, 100]);
  });
});

describe('NodeAffinity', () => {
  const words = "!node(s) didn't match Pod's node affinity/selector";
  const required = (...terms: unknown[]): PodFacts => ({
    spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } } },
  });
  const expression = (operator: string, ...values: string[]) => ({ matchExpressions: [{ key: 'k', operator, values }] });
  const labelled = withNodes({ labels: { k: '5' } }, {});
  const cases: [string, PodFacts, string[]][] = [
    ['selector', { spec: { nodeSelector: { k: '5' } } }, ['', words]],
    ['In', required(expression('In', '4', '5')), ['', words]],
    ['NotIn', required(expression('NotIn', '5')), [words, '']],
    ['Exists', required(expression('Exists')), ['', words]],
    ['DoesNotExist', required(expression('DoesNotExist')), [words, '']],
    ['Gt', required(expression('Gt', '4')), ['', words]],
    ['Lt', required(expression('Lt', '5')), [words, words]],
    ['any term', required(expression('In', 'x'), expression('DoesNotExist')), [words, '']],
    ['an empty term matches nothing', required({}), [words, words]],
    [
      'a named node',
      required({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }),
      ["!node(s) didn't satisfy plugin(s) [NodeAffinity]", ''],
    ],
  ];
  for (const [name, facts, expected] of cases) it(name, () => assert.deepEqual(judge(nodeAffinity, facts, labelled), expected));
  it('scores preferred terms by weight', () => {
    const preferred = [
      { weight: 10, preference: expression('Exists') },
      { weight: 40, preference: expression('DoesNotExist') },
    ];
    assert.deepEqual(
      rate(
        nodeAffinity,
        { spec: { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } } } },
        labelled,
      ),
      [25, 100],
    );
  });
});

describe('NodePorts', () => {
  const withPort = (hostPort: number, more: Record<string, unknown> = {}): PodFacts => ({
    spec: { containers: [{ name: 'c', image: 'a', ports: [{ containerPort: 1, hostPort, ...more }] }] },
  });
  const nodes = table([node('n0'), node('n1')], { n0: [pod('old', withPort(80, { hostIP: '127.0.0.1' }))] });
  const words = "node(s) didn't have free ports for the requested pod ports";
  it('any address collides', () => assert.deepEqual(judge(nodePorts, withPort(80), nodes), [words, '']));
  it('another address, protocol or port does not', () => {
    for (const facts of [withPort(80, { hostIP: '127.0.0.2' }), withPort(80, { protocol: 'UDP' }), withPort(81)])
      assert.deepEqual(judge(nodePorts, facts, nodes), ['', '']);
  });
});

describe('NodeResourcesFit', () => {
  const small = { allocatable: { cpu: '1', memory: '1Gi', pods: '2', 'ephemeral-storage': '1Gi', 'example.com/gpu': '1' } };
  const used = pod('old', { requests: { cpu: '600m', memory: '512Mi' } });
  const cases: [string, Record<string, string>, string][] = [
    ['fits', { cpu: '400m', memory: '512Mi' }, ''],
    ['cpu', { cpu: '401m' }, 'Insufficient cpu'],
    ['several', { cpu: '500m', memory: '600Mi' }, 'Insufficient cpu, Insufficient memory'],
    ['more than the node has', { cpu: '2' }, '!Insufficient cpu'],
    ['ephemeral storage', { 'ephemeral-storage': '2Gi' }, '!Insufficient ephemeral-storage'],
    ['extended resource', { 'example.com/gpu': '2' }, '!Insufficient example.com/gpu'],
    ['unknown extended resource', { 'example.com/fpga': '1' }, '!Insufficient example.com/fpga'],
  ];
  for (const [name, requests, expected] of cases)
    it(name, () => assert.deepEqual(judge(nodeResourcesFit, { requests }, table([node('n0', small)], { n0: [used] })), [expected]));
  it('pods', () =>
    assert.deepEqual(judge(nodeResourcesFit, { requests: {} }, table([node('n0', small)], { n0: [used, pod('old2', { requests: {} })] })), [
      'Too many pods',
    ]));
  it('counts init containers, sidecars, overhead and pod-level requests', () => {
    const container = (cpu: string, more = {}) => ({ name: 'c', image: 'a', resources: { requests: { cpu } }, ...more });
    const spec = {
      containers: [container('100m')],
      initContainers: [container('200m', { restartPolicy: 'Always' }), container('700m')],
      overhead: { cpu: '50m' },
    };
    assert.equal(podInfo(pod('x', { spec })).requests.amounts.cpu, 950);
    assert.equal(podInfo(pod('x', { spec: { ...spec, resources: { requests: { cpu: '300m' } } } })).requests.amounts.cpu, 350);
  });
  it('scores the emptier node higher, by the share left', () => {
    const nodes = table(
      [node('n0', { allocatable: { cpu: '4', memory: '10000' } }), node('n1', { allocatable: { cpu: '6', memory: '10000' } })],
      {},
    );
    assert.deepEqual(rate(nodeResourcesFit, { requests: { cpu: '3', memory: '5000' } }, nodes), [37, 50]);
  });
});

describe('NodeResourcesBalancedAllocation and ImageLocality', () => {
  it('prefers what evens out CPU and memory', () => {
    const nodes = table(
      [node('n0', { allocatable: { cpu: '10', memory: '10' } }), node('n1', { allocatable: { cpu: '10', memory: '10' } })],
      { n1: [pod('old', { requests: { memory: '5' } })] },
    );
    assert.deepEqual(rate(nodeResourcesBalancedAllocation, { requests: { cpu: '5' } }, nodes), [62, 87]);
  });
  it('says nothing on pods without requests', () =>
    assert.equal(rate(nodeResourcesBalancedAllocation, { requests: {} }, withNodes({})), undefined));
  it('prefers nodes with the image, by size and spread', () => {
    const mebibyte = 1024 * 1024;
    const nodes = withNodes({ images: [{ names: ['app:latest'], sizeBytes: 250 * mebibyte }] }, {});
    assert.deepEqual(rate(imageLocality, {}, nodes), [10, 0]);
    assert.equal(rate(imageLocality, {}, withNodes({}, {})), undefined);
  });
});

describe('InterPodAffinity', () => {
  const zoned = [
    node('n0', { labels: { zone: 'a' } }),
    node('n1', { labels: { zone: 'a' } }),
    node('n2', { labels: { zone: 'b' } }),
    node('n3'),
  ];
  const web = { app: 'web' };
  const term = (labels: Record<string, string>) => ({ topologyKey: 'zone', labelSelector: { matchLabels: labels } });
  const affinity = (kind: 'podAffinity' | 'podAntiAffinity', labels = web): PodFacts => ({
    spec: { affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: [term(labels)] } } },
  });
  const there = { n0: [pod('old', { labels: web })] };
  const lonely = "!node(s) didn't match pod affinity rules";
  it('affinity', () => assert.deepEqual(judge(interPodAffinity, affinity('podAffinity'), table(zoned, there)), ['', '', lonely, lonely]));
  it('affinity to its own kind lets the first one in where the label is', () =>
    assert.deepEqual(judge(interPodAffinity, { ...affinity('podAffinity'), labels: web }, table(zoned)), ['', '', '', lonely]));
  it('pods of other namespaces do not count', () =>
    assert.deepEqual(judge(interPodAffinity, { ...affinity('podAffinity'), namespace: 'other' }, table(zoned, there)), [
      lonely,
      lonely,
      lonely,
      lonely,
    ]));
  it('anti-affinity', () => {
    const words = "node(s) didn't match pod anti-affinity rules";
    assert.deepEqual(judge(interPodAffinity, affinity('podAntiAffinity'), table(zoned, there)), [words, words, '', '']);
  });
  it('anti-affinity of pods already there', () => {
    const words = "node(s) didn't satisfy existing pods anti-affinity rules";
    const nodes = table(zoned, { n2: [pod('old', affinity('podAntiAffinity'))] });
    assert.deepEqual(judge(interPodAffinity, { labels: web }, nodes), ['', '', words, '']);
    assert.deepEqual(judge(interPodAffinity, {}, nodes), ['', '', '', '']);
  });
  it('scores preferred terms, its own and others', () => {
    const preferred = (weight: number) => [{ weight, podAffinityTerm: term(web) }];
    const wish = { spec: { affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred(10) } } } };
    assert.deepEqual(rate(interPodAffinity, wish, table(zoned, there)), [100, 100, 0, 0]);
    const avoid = { spec: { affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred(10) } } } };
    assert.deepEqual(rate(interPodAffinity, { labels: web }, table(zoned, { n2: [pod('old', avoid)] })), [100, 100, 0, 100]);
    assert.equal(rate(interPodAffinity, {}, table(zoned, there)), undefined);
  });
});

describe('PodTopologySpread', () => {
  const zoned = [node('n0', { labels: { zone: 'a' } }), node('n1', { labels: { zone: 'b' } }), node('n2')];
  const web = { app: 'web' };
  const spread = (more: Record<string, unknown> = {}): PodFacts => ({
    labels: web,
    spec: {
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: web }, ...more },
      ],
    },
  });
  const there = { n0: [pod('old', { labels: web })] };
  const words = "node(s) didn't match pod topology spread constraints";
  const missing = `!${words} (missing required label)`;
  it('keeps the skew', () => assert.deepEqual(judge(podTopologySpread, spread(), table(zoned, there)), [words, '', missing]));
  it('allows a larger one', () =>
    assert.deepEqual(judge(podTopologySpread, spread({ maxSkew: 2 }), table(zoned, there)), ['', '', missing]));
  it('counts fewer domains than wanted as empty', () => {
    const full = { n0: [pod('a', { labels: web })], n1: [pod('b', { labels: web })] };
    assert.deepEqual(judge(podTopologySpread, spread(), table(zoned, full)), ['', '', missing]);
    assert.deepEqual(judge(podTopologySpread, spread({ minDomains: 3 }), table(zoned, full)), [words, words, missing]);
  });
  it('scores ScheduleAnyway, and nodes without the label 0', () =>
    assert.deepEqual(rate(podTopologySpread, spread({ whenUnsatisfiable: 'ScheduleAnyway' }), table(zoned, there)), [0, 100, 0]));
  it('spreads by Service and owner unless told otherwise', () => {
    const like: DefaultSelector = { key: 'web', matches: (labels) => labels.app === 'web' };
    const [first = 0, second = 0] = rate(podTopologySpread, { labels: web }, table(zoned, there), like) ?? [];
    assert.ok(first < second, `${first} < ${second}`);
    assert.equal(rate(podTopologySpread, { labels: web }, table(zoned, there)), undefined);
  });
});

describe('VolumeRestrictions', () => {
  const disk = (volume: object): PodFacts => ({ spec: { volumes: [{ name: 'v', ...volume }] } });
  const gce = (pdName: string, readOnly = false) => ({ gcePersistentDisk: { pdName, readOnly } });
  const rbd = (image: string, more: object = {}) => ({ rbd: { monitors: ['m1', 'm2'], image, pool: 'p', ...more } });
  const refused = 'node(s) had no available disk';
  const cases: [string, object, object, string][] = [
    ['the same GCE disk', gce('a'), gce('a'), refused],
    ['which both only read', gce('a', true), gce('a', true), ''],
    ['which one of them writes', gce('a', true), gce('a'), refused],
    ['another', gce('a'), gce('b'), ''],
    [
      'the same EBS volume',
      { awsElasticBlockStore: { volumeID: 'a', readOnly: true } },
      { awsElasticBlockStore: { volumeID: 'a', readOnly: true } },
      refused,
    ],
    [
      'the same iSCSI name',
      { iscsi: { iqn: 'a', lun: 0, targetPortal: 't' } },
      { iscsi: { iqn: 'a', lun: 1, targetPortal: 'u' } },
      refused,
    ],
    ['the same RBD image', rbd('a'), rbd('a', { monitors: ['m2'] }), refused],
    ['of another pool', rbd('a'), rbd('a', { pool: 'q' }), ''],
    ['of other monitors', rbd('a'), rbd('a', { monitors: ['m3'] }), ''],
  ];
  for (const [name, wanted, used, expected] of cases)
    it(name, () =>
      assert.deepEqual(judge(named('VolumeRestrictions'), disk(wanted), table([node('n')], { n: [pod('old', disk(used))] })), [expected]),
    );
});

describe('ImageLocality and InterPodAffinity, as upstream counts', () => {
  it('images of volumes count', () => {
    const nodes = withNodes({ images: [{ names: ['data:latest'], sizeBytes: 2_000 * 1024 * 1024 }] });
    assert.deepEqual(rate(imageLocality, { spec: { volumes: [{ name: 'v', image: { reference: 'data' } }] } }, nodes), [100]);
  });

  it('shares are cut off in floating point', () => {
    const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { a: 'b' } } };
    const preferred = { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }] } };
    const some = (count: number, on: string) => Array.from({ length: count }, (_, i) => pod(`${on}${i}`, { labels: { a: 'b' } }));
    const nodes = table([node('n0'), node('n1'), node('n2')], { n1: some(29, 'x'), n2: some(50, 'y') });
    assert.deepEqual(rate(interPodAffinity, { spec: { affinity: preferred } }, nodes), [0, 57, 100]);
  });

  it('pods on nodes without all labels of the constraints do not count', () => {
    const constraint = (topologyKey: string) => ({
      ...{ maxSkew: 1, topologyKey, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { a: 'b' } } },
    });
    const spec = { topologySpreadConstraints: [constraint('zone'), constraint('rack')] };
    const nodes = table(
      [
        node('n0', { labels: { zone: 'z', rack: '1' } }),
        node('n1', { labels: { zone: 'y', rack: '2' } }),
        node('n2', { labels: { zone: 'z' } }),
      ],
      { n2: [pod('old', { labels: { a: 'b' } })] },
    );
    assert.deepEqual(rate(podTopologySpread, { labels: { a: 'b' }, spec }, nodes), [100, 100, 0]);
  });
});
