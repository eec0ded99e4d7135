import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { anyType, deadCode, layout, looseEnds, timeAndChance, vagueFolders } from './bans.ts';
import { declaredImports, pureFolders } from './imports.ts';
import { allowed, tightened } from './ratchet.ts';
import type { Rule } from './rule.ts';
import { fileMax, functionMax, functionP95, seamMax } from './sizes.ts';
import { type Manifest, source, type Workspace } from './workspace.ts';

interface Shape {
  readonly files?: Readonly<Record<string, string>>;
  readonly folders?: readonly string[];
  readonly manifests?: Readonly<Record<string, Manifest>>;
}

function workspace({ files = {}, folders = [], manifests = {} }: Shape): Workspace {
  return {
    sources: Object.entries(files).map(([path, text]) => source(path, text)),
    folders,
    manifests: new Map(Object.entries(manifests)),
  };
}

function found(rule: Rule, shape: Shape): string[] {
  return rule.measure(workspace(shape)).findings.map(({ path, line, what }) => `${path}:${line} ${what}`);
}

describe('pure folders', () => {
  const path = 'kubelet/src/pod/step.ts';

  test('may import base, types and machinery', () => {
    const text = "import { a } from '@keelson/base';\nimport type { Pod } from '@keelson/types';\nimport { b } from '@keelson/machinery';";
    assert.deepEqual(found(pureFolders, { files: { [path]: text } }), []);
  });

  test('import neither Node nor other libraries, not even types of them', () => {
    const text = "import fs from 'node:fs';\nimport type { Api } from '@keelson/client';\nconst x = import('ws');\nexport * from 'pino';";
    const wanted = [`${path}:1 imports node:fs`, `${path}:2 imports @keelson/client`, `${path}:3 imports ws`, `${path}:4 imports pino`];
    assert.deepEqual(found(pureFolders, { files: { [path]: text } }), wanted);
  });

  test('nor through another file of the package, types apart', () => {
    const shell = "import net from 'node:net';";
    const files = { [path]: "import { a } from '../shell.ts';\nimport type { B } from '../other.ts';" };
    const impure = { 'kubelet/src/shell.ts': shell, 'kubelet/src/other.ts': shell };
    assert.deepEqual(found(pureFolders, { files: { ...files, ...impure } }), [`${path}:1 imports node:net through kubelet/src/shell.ts`]);
  });

  test('are the plans of controllers too, and not their tests', () => {
    const text = "import fs from 'node:fs';";
    const folder = 'controller-manager/src/controllers/deployment';
    const files = {
      [`${folder}/plan.ts`]: text,
      [`${folder}/plan-rollout.ts`]: text,
      [`${folder}/controller.ts`]: text,
      [`${folder}/plan.test.ts`]: text,
    };
    assert.equal(found(pureFolders, { files }).length, 2);
  });
});

test('imports are declared: by the package for sources, by it or the root for tests', () => {
  const manifests = {
    '': { devDependencies: { typescript: '6' } },
    'libs/a': { dependencies: { yaml: '2' }, devDependencies: { '@keelson/testing': '0' } },
  };
  const text = "import 'yaml/x';\nimport '@keelson/testing';\nimport 'typescript';\nimport 'ws';\nimport 'node:fs';\nimport './b.ts';";
  const inSource = found(declaredImports, { files: { 'libs/a/src/a.ts': text }, manifests });
  assert.deepEqual(
    inSource,
    ['2 imports @keelson/testing', '3 imports typescript', '4 imports ws'].map((one) => `libs/a/src/a.ts:${one}`),
  );
  const inTest = found(declaredImports, { files: { 'libs/a/src/a.test.ts': text }, manifests });
  assert.deepEqual(inTest, ['libs/a/src/a.test.ts:4 imports ws']);
});

describe('real time and chance', () => {
  const text =
    'Date.now();\nnew Date();\nnew Date(0);\nsetTimeout(f, 1);\nsocket.setTimeout(0);\nglobalThis.setInterval(f);\nMath.random();';

  test('are found wherever they are not at home', () => {
    const wanted = ['1 Date.now', '2 new Date()', '4 setTimeout', '6 setInterval', '7 Math.random'];
    for (const path of ['kubelet/src/a.ts', 'kubelet/src/a.test.ts']) {
      const lines = wanted.map((one) => `${path}:${one}`);
      assert.deepEqual(found(timeAndChance, { files: { [path]: text } }), lines);
    }
    assert.deepEqual(found(timeAndChance, { files: { 'libs/base/src/clock.ts': text, 'libs/testing/src/a.ts': text } }), []);
  });

  test('a stopwatch is for tests, the timers module for nobody', () => {
    const files = {
      'kubelet/src/a.ts': 'performance.now();',
      'kubelet/src/a.test.ts': "performance.now();\nimport 'node:timers/promises';",
    };
    assert.deepEqual(found(timeAndChance, { files }), [
      'kubelet/src/a.ts:1 performance.now',
      'kubelet/src/a.test.ts:2 imports node:timers/promises',
    ]);
  });
});

test('any is found as a type, not as a word', () => {
  assert.deepEqual(found(anyType, { files: { 'a.ts': "const any = 'any';\nlet x: any[] = [];\n// any" } }), ['a.ts:2 any']);
});

test('folders whose names say nothing', () => {
  assert.deepEqual(found(vagueFolders, { folders: ['libs/utils', 'libs/common-sense', 'kubelet/src/shared'] }).length, 2);
});

test('the top level is the layout', () => {
  const all = [
    'apiserver',
    'scheduler',
    'controller-manager',
    'kubelet',
    'kube-proxy',
    'kubectl',
    'libs',
    'deploy',
    'test',
    'docs',
    'examples',
  ];
  assert.deepEqual(found(layout, { folders: [...all, 'libs/base', 'src'] }), ['src:0 is not in the layout', 'tools:0 is missing']);
});

test('loose ends need an issue', () => {
  const text = "// TODO later\nconst a = 'TODO';\n// TODO #12 later\nf(); // FIXME\n/** A TODO(#3) with its issue. */\nf();";
  assert.deepEqual(found(looseEnds, { files: { 'a.ts': text } }), ['a.ts:1 TODO later', 'a.ts:4 FIXME']);
});

test('code in comments, and prose that looks a little like it', () => {
  const dead = '// const a = 1;\n// f(x);\n/*\nif (a) {\n*/\n// a.b = c;\nf();';
  assert.equal(found(deadCode, { files: { 'a.ts': dead } }).length, 4);
  const prose =
    '// if the pod is gone, return; it was deleted\n// see f(x)\n// biome-ignore lint: as upstream\n/** ```\n * const a = f();\n * ``` */\nf();';
  assert.deepEqual(found(deadCode, { files: { 'a.ts': prose } }), []);
});

describe('sizes', () => {
  const long = (lines: number): string => `function f() {\n${'  g();\n'.repeat(lines - 2)}}\n`;

  test('of files and functions; comments, blank lines and tests do not count as functions', () => {
    const files = { 'a.ts': long(71), 'b.ts': long(10).replaceAll('g();', '// g\n\n'), 'c.test.ts': long(800) };
    assert.deepEqual(found(functionMax, { files }), ['a.ts:1 f has 71 lines']);
    assert.deepEqual(found(fileMax, { files }), ['c.test.ts:0 has 800 lines']);
  });

  test('the 95th percentile leaves one in twenty', () => {
    const files = { 'a.ts': long(3).repeat(19) + long(60) };
    assert.equal(functionP95.measure(workspace({ files })).value, 3);
    const more = { 'a.ts': long(3).repeat(18) + long(60).repeat(2) };
    assert.equal(functionP95.measure(workspace({ files: more })).value, 60);
  });

  test('of seams: methods and properties that are functions', () => {
    const nine = `interface Wide { size: number; ${'m(): void; '.repeat(8)} on: () => void }`;
    assert.deepEqual(found(seamMax, { files: { 'a.ts': nine } }), ['a.ts:1 Wide has 9 methods']);
  });
});

test('the ratchet falls to what was measured, never rises and stops at the aim', () => {
  assert.deepEqual(tightened(new Map([[functionMax, 90]]), {}), { [functionMax.name]: 90 });
  assert.deepEqual(tightened(new Map([[functionMax, 95]]), { [functionMax.name]: 90 }), { [functionMax.name]: 90 });
  assert.deepEqual(tightened(new Map([[functionMax, 12]]), { [functionMax.name]: 90 }), { [functionMax.name]: 70 });
  assert.equal(allowed(functionMax, {}), 70);
  assert.equal(allowed(functionMax, { [functionMax.name]: 90 }), 90);
});
