import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, Pod, PodTemplateSpec, Probe, ReplicaSet, ReplicationController } from '@keelson/types';
import { alignTabs } from '../printers/tabwriter.ts';
import { containersLines } from './containers.ts';
import type { Lines } from './lines.ts';
import { podLines } from './pod.ts';
import { volumesLines } from './volumes.ts';
import { deploymentLines, replicationControllerLines } from './workload.ts';

/* What upstream's kubectl 1.36 printed of the same objects. */

const printed = (lines: Lines): string[] =>
  alignTabs(lines.join('\n'))
    .split('\n')
    .map((line) => line.trimEnd());

const metadata = { name: 'more', namespace: 'full' };

test('a pod with all that a pod may ask for', () => {
  const pod: Pod = {
    metadata,
    spec: {
      securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'p' } },
      resources: { limits: { cpu: '2' }, requests: { memory: '10Mi' } },
      readinessGates: [{ conditionType: 'www.example.com/feature-1' }],
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { app: 'e' } } },
        { maxSkew: 2, topologyKey: 'host', whenUnsatisfiable: 'DoNotSchedule' },
      ],
      containers: [{ name: 'c', image: 'a', resources: { requests: { cpu: '1' } } }],
      ephemeralContainers: [{ name: 'debugger', image: 'busybox' }],
    },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  };
  assert.deepEqual(printed(podLines(pod, 0)), [
    'Name:              more',
    'Namespace:         full',
    'Node:              <none>',
    'Labels:            <none>',
    'Annotations:       <none>',
    'Status:            Running',
    'SeccompProfile:    Localhost',
    'LocalhostProfile:  p',
    'IP:',
    'IPs:               <none>',
    'Resources:',
    '  Limits:',
    '    cpu:  2',
    '  Requests:',
    '    memory:  10Mi',
    'Containers:',
    '  c:',
    '    Image:      a',
    '    Port:       <none>',
    '    Host Port:  <none>',
    '    Requests:',
    '      cpu:        1',
    '    Environment:  <none>',
    '    Mounts:       <none>',
    'Ephemeral Containers:',
    '  debugger:',
    '    Image:        busybox',
    '    Port:         <none>',
    '    Host Port:    <none>',
    '    Environment:  <none>',
    '    Mounts:       <none>',
    'Readiness Gates:',
    '  Type                        Status',
    '  www.example.com/feature-1   <none>',
    'Conditions:',
    '  Type                        Status',
    '  Ready                       True',
    'Volumes:                      <none>',
    'QoS Class:                    Burstable',
    'Node-Selectors:               <none>',
    'Tolerations:                  <none>',
    'Topology Spread Constraints:  host:DoNotSchedule when max skew 2 is exceeded',
    '                              zone:ScheduleAnyway when max skew 1 is exceeded for selector app=e',
  ]);
});

const pod: Pod = { metadata: { ...metadata, uid: 'u', labels: { app: 'e' } }, spec: { nodeName: 'n', containers: [] } };

/** The lines of a pod's only container between two. */
function between(container: Omit<Container, 'name'>, from: RegExp, to: RegExp): string[] {
  const lines = printed(containersLines('Containers', [{ name: 'c', ...container }], [], pod));
  return lines.slice(
    lines.findIndex((line) => from.test(line)),
    lines.findIndex((line) => to.test(line)),
  );
}

test('the ports of a container have their names, and its profile follows them', () => {
  const ports = [
    { containerPort: 80, name: 'http' },
    { containerPort: 53, protocol: 'UDP', hostPort: 5353 },
  ];
  const securityContext = { seccompProfile: { type: 'Localhost', localhostProfile: 'x/y' } };
  assert.deepEqual(between({ ports, securityContext }, /Ports/, /Environment/), [
    '    Ports:               80/TCP (http), 53/UDP',
    '    Host Ports:          0/TCP (http), 5353/UDP',
    '    SeccompProfile:      Localhost',
    '      LocalhostProfile:  x/y',
  ]);
});

test('what a variable comes to is known of few fields', () => {
  const field = (fieldPath: string): object => ({ valueFrom: { fieldRef: { fieldPath } } });
  const resource = (name: string): object => ({ valueFrom: { resourceFieldRef: { resource: name } } });
  const env = Object.entries({
    ...{ NAME: field('metadata.name'), SPACE: field('metadata.namespace'), UIDENT: field('metadata.uid') },
    ...{ NODE: field('spec.nodeName'), LABEL: field("metadata.labels['app']") },
    ...{
      LC: resource('limits.cpu'),
      LM: resource('limits.memory'),
      LE: resource('limits.ephemeral-storage'),
      RC: resource('requests.cpu'),
    },
  }).map(([name, from]) => ({ name, ...from }));
  assert.deepEqual(between({ env }, /Environment/, /Mounts/), [
    '    Environment:',
    '      NAME:    more (v1:metadata.name)',
    '      SPACE:   full (v1:metadata.namespace)',
    '      UIDENT:   (v1:metadata.uid)',
    '      NODE:     (v1:spec.nodeName)',
    "      LABEL:    (v1:metadata.labels['app'])",
    '      LC:      node allocatable (limits.cpu)',
    '      LM:      node allocatable (limits.memory)',
    '      LE:      0 (limits.ephemeral-storage)',
    '      RC:      0 (requests.cpu)',
  ]);
});

const times = 'delay=0s timeout=1s period=10s #success=1 #failure=3';

const probes: readonly (readonly [probe: Probe, text: string])[] = [
  [{ httpGet: { path: '/a b?x=y%20&z=é', port: 80, scheme: 'HTTPS' } }, 'https://:80/a%20b%3Fx=y%2520&z=%C3%A9'],
  [{ httpGet: { path: 'x', port: 'http', host: '::1' } }, 'http://[::1]:http/x'],
  [{ httpGet: { path: '', port: 8 } }, 'http://:8'],
];

test('what a probe asks for, as a URL', () => {
  for (const [livenessProbe, text] of probes) {
    assert.deepEqual(between({ livenessProbe }, /Liveness/, /Environment/), [`    Liveness:     http-get ${text} ${times}`]);
  }
});

test('devices stand below the mounts, and say so where there are none', () => {
  const lines = printed(containersLines('Containers', [{ name: 'c', volumeDevices: [{ name: 'pvc', devicePath: '/dev/x' }] }], [], pod));
  assert.deepEqual(lines.slice(-3), ['    Mounts:       <none>', '    Devices:      <none>', '      /dev/x from pvc']);
});

const volumes: readonly (readonly [volume: object, lines: readonly string[]])[] = [
  [
    { emptyDir: { sizeLimit: '0' } },
    ["    Type:       EmptyDir (a temporary directory that shares a pod's lifetime)", '    Medium:', '    SizeLimit:  <unset>'],
  ],
  [
    { downwardAPI: { items: [{ path: 'cpu', resourceFieldRef: { resource: 'limits.cpu' } }] } },
    ['    Type:  DownwardAPI (a volume populated by information about the pod)', '    Items:', '      limits.cpu -> cpu'],
  ],
  [
    { gitRepo: { repository: 'r', revision: 'v', directory: 'd' } },
    ['    Type:        GitRepo (a volume that is pulled from git when the pod is created)', '    Repository:  r', '    Revision:    v'],
  ],
  [
    { image: { reference: 'busybox', pullPolicy: 'Always' } },
    ['    Type:        Image (a container image or OCI artifact)', '    Reference:   busybox', '    PullPolicy:  Always'],
  ],
  [
    { fc: { wwids: ['a'], fsType: 'z' } },
    [
      '    Type:        FC (a Fibre Channel disk)',
      '    TargetWWNs:',
      '    LUN:         <none>',
      '    FSType:      z',
      '    ReadOnly:    false',
    ],
  ],
  [
    { cinder: { volumeID: 'v', secretRef: { name: 's' } } },
    [
      '    Type:       Cinder (a Persistent Disk resource in OpenStack)',
      '    VolumeID:   v',
      '    FSType:',
      '    ReadOnly:   false',
      '    SecretRef:  &LocalObjectReference{Name:s,}',
    ],
  ],
];

test('the volumes of a pod', () => {
  for (const [volume, lines] of volumes) {
    assert.deepEqual(printed(volumesLines([{ name: 'v', ...volume }], false)).slice(2), lines);
  }
});

test('a ReplicationController, in the words that upstream suites look for', () => {
  const controller: ReplicationController = {
    metadata: { name: 'agnhost-primary', namespace: 'full' },
    spec: {
      ...{ replicas: 1, selector: { role: 'primary', app: 'agnhost' } },
      template: { metadata: { labels: { app: 'agnhost' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
    },
    status: { replicas: 1 },
  };
  assert.deepEqual(printed(replicationControllerLines(controller, [{ ...pod, status: { phase: 'Running' } }])), [
    'Name:         agnhost-primary',
    'Namespace:    full',
    'Selector:     app=agnhost,role=primary',
    'Labels:       <none>',
    'Annotations:  <none>',
    'Replicas:     1 current / 1 desired',
    'Pods Status:  1 Running / 0 Waiting / 0 Succeeded / 0 Failed',
    'Pod Template:',
    '  Labels:  app=agnhost',
    '  Containers:',
    '   c:',
    '    Image:         nginx',
    '    Port:          <none>',
    '    Host Port:     <none>',
    '    Environment:   <none>',
    '    Mounts:        <none>',
    '  Volumes:         <none>',
    '  Node-Selectors:  <none>',
    '  Tolerations:     <none>',
  ]);
});

test('the ReplicaSet of a Deployment is the one of its template, whatever its revision', () => {
  const template = (image: string, hash?: string): PodTemplateSpec => ({
    metadata: { labels: { app: 'dep', ...(hash ? { 'pod-template-hash': hash } : {}) } },
    spec: { containers: [{ name: 'c', image }] },
  });
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'dep', uid: 'd', controller: true };
  const set = (name: string, image: string, created: string): ReplicaSet => ({
    metadata: { name, creationTimestamp: created, ownerReferences: [owner], annotations: { 'deployment.kubernetes.io/revision': '7' } },
    spec: { replicas: 2, selector: {}, template: template(image, name) },
  });
  const sets = [set('b', 'x:2', '2026-01-01T00:00:02Z'), set('a', 'x:3', '2026-01-01T00:00:03Z'), set('c', 'x:1', '2026-01-01T00:00:01Z')];
  const last = (image: string): string[] =>
    printed(deploymentLines({ metadata: { name: 'dep', uid: 'd' }, spec: { selector: {}, template: template(image) } }, sets)).slice(-2);
  assert.deepEqual(last('x:2'), [
    'OldReplicaSets:    c (0/2 replicas created), a (0/2 replicas created)',
    'NewReplicaSet:     b (0/2 replicas created)',
  ]);
  assert.deepEqual(last('x:9').at(-1), 'NewReplicaSet:     <none>');
});
