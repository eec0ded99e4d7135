import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '@keelson/kubectl';
import { type KubectlServer, startKubectlServer } from './kubectl-harness.ts';

/* What kubectl answers to command lines that are wrong, and in which order it finds what is wrong: as upstream's was seen to do. */

let server: KubectlServer;
before(async () => {
  server = await startKubectlServer();
});
after(() => server.stop());

const refused = async (line: string): Promise<string> => {
  const { code, stderr } = await server.kubectl(line);
  assert.notEqual(code, 0, line);
  return stderr;
};

test('words of command lines that are wrong', async () => {
  const cases: readonly [line: string, stderr: string][] = [
    ['--foo', "error: unknown flag: --foo\nSee 'kubectl --help' for usage.\n"],
    ['label', 'error: one or more resources must be specified as <resource> <name> or <resource>/<name>\n'],
    ['label pod nope a=b=c', 'error: invalid label spec: a=b=c\n'],
    ['annotate cm a a=b a-', 'error: can not both modify and remove the following annotation(s) in the same command: a\n'],
    ['annotate pods a=b --all -l x=y', 'error: cannot set --all and --selector at the same time\n'],
    ['taint nodes n', 'error: at least one taint update is required\n'],
    ['taint nodes n a=b:Bad', "error: invalid taint effect: Bad, unsupported taint effect\nSee 'kubectl taint -h' for help and examples\n"],
    [
      'taint nodes n a=b:NoSchedule a:NoSchedule-',
      'error: can not both modify and remove the following taint(s) in the same command: a=NoSchedule\n',
    ],
    ['taint pods a foo=bar:NoSchedule', 'error: invalid resource type pods, only node types are supported\n'],
    ['delete pod a --cascade=foo', 'error: invalid cascade value (foo). Must be "background", "foreground", or "orphan"\n'],
    ['delete pods --all a', 'error: name cannot be provided when a selector is specified\n'],
    ['run', 'error: required flag(s) "image" not set\n'],
    ['run a --image=B?', 'error: Invalid image name "B?": invalid reference format\n'],
    ['get --raw /healthz pods', 'error: arguments may not be passed when --raw is specified\n'],
    ['get --raw foo', 'error: --raw must be a valid URL path: parse "foo": invalid URI for request\n'],
    ['set image deploy/nope', 'Error from server (NotFound): deployments.apps "nope" not found\n'],
    ['scale deploy nope --replicas=1', 'Error from server (NotFound): deployments.apps "nope" not found\n'],
    ['wait pods a', 'error: unrecognized condition: []\n'],
    ['version a', 'error: extra arguments: [a]\n'],
    ['explain pods --output=foo', 'error: unrecognized format: foo\n'],
    ['events --types=foo', 'error: valid --types are Normal or Warning\n'],
    ['patch cm a --patch-file=nofile', 'error: unable to read patch file: open nofile: no such file or directory\n'],
    ['create clusterrole a --verb=get', 'error: one of resource or nonResourceURL must be specified\n'],
    ['apply foo', "error: Unexpected args: [foo]\nSee 'kubectl apply -h' for help and examples\n"],
    [
      'drain n --selector=a=b',
      "error: cannot specify both a node name and a --selector option\nSee 'kubectl drain -h' for help and examples\n",
    ],
  ];
  for (const [line, stderr] of cases) assert.equal(await refused(line), stderr, line);
});

test('commands that need another word print their help: most to standard error, and fail', async () => {
  const { kubectl } = server;
  for (const line of ['auth', 'config', 'create secret', 'plugin', 'set', 'top']) {
    const { code, stdout, stderr } = await kubectl(line);
    assert.deepEqual([code, stdout, stderr.includes('Available Commands:')], [1, '', true], line);
  }
  const rollout = await kubectl('rollout');
  assert.deepEqual([rollout.code, rollout.stderr, rollout.stdout.includes('Available Commands:')], [1, '', true]);
  const certificate = await kubectl('certificate foo');
  assert.deepEqual([certificate.code, certificate.stdout.includes('Available Commands:')], [0, true]);
  const use = await kubectl('config use-context');
  assert.deepEqual([use.code, use.stderr, use.stdout.includes('Usage:')], [1, 'error: Unexpected args: []\n', true]);
});

test('a rollout of a type alone is of all its objects', async () => {
  const { kubectl, ok } = server;
  assert.deepEqual(await kubectl('rollout restart deploy'), { code: 0, stdout: '', stderr: 'No resources found in default namespace.\n' });
  for (const name of ['one', 'two']) await ok(`create deployment ${name} --image=a`);
  assert.equal(await ok('rollout restart deploy'), 'deployment.apps/one restarted\ndeployment.apps/two restarted\n');
});

test('scaling ends with the first manifest that is not there, but not with a name', async () => {
  const { kubectl, ok } = server;
  await ok('create deployment there --image=a');
  const manifest = (name: string): object => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name } });
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [manifest('nope'), manifest('there')] });
  assert.equal((await kubectl('scale -f - --replicas=5', list)).stdout, '');
  assert.equal((await kubectl('scale deploy/nope deploy/there --replicas=5')).stdout, 'deployment.apps/there scaled\n');
});

test('apply prints several objects as one list, and says unchanged of what it only pretends and would leave as it is', async () => {
  const { ok } = server;
  const map = (name: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
  const both = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [map('l1'), map('l2')] });
  const printed = JSON.parse(await ok('apply -f - -o json', both)) as { kind: string; items: { metadata: { name: string } }[] };
  assert.deepEqual([printed.kind, printed.items.map(({ metadata }) => metadata.name)], ['List', ['l1', 'l2']]);
  assert.equal(await ok('apply -f - --dry-run=client', JSON.stringify(map('l1'))), 'configmap/l1 unchanged (dry run)\n');
});

test('labels of several objects are listed under their names', async () => {
  const { ok } = server;
  for (const name of ['x1', 'x2']) await ok(`create configmap ${name}`);
  await ok('label cm x1 x2 a=b');
  assert.equal(await ok('label cm x1 --list'), 'a=b\n');
  assert.equal(await ok('label cm x1 x2 --list'), 'Listing labels for ConfigMap./x1:\n a=b\nListing labels for ConfigMap./x2:\n a=b\n');
});

test('an object is made as it was edited', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'edit-'));
  try {
    const file = join(folder, 'map.yaml');
    writeFileSync(file, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: edited}\ndata: {word: old}\n');
    const { transport } = server;
    const env = { KUBE_EDITOR: 'sed -i s/old/new/' };
    let printed = '';
    const stdout = { write: (text: string | Uint8Array) => (printed += String(text)) };
    assert.equal(await run(['create', '--edit', '-f', file], { transport, env, stdout }), 0);
    assert.equal(printed, 'configmap/edited created\n');
    assert.equal(await server.ok('get cm edited -o jsonpath={.data.word}'), 'new');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('flags that upstream has are known', async () => {
  const { ok } = server;
  await ok('get cm --server-print=false --match-server-version=false');
  await ok('api-resources --cached --disable-compression');
  const overridden = ['run', 'p', '--image=a', '--leave-stdin-open', '-i', '--attach=false', '--dry-run=client', '-o', 'json'];
  assert.equal(
    (JSON.parse(await ok(overridden)) as { spec: { containers: { stdinOnce?: boolean }[] } }).spec.containers[0]?.stdinOnce,
    undefined,
  );
});
