import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type KubectlServer, startKubectlServer } from './kubectl-harness.ts';

let server: KubectlServer;

before(async () => {
  server = await startKubectlServer();
  await server.ok('create serviceaccount default');
  await server.ok('create deployment web --image=x');
});

after(() => server.stop());

async function refused(line: string | readonly string[], stderr: string): Promise<void> {
  assert.deepEqual(await server.kubectl(line), { code: 1, stdout: '', stderr }, String(line));
}

test('an environment can be read from standard input', async () => {
  assert.equal(await server.ok('set env deploy/web -', 'A=1\n# no\nB=2 # two\nnothing\n'), 'deployment.apps/web env updated\n');
  assert.equal(await server.ok('set env deploy/web --list'), '# Deployment web, container x\nA=1\nB=2 \n');
  assert.equal(await server.ok('set env deploy/web A- B-'), 'deployment.apps/web env updated\n');
});

test('what is set stands behind what it is set of', async () => {
  await refused(
    'set env deploy/web A=1 deploy/x',
    'error: all resources must be specified before environment changes: deploy/web A=1 deploy/x\n',
  );
  await refused('set image deploy/web x=y deploy/x', 'error: all resources must be specified before image changes: deploy/x\n');
});

test('variables come of what is there', async () => {
  await refused('set env deploy/web --from=pod/none', 'Error from server (NotFound): pods "none" not found\n');
  await refused('set env deploy/web --from=deploy/web', 'error: unsupported resource specified in --from\n');
});

test('a selector is told of though it is as it was', async () => {
  await server.ok('create service clusterip s --tcp=80');
  for (let i = 0; i < 2; i++) assert.equal(await server.ok('set selector svc/s a=b'), 'service/s selector updated\n');
});

test('a binding of another role begins anew, with its own subjects alone', async () => {
  const binding = (role: string, user: string): string =>
    JSON.stringify({
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'it' } },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    });
  await server.kubectl('auth reconcile -f -', binding('view', 'one'));
  assert.deepEqual(await server.kubectl('auth reconcile -f -', binding('edit', 'two')), {
    code: 0,
    stdout: 'clusterrolebinding.rbac.authorization.k8s.io/it reconciled\n',
    stderr: '\treconciliation required recreate\n',
  });
  assert.equal(await server.ok('get clusterrolebinding it -o jsonpath={.roleRef.name}:{.subjects[*].name}'), 'edit:two');
  await refused('auth reconcile -f x --dry-run=server', 'error: --dry-run=server for command reconcile is not supported yet\n');
  await refused('auth reconcile x', 'error: must specify one of -f and -k\n');
});

test('all that is named is debugged, and a target is told of first', async () => {
  for (const name of ['one', 'two']) await server.ok('create -f -', JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name } }));
  const told = (await server.ok('debug node/one node/two --image=x')).replaceAll(/-[a-z0-9]{5} /g, ' ');
  const line = (name: string): string => `Creating debugging pod node-debugger-${name} with container debugger on node ${name}.\n`;
  assert.equal(told, line('one') + line('two'));
  const { stdout, stderr } = await server.kubectl('debug none --image=x --target=c');
  assert.match(stdout, /^Targeting container "c"\. If you don't see processes/);
  assert.equal(stderr, 'Error from server (NotFound): pods "none" not found\n');
});
