import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@keelson/client';
import { columnsOf } from './columns.ts';

const now = Date.parse('2026-01-01T02:00:00Z');
const object = {
  metadata: { name: 'a', labels: { b: '2', a: '1' } },
  spec: {
    text: 'x',
    count: 7,
    part: 1.5,
    yes: true,
    none: null,
    list: ['x', 'y'],
    objects: [{ y: 1 }, { y: 2 }],
    since: '2026-01-01T00:00:00Z',
    empty: '',
  },
} as unknown as KubeObject;

function cell(jsonPath: string, type: string): unknown {
  return columnsOf([{ name: 'It', type, jsonPath }])[1]?.cell(object, now);
}

test('as text everything can be shown, and of several values the first', () => {
  const shown = {
    text: 'x',
    count: '7',
    part: '1.5',
    yes: 'true',
    none: '<no value>',
    list: '["x","y"]',
    'list[*]': 'x',
    'objects[*].y': '1',
  };
  for (const [path, text] of Object.entries(shown)) assert.equal(cell(`.spec.${path}`, 'string'), text, path);
  assert.equal(cell('.metadata.labels', 'string'), '{"a":"1","b":"2"}');
  assert.equal(cell('.spec.missing', 'string'), null);
});

test('what is of another type is not shown', () => {
  assert.deepEqual([cell('.spec.part', 'integer'), cell('.spec.text', 'number'), cell('.spec.count', 'boolean')], [1, null, null]);
  assert.deepEqual(
    [cell('.spec.since', 'date'), cell('.spec.text', 'date'), cell('.spec.empty', 'date')],
    ['120m', '<invalid>', '<unknown>'],
  );
  assert.deepEqual([cell('.spec.count', 'date'), cell('.spec.none', 'date'), cell('.spec.list', 'date')], [null, null, null]);
});

test('from a path that is none on there are no columns', () => {
  const names = ['.spec.text', '.spec[', '.spec.count'].map((jsonPath, i) => ({ name: `c${i}`, type: 'string', jsonPath }));
  assert.deepEqual(
    columnsOf(names).map(({ name }) => name),
    ['Name', 'c0'],
  );
});
