import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '@keelson/testing';
import { type Kubectl, kubectls, RealCluster, whyNotReal } from './cluster.ts';

const skip = whyNotReal();

/** From the first scrape to the second, and until the API server has heard of it. */
const deadlineMs = 120_000;

describe('usage by way of API aggregation', { skip: skip ?? false, timeout: 600_000 }, () => {
  const cluster = skip ? (undefined as unknown as RealCluster) : new RealCluster('top', ['--addons', 'metrics-server']);
  const clients = skip ? [] : kubectls(cluster);

  before(async () => {
    await cluster.up();
    const burn = ['run', 'burn', '--image=docker.io/library/busybox:1.37', '--', 'sh', '-c', 'while true; do :; done'];
    await clients[0]?.(...burn);
  });
  after(async () => {
    const { code, stdout, stderr } = await cluster.down();
    assert.equal(code, 0, `down: ${stdout}${stderr}`);
  });

  for (const kubectl of clients) {
    test(`kubectl top, with ${kubectl.name} kubectl`, async () => {
      await eventually(() => kubectl('top', 'pod', 'burn'), { deadlineMs }).catch(async (error: Error) => {
        throw new Error(`${error.message}\n${await state(kubectl)}\n${cluster.logs()}`);
      });
      const pods = await kubectl('top', 'pods', '-A', '--containers', '--no-headers');
      const [, millicores = '0'] = /^default +burn +burn +(\d+)m +\d+Mi/m.exec(pods) ?? [];
      assert.ok(Number(millicores) > 100, pods);
      assert.match(pods, /^kube-system +metrics-server-\S+ +metrics-server +\d+m +\d+Mi/m);
      const nodes = await kubectl('top', 'nodes');
      assert.match(nodes, /^NAME +CPU\(cores\) +CPU\(%\) +MEMORY\(bytes\) +MEMORY\(%\) *\n\S+ +\d+m +\d+% +\d+Mi +\d+% *\n$/);
      const services = await kubectl('get', 'apiservice', 'v1beta1.metrics.k8s.io', '--no-headers');
      assert.match(services, /^v1beta1\.metrics\.k8s\.io +kube-system\/metrics-server +True /);
    });
  }

  test('containers that burn CPU make a Deployment grow from 1 to 5, and shrink when they stop', async () => {
    const [kubectl] = clients;
    assert.ok(kubectl);
    await kubectl('delete', 'pod', 'burn', '--grace-period=0', '--force');
    await kubectl.run(['apply', '-f', '-'], JSON.stringify(busy));
    await kubectl('autoscale', 'deployment', 'busy', '--cpu-percent=50', '--min=1', '--max=5');
    const behavior = { scaleDown: { stabilizationWindowSeconds: 0 } };
    await kubectl('patch', 'hpa', 'busy', '--type=merge', '-p', JSON.stringify({ spec: { behavior } }));
    const replicas = async (count: string): Promise<boolean> =>
      (await kubectl('get', 'deployment', 'busy', '-o', 'jsonpath={.spec.replicas}')) === count;
    const told = async (wanted: string): Promise<void> => {
      const message = `${wanted} replicas`;
      await eventually(() => replicas(wanted), { deadlineMs: 180_000, message }).catch(async (error: Error) => {
        throw new Error(`${error.message}\n${await kubectl('describe', 'hpa', 'busy')}`);
      });
    };
    await told('5');
    const idle = { spec: { template: { spec: { containers: [{ name: 'busy', command: ['sleep', '3600'] }] } } } };
    await kubectl('patch', 'deployment', 'busy', '-p', JSON.stringify(idle));
    await told('1');
  });
});

const labels = { app: 'busy' };
const busy = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'busy' },
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'busy',
            image: 'docker.io/library/busybox:1.37',
            command: ['sh', '-c', 'while true; do :; done'],
            resources: { requests: { cpu: '50m' }, limits: { cpu: '100m' } },
          },
        ],
      },
    },
  },
};

/** What there is to see when there is no usage. */
async function state(kubectl: Kubectl): Promise<string> {
  const services = await kubectl.run(['get', 'apiservice', 'v1beta1.metrics.k8s.io', '-o', 'jsonpath={.status}']);
  const pods = await kubectl.run(['-n', 'kube-system', 'describe', 'pods']);
  const logs = await kubectl.run(['-n', 'kube-system', 'logs', 'deploy/metrics-server']);
  return [services, pods, logs].map(({ stdout, stderr }) => stdout + stderr).join('\n');
}
