import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { systemClock } from '@keelson/base';
import { run } from '@keelson/kubectl';
import { type KubectlServer, type Outcome, startKubectlServer } from './kubectl-harness.ts';

let server: KubectlServer;
before(async () => {
  server = await startKubectlServer();
  for (const name of ['one', 'two']) await server.ok(`create namespace ${name}`);
});
after(() => server.stop());

/** `kubectl apply -f - --prune`, with the gate of sets open. */
async function apply(flags: string, manifest: string): Promise<Outcome> {
  const printed = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr') => ({ write: (text: string | Uint8Array) => (printed[name] += Buffer.from(text as string)) });
  const code = await run(`apply -f - --prune ${flags}`.split(' '), {
    transport: server.transport,
    clock: systemClock,
    env: { KUBECTL_APPLYSET: 'true' },
    stdin: Readable.from([Buffer.from(manifest)]),
    stdout: into('stdout'),
    stderr: into('stderr'),
  });
  return { code, ...printed };
}

const done = (stdout: string): Outcome => ({ code: 0, stdout, stderr: '' });
const failed = (stderr: string, stdout = ''): Outcome => ({ code: 1, stdout, stderr });
const map = (name: string, namespace = ''): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...(namespace ? { namespace } : {}) }, data: { a: 'b' } });
const maps = (...names: string[]): string => names.map((name) => map(name)).join('\n---\n');
const service = JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } });

/** What a parent tells: kinds, namespaces beside its own. */
async function told(what: string): Promise<string[]> {
  const { metadata } = JSON.parse(await server.ok(`get ${what} -o json`)) as { metadata: { annotations: Record<string, string> } };
  return ['contains-group-kinds', 'additional-namespaces'].map((name) => metadata.annotations[`applyset.kubernetes.io/${name}`] ?? '?');
}

test('without its gate the flag is not there', async () => {
  const { kubectl } = server;
  const outcome = await kubectl('apply -f - --prune --applyset=set -n one', map('a'));
  assert.deepEqual(outcome, failed("error: unknown flag: --applyset\nSee 'kubectl apply --help' for usage.\n"));
});

test('a set: its parent is made, its members are labelled, what is no longer there is pruned', async () => {
  const { ok } = server;
  const flags = '-n one --applyset=set';
  assert.deepEqual(
    await apply(flags, `${maps('a', 'b')}\n---\n${service}`),
    done('configmap/a created\nconfigmap/b created\nservice/s created\n'),
  );
  const id = await ok('get secret set -n one -o jsonpath={.metadata.labels.applyset\\.kubernetes\\.io/id}');
  assert.match(id, /^applyset-[\w-]{43}-v1$/);
  assert.deepEqual(await told('secret set -n one'), ['ConfigMap,Service', '']);
  await ok('create configmap stranger -n one');
  const member = await ok('get configmap a -n one -o jsonpath={.metadata.labels.applyset\\.kubernetes\\.io/part-of}');
  assert.equal(member, id);
  assert.deepEqual(
    await apply(`${flags} --dry-run=client`, map('b')),
    done('configmap/b unchanged (dry run)\nconfigmap/a pruned (dry run)\nservice/s pruned (dry run)\n'),
  );
  assert.deepEqual(
    await apply(`${flags} --dry-run=server`, map('b')),
    done('configmap/b unchanged (server dry run)\nconfigmap/a pruned (server dry run)\nservice/s pruned (server dry run)\n'),
  );
  assert.deepEqual(await told('secret set -n one'), ['ConfigMap,Service', '']);
  assert.deepEqual(await apply(flags, map('b')), done('configmap/b unchanged\nconfigmap/a pruned\nservice/s pruned\n'));
  assert.deepEqual(await told('secret set -n one'), ['ConfigMap', '']);
  assert.equal(await ok('get configmap -n one -o name'), 'configmap/b\nconfigmap/stranger\n');
});

test('a set of one namespace, applied on the server', async () => {
  const flags = '-n one --applyset=configmaps/on-server --server-side';
  assert.deepEqual(await apply(flags, maps('c', 'd')), done('configmap/c serverside-applied\nconfigmap/d serverside-applied\n'));
  assert.deepEqual(await apply(`${flags} -o name`, map('d')), done('configmap/d\nconfigmap/c\n'));
  assert.deepEqual(await told('configmap on-server -n one'), ['ConfigMap', '']);
});

test('what fails prunes nothing, and the parent keeps telling of all that may be there', async () => {
  const flags = '-n one --applyset=failing';
  await apply(flags, `${map('e')}\n---\n${service}`);
  const invalid = JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'p' }, spec: {} });
  const outcome = await apply(flags, invalid);
  assert.equal(outcome.code, 1);
  assert.match(outcome.stderr, /^The Deployment "p" is invalid/);
  assert.deepEqual(await told('secret failing -n one'), ['ConfigMap,Deployment.apps,Service', '']);
  const labelled = map('f').replace('"name"', '"labels":{"applyset.kubernetes.io/part-of":"x"},"name"');
  assert.deepEqual(
    await apply(flags, `${map('g')}\n---\n${labelled}`),
    failed('error: ApplySet label "applyset.kubernetes.io/part-of" already set in input data\n'),
  );
  assert.deepEqual(await apply(flags, ''), failed('error: no objects passed to apply\n'));
  assert.deepEqual(await apply(flags, map('g')), done('configmap/g created\nconfigmap/e pruned\nservice/s pruned\n'));
});

test('flags that do not go together, and what cannot be a parent', async () => {
  const cases: [string, string][] = [
    ['--applyset=x --prune=false', 'error: --applyset requires --prune\n'],
    ['--applyset=x', 'error: namespace is required to use namespace-scoped ApplySet\n'],
    ['-n one --applyset=x --all', 'error: --all is incompatible with --applyset\n'],
    ['-n one --applyset=x --all --force', 'error: --force cannot be used with --prune\n'],
    ['-n one --applyset=nope.apps/x', 'error: invalid parent reference "nope.apps/x": no matches for apps/, Resource=nope\n'],
    ['-n one --applyset=namespaces/x', 'error: resource "/v1, Resource=namespaces" is not permitted as an ApplySet parent\n'],
    [
      '--applyset=deploy/x',
      'namespace is required to use namespace-scoped ApplySet\nresource "apps/v1, Resource=deployments" is not permitted as an ApplySet parent\n',
    ],
    ['-n none --applyset=x', 'error: failed to update ApplySet: namespaces "none" not found\n'],
  ];
  for (const [flags, stderr] of cases) assert.deepEqual(await apply(flags, map('h')), failed(stderr), flags);
});

test("another's parent is left alone, and what another says of ours is taken over", async () => {
  const { ok } = server;
  await ok('create secret generic foreign -n one');
  const missing = 'ApplySet parent object "secrets./foreign" already exists and is missing required annotation';
  assert.deepEqual(await apply('-n one --applyset=foreign', map('i')), failed(`error: ${missing} "applyset.kubernetes.io/tooling"\n`));
  await apply('-n one --applyset=ours', map('i'));
  await ok('annotate --overwrite secret ours -n one applyset.kubernetes.io/contains-group-kinds=ConfigMap,Service');
  const { code, stdout, stderr } = await apply('-n one --applyset=ours', map('i'));
  assert.deepEqual([code, stdout], [0, 'configmap/i unchanged\n']);
  assert.match(stderr, /WARNING: failed to update ApplySet: Apply failed with 1 conflict: .*\n.*Retrying with conflicts forced\.\n$/);
  assert.deepEqual(await told('secret ours -n one'), ['ConfigMap', '']);
});

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'sets.keelson.example', labels: { 'applyset.kubernetes.io/is-parent-type': 'true' } },
  spec: {
    group: 'keelson.example',
    names: { plural: 'sets', singular: 'set', kind: 'Set' },
    scope: 'Cluster',
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};

test('a custom parent reaches over namespaces', async () => {
  const { ok, kubectl } = server;
  await ok('create -f -', JSON.stringify(definition));
  await ok('wait --for=condition=Established crd/sets.keelson.example');
  const flags = '--applyset=sets.keelson.example/all';
  assert.deepEqual(
    await apply(flags, map('j', 'one')),
    failed('error: custom resource ApplySet parents cannot be created automatically\n'),
  );
  await ok('create -f -', JSON.stringify({ apiVersion: 'keelson.example/v1', kind: 'Set', metadata: { name: 'all' } }));
  await ok('annotate set all applyset.kubernetes.io/tooling=kubectl/v1 applyset.kubernetes.io/contains-group-kinds=');
  const wrong = await apply(flags, map('j', 'one'));
  assert.match(wrong.stderr, /exists and does not have required label applyset\.kubernetes\.io\/id\n$/);
  await kubectl('label set all applyset.kubernetes.io/id=x');
  const [, want = ''] = /want: (\S+)\)/.exec((await apply(flags, map('j', 'one'))).stderr) ?? [];
  await ok(`label --overwrite set all applyset.kubernetes.io/id=${want}`);
  const both = `${map('j', 'one')}\n---\n${map('j', 'two')}`;
  assert.equal((await apply(flags, both)).stdout, 'configmap/j created\nconfigmap/j created\n');
  assert.deepEqual(await told('set all'), ['ConfigMap', 'one,two']);
  assert.deepEqual(await apply(flags, map('j', 'two')), done('configmap/j unchanged\nconfigmap/j pruned\n'));
  assert.deepEqual(await told('set all'), ['ConfigMap', 'two']);
});

test('the older pruning: what was applied and is not among the manifests, of the kinds of the list', async () => {
  const { ok, kubectl } = server;
  for (const name of ['old', 'other']) await ok(`create namespace ${name}`);
  await ok('apply -f -', JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'applied' } }));
  await ok('apply -n old -f -', `${maps('a', 'b')}\n---\n${service}`);
  const all = await apply('-n old --all --dry-run=client', map('b'));
  assert.equal(
    all.stdout,
    'configmap/b unchanged (dry run)\nconfigmap/a pruned (dry run)\nservice/s pruned (dry run)\nnamespace/applied pruned (dry run)\n',
  );
  assert.match(all.stderr, /Deprecated: kubectl apply will no longer prune non-namespaced resources by default/);
  const both = '-n old --all --prune-allowlist=core/v1/Service --prune-allowlist=/v1/ConfigMap';
  assert.deepEqual(await apply(both, map('b')), done('configmap/b unchanged\nservice/s pruned\nconfigmap/a pruned\n'));
  const refused: [string, string][] = [
    ['--all --prune-allowlist=core/v1/Bad --force --server-side', 'error: no matches for kind "Bad" in version "v1"\n'],
    ['--all --prune-allowlist=core/v1/', 'error: no matches for kind "" in version "v1"\n'],
    ['--prune-allowlist=bad', 'error: invalid GroupVersionKind format: bad, please follow <group/version/kind>\n'],
    ['--all --server-side', "error: --prune is in alpha and doesn't currently work on objects created by server-side apply\n"],
    ['--all --force', 'error: --force cannot be used with --prune\n'],
  ];
  for (const [flags, stderr] of refused) assert.deepEqual(await apply(`-n other ${flags}`, map('c')), failed(stderr), flags);
  assert.equal((await kubectl('get configmap c -n other')).code, 1);
});
