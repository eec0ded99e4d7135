import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { type KubectlServer, startKubectlServer } from './kubectl-harness.ts';

/* What `edit` opens, and what becomes of what the user makes of it. */

let server: KubectlServer;
const env: { KUBE_EDITOR?: string } = {};
const folder = mkdtempSync(join(tmpdir(), 'kubectl-editing-'));
const { TMPDIR: outside } = process.env;

before(async () => {
  process.env.TMPDIR = folder;
  server = await startKubectlServer(env as Record<string, string>);
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
  if (outside === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = outside;
});
beforeEach(async () => {
  const map = (name: string): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels: { of: 'two' } },
    data: { k: 'a' },
  });
  const items = [map('one'), map('two')];
  await server.ok('apply --server-side --force-conflicts -f -', JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
});

/** The editor keeps what it was given as `seen`, and then does as the script of `sed` says. */
function editWith(script: string): void {
  env.KUBE_EDITOR = `edit() { cp "$1" ${folder}/seen; sed -i '${script}' "$1"; }; edit`;
}

/** The editor does as the first script when it is opened first, and as the second when it is opened again. */
function editTwice(first: string, again: string): void {
  const mark = join(folder, 'opened');
  rmSync(mark, { force: true });
  env.KUBE_EDITOR = `edit() { cp "$1" ${folder}/seen; if [ -e ${mark} ]; then sed -i '${again}' "$1"; else touch ${mark}; sed -i '${first}' "$1"; fi; }; edit`;
}

const seen = (): string => readFileSync(join(folder, 'seen'), 'utf8');
const values = (): Promise<string> => server.ok('get cm -l of=two -o jsonpath={.items[*].data.k}');
/** Where copies were kept stands in messages: their names are chance. */
const withoutNames = (text: string): string => text.replaceAll(/\/\S*kubectl-edit-\w+/g, 'COPY');

test('several objects are one List to edit; what was left as it was is skipped', async () => {
  editWith('0,/k: a/s//k: b/');
  assert.equal(await server.ok('edit cm one two'), 'configmap/one edited\nconfigmap/two skipped\n');
  assert.match(seen(), /^apiVersion: v1\nitems:\n- apiVersion: v1\n {2}data:\n {4}k: a\n[\s\S]*\nkind: List\nmetadata: \{\}\n$/m);
  assert.equal(await values(), 'b a');
  editWith('s/k: .*/k: c/');
  assert.equal(await server.ok('edit cm two one'), 'configmap/two edited\nconfigmap/one edited\n');
  assert.equal(await values(), 'c c');
});

test('nothing is saved of a text that was left as it was', async () => {
  editWith('$ a # only a comment');
  for (const line of ['edit cm one', 'edit cm one two', 'edit cm one -o yaml --windows-line-endings'])
    assert.deepEqual(await server.kubectl(line), { code: 0, stdout: '', stderr: 'Edit cancelled, no changes made.\n' });
});

test('lines end as on Windows when asked for', async () => {
  editWith('s/k: a/k: b/');
  assert.equal(await server.ok('edit cm one two --windows-line-endings'), 'configmap/one edited\nconfigmap/two edited\n');
  assert.ok(
    seen()
      .trimEnd()
      .split('\n')
      .every((line, at, { length }) => at === length - 1 || line.endsWith('\r')),
  );
  assert.equal(await values(), 'b b');
});

test('with a format, the text and what is told are in it', async () => {
  editWith('s/"k": "a"/"k": "b"/');
  const told = await server.ok('edit cm one two -o json');
  assert.match(seen(), /^\{\n {4}"apiVersion": "v1",\n {4}"items": \[/);
  assert.equal(told.match(/^ {8}"k": "b"$/gm)?.length, 2);
  assert.match(
    (await server.kubectl('edit cm one -o name')).stderr,
    /^error: unable to match a printer .* "name", allowed formats are: json,kyaml,yaml\n$/,
  );
});

const kept = 'A copy of your changes has been stored to "COPY.yaml"\n';
const changedHead = `${kept}error: At least one of apiVersion, kind and name was changed\n`;
const conflict = (name: string): string =>
  `error: configmaps "${name}" could not be patched: Operation cannot be fulfilled on configmaps "${name}": the object has been modified; please apply your changes to the latest version and try again\n`;
const again = 'You can run `kubectl replace -f COPY.yaml` to try this update again.\n';
const elsewhere = `${kept}error: the namespace from the provided object "other" does not match the namespace "default". You must pass '--namespace=other' to perform this operation.\n`;

const refused: [what: string, line: string, script: string, stderr: string][] = [
  ['another name', 'edit cm one', 's/name: one/name: three/', changedHead],
  ['another name in a list', 'edit cm one two', 's/name: two/name: three/', changedHead],
  ['another kind', 'edit cm one', 's/^kind: .*/kind: Secret/', changedHead],
  ['another namespace', 'edit cm one', 's/namespace: .*/namespace: other/', elsewhere],
  ['another namespace in a list', 'edit cm one two', 's/namespace: .*/namespace: other/', elsewhere],
  ['an old version', 'edit cm one', 's/resourceVersion: .*/resourceVersion: "1"/', conflict('one') + again],
  ['old versions', 'edit cm one two', 's/resourceVersion: .*/resourceVersion: "1"/', conflict('one') + conflict('two') + again],
];

for (const [what, line, script, stderr] of refused)
  test(`not to be edited: ${what}`, async () => {
    editWith(script);
    const outcome = await server.kubectl(line);
    assert.deepEqual({ ...outcome, stderr: withoutNames(outcome.stderr) }, { code: 1, stdout: '', stderr });
    assert.equal(await values(), 'a a');
  });

test('what is not there any more by its uid is not found', async () => {
  editWith('s/uid: .*/uid: 7d9fd3a8-ab4f-4702-97ee-7cbb65fd6b9b/');
  assert.match((await server.kubectl('edit cm one')).stderr, /^A copy of .*\nerror: no original object found for /);
});

test('what is invalid is opened again with the reason', async () => {
  const { ok, kubectl } = server;
  await ok('create deployment web --image=a');
  editTwice('s/replicas: 1/replicas: -1/', 's/replicas: -1/replicas: 3/');
  const told = 'error: deployments.apps "web" is invalid\n';
  assert.deepEqual(await kubectl('edit deploy web'), { code: 0, stdout: 'deployment.apps/web edited\n', stderr: told });
  assert.match(seen(), /^# deployments.apps "web" was not valid:\n# {2}\* spec.replicas: Invalid value: -1: /m);
  editTwice('s/replicas: 3/replicas: -1/', '');
  const { code, stderr } = await kubectl('edit deploy web');
  assert.deepEqual([code, withoutNames(stderr)], [1, `${told}${kept}error: Edit cancelled, no valid changes were saved.\n`]);
  assert.ok(readdirSync(folder).some((name) => /^kubectl-edit-\w+\.yaml$/.test(name)));
});

test('a text that cannot be read is opened again', async () => {
  editTwice('s/^data:/data: [/', 's/^data: \\[/data:/; s/k: a/k: b/');
  assert.deepEqual(await server.kubectl('edit cm one'), {
    ...{ code: 0, stdout: 'configmap/one edited\n', stderr: 'error: configmaps "one" is invalid\n' },
  });
});

test('of a list, what was saved is not told again when the rest is opened again', async () => {
  await server.ok('create service clusterip svc --tcp=80');
  editTwice('s/k: a/k: b/; s/port: 80/port: 0/', 's/port: 0/port: 81/');
  const { code, stdout, stderr } = await server.kubectl('edit cm/one svc/svc');
  assert.deepEqual([code, stdout, stderr], [0, 'configmap/one edited\nservice/svc edited\n', 'error: services "svc" is invalid\n']);
});

test('what is edited before it is made is asked for in a format that can be edited', async () => {
  const manifest = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'new' }, data: { k: 'a' } });
  editWith('s/k: a/k: b/');
  assert.equal(await server.ok('create --edit -f -', manifest), 'configmap/new created\n');
  assert.equal(await server.ok('get cm new -o jsonpath={.data.k}'), 'b');
  const formats = { bogus: /allowed formats are: go-template,/, name: /allowed formats are: json,kyaml,yaml\n$/ };
  for (const [format, told] of Object.entries(formats)) {
    const { code, stderr } = await server.kubectl(`create --edit -f - -o ${format}`, manifest);
    assert.equal(code, 1);
    assert.match(stderr, told);
  }
});
