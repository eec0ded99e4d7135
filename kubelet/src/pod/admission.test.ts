import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '@keelson/base';
import type { Node, Pod } from '@keelson/types';
import { type AdmissionFacts, admit, type Candidate } from './admission.ts';
import { choosePreempted } from './preemption.ts';
import { requests } from './room.ts';
import { sysctlAllowlist, sysctlName } from './sysctls.ts';
import { testPod } from './testpod.ts';

const node = (change: { labels?: object; taints?: object[]; allocatable?: object } = {}): Node =>
  ({
    metadata: { name: 'n1', labels: { disk: 'ssd', ...change.labels } },
    spec: { taints: change.taints ?? [] },
    status: { allocatable: { cpu: '2', memory: '1Gi', pods: '3', 'example.com/chip': '2', ...change.allocatable } },
  }) as unknown as Node;

const facts = (change: Partial<AdmissionFacts> = {}): AdmissionFacts => ({
  node: node(),
  pressures: [],
  sysctls: sysctlAllowlist(['kernel.msg*']),
  appArmor: false,
  ...change,
});

const candidate = (spec: object = {}, change: Partial<Candidate> = {}): Candidate => {
  const pod = change.pod ?? testPod({ nodeName: 'n1', ...spec });
  return { occupied: () => pod, isStatic: false, begun: false, ...change, pod };
};
const asking = (amounts: object, more: object = {}): object => ({
  containers: [{ name: 'app', resources: { requests: amounts } }],
  ...more,
});
const listening = (...ports: object[]): object => ({ containers: [{ name: 'app', ports }] });
const labelled = (labels: object): Candidate => candidate({}, { pod: testPod({}, { labels }) });
const context = (securityContext: object, more: object = {}): object => ({ securityContext, ...more });
const sysctl = (name: string, more: object = {}): object => context({ sysctls: [{ name, value: '1' }] }, more);

function why(one: Candidate, others: readonly Candidate[] = [], change: Partial<AdmissionFacts> = {}): string {
  const { rejection } = admit(one, others, facts(change));
  return rejection ? `${rejection.reason}: ${rejection.message}` : 'taken';
}

const ports = "NodePorts: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
const affinity = "NodeAffinity: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector";
const taint = "TaintToleration: Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate";
const short = (resource: string, requested: number, used: number, capacity: number): string =>
  `OutOf${resource}: Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;

describe('a node takes', () => {
  const noExecute = [{ key: 'k', effect: 'NoExecute' }];
  const required = (key: string): object => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'Exists' }] }] },
      },
    },
  });
  const cases: readonly [what: string, got: string, wanted: string][] = [
    ['a plain pod', why(candidate()), 'taken'],
    ['nothing where nobody knows the node', why(candidate(), [], { node: undefined }), 'InvalidNodeInfo: Kubelet cannot get node info.'],
    ['cpu that is there', why(candidate(asking({ cpu: '1500m' })), [candidate(asking({ cpu: '500m' }))]), 'taken'],
    ['no more cpu', why(candidate(asking({ cpu: '1501m' })), [candidate(asking({ cpu: '500m' }))]), short('cpu', 1501, 500, 2000)],
    ['no more memory', why(candidate(asking({ memory: '2Gi' }))), short('memory', 2 ** 31, 0, 2 ** 30)],
    ['cpu before memory', why(candidate(asking({ memory: '2Gi', cpu: '3' }))), short('cpu', 3000, 0, 2000)],
    ['no more pods', why(candidate(), [candidate(), candidate(), candidate()]), short('pods', 1, 3, 3)],
    ['pieces', why(candidate(asking({ 'example.com/chip': '3' }))), short('example.com/chip', 3, 0, 2)],
    ['pieces that are the cluster’s', why(candidate(asking({ 'example.com/license': '3' }))), 'taken'],
    ['no pages it has not', why(candidate(asking({ 'hugepages-2Mi': '2Mi' }))), short('hugepages-2Mi', 2 ** 21, 0, 0)],
    ['a selector', why(candidate({ nodeSelector: { disk: 'ssd' } })), 'taken'],
    ['no other selector', why(candidate({ nodeSelector: { disk: 'hdd' } })), affinity],
    ['no other affinity', why(candidate(required('gpu'))), affinity],
    ['what began before the labels', why(candidate(required('gpu'), { begun: true })), 'taken'],
    [
      'no pod of another node',
      why(candidate({ nodeName: 'n2' })),
      "NodeName: Predicate NodeName failed: node(s) didn't match the requested node name",
    ],
    ['nobody it sends away', why(candidate(), [], { node: node({ taints: noExecute }) }), taint],
    ['who tolerates that', why(candidate({ tolerations: [{ operator: 'Exists' }] }), [], { node: node({ taints: noExecute }) }), 'taken'],
    ['static pods nevertheless', why(candidate({}, { isStatic: true }), [], { node: node({ taints: noExecute }) }), 'taken'],
    ['pods of its system', why(labelled({ 'kubernetes.io/os': 'linux' })), 'taken'],
    [
      'no other label',
      why(labelled({ 'kubernetes.io/os': 'windows' })),
      "PodOSSelectorNodeLabelDoesNotMatch: Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    ],
    [
      'no other system',
      why(candidate({ os: { name: 'windows' } })),
      "PodOSNotSupported: Failed to admit pod as the OS field doesn't match node OS",
    ],
    [
      'no strict groups',
      why(candidate(context({ supplementalGroupsPolicy: 'Strict' }))),
      'SupplementalGroupsPolicyNotSupported: SupplementalGroupsPolicy=Strict is not supported in this node',
    ],
    [
      'no profiles without AppArmor',
      why(candidate(context({ appArmorProfile: { type: 'RuntimeDefault' } }))),
      'AppArmor: Cannot enforce AppArmor: AppArmor is not enabled on the host',
    ],
    ['profiles with it', why(candidate(context({ appArmorProfile: { type: 'RuntimeDefault' } })), [], { appArmor: true }), 'taken'],
    ['none asked for', why(candidate(context({ appArmorProfile: { type: 'Unconfined' } }))), 'taken'],
  ];
  for (const [what, got, wanted] of cases) test(what, () => assert.equal(got, wanted));
});

test('host ports: each on one address or on all', () => {
  const cases: readonly [object, object, taken: boolean][] = [
    [{ hostPort: 80 }, { hostPort: 80 }, true],
    [{ hostPort: 80 }, { hostPort: 81 }, false],
    [{ hostPort: 80 }, { hostPort: 80, protocol: 'UDP' }, false],
    [{ hostPort: 80, hostIP: '127.0.0.1' }, { hostPort: 80, hostIP: '127.0.0.2' }, false],
    [{ hostPort: 80, hostIP: '127.0.0.1' }, { hostPort: 80, hostIP: '127.0.0.1' }, true],
    [{ hostPort: 80, hostIP: '127.0.0.1' }, { hostPort: 80 }, true],
    [{ hostPort: 80, hostIP: '0.0.0.0' }, { hostPort: 80, hostIP: '127.0.0.1' }, true],
    [{ containerPort: 80 }, { containerPort: 80 }, false],
  ];
  for (const [one, other, taken] of cases)
    assert.equal(why(candidate(listening(one)), [candidate(listening(other))]), taken ? ports : 'taken', JSON.stringify([one, other]));
  const sidecar = { initContainers: [{ name: 's', restartPolicy: 'Always', ports: [{ hostPort: 80 }] }] };
  assert.equal(why(candidate(listening({ hostPort: 80 })), [candidate(sidecar)]), ports);
});

test('a node under pressure', () => {
  const under = (one: Candidate, ...pressures: string[]): string => why(one, [], { pressures });
  const refused = (list: string): string => `Evicted: The node had condition: [${list}]. `;
  const burstable = candidate(asking({ cpu: '1m' }));
  const tolerant = candidate({ tolerations: [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' }] });
  assert.equal(under(candidate(), 'MemoryPressure'), refused('MemoryPressure'));
  assert.equal(under(burstable, 'MemoryPressure'), 'taken');
  assert.equal(under(tolerant, 'MemoryPressure'), 'taken');
  assert.equal(under(burstable, 'DiskPressure', 'MemoryPressure'), refused('DiskPressure MemoryPressure'));
  assert.equal(under(candidate({ priority: 2_000_001_000 }), 'DiskPressure'), 'taken');
});

test('kernel settings', () => {
  const forbidden = (text: string): string => `SysctlForbidden: forbidden sysctl: ${text}`;
  assert.equal(why(candidate(sysctl('kernel.shm_rmid_forced'))), 'taken');
  assert.equal(why(candidate(sysctl('kernel/shm_rmid_forced'))), 'taken');
  assert.equal(why(candidate(sysctl('kernel.msgmax'))), 'taken');
  assert.equal(why(candidate(sysctl('kernel.sem'))), forbidden('"kernel.sem" not allowlisted'));
  const shared = candidate(sysctl('net.ipv4.tcp_syncookies', { hostNetwork: true }));
  assert.equal(why(shared), forbidden('"net.ipv4.tcp_syncookies" not allowed with host net enabled'));
  assert.equal(why(candidate(sysctl('kernel.msgmax', { hostIPC: true }))), forbidden('"kernel.msgmax" not allowed with host ipc enabled'));
  assert.equal(sysctlName('net/ipv4/conf/eth0.100/forwarding'), 'net.ipv4.conf.eth0/100.forwarding');
  assert.throws(() => sysctlAllowlist(['vm.*']), /the sysctls "vm\.\*" are not known to be namespaced/);
  assert.throws(() => sysctlAllowlist(['kernel.hostname']), /the sysctl "kernel.hostname" are not known to be namespaced/);
});

describe('a critical pod', () => {
  const critical = (spec: object): Candidate => candidate({ ...spec, priority: 2_000_000_000 });
  const sized = (name: string, cpu: string, more: object = {}): Candidate =>
    candidate({}, { pod: testPod(asking({ cpu }, more), { name }) });
  const gone = (one: Candidate, others: readonly Candidate[]): unknown =>
    admit(one, others, facts({ node: node({ allocatable: { pods: '20' } }) })).preempted.map(({ pod }) => pod.metadata?.name);

  test('has others go, as few as can be', () => {
    const others = [sized('a', '300m'), sized('b', '1'), sized('c', '600m')];
    assert.deepEqual(gone(critical(asking({ cpu: '1' })), others), ['b']);
    assert.deepEqual(gone(critical(asking({ cpu: '100m' })), others), []);
  });

  test('is turned away for anything but resources', () => {
    assert.equal(why(critical({ ...asking({ cpu: '9' }), nodeSelector: { disk: 'hdd' } })), affinity);
  });

  test('is turned away where even all the others do not suffice', () => {
    const rejection = why(critical(asking({ cpu: '3' })), [sized('a', '1'), sized('b', '1', { priority: 2_000_001_000 })]);
    assert.match(rejection, /^UnexpectedAdmissionError: Unexpected error .* reclaim resources: \[\(res: cpu, q: 3000\), \]$/);
  });
});

test('whoever is preempted frees what is lacking, and nobody is preempted in vain', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    const amount = (): number => Math.floor(random.next() * 10);
    const pods: Pod[] = Array.from({ length: 6 }, (_, i) => {
      const requested = { cpu: String(amount()), memory: String(amount()) };
      const limits = amount() < 5 ? requested : {};
      return testPod({ containers: [{ name: 'app', resources: { requests: requested, limits } }] }, { name: `p${i}` });
    });
    const lacking = [
      { resource: 'cpu', requested: amount() * 1000 + 1, used: 0, capacity: 0 },
      { resource: 'memory', requested: amount() + 1, used: 0, capacity: 0 },
    ];
    const freed = (from: readonly Pod[], resource: string): number =>
      from.reduce((sum, pod) => sum + (requests(pod).get(resource) ?? 0), 0);
    const enough = (from: readonly Pod[]): boolean => lacking.every(({ resource, requested }) => freed(from, resource) >= requested);
    const chosen = choosePreempted(pods, lacking);
    assert.equal(chosen !== undefined, enough(pods), `seed ${seed}`);
    if (!chosen) continue;
    assert.ok(enough(chosen), `seed ${seed}`);
    assert.equal(new Set(chosen).size, chosen.length, `seed ${seed}`);
  }
});
