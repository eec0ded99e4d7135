import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type KubectlServer, startKubectlServer } from './kubectl-harness.ts';

/* What kubectl does since 1.34 and did not before, and what it does with files of one's own. */

let server: KubectlServer;
const folder = mkdtempSync(join(tmpdir(), 'keelson-since-'));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

before(async () => {
  server = await startKubectlServer();
  await server.ok('create serviceaccount default');
  await server.ok('run p --image=x');
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

test('objects are printed as KYAML', async () => {
  const { ok } = server;
  await ok('create configmap k --from-literal=a=b');
  assert.match(
    await ok('get cm k -o kyaml'),
    /^---\n\{\n {2}apiVersion: "v1",\n {2}data: \{\n {4}a: "b",\n {2}\},\n {2}kind: "ConfigMap",\n {2}metadata: \{\n/,
  );
  // What kubectl makes itself comes in the order of Go's types.
  assert.match(await ok('create cm n --dry-run=client -o kyaml'), /^---\n\{\n {2}kind: "ConfigMap",\n {2}apiVersion: "v1",\n/);
});

test('what the server serves is listed for programs', async () => {
  const { ok, kubectl } = server;
  const { kind, resources } = JSON.parse(await ok('api-resources -o json --api-group=apps')) as {
    kind: string;
    resources: { name: string; group: string; version: string; shortNames: string[] }[];
  };
  const [found] = resources.filter(({ name }) => name === 'deployments');
  assert.equal(kind, 'APIResourceList');
  assert.deepEqual([found?.group, found?.version, found?.shortNames], ['apps', 'v1', ['deploy']]);
  const formats = 'allowed formats are: json,kyaml,name,wide,yaml';
  assert.equal(
    (await kubectl('api-resources -o x')).stderr,
    `error: unable to match a printer suitable for the output format "x", ${formats}\n`,
  );
});

test('of an event about a container it is told which', async () => {
  const { ok } = server;
  const uid = await ok('get pod p -o jsonpath={.metadata.uid}');
  const about = { kind: 'Pod', namespace: 'default', name: 'p', uid, fieldPath: 'spec.containers{p}' };
  const event = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e' }, involvedObject: about, reason: 'Pulled', message: 'Pulled it' };
  await ok('create -f -', JSON.stringify(event));
  assert.match(await ok('describe pod p'), / spec\.containers\{p\}: Pulled it\n$/);
});

test('labels that are set and removed at once are modified', async () => {
  const { ok } = server;
  await ok('create configmap l');
  assert.equal(await ok('label cm l a=b'), 'configmap/l labeled\n');
  assert.equal(await ok('label cm l c=d a-'), 'configmap/l modified\n');
  assert.equal(await ok('label cm l c-'), 'configmap/l unlabeled\n');
  assert.equal(await ok('label cm l c-'), 'label "c" not found.\nconfigmap/l not labeled\n');
  assert.equal(await ok('label cm l e=f c-'), 'label "c" not found.\nconfigmap/l labeled\n');
});

test('what apply would make is shown where nothing is sent', async () => {
  const { ok } = server;
  const map = (data: object): string => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data });
  await ok('apply -f -', map({ a: '1', b: '2' }));
  const shown = await ok('apply -f - --dry-run=client -o jsonpath={.data}:{.metadata.uid}', map({ a: '3' }));
  assert.match(shown, /^\{"a":"3"\}:.+/);
  assert.equal(await ok('get cm m -o jsonpath={.data}'), '{"a":"1","b":"2"}');
});

test('what is scaled is shown with its new count', async () => {
  const { ok } = server;
  await ok('create deployment d --image=x --replicas=1');
  assert.equal(await ok('scale deploy d --replicas=3 --dry-run=client -o jsonpath={.spec.replicas}'), '3');
  assert.equal(await ok('scale deploy d --replicas=2 -o jsonpath={.spec.replicas}'), '2');
});

test('who names a container that is not there is told those that are', async () => {
  const { kubectl } = server;
  const told = 'container gone is not valid for pod p out of: p\n';
  assert.equal((await kubectl('logs p -c gone')).stderr, `error: ${told}`);
  assert.equal((await kubectl('attach p -c gone')).stderr, `error: cannot attach to the container: ${told}`);
});

test('a debugging container takes what its file says, but for what is the debugger’s own', async () => {
  const { ok, kubectl } = server;
  const partial = {
    env: [{ name: 'A', value: '1' }],
    securityContext: { capabilities: { add: ['NET_ADMIN'] } },
    resources: { limits: { cpu: '1' } },
  };
  const custom = file('custom.json', JSON.stringify(partial));
  await ok(`debug p --copy-to=copy --image=tool -c dbg --env=B=2 --custom=${custom}`);
  const made = JSON.parse(await ok('get pod copy -o jsonpath={.spec.containers[1]}')) as typeof partial & { image: string };
  assert.deepEqual(
    [made.image, made.resources.limits, made.securityContext],
    ['tool', { cpu: '1' }, { capabilities: { add: ['NET_ADMIN'] } }],
  );
  assert.deepEqual(new Set(made.env.map(({ name }) => name)), new Set(['A', 'B']));
  await ok(`debug p --image=tool -c dbg -q --custom=${file('custom.yaml', 'env: [{name: C, value: c}]\n')}`);
  assert.equal(await ok('get pod p -o jsonpath={.spec.ephemeralContainers[0].env[0].name}'), 'C');
  const told = await ok('debug p --image=tool --target=p');
  assert.match(told, /^Targeting container "p"\. .*\nDefaulting debug container name to debugger-\w{5}\.\n$/);
  assert.match(await ok('get pod p -o jsonpath={.spec.ephemeralContainers[*].name}'), /^dbg debugger-/);
  const { stderr } = await kubectl(`debug p --image=tool --custom=${file('own.yaml', 'image: other\n')}`);
  assert.equal(stderr, 'error: name, command, image, lifecycle and volume devices are not modifiable via custom profile\n');
});

test('a kubeconfig is changed as upstream’s kubectl changes it', async () => {
  const { kubectl } = server;
  const config = (...words: readonly string[]) => kubectl(['config', '--kubeconfig', join(folder, 'config'), ...words]);
  assert.deepEqual(await config('get-contexts', '-o', 'name'), { code: 0, stdout: '', stderr: '' });
  const refused: readonly (readonly [words: string, stderr: string])[] = [
    ['set-cluster c --embed-certs', 'you must specify a --certificate-authority to embed'],
    ['set-credentials u --embed-certs', 'you must specify a --client-certificate or --client-key to embed'],
    ['set-credentials u --exec-interactive-mode=x', 'invalid interactive mode type, can be only IfAvailable, Never, Always'],
    ['set-credentials u --exec-env=x', 'invalid exec-env format: x'],
    ['set-context a --current', 'you cannot specify both a context name and --current'],
    ['get-contexts -o json', '--output json is not available in kubectl config get-contexts; resetting to default output format'],
    ['view --minify --context=gone', 'cannot locate context gone'],
  ];
  for (const [words, stderr] of refused) assert.equal((await config(...words.split(' '))).stderr, `error: ${stderr}\n`);
  assert.equal((await kubectl('config view --merge=false')).stderr, 'error: if merge==false a precise file must be specified\n');
  await config('set-cluster', 'c', '--insecure-skip-tls-verify');
  await config('set-cluster', 'c', `--certificate-authority=${join(folder, 'ca.crt')}`);
  const cluster = (await config('view', '-o', 'jsonpath={.clusters[0].cluster}')).stdout;
  assert.equal(cluster, '{"certificate-authority":"ca.crt","server":""}');
  await config('set-credentials', 'u', '--exec-command=x', '--exec-arg=1,2', '--exec-env=a=b');
  await config('set-context', 'y', '--cluster=c', '--namespace=y');
  await config('set-context', 'b', '--cluster=c');
  const { stdout } = await config('view', '--context=y', '--minify', '-o', 'jsonpath={.contexts}{.current-context}');
  assert.equal(stdout, '[{"context":{"cluster":"c","namespace":"y","user":""},"name":"y"}]y');
  assert.equal((await config('view', '-o', 'jsonpath={.users[0].user.exec.args}')).stdout, '["1","2"]');
});

test('several conditions are waited for one after another, and a coming before all others', async () => {
  const { ok, kubectl } = server;
  await ok('create configmap awaited --from-literal=a=b');
  const [is, other] = ['--for=jsonpath={.data.a}=b', '--for=jsonpath={.data.a}=c'];
  const met = 'configmap/awaited condition met\n';
  const late = 'error: timed out waiting for the condition on configmaps/awaited\n';
  assert.equal(await ok(`wait cm/awaited ${is} --for=create`), met + met);
  assert.deepEqual(await kubectl(`wait cm/awaited ${is} ${other} --timeout=50ms`), { code: 1, stdout: met, stderr: late });
  assert.deepEqual(await kubectl(`wait cm/awaited --for=delete --for=create --timeout=50ms`), { code: 1, stdout: '', stderr: late });
  assert.equal(
    (await kubectl('wait cm/none --for=delete --for=create --timeout=50ms')).stderr,
    'error: timed out waiting for the condition\n',
  );
  assert.equal((await kubectl('wait cm/awaited')).stderr, 'error: unrecognized condition: []\n');
});

test('what is in Secrets is shown in differences when that is asked for', async () => {
  const { ok, kubectl } = server;
  await ok('create secret generic hushed --from-literal=a=b');
  const wanted = JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'hushed' }, data: { a: 'eg==' } });
  assert.match((await kubectl('diff -f -', wanted)).stdout, /^- {2}a: '\*\*\* \(before\)'\n\+ {2}a: '\*\*\* \(after\)'$/m);
  assert.match((await kubectl('diff -f - --show-secrets', wanted)).stdout, /^- {2}a: Yg==\n\+ {2}a: eg==$/m);
});

test('what changes nothing is unchanged without being sent, too; what was applied last is set without annotations', async () => {
  const { ok } = server;
  const map = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'same' } });
  await ok('apply -f -', map);
  assert.equal(await ok('apply -f - --dry-run=client', map), 'configmap/same unchanged (dry run)\n');
  assert.equal(await ok('apply set-last-applied -f -', map), 'configmap/same configured\n');
  assert.equal(await ok('apply set-last-applied -f -', map), 'set-last-applied same: no changes required.\n');
  assert.equal(await ok('delete cm same --dry-run=client'), 'configmap "same" deleted from default namespace (dry run)\n');
});

test('short flags, and lists with nothing in them', async () => {
  const { ok, kubectl } = server;
  assert.match(await ok('explain configmaps.metadata -R -o plaintext'), /^ {2}managedFields\t.*\n {4}apiVersion\t/m);
  assert.match(await ok('api-resources -o json --api-group=nope --show-managed-fields'), /"resources": null/);
  const none = { code: 0, stdout: '', stderr: 'No events found in kube-public namespace.\n' };
  assert.deepEqual(await kubectl('events -n kube-public -o json'), none);
  assert.equal((await kubectl('label cm k =b')).stderr, 'error: at least one label update is required\n');
});
