import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createApi, loadKubeconfig, transportFor } from '@keelson/client';
import { eventually } from '@keelson/testing';
import { ConfigMap } from '@keelson/types';
import { type Kubectl, kubectls, onPath, RealCluster, whyNotReal } from './cluster.ts';

const skip = whyNotReal();

for (const store of ['sqlite', 'etcd']) {
  const why = skip ?? (store === 'etcd' && !onPath('etcd') ? 'etcd is not installed' : undefined);
  if (why) process.stderr.write(`kill -9 over ${store}: skipped, ${why}\n`);
  describe(`kill -9 over ${store}`, { skip: why ?? false, timeout: 600_000 }, () => {
    const cluster = why ? (undefined as unknown as RealCluster) : new RealCluster(`crash-${store}`, ['--store', store]);
    let kubectl: Kubectl;
    let url = '';

    before(async () => {
      await cluster.up();
      kubectl = kubectls(cluster)[0] as Kubectl;
      await kubectl('apply', '-f', 'examples/hello/');
      await kubectl('rollout', 'status', 'deployment/hello', '--timeout=60s');
      url = `http://${await kubectl('get', 'service', 'hello', '-o', 'jsonpath={.spec.clusterIP}:{.spec.ports[0].port}')}/`;
    });
    after(() => cluster.down());

    for (const name of ['scheduler', 'controller-manager', 'kubelet', 'kube-proxy', 'apiserver']) {
      test(`${name} dies: containers keep serving; started again, it carries on`, async () => {
        const restarts = await kubectl('get', 'pods', '-o', 'jsonpath={.items[*].status.containerStatuses[0].restartCount}');
        process.kill(cluster.pid(name), 'SIGKILL');
        await answers(cluster, url);
        await cluster.up();
        await kubectl('rollout', 'restart', 'deployment/hello');
        await kubectl('rollout', 'status', 'deployment/hello', '--timeout=90s');
        await answers(cluster, url);
        assert.match(restarts, /^(0 ?)+$/, 'no container was restarted before');
      });
    }

    test('no acknowledged write is lost', async () => {
      const acknowledged = await writeUntilKilled(cluster);
      assert.ok(acknowledged.length > 20, `only ${acknowledged.length} writes were acknowledged`);
      await cluster.up();
      const stored = await kubectl('get', 'configmaps', '-o', 'jsonpath={.items[*].metadata.name}');
      const names = new Set(stored.split(' '));
      const lost = acknowledged.filter((name) => !names.has(name));
      assert.deepEqual(lost, []);
    });
  });
}

async function answers(cluster: RealCluster, url: string): Promise<void> {
  const ok = async (): Promise<boolean> => /Hello/i.test((await cluster.inside('curl', '-s', '-m', '2', url)).stdout);
  await eventually(ok, { deadlineMs: 15_000, message: `${url} answers` });
}

/** Creates ConfigMaps from 16 writers, kills the API server in the middle, and returns the names it had answered for. */
async function writeUntilKilled(cluster: RealCluster): Promise<string[]> {
  const transport = transportFor(loadKubeconfig(cluster.kubeconfig));
  const api = createApi(transport);
  const acknowledged: string[] = [];
  let next = 0;
  let down = false;
  const writer = async (): Promise<void> => {
    while (!down) {
      const name = `written-${next++}`;
      try {
        await api.create(ConfigMap, { metadata: { name, namespace: 'default' }, data: { name } });
        acknowledged.push(name);
      } catch {
        return;
      }
    }
  };
  const writers = Array.from({ length: 16 }, writer);
  await eventually(async () => acknowledged.length > 200, { deadlineMs: 20_000, message: '200 writes were acknowledged' });
  process.kill(cluster.pid('apiserver'), 'SIGKILL');
  await Promise.all(writers);
  down = true;
  transport.close();
  return acknowledged;
}
