import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parsePatchName, patched } from './patches.ts';
import { readPatches } from './read.ts';

test('a name says what is patched, and how', () => {
  assert.deepEqual(parsePatchName('kubeletconfiguration.yaml'), { target: 'kubeletconfiguration', type: 'strategic' });
  assert.deepEqual(parsePatchName('kubeletconfiguration0+json.json'), { target: 'kubeletconfiguration', type: 'json' });
  assert.deepEqual(parsePatchName('kube-apiserver-x+merge.yaml'), { target: 'kube-apiserver', type: 'merge' });
  assert.deepEqual(parsePatchName('kubeletconfiguration.yml'), { ignored: 'the file extension must be one of [json yaml]' });
  assert.match(JSON.stringify(parsePatchName('lunch.yaml')), /unknown target, must be one of \[kubeletconfiguration etcd /);
  assert.throws(
    () => parsePatchName('kubeletconfiguration+lunch.yaml'),
    /unknown or missing patch type after '\+', must be one of \[json merge strategic\]/,
  );
});

test('patches are applied in their order', () => {
  const document = { maxPods: 50, evictionHard: { a: '1' }, clusterDNS: ['10.0.0.1'] };
  const result = patched(document, [
    { type: 'strategic', patch: { evictionHard: { b: '2' }, clusterDNS: ['10.0.0.2'] } },
    { type: 'merge', patch: { maxPods: null, podPidsLimit: 5 } },
    { type: 'json', patch: [{ op: 'replace', path: '/podPidsLimit', value: 6 }] },
  ]);
  assert.deepEqual(result, { evictionHard: { a: '1', b: '2' }, clusterDNS: ['10.0.0.2'], podPidsLimit: 6 });
  assert.deepEqual(document.clusterDNS, ['10.0.0.1']);
  assert.throws(
    () => patched(document, [{ type: 'json', patch: [{ op: 'remove', path: '/lunch' }] }]),
    /could not apply the following patch of type "application\/json-patch\+json" to target "kubeletconfiguration":\n\[.*\]\n: /,
  );
});

test('a directory is read by the names of its files; what has no effect is told', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'patches-'));
  t.after(() => rm(directory, { recursive: true }));
  const files = {
    'kubeletconfiguration1+merge.json': '{"maxPods": 7}',
    'kubeletconfiguration0.yaml': 'failSwapOn: no\n---\nmaxPods: 6\n',
    'kubeletconfiguration2.yaml': '',
    'kube-apiserver.yaml': 'spec: {}\n',
    README: 'words',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  const told: string[] = [];
  const patches = await readPatches(directory, (line) => void told.push(line));
  assert.deepEqual(patches, [
    { type: 'strategic', patch: { failSwapOn: false } },
    { type: 'strategic', patch: { maxPods: 6 } },
    { type: 'merge', patch: { maxPods: 7 } },
  ]);
  assert.deepEqual(told, [
    `[patches] Reading patches from path "${directory}"`,
    '[patches] Ignoring file "README": the file extension must be one of [json yaml]',
    '[patches] Ignoring file "kube-apiserver.yaml": kube-apiserver is no pod here',
    '[patches] Ignoring empty file: "kubeletconfiguration2.yaml"',
  ]);
  await assert.rejects(
    readPatches('/nowhere/p', () => undefined),
    /could not list patch files for path "\/nowhere\/p": /,
  );
});
