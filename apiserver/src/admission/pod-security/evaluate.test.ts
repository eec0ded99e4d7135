import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '@keelson/base';
import type { Container, PodSpec } from '@keelson/types';
import { baseline } from './baseline.ts';
import type { PodShape } from './check.ts';
import { detailsOf, evaluate, reasonsOf } from './evaluate.ts';
import type { Level } from './levels.ts';
import { restricted } from './restricted.ts';

const latest = Infinity;
/** A pod of container `a`, which is what a case says of it. */
const of = (container: object, spec: object = {}, annotations: Record<string, string> = {}): PodShape => ({
  annotations,
  spec: { ...spec, containers: [{ name: 'a', ...container }] } as PodSpec,
});
const secured = (securityContext: object, spec: object = {}): PodShape => of({ securityContext }, spec);
const well = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'Localhost' },
};
const two = (first: object, second: object, spec: object = {}): PodShape =>
  of({ securityContext: first }, { ...spec, initContainers: [{ name: 'b', securityContext: second }] });

type Case = readonly [pod: PodShape, level: Level, minor: number, told: string];
const cases: readonly Case[] = [
  [of({}), 'privileged', latest, ''],
  [of({}), 'baseline', latest, ''],
  [secured(well), 'restricted', latest, ''],
  // Host namespaces, volumes, ports and processes.
  [
    of({}, { hostIPC: true, hostPID: true, hostNetwork: true }),
    'baseline',
    latest,
    'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)',
  ],
  [of({}, { volumes: [{ name: 'v', hostPath: {} }] }), 'baseline', latest, 'hostPath volumes (volume "v")'],
  [
    of({ ports: [{ hostPort: 9090 }, { hostPort: 80 }, { containerPort: 1 }] }),
    'baseline',
    latest,
    'hostPort (container "a" uses hostPorts 80, 9090)',
  ],
  [
    secured({ windowsOptions: { hostProcess: true } }, { securityContext: { windowsOptions: { hostProcess: true } } }),
    'baseline',
    latest,
    'hostProcess (pod and container "a" must not set securityContext.windowsOptions.hostProcess=true)',
  ],
  [
    of({ livenessProbe: { httpGet: { host: 'h' } }, lifecycle: { preStop: { tcpSocket: { host: 'g' } } } }),
    'baseline',
    34,
    'probe or lifecycle host (container "a" uses probe or lifecycle hosts "g", "h")',
  ],
  [of({ livenessProbe: { httpGet: { host: 'h' } } }), 'baseline', 33, ''],
  [of({ startupProbe: { httpGet: { host: '' } } }), 'baseline', latest, ''],
  // What a container may do.
  [
    two({ privileged: true }, { privileged: true }),
    'baseline',
    latest,
    'privileged (containers "b", "a" must not set securityContext.privileged=true)',
  ],
  [
    secured({ capabilities: { add: ['NET_RAW', 'KILL', 'ALL'] } }),
    'baseline',
    latest,
    'non-default capabilities (container "a" must not include "ALL", "NET_RAW" in securityContext.capabilities.add)',
  ],
  [
    secured({ ...well, capabilities: { add: ['NET_BIND_SERVICE', 'KILL'] } }),
    'restricted',
    latest,
    'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]; container "a" must not include "KILL" in securityContext.capabilities.add)',
  ],
  [secured({ ...well, capabilities: { add: ['KILL'] } }), 'restricted', 21, ''],
  [secured({ ...well, capabilities: undefined }, { os: { name: 'windows' } }), 'restricted', 25, ''],
  [
    secured({ ...well, allowPrivilegeEscalation: undefined }, { os: { name: 'windows' } }),
    'restricted',
    24,
    'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false)',
  ],
  [secured({ ...well, allowPrivilegeEscalation: undefined }), 'restricted', 7, ''],
  // /proc, and what a user namespace changes.
  [
    secured({ procMount: 'Unmasked' }),
    'baseline',
    latest,
    'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  ],
  [secured({ procMount: 'Unmasked' }, { hostUsers: false }), 'baseline', 35, ''],
  [
    secured({ procMount: 'Unmasked' }, { hostUsers: false }),
    'baseline',
    34,
    'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  ],
  [
    secured({ ...well, procMount: 'Unmasked' }, { hostUsers: false }),
    'restricted',
    latest,
    'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  ],
  [secured({ ...well, runAsNonRoot: false, runAsUser: 0 }, { hostUsers: false }), 'restricted', latest, ''],
  // Users.
  [
    two({ ...well, runAsNonRoot: undefined }, { ...well, runAsNonRoot: undefined }),
    'restricted',
    latest,
    'runAsNonRoot != true (pod or containers "b", "a" must set securityContext.runAsNonRoot=true)',
  ],
  [secured({ ...well, runAsNonRoot: undefined }, { securityContext: { runAsNonRoot: true } }), 'restricted', latest, ''],
  [
    secured({ ...well, runAsNonRoot: false }, { securityContext: { runAsNonRoot: false } }),
    'restricted',
    latest,
    'runAsNonRoot != true (pod and container "a" must not set securityContext.runAsNonRoot=false)',
  ],
  [secured({ ...well, runAsUser: 0 }), 'restricted', latest, 'runAsUser=0 (container "a" must not set runAsUser=0)'],
  [secured({ ...well, runAsUser: 0 }), 'restricted', 22, ''],
  // SELinux.
  [
    two(
      { seLinuxOptions: { type: 'bar' } },
      { seLinuxOptions: { user: 'u' } },
      { securityContext: { seLinuxOptions: { type: 'foo', role: 'r' } } },
    ),
    'baseline',
    latest,
    'seLinuxOptions (pod and containers "b", "a" set forbidden securityContext.seLinuxOptions: types "bar", "foo"; user may not be set; role may not be set)',
  ],
  [secured({ seLinuxOptions: { type: 'container_engine_t', level: 's0' } }), 'baseline', 31, ''],
  [
    secured({ seLinuxOptions: { type: 'container_engine_t' } }),
    'baseline',
    30,
    'seLinuxOptions (container "a" set forbidden securityContext.seLinuxOptions: type "container_engine_t")',
  ],
  // AppArmor.
  [
    of(
      { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
      { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } },
      {
        'container.apparmor.security.beta.kubernetes.io/a': 'unconfined',
        'container.apparmor.security.beta.kubernetes.io/b': 'localhost/x',
      },
    ),
    'baseline',
    latest,
    'forbidden AppArmor profiles (container "a" and annotation must not set AppArmor profile type to "Unconfined", "container.apparmor.security.beta.kubernetes.io/a="unconfined"")',
  ],
  // Seccomp.
  [
    secured({ seccompProfile: { type: 'Unconfined' } }, { securityContext: { seccompProfile: { type: 'Other' } } }),
    'baseline',
    latest,
    'seccompProfile (pod and container "a" must not set securityContext.seccompProfile.type to "Other", "Unconfined")',
  ],
  [
    secured({ ...well, seccompProfile: undefined }),
    'restricted',
    latest,
    'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  ],
  [
    secured({ ...well, seccompProfile: undefined }, { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } }),
    'restricted',
    latest,
    '',
  ],
  [
    of({}, {}, { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined', 'container.seccomp.security.alpha.kubernetes.io/other': 'x' }),
    'baseline',
    18,
    'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
  ],
  // Sysctls, and volumes.
  [
    of(
      {},
      { securityContext: { sysctls: [{ name: 'kernel.msgmax' }, { name: 'net.ipv4.tcp_rmem' }, { name: 'net.ipv4.tcp_syncookies' }] } },
    ),
    'baseline',
    31,
    'forbidden sysctls (kernel.msgmax, net.ipv4.tcp_rmem)',
  ],
  [of({}, { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem' }] } }), 'baseline', 32, ''],
  [
    { ...secured(well, { volumes: [{ name: 'v', hostPath: {} }, { name: 'w' }, { name: 'x', image: {} }, { name: 'y', nfs: {} }] }) },
    'restricted',
    latest,
    'restricted volume types (volumes "v", "w", "y" use restricted volume types "hostPath", "nfs", "unknown")',
  ],
  // In order: baseline by id, then restricted by id.
  [
    of({}, { hostPID: true }),
    'restricted',
    latest,
    'host namespaces (hostPID=true), allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  ],
];

test('each check says what upstream says, in the versions upstream has it', async (t) => {
  for (const [index, [pod, level, minor, told]] of cases.entries())
    await t.test(`${index} ${level}:${minor} ${told.slice(0, 40)}`, () => assert.equal(detailsOf(evaluate({ level, minor }, pod)), told));
});

test('there are the checks of 1.36, in the order of their ids', () => {
  const ids = (checks: typeof baseline): string[] => checks.map(({ id }) => id);
  assert.deepEqual([ids(baseline), ids(restricted)], [ids(baseline).sort(), ids(restricted).sort()]);
  assert.deepEqual([baseline.length, restricted.length], [12, 7]);
});

test('ephemeral containers are looked at, too', () => {
  const pod = secured(well, { ephemeralContainers: [{ name: 'debug', securityContext: { privileged: true } }] });
  assert.equal(reasonsOf(evaluate({ level: 'baseline', minor: latest }, pod)), 'privileged');
});

test('whatever restricted lets pass, baseline lets pass, in each version; what only Linux has is left to validation for Windows', (t) => {
  const seed = 20_261_121;
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  for (let i = 0; i < 3_000; i++) {
    const pod = randomPod(random);
    const minor = Math.floor(random.next() * 40);
    if (evaluate({ level: 'restricted', minor }, pod).length > 0) continue;
    assert.deepEqual(evaluate({ level: 'baseline', minor }, pod), [], JSON.stringify({ minor, pod }));
  }
});

function randomPod(random: Random): PodShape {
  const pick = <T>(...options: readonly T[]): T => options[Math.floor(random.next() * options.length)] as T;
  const container = (name: string): Container =>
    ({
      name,
      ...pick({}, {}, { ports: [{ hostPort: pick(0, 80) }] }),
      securityContext: {
        ...well,
        ...pick({}, { privileged: pick(true, false) }, { procMount: pick('Default', 'Unmasked') }, { runAsUser: pick(0, 1) }),
        ...pick({}, { capabilities: { drop: pick(['ALL'], []), add: pick([], ['KILL'], ['NET_BIND_SERVICE'], ['SYS_ADMIN']) } }),
        ...pick({}, { seccompProfile: { type: pick('Unconfined', 'Localhost') } }),
      },
    }) as Container;
  const volumes = [{ name: 'v', ...pick({ hostPath: {} }, { emptyDir: {} }) }];
  const spec = {
    ...pick({}, { volumes }, { hostUsers: pick(true, false) }, { hostIPC: pick(true, false) }, { os: { name: 'linux' } }),
  };
  return { annotations: {}, spec: { ...spec, containers: [container('a')], initContainers: pick([], [container('b')]) } as PodSpec };
}
