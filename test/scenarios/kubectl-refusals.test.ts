import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type KubectlServer, startKubectlServer } from './kubectl-harness.ts';

/* What kubectl 1.33, beside which each line was run, says of command lines that cannot be done. */

let server: KubectlServer;
const folder = mkdtempSync(join(tmpdir(), 'keelson-refusals-'));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

before(async () => {
  server = await startKubectlServer();
  const { ok } = server;
  await ok('create deployment d --image=x');
  await ok('create configmap c --from-literal=a=b');
  await ok('create serviceaccount default');
  await ok('run p --image=x');
  await ok('create -f -', JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } }));
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const help = (verb: string): string => `See 'kubectl ${verb} -h' for help and examples\n`;
const running = 'error: --pod-running-timeout must be higher than zero\n';
const cascade = 'error: invalid cascade value (bogus). Must be "background", "foreground", or "orphan"\n';

const refused: Readonly<Record<string, readonly (readonly [line: string, stderr: string])[]>> = {
  reading: [
    ['get pods -o name --show-labels', 'error: --show-labels option cannot be used with name printer\n'],
    ['get pods --output-watch-events', 'error: --output-watch-events option can only be used with --watch or --watch-only\n'],
    ['get pods --watch x y', 'Error from server (NotFound): pods "x" not found\n'],
    ['get pods -o custom-columns-file=gone', 'error: error reading template gone, open gone: no such file or directory\n'],
    ['explain pods.spec.bogus.x', 'error: field "x" does not exist\n'],
    ['explain pods --api-version=bogus', `error: couldn't find resource for "/bogus, Resource=pods"\n`],
    ['explain pods --api-version=apps/v1', 'error: GVR (apps/v1, Resource=pods) not found in OpenAPI schema\n'],
    ['explain .pods', 'error: invalid jsonpath syntax, first node must be field node\n'],
    ['events --for=bogus/x', `the server doesn't have a resource type "bogus"\n`],
    ['top pod a b', `error: pod [NAME | -l label]\n${help('top pod')}`],
    ['top node a -l b=c', 'error: only one of NAME or --selector can be provided\n'],
    ['auth can-i --list x', 'error: list option must be specified with no arguments\n'],
    ['get pods --profile=bogus', "error: unknown profile 'bogus'\n"],
    [
      'get pods --vmodule=x',
      `error: invalid argument "x" for "--vmodule" flag: syntax error: expect comma-separated list of filename=N\nSee 'kubectl get --help' for usage.\n`,
    ],
    ['rollout history deploy/d --revision=-1', 'error: revision must be a positive integer: -1\n'],
    ['rollout history cm/c', 'error: error retrieving history for "ConfigMap", no visitor method exists for { ConfigMap}\n'],
    ['rollout undo cm/c', 'error: error retrieving rollbacker for "ConfigMap", no visitor method exists for { ConfigMap}\n'],
    ['rollout undo deploy/d --to-revision=-9', 'error: unable to find specified revision -9 in history\n'],
  ],
  making: [
    ['create rolebinding', `error: exactly one NAME is required, got 0\n${help('create rolebinding')}`],
    ['create token default --duration=-1s', 'error: --duration must be greater than or equal to 0\n'],
    ['create token default --bound-object-name=x', 'error: --bound-object-name can only be set if --bound-object-kind is provided\n'],
    ['create token default --bound-object-uid=x', 'error: --bound-object-uid can only be set if --bound-object-kind is provided\n'],
    ['run a --image=x --port=bogus', 'error: strconv.Atoi: parsing "bogus": invalid syntax\n'],
    ['run a --image=x -t', `error: -i/--stdin is required for containers with -t/--tty=true\n${help('run')}`],
    ['run a --image=x --overrides=bogus', 'error: Invalid JSON Patch\n'],
    ['run a --image=x --pod-running-timeout=-1s', `${running}${help('run')}`],
    ['run a --image=x --annotations=b', 'error: invalid annotations format: b\n'],
    ['run a --image=x --labels==b', 'error: unexpected empty label key\n'],
    ['run a --image=x --cascade=bogus', cascade],
    ['expose deploy d --port=80 --session-affinity=bogus', 'error: unknown session affinity: bogus\n'],
    ['expose deploy d --port=80 --labels=bogus', 'error: unexpected label spec: bogus\n'],
    ['expose deploy d --port=80 --selector=bogus', 'error: unexpected label spec: bogus\n'],
    ['expose deploy d --port=80 --overrides=bogus', 'error: Invalid JSON Patch\n'],
  ],
  changing: [
    ['set env deploy/d x=y x-', 'error: can not both modify and remove the same environment variable in the same command\n'],
    ['set env deploy/d --list -o yaml', 'error: --list and --output may not be specified together\n'],
    [
      'set image deploy/d x=',
      'error: failed to patch image update to pod template: Deployment.apps "d" is invalid: spec.template.spec.containers[0].image: Required value\n',
    ],
    ['patch cm c -p {} --patch-file=x', 'error: cannot specify --patch and --patch-file together\n'],
    ['patch cm c -p {} --local', 'error: cannot specify --local and server resources\n'],
    ['label cm c --list x=y -o yaml', 'error: --list and --output may not be specified together\n'],
    ['label cm --all x=y --resource-version=1', 'error: --resource-version may only be used with a single resource\n'],
    ['label cm c x=y --local', 'error: can only use local files by -f pod.yaml or --filename=pod.json when --local=true is set\n'],
    [
      'taint nodes n a=b:NoSchedule a=c:NoSchedule',
      `error: duplicated taints with the same key and effect: {a c NoSchedule <nil>}\n${help('taint')}`,
    ],
    ['uncordon pods/p', 'error: expected resource of type node, got "/v1, Resource=pods"\n'],
    ['delete pods p --cascade=bogus', cascade],
    ['delete --raw=bogus', 'error: --raw must be a valid URL path: parse "bogus": invalid URI for request\n'],
    [
      'apply edit-last-applied deploy/d',
      'error: no last-applied-configuration annotation found on resources, to create the annotation, use command `kubectl apply set-last-applied --create-annotation`\n',
    ],
    ['wait pod/p --for=jsonpath={.metadata} --timeout=1s', ''],
    ['wait pod/p --for=jsonpath={.metadata}=x --timeout=1s', 'error: jsonpath leads to a nested object or list which is not supported\n'],
    ['wait pod -l a=gone --for=create --timeout=1ms', 'error: timed out waiting for the condition\n'],
  ],
  joining: [
    ['logs p --since=-1s', 'error: --since must be greater than 0\n'],
    ['logs p --limit-bytes=-1', 'error: --limit-bytes must be greater than 0\n'],
    ['logs p --pod-running-timeout=-1s', running],
    ['logs p --all-containers x', 'error: --all-containers=true should not be specified with container name x\n'],
    ['attach p -c gone', 'error: cannot attach to the container: container gone is not valid for pod p out of: p\n'],
    ['attach p --pod-running-timeout=0s', `${running}${help('attach')}`],
    ['exec p --pod-running-timeout=-1s -- ls', `${running}${help('exec')}`],
    ['port-forward p 80 --pod-running-timeout=-1s', `${running}${help('port-forward')}`],
    ['proxy --port=99999', 'error: listen tcp: address 99999: invalid port\n'],
    ['debug p --set-image=a=b', 'error: --set-image may only be used with --copy-to.\n'],
    ['debug p --image=A', 'error: invalid image name "A": invalid reference format\n'],
    [
      'debug p --image=a --custom=gone',
      'error: must pass a container spec json file for custom profile: open gone: no such file or directory\n',
    ],
    ['debug p --image=a -f x', 'error: resource/name arguments cannot be provided when a path is specified\n'],
  ],
};

for (const [topic, lines] of Object.entries(refused))
  test(`${topic}: what cannot be done is refused in upstream’s words`, async () => {
    for (const [line, stderr] of lines) {
      const outcome = await server.kubectl(line);
      assert.deepEqual([outcome.stderr, outcome.code], [stderr, stderr === '' ? 0 : 1], line);
    }
  });

test('a truth value for --cascade is understood, and warned of', async () => {
  const { code, stderr } = await server.kubectl('delete cm c --cascade=false --dry-run=client');
  const warning = 'warning: --cascade=false is deprecated (boolean value) and can be replaced with --cascade=orphan.\n';
  assert.deepEqual([code, stderr], [0, warning]);
});

test('an object without a name is told with its place', async () => {
  const nameless = file('nameless.yaml', 'apiVersion: apps/v1\nkind: Deployment\n');
  const { stderr } = await server.kubectl(['apply', '-f', nameless]);
  const type = 'Resource: "apps/v1, Resource=deployments", GroupVersionKind: "apps/v1, Kind=Deployment"';
  const place = `${type}\nName: "", Namespace: "default"`;
  assert.equal(
    stderr,
    `error: error when retrieving current configuration of:\n${place}\nfrom server for: ${JSON.stringify(nameless)}: resource name may not be empty\n`,
  );
  const replaced = await server.kubectl(['replace', '-f', nameless]);
  assert.equal(replaced.stderr, `error: error when replacing ${JSON.stringify(nameless)}: resource name may not be empty\n`);
});

test('a file that cannot be read keeps nothing else from being applied', async () => {
  const bad = file('bad.yaml', 'a: {b\n');
  const good = file('good.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n');
  const { code, stdout, stderr } = await server.kubectl(['apply', '-f', bad, '-f', good]);
  assert.deepEqual([code, stdout], [1, 'configmap/good created\n']);
  assert.ok(stderr.startsWith(`error: error parsing ${bad}: `), stderr);
});

test('server-side apply goes to a subresource', async () => {
  const { ok, kubectl } = server;
  const status = { status: { replicas: 7 } };
  const manifest = JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, ...status });
  await ok('apply --server-side --subresource=status -f -', manifest);
  assert.equal(await ok('get deploy d -o jsonpath={.status.replicas}'), '7');
  const { stderr } = await kubectl('apply --server-side --subresource=gone -f -', manifest);
  assert.equal(stderr, 'Error from server (NotFound): the server could not find the requested resource\n');
});

test('a drain tells which nodes are left, and of each pod the first reason it cannot go for', async () => {
  const { ok, kubectl } = server;
  const pod = (name: string, spec: object): string =>
    JSON.stringify({
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name } },
      spec: { nodeName: 'n', containers: [{ name: 'a', image: 'x' }], ...spec },
    });
  await ok('create -f -', pod('alone', {}));
  await ok('create -f -', pod('keeper', { volumes: [{ name: 'v', emptyDir: {} }] }));
  const alone = 'cannot delete Pods that declare no controller (use --force to override): default/alone';
  const keeper = 'cannot delete Pods with local storage (use --delete-emptydir-data to override): default/keeper';
  const { code, stdout, stderr } = await kubectl('drain n --dry-run=client');
  assert.deepEqual([code, stdout], [1, 'node/n cordoned (dry run)\n']);
  assert.equal(
    stderr,
    `error: unable to drain node "n" due to error: [${alone}, ${keeper}], continuing command...\n` +
      `There are pending nodes to be drained:\n n\n${alone}\n${keeper}\n`,
  );
  const forced = await kubectl('drain n --dry-run=client --force --delete-emptydir-data');
  assert.equal(forced.stderr, 'Warning: deleting Pods that declare no controller: default/alone, default/keeper\n');
});

test('a pod with a service is printed as two documents', async () => {
  const yaml = await server.ok('run both --image=x --port=80 --expose --dry-run=client -o yaml');
  assert.match(yaml, /^apiVersion: v1\nkind: Service\n[\s\S]*\nstatus:\n {2}loadBalancer: \{\}\n---\n---\napiVersion: v1\nkind: Pod\n/);
});
