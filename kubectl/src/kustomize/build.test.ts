import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { toYaml } from '@keelson/machinery';
import type { AnyObject } from '../types.ts';
import { kustomize } from './folder.ts';
import { retagged } from './images.ts';

const testdata = fileURLToPath(new URL('testdata/', import.meta.url));

async function built(folder: string): Promise<{ objects: AnyObject[]; text: string; warnings: string }> {
  let warnings = '';
  const stderr = { write: (text: string | Uint8Array) => (warnings += String(text)) };
  const objects = await kustomize(folder, { stderr });
  return { objects, text: objects.map((object) => toYaml(object)).join('---\n'), warnings };
}

/** A folder with files, gone after the test. */
function folder(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'kustomize-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

// Each folder's expected.yaml is what upstream's `kubectl kustomize` printed of it.
for (const name of readdirSync(testdata)) {
  test(`builds as upstream: ${name}`, async () => {
    const { text } = await built(join(testdata, name));
    assert.equal(text, readFileSync(join(testdata, name, 'expected.yaml'), 'utf8'));
  });
}

const configMap = '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}';

const failures: readonly [title: string, files: Readonly<Record<string, string>>, message: RegExp][] = [
  ['no kustomization', {}, /^unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '\//],
  ['an unknown field', { 'kustomization.yaml': 'bogus: 1' }, /^invalid Kustomization: json: unknown field "bogus"$/],
  ['a remote base', { 'kustomization.yaml': 'resources: ["https://example.com/x"]' }, /remote resources are not supported: https:/],
  ['what is not done here', { 'kustomization.yaml': 'helmCharts: []' }, /^the field "helmCharts" of .* is not supported/],
  [
    'a missing file',
    { 'kustomization.yaml': 'resources: [no.yaml]' },
    /^accumulating resources: accumulation err='accumulating resources from 'no.yaml': evalsymlink/,
  ],
  [
    'an object twice',
    { 'kustomization.yaml': 'resources: [a.yaml, b.yaml]', 'a.yaml': configMap, 'b.yaml': configMap },
    /may not add resource with an already registered id: ConfigMap.v1.\[noGrp\]\/a.\[noNs\]$/,
  ],
  [
    'a patch of nothing',
    { 'kustomization.yaml': `patches: [{patch: '${configMap}'}]` },
    /^no resource matches strategic merge patch "ConfigMap.v1.\[noGrp\]\/a.\[noNs\]": no matches for Id/,
  ],
  ['replicas of nothing', { 'kustomization.yaml': 'replicas: [{name: x, count: 1}]' }, /^resource with name x does not match a config/],
  ['a cycle', { 'kustomization.yaml': 'resources: [in]', 'in/kustomization.yaml': 'resources: [..]' }, /: cycle detected/],
];

test('builds that fail', async (t) => {
  for (const [title, files, message] of failures) {
    await assert.rejects(built(folder(t, files)), (error) => message.test((error as Error).message), title);
  }
});

test('generated names follow their contents, into nested kustomizations too', async (t) => {
  const files = (value: string): Record<string, string> => ({
    'kustomization.yaml': 'namePrefix: p-\nresources: [base]',
    'base/kustomization.yaml': `configMapGenerator: [{name: c, literals: [a=${value}]}]\nresources: [pod.yaml]`,
    'base/pod.yaml':
      '{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {volumes: [{name: v, configMap: {name: c}}, {name: w, configMap: {name: other}}]}}',
  });
  const [one, two] = await Promise.all([built(folder(t, files('1'))), built(folder(t, files('2')))]);
  const names = ({ objects }: typeof one): unknown[] => {
    const volumes = (objects[1]?.spec as { volumes?: { configMap: { name: string } }[] } | undefined)?.volumes ?? [];
    return [objects[0]?.metadata.name, ...volumes.map(({ configMap: { name } }) => name)];
  };
  assert.match(String(names(one)[0]), /^p-c-[bcdfghkmt2456789]{10}$/);
  assert.deepEqual(names(one).slice(1), [names(one)[0], 'other']);
  assert.notEqual(names(one)[0], names(two)[0]);
});

test('the bytes of a secret that fill a line stand in lines; whoever merges without a hash takes it away', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kustomize-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const generators = (text: string): string => `kind: Kustomization\n${text}`;
  for (const name of ['base', 'over']) mkdirSync(join(folder, name));
  const base = `secretGenerator: [{name: s, literals: [long=${'x'.repeat(60)}, short=x]}]\nconfigMapGenerator: [{name: c, literals: [a=b]}]\n`;
  writeFileSync(join(folder, 'base/kustomization.yaml'), generators(base));
  const over =
    'configMapGenerator: [{name: c, behavior: merge, literals: [c=d], options: {disableNameSuffixHash: true}}]\nresources: [../base]\n';
  writeFileSync(join(folder, 'over/kustomization.yaml'), generators(over));
  const { objects } = await built(join(folder, 'over'));
  const of = (kind: string): (typeof objects)[number] | undefined => objects.find((object) => object.kind === kind);
  assert.equal(of('ConfigMap')?.metadata.name, 'c');
  const data = of('Secret')?.data as { readonly long: string; readonly short: string };
  assert.deepEqual([data.long.split('\n').map((line) => line.length), data.short], [[70, 10, 0], 'eA==']);
});

test('deprecated fields are told of', async () => {
  const { warnings } = await built(join(testdata, 'legacy'));
  assert.deepEqual(
    warnings.split('\n').map((line) => /'(\w+)' is deprecated/.exec(line)?.[1]),
    ['patchesJson6902', 'patchesStrategicMerge', undefined],
  );
});

const images: readonly [image: string, rule: Parameters<typeof retagged>[1], expected: string][] = [
  ['nginx', { name: 'nginx', newTag: '2' }, 'nginx:2'],
  ['nginx:1', { name: 'nginx', newName: 'my/nginx' }, 'my/nginx:1'],
  ['nginx:1@sha256:ab', { name: 'nginx', digest: 'sha256:cd' }, 'nginx@sha256:cd'],
  ['nginx:1', { name: 'nginx', newTag: '2', digest: 'sha256:cd' }, 'nginx:2@sha256:cd'],
  ['nginx-x:1', { name: 'nginx', newTag: '2' }, 'nginx-x:1'],
  ['r.io:5000/nginx', { name: 'r.io:5000/nginx', newTag: '2' }, 'r.io:5000/nginx:2'],
  ['nginx', { name: 'other', newTag: '2' }, 'nginx'],
];

test('images', () => {
  for (const [image, rule, expected] of images) assert.equal(retagged(image, rule), expected, image);
});
