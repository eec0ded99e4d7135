import assert from 'node:assert/strict';
import { eventually } from '@keelson/testing';
import type { Context } from '../context.ts';
import { anything, type Custom, define, definitions, served } from '../custom.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin]';

type Schema = Record<string, unknown>;
const object = (description: string, properties: Schema = {}): Schema => ({
  ...{ type: 'object', description, ...(Object.keys(properties).length > 0 ? { properties } : {}) },
});
const text = (description: string, rest: Schema = {}): Schema => ({ type: 'string', description, ...rest });

const foo = object('Foo CRD for Testing', {
  spec: object('Specification of Foo', {
    bars: {
      ...{ description: 'List of Bars and their specs.', type: 'array' },
      items: {
        ...{ type: 'object', required: ['name'] },
        properties: {
          name: text('Name of Bar.'),
          age: text('Age of Bar.'),
          feeling: text('Whether Bar is feeling great.', { enum: ['Great', 'Down'] }),
          bazs: { description: 'List of Bazs.', type: 'array', items: { type: 'string' } },
        },
      },
    },
  }),
  status: object('Status of Foo', {
    bars: {
      ...{ description: 'List of Bars and their statuses.', type: 'array' },
      items: {
        type: 'object',
        properties: {
          name: text('Name of Bar.'),
          available: { type: 'boolean', description: 'Whether the Bar is installed.' },
          quxType: text('Indicates to external qux type.', { pattern: 'in-tree|out-of-tree' }),
        },
      },
    },
  }),
});

const waldoLike = (description: string, root: Schema = {}, spec: Schema = {}): Schema => ({
  ...object(description, {
    spec: { ...object('Specification of Waldo', { dummy: object('Dummy property.') }), ...spec },
    status: object('Status of Waldo', {
      bars: { description: 'List of Bars and their statuses.', type: 'array', items: { type: 'object' } },
    }),
  }),
  ...root,
});
const waldo = waldoLike('Waldo CRD for Testing');
const preserved = { 'x-kubernetes-preserve-unknown-fields': true };

/** The name of a definition: the group's parts turned round. */
function nameOf({ definition }: Custom, version: string): string {
  const { group, names } = definition.spec;
  return `${group.split('.').reverse().join('.')}.${version}.${names.kind}`;
}

const added = ['metadata', 'apiVersion', 'kind'];

/** What is published under that name, without what servers add. */
async function published(c: Context, name: string): Promise<Schema | undefined> {
  const { definitions: all } = await c.must<{ definitions: Record<string, Schema> }>({ path: '/openapi/v2' });
  const found = all[name];
  if (!found) return undefined;
  const { 'x-kubernetes-group-version-kind': _kind, 'x-kubernetes-selectable-fields': _fields, ...rest } = found;
  const properties = Object.entries((rest.properties as Schema | undefined) ?? {}).filter(([property]) => !added.includes(property));
  if (properties.length > 0) return { ...rest, properties: Object.fromEntries(properties) };
  const { properties: _properties, ...bare } = rest;
  return bare;
}

async function isPublished(c: Context, custom: Custom, version: string, schema?: Schema): Promise<void> {
  const name = nameOf(custom, version);
  const found = await eventually(() => published(c, name), { deadlineMs: 30_000, message: `${name} is published` });
  if (schema) assert.deepEqual(found, schema);
}

const isGone = (c: Context, custom: Custom, version: string): Promise<boolean> =>
  eventually(async () => !(await published(c, nameOf(custom, version))), { deadlineMs: 30_000, message: `${version} is not published` });

/** Defines versions of one schema, the first stored, and sees them published. */
async function publish(c: Context, group: string, schema: Schema, versions: readonly string[], expected?: Schema) {
  const custom = await define(c, { group, versions: versions.map((version, index) => served(version, index === 0, schema)) });
  for (const version of versions) await isPublished(c, custom, version, expected);
  return custom;
}

async function unpublish(c: Context, custom: Custom, versions: readonly string[]): Promise<void> {
  await c.must({ method: 'DELETE', path: `${definitions}/${custom.definition.metadata.name}` });
  for (const version of versions) await isGone(c, custom, version);
}

/** Runs `kubectl create` or `apply` of an object of it. */
const send = (c: Context, custom: Custom, verb: 'create' | 'apply', name: string, rest: object): Promise<string> =>
  c.kubectl([`--namespace=${c.namespace}`, verb, '-f', '-'], JSON.stringify(custom.object(name, rest)));

async function bothWork(c: Context, custom: Custom, rest: object): Promise<void> {
  for (const verb of ['create', 'apply'] as const) {
    await send(c, custom, verb, 'test-cr', rest);
    await c.kubectl([`--namespace=${c.namespace}`, 'delete', custom.definition.spec.names.plural, 'test-cr']);
  }
}

const explain = (c: Context, custom: Custom, below = ''): Promise<string> =>
  c.kubectl(['explain', `${custom.definition.spec.names.plural}${below}`]);

const group = (c: Context, suffix: string): string => `${c.unique('crd-publish-openapi')}-test-${suffix}.example.com`;

export const crdOpenAPI: Specs = {
  async [`${area} works for CRD with validation schema`](c) {
    const custom = await publish(c, group(c, 'foo'), foo, ['v1'], foo);
    const { headers } = await c.ask({ path: '/openapi/v2' });
    const again = await c.ask({ path: '/openapi/v2', headers: { 'if-none-match': String(headers.etag) } });
    assert.equal(again.status, 304);
    await bothWork(c, custom, { spec: { bars: [{ name: 'test-bar' }] } });
    const wrong = { spec: { bars: [{ name: 'test-bar', feeling: 'NonExistentValue' }] } };
    await assert.rejects(send(c, custom, 'create', 'test-foo', wrong), /Unsupported value: "NonExistentValue"/);
    for (const verb of ['create', 'apply'] as const) {
      await assert.rejects(send(c, custom, verb, 'test-foo', { spec: { foo: true } }), /unknown field "(spec\.)?foo"/);
      const missing = /missing required field "name"|spec\.bars\[0\]\.name: Required value/;
      await assert.rejects(send(c, custom, verb, 'test-foo', { spec: { bars: [{ age: '10' }] } }), missing);
    }
    const shown: [string, RegExp][] = [
      ['', /DESCRIPTION:.*Foo CRD for Testing.*FIELDS:.*apiVersion.*<string>.*APIVersion defines.*spec.*<Object>.*Specification of Foo/s],
      ['.metadata', /DESCRIPTION:.*Standard object's metadata.*FIELDS:.*creationTimestamp.*<string>.*CreationTimestamp is a timestamp/s],
      ['.spec', /DESCRIPTION:.*Specification of Foo.*FIELDS:.*bars.*<\[\]Object>.*List of Bars and their specs/s],
      [
        '.spec.bars',
        /(FIELD|RESOURCE):.*bars.*<\[\]Object>.*DESCRIPTION:.*List of Bars and their specs.*FIELDS:.*bazs.*<\[\]string>.*List of Bazs.*name.*<string>.*Name of Bar/s,
      ],
    ];
    for (const [below, pattern] of shown) assert.match(await explain(c, custom, below), pattern);
    await assert.rejects(explain(c, custom, '.spec.bars2'), /field "bars2" does not exist/);
    await unpublish(c, custom, ['v1']);
  },

  async [`${area} works for CRD without validation schema`](c) {
    const custom = await publish(c, group(c, 'empty'), anything, ['v1'], { type: 'object' });
    await bothWork(c, custom, { a: { b: [{ c: 'd' }] } });
    assert.match(await explain(c, custom), /DESCRIPTION:.*<empty>/s);
    await unpublish(c, custom, ['v1']);
  },

  async [`${area} works for CRD preserving unknown fields at the schema root`](c) {
    const schema = waldoLike('preserve-unknown-properties at root for Testing', preserved);
    const custom = await publish(c, group(c, 'unknown-at-root'), schema, ['v1']);
    await bothWork(c, custom, { a: { b: [{ c: 'd' }] } });
    assert.ok((await explain(c, custom)).includes(custom.definition.spec.names.kind));
    await unpublish(c, custom, ['v1']);
  },

  async [`${area} works for CRD preserving unknown fields in an embedded object`](c) {
    const schema = waldoLike('preserve-unknown-properties in nested field for Testing', {}, preserved);
    const custom = await publish(c, group(c, 'unknown-in-nested'), schema, ['v1']);
    await bothWork(c, custom, { spec: { a: null, b: [{ c: 'd' }] } });
    assert.match(await explain(c, custom), /DESCRIPTION:.*preserve-unknown-properties in nested field for Testing/s);
    await unpublish(c, custom, ['v1']);
  },

  async [`${area} works for multiple CRDs of different groups`](c) {
    await together(c, [group(c, 'foo'), foo, 'v1'], [group(c, 'waldo'), waldo, 'v1beta1']);
  },

  async [`${area} works for multiple CRDs of same group but different versions`](c) {
    const several = await publish(c, group(c, 'multi-ver'), foo, ['v2', 'v3'], foo);
    await unpublish(c, several, ['v2', 'v3']);
    const shared = group(c, 'common-group');
    await together(c, [shared, foo, 'v4'], [shared, waldo, 'v5']);
  },

  async [`${area} works for multiple CRDs of same group and version but different kinds`](c) {
    const shared = group(c, 'common-group');
    await together(c, [shared, foo, 'v6'], [shared, waldo, 'v6']);
  },

  async [`${area} updates the published spec when one version gets renamed`](c) {
    const custom = await publish(c, group(c, 'multi-ver'), foo, ['v2', 'v3'], foo);
    const path = `${definitions}/${custom.definition.metadata.name}`;
    const at = '/spec/versions/1/name';
    const body = [
      { op: 'test', path: at, value: 'v3' },
      { op: 'replace', path: at, value: 'v4' },
    ];
    await c.must({ method: 'PATCH', path, headers: { 'content-type': 'application/json-patch+json' }, body });
    await isPublished(c, custom, 'v4', foo);
    await isGone(c, custom, 'v3');
    await isPublished(c, custom, 'v2', foo);
    await unpublish(c, custom, ['v2', 'v4']);
  },

  async [`${area} removes definition from spec when one version gets changed to not be served`](c) {
    const custom = await publish(c, group(c, 'multi-to-single-ver'), foo, ['v5', 'v6alpha1'], foo);
    const path = `${definitions}/${custom.definition.metadata.name}`;
    const present = await c.must<Custom['definition']>({ path });
    const versions = present.spec.versions.map((version) => ({ ...version, served: version.name === 'v5' }));
    await c.must({ method: 'PUT', path, body: { ...present, spec: { ...present.spec, versions } } });
    await isGone(c, custom, 'v6alpha1');
    await isPublished(c, custom, 'v5', foo);
    await unpublish(c, custom, ['v5']);
  },
};

type Published = readonly [group: string, schema: Schema, version: string];

/** Two definitions are published beside each other. */
async function together(c: Context, first: Published, second: Published): Promise<void> {
  const [one, other] = [
    await publish(c, first[0], first[1], [first[2]], first[1]),
    await publish(c, second[0], second[1], [second[2]], second[1]),
  ];
  await isPublished(c, other, second[2], second[1]);
  await isPublished(c, one, first[2], first[1]);
  await unpublish(c, one, [first[2]]);
  await unpublish(c, other, [second[2]]);
}
