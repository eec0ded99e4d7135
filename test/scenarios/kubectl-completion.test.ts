import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type KubectlServer, startKubectlServer } from './kubectl-harness.ts';

let server: KubectlServer;

before(async () => {
  server = await startKubectlServer();
  for (const name of ['one', 'two']) await server.ok(`create configmap ${name}`);
  await server.ok('create serviceaccount default');
  await server.ok('create deployment web --image=x');
  const containers = [{ name: 'first', image: 'x' }];
  const spec = { initContainers: [{ name: 'before', image: 'x' }], containers };
  await server.ok('create -f -', JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pod' }, spec }));
});

after(() => server.stop());

/** The candidates without what they mean, and the directive. */
async function complete(...words: string[]): Promise<string> {
  const { stdout } = await server.kubectl(['__complete', ...words]);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t')[0])
    .join(' ');
}

test('verbs are completed, in order, until a flag of the verb is given', async () => {
  assert.equal(await complete('co'), 'completion config cordon :4');
  assert.equal(await complete('he'), 'help :4');
  assert.equal(await complete('rollout', 'un'), 'undo :4');
  assert.equal(await complete('help', 'rollout', 're'), 'restart resume :4');
  assert.equal(await complete('apply', '--dry-run=client', ''), ':0');
});

test('types with their groups, names, and both with a slash', async () => {
  assert.equal(await complete('get', 'configm'), 'configmaps :4');
  assert.equal(await complete('get', 'deploy'), 'deployments.apps :4');
  assert.equal(await complete('get', 'cm,deploy'), 'cm,deployments.apps :4');
  assert.equal(await complete('get', 'cm', 't'), 'two :4');
  assert.equal(await complete('get', 'cm', 'two', 't'), ':4');
  assert.equal(await complete('get', 'cm/on'), 'cm/one :4');
  assert.equal(await complete('get', 'cm/one', 'cm/'), 'cm/two :4');
  assert.equal(await complete('get', 'cm/one', 'configm'), 'configmaps/ :6');
  assert.equal(await complete('get', 'cm,sa', ''), 'one two default :4');
  assert.equal(await complete('debug', 'cm', 'one', ''), ':4');
});

test('each verb has its kinds', async () => {
  assert.equal(await complete('scale', ''), '--replicas deployment replicaset replicationcontroller statefulset :4');
  assert.equal(await complete('rollout', 'status', 'd'), 'deployment daemonset :4');
  assert.equal(await complete('rollout', 'status', 'deployment', ''), 'web :4');
  assert.equal(await complete('rollout', 'status', 'deployment', 'web', ''), ':4');
  assert.equal(await complete('taint', ''), 'node :4');
  assert.equal(await complete('create', 'token', ''), 'default :4');
  assert.equal(await complete('completion', ''), 'bash zsh fish powershell :4');
  for (const verb of ['wait', 'explain', 'version']) assert.equal(await complete(verb, ''), ':0', verb);
});

test('pods, what has pods, and their containers', async () => {
  assert.equal(await complete('logs', 'po'), 'pod pods/ :4');
  assert.equal(await complete('logs', 'pod', ''), 'before first :4');
  assert.equal(await complete('logs', 'deploy/web', ''), 'x :4');
  assert.equal(await complete('exec', 'pod', '-c', ''), 'before first :4');
  assert.equal(await complete('exec', 'pod', '--', ''), ':4');
  assert.equal(await complete('cp', ''), 'default/ kube-node-lease/ kube-public/ kube-system/ pod: ./ / :2');
  assert.equal(await complete('cp', 'default/p'), 'default/pod: :2');
});

test('flags and their values', async () => {
  assert.equal(await complete('get', '--all-n'), '--all-namespaces :4');
  assert.equal(await complete('get', '--all-namespaces', '--all-n'), ':4');
  assert.equal(await complete('get', '-l'), '-l :4');
  assert.equal(await complete('run', 'x', '--'), '--image :4');
  assert.equal(await complete('get', '--output=ya'), 'yaml :4');
  assert.equal(await complete('get', 'cm', '-n', 'kube-sys'), 'kube-system :4');
  assert.equal(await complete('apply', '-f', ''), 'json yaml yml :8');
  assert.equal(await complete('get', '--nope', ''), ':0');
});

test('descriptions can be left out, and the directive is told in words', async () => {
  const { stdout, stderr } = await server.kubectl('__completeNoDesc rollout un');
  assert.equal(stdout, 'undo\n:4\n');
  assert.equal(stderr, 'Completion ended with directive: ShellCompDirectiveNoFileComp\n');
  for (const shell of ['bash', 'fish', 'powershell', 'zsh']) assert.match(await server.ok(`completion ${shell}`), /__complete/);
});
