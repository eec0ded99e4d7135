import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KindStore } from '../registry/kind-store.ts';
import { customPaths } from './openapi-custom-paths.ts';

const kind = {
  group: '2nd-try.example.com',
  version: 'v1beta1',
  kind: 'Shirt',
  resource: 'shirts',
  typeName: '2nd-try.example.com/v1beta1.Shirt',
};

interface Item {
  readonly parameters: readonly { readonly name: string }[];
  readonly [method: string]: unknown;
}

function pathsOf(namespaced: boolean, parts: object): Record<string, Item> {
  const own = { ...kind, namespaced };
  const store = { kind: own, definition: { kind: own, ...parts } } as unknown as KindStore;
  return customPaths('/base', store, (type) => ({ $ref: type })) as Record<string, Item>;
}

function idsOf(paths: Record<string, Item>): object {
  const ids = (item: Item): unknown[] => Object.values(item).flatMap((one) => (one as { operationId?: string }).operationId ?? []);
  return Object.fromEntries(Object.entries(paths).map(([path, item]) => [path, ids(item)]));
}

test('operations have ids by group, version, scope and part', () => {
  const gv = 'NdTryExampleComV1beta1';
  assert.deepEqual(idsOf(pathsOf(true, { status: {} })), {
    '/base/shirts': [`list${gv}ShirtForAllNamespaces`],
    '/base/namespaces/{namespace}/shirts': [
      ...[`list${gv}NamespacedShirt`, `create${gv}NamespacedShirt`, `delete${gv}CollectionNamespacedShirt`],
    ],
    '/base/namespaces/{namespace}/shirts/{name}': ['read', 'replace', 'patch', 'delete'].map((verb) => `${verb}${gv}NamespacedShirt`),
    '/base/namespaces/{namespace}/shirts/{name}/status': ['read', 'replace', 'patch'].map((verb) => `${verb}${gv}NamespacedShirtStatus`),
  });
  assert.deepEqual(Object.keys(pathsOf(false, { scale: {} })), ['/base/shirts', '/base/shirts/{name}', '/base/shirts/{name}/scale']);
});

test('what can be asked and sent is told, and what comes back', () => {
  const paths = pathsOf(true, { scale: {} });
  const names = (one: unknown): string[] => (one as Item).parameters.map(({ name }) => name);
  assert.deepEqual(names(paths['/base/namespaces/{namespace}/shirts/{name}']), ['name', 'namespace', 'pretty']);
  const scale = paths['/base/namespaces/{namespace}/shirts/{name}/scale'] as Item;
  assert.deepEqual(names(scale.patch), ['dryRun', 'fieldManager', 'fieldValidation', 'force']);
  const { requestBody, responses, tags } = scale.put as { requestBody: object; responses: Record<number, object>; tags: string[] };
  const content = {
    'application/json': { schema: { $ref: 'autoscaling.v1.Scale' } },
    'application/yaml': { schema: { $ref: 'autoscaling.v1.Scale' } },
  };
  assert.deepEqual(requestBody, { content, required: true });
  assert.deepEqual(responses[201], { description: 'Created', content });
  assert.deepEqual(tags, ['NdTryExampleCom_v1beta1']);
});
