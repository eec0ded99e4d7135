import assert from 'node:assert/strict';
import { Node, Service } from '@keelson/types';
import { fieldRef, idle, image, namespace, present, resourceRef, type Subtests, shell, statusOf, variables } from './bench.ts';

/** What containers find in their environment. */
export const environment: Subtests = {
  async 'variables from values, fields, resources, ConfigMaps and Secrets'(bench) {
    await bench.configMap('env-map', { color: 'blue', size: 'big' });
    await bench.secret('env-secret', { user: 'admin' });
    const key = (name: string, each: string, optional?: boolean): object => ({ name, key: each, optional });
    const env = {
      PLAIN: { value: 'a' },
      COMPOSED: { value: '$(PLAIN)-$(NOPE)-$$(PLAIN)' },
      POD: fieldRef('metadata.name'),
      UID: fieldRef('metadata.uid'),
      NS: fieldRef('metadata.namespace'),
      WHO: fieldRef("metadata.labels['who']"),
      NOTE: fieldRef("metadata.annotations['note']"),
      NODE: fieldRef('spec.nodeName'),
      SA: fieldRef('spec.serviceAccountName'),
      IP: fieldRef('status.podIP'),
      IPS: fieldRef('status.podIPs'),
      HOST: fieldRef('status.hostIP'),
      HOSTS: fieldRef('status.hostIPs'),
      CPU: resourceRef('limits.cpu'),
      CPU_M: resourceRef('limits.cpu', '1m'),
      MEMORY: resourceRef('limits.memory'),
      MEMORY_MI: resourceRef('requests.memory', '1Mi'),
      REQUEST: resourceRef('requests.cpu', '1m'),
      COLOR: { valueFrom: { configMapKeyRef: key('env-map', 'color') } },
      USER_NAME: { valueFrom: { secretKeyRef: key('env-secret', 'user') } },
      ABSENT: { valueFrom: { configMapKeyRef: key('nothing', 'at-all', true) } },
      ABSENT_KEY: { valueFrom: { secretKeyRef: key('env-secret', 'nope', true) } },
    };
    const spec = {
      containers: [
        {
          name: 'c',
          image,
          command: ['sh', '-c', 'env; echo "ARGS=$0 $1 $2 $(PLAIN)"'],
          args: ['$(PLAIN)', '$$(PLAIN)', '$(NOPE)'],
          env: Object.entries(env).map(([name, value]) => ({ name, ...value })),
          envFrom: [
            { configMapRef: { name: 'env-map' }, prefix: 'm_' },
            { secretRef: { name: 'env-secret' } },
            { configMapRef: { name: 'none', optional: true } },
          ],
          resources: { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '500m', memory: '64Mi' } },
        },
      ],
    };
    const found = variables(await bench.output('env', spec, { labels: { who: 'me' }, annotations: { note: 'a "b"' } }));
    const pod = present(bench.pod('env'));
    const expected = {
      PLAIN: 'a',
      COMPOSED: 'a-$(NOPE)-$(PLAIN)',
      ARGS: 'a $(PLAIN) $(NOPE) a',
      POD: 'env',
      UID: pod.metadata?.uid,
      NS: namespace,
      WHO: 'me',
      NOTE: 'a "b"',
      NODE: bench.cluster.netns,
      SA: 'default',
      IP: pod.status?.podIP,
      IPS: pod.status?.podIP,
      HOST: pod.status?.hostIP,
      HOSTS: pod.status?.hostIP,
      CPU: '1',
      CPU_M: '500',
      MEMORY: String(64 * 2 ** 20),
      MEMORY_MI: '32',
      REQUEST: '250',
      COLOR: 'blue',
      USER_NAME: 'admin',
      ABSENT: undefined,
      ABSENT_KEY: undefined,
      m_color: 'blue',
      m_size: 'big',
      user: 'admin',
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      KUBERNETES_PORT_443_TCP_ADDR: '10.96.0.1',
    };
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, found[name]])), expected);
    assert.match(present(pod.status?.podIP), /^10\.244\./);
  },

  async 'limits that a container does not name are the allocatable of its node'(bench) {
    const env = [
      { name: 'CPU', ...resourceRef('limits.cpu') },
      { name: 'MEMORY', ...resourceRef('limits.memory', '1Ki') },
    ];
    const found = variables(await bench.output('env-default', { containers: [shell('env', { env })] }));
    const { allocatable } = (await bench.api.get(Node, { name: bench.cluster.netns })).status ?? {};
    assert.equal(found.CPU, String(allocatable?.cpu));
    assert.equal(`${found.MEMORY}Ki`, String(allocatable?.memory));
  },

  async 'variables of services made before the pod; enableServiceLinks: false leaves them out'(bench) {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'foo-svc', namespace },
      spec: { ports: [{ port: 8765, targetPort: 8080 }], selector: { no: 'one' } },
    };
    const made = await bench.api.create(Service, service as unknown as Service);
    const found = variables(await bench.output('links', { containers: [shell('env')] }));
    assert.equal(found.FOO_SVC_SERVICE_HOST, made.spec?.clusterIP);
    assert.equal(found.FOO_SVC_PORT, `tcp://${made.spec?.clusterIP}:8765`);
    const bare = variables(await bench.output('no-links', { enableServiceLinks: false, containers: [shell('env')] }));
    assert.equal(bare.FOO_SVC_SERVICE_HOST, undefined);
    assert.ok(bare.KUBERNETES_SERVICE_HOST);
  },

  async 'a missing ConfigMap keeps a container waiting until it is there'(bench) {
    await bench.create('waits', { containers: [idle({ envFrom: [{ configMapRef: { name: 'late' } }] })] });
    const waiting = await bench.until('waits', 'waits', (pod) => statusOf(pod).state?.waiting?.reason === 'CreateContainerConfigError');
    assert.equal(statusOf(waiting).state?.waiting?.message, 'configmap "late" not found');
    assert.equal(waiting.status?.phase, 'Pending');
    await bench.event('waits', 'Failed', /^Error: configmap "late" not found$/);
    await bench.configMap('late', { a: 'b' });
    await bench.running('waits');
  },
};
