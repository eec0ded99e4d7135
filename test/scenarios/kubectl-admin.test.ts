import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createCSR } from '@keelson/pki';
import { eventually } from '@keelson/testing';
import { type KubectlServer, startKubectlServer } from './kubectl-harness.ts';

let server: KubectlServer;
const folder = mkdtempSync(join(tmpdir(), 'kubectl-admin-'));
before(async () => {
  server = await startKubectlServer();
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

test('autoscale makes an autoscaler of what is asked for', async () => {
  const { ok, kubectl } = server;
  await ok('create deployment web --image=a');
  assert.equal(await ok('autoscale deployment web --max=5 --cpu=70% --memory=200'), 'horizontalpodautoscaler.autoscaling/web autoscaled\n');
  const { spec } = JSON.parse(await ok('get hpa web -o json')) as { spec: { metrics: { resource: object }[]; maxReplicas: number } };
  assert.deepEqual(
    spec.metrics.map(({ resource }) => resource),
    [
      { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
      { name: 'memory', target: { type: 'AverageValue', averageValue: '200Mi' } },
    ],
  );
  const old = await kubectl('autoscale deploy/web --max=3 --min=2 --cpu-percent=80 --name=other');
  assert.equal(old.stdout, 'horizontalpodautoscaler.autoscaling/other autoscaled\n');
  assert.match(old.stderr, /^Flag --cpu-percent has been deprecated, Use --cpu /);
  const refused: [string, string][] = [
    ['autoscale deployment web', 'error: required flag(s) "max" not set\n'],
    ['autoscale deployment web --max=0', 'error: --max=MAXPODS is required and must be at least 1, max: 0\n'],
    ['autoscale deployment web --max=1 --min=2', 'error: --max=MAXPODS must be larger or equal to --min=MINPODS, max: 1, min: 2\n'],
    [
      'autoscale ns default --max=1',
      'error: cannot autoscale a Namespace: could not find scale subresource for /v1, Resource=namespaces in discovery information\n',
    ],
  ];
  for (const [line, stderr] of refused) assert.deepEqual(await kubectl(line), { code: 1, stdout: '', stderr });
});

async function createRequest(name: string): Promise<void> {
  const { csrPem } = await createCSR({ commonName: name });
  const request = Buffer.from(csrPem).toString('base64');
  const spec = { request, signerName: 'example.com/signer', usages: ['client auth'] };
  const body = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name }, spec };
  await server.ok('create -f -', JSON.stringify(body));
}

test('requests are approved and denied, once', async () => {
  const { ok, kubectl } = server;
  for (const name of ['a', 'b', 'c']) await createRequest(name);
  const text = (name: string): string => `certificatesigningrequest.certificates.k8s.io/${name}`;
  assert.equal(await ok('certificate approve a b'), `${text('a')} approved\n${text('b')} approved\n`);
  assert.equal(await ok('certificate approve a -o name'), `${text('a')}\n`);
  assert.equal(await ok('certificate deny c'), `${text('c')} denied\n`);
  const path = '{range .items[*]}{.status.conditions[*].type}:{.status.conditions[*].reason} {end}';
  assert.equal(await ok(['get', 'csr', '-o', `jsonpath=${path}`]), 'Approved:KubectlApprove Approved:KubectlApprove Denied:KubectlDeny ');
  const refused: [string, string][] = [
    ['certificate approve', 'error: one or more CSRs must be specified as <name> or -f <filename>\n'],
    ['certificate approve c', 'error: certificate signing request "c" is already Denied\n'],
    ['certificate deny x', 'Error from server (NotFound): certificatesigningrequests.certificates.k8s.io "x" not found\n'],
  ];
  for (const [line, stderr] of refused) assert.deepEqual(await kubectl(line), { code: 1, stdout: '', stderr });
});

test('what was applied last is shown, set and edited', async () => {
  const { ok, kubectl } = server;
  const manifest = (value: string): string =>
    JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'saved' }, data: { a: value } });
  await ok('create -f -', manifest('1'));
  assert.equal(
    (await kubectl('apply set-last-applied -f -', manifest('1'))).stderr,
    'error: no last-applied-configuration annotation found on resource: saved, to create the annotation, run the command with --create-annotation\n',
  );
  assert.equal(await ok('apply view-last-applied cm/saved'), '');
  assert.equal(await ok('apply set-last-applied --create-annotation -f -', manifest('2')), 'configmap/saved configured\n');
  assert.match(await ok('apply view-last-applied cm saved'), /^apiVersion: v1\ndata:\n {2}a: "2"\nkind: ConfigMap\n/);
  const shown = JSON.parse(await ok('apply view-last-applied cm/saved -o json')) as { data: object };
  assert.deepEqual(shown.data, { a: '2' });
  assert.equal(await ok('get cm saved -o jsonpath={.data.a}'), '1');
  assert.match((await kubectl('apply view-last-applied cm/saved -o wide')).stderr, /^error: Unexpected -o output mode: wide, /);
});

test('debug adds a container, copies a pod and goes to a node', async () => {
  const { ok, kubectl } = server;
  await ok('create serviceaccount default');
  await ok('run p --image=a:1');
  assert.deepEqual(await kubectl('debug p --image=tool -c dbg --target=p -q -- sh'), { code: 0, stdout: '', stderr: '' });
  assert.equal(await ok('get pod p -o jsonpath={.spec.ephemeralContainers[*].name}:{.spec.ephemeralContainers[*].image}'), 'dbg:tool');
  assert.match(await ok('debug p --image=tool'), /^Defaulting debug container name to debugger-[a-z0-9]{5}\.\n$/);
  await ok('debug p --copy-to=copy --set-image=*=a:2');
  assert.equal(await ok('get pod copy -o jsonpath={.spec.containers[*].image}'), 'a:2');
  await ok(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } }));
  const told = await ok('debug node/n1 --image=tool');
  const [, pod = ''] = /^Creating debugging pod (node-debugger-n1-\S{5}) with container debugger on node n1\.\n$/.exec(told) ?? [];
  assert.equal(await ok(['get', 'pod', pod, '-o', 'jsonpath={.spec.nodeName} {.spec.hostPID}']), 'n1 true');
  const refused: [string, string][] = [
    ['debug p', 'error: you must specify --image when not using --copy-to.\n'],
    ['debug p --image=a --replace', 'error: --replace may only be used with --copy-to.\n'],
    ['debug p --image=a -t', 'error: -i/--stdin is required for containers with -t/--tty=true\n'],
    ['debug p --image=a --profile=x', 'error: unknown profile: x\n'],
    ['debug ns/default --image=a', 'error: "/v1, Kind=Namespace" not supported by debug\n'],
  ];
  for (const [line, stderr] of refused) assert.deepEqual(await kubectl(line), { code: 1, stdout: '', stderr });
});

test('the proxy passes on what the server says, and little else', async (t) => {
  writeFileSync(join(folder, 'page.html'), '<p>page</p>');
  const proxy = server.start(`proxy --port=0 --www=${folder} --www-prefix=/files`);
  t.after(() => proxy.interrupt());
  const [, address] = await eventually(() => /^Starting to serve on (127\.0\.0\.1:\d+)\n$/.exec(proxy.output()) ?? undefined);
  const get = (path: string, init?: RequestInit): Promise<Response> => fetch(`http://${address}${path}`, init);
  const listed = (await (await get('/api/v1/namespaces')).json()) as { items: { metadata: { name: string } }[] };
  assert.equal(listed.items[0]?.metadata.name, 'default');
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'by-proxy' } });
  const made = await get('/api/v1/namespaces/default/configmaps', {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  });
  assert.equal(made.status, 201);
  assert.equal((await get('/api/v1/namespaces/default/pods/p/exec')).status, 403);
  assert.equal((await get('/nowhere')).status, 404);
  assert.equal(await (await get('/files/page.html')).text(), '<p>page</p>');
  assert.equal((await get('/files/%2e%2e/%2e%2e/etc/passwd')).status, 404);
  assert.equal(await proxy.interrupt(), 0);
});
