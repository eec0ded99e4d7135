type Type = 'boolean' | 'integer' | 'string';

/** Query parameters of the API: their type, and what they do. */
const parameters = {
  allowWatchBookmarks: ['boolean', 'Lets the server send BOOKMARK events, which tell how far a watch has come.'],
  continue: [
    'string',
    'Where a list goes on: the value that came with its last page. Ask with the same other parameters; a 410 answer says it is too old.',
  ],
  dryRun: ['string', 'All: everything is done but to keep the outcome. Nothing else is taken.'],
  fieldManager: ['string', 'Who makes the changes, as managed fields tell; printable, at most 128 characters. Apply patches need it.'],
  fieldSelector: ['string', 'A selector to restrict the list of returned objects by their fields. Everything unless told.'],
  fieldValidation: [
    'string',
    'What comes of fields that are unknown or there twice: Ignore drops them, Warn tells of them, Strict refuses the request.',
  ],
  force: ['boolean', 'Takes fields over that others apply. Of apply patches only.'],
  gracePeriodSeconds: ['integer', 'Seconds an object has before it is gone; 0 is at once, unset is what its kind provides for.'],
  ignoreStoreReadErrorWithClusterBreakingPotential: [
    'boolean',
    'Deletes even what cannot be read from the store. Nobody cleans up after it.',
  ],
  labelSelector: ['string', 'A selector to restrict the list of returned objects by their labels. Everything unless told.'],
  limit: ['integer', 'The most objects of one answer; where there are more, it carries a value for continue.'],
  orphanDependents: ['boolean', 'What propagationPolicy says, as it was said before.'],
  pretty: ['string', 'true: the answer is indented.'],
  propagationPolicy: ['string', 'What becomes of dependents: Orphan, Background or Foreground.'],
  resourceVersion: ['string', 'How fresh the answer must be, or from where on a watch tells of changes.'],
  resourceVersionMatch: ['string', 'How resourceVersion is meant in a list: Exact or NotOlderThan.'],
  sendInitialEvents: ['boolean', 'A watch begins with events for what is there, and a bookmark after them.'],
  shardSelector: ['string', 'Restricts a list or watch to a share of the objects, where the server divides them.'],
  timeoutSeconds: ['integer', 'How long a list or watch may take, whether something comes or not.'],
  watch: ['boolean', 'Watch for changes to the described resources: they come as a stream of events. Name a resourceVersion to begin at.'],
} as const satisfies Record<string, readonly [Type, string]>;

type Parameter = keyof typeof parameters;

const ofLists: readonly Parameter[] = [
  ...(['continue', 'fieldSelector', 'labelSelector', 'limit'] as const),
  ...(['resourceVersion', 'resourceVersionMatch', 'sendInitialEvents', 'timeoutSeconds'] as const),
];
const ofWrites: readonly Parameter[] = ['dryRun', 'fieldManager', 'fieldValidation'];
const ofDeletes: readonly Parameter[] = ['dryRun', 'gracePeriodSeconds', 'propagationPolicy'];

/** By `x-kubernetes-action`. */
const byAction: Readonly<Record<string, readonly Parameter[]>> = {
  get: [],
  list: ['allowWatchBookmarks', ...ofLists, 'watch'],
  post: ofWrites,
  put: ofWrites,
  patch: [...ofWrites, 'force'],
  delete: ofDeletes,
  deletecollection: [...ofDeletes, ...ofLists],
};

/** What custom resources can be asked with, as upstream tells of them. */
const ofCustom = {
  get: ['resourceVersion'],
  list: ['allowWatchBookmarks', ...ofLists.slice(0, -1), 'shardSelector', 'timeoutSeconds', 'watch'],
  post: ofWrites,
  put: ofWrites,
  patch: [...ofWrites, 'force'],
  delete: ['dryRun', 'gracePeriodSeconds', 'ignoreStoreReadErrorWithClusterBreakingPotential', 'orphanDependents', 'propagationPolicy'],
  deletecollection: ['allowWatchBookmarks', ...ofLists.slice(0, -1), 'shardSelector', 'timeoutSeconds', 'watch'],
} as const satisfies Record<string, readonly Parameter[]>;

/** What `x-kubernetes-action` may say of an operation on a custom resource. */
export type OfOperation = keyof typeof ofCustom;

/** OpenAPI 3's parameters of an operation on custom resources, or those named. */
export function queryParameters(of: OfOperation | readonly Parameter[]) {
  const names: readonly Parameter[] = typeof of === 'string' ? ofCustom[of] : of;
  return names.map((name) => {
    const [type, description] = parameters[name];
    return { name, in: 'query', description, schema: { type, uniqueItems: true } };
  });
}

/** Swagger 2.0's `parameters`, by name. */
export function swaggerParameters(): Record<string, object> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, [type, description]]) => [name, { name, in: 'query', description, type, uniqueItems: true }]),
  );
}

interface OpenApiOperation {
  readonly responses: { readonly 200: { readonly content: { readonly 'application/json': { readonly schema: object } } } };
  readonly 'x-kubernetes-action': string;
  readonly 'x-kubernetes-group-version-kind': object;
}

export type OpenApiPaths = Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;

/** The paths of a version's document as Swagger 2.0 has them. */
export function swaggerPaths(paths: OpenApiPaths): Record<string, object> {
  return Object.fromEntries(
    Object.entries(paths).map(([path, item]) => [
      path,
      {
        ...Object.fromEntries(Object.entries(item).map(([method, operation]) => [method, swaggerOperation(operation)])),
        parameters: [...inPath(path), reference('pretty')],
      },
    ]),
  );
}

function swaggerOperation({ responses, ...extensions }: OpenApiOperation): object {
  const action = extensions['x-kubernetes-action'];
  return {
    consumes: ['*/*'],
    produces: ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'],
    schemes: ['https'],
    parameters: [...(['post', 'put', 'patch'].includes(action) ? [body] : []), ...(byAction[action] ?? []).map(reference)],
    responses: {
      200: { description: 'OK', schema: responses[200].content['application/json'].schema },
      401: { description: 'Unauthorized' },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': extensions['x-kubernetes-group-version-kind'],
  };
}

const body = { name: 'body', in: 'body', required: true, schema: { type: 'object' } };

function reference(name: Parameter): { $ref: string } {
  return { $ref: `#/parameters/${name}` };
}

function inPath(path: string): object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, type: 'string', uniqueItems: true }));
}
