import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Pod } from '@keelson/types';
import { type Fixture, startServer } from '../../testing/fixture.ts';
import { podTemplateWarnings, podWarnings } from './pod-warnings.ts';

type Spec = Partial<Pod['spec']>;

const container = { name: 'c', image: 'x' };
const podOf = (spec: Spec, metadata: object = {}): Pod => ({
  metadata: { name: 'p', ...metadata },
  spec: { containers: [container], ...spec },
});
const term = (key: string) => ({ matchExpressions: [{ key, operator: 'Exists' as const }] });
const open = { topologyKey: 'zone' };

const cases: readonly (readonly [what: string, pod: Pod, warnings: readonly string[]])[] = [
  ['nothing', podOf({}), []],
  [
    'labels of nodes that have other names',
    podOf({
      nodeSelector: { 'beta.kubernetes.io/os': 'linux' },
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term('beta.kubernetes.io/arch')] },
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: term('node-role.kubernetes.io/master') }],
        },
      },
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'failure-domain.beta.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule' },
      ],
    }),
    [
      'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead',
      'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key: node-role.kubernetes.io/master is use "node-role.kubernetes.io/control-plane" instead',
      'spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
      'spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod',
    ],
  ],
  [
    'annotations that do nothing',
    podOf(
      {},
      { annotations: { 'scheduler.alpha.kubernetes.io/critical-pod': '', 'container.seccomp.security.alpha.kubernetes.io/c': 'x' } },
    ),
    [
      'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
      'metadata.annotations[container.seccomp.security.alpha.kubernetes.io/c]: non-functional in v1.27+; use the "seccompProfile" field instead',
    ],
  ],
  [
    'volumes of the past, and paths that hide a token',
    podOf({
      volumes: [
        { name: 'g', gitRepo: { repository: 'r' } },
        {
          name: 'p',
          projected: {
            sources: [{ serviceAccountToken: { path: 'token' } }, { configMap: { name: 'm', items: [{ key: 'k', path: 'token' }] } }],
          },
        },
      ],
    }),
    [
      'spec.volumes[0].gitRepo: deprecated in v1.11',
      'spec.volumes[1].projected.sources.configMap[0]: has duplicated path with ServiceAccountToken "token"',
    ],
  ],
  [
    'what stands twice, or has no name',
    podOf({
      hostAliases: [{ ip: '1.1.1.1' }, { ip: '1.1.1.1' }],
      imagePullSecrets: [{ name: 'a' }, { name: 'a' }, { name: '' }],
      containers: [
        {
          ...container,
          env: [
            { name: 'A', value: '1' },
            { name: 'A', value: '$(A)2' },
            { name: 'A', value: '3' },
          ],
        },
      ],
    }),
    [
      'spec.hostAliases[1].ip: duplicate ip "1.1.1.1"',
      'spec.imagePullSecrets[1].name: duplicate name "a"',
      'spec.imagePullSecrets[2].name: invalid empty name ""',
      'spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply',
    ],
  ],
  [
    'parts of bytes',
    podOf({ containers: [{ ...container, resources: { limits: { memory: '1500m' }, requests: { memory: '8Pi' } } }] }),
    ['spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is invalid, must be an integer'],
  ],
  [
    'ports',
    podOf({
      containers: [
        { ...container, ports: [{ containerPort: 80, protocol: 'TCP' }] },
        {
          ...container,
          name: 'd',
          ports: [
            { containerPort: 80, protocol: 'TCP' },
            { containerPort: 80, protocol: 'TCP', hostPort: 8 },
          ],
        },
        { ...container, name: 'e', ports: [{ containerPort: 81, protocol: 'TCP', hostIP: '1.1.1.1' }] },
      ],
    }),
    [
      'spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]',
      'spec.containers[1].ports[1]: overlapping port definition with spec.containers[0].ports[0]',
      'spec.containers[1].ports[1]: overlapping port definition with spec.containers[1].ports[0]',
      'spec.containers[2].ports[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:81 Protocol:TCP HostIP:1.1.1.1}',
    ],
  ],
  [
    'a grace below nothing, affinity to nobody, a name that is no host’s',
    podOf(
      {
        terminationGracePeriodSeconds: -1,
        affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [open] } },
      },
      { name: 'a.b' },
    ),
    [
      "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
      'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
      'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod',
    ],
  ],
];

for (const [what, pod, warnings] of cases) {
  test(`warnings of a pod: ${what}`, () => {
    assert.deepEqual(podWarnings(pod), warnings);
    const template = podTemplateWarnings(pod, 'spec.template').map((text) => text.replaceAll('spec.template.', ''));
    assert.deepEqual(template.slice(0, 1), warnings.filter((text) => !text.startsWith('metadata.name')).slice(0, 1));
  });
}

test('a pod of very many ports and variables is looked through in one walk', () => {
  const many = Array.from({ length: 100_000 }, (_, i) => i);
  const ports = many.map((n) => ({ containerPort: (n % 65_000) + 1, protocol: n < 65_000 ? 'TCP' : 'UDP' }) as const);
  const env = many.map((n) => ({ name: `V${n}`, value: '' }));
  assert.deepEqual(podWarnings(podOf({ containers: [{ ...container, ports, env }] })), []);
  const same = many.map(() => ({ containerPort: 80, protocol: 'TCP' as const }));
  assert.ok(podWarnings(podOf({ containers: [{ ...container, ports: same }] })).length >= 1_000);
});

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

async function warned(method: 'PATCH' | 'POST', path: string, body: object): Promise<string[]> {
  const answer = await server.send(method, path, body, method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {});
  assert.ok(answer.status < 300, answer.text);
  return [answer.headers.warning ?? []].flat().map((text) => text.replace(/^299 - "(.*)"$/, '$1').replaceAll('\\"', '"'));
}

test('who makes or changes a workload is told; who only touches it is not', async () => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { ...podOf({ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }).spec } };
  const path = '/apis/apps/v1/namespaces/default/deployments';
  const told = 'spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead';
  const named =
    'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]';
  const made = await warned('POST', path, { metadata: { name: 'a.b' }, spec: { selector: { matchLabels: { a: 'b' } }, template } });
  assert.deepEqual(made, [named, told]);
  assert.deepEqual(await warned('PATCH', `${path}/a.b`, { spec: { replicas: 2 } }), [told]);
  assert.deepEqual(await warned('PATCH', `${path}/a.b`, { metadata: { labels: { x: 'y' } } }), []);
});

test('services, claims, volumes and ingresses', async () => {
  const ports = [{ port: 80 }];
  const services = '/api/v1/namespaces/default/services';
  assert.deepEqual(
    await warned('POST', services, { metadata: { name: 'one' }, spec: { ports, clusterIP: 'None', sessionAffinity: 'ClientIP' } }),
    ['spec.SessionAffinity is ignored for headless services'],
  );
  assert.deepEqual(await warned('POST', services, { metadata: { name: 'two' }, spec: { ports, externalName: 'x.y' } }), [
    'spec.externalName is ignored when spec.type is not "ExternalName"',
  ]);
  const volume = {
    metadata: { name: 'v' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/x' },
      persistentVolumeReclaimPolicy: 'Recycle',
    },
  };
  assert.match((await warned('POST', '/api/v1/persistentvolumes', volume)).join(), /^spec\.persistentVolumeReclaimPolicy: The Recycle/);
  const ingress = {
    metadata: { name: 'i', annotations: { 'kubernetes.io/ingress.class': 'n' } },
    spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
  };
  assert.deepEqual(await warned('POST', '/apis/networking.k8s.io/v1/namespaces/default/ingresses', ingress), [
    `annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`,
  ]);
});
