import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type KubectlServer, startKubectlServer } from './kubectl-harness.ts';

/* What kubectl refuses, warns of and tells where nodes, images and raw requests are concerned, in upstream's words. */

let server: KubectlServer;
before(async () => {
  server = await startKubectlServer();
  for (const name of ['n1', 'n2'])
    await server.ok('create -f -', JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { name } } }));
});
after(() => server.stop());

type Words = readonly [line: string, stderr: string][];

async function refuses(words: Words, stdin = ''): Promise<void> {
  for (const [line, stderr] of words) assert.deepEqual(await server.kubectl(line, stdin), { code: 1, stdout: '', stderr }, line);
}

const help = (verb: string): string => `See 'kubectl ${verb} -h' for help and examples\n`;

for (const verb of ['cordon', 'uncordon', 'drain'])
  test(`${verb} takes nodes or a selector, never both and never none`, async () => {
    const missing = (name: string): string => `Error from server (NotFound): nodes "${name}" not found\n`;
    await refuses([
      [verb, `error: USAGE: ${verb} NODE [flags]\n${help(verb)}`],
      [`${verb} n1 -l a=b`, `error: cannot specify both a node name and a --selector option\n${help(verb)}`],
      [`${verb} nosuch`, missing('nosuch')],
      [`${verb} nosuch nope`, missing('nosuch')],
      [`${verb} n1 nosuch`, missing('nosuch')],
    ]);
    assert.equal(await server.ok('get nodes -o jsonpath={.items[*].spec.unschedulable}'), '');
  });

test('an empty selector is as good as no name', async () => {
  for (const verb of ['cordon', 'drain']) {
    const { code, stdout, stderr } = await server.kubectl(`${verb} --selector=`);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^error: You must provide one or more resources by argument or filename\./);
  }
});

test('a selector finds the nodes to cordon and drain; none is no error', async () => {
  const { ok } = server;
  assert.equal(await ok('cordon --selector=name=n1'), 'node/n1 cordoned\n');
  assert.equal(await ok('cordon -l name'), 'node/n1 already cordoned\nnode/n2 cordoned\n');
  assert.equal(await ok('uncordon n1 n2'), 'node/n1 uncordoned\nnode/n2 uncordoned\n');
  assert.equal(await ok('drain --selector=name=n2'), 'node/n2 cordoned\nnode/n2 drained\n');
  assert.equal(await ok('uncordon -l name'), 'node/n1 already uncordoned\nnode/n2 uncordoned\n');
  for (const verb of ['cordon', 'drain']) assert.equal(await ok(`${verb} -l name=none`), '');
});

test('a raw request stands alone', async () => {
  const filtered = 'error: --raw may not be specified with other flags that filter the server request or alter the output\n';
  await refuses([
    ['get --raw / -l a=b', filtered],
    ['get --raw / -w', filtered],
    ['get --raw / --watch-only', filtered],
    ['get --raw / pods', 'error: arguments may not be passed when --raw is specified\n'],
    ['get --raw / -o json', 'error: --raw and --output are mutually exclusive\n'],
    ['get --raw nope', 'error: --raw must be a valid URL path: parse "nope": invalid URI for request\n'],
  ]);
  assert.match(await server.ok('get --raw /version'), /"gitVersion"/);
});

for (const verb of ['create', 'replace'])
  test(`${verb} --raw takes one local file and nothing else`, async () => {
    await refuses([
      [`${verb} --raw /api -f http://x/y`, 'error: --raw cannot read from a url\n'],
      [`${verb} --raw /api -f - -R`, 'error: --raw and --recursive are mutually exclusive\n'],
      [`${verb} --raw /api -f - -o json`, 'error: --raw and --output are mutually exclusive\n'],
      [`${verb} --raw :bad -f -`, 'error: --raw must be a valid URL path: parse ":bad": missing protocol scheme\n'],
      [`${verb} --raw /api -f - -f -`, 'error: --raw can only use a single local file or stdin\n'],
      [`${verb} --raw /api`, 'error: must specify one of -f and -k\n'],
    ]);
  });

test('create --raw is not edited or selected from', async () => {
  await refuses([
    ['create --raw /api -f - --edit', 'error: --raw and --edit are mutually exclusive\n'],
    ['create --raw /api -f - -l a=b', 'error: --raw and --selector (-l) are mutually exclusive\n'],
  ]);
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'raw' } });
  const path = '/api/v1/namespaces/default/configmaps';
  assert.equal(JSON.parse(await server.ok(`create --raw ${path} -f -`, body)).metadata.name, 'raw');
  assert.equal(JSON.parse(await server.ok(`replace --raw ${path}/raw -f -`, body)).metadata.name, 'raw');
});

test('an image is set where there is such a container, and each that is not there is told', async () => {
  const { ok, kubectl } = server;
  await ok('create deployment web --image=first');
  const missing = (name: string): string => `error: unable to find container named "${name}"\n`;
  await refuses([
    ['set image deploy/web nope=x', missing('nope')],
    ['set image deploy/web nope=x none=y', missing('nope') + missing('none')],
  ]);
  const some = await kubectl('set image deploy/web first=second nope=y');
  assert.deepEqual(some, { code: 1, stdout: 'deployment.apps/web image updated\n', stderr: missing('nope') });
  assert.equal(await ok('get deploy web -o jsonpath={.spec.template.spec.containers[*].image}'), 'second');
});

test('who names a namespace is warned that cluster-scoped resources are not in it', async () => {
  const { ok, kubectl } = server;
  const warning = 'Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n';
  const missing = (name: string): string => `Error from server (NotFound): clusterroles.rbac.authorization.k8s.io "${name}" not found\n`;
  for (const name of ['one', 'two', 'three']) await ok(`create clusterrole ${name} --verb=get --resource=pods`);
  await ok('create configmap in');
  const deleted = (name: string): string => `clusterrole.rbac.authorization.k8s.io "${name}" deleted\n`;
  assert.deepEqual(await kubectl('delete clusterrole one two -n default'), {
    code: 0,
    stdout: deleted('one') + deleted('two'),
    stderr: warning,
  });
  assert.equal(await ok('delete clusterrole three'), deleted('three'));
  assert.equal(await ok('delete configmap in -n default'), 'configmap "in" deleted from default namespace\n');
  await refuses([
    ['delete clusterrole none nope -n default', warning + missing('none') + missing('nope')],
    ['delete clusterrole none', missing('none')],
  ]);
  for (const line of ['delete clusterrole -n default -l a=none', 'delete clusterrole -A -l a=none'])
    assert.equal(await ok(line), 'No resources found\n');
});

/** A pod on n1 that a budget keeps, and one that nobody ends. */
async function kept(): Promise<void> {
  const on = (name: string): object => ({ nodeName: 'n1', containers: [{ name: 'c', image: name }] });
  const create = (kind: string, apiVersion: string, metadata: object, spec: object): Promise<string> =>
    server.ok('create -f -', JSON.stringify({ apiVersion, kind, metadata, spec }));
  await server.ok('create serviceaccount default');
  await create('Pod', 'v1', { name: 'guarded', labels: { app: 'guarded' } }, on('a'));
  await create('Pod', 'v1', { name: 'slow', labels: { app: 'slow' } }, on('b'));
  const running = JSON.stringify({ status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } });
  for (const name of ['guarded', 'slow']) await server.ok(['patch', 'pod', name, '--subresource=status', '-p', running]);
  await create('PodDisruptionBudget', 'policy/v1', { name: 'guard' }, { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } });
  const counted = { observedGeneration: 1, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1, disruptionsAllowed: 0 };
  await server.ok(['patch', 'pdb', 'guard', '--subresource=status', '--type=merge', '-p', JSON.stringify({ status: counted })]);
}

test('a drain that is only tried leaves the pods where they are, evicted or deleted', async () => {
  await kept();
  for (const [flag, verbing] of [
    ['', 'evicting'],
    [' --disable-eviction', 'deleting'],
  ]) {
    const { stdout } = await server.kubectl(`drain n1 --force --dry-run=server --pod-selector=app=slow${flag}`);
    assert.equal(
      stdout,
      `node/n1 cordoned (server dry run)\n${verbing} pod default/slow (server dry run)\nnode/n1 drained (server dry run)\n`,
    );
    assert.equal(await server.ok('get pod slow -o jsonpath={.metadata.deletionTimestamp}'), '');
  }
});

test('a drain gives up when its time is over, and says what kept which pods on the node', async () => {
  const budget = "Cannot evict pod as it would violate the pod's disruption budget.";
  const error = (text: string): string =>
    `There are pending pods in node "n1" when an error occurred: ${text}\npod/${text.includes('guarded') ? 'guarded' : 'slow'}\n` +
    `error: unable to drain node "n1" due to error: ${text}, continuing command...\nThere are pending nodes to be drained:\n n1\n${text}\n`;
  const warning = (name: string): string => `Warning: deleting Pods that declare no controller: default/${name}\n`;
  const evicting = 'error when evicting pods/"guarded" -n "default"';
  assert.deepEqual(await server.kubectl('drain n1 --force --timeout=50ms --pod-selector=app=guarded'), {
    code: 1,
    stdout: 'node/n1 cordoned\nevicting pod default/guarded\nevicting pod default/guarded\n',
    stderr: `${warning('guarded')}${evicting} (will retry after 5s): ${budget}\n${error(`${evicting}: global timeout reached: 50ms`)}`,
  });
  const waiting = 'error when waiting for pod "slow" in namespace "default" to terminate: context deadline exceeded';
  assert.deepEqual(await server.kubectl('drain n1 --force --timeout=50ms --pod-selector=app=slow'), {
    code: 1,
    stdout: 'node/n1 already cordoned\nevicting pod default/slow\n',
    stderr: `${warning('slow')}${error(waiting)}`,
  });
  await server.ok('uncordon n1');
});
