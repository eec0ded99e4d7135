import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConfigMap, Container, Pod, Secret, Service } from '@keelson/types';
import { podSpec } from '../pod/containers.ts';
import { testPod } from '../pod/testpod.ts';
import { containerConfig } from './container.ts';
import { parseResolvConf, podDns } from './dns.ts';
import { containerEnv } from './env.ts';
import { ConfigError } from './errors.ts';
import { expand } from './expansion.ts';
import { hostnameOf, hostsFile } from './hosts.ts';
import { linuxResources, oomScoreAdj, podCgroup } from './resources.ts';
import { type NodeSettings, sandboxConfig } from './sandbox.ts';
import { containerSecurity } from './security.ts';
import { serviceEnv } from './serviceenv.ts';

const paths = { root: '/k', logs: '/k/logs' };
const resolvConf = { servers: ['1.1.1.1'], searches: ['corp'], options: ['timeout:1'] };
const cluster = { servers: ['10.96.0.10'], domain: 'cluster.local' };
const node: NodeSettings = { paths, cluster, resolvConf, cgroupRoot: '/', memoryBytes: 8 * 2 ** 30 };

function container(pod: Pod): Container {
  const [first] = podSpec(pod).containers ?? [];
  assert.ok(first);
  return first;
}

function withContainer(fields: object, spec: object = {}): Pod {
  return testPod({ containers: [{ name: 'app', image: 'nginx:1', ...fields }], ...spec });
}

test('$(NAME) expands, $$ escapes, unknown names stay', () => {
  const variables = new Map([['A', '1']]);
  assert.equal(
    expand('$(A) $$(A) $(B) $A $$', (name) => variables.get(name)),
    '1 $(A) $(B) $A $',
  );
});

describe('environment', () => {
  const service = (name: string, namespace: string, ports: object[], clusterIP = '10.96.0.1'): Service =>
    ({ metadata: { name, namespace }, spec: { clusterIP, ports } }) as unknown as Service;
  const sources = {
    configMaps: new Map([['cm', { data: { one: '1', two: '2' } } as unknown as ConfigMap]]),
    secrets: new Map([['s', { data: { key: Buffer.from('hidden').toString('base64') } } as unknown as Secret]]),
    files: new Map([
      ['scratch/app.env', "FILE='from a file'\n"],
      ['scratch/bad.env', 'FILE=bare\n'],
    ]),
    services: [
      service('my-db', 'default', [{ port: 5432, name: 'pg', protocol: 'TCP' }]),
      service('kubernetes', 'default', [{ port: 443, name: 'https' }]),
    ],
    facts: { podIPs: ['10.0.0.2'], hostIPs: ['192.168.0.1'] },
    allocatable: { milliCpu: 4000, memoryBytes: 1000, storageBytes: 2 ** 35 },
  };
  const env = (fields: object, spec: object = {}): Record<string, string> => {
    const pod = withContainer(fields, { enableServiceLinks: false, ...spec });
    return Object.fromEntries([...containerEnv(pod, container(pod), sources)].filter(([name]) => !name.startsWith('KUBERNETES_')));
  };

  test('from every kind of source', () => {
    const result = env({
      envFrom: [{ prefix: 'P_', configMapRef: { name: 'cm' } }],
      env: [
        { name: 'PLAIN', value: 'x' },
        { name: 'EXPANDED', value: '$(PLAIN)-$(P_one)' },
        { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'CM', valueFrom: { configMapKeyRef: { name: 'cm', key: 'two' } } },
        { name: 'SECRET', valueFrom: { secretKeyRef: { name: 's', key: 'key' } } },
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        { name: 'STORAGE', valueFrom: { resourceFieldRef: { resource: 'limits.ephemeral-storage', divisor: '1Gi' } } },
        { name: 'MISSING', valueFrom: { configMapKeyRef: { name: 'none', key: 'k', optional: true } } },
        { name: 'FILE', valueFrom: { fileKeyRef: { volumeName: 'scratch', path: 'app.env', key: 'FILE' } } },
        { name: 'NOT_THERE', valueFrom: { fileKeyRef: { volumeName: 'scratch', path: 'app.env', key: 'NOT_THERE', optional: true } } },
      ],
    });
    assert.deepEqual(result, {
      P_one: '1',
      P_two: '2',
      PLAIN: 'x',
      EXPANDED: 'x-1',
      IP: '10.0.0.2',
      CM: '2',
      SECRET: 'hidden',
      CPU: '4',
      STORAGE: '32',
      FILE: 'from a file',
    });
  });

  test('what is missing and not optional is an error in Kubernetes’ words', () => {
    const missing = (valueFrom: object) => () => env({ env: [{ name: 'X', valueFrom }] });
    assert.throws(missing({ configMapKeyRef: { name: 'none', key: 'k' } }), new ConfigError('configmap "none" not found'));
    assert.throws(missing({ secretKeyRef: { name: 's', key: 'k' } }), new ConfigError("couldn't find key k in Secret default/s"));
    const file = (path: string, optional = false) => missing({ fileKeyRef: { volumeName: 'scratch', path, key: 'K', optional } });
    assert.throws(file('app.env'), new ConfigError('environment variable key "K" not found in file "app.env"'));
    assert.throws(file('bad.env'), new ConfigError("couldn't parse env file"));
    assert.throws(file('none.env', true), new ConfigError("couldn't parse env file"));
  });

  test('services of the namespace, and kubernetes always', () => {
    assert.deepEqual(Object.fromEntries(serviceEnv(sources.services, 'default', true)).MY_DB_PORT_5432_TCP, 'tcp://10.96.0.1:5432');
    assert.equal(serviceEnv(sources.services, 'default', true).get('MY_DB_SERVICE_PORT_PG'), '5432');
    assert.deepEqual(
      [...serviceEnv(sources.services, 'other', true).keys()].filter((name) => !name.startsWith('KUBERNETES_')),
      [],
    );
    assert.equal(serviceEnv(sources.services, 'other', false).get('KUBERNETES_SERVICE_HOST'), '10.96.0.1');
  });
});

describe('resources', () => {
  test('as cgroup numbers', () => {
    const pod = withContainer({ resources: { requests: { cpu: '100m', memory: '4Gi' }, limits: { cpu: '500m', memory: '6Gi' } } });
    const { cpuPeriod, cpuQuota, cpuShares, memoryLimit, oomScoreAdj: score } = linuxResources(pod, container(pod), node.memoryBytes);
    assert.deepEqual(
      { cpuPeriod, cpuQuota, cpuShares, memoryLimit, score },
      { cpuPeriod: 100_000, cpuQuota: 50_000, cpuShares: 102, memoryLimit: 6 * 2 ** 30, score: 500 },
    );
  });

  test('nothing asked for', () => {
    const pod = testPod();
    assert.equal(linuxResources(pod, container(pod), 1).cpuShares, 2);
    assert.equal(oomScoreAdj(pod, container(pod), 1), 1000);
    assert.equal(podCgroup(pod, '/'), '/kubepods/besteffort/podu1');
  });

  test('of a pod that is limited as a whole: a container without a limit of its own has the pod’s, and its part of what nobody asked for', () => {
    const resources = { requests: { cpu: '500m', memory: '4Gi' }, limits: { cpu: '500m', memory: '6Gi' } };
    const containers = [
      { name: 'app', image: 'i' },
      { name: 'own', image: 'i', resources: { requests: { cpu: '50m', memory: '2Gi' }, limits: { cpu: '100m', memory: '3Gi' } } },
    ];
    const pod = testPod({ resources, containers });
    const shown = containers.map((each) => {
      const { cpuQuota, cpuShares, memoryLimit, oomScoreAdj: score } = linuxResources(pod, each as Container, node.memoryBytes);
      return [cpuQuota, cpuShares, memoryLimit, score];
    });
    assert.deepEqual(shown, [
      [50_000, 512, 6 * 2 ** 30, 875],
      [10_000, 51, 3 * 2 ** 30, 625],
    ]);
  });

  test('guaranteed', () => {
    const pod = withContainer({ resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1Gi' } } });
    assert.equal(oomScoreAdj(pod, container(pod), 1), -997);
    assert.equal(podCgroup(pod, '/kubepods-a'), '/kubepods-a/kubepods/podu1');
  });
});

describe('dns', () => {
  test('by policy', () => {
    assert.deepEqual(podDns(testPod(), cluster, resolvConf), {
      servers: ['10.96.0.10'],
      searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp'],
      options: ['ndots:5'],
    });
    assert.deepEqual(podDns(testPod({ dnsPolicy: 'Default' }), cluster, resolvConf), resolvConf);
    assert.deepEqual(podDns(testPod({ hostNetwork: true }), cluster, resolvConf), resolvConf);
    assert.deepEqual(podDns(testPod({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }), cluster, resolvConf)?.servers, [
      '10.96.0.10',
    ]);
  });

  test('dnsConfig adds to it', () => {
    const dnsConfig = { nameservers: ['9.9.9.9'], searches: ['my'], options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] };
    assert.deepEqual(podDns(testPod({ dnsPolicy: 'None', dnsConfig }), cluster, resolvConf), {
      servers: ['9.9.9.9'],
      searches: ['my'],
      options: ['ndots:2', 'edns0'],
    });
    assert.deepEqual(podDns(testPod({ dnsConfig }), cluster, resolvConf)?.options, ['ndots:2', 'edns0']);
  });

  test('what the C library would not read is left out, wherever it comes from', () => {
    const host = { servers: ['1', '2', '3', '4'], searches: Array.from({ length: 40 }, (_, n) => `${'x'.repeat(80)}${n}`), options: [] };
    const dns = podDns(testPod({ dnsPolicy: 'Default' }), cluster, host);
    assert.deepEqual(dns?.servers, ['1', '2', '3']);
    assert.equal(dns?.searches.length, 24, '2048 characters');
  });

  test('resolv.conf', () => {
    assert.deepEqual(parseResolvConf('# c\nnameserver 1.1.1.1\nsearch a b.\noptions x y\n'), {
      servers: ['1.1.1.1'],
      searches: ['a', 'b'],
      options: ['x', 'y'],
    });
  });
});

describe('names and hosts', () => {
  test('a subdomain makes a domain name', () => {
    assert.deepEqual(hostnameOf(testPod({ hostname: 'h', subdomain: 's', setHostnameAsFQDN: true }), 'cluster.local'), {
      hostname: 'h',
      fqdn: 'h.s.default.svc.cluster.local',
      kernel: 'h.s.default.svc.cluster.local',
    });
  });

  test('hosts file', () => {
    const text = hostsFile(testPod({ hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] }), ['10.0.0.2'], 'cluster.local', '');
    assert.match(text, /^# Kubernetes-managed hosts file\.\n127\.0\.0\.1\tlocalhost\n/);
    assert.match(text, /\n10\.0\.0\.2\tweb\n\n# Entries added by HostAliases\.\n1\.2\.3\.4\ta\tb\n$/);
    assert.equal(hostsFile(testPod({ hostNetwork: true }), [], '', 'x\n'), '# Kubernetes-managed hosts file (host network).\nx\n');
  });
});

describe('security', () => {
  const secure = (own: object, shared: object = {}, image?: { uid: number | undefined; username: string }) => {
    const pod = withContainer({ securityContext: own }, { securityContext: shared });
    return containerSecurity(pod, container(pod), image, '/k/seccomp');
  };

  test('the container’s word over the pod’s', () => {
    const result = secure(
      { runAsUser: 2, capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] }, allowPrivilegeEscalation: false },
      { runAsUser: 1, runAsGroup: 3, fsGroup: 4, supplementalGroups: [5] },
    );
    assert.deepEqual([result.runAsUser, result.runAsGroup, result.supplementalGroups, result.noNewPrivileges], [2, 3, [5, 4], true]);
    assert.deepEqual([result.addCapabilities, result.dropCapabilities], [['NET_ADMIN'], ['ALL']]);
  });

  test('privileged sees everything', () => {
    assert.deepEqual(secure({ privileged: true }).maskedPaths, []);
    assert.ok(secure({}).maskedPaths.includes('/proc/kcore'));
  });

  test('runAsNonRoot', () => {
    const where = '(pod: "web_default(u1)", container: app)';
    assert.throws(() => secure({ runAsNonRoot: true }), new ConfigError(`container has runAsNonRoot and image will run as root ${where}`));
    assert.throws(
      () => secure({ runAsNonRoot: true, runAsUser: 0 }),
      new ConfigError(`container's runAsUser breaks non-root policy ${where}`),
    );
    assert.throws(() => secure({ runAsNonRoot: true }, {}, { uid: undefined, username: 'www' }), /non-numeric user \(www\)/);
    assert.equal(secure({ runAsNonRoot: true }, {}, { uid: 7, username: '' }).runAsUser, 7);
  });
});

test('a sandbox and a container carry Kubernetes’ labels and annotations', () => {
  const pod = withContainer({ command: ['echo', '$(A)'], ports: [{ containerPort: 80, hostPort: 8080 }] });
  const sandbox = sandboxConfig(pod, 1, node, '');
  assert.deepEqual(sandbox.labels, {
    'io.kubernetes.pod.name': 'web',
    'io.kubernetes.pod.namespace': 'default',
    'io.kubernetes.pod.uid': 'u1',
  });
  assert.deepEqual(sandbox.portMappings, [{ protocol: 'TCP', containerPort: 80, hostPort: 8080, hostIP: '' }]);
  assert.equal(sandbox.logDirectory, '/k/logs/default_web_u1');
  const config = containerConfig({
    pod,
    container: container(pod),
    attempt: 3,
    image: undefined,
    imageRef: 'sha256:1',
    env: new Map([['A', 'b']]),
    mounts: [],
    devices: [],
    node,
  });
  assert.deepEqual(config.command, ['echo', 'b']);
  assert.equal(config.logPath, 'app/3.log');
  assert.equal(config.annotations['io.kubernetes.container.restartCount'], '3');
  assert.equal(config.annotations['io.kubernetes.container.terminationMessagePath'], '/dev/termination-log');
});
