import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type KubectlServer, startKubectlServer } from './kubectl-harness.ts';

let server: KubectlServer;

before(async () => {
  server = await startKubectlServer();
  await server.ok('create configmap a --from-literal=x=1');
  await server.ok('create configmap b --from-literal=x=2');
});

after(() => server.stop());

async function refused(line: string, stderr: string, stdout = ''): Promise<void> {
  assert.deepEqual(await server.kubectl(`wait ${line}`), { code: 1, stdout, stderr }, line);
}

const met = (...names: string[]): string => names.map((name) => `configmap/${name} condition met\n`).join('');

test('what is looked for must all be there before anything is told', async () => {
  const late = 'error: timed out waiting for the condition\n';
  await refused('--for=create cm/a cm/none --timeout=10ms', late);
  await refused('--for=create cm/none cm/a --timeout=0', late);
  assert.equal(await server.ok('wait --for=create cm/a cm/b --timeout=0'), met('a', 'b'));
});

test('one missing name is waited for, two and those of files are not', async () => {
  const missing = (name: string): string => `Error from server (NotFound): configmaps "${name}" not found\n`;
  await refused('--for=create cm/none cm/neither --timeout=5s', missing('none') + missing('neither'));
  const manifest = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'none' } });
  const outcome = await server.kubectl('wait --for=create -f - --timeout=5s', manifest);
  assert.deepEqual(outcome, { code: 1, stdout: '', stderr: missing('none') });
});

test('what goes while another is waited for is not asked after', async () => {
  await server.ok('create configmap first');
  await server.ok('create configmap second');
  const waiting = server.kubectl('wait --for=delete cm/first cm/second --timeout=20s');
  await server.ok('delete configmap second');
  await server.ok('delete configmap first');
  assert.match((await waiting).stdout, /^configmap\/first condition met\n/);
  assert.equal((await waiting).code, 0);
});

test('once the time is over, what is to go is not looked at', async () => {
  const over = 'client rate limiter Wait returned an error: context deadline exceeded';
  await refused('--for=delete cm/a cm/b --timeout=50ms', `timed out waiting for the condition on configmaps/a\n${over}\n`);
  await refused('--for=delete cm/a --timeout=0', 'error: condition not met for configmaps/a\n');
});

test('several conditions hold of one object, then of the next', async () => {
  const [one, none] = ['--for=jsonpath={.data.x}=1', '--for=delete'];
  await refused(`${one} ${none} cm/a --timeout=50ms`, 'error: timed out waiting for the condition on configmaps/a\n', met('a'));
  assert.equal(await server.ok(`wait ${one} ${none} cm/none`), '');
});

test('two signs of equality are of the path', async () => {
  const odd = "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'";
  await refused('--for=jsonpath={.data.x}==1 cm/a', `error: ${odd}\n`);
  await refused('--for=jsonpath= cm/a', 'error: jsonpath expression cannot be empty\n');
  await refused('--for=jsonpath={.data.x}={.data.x} cm/a --timeout=10ms', 'error: timed out waiting for the condition on configmaps/a\n');
  const form = "--for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'";
  await refused('--for=jsonpath={.data.x}=1=2 cm/a', `error: jsonpath wait format must be ${form}\n`);
});

test('a name in full and a selector do not go together', async () => {
  const both = 'error: selectors and the all flag cannot be used when passing resource/name arguments\n';
  await refused('--for=create cm/a -l x=y', both);
  for (const line of ['delete cm/a -l x=y', 'delete cm/a --all', 'get cm/a -l x=y', 'label cm/a -l x=y a=b'])
    assert.deepEqual(await server.kubectl(line), { code: 1, stdout: '', stderr: both }, line);
});
