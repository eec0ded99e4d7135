import assert from 'node:assert/strict';
import type { KubeObject } from '@keelson/client';
import { eventually } from '@keelson/testing';
import type { CustomResourceDefinition } from '@keelson/types';
import type { Context } from './context.ts';

type Spec = CustomResourceDefinition['spec'];
type Version = NonNullable<Spec['versions']>[number];

/** Everything is allowed. */
export const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;

/** A served version of that schema. */
export const served = (name: string, storage: boolean, schema: object = anything): Version =>
  ({ name, served: true, storage, schema: { openAPIV3Schema: schema } }) as Version;

export const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** A custom resource that is served. */
export interface Custom {
  readonly definition: CustomResourceDefinition;
  /** `GROUP/VERSION`. */
  apiVersion(version?: string): string;
  /** Where the objects are, of the spec's namespace when they have any. */
  path(version?: string): string;
  /** An object of the first version. */
  object(name: string, rest?: object): KubeObject;
}

/** A definition that is in nobody's way; what `spec` says replaces what stands here. */
export function definitionOf(c: Context, spec: Partial<Spec> = {}): CustomResourceDefinition {
  const singular = c.unique('e2e-test');
  const group = spec.group ?? `${c.unique('group')}.example.com`;
  const kind = `E2e${singular.slice(3)}`;
  const names = { plural: `${singular}s`, singular, kind, listKind: `${kind}List` };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${names.plural}.${group}` },
    spec: { group, names, scope: 'Namespaced', versions: [served('v1', true)], ...spec } as Spec,
  } as CustomResourceDefinition;
}

/** Defines a resource and waits until all its versions can be discovered. It is gone when the spec ends. */
export async function define(c: Context, spec: Partial<Spec> = {}): Promise<Custom> {
  const asked = definitionOf(c, spec);
  const definition = await c.must<CustomResourceDefinition>({ method: 'POST', path: definitions, body: asked });
  c.after(() => c.ask({ method: 'DELETE', path: `${definitions}/${asked.metadata.name}` }));
  const { group, versions, names, scope } = definition.spec;
  for (const { name } of versions.filter((version) => version.served)) await eventually(() => discovered(c, definition, name));
  const first = versions[0]?.name ?? '';
  const within = scope === 'Namespaced' ? `namespaces/${c.namespace}/` : '';
  return {
    definition,
    apiVersion: (version = first) => `${group}/${version}`,
    path: (version = first) => `/apis/${group}/${version}/${within}${names.plural}`,
    object: (name, rest = {}) => ({ apiVersion: `${group}/${first}`, kind: names.kind, metadata: { name }, ...rest }),
  };
}

/** As `define`, and sees a first object come and go in all its versions: from the moment it can be discovered, everything works. */
export async function definePrimed(c: Context, spec: Partial<Spec> = {}): Promise<Custom> {
  const custom = await define(c, spec);
  const first = custom.definition.spec.versions.find((version) => version.served)?.name;
  const body = { ...custom.object('setup-instance', { alpha: 'foo_123', beta: 10, spec: {} }), apiVersion: custom.apiVersion(first) };
  const { metadata } = await c.must({ method: 'POST', path: custom.path(first), body });
  await c.must({ method: 'DELETE', path: `${custom.path(first)}/setup-instance` });
  for (const { name } of custom.definition.spec.versions.filter((version) => version.served)) {
    const [event] = await c.watch(`${custom.path(name)}?resourceVersion=${metadata.resourceVersion}`, (events) => events.length > 0);
    assert.deepEqual([event?.type, event?.object.apiVersion], ['DELETED', custom.apiVersion(name)]);
  }
  return custom;
}

async function discovered(c: Context, { spec }: CustomResourceDefinition, version: string): Promise<boolean> {
  const reply = await c.ask({ path: `/apis/${spec.group}/${version}` });
  if (reply.status !== 200) return false;
  return reply.json<{ resources: { name: string }[] }>().resources.some(({ name }) => name === spec.names.plural);
}

/** The message of a reply that must be a refusal. */
export function refusal({ status, text }: { status: number; text: string }): string {
  assert.ok(status >= 400, `expected a refusal, got ${status} ${text}`);
  return (JSON.parse(text) as { message: string }).message;
}
