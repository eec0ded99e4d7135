import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '@keelson/testing';
import { type Kubectl, kubectls, RealCluster, whyNotReal } from './cluster.ts';

const skip = whyNotReal();
if (skip) process.stderr.write(`real containers: skipped, ${skip}\n`);

describe('a real cluster in one command', { skip: skip ?? false, timeout: 600_000 }, () => {
  const cluster = skip ? (undefined as unknown as RealCluster) : new RealCluster('hello');
  const clients: Kubectl[] = skip ? [] : kubectls(cluster);

  before(async () => {
    await cluster.up();
  });
  after(async () => {
    const { code, stdout, stderr } = await cluster.down();
    assert.equal(code, 0, `down: ${stdout}${stderr}`);
  });

  test('up on a running cluster says so and exits 0; status tells of every process', async () => {
    const again = await cluster.up();
    assert.match(again.stdout, /runs already/);
    const status = await cluster.status();
    assert.equal(status.code, 0, status.stdout);
    for (const name of ['apiserver', 'scheduler', 'controller-manager', 'kubelet', 'kube-proxy'])
      assert.match(status.stdout, new RegExp(name));
  });

  for (const kubectl of clients) {
    test(`the example, with ${kubectl.name} kubectl`, () => example(cluster, kubectl));
    test(`what people type, with ${kubectl.name} kubectl`, () => typed(kubectl));
    test(`containers that die and rolling updates, with ${kubectl.name} kubectl`, () => life(kubectl));
    test(`bad input, with ${kubectl.name} kubectl`, () => badInput(kubectl));
  }
});

const deadlineMs = 60_000;

async function until(what: string, holds: () => Promise<boolean>, ms = deadlineMs): Promise<void> {
  await eventually(holds, { deadlineMs: ms, message: what });
}

async function phases(kubectl: Kubectl): Promise<string[]> {
  const text = await kubectl(
    'get',
    'pods',
    '-l',
    'app=hello',
    '-o',
    'jsonpath={range .items[*]}{.status.phase}{" "}{.metadata.deletionTimestamp}{"\\n"}{end}',
  );
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.trim());
}

async function example(cluster: RealCluster, kubectl: Kubectl): Promise<void> {
  assert.match(await kubectl('apply', '-f', 'examples/hello/'), /deployment.apps\/hello created/);
  await kubectl('rollout', 'status', 'deployment/hello', '--timeout=60s');
  assert.deepEqual(await phases(kubectl), ['Running', 'Running', 'Running']);
  const ips = (await kubectl('get', 'pods', '-l', 'app=hello', '-o', 'jsonpath={.items[*].status.podIP}')).split(' ');
  const cidr = await kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].spec.podCIDR}');
  for (const ip of ips) assert.ok(ip.startsWith(cidr.split('.').slice(0, 3).join('.')), `${ip} lies in ${cidr}`);
  const service = await kubectl(
    'get',
    'service',
    'hello',
    '-o',
    'jsonpath={.spec.clusterIP} {.spec.ports[0].port} {.spec.ports[0].nodePort}',
  );
  const [clusterIP, port, nodePort] = service.split(' ');
  const node = await kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}');
  for (const url of [`http://${clusterIP}:${port}/`, `http://${node}:${nodePort}/`]) {
    const seen = new Set<string>();
    await until(`${url} answers from all three pods`, async () => {
      const { stdout } = await cluster.inside('curl', '-s', '-m', '2', url);
      const pod = /hello-[a-z0-9]+-[a-z0-9]+/.exec(stdout)?.[0];
      if (pod) seen.add(pod);
      return seen.size === 3;
    });
  }
  const pod = (await kubectl('get', 'pods', '-l', 'app=hello', '-o', 'jsonpath={.items[0].metadata.name}')).trim();
  assert.match(await kubectl('exec', pod, '--', 'wget', '-qO-', `http://${clusterIP}:${port}/`), /Hello/i);
}

async function typed(kubectl: Kubectl): Promise<void> {
  const pod = (await kubectl('get', 'pods', '-l', 'app=hello', '-o', 'name')).split('\n')[0] ?? '';
  assert.match(await kubectl('get', pod, '-o', 'wide'), /NODE/);
  assert.match(await kubectl('get', pod, '-o', 'yaml'), /kind: Pod/);
  assert.equal(JSON.parse(await kubectl('get', pod, '-o', 'json')).kind, 'Pod');
  assert.match(await kubectl('describe', pod), /Events:[\s\S]*Scheduled/);
  assert.match(await kubectl('logs', pod, '--tail=5'), /.*/);
  assert.equal((await kubectl.run(['exec', '-i', pod, '--', 'cat'], 'through')).stdout, 'through');
  assert.equal((await kubectl.run(['exec', pod, '--', 'sh', '-c', 'exit 3'])).code, 3);
  assert.match(await kubectl('api-resources'), /deployments/);
  assert.match(await kubectl('version'), /Server Version/);
  assert.match(await kubectl('cluster-info'), /is running at/);
  const lines: string[] = [];
  const watch = kubectl.follow(['get', 'deployment', 'hello', '-w', '--no-headers'], (line) => lines.push(line));
  await until('the watch shows the present state', async () => lines.length > 0);
  await kubectl('scale', 'deployment/hello', '--replicas=5');
  await until('the watch shows 5/5', async () => lines.some((line) => line.includes('5/5')));
  watch.stop();
  await kubectl('scale', 'deployment/hello', '--replicas=1');
  await until('one pod is left', async () => (await phases(kubectl)).length === 1);
  await kubectl('scale', 'deployment/hello', '--replicas=3');
  await kubectl('rollout', 'status', 'deployment/hello', '--timeout=60s');
}

async function life(kubectl: Kubectl): Promise<void> {
  const pod = (await kubectl('get', 'pods', '-l', 'app=hello', '-o', 'jsonpath={.items[0].metadata.name}')).trim();
  await kubectl.run(['exec', pod, '--', 'kill', '1']);
  await until(
    'the restart is counted',
    async () => (await kubectl('get', 'pod', pod, '-o', 'jsonpath={.status.containerStatuses[0].restartCount}')) === '1',
  );
  await until(
    'it runs again',
    async () => (await kubectl('get', 'pod', pod, '-o', 'jsonpath={.status.containerStatuses[0].ready}')) === 'true',
  );
  await kubectl('delete', 'pod', pod, '--wait=false');
  await until('another pod replaces it', async () => {
    const names = await kubectl('get', 'pods', '-l', 'app=hello', '-o', 'jsonpath={.items[*].metadata.name}');
    return !names.includes(pod) && (await phases(kubectl)).join() === 'Running,Running,Running';
  });
  await kubectl('set', 'image', 'deployment/hello', 'hello=keelson/hello:v2');
  let least = 3;
  const watch = kubectl.follow(['get', 'deployment', 'hello', '-w', '-o', 'jsonpath={.status.availableReplicas}{"\\n"}'], (line) => {
    least = Math.min(least, Number(line || 0));
  });
  await kubectl('rollout', 'status', 'deployment/hello', '--timeout=90s');
  watch.stop();
  assert.ok(least >= 2, `never fewer than maxUnavailable allows: ${least}`);
  await kubectl('rollout', 'undo', 'deployment/hello');
  await kubectl('rollout', 'status', 'deployment/hello', '--timeout=90s');
  assert.match(await kubectl('get', 'deployment', 'hello', '-o', 'jsonpath={.spec.template.spec.containers[0].image}'), /hello:v1/);
  await kubectl('delete', '-f', 'examples/hello/');
  await until(
    'everything it owned is gone',
    async () => (await kubectl('get', 'pods,replicasets', '-l', 'app=hello', '-o', 'name')).trim() === '',
  );
  await kubectl('create', 'namespace', 'passing');
  await kubectl('create', 'configmap', 'inside', '-n', 'passing', '--from-literal=a=b');
  await kubectl('delete', 'namespace', 'passing', '--timeout=60s');
  assert.match((await kubectl.run(['get', 'namespace', 'passing'])).stderr, /not found/);
}

async function badInput(kubectl: Kubectl): Promise<void> {
  const refused = async (yaml: string, words: RegExp): Promise<void> => {
    const { code, stderr } = await kubectl.run(['apply', '-f', '-'], yaml);
    assert.notEqual(code, 0, yaml);
    assert.match(stderr, words);
  };
  await refused('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "Not_A_Name"}\n', /Invalid value: "Not_A_Name"/);
  await refused('apiVersion: v1\nkind: Nonsense\nmetadata: {name: x}\n', /no matches for kind "Nonsense" in version "v1"/);
  await refused('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndatum: {a: b}\n', /unknown field "datum"/);
  await refused('apiVersion: v1\nkind: [', /error/);
  const { stderr } = await kubectl.run(['get', 'configmap', 'x']);
  assert.match(stderr, /configmaps "x" not found/, 'nothing was stored');
}
