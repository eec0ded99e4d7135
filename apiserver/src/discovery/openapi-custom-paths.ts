import type { KindStore } from '../registry/kind-store.ts';
import { customListType } from './openapi-custom.ts';
import { type OfOperation, queryParameters } from './openapi-parameters.ts';

/** A reference to a type, as the document spells it. */
type Refer = (type: string) => { $ref: string };

/** What one method on a path is. */
interface Operation {
  readonly method: 'delete' | 'get' | 'patch' | 'post' | 'put';
  /** How its id begins. */
  readonly verb: string;
  readonly action: OfOperation;
  /** Says what it does, before the kind. */
  readonly text: string;
  /** Answers that carry a body. */
  readonly codes: readonly number[];
}

const list: Operation = { method: 'get', verb: 'list', action: 'list', text: 'list objects of kind', codes: [200] };
const onCollection: readonly Operation[] = [
  list,
  { method: 'post', verb: 'create', action: 'post', text: 'create a', codes: [200, 201, 202] },
  { method: 'delete', verb: 'delete', action: 'deletecollection', text: 'delete collection of', codes: [200] },
];
const onPart: readonly Operation[] = [
  { method: 'get', verb: 'read', action: 'get', text: 'read the specified', codes: [200] },
  { method: 'put', verb: 'replace', action: 'put', text: 'replace the specified', codes: [200, 201] },
  { method: 'patch', verb: 'patch', action: 'patch', text: 'partially update the specified', codes: [200] },
];
const onObject: readonly Operation[] = [
  ...onPart,
  { method: 'delete', verb: 'delete', action: 'delete', text: 'delete a', codes: [200, 202] },
];

/** What these paths name besides the kind itself: a type that is known, and one that says nothing. */
export const namedByCustomPaths = 'autoscaling.v1.Scale';
export const patchSchema = { description: 'A patch: what it may be, its media type says.', type: 'object' };

/** All paths of a custom resource in an OpenAPI v3 document, with what can be asked and sent, and what comes back. Ids are upstream's. */
export function customPaths(base: string, store: KindStore, refer: Refer): Record<string, object> {
  const { namespaced, resource, kind, typeName } = store.kind;
  const { scale, status } = store.definition;
  const all = `${base}/${resource}`;
  const collection = namespaced ? `${base}/namespaces/{namespace}/${resource}` : all;
  const own = `${namespaced ? 'Namespaced' : ''}${kind}`;
  const item = (path: string, operations: readonly Operation[], name: string, type = typeName): [string, object] => [
    path,
    {
      ...Object.fromEntries(operations.map((one) => [one.method, operation(store, one, name, type, refer)])),
      parameters: [...inPath(path), ...queryParameters(['pretty'])],
    },
  ];
  const everywhere = operation(store, list, `${kind}ForAllNamespaces`, typeName, refer);
  const { parameters, ...rest } = everywhere;
  const shared = [...parameters, ...queryParameters(['pretty'])].sort((a, b) => (a.name < b.name ? -1 : 1));
  return Object.fromEntries([
    ...(namespaced ? [[all, { get: rest, parameters: shared }] as const] : []),
    item(collection, onCollection, own),
    item(`${collection}/{name}`, onObject, own),
    ...(status ? [item(`${collection}/{name}/status`, onPart, `${own}Status`)] : []),
    ...(scale ? [item(`${collection}/{name}/scale`, onPart, `${own}Scale`, 'autoscaling.v1.Scale')] : []),
  ]);
}

function operation(
  { kind, definition }: KindStore,
  { method: _, verb, action, text, codes }: Operation,
  name: string,
  type: string,
  refer: Refer,
) {
  const { group, version, kind: own } = kind;
  const result = action === 'list' ? customListType(definition) : action.startsWith('delete') ? 'meta.v1.Status' : type;
  const answers = codes.map((code) => [
    code,
    { description: answer[code], content: content(['application/json', 'application/yaml'], refer(result)) },
  ]);
  return {
    tags: [`${camel(group, false)}_${version}`],
    description: `${text} ${own}`,
    operationId: `${verb}${camel(`${group}/${version}`, true)}${action === 'deletecollection' ? 'Collection' : ''}${name}`,
    parameters: queryParameters(action),
    ...body(action, refer, type),
    responses: { ...(Object.fromEntries(answers) as object), 401: { description: 'Unauthorized' } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind: own },
  };
}

const answer: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };
const patches = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json'];

/** What is sent. */
function body(action: OfOperation, refer: Refer, type: string): object {
  const plain = ['application/json', 'application/yaml'];
  if (action === 'post' || action === 'put') return { requestBody: { content: content(plain, refer(type)), required: true } };
  if (action === 'patch') return { requestBody: { content: content(patches, refer('meta.v1.Patch')), required: true } };
  return action === 'delete' ? { requestBody: { content: content(plain, refer('meta.v1.DeleteOptions')) } } : {};
}

function content(types: readonly string[], schema: object): object {
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

const texts: Readonly<Record<string, string>> = { name: 'Name of the object.', namespace: 'Where it is: the name of a namespace.' };

function inPath(path: string): object[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name).sort();
  return names.map((name) => ({
    name,
    in: 'path',
    description: texts[name],
    required: true,
    schema: { type: 'string', uniqueItems: true },
  }));
}

/** Letters and digits alone, in humps where something else stood. */
function camel(text: string, upper: boolean): string {
  const humps = text.replace(/^[^a-zA-Z_]+|[^a-zA-Z0-9_]+/g, ' ').replace(/ (.)/g, (_, first: string) => first.toUpperCase());
  return upper ? humps.replace(/^./, (first) => first.toUpperCase()) : humps;
}
