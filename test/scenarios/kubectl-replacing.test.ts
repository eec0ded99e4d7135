import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type KubectlServer, startKubectlServer } from './kubectl-harness.ts';

/* What is made anew of what is there: by force, from a manifest that was read once, or as a Service in front of it. */

let server: KubectlServer;
before(async () => {
  server = await startKubectlServer();
});
after(() => server.stop());

const text = (apiVersion: string, kind: string, name: string, rest: object): string =>
  JSON.stringify({ apiVersion, kind, metadata: { name }, ...rest });
const service = (spec: object): string => text('v1', 'Service', 'web', { spec: { ports: [{ port: 80 }], ...spec } });

function deployment(name: string, selector: object): string {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'a' }] } };
  return text('apps/v1', 'Deployment', name, { spec: { selector, template } });
}

async function uidOf(object: string): Promise<string> {
  return server.ok(`get ${object} -o jsonpath={.metadata.uid}`);
}

test('apply --force makes an object anew where it cannot be changed', async () => {
  const { ok, kubectl } = server;
  await ok('apply -f -', service({ clusterIP: '10.96.0.77' }));
  const [before, wanted] = [await uidOf('service/web'), service({ clusterIP: '10.96.0.78' })];
  assert.match((await kubectl('apply -f -', wanted)).stderr, /may not change once set/);
  assert.equal(await ok('apply --force -f -', wanted), 'service/web configured\n');
  assert.equal(await ok('get service web -o jsonpath={.spec.clusterIP}'), '10.96.0.78');
  assert.notEqual(await uidOf('service/web'), before);
});

test('apply --force that is only tried deletes nothing', async () => {
  const { ok, kubectl } = server;
  const before = await uidOf('service/web');
  const tried = await kubectl('apply --force --dry-run=server -f -', service({ clusterIP: '10.96.0.79' }));
  assert.equal(tried.code, 1);
  assert.match(tried.stderr, /may not change once set/);
  assert.equal(await ok('get service web -o jsonpath={.metadata.uid}'), before);
});

test('apply --force puts the old object back when the new one cannot be made', async () => {
  const { ok, kubectl } = server;
  await ok('apply --force -f -', service({ clusterIP: '10.96.0.77' }));
  const { code, stdout, stderr } = await kubectl('apply --force -f -', service({ clusterIP: '192.0.2.4' }));
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^The Service "web" is invalid: .*failed to allocate IP 192\.0\.2\.4/);
  assert.equal(await ok('get service web -o jsonpath={.spec.clusterIP}'), '10.96.0.77');
});

test('apply --force tells both errors when the old object cannot be put back either', async () => {
  const { ok, kubectl } = server;
  const job = (name: string): string =>
    text('batch/v1', 'Job', 'once', { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name, image: 'a' }] } } } });
  await ok('apply -f -', job('a'));
  const { code, stderr } = await kubectl('apply --force -f -', job('B!'));
  assert.equal(code, 1);
  assert.match(stderr, /^error: error when applying patch:\n\{.*\nto:\nResource: "batch\/v1, Resource=jobs", /);
  const failed = 'An error occurred force-replacing the existing object with the newly provided one:\n\nJob.batch "once" is invalid: ';
  assert.ok(stderr.includes(`\nfor: "STDIN": ${failed}`), stderr);
  assert.match(stderr, /\.\n\nAdditionally, an error occurred attempting to restore the original object:\n\nJob.batch "once" is invalid: /);
});

test('a manifest that was read from a server makes and remakes its object', async () => {
  const { ok } = server;
  const read = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'read', resourceVersion: '1' }, data: { k: 'a' } });
  assert.equal(await ok('create -f -', read), 'configmap/read created\n');
  const first = await uidOf('configmap/read');
  assert.equal(await ok('replace --force -f -', read), 'configmap "read" deleted from default namespace\nconfigmap/read replaced\n');
  assert.notEqual(await uidOf('configmap/read'), first);
  const { code, stderr } = await server.kubectl('replace -f -', read);
  assert.equal(code, 1);
  assert.match(stderr, /^Error from server \(Conflict\): error when replacing "STDIN": /);
});

test('replace takes the ways of deletion only with --force', async () => {
  const refused: [string, string][] = [
    ['--grace-period=1', '--grace-period must have --force specified'],
    ['--timeout=1s', '--timeout must have --force specified'],
    ['--force --dry-run=server', '--dry-run can not be used when --force is set'],
  ];
  for (const [flags, told] of refused)
    assert.deepEqual(await server.kubectl(`replace -f - ${flags}`, service({})), { code: 1, stdout: '', stderr: `error: ${told}\n` });
});

test('a patch that is only tried is told as one that is made', async () => {
  const { ok } = server;
  await ok('create configmap tried --from-literal=k=a');
  for (const dryRun of ['client', 'server']) {
    const patch = (body: string): Promise<string> => ok(['patch', 'cm', 'tried', `--dry-run=${dryRun}`, '-p', body]);
    assert.equal(await patch('{"data":{"k":"b"}}'), 'configmap/tried patched\n');
    assert.equal(await patch('{"data":{"k":"a"}}'), 'configmap/tried patched (no change)\n');
  }
  assert.equal(await ok(['patch', 'cm', 'tried', '-p', '{}']), 'configmap/tried patched (no change)\n');
});

const long = `${'abcdefghi-'.repeat(6)}abcdef`;

test('the name of what is exposed is cut to that of a Service, a given one is not', async () => {
  const { ok, kubectl } = server;
  await kubectl('create -f -', deployment(long, { matchLabels: { a: 'b' } }));
  const cut = long.slice(0, 63);
  const outcome = await kubectl(`expose deployment ${long} --port=8080`);
  assert.deepEqual(outcome, { code: 0, stdout: `service/${cut} exposed\n`, stderr: '' });
  assert.equal(await ok(`get service ${cut} -o jsonpath={.spec.ports[*].port}`), '8080');
  const { code, stderr } = await kubectl(`expose deployment ${long} --port=8080 --name=${long}`);
  assert.equal(code, 1);
  assert.match(stderr, /must be no more than 63 (?:characters|bytes)/);
});

test('what has no selector to give cannot be exposed', async () => {
  const { ok, kubectl } = server;
  const matchExpressions = [{ key: 'a', operator: 'In', values: ['b', 'c'] }];
  await ok('create -f -', deployment('some', { matchExpressions }));
  await ok('create -f -', deployment('both', { matchLabels: { a: 'b' }, matchExpressions }));
  await ok('create -f -', text('v1', 'Service', 'bare', { spec: { ports: [{ port: 80 }] } }));
  const failed = "couldn't retrieve selectors via --selector flag or introspection: ";
  const refused: [string, string][] = [
    ['deploy some', `${failed}invalid deployment: no selectors, therefore cannot be exposed`],
    ['deploy both', `${failed}couldn't convert expressions - "[{Key:a Operator:In Values:[b c]}]" to map-based selector format`],
    ['service bare --name=other', `${failed}the service has no pod selector set`],
    ['namespace default', 'cannot expose a Namespace'],
    ['job exposed', 'cannot expose a Job.batch'],
  ];
  await ok('create job exposed --image=a');
  for (const [what, told] of refused)
    assert.deepEqual(await kubectl(`expose ${what} --port=80`), { code: 1, stdout: '', stderr: `error: ${told}\n` });
});
