import assert from 'node:assert/strict';
import type { EndpointSlice, Service } from '@keelson/types';
import type { Context } from '../context.ts';
import { podsOf } from '../pods.ts';
import { until, within } from '../resource.ts';
import type { Specs } from '../specs.ts';
import { busybox } from './images.ts';
import { agent, printed } from './run.ts';

const area = '[sig-cli] Kubectl';
const demo = 'update-demo-nautilus';

const controller = (name: string, labels: object, replicas: number, container: object) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name },
    spec: {
      replicas,
      selector: labels,
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [container] } },
    },
  });
const apply = (c: Context, verb: string, manifest: string) => c.kubectl([verb, '-n', c.namespace, '-f', '-'], manifest);
const get = (c: Context, ...more: readonly string[]) => c.kubectl(['get', '-n', c.namespace, ...more]);

const demoManifest = controller(demo, { name: 'update-demo', version: 'nautilus' }, 2, agent(80, { name: 'update-demo' }));

/** Waits as upstream's script does: by templates, and by asking every pod through the API server. */
async function demonstrates(c: Context, replicas: number): Promise<void> {
  const names = '--template={{range.items}}{{.metadata.name}} {{end}}';
  const isUp =
    '--template={{if (exists . "status" "containerStatuses")}}{{range .status.containerStatuses}}' +
    '{{if (and (eq .name "update-demo") (exists . "state" "running"))}}true{{end}}{{end}}{{end}}';
  const imageOf =
    '--template={{if (exists . "spec" "containers")}}{{range .spec.containers}}{{if eq .name "update-demo"}}{{.image}}{{end}}{{end}}{{end}}';
  const asWanted = async () => {
    const pods = (await get(c, 'pods', '-o', 'template', names, '-l', 'name=update-demo')).trim().split(' ').filter(Boolean);
    if (pods.length !== replicas) return false;
    for (const pod of pods) {
      if ((await get(c, 'pods', pod, '-o', 'template', isUp)) !== 'true') return false;
      assert.equal(await get(c, 'pods', pod, '-o', 'template', imageOf), agent().image);
      if ((await podsOf(c).ask('GET', `${pod}/proxy/hostname`)).text !== pod) return false;
    }
    return true;
  };
  await until(asWanted, `${replicas} pods of the demo`);
}

/** The ports of a service's endpoints that are there. */
async function portsOf(c: Context, service: string): Promise<number[]> {
  const slices = await within<EndpointSlice>(c, 'discovery.k8s.io/v1', 'endpointslices').items(`kubernetes.io/service-name=${service}`);
  return slices.filter(({ endpoints }) => endpoints?.length).flatMap(({ ports }) => ports?.map(({ port }) => port ?? 0) ?? []);
}

export const cli: Specs = {
  async [`${area} client Update Demo should create and stop a replication controller`](c) {
    await apply(c, 'create', demoManifest);
    await demonstrates(c, 2);
    await c.kubectl(['delete', '-n', c.namespace, '--grace-period=0', '--force', '-f', '-'], demoManifest);
    assert.equal(await get(c, 'rc,svc', '-l', 'name=update-demo', '--no-headers'), '');
    const living = '--template={{ range .items }}{{ if not .metadata.deletionTimestamp }}{{ .metadata.name }}\n{{ end }}{{ end }}';
    await until(async () => (await get(c, 'pods', '-l', 'name=update-demo', '-o', 'go-template', living)) === '', 'no pods');
  },

  async [`${area} client Update Demo should scale a replication controller`](c) {
    await apply(c, 'create', demoManifest);
    await demonstrates(c, 2);
    for (const replicas of [1, 2]) {
      const said = await c.kubectl(['scale', '-n', c.namespace, 'rc', demo, `--replicas=${replicas}`, '--timeout=5m']);
      assert.equal(said, `replicationcontroller/${demo} scaled\n`);
      await demonstrates(c, replicas);
    }
  },

  async [`${area} client Kubectl expose should create services for rc`](c) {
    await apply(c, 'create', controller('agnhost-primary', { app: 'agnhost', role: 'primary' }, 1, agent(6379)));
    await until(async () => (await podsOf(c).items('app=agnhost')).some(({ status }) => status?.phase === 'Running'), 'the primary to run');
    const expose = (...what: readonly string[]) => c.kubectl(['expose', '-n', c.namespace, ...what]);
    for (const [what, name, port] of [
      [['rc', 'agnhost-primary'], 'rm2', 1234],
      [['service', 'rm2'], 'rm3', 2345],
    ] as const) {
      await expose(...what, `--name=${name}`, `--port=${port}`, '--target-port=6379');
      const { spec } = await within<Service>(c, 'v1', 'services').get(name);
      assert.equal(spec?.ports?.[0]?.port, port);
      assert.deepEqual(await until(async () => ((await portsOf(c, name)).length > 0 ? portsOf(c, name) : undefined)), [6379]);
    }
  },

  async [`${area} logs logs should be able to retrieve and filter logs`](c) {
    const script = 'i=0; while [ $i -lt 100 ]; do echo "line $i of a hundred"; i=$((i+1)); sleep 0.2; done';
    const run = ['run', 'logs-generator', `--image=${busybox}`, '--restart=Never', '--pod-running-timeout=2m0s', '-n', c.namespace];
    await c.kubectl([...run, '--', 'sh', '-c', script]);
    await printed(c, 'logs-generator', 'of a hundred');
    const logs = (...flags: readonly string[]) => c.kubectl(['logs', '-n', c.namespace, 'logs-generator', 'logs-generator', ...flags]);
    const lines = (text: string): string[] => text.trim().split('\n');
    assert.match(await logs('--tail=1'), /^line \d+ of a hundred\n$/);
    assert.equal((await logs('--limit-bytes=1')).length, 1);
    const [stamped, ...others] = lines(await logs('--tail=1', '--timestamps'));
    const [time = ''] = (stamped ?? '').split(' ');
    assert.deepEqual(others, []);
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d)$/);
    await until(async () => lines(await logs()).length > 15, 'more than 15 lines');
    const recent = lines(await logs('--since=1s')).length;
    const whole = lines(await logs('--since=24h')).length;
    assert.ok(recent < whole, `${recent} of ${whole} in the last second`);
    await c.kubectl(['delete', 'pod', 'logs-generator', '-n', c.namespace, '--grace-period=0', '--force']);
    await podsOf(c).gone('logs-generator');
  },
};
