import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Service } from '@keelson/types';
import type { Context } from '../context.ts';
import { podsOf } from '../pods.ts';
import { within } from '../resource.ts';
import type { Specs } from '../specs.ts';
import { agent, execScript, lasting, once, output, phaseIs, ready, rest, says, shell, started, untilPod } from './run.ts';

const fields = '[sig-node] Downward API should provide';
const variables = '[sig-node] Variable Expansion';

/** What a container is given, one variable a line: not what its shell makes of it. */
const given = "cat /proc/1/environ | tr '\\0' '\\n'";

const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
const resource = (name: string, of: string) => ({ name, valueFrom: { resourceFieldRef: { resource: of } } });

/** What a container with those variables finds. */
const finds = (c: Context, env: readonly object[], rest: object = {}): Promise<string> =>
  output(c, once('env', [shell(given, { env, ...rest })]));

/** One volume mounted whole and in part. */
const inPart = (subPathExpr: string) => ({
  volumeMounts: [
    { name: 'workdir', mountPath: '/subpath_mount', subPathExpr },
    { name: 'workdir', mountPath: '/volume_mount' },
  ],
});
const workdir = { volumes: [{ name: 'workdir', emptyDir: {} }] };
const named = (value: string) => ({ name: 'POD_NAME', value });
const annotated = [named('foo'), field('ANNOTATION', "metadata.annotations['mysubpath']")];

/** A container whose mount's path is refused. */
async function refused(c: Context, podName: string): Promise<void> {
  const container = shell('true', { env: [named(podName)], ...inPart('$(POD_NAME)') });
  await podsOf(c).create(once('refused', [container], workdir));
  const { status } = await untilPod(c, 'refused', ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.message);
  assert.deepEqual([status?.phase, status?.containerStatuses?.[0]?.state?.waiting?.reason], ['Pending', 'CreateContainerConfigError']);
  await podsOf(c).remove('refused');
  await podsOf(c).gone('refused');
}

const prefixes = ['p-1_', '1_', '.a-', '#'];
const oddKeys = { 'data-1': 'value-1', 'data.2': 'value-2', _data3: 'value-3' };
const oddNames = prefixes.flatMap((prefix) => Object.entries(oddKeys).map(([key, value]) => `${prefix}${key}=${value}\n`));

const base64 = (text: string): string => Buffer.from(text).toString('base64');

export const environment: Specs = {
  async [`${fields} pod name, namespace and IP address as env vars [NodeConformance]`](c) {
    const env = [field('POD_NAME', 'metadata.name'), field('POD_NAMESPACE', 'metadata.namespace'), field('POD_IP', 'status.podIP')];
    says(await finds(c, env), 'POD_NAME=env\n', `POD_NAMESPACE=${c.namespace}\n`, /^POD_IP=\d+\.\d+\.\d+\.\d+$/m);
    const { status } = await podsOf(c).get('env');
    assert.ok(status?.podIPs?.length);
  },

  async [`${fields} host IP as an env var [NodeConformance]`](c) {
    const text = await finds(c, [field('HOST_IP', 'status.hostIP')]);
    says(text, `HOST_IP=${(await podsOf(c).get('env')).status?.hostIP}\n`, /HOST_IP=\d+\.\d+\.\d+\.\d+/);
  },

  async [`${fields} hostIPs as an env var [NodeConformance]`](c) {
    const text = await finds(c, [field('HOST_IPS', 'status.hostIPs')]);
    const { status } = await podsOf(c).get('env');
    says(text, `HOST_IPS=${status?.hostIPs?.map(({ ip }) => ip).join(',')}\n`, /HOST_IPS=\d/);
  },

  async [`${fields} pod UID as env vars [NodeConformance]`](c) {
    const text = await finds(c, [field('POD_UID', 'metadata.uid')]);
    says(text, `POD_UID=${(await podsOf(c).get('env')).metadata.uid}\n`);
  },

  async [`${fields} container's limits.cpu/memory and requests.cpu/memory as env vars [NodeConformance]`](c) {
    const env = ['limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'].map((of) =>
      resource(of.replace('.', '_').toUpperCase(), of),
    );
    const resources = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } };
    const text = await finds(c, env, { resources });
    says(text, 'LIMITS_CPU=2\n', 'LIMITS_MEMORY=67108864\n', 'REQUESTS_CPU=1\n', 'REQUESTS_MEMORY=33554432\n');
  },

  async [`${fields} default limits.cpu/memory from node allocatable [NodeConformance]`](c) {
    says(
      await finds(c, [resource('CPU_LIMIT', 'limits.cpu'), resource('MEMORY_LIMIT', 'limits.memory')]),
      /^CPU_LIMIT=[1-9]/m,
      /^MEMORY_LIMIT=[1-9]/m,
    );
  },

  async '[sig-node] ConfigMap should be consumable via environment variable [NodeConformance]'(c) {
    await within(c, 'v1', 'configmaps').create({ metadata: { name: 'map' }, data: { 'data-1': 'value-1' } });
    says(
      await finds(c, [{ name: 'CONFIG_DATA_1', valueFrom: { configMapKeyRef: { name: 'map', key: 'data-1' } } }]),
      'CONFIG_DATA_1=value-1\n',
    );
  },

  async '[sig-node] ConfigMap should be consumable via the environment [NodeConformance]'(c) {
    await within(c, 'v1', 'configmaps').create({
      metadata: { name: 'map' },
      data: { data_1: 'value-1', data_2: 'value-2', data_3: 'value-3' },
    });
    const envFrom = [{ configMapRef: { name: 'map' } }, { prefix: 'p_', configMapRef: { name: 'map' } }];
    says(
      await finds(c, [], { envFrom }),
      'data_1=value-1',
      'data_2=value-2',
      'data_3=value-3',
      'p_data_1=value-1',
      'p_data_2=value-2',
      'p_data_3=value-3',
    );
  },

  async '[sig-node] ConfigMap should be consumable as environment variable names with various prefixes'(c) {
    await within(c, 'v1', 'configmaps').create({ metadata: { name: 'map' }, data: oddKeys });
    says(await finds(c, [], { envFrom: prefixes.map((prefix) => ({ prefix, configMapRef: { name: 'map' } })) }), ...oddNames);
  },

  async '[sig-node] Secrets should be consumable from pods in env vars [NodeConformance]'(c) {
    await within(c, 'v1', 'secrets').create({ metadata: { name: 'secret' }, data: { 'data-1': base64('value-1') } });
    says(
      await finds(c, [{ name: 'SECRET_DATA', valueFrom: { secretKeyRef: { name: 'secret', key: 'data-1' } } }]),
      'SECRET_DATA=value-1\n',
    );
  },

  async '[sig-node] Secrets should be consumable via the environment [NodeConformance]'(c) {
    const data = { data_1: base64('value-1\n'), data_2: base64('value-2\n'), data_3: base64('value-3\n') };
    await within(c, 'v1', 'secrets').create({ metadata: { name: 'secret' }, data });
    const envFrom = [{ secretRef: { name: 'secret' } }, { prefix: 'p_', secretRef: { name: 'secret' } }];
    says(
      await finds(c, [], { envFrom }),
      'data_1=value-1',
      'data_2=value-2',
      'data_3=value-3',
      'p_data_1=value-1',
      'p_data_2=value-2',
      'p_data_3=value-3',
    );
  },

  async '[sig-node] Secrets should be consumable as environment variable names variable names with various prefixes'(c) {
    const data = Object.fromEntries(Object.entries(oddKeys).map(([key, value]) => [key, base64(value)]));
    await within(c, 'v1', 'secrets').create({ metadata: { name: 'secret' }, data });
    says(await finds(c, [], { envFrom: prefixes.map((prefix) => ({ prefix, secretRef: { name: 'secret' } })) }), ...oddNames);
  },

  async '[sig-node] Pods should contain environment variables for services [NodeConformance]'(c) {
    const labels = { name: 'server-envvars' };
    await podsOf(c).create(lasting('server', [agent(8080)], {}, { labels }));
    await ready(c, 'server');
    const service = { metadata: { name: 'fooservice', labels }, spec: { ports: [{ port: 8765, targetPort: 8080 }], selector: labels } };
    const { spec } = await within<Service>(c, 'v1', 'services').create(service);
    const address = spec?.clusterIP;
    says(
      await finds(c, []),
      `FOOSERVICE_SERVICE_HOST=${address}\n`,
      'FOOSERVICE_SERVICE_PORT=8765\n',
      `FOOSERVICE_PORT=tcp://${address}:8765\n`,
      'FOOSERVICE_PORT_8765_TCP_PORT=8765\n',
      'FOOSERVICE_PORT_8765_TCP_PROTO=tcp\n',
      `FOOSERVICE_PORT_8765_TCP=tcp://${address}:8765\n`,
      `FOOSERVICE_PORT_8765_TCP_ADDR=${address}\n`,
    );
  },

  async [`${variables} should allow composing env vars into new env vars [NodeConformance]`](c) {
    const env = [
      { name: 'FOO', value: 'foo-value' },
      { name: 'BAR', value: 'bar-value' },
      { name: 'FOOBAR', value: '$(FOO);;$(BAR)' },
    ];
    says(await finds(c, env), 'FOO=foo-value\n', 'BAR=bar-value\n', 'FOOBAR=foo-value;;bar-value\n');
  },

  async [`${variables} should allow substituting values in a container's command [NodeConformance]`](c) {
    const env = [{ name: 'TEST_VAR', value: 'test-value' }];
    assert.equal(await output(c, once('command', [shell('TEST_VAR=wrong echo "$(TEST_VAR)"', { env })])), 'test-value\n');
  },

  async [`${variables} should allow substituting values in a container's args [NodeConformance]`](c) {
    const env = [{ name: 'TEST_VAR', value: 'test-value' }];
    const container = shell('', { command: ['sh', '-c'], args: ['TEST_VAR=wrong echo "$(TEST_VAR)"'], env });
    assert.equal(await output(c, once('args', [container])), 'test-value\n');
  },

  async [`${variables} should allow substituting values in a volume subpath`](c) {
    const container = shell('test -d /volume_mount/foo; echo $?', { env: [named('foo')], ...inPart('$(POD_NAME)') });
    assert.equal(await output(c, once('subpath', [container], workdir)), '0\n');
  },

  [`${variables} should fail substituting values in a volume subpath with backticks`]: (c) => refused(c, '..'),
  [`${variables} should fail substituting values in a volume subpath with absolute path`]: (c) => refused(c, '/tmp'),

  async [`${variables} should succeed in writing subpaths in container`](c) {
    const container = shell('tail -f /dev/null', { env: annotated, ...inPart('$(ANNOTATION)/$(POD_NAME)') });
    await started(c, once('writes', [container], workdir, { annotations: { mysubpath: 'mypath' } }));
    await execScript(c, 'writes', 'touch /volume_mount/mypath/foo/test.log');
    await execScript(c, 'writes', 'test -f /subpath_mount/test.log');
    await podsOf(c).patch('writes', { metadata: { annotations: { mysubpath: 'mynewpath' } } });
    await untilPod(c, 'writes', phaseIs('Running'));
    await podsOf(c).remove('writes');
    await podsOf(c).gone('writes');
  },

  async [`${variables} should verify that a failing subpath expansion can be modified during the lifecycle of a container [Slow]`](c) {
    const container = shell('tail -f /dev/null', { env: annotated, ...inPart('$(ANNOTATION)/$(POD_NAME)') });
    await podsOf(c).create(once('later', [container], workdir, { annotations: { notmysubpath: 'mypath' } }));
    await rest(120_000);
    assert.equal((await podsOf(c).get('later')).status?.phase, 'Pending');
    await podsOf(c).patch('later', { metadata: { annotations: { mysubpath: 'mypath' } } });
    await untilPod(c, 'later', phaseIs('Running'), 120_000);
    await podsOf(c).remove('later');
    await podsOf(c).gone('later');
  },
};
