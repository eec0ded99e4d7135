import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock, systemRandom } from '@keelson/base';
import type { AnyObject, Shell } from '../types.ts';
import { type FileSources, readDocuments, requireType } from './files.ts';

/** A shell whose standard input is the text. */
function shell(text: string): Shell {
  const nowhere = { write: () => undefined };
  async function* stdin(): AsyncGenerator<string> {
    yield text;
  }
  const signal = new AbortController().signal;
  return { stdout: nowhere, stderr: nowhere, stdin: stdin(), env: {}, clock: systemClock, random: systemRandom, signal };
}

const sources: FileSources = { filename: [], recursive: false, kustomize: '' };
const folder = fileURLToPath(new URL('../kustomize/testdata/legacy', import.meta.url));

async function names(given: Partial<FileSources>, text = ''): Promise<string[]> {
  const documents = await readDocuments({ ...sources, ...given }, shell(text));
  return documents.map(({ object, source }) => `${source} ${object.metadata.name}`);
}

test('-l leaves out the objects of manifests whose labels do not match', async () => {
  const text = '{metadata: {name: a, labels: {app: x}}}\n---\n{metadata: {name: b}}\n';
  assert.deepEqual(await names({ filename: ['-'] }, text), ['STDIN a', 'STDIN b']);
  assert.deepEqual(await names({ filename: ['-'], selector: 'app=x' }, text), ['STDIN a']);
  assert.deepEqual(await names({ filename: ['-'], selector: '!app' }, text), ['STDIN b']);
});

test('-k builds a kustomization, and goes with neither -f nor -R', async () => {
  assert.deepEqual(await names({ kustomize: folder }), [`${folder} s`, `${folder} a`]);
  await assert.rejects(names({ kustomize: folder, filename: ['x'] }), { message: 'only one of -f or -k can be specified' });
  await assert.rejects(names({ kustomize: folder, recursive: true }), { message: "the -k flag can't be used with -f or -R" });
});

test('a manifest that does not say what it is', () => {
  const document = (object: object) => ({ object: object as AnyObject, source: 'x.yaml' });
  assert.throws(() => requireType(document({ ind: 'Pod' })), {
    message: `unable to decode "x.yaml": Object 'Kind' is missing in '{"ind":"Pod"}'`,
  });
  assert.throws(() => requireType(document({ kind: 'Pod' })), /Object 'apiVersion' is missing in/);
  requireType(document({ apiVersion: 'v1', kind: 'Pod' }));
});
