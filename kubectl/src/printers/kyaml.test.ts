import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inOrder } from '@keelson/machinery';
import { kyamlText } from './kyaml.ts';

test('a document has a header, braces, quoted strings and bare keys as they come; maps in lists stand close', () => {
  const pod = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { labels: {}, name: 'a', annotations: { 'example.com/x': 'no' } },
    spec: { containers: [{ name: 'x', args: ['a', 'b'] }, { name: 'y' }], replicas: 3, on: true, gone: null, none: [] },
  };
  assert.equal(
    kyamlText(inOrder(pod)),
    `---
{
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    annotations: {
      example.com/x: "no",
    },
    labels: {},
    name: "a",
  },
  spec: {
    containers: [{
      args: [
        "a",
        "b",
      ],
      name: "x",
    }, {
      name: "y",
    }],
    gone: null,
    none: [],
    "on": true,
    replicas: 3,
  },
}
`,
  );
});

test('keys that could be something else are quoted', () => {
  const bare = ['a', 'a-b', 'a.b/c', 'A_1', '_a', 'é', 'v1', '1a', '0x', 'infinite'];
  const quoted = ['', 'y', 'No', '1', '0x1f', '1_000', '1e3', '.5', '12:30', '2020-1-2', 'nan', 'Inf', 't', '-a', 'a-', 'a b', 'a:b', '~'];
  for (const key of bare) assert.equal(kyamlText({ [key]: 1 }), `---\n{\n  ${key}: 1,\n}\n`);
  for (const key of quoted) assert.equal(kyamlText({ [key]: 1 }), `---\n{\n  "${key}": 1,\n}\n`);
});

test('a text of several lines is folded where its lines end, and keeps the space they begin with', () => {
  assert.equal(
    kyamlText({ data: { a: 'one\n two\n\n"end"' } }),
    `---
{
  data: {
    a: "\\
       one\\n\\
      \\ two\\n\\
       \\n\\
       \\"end\\"\\
      ",
  },
}
`,
  );
  assert.equal(kyamlText({ a: 'one\n' }), '---\n{\n  a: "\\\n     one\\n\\\n    ",\n}\n');
  assert.equal(kyamlText({ a: '\u0001\u00a0\ttab' }), '---\n{\n  a: "\\x01\\_\ttab",\n}\n');
});
