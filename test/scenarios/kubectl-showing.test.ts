import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type KubectlServer, startKubectlServer } from './kubectl-harness.ts';

/* How objects are shown: without the server's tables, described one by one or together, and what is asked of the server for it. */

let server: KubectlServer;
before(async () => {
  server = await startKubectlServer();
  for (const name of ['alpha', 'alpine', 'beta']) await server.ok(`create configmap ${name}`);
  await server.ok('create deployment web --image=a');
  await server.ok('label configmap beta of=one');
});
after(() => server.stop());

/** A table with ages as `AGE`: how long ago is chance. */
async function table(line: string): Promise<string> {
  return (await server.ok(line)).replaceAll(/ +\d+s +/g, ' AGE ').replaceAll(/ +\d+s$/gm, ' AGE');
}

const plain: [flags: string, rows: string][] = [
  ['cm', 'NAME     AGE\nalpha AGE\nalpine AGE\nbeta AGE\n'],
  ['cm beta alpha', 'NAME    AGE\nbeta AGE\nalpha AGE\n'],
  ['cm --no-headers --sort-by=.metadata.name', 'alpha AGE\nalpine AGE\nbeta AGE\n'],
  ['cm -L of --no-headers -l of', 'beta AGE one\n'],
  ['cm beta --show-labels', 'NAME   AGE   LABELS\nbeta AGE of=one\n'],
  ['deploy -o wide', 'NAME   AGE\nweb AGE\n'],
  ['cm/beta deploy/web', 'NAME             AGE\nconfigmap/beta AGE\n\nNAME                  AGE\ndeployment.apps/web AGE\n'],
  ['deploy -A', 'NAMESPACE   NAME   AGE\ndefault     web AGE\n'],
];

for (const [flags, rows] of plain)
  test(`get ${flags} --server-print=false shows names and ages`, async () => {
    assert.equal(await table(`get ${flags} --server-print=false`), rows);
  });

test('what is not there is told without tables too', async () => {
  const { kubectl } = server;
  const none = { code: 0, stdout: '', stderr: 'No resources found in default namespace.\n' };
  assert.deepEqual(await kubectl('get cm -l of=none --server-print=false'), none);
  const missing = 'Error from server (NotFound): configmaps "nosuch" not found\n';
  assert.deepEqual(await kubectl('get cm nosuch --server-print=false'), { code: 1, stdout: '', stderr: missing });
});

/** A description as `NAME` and, where events are told, `NAME+events`; what stands between is kept. */
function outline(text: string): string {
  return text.replaceAll(/Name: +(\w+)\n[\s\S]*?\nBinaryData\n====\n\n(Events: +<none>\n)?/g, (_, name: string, events?: string) =>
    events ? `${name}+events\n` : `${name}\n`,
  );
}

const described: [line: string, outline: string][] = [
  ['describe cm beta', 'beta+events\n'],
  ['describe cm beta --show-events=false', 'beta\n'],
  ['describe cm', 'alpha\n\n\nalpine\n\n\nbeta\n'],
  ['describe cm alpha beta', 'alpha\n\n\nbeta\n'],
  ['describe cm/beta cm/alpha --show-events', 'beta+events\n\n\nalpha+events\n'],
  ['describe cm -l of', 'beta+events\n'],
  ['describe cm alp', 'alpha\n\nalpine\n\n'],
  ['describe cm alp --show-events', 'alpha+events\n\nalpine+events\n\n'],
  ['describe cm bet', 'beta\n\n'],
];

for (const [line, wanted] of described)
  test(`${line}: objects stand apart, events are of one alone or asked for`, async () => {
    assert.equal(outline(await server.ok(line)), wanted);
  });

test('what is described beside what is missing shows no events', async () => {
  const { code, stdout, stderr } = await server.kubectl('describe cm alpha beta nosuch');
  assert.deepEqual(
    [code, outline(stdout), stderr],
    [1, 'alpha\n\n\nbeta\n', 'Error from server (NotFound): configmaps "nosuch" not found\n'],
  );
  const one = await server.kubectl('describe cm/alpha cm/nosuch cm/nope');
  assert.equal(outline(one.stdout), 'alpha\n');
});

test('neither a name nor the beginning of one', async () => {
  const refused: [line: string, stderr: string][] = [
    ['describe cm nosuch', 'Error from server (NotFound): configmaps "nosuch" not found\n'],
    [
      'describe cm no such',
      'Error from server (NotFound): configmaps "no" not found\nError from server (NotFound): configmaps "such" not found\n',
    ],
    [
      'describe',
      'error: You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of supported resources.\n',
    ],
  ];
  for (const [line, stderr] of refused) assert.deepEqual(await server.kubectl(line), { code: 1, stdout: '', stderr });
  const none = { code: 0, stdout: '', stderr: 'No resources found in default namespace.\n' };
  assert.deepEqual(await server.kubectl('describe cm -l of=none'), none);
});

const asked: [line: string, query: string][] = [
  [
    'get cm -l of=one --field-selector=metadata.name=beta --chunk-size=7',
    'fieldSelector=metadata.name%3Dbeta&labelSelector=of%3Done&limit=7',
  ],
  ['patch cm beta -p {} --field-manager=x --dry-run=server', 'dryRun=All&fieldManager=x'],
  ['create cm new --dry-run=server --field-manager=x --validate=strict', 'dryRun=All&fieldManager=x&fieldValidation=Strict'],
];

for (const [line, query] of asked)
  test(`${line}: parameters stand in the order of their names`, async () => {
    const { code, stderr } = await server.kubectl(`${line} -v6`);
    assert.equal(code, 0, stderr);
    assert.ok(stderr.includes(`?${query}" status=`), stderr);
  });
