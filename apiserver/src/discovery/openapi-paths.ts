import type { KindStore } from '../registry/kind-store.ts';
import type { ServedVersion } from './documents.ts';

type NameOf = (type: string) => string;

/** What clients read of the paths: which exist, the kind and action of each operation, and that writes take `fieldValidation`. */
export function openapiPaths(base: string, { stores }: ServedVersion, nameOf: NameOf): Record<string, unknown> {
  const paths: Record<string, unknown> = {};
  for (const store of stores) {
    const { resource, namespaced } = store.kind;
    const collection = namespaced ? `${base}/namespaces/{namespace}/${resource}` : `${base}/${resource}`;
    if (namespaced && store.isStored) paths[`${base}/${resource}`] = pathItem(store, nameOf, [['get', 'list']]);
    paths[collection] = pathItem(store, nameOf, [
      ['get', 'list'],
      ['post', 'create'],
      ['delete', 'deletecollection'],
    ]);
    if (store.isStored)
      paths[`${collection}/{name}`] = pathItem(store, nameOf, [
        ['get', 'get'],
        ['put', 'update'],
        ['patch', 'patch'],
        ['delete', 'delete'],
      ]);
  }
  return paths;
}

const actions: Readonly<Record<string, string>> = { create: 'post', update: 'put' };
const writes = ['fieldManager', 'fieldValidation', 'dryRun'];

function pathItem(store: KindStore, nameOf: NameOf, methods: ReadonlyArray<readonly [string, string]>): object {
  const served = methods.filter(([, verb]) => (store.verbs as ReadonlySet<string>).has(verb));
  return Object.fromEntries(served.map(([method, verb]) => [method, operation(store, nameOf, verb)]));
}

function operation({ kind }: KindStore, nameOf: NameOf, verb: string): object {
  const { group, version, kind: name, typeName } = kind;
  const parameters = ['create', 'update', 'patch'].includes(verb)
    ? writes.map((parameter) => ({ name: parameter, in: 'query', schema: { type: 'string', uniqueItems: true } }))
    : [];
  const schema = { $ref: `#/components/schemas/${nameOf(typeName)}` };
  return {
    operationId: `${verb}${name}`,
    parameters,
    responses: { 200: { description: 'OK', content: { 'application/json': { schema } } } },
    'x-kubernetes-action': actions[verb] ?? verb,
    'x-kubernetes-group-version-kind': { group, version, kind: name },
  };
}
