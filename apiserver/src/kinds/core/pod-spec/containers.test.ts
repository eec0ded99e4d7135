import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problems } from '../../../testing/exercise.ts';
import { podKind } from '../pod.ts';

const main = { name: 'main', image: 'app:1' };

/** A row: what the container has besides its name and image, and what it is refused with. Below the container, unless with a leading `^`. */
type Row = readonly [container: object, ...problems: string[]];

function check(rows: readonly Row[], spec: object = {}): void {
  for (const [container, ...expected] of rows)
    assert.deepEqual(
      problems(podKind, { spec: { containers: [{ ...main, ...container }], ...spec } }),
      expected.map((problem) => (problem.startsWith('^') ? problem.slice(1) : `spec.containers[0].${problem}`)),
      JSON.stringify(container),
    );
}

test('images and messages', () => {
  check([
    [{ image: '' }, 'image: Required value'],
    [{ image: ' a ' }, 'image: Invalid value: " a ": must not have leading or trailing whitespace'],
    [{ imagePullPolicy: 'Often' }, 'imagePullPolicy: Unsupported value: "Often": supported values: "Always", "IfNotPresent", "Never"'],
    [
      { terminationMessagePolicy: 'Mail' },
      'terminationMessagePolicy: Unsupported value: "Mail": supported values: "File", "FallbackToLogsOnError"',
    ],
  ]);
});

test('ports', () => {
  const ports = (...list: object[]) => ({ ports: list.map((port) => ({ containerPort: 80, ...port })) });
  check([
    [ports({ name: 'http' }, { name: 'http' }), 'ports[1].name: Duplicate value: "http"'],
    [ports({ name: 'a'.repeat(16) }), `ports[0].name: Invalid value: "${'a'.repeat(16)}": must be no more than 15 characters`],
    [ports({ containerPort: 0 }), 'ports[0].containerPort: Required value'],
    [ports({ containerPort: 65536 }), 'ports[0].containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive'],
    [ports({ protocol: 'ICMP' }), 'ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"'],
    [ports({ hostPort: 1 }, { hostPort: 1 }), 'ports[1].hostPort: Duplicate value: "TCP//1"'],
    [ports({ hostPort: 1 }, { hostPort: 1, protocol: 'UDP' })],
  ]);
  check(
    [[ports({ hostPort: 81 }), 'ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true'], [ports({})]],
    {
      hostNetwork: true,
    },
  );
});

const fields =
  'supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"';
const resources =
  'supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"';

test('variables', () => {
  const from = (valueFrom: object, more: object = {}) => ({ env: [{ name: 'A', valueFrom, ...more }] });
  const at = 'env[0].valueFrom';
  check([
    [{ env: [{ name: '' }] }, 'env[0].name: Required value'],
    [
      { env: [{ name: 'a=b' }] },
      'env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than \'=\'',
    ],
    [from({ fieldRef: { fieldPath: "metadata.labels['a.b/c']" } })],
    [from({ fieldRef: { fieldPath: 'metadata.labels' } }), `${at}.fieldRef.fieldPath: Unsupported value: "metadata.labels": ${fields}`],
    [
      from({ fieldRef: { fieldPath: 'metadata.owner' } }),
      `${at}.fieldRef.fieldPath: Invalid value: "metadata.owner": error converting fieldPath: field label not supported: metadata.owner`,
    ],
    [from({ fieldRef: { fieldPath: "metadata.name['a']" } }), `${at}.fieldRef: Invalid value: "metadata.name": does not support subscript`],
    [
      from({ fieldRef: { apiVersion: 'v2', fieldPath: 'metadata.name' } }),
      `${at}.fieldRef.fieldPath: Invalid value: "metadata.name": error converting fieldPath: unsupported pod version: v2`,
    ],
    [from({ resourceFieldRef: { resource: 'limits.hugepages-2Mi', divisor: '1Mi' } })],
    [
      from({ resourceFieldRef: { resource: 'limits.gpu' } }),
      `${at}.resourceFieldRef.resource: Unsupported value: "limits.gpu": ${resources}`,
    ],
    [
      from({ resourceFieldRef: { resource: 'limits.cpu', divisor: '2' } }),
      `${at}.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
    ],
    [from({ secretKeyRef: { name: 's', key: '..' } }), `${at}.secretKeyRef.key: Invalid value: "..": must not be '..'`],
    [from({ configMapKeyRef: { name: 'c' } }), `${at}.configMapKeyRef.key: Required value`],
    [
      from({}),
      `${at}: Invalid value: "": must specify one of: \`fieldRef\`, \`resourceFieldRef\`, \`configMapKeyRef\`, \`secretKeyRef\` or \`fileKeyRef\``,
    ],
    [
      from({ configMapKeyRef: { name: 'c', key: 'k' } }, { value: 'v' }),
      `${at}: Invalid value: "": may not be specified when \`value\` is not empty`,
    ],
    [
      from({ configMapKeyRef: { name: 'c', key: 'k' }, secretKeyRef: { name: 'c', key: 'k' } }),
      `${at}: Invalid value: "": may not have more than one field specified at a time`,
    ],
    [{ envFrom: [{}] }, 'envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'],
    [{ envFrom: [{ configMapRef: {} }] }, 'envFrom[0].configMapRef.name: Required value'],
  ]);
});

test('variables out of files', () => {
  const from = (more: object = {}) => ({
    env: [{ name: 'A', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'env', key: 'k', ...more } } }],
  });
  const at = 'env[0].valueFrom.fileKeyRef';
  const volumes = [
    { name: 'v', emptyDir: {} },
    { name: 's', secret: { secretName: 's' } },
  ];
  check(
    [
      [from()],
      [from({ volumeName: 'x' }), `${at}.volumeName: Not found: "x"`],
      [from({ volumeName: 's' }), `${at}.volumeName: Invalid value: "s": referenced volume must be of type emptyDir`],
      [from({ path: '/env' })],
      [from({ path: 'a/../b' }), `${at}.path: Invalid value: "a/../b": must not contain '..'`],
      [from({ volumeName: '' }), `${at}.volumeName: Required value`, `${at}.volumeName: Not found: ""`],
      [from({ key: '' }), `${at}.key: Required value`],
    ],
    { volumes },
  );
});

test('mounts and devices', () => {
  const mount = (...list: object[]) => ({ volumeMounts: list.map((one) => ({ name: 'v', mountPath: '/v', ...one })) });
  const device = (...list: object[]) => ({ volumeDevices: list.map((one) => ({ name: 'c', devicePath: '/dev/c', ...one })) });
  const volumes = [
    { name: 'v', emptyDir: {} },
    { name: 'c', persistentVolumeClaim: { claimName: 'c' } },
    { name: 'i', image: { reference: 'a' } },
  ];
  const rows: Row[] = [
    [mount({ subPath: 'a' }, { mountPath: '/w', readOnly: true, recursiveReadOnly: 'Enabled', mountPropagation: 'None' })],
    [mount({ name: 'x' }), 'volumeMounts[0].name: Not found: "x"'],
    [mount({ mountPath: '' }), 'volumeMounts[0].mountPath: Required value'],
    [mount({}, {}), 'volumeMounts[1].mountPath: Invalid value: "/v": must be unique'],
    [mount({ subPath: '/a' }), 'volumeMounts.subPath: Invalid value: "/a": must be a relative path'],
    [mount({ subPathExpr: '../a' }), 'volumeMounts.subPathExpr: Invalid value: "../a": must not contain \'..\''],
    [
      mount({ subPath: 'a', subPathExpr: 'b' }),
      'volumeMounts[0].subPathExpr: Invalid value: "b": subPathExpr and subPath are mutually exclusive',
    ],
    [
      mount({ mountPropagation: 'Bidirectional' }),
      'volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers',
    ],
    [{ ...mount({ mountPropagation: 'Bidirectional' }), securityContext: { privileged: true } }],
    [
      mount({ mountPropagation: 'Both' }),
      'volumeMounts.mountPropagation: Unsupported value: "Both": supported values: "Bidirectional", "HostToContainer", "None"',
    ],
    [mount({ recursiveReadOnly: 'Enabled' }), 'volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true'],
    [
      mount({ recursiveReadOnly: 'IfPossible', readOnly: true, mountPropagation: 'HostToContainer' }),
      'volumeMounts.recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified',
    ],
    [device({})],
    [
      device({ name: 'v' }),
      'volumeDevices[0].name: Invalid value: "v": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
    ],
    [device({ devicePath: '/a/../b' }), 'volumeDevices[0].devicePath: Invalid value: "/a/../b": can not contain backsteps (\'..\')'],
    [
      { ...mount({ name: 'c' }), ...device({}) },
      'volumeMounts[0].name: Invalid value: "c": must not already exist in volumeDevices',
      'volumeDevices[0].name: Invalid value: "c": must not already exist in volumeMounts',
    ],
  ];
  check(rows, { volumes });
});

test('probes and hooks', () => {
  const httpGet = { port: 80 };
  const live = (probe: object) => ({ livenessProbe: probe });
  const at = 'livenessProbe';
  check([
    [{ livenessProbe: { httpGet }, readinessProbe: { grpc: { port: 1 } }, startupProbe: { tcpSocket: { port: 'http' } } }],
    [live({}), `${at}: Required value: must specify a handler type`],
    [live({ exec: { command: ['a'] }, httpGet }), `${at}.httpGet: Forbidden: may not specify more than 1 handler type`],
    [live({ exec: {} }), `${at}.exec.command: Required value`],
    [live({ httpGet: { port: 0 } }), `${at}.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive`],
    [live({ httpGet: { port: 1, scheme: 'FTP' } }), `${at}.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"`],
    [live({ httpGet, periodSeconds: -1 }), `${at}.periodSeconds: Invalid value: -1: must be greater than or equal to 0`],
    [live({ httpGet, successThreshold: 2 }), `${at}.successThreshold: Invalid value: 2: must be 1`],
    [live({ httpGet, terminationGracePeriodSeconds: 0 }), `${at}.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0`],
    [
      { readinessProbe: { httpGet, terminationGracePeriodSeconds: 1 } },
      'readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes',
    ],
    [{ lifecycle: { preStop: { sleep: { seconds: 0 } } } }],
    [
      { lifecycle: { preStop: { sleep: { seconds: 31 } } } },
      'lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)',
    ],
  ]);
});

test('resources', () => {
  const of = (requests: object, limits: object = {}, more: object = {}) => ({ resources: { requests, limits, ...more } });
  check([
    [of({ cpu: '1', memory: '1Gi', 'example.com/gpu': '1' }, { cpu: '2', 'example.com/gpu': '1' })],
    [of({ cpu: '2' }, { cpu: '1' }), 'resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    [of({ 'example.com/gpu': '1' }), 'resources.limits: Required value: Limit must be set for non overcommitable resources'],
    [
      of({ 'example.com/gpu': '1' }, { 'example.com/gpu': '2' }),
      'resources.requests: Invalid value: "1": must be equal to example.com/gpu limit of 2',
    ],
    [
      of({ 'example.com/gpu': '500m' }, { 'example.com/gpu': '500m' }),
      'resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer',
      'resources.requests[example.com/gpu]: Invalid value: "500m": must be an integer',
    ],
    [
      of({ gpu: '1' }),
      'resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
      'resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
    ],
    [of({ storage: '1' }), 'resources.requests[storage]: Invalid value: "storage": must be a standard resource for containers'],
    [of({ memory: '-1' }), 'resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0'],
    [of({ 'hugepages-2Mi': '4Mi' }, { 'hugepages-2Mi': '4Mi' }), 'resources: Forbidden: HugePages require cpu or memory'],
    [
      of({ cpu: '1' }, { 'hugepages-2Mi': '3Mi' }),
      'resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
      'resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
    ],
    [
      of({}, {}, { claims: [{ name: 'a' }] }),
      'resources.claims[0]: Not found: "a": must be one of the names in pod.spec.resourceClaims which is empty',
    ],
  ]);
  const claimed = (...claims: object[]) => of({}, {}, { claims });
  check(
    [
      [claimed({ name: 'a', request: 'x' }, { name: 'a', request: 'y' })],
      [claimed({ name: 'a' }, { name: 'a' }), 'resources.claims[1]: Duplicate value: "a"'],
      [claimed({ name: 'a', request: 'x' }, { name: 'a' }), 'resources.claims[1]: Duplicate value: "a"'],
      [claimed({ name: 'b' }), 'resources.claims[0]: Not found: "b": must be one of the names in pod.spec.resourceClaims: a'],
    ],
    { resourceClaims: [{ name: 'a', resourceClaimName: 'r' }] },
  );
});

test('resources of the pod as a whole', () => {
  const pod = (resources: object, container: object = {}) =>
    problems(podKind, { spec: { containers: [{ ...main, resources: container }], resources } });
  assert.deepEqual(pod({ requests: { cpu: '1' }, limits: { cpu: '2' } }, { requests: { cpu: '500m' }, limits: { cpu: '1' } }), []);
  assert.deepEqual(pod({ requests: { cpu: '1' } }, { requests: { cpu: '2' } }), [
    'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2',
  ]);
  assert.deepEqual(
    pod({ limits: { memory: '1Gi' }, requests: { memory: '1Gi' } }, { limits: { memory: '2Gi' }, requests: { memory: '1Gi' } }),
    ['spec.resources.containers[0][memory].limits: Invalid value: "2Gi": must be less than or equal to pod limits of 1Gi'],
  );
  assert.deepEqual(pod({ limits: { 'ephemeral-storage': '1Gi' } }), [
    'spec.resources.limits[ephemeral-storage]: Unsupported value: "ephemeral-storage": supported values: "cpu", "hugepages-", "memory"',
  ]);
  const pages = { memory: '1Gi', 'hugepages-2Mi': '4Mi' };
  assert.deepEqual(
    pod(
      { requests: { ...pages, 'hugepages-2Mi': '2Mi' }, limits: { ...pages, 'hugepages-2Mi': '2Mi' } },
      { requests: pages, limits: pages },
    ),
    [
      'spec.resources.requests[hugepages-2Mi]: Invalid value: "2Mi": must be greater than or equal to aggregate container requests of 4Mi',
      'spec.resources.limits[hugepages-2Mi]: Invalid value: "2Mi": must be greater than or equal to aggregate container limits of 4Mi',
      'spec.resources.containers[0][hugepages-2Mi].limits: Invalid value: "4Mi": must be less than or equal to pod limits of 2Mi',
    ],
  );
  assert.deepEqual(pod({ requests: { memory: '1Gi' } }, { requests: { 'example.com/gpu': '1' }, limits: { 'example.com/gpu': '1' } }), []);
  assert.deepEqual(pod({ claims: [] }), ['spec.resources.claims: Forbidden: claims may not be set for Resources at pod-level']);
});

test('security contexts', () => {
  const secure = (securityContext: object) => ({ securityContext });
  const at = 'securityContext';
  check([
    [secure({ seccompProfile: { type: 'Localhost', localhostProfile: 'a/b' }, appArmorProfile: { type: 'RuntimeDefault' } })],
    [secure({ runAsUser: -1 }), `${at}.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive`],
    [secure({ procMount: 'All' }), `${at}.procMount: Unsupported value: "All": supported values: "Default", "Unmasked"`],
    [secure({ procMount: 'Unmasked' }), `${at}.procMount: Invalid value: "Unmasked": \`hostUsers\` must be false to use \`Unmasked\``],
    [secure({ seccompProfile: {} }), `${at}.seccompProfile.type: Required value: type is required when seccompProfile is set`],
    [
      secure({ seccompProfile: { type: 'Localhost' } }),
      `${at}.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost`,
    ],
    [
      secure({ seccompProfile: { type: 'Unconfined', localhostProfile: 'a' } }),
      `${at}.seccompProfile.localhostProfile: Invalid value: {"type":"Unconfined","localhostProfile":"a"}: can only be set when seccomp type is Localhost`,
    ],
    [
      secure({ appArmorProfile: { type: 'Localhost', localhostProfile: ' a' } }),
      `${at}.appArmorProfile.localhostProfile: Invalid value: " a": must not be padded with whitespace`,
    ],
    [
      secure({ allowPrivilegeEscalation: false, privileged: true }),
      `${at}: Invalid value: {"allowPrivilegeEscalation":false,"privileged":true}: cannot set \`allowPrivilegeEscalation\` to false and \`privileged\` to true`,
    ],
    [
      secure({ windowsOptions: { runAsUserName: 'a\\b\\c' } }),
      `${at}.windowsOptions.runAsUserName: Invalid value: "a\\\\b\\\\c": runAsUserName cannot contain more than one backslash`,
    ],
  ]);
});

test('init containers, sidecars and ephemeral containers', () => {
  const init = (...initContainers: object[]) => problems(podKind, { spec: { containers: [main], initContainers } });
  const image = 'a:1';
  const livenessProbe = { exec: { command: ['a'] } };
  assert.deepEqual(init({ name: 'a', image, restartPolicy: 'Always', livenessProbe }, { name: 'b', image }), []);
  assert.deepEqual(init({ name: 'main', image }), ['spec.initContainers[0].name: Duplicate value: "main"']);
  assert.deepEqual(init({ name: 'a', image, livenessProbe }), [
    'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
  ]);
  assert.deepEqual(problems(podKind, { spec: { containers: [main, main] } }), ['spec.containers[1].name: Duplicate value: "main"']);
  assert.deepEqual(problems(podKind, { spec: { containers: [] } }), ['spec.containers: Required value']);
});
