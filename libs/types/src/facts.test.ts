/** Compares what is generated with the tables of facts, where those are at hand. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadProtobuf, loadSchemas, type Schema } from './schemas.ts';

const folder = process.env.KEELSON_FACTS ?? join(import.meta.dirname, '../../../../shared/facts');
const absent = !existsSync(join(folder, 'fields.tsv'));
if (absent) console.warn(`SKIPPED: no facts at ${folder}; set KEELSON_FACTS to compare the generated schemas with them`);
const options = { skip: absent && `no facts at ${folder}` };

const schemas = await loadSchemas();
const isStable = (typeName: string) => !/\.v\d+(alpha|beta)/.test(typeName);

/** The rows of the stable types; `path` is a type, or a type and a field. */
function rowsOf(file: string): string[][] {
  const rows = readFileSync(join(folder, file), 'utf8').trimEnd().split('\n').slice(1);
  return rows.map((row) => row.split('\t')).filter((cells) => isStable(cells[0] ?? ''));
}

const or = (text: string | undefined): string => text ?? '-';

function typeText(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref;
  if (schema.items) return `[]${typeText(schema.items)}`;
  if (schema.additionalProperties) return `map:${schema.additionalProperties.items ? 'array' : typeText(schema.additionalProperties)}`;
  return or(schema.type);
}

/** One line for each of a schema's fields that `line` makes something of. */
function fieldLines(line: (property: Schema, owner: Schema, field: string) => string | undefined): string[] {
  return Object.entries(schemas).flatMap(([typeName, owner]) =>
    Object.entries(owner.properties ?? {}).flatMap(([field, property]) => {
      const text = line(property, owner, field);
      return text === undefined ? [] : [`${typeName} ${field} ${text}`];
    }),
  );
}

function assertSame(actual: readonly string[], expected: readonly string[]): void {
  assert.ok(expected.length > 0, 'the table is empty');
  const [have, want] = [new Set(actual), new Set(expected)];
  const missing = [...want].filter((line) => !have.has(line));
  const surplus = [...have].filter((line) => !want.has(line));
  assert.deepEqual({ missing, surplus }, { missing: [], surplus: [] });
}

test('fields: JSON type, format and required', options, () => {
  const actual = fieldLines((p, owner, field) => `${typeText(p)} ${or(p.format)} ${owner.required?.includes(field) ? 'required' : '-'}`);
  assertSame(
    actual,
    rowsOf('fields.tsv').map((cells) => cells.join(' ')),
  );
});

test('list types, map keys, patch strategies and map types', options, () => {
  const ruleOf = (s: Schema): string | undefined => {
    const cells = [s['x-kubernetes-list-type'], s['x-kubernetes-list-map-keys']?.join(','), s['x-kubernetes-patch-strategy']];
    const text = [...cells, s['x-kubernetes-patch-merge-key'], s['x-kubernetes-map-type']].map(or).join(' ');
    return text === '- - - - -' ? undefined : text;
  };
  const ofTypes = Object.entries(schemas).map(([typeName, schema]) => [typeName, ruleOf(schema)] as const);
  const whole = ofTypes.flatMap(([typeName, rule]) => (rule === undefined ? [] : [`${typeName} (self) ${rule}`]));
  assertSame(
    [...fieldLines(ruleOf), ...whole],
    rowsOf('list-semantics.tsv').map((cells) => cells.join(' ')),
  );
});

test('defaults', options, () => {
  const actual = fieldLines((p) => (p.default === undefined ? undefined : JSON.stringify(p.default)));
  assertSame(
    actual,
    rowsOf('schema-defaults.tsv').map((cells) => cells.join(' ')),
  );
});

test('kinds', options, () => {
  const unlisted = new Set(['meta.v1.DeleteOptions', 'meta.v1.WatchEvent']);
  const actual = Object.entries(schemas).flatMap(([typeName, schema]) =>
    (schema['x-kubernetes-group-version-kind'] ?? []).map((gvk) => `${gvk.group || 'core'} ${gvk.version} ${gvk.kind} ${typeName}`),
  );
  assertSame(
    actual.filter((line) => !unlisted.has(line.split(' ')[3] ?? '')),
    rowsOf('kinds.tsv')
      .filter((cells) => isStable(cells[3] ?? ''))
      .map((cells) => cells.join(' ')),
  );
});

test('protobuf numbers, labels and types', options, async () => {
  const messages = await loadProtobuf();
  const packages = new Set(Object.keys(messages).map(packageOf));
  const rows = rowsOf('protobuf-fields.tsv').map((cells) => [shorten(cells[0] ?? ''), ...cells.slice(1)]);
  const expected = rows
    .filter(([scope = '']) => packages.has(scope))
    .map(([scope = '', message, , number, label, type = '']) => `${scope}.${message} ${number} ${label} ${qualified(scope, type)}`);
  const actual = Object.entries(messages).flatMap(([typeName, { fields }]) =>
    fields.map(([number, , label, type]) => `${typeName} ${number} ${label} ${type}`),
  );
  assertSame(actual, expected);
});

const packageOf = (typeName: string): string => typeName.slice(0, typeName.lastIndexOf('.'));

const shorten = (name: string): string => name.replace(/^k8s\.io\.\w+\.pkg\./, '').replace(/^apis\./, '');

function qualified(scope: string, type: string): string {
  if (type.includes(',')) return type.replace(/,(.+)/, (_, value: string) => `,${qualified(scope, value)}`);
  if (/^(string|bool|u?int(32|64)|double|bytes)$/.test(type)) return type;
  const name = shorten(type);
  return name.includes('.') ? name : `${scope}.${name}`;
}
