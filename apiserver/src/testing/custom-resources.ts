import assert from 'node:assert/strict';
import { eventually } from '../storage/conformance/eventually.ts';
import type { Fixture } from './fixture.ts';

/** Where definitions are. */
export const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

const cronSchema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['cronSpec'],
      properties: {
        cronSpec: { type: 'string', pattern: '^(\\d+|\\*)$' },
        replicas: { type: 'integer', minimum: 1, maximum: 10, default: 1 },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
    status: { type: 'object', properties: { replicas: { type: 'integer' }, labelSelector: { type: 'string' } } },
  },
};

/** A definition in `stable.example.com` whose kind is its plural in the singular. @param over parts of the spec. @param version parts of its only version. */
export function definition(plural: string, over: object = {}, version: object = {}): { metadata: { name: string }; spec: object } {
  const kind = plural.slice(0, 1).toUpperCase() + plural.slice(1, -1);
  const v1 = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: cronSchema }, ...version };
  const spec = { group: 'stable.example.com', scope: 'Namespaced', names: { plural, kind }, versions: [v1], ...over };
  return { metadata: { name: `${plural}.stable.example.com` }, spec };
}

/** Makes such a definition and resolves, once it is served, to where its objects of the default namespace are. */
export async function establish(server: Fixture, plural: string, over: object = {}, version: object = {}): Promise<string> {
  const created = await server.send('POST', definitions, definition(plural, over, version));
  assert.equal(created.status, 201, created.text);
  const path = `/apis/stable.example.com/v1/namespaces/default/${plural}`;
  await eventually(`${plural} are served`, async () => (await server.send('GET', path)).status === 200);
  return path;
}

/** An object of a definition's own schema; of another kind than Cron the caller says so. */
export function cron(name: string, spec: object): object {
  return { apiVersion: 'stable.example.com/v1', kind: 'Cron', metadata: { name }, spec };
}

export const mergePatch = { 'content-type': 'application/merge-patch+json' };
