import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '@keelson/testing';
import { startKubectlServer } from './kubectl-harness.ts';

const manifest = (image: string, replicas = 3): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: c, image: ${image}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
`;

test('kubectl applies, shows, changes and deletes', async (t) => {
  const server = await startKubectlServer();
  t.after(() => server.stop());
  const { ok, kubectl } = server;

  assert.equal(await ok('apply -f -', manifest('a:1')), 'deployment.apps/web created\nservice/web created\n');
  assert.equal(await ok('apply -f -', manifest('a:1')), 'deployment.apps/web unchanged\nservice/web unchanged\n');
  assert.equal(await ok('apply -f -', manifest('a:2')), 'deployment.apps/web configured\nservice/web unchanged\n');
  assert.equal(await ok('get deploy web -o jsonpath={.spec.template.spec.containers[*].image}'), 'a:2');
  assert.match(
    await ok('get deploy,svc'),
    /^NAME {18}READY .*\ndeployment\.apps\/web {3}0\/3 .*\n\nNAME {10}TYPE .*\nservice\/web {3}ClusterIP /,
  );
  assert.equal(await ok('get deploy -o name'), 'deployment.apps/web\n');

  assert.equal(await ok('scale deployment/web --replicas=5'), 'deployment.apps/web scaled\n');
  assert.equal(await ok('get deploy web -o jsonpath={.spec.replicas}'), '5');
  assert.equal((await kubectl('scale deploy web --replicas=1 --current-replicas=9')).stderr, 'error: Expected replicas to be 9, was 5\n');

  assert.equal(await ok('label deploy web tier=front'), 'deployment.apps/web labeled\n');
  assert.equal(
    (await kubectl('label deploy web tier=back')).stderr,
    "error: 'tier' already has a value (front), and --overwrite is false\n",
  );
  assert.equal(await ok('label deploy web tier-'), 'deployment.apps/web unlabeled\n');
  assert.equal(await ok(['patch', 'deploy', 'web', '-p', '{"spec":{"paused":true}}']), 'deployment.apps/web patched\n');
  assert.equal(await ok(['patch', 'deploy', 'web', '-p', '{"spec":{"paused":true}}']), 'deployment.apps/web patched (no change)\n');
  assert.equal(await ok('set image deploy/web c=a:3'), 'deployment.apps/web image updated\n');
  assert.equal(await ok('get deploy web -o jsonpath={.spec.template.spec.containers[*].image}'), 'a:3');
  assert.match(await ok('describe deploy web'), /^Name: {19}web\n[\s\S]*\n {3}c:\n {4}Image: {9}a:3\n[\s\S]*\nEvents: +<none>\n$/);

  assert.equal(await ok('delete svc web'), 'service "web" deleted from default namespace\n');
  assert.equal(await ok('delete -f -', manifest('a').split('---')[0]), 'deployment.apps "web" deleted from default namespace\n');
  assert.deepEqual(await kubectl('get deploy'), { code: 0, stdout: '', stderr: 'No resources found in default namespace.\n' });
  assert.deepEqual(await kubectl('get deploy web'), {
    code: 1,
    stdout: '',
    stderr: 'Error from server (NotFound): deployments.apps "web" not found\n',
  });
});

test('a watch prints rows under one header, until it is told to stop', async (t) => {
  const server = await startKubectlServer();
  t.after(() => server.stop());
  await server.ok('create cm a --from-literal=k=v');
  const watching = server.start('get cm -w --output-watch-events');
  await eventually(() => watching.output().includes('ADDED'));
  await server.ok('create cm longer-name --from-literal=k=v');
  await eventually(() => watching.output().includes('longer-name'));
  await server.ok('delete cm a');
  await eventually(() => watching.output().includes('DELETED'));
  assert.equal(await watching.interrupt(), 130);
  const rows = watching
    .output()
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ +/).slice(0, 3).join(' '));
  assert.deepEqual(rows, ['EVENT NAME DATA', 'ADDED a 1', 'ADDED longer-name 1', 'DELETED a 1']);
});

test("what cannot be done, in kubectl's words", async (t) => {
  const server = await startKubectlServer();
  t.after(() => server.stop());
  const table: [line: string, stderr: string | RegExp][] = [
    ['get foo', 'error: the server doesn\'t have a resource type "foo"\n'],
    ['get pods --bogus', "error: unknown flag: --bogus\nSee 'kubectl get --help' for usage.\n"],
    ['apply -f /nowhere', 'error: the path "/nowhere" does not exist\n'],
    ['delete pod', 'error: resource(s) were provided, but no name was specified\n'],
    ['create deployment x', 'error: required flag(s) "image" not set\n'],
    ['rollout status deploy/x', 'Error from server (NotFound): deployments.apps "x" not found\n'],
    ['get pods --as=nobody', /^Error from server \(Forbidden\): pods is forbidden: User "nobody" cannot list resource "pods"/],
  ];
  for (const [line, expected] of table) {
    const { code, stderr } = await server.kubectl(line);
    assert.equal(code, 1, line);
    if (typeof expected === 'string') assert.equal(stderr, expected);
    else assert.match(stderr, expected);
  }
  const bad = await server.kubectl('apply -f -', 'apiVersion: v1\nkind: Nope\nmetadata: {name: x}\n');
  assert.match(
    bad.stderr,
    /^error: resource mapping not found for name: "x" namespace: "" from "STDIN": no matches for kind "Nope" in version "v1"\n/,
  );
});
