import type { KindStore } from '../registry/kind-store.ts';
import type { ServedVersion } from './documents.ts';
import { customListType } from './openapi-custom.ts';
import type { OpenApiPaths } from './openapi-parameters.ts';

/** A reference to a type, as the document spells it. */
type Refer = (type: string) => { $ref: string };

/** What clients read of the paths: which exist, the kind and action of each operation, and that writes take `fieldValidation`. */
export function openapiPaths(base: string, { stores }: ServedVersion, refer: Refer): OpenApiPaths {
  const paths: Record<string, OpenApiPaths[string]> = {};
  for (const store of stores) {
    const { resource, namespaced } = store.kind;
    const collection = namespaced ? `${base}/namespaces/{namespace}/${resource}` : `${base}/${resource}`;
    if (namespaced && store.isStored) paths[`${base}/${resource}`] = pathItem(store, refer, [['get', 'list']]);
    paths[collection] = pathItem(store, refer, [
      ['get', 'list'],
      ['post', 'create'],
      ['delete', 'deletecollection'],
    ]);
    if (store.isStored)
      paths[`${collection}/{name}`] = pathItem(store, refer, [
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

function pathItem(store: KindStore, refer: Refer, methods: ReadonlyArray<readonly [string, string]>): OpenApiPaths[string] {
  const served = methods.filter(([, verb]) => (store.verbs as ReadonlySet<string>).has(verb));
  return Object.fromEntries(served.map(([method, verb]) => [method, operation(store, refer, verb)]));
}

function operation({ kind, definition }: KindStore, refer: Refer, verb: string) {
  const { group, version, kind: name, typeName } = kind;
  const parameters = ['create', 'update', 'patch'].includes(verb)
    ? writes.map((parameter) => ({ name: parameter, in: 'query', schema: { type: 'string', uniqueItems: true } }))
    : [];
  const listType = definition.schema === undefined ? `${typeName}List` : customListType(definition);
  const schema = refer(verb === 'list' ? listType : typeName);
  return {
    operationId: `${verb}${name}`,
    // Go's clients would read an empty list, and write none.
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: { 200: { description: 'OK', content: { 'application/json': { schema } } } },
    'x-kubernetes-action': actions[verb] ?? verb,
    'x-kubernetes-group-version-kind': { group, version, kind: name },
  };
}
