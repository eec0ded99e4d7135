import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, problems, statusProblems, updateProblems } from '../../../testing/exercise.ts';
import { podKind } from '../pod.ts';

const containers = [{ name: 'main', image: 'app:1' }];
const backsteps = "must not contain '..'";
const mode = 'must be a number between 0 and 0777 (octal), both inclusive';

/** A row: a volume's source, and what it is refused with, below the volume. */
type Row = readonly [source: object, ...problems: string[]];

function check(rows: readonly Row[]): void {
  for (const [source, ...expected] of rows)
    assert.deepEqual(
      problems(podKind, { spec: { containers, serviceAccountName: 'a', volumes: [{ name: 'v', ...source }] } }),
      expected.map((problem) => `spec.volumes[0]${problem}`),
      JSON.stringify(source),
    );
}

test('one source each, and its own name', () => {
  const claim = { persistentVolumeClaim: { claimName: 'c' } };
  check([
    [{}],
    [{ emptyDir: {}, hostPath: { path: '/a' } }, '.hostPath: Forbidden: may not specify more than 1 volume type'],
    [{ emptyDir: { sizeLimit: '-1' } }, '.emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity'],
    [{ persistentVolumeClaim: {} }, '.persistentVolumeClaim.claimName: Required value'],
  ]);
  const volumes = [
    { name: 'a', ...claim },
    { name: 'a', ...claim },
    { name: '', ...claim },
  ];
  assert.deepEqual(problems(podKind, { spec: { containers, volumes } }), [
    'spec.volumes[1].name: Duplicate value: "a"',
    'spec.volumes[2].name: Required value',
  ]);
  const mounting = [{ ...containers[0], volumeMounts: [{ name: 'a', mountPath: '/a' }] }];
  assert.deepEqual(problems(podKind, { spec: { containers: mounting, volumes: [{ name: 'a', hostPath: { path: '' } }] } }), [
    'spec.volumes[0].hostPath.path: Required value',
    'spec.containers[0].volumeMounts[0].name: Not found: "a"',
  ]);
});

test('files the cluster writes', () => {
  const items = (...list: object[]) => ({ configMap: { name: 'c', items: list } });
  const projected = (...sources: object[]) => ({ projected: { sources } });
  const token = (more: object) => projected({ serviceAccountToken: { path: 'token', ...more } });
  check([
    [{ secret: { secretName: 's', defaultMode: 0o400 } }],
    [{ secret: {} }, '.secret.secretName: Required value'],
    [{ secret: { secretName: 's', defaultMode: 0o1000 } }, `.secret.defaultMode: Invalid value: 512: ${mode}`],
    [{ configMap: {} }, '.configMap.name: Required value'],
    [items({ key: 'a', path: '/a' }), '.configMap.items[0].path: Invalid value: "/a": must be a relative path'],
    [items({ key: 'a', path: 'a/../b' }), `.configMap.items[0].path: Invalid value: "a/../b": ${backsteps}`],
    [items({ key: 'a', path: '..a' }), '.configMap.items[0].path: Invalid value: "..a": must not start with \'..\''],
    [{ downwardAPI: { items: [{ path: 'a' }] } }, '.downwardAPI: Required value: one of fieldRef and resourceFieldRef is required'],
    [
      { downwardAPI: { items: [{ path: 'a', resourceFieldRef: { resource: 'limits.cpu' } }] } },
      '.downwardAPI.resourceFieldRef.containerName: Required value',
    ],
    [
      { downwardAPI: { items: [{ path: 'a', fieldRef: { fieldPath: 'status.podIP' } }] } },
      '.downwardAPI.fieldRef.fieldPath: Unsupported value: "status.podIP": supported values: "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"',
    ],
    [projected({ secret: { name: 's' } }, { configMap: { name: 'c' } })],
    [
      projected({ secret: { name: 's' }, configMap: { name: 'c' } }),
      '.projected.sources[0]: Forbidden: may not specify more than 1 volume type per source',
    ],
    [
      projected(
        { configMap: { name: 'c', items: [{ key: 'a', path: 'x' }] } },
        { secret: { name: 's', items: [{ key: 'a', path: 'x' }] } },
      ),
      '.projected: Invalid value: "s": conflicting duplicate paths',
    ],
    [
      token({ expirationSeconds: 599 }),
      '.projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
    ],
    [token({ path: '' }), '.projected.path: Required value'],
  ]);
});

test('disks, and directories of the node', () => {
  check([
    [{ hostPath: { path: '/a', type: 'Directory' } }],
    [{ hostPath: {} }, '.hostPath.path: Required value'],
    [{ hostPath: { path: '/a/../b' } }, `.hostPath.path: Invalid value: "/a/../b": ${backsteps}`],
    [
      { hostPath: { path: '/a', type: 'Pipe' } },
      '.hostPath.type: Unsupported value: "Pipe": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
    ],
    [{ nfs: { server: 'a', path: 'b' } }, '.nfs.path: Invalid value: "b": must be an absolute path'],
    [{ gitRepo: { repository: 'a', directory: '/b' } }, '.gitRepo.directory: Invalid value: "/b": must be a relative path'],
    [
      { gcePersistentDisk: { pdName: 'a', partition: 256 } },
      '.persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive',
    ],
    [{ iscsi: { targetPortal: '1.2.3.4', iqn: 'iqn.2015-02.example.com:test', lun: 1 } }],
    [
      { iscsi: { targetPortal: '1.2.3.4', iqn: 'abc', lun: 256 } },
      '.iscsi.iqn: Invalid value: "abc": must be valid format starting with iqn, eui, or naa',
      '.iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive',
    ],
    [{ fc: {} }, '.fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both'],
    [{ glusterfs: {} }, '.glusterfs.endpoints: Required value', '.glusterfs.path: Required value'],
    [{ rbd: { image: 'a' } }, '.rbd.monitors: Required value'],
    [
      { flexVolume: { driver: 'a', options: { 'kubernetes.io/x': '1' } } },
      '.flexVolume.options[kubernetes.io/x]: Invalid value: "kubernetes.io/x": kubernetes.io and k8s.io namespaces are reserved',
    ],
    [
      { quobyte: { registry: 'a', volume: 'v' } },
      '.quobyte.registry: Invalid value: "a": must be a host:port pair or multiple pairs separated by commas',
    ],
    [{ csi: { driver: 'a.b' } }],
    [{ csi: { driver: '' } }, '.csi.driver: Required value'],
  ]);
});

test('claims made for a pod, and images', () => {
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const claim = (volumeClaimTemplate?: object) => ({ ephemeral: { volumeClaimTemplate } });
  check([
    [claim({ metadata: { labels: { a: 'b' } }, spec })],
    [claim(), '.ephemeral.volumeClaimTemplate: Required value'],
    [claim({ metadata: { name: 'x' }, spec }), '.ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set'],
    [
      claim({ spec: { ...spec, accessModes: [] } }),
      '.ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required',
    ],
    [{ image: { reference: 'a' } }],
    [{ image: {} }, '.image.reference: Required value'],
  ]);
  const volumes = [{ name: 'v', image: { reference: 'a:1' } }];
  assert.equal(created(podKind, { spec: { containers, volumes } }).spec.volumes?.[0]?.image?.pullPolicy, 'IfNotPresent');
  const projected = { sources: [{ serviceAccountToken: { path: 'a' } }] };
  assert.deepEqual(problems(podKind, { spec: { containers, volumes: [{ name: 'v', projected }] } }), [
    'spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set',
  ]);
});

test('annotations', () => {
  const annotated = (annotations: object, spec: object = {}) =>
    problems(podKind, { metadata: { annotations }, spec: { containers, ...spec } });
  const at = 'metadata.annotations';
  assert.deepEqual(annotated({ 'kubernetes.io/config.mirror': 'x' }), [
    `${at}[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set`,
  ]);
  for (const cost of ['1.5', '01', '+1', '2147483648', 'many'])
    assert.deepEqual(annotated({ 'controller.kubernetes.io/pod-deletion-cost': cost }), [
      `${at}[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "${cost}": must be a 32bit integer`,
    ]);
  assert.deepEqual(annotated({ 'container.apparmor.security.beta.kubernetes.io/other': 'runtime/default' }), [
    `${at}[container.apparmor.security.beta.kubernetes.io/other]: Invalid value: "other": container not found`,
  ]);
  assert.deepEqual(
    annotated(
      { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' },
      { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
    ),
    ['spec.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match'],
  );
});

test('what of a pod changes', () => {
  const pod = { spec: { containers, activeDeadlineSeconds: 10, tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute' }] } };
  const change = (spec: object) => updateProblems(podKind, pod, (next) => Object.assign(next.spec, spec));
  assert.deepEqual(change({ activeDeadlineSeconds: 5 }), []);
  assert.deepEqual(change({ activeDeadlineSeconds: 11 }), [
    'spec.activeDeadlineSeconds: Invalid value: 11: must be less than or equal to previous value',
  ]);
  assert.deepEqual(change({ activeDeadlineSeconds: undefined }), [
    'spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value',
  ]);
  const held = { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 };
  assert.deepEqual(change({ tolerations: [held, { operator: 'Exists' }] }), []);
  assert.deepEqual(change({ tolerations: [] }), [
    'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
  ]);
  const [main] = change({ containers: [...containers, { name: 'b', image: 'b' }] });
  assert.equal(main, 'spec.containers: Forbidden: pod updates may not add or remove containers');
  assert.match(change({ hostname: 'x' })[0] ?? '', /^spec: Forbidden: pod updates may not change fields other than `spec.containers/);
});

test('what a status may say', () => {
  const pod = { spec: { containers, restartPolicy: 'Never' } };
  const status = (next: object, before: object = {}) => statusProblems(podKind, pod, next, before);
  const address = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
  assert.deepEqual(status({ podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], hostIP: '1.1.1.1', hostIPs: [{ ip: '1.1.1.1' }] }), []);
  assert.deepEqual(status({ podIPs: [{ ip: 'x' }] }), [`status.podIPs[0]: Invalid value: "x": ${address}`]);
  assert.deepEqual(status({ qosClass: 'Guaranteed' }, { qosClass: 'BestEffort' }), [
    'status.qosClass: Invalid value: "Guaranteed": field is immutable',
  ]);
  const ended = { containerStatuses: [{ name: 'main', state: { terminated: { exitCode: 1 } } }] };
  assert.deepEqual(status({ containerStatuses: [{ name: 'main', state: { running: {} } }] }, ended), [
    'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
  ]);
});
