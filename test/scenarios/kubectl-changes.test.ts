import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type KubectlServer, startKubectlServer } from './kubectl-harness.ts';

let server: KubectlServer;
const folder = mkdtempSync(join(tmpdir(), 'kubectl-changes-'));
before(async () => {
  server = await startKubectlServer();
  await server.ok('create serviceaccount default');
  await server.ok('create deployment web --image=a');
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const container = 'jsonpath={.spec.template.spec.containers[0]}';

test('set: resources, environment, service account', async () => {
  const { ok, kubectl } = server;
  assert.equal(
    await ok('set resources deploy web -c=a --limits=cpu=200m,memory=1Gi --requests=cpu=1m'),
    'deployment.apps/web resource requirements updated\n',
  );
  await ok('create configmap from --from-literal=k=v');
  assert.equal(await ok('set env deploy/web A=b C=d'), 'deployment.apps/web env updated\n');
  assert.equal(await ok('set env deploy/web C-'), 'deployment.apps/web env updated\n');
  const imported = await kubectl('set env deploy/web --from=configmap/from --prefix=P_');
  assert.deepEqual(imported, { code: 0, stdout: 'deployment.apps/web env updated\n', stderr: 'Warning: key k transferred to K\n' });
  assert.equal(await ok('set env deploy/web --list'), '# Deployment web, container a\nA=b\n# P_K from configmap from, key k\n');
  assert.equal(await ok('set env deploy/web --list --resolve'), '# Deployment web, container a\nA=b\nP_K=v\n');
  assert.equal(await ok('set serviceaccount deploy web robot'), 'deployment.apps/web serviceaccount updated\n');
  const { resources, env } = JSON.parse(await ok(['get', 'deploy', 'web', '-o', container])) as { resources: object; env: object[] };
  assert.deepEqual(resources, { limits: { cpu: '200m', memory: '1Gi' }, requests: { cpu: '1m' } });
  assert.equal(env.length, 2);
  assert.equal(await ok('get deploy web -o jsonpath={.spec.template.spec.serviceAccountName}'), 'robot');
  assert.equal(
    (await kubectl('set resources deploy web')).stderr.split('\n')[0],
    'error: you must specify an update to requests or limits (in the form of --requests/--limits)',
  );
});

test('set: selector and subjects', async () => {
  const { ok, kubectl } = server;
  await ok('create service clusterip svc --tcp=80');
  assert.equal(await ok('set selector svc svc a=b,c=d'), 'service/svc selector updated\n');
  assert.equal(await ok('get svc svc -o jsonpath={.spec.selector}'), '{"a":"b","c":"d"}');
  assert.match((await kubectl('set selector deploy web a=b')).stderr, /only supported for Services/);
  await ok('create role r --verb=get --resource=pods');
  await ok('create rolebinding rb --role=r --user=u');
  assert.equal(
    await ok('set subject rolebinding rb --user=v --group=g --serviceaccount=default:robot'),
    'rolebinding.rbac.authorization.k8s.io/rb subjects updated\n',
  );
  assert.equal(await ok('get rolebinding rb -o jsonpath={.subjects[*].name}'), 'u v g robot');
});

test('auth reconcile adds, and removes when told', async () => {
  const { kubectl, ok } = server;
  const manifest = (verb: string, user: string): string => `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: rec, namespace: fresh}
rules: [{apiGroups: [""], resources: [pods], verbs: [${verb}]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: recb, namespace: fresh}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: rec}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ${user}}]
`;
  const first = await kubectl('auth reconcile -f - -n fresh', manifest('get', 'one'));
  assert.equal(first.stdout, 'role.rbac.authorization.k8s.io/rec reconciled\nrolebinding.rbac.authorization.k8s.io/recb reconciled\n');
  assert.match(
    first.stderr,
    /reconciliation required create\n\tmissing rules added:\n\t\t\{Verbs:\[get\] APIGroups:\[\] Resources:\[pods\]/,
  );
  const second = await kubectl('auth reconcile -f - -n fresh --remove-extra-permissions --remove-extra-subjects', manifest('list', 'two'));
  assert.match(second.stderr, /extra rules removed:\n\t\t\{Verbs:\[get\]/);
  assert.match(second.stderr, /extra subjects removed:\n\t\t\{Kind:User APIGroup:rbac\.authorization\.k8s\.io Name:one Namespace:\}/);
  assert.equal(await ok('get role rec -n fresh -o jsonpath={.rules[*].verbs}'), '["list"]');
  assert.equal((await kubectl('auth reconcile -f - -n fresh', manifest('list', 'two'))).stderr, '');
});

test('run with a service and with overrides', async () => {
  const { ok, kubectl } = server;
  assert.equal(await ok('run exposed --image=a --expose --port=80'), 'service/exposed created\npod/exposed created\n');
  assert.equal(await ok('get svc exposed -o jsonpath={.spec.selector.run}'), 'exposed');
  await ok(['run', 'placed', '--image=a', '--overrides', '{"spec":{"nodeName":"n1"}}']);
  assert.equal(await ok('get pod placed -o jsonpath={.spec.nodeName}'), 'n1');
  assert.match((await kubectl('run x --image=a --expose')).stderr, /^error: --port must be set when exposing a service\n/);
});

test('raw requests, parts of objects, label columns', async () => {
  const { ok } = server;
  const path = '/api/v1/namespaces/default/configmaps';
  assert.match(await ok(`create --raw ${path} -f -`, '{"metadata":{"name":"raw"}}'), /"name":"raw"/);
  assert.match(await ok(`replace --raw ${path}/raw -f -`, '{"metadata":{"name":"raw"},"data":{"a":"b"}}'), /"a":"b"/);
  assert.match(await ok(`delete --raw ${path}/raw`), /"status":"Success"/);
  assert.match(await ok('get deploy web --subresource=scale'), /^NAME +DESIRED +AVAILABLE +AGE\nweb +1 +0 /);
  assert.equal(await ok('get deploy web --subresource=scale -o jsonpath={.kind}'), 'Scale');
  assert.match(await ok('get cm from -L app'), /^NAME +DATA +AGE +APP\nfrom +1 +\S+ *\n$/);
});

const map = (name: string): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { set: 'one' } }, data: { a: '1' } });

test('what is applied no more is pruned', async () => {
  const { ok, kubectl } = server;
  await ok('apply -f -', map('stays'));
  await ok('apply -f -', map('goes'));
  const refused = await kubectl('apply --prune -f -', map('stays'));
  assert.match(refused.stderr, /^error: all resources selected for prune without explicitly passing --all/);
  const line = 'apply --prune -l set=one --prune-allowlist=core/v1/ConfigMap -f -';
  assert.match(
    (await kubectl('diff --prune -l set=one --prune-allowlist=core/v1/ConfigMap -f -', map('stays'))).stdout,
    /^-kind: ConfigMap$/m,
  );
  assert.equal(
    await ok(`${line} --dry-run=server`, map('stays')),
    'configmap/stays unchanged (server dry run)\nconfigmap/goes pruned (server dry run)\n',
  );
  assert.equal(await ok(line, map('stays')), 'configmap/stays unchanged\nconfigmap/goes pruned\n');
  assert.equal((await kubectl('get cm goes')).code, 1);
});

test('a diff shows what would change, and not what is remembered', async () => {
  const { kubectl, ok } = server;
  await ok('apply -f -', map('differs'));
  const { code, stdout } = await kubectl('diff -f -', map('differs').replace('"1"', '"2"'));
  const lines = stdout.split('\n').filter((line) => /^[-+] /.test(line));
  assert.deepEqual([code, lines], [1, ['-  a: "1"', '+  a: "2"']]);
});

test('replace --force tells of what it deletes', async () => {
  const { ok } = server;
  await ok('create configmap forced');
  const manifest = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'forced' } });
  assert.equal(
    await ok('replace --force -f -', manifest),
    'configmap "forced" deleted from default namespace\nconfigmap/forced replaced\n',
  );
});

test('whoever may acts as somebody else, to the last detail', async () => {
  const { ok, kubectl } = server;
  const line = 'auth whoami --as=jane --as-group=devs --as-uid=u1 --as-user-extra=acme.com/team=a --as-user-extra=acme.com/team=b';
  assert.match(await ok(line), /Username +jane\nUID +u1\nGroups +\[devs system:authenticated\]\nExtra: acme\.com\/team +\[a b\]\n/);
  assert.match((await kubectl('auth whoami --as-user-extra=a=b')).stderr, /without impersonating a user/);
});

test('errors are told in upstream’s words', async () => {
  const refused: [string | string[], string][] = [
    ['create configmap from', 'error: failed to create configmap: configmaps "from" already exists\n'],
    ['create service clusterip svc --tcp=80', 'error: failed to create ClusterIP service: services "svc" already exists\n'],
    ['create role r --verb=get --resource=pods', 'Error from server (AlreadyExists): roles.rbac.authorization.k8s.io "r" already exists\n'],
    [
      'get cm --field-selector=foo=bar',
      'Error from server (BadRequest): Unable to find "/v1, Resource=configmaps" that match label selector "", field selector "foo=bar": "foo" is not a known field selector: only "metadata.name", "metadata.namespace"\n',
    ],
    [['patch', 'cm', 'from', '--type=merge', '-p', '{"data":{"x":1}}'], 'The request is invalid: patch: Invalid value: '],
  ];
  for (const [line, stderr] of refused) {
    const outcome = await server.kubectl(line);
    assert.equal(outcome.stderr.slice(0, stderr.length), stderr);
    assert.equal(outcome.code, 1);
  }
});

test('what is missing is named: a namespace before what would be in it, a history, of several objects each', async () => {
  const { ok, kubectl } = server;
  assert.equal((await kubectl('get cm x -n nowhere')).stderr, 'Error from server (NotFound): namespaces "nowhere" not found\n');
  assert.equal(await ok('rollout history deploy/web --revision=7'), 'deployment.apps/web with revision #7\nNo rollout history found.\n');
  const { stdout, stderr } = await kubectl('get cm nope nope2 -o yaml');
  assert.equal(stdout, 'apiVersion: v1\nitems: []\nkind: List\nmetadata:\n  resourceVersion: ""\n');
  assert.equal(stderr.split('\n').length, 3);
  assert.equal(await ok('get cm nope nope2 -o yaml --ignore-not-found'), '');
  const told = await kubectl('label cm from nope x=1 --dry-run=client');
  assert.equal(told.stdout, 'configmap/from labeled (dry run)\n');
});

test('what a cluster knows is dumped', async () => {
  const { ok } = server;
  assert.match(await ok('cluster-info dump --namespaces=default'), /"kind": "NodeList"[\s\S]*"kind": "DeploymentList"/);
  await ok(`cluster-info dump --namespaces=default --output-directory=${folder} -o yaml`);
  assert.match(readFileSync(join(folder, 'default/deployments.yaml'), 'utf8'), /name: web/);
});

test('the revisions of a stateful set are shown and brought back', async () => {
  const { ok, kubectl } = server;
  const template = (image: string) => ({ metadata: { labels: { app: 's' } }, spec: { containers: [{ name: 'c', image }] } });
  const set = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 's' },
    spec: { serviceName: 's', selector: { matchLabels: { app: 's' } }, template: template('b') },
  };
  await ok('create -f -', JSON.stringify(set));
  const uid = await ok('get sts s -o jsonpath={.metadata.uid}');
  for (const [at, image] of ['a', 'b'].entries()) {
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 's', uid, controller: true }];
    const data = { spec: { template: { $patch: 'replace', ...template(image) } } };
    const revision = {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: { name: `s-${at}`, ownerReferences },
      revision: at + 1,
      data,
    };
    await ok('create -f -', JSON.stringify(revision));
  }
  assert.equal(await ok('rollout history sts/s'), 'statefulset.apps/s \nREVISION  CHANGE-CAUSE\n1         <none>\n2         <none>\n\n');
  assert.match(await ok('rollout history sts/s --revision=1'), /with revision #1\nPod Template:[\s\S]*Image:\ta\n/);
  assert.equal(await ok('rollout undo sts/s'), 'statefulset.apps/s rolled back\n');
  assert.equal(await ok('get sts s -o jsonpath={.spec.template.spec.containers[0].image}'), 'a');
  assert.equal((await kubectl('rollout undo sts/s --to-revision=9')).stderr, 'error: unable to find specified revision 9 in history\n');
});
