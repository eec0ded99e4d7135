import { createHash } from 'node:crypto';
import { loadDescriptions, loadSchemas, type Schema } from '@keelson/types/schemas';
import { json, type PlainAnswer, type PlainRoute } from '../http/plain-route.ts';
import type { KindStore } from '../registry/kind-store.ts';
import type { Registry } from '../registry/registry.ts';
import { type ServedVersion, servedGroups } from './documents.ts';
import { customDefinition, customList, customListType, customName, texts as everywhere } from './openapi-custom.ts';
import { customPaths, namedByCustomPaths, patchSchema } from './openapi-custom-paths.ts';
import { swaggerParameters, swaggerPaths } from './openapi-parameters.ts';
import { openapiPaths } from './openapi-paths.ts';
import { scalarForm } from './openapi-scalars.ts';
import { encodeSwagger, type SwaggerDocument, type SwaggerSchema } from './openapi-v2-protobuf.ts';
import type { RemoteGroups } from './remote.ts';

type Schemas = Awaited<ReturnType<typeof loadSchemas>>;
type Descriptions = Awaited<ReturnType<typeof loadDescriptions>>;

interface Source {
  readonly schemas: Schemas;
  readonly descriptions: Descriptions;
}

/** `/openapi/v3`, its per-version documents with hashes, and `/openapi/v2`, made when first asked for. */
export function openapiRoute(registry: Registry, remote: Pick<RemoteGroups, 'openapiPaths' | 'definitions'>): PlainRoute {
  const source = Promise.all([loadSchemas(), loadDescriptions()]).then(([schemas, descriptions]): Source => ({ schemas, descriptions }));
  const documents = new Map<string, Promise<string>>();
  let generation = registry.generation;
  const document = (path: string): Promise<string> | undefined => {
    if (generation !== registry.generation) documents.clear();
    generation = registry.generation;
    const found = versionAt(registry, path);
    if (!found) return undefined;
    const made = documents.get(path) ?? source.then((from) => JSON.stringify(versionDocument(found.group, found.served, from)));
    documents.set(path, made);
    return made;
  };
  const v2 = swaggerDocuments(registry, source, remote);
  return async ({ path, query, header }) => {
    if (path === '/openapi/v2') return unlessKnown(await v2(header('accept')), header('if-none-match'));
    if (path === '/openapi/v3' || path === '/openapi/v3/')
      return json({ paths: { ...(await index(registry, document)), ...remote.openapiPaths() } });
    const body = await document(path.slice('/openapi/v3/'.length));
    if (body === undefined || !path.startsWith('/openapi/v3/')) return undefined;
    const forever = { 'cache-control': 'public, immutable', expires: new Date(endOfTime).toUTCString() };
    const answer = { type: 'application/json', body, headers: { etag: `"${hash(body)}"`, ...(query.has('hash') ? forever : {}) } };
    return unlessKnown(answer, header('if-none-match'));
  };
}

type Tagged = PlainAnswer & { readonly headers: Readonly<Record<string, string>> };

/** A client that names the ETag it has is not sent the same again. */
function unlessKnown(answer: Tagged, known: string): PlainAnswer {
  return known !== '' && known === answer.headers.etag ? { ...answer, status: 304, body: '' } : answer;
}

/** `/openapi/v2` by what a client accepts. It is large: what is made is kept until it would be another. */
function swaggerDocuments(
  registry: Registry,
  source: Promise<Source>,
  remote: Pick<RemoteGroups, 'definitions'>,
): (accept: string) => Promise<Tagged> {
  let state = '';
  const made = new Map<string, Tagged>();
  return async (accept) => {
    const others = await remote.definitions();
    const now = `${registry.generation} ${JSON.stringify(others)}`;
    if (now !== state) made.clear();
    state = now;
    const type = accept.includes('proto-openapi.spec.v2') ? gnostic : 'application/json';
    const known = made.get(type);
    if (known) return known;
    const document = withDefinitions(v2Document(registry, await source), others);
    const body = type === gnostic ? encodeSwagger(document) : JSON.stringify(document);
    const answer = { type, body, headers: { etag: `"${hash(body)}"` } };
    if (now === state) made.set(type, answer);
    return answer;
  };
}

/** What this server says of a type stands. */
function withDefinitions(document: SwaggerDocument, others: Readonly<Record<string, object>>): SwaggerDocument {
  return { ...document, definitions: { ...(others as SwaggerDocument['definitions']), ...document.definitions } };
}

/** The latest date there is, in milliseconds. */
const endOfTime = 8.64e15;

async function index(registry: Registry, document: (path: string) => Promise<string> | undefined): Promise<object> {
  const entries = await Promise.all(
    servedPaths(registry).map(async (path) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash(await document(path))}` }]),
  );
  return Object.fromEntries(entries) as object;
}

function hash(text: string | Buffer | undefined): string {
  return createHash('sha512')
    .update(text ?? '')
    .digest('hex')
    .toUpperCase();
}

function servedPaths(registry: Registry): string[] {
  return servedGroups(registry.stores).flatMap(({ name, versions }) => versions.map(({ version }) => pathOf(name, version)));
}

function pathOf(group: string, version: string): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

function versionAt(registry: Registry, path: string): { group: string; served: ServedVersion } | undefined {
  for (const { name, versions } of servedGroups(registry.stores)) {
    const served = versions.find(({ version }) => pathOf(name, version) === path);
    if (served) return { group: name, served };
  }
  return undefined;
}

const customInfo = { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' };
const info = { title: 'Kubernetes', version: 'v1.36.0' };

function versionDocument(group: string, served: ServedVersion, source: Source): object {
  const roots = ['meta.v1.Status', 'meta.v1.DeleteOptions', 'meta.v1.ObjectMeta', 'meta.v1.ListMeta', ...typesOf(served.stores)];
  const custom = served.stores.filter(({ isCustom }) => isCustom);
  if (custom.length > 0) roots.push(namedByCustomPaths);
  const refs = '#/components/schemas/';
  const base = `/${pathOf(group, served.version)}`;
  const schemas = {
    ...Object.fromEntries(reachable(source.schemas, roots).map((type) => [publishedName(type), published(type, source, refs)])),
    ...customDefinitions(served.stores, refs),
    ...(custom.length > 0 ? { [publishedName('meta.v1.Patch')]: patchSchema } : {}),
  };
  return {
    openapi: '3.0.0',
    info: custom.length === served.stores.length ? customInfo : info,
    paths: Object.assign(
      openapiPaths(base, served, referTo(refs)),
      ...custom.map((store) => customPaths(base, store, referTo(refs))),
    ) as object,
    components: { schemas },
  };
}

/** Gnostic's protobuf, for clients that name it. They also ask with an `@` before the version, which is no valid media type to answer with. */
const gnostic = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

function v2Document(registry: Registry, source: Source): SwaggerDocument {
  const roots = ['meta.v1.Status', 'meta.v1.DeleteOptions', ...typesOf(registry.stores)];
  const definitions = Object.fromEntries(
    reachable(source.schemas, roots).map((type) => [publishedName(type), published(type, source, '#/definitions/') as SwaggerSchema]),
  ) as Record<string, SwaggerSchema>;
  const versions = servedGroups(registry.stores).flatMap(({ name, versions }) => versions.map((served) => ({ name, served })));
  const paths = versions.map(({ name, served }) =>
    swaggerPaths(openapiPaths(`/${pathOf(name, served.version)}`, served, referTo('#/definitions/'))),
  );
  return {
    swagger: '2.0',
    info,
    paths: Object.assign({}, ...paths) as Record<string, object>,
    parameters: swaggerParameters(),
    definitions: { ...definitions, ...customDefinitions(registry.stores, '#/definitions/') },
  };
}

function referTo(prefix: string): (type: string) => { $ref: string } {
  return (type) => ({ $ref: prefix + publishedName(type) });
}

/** Each kind and its list. */
function typesOf(stores: Iterable<KindStore>): string[] {
  return [...stores].flatMap(({ kind: { typeName } }) => [typeName, `${typeName}List`]);
}

/** Of kinds that are not built in. */
function customDefinitions(stores: Iterable<KindStore>, refs: string): Record<string, SwaggerSchema> {
  const custom = [...stores].filter(({ definition }) => definition.schema !== undefined);
  return Object.fromEntries(
    custom.flatMap(({ kind, definition }) => [
      [publishedName(kind.typeName), customDefinition(definition, refs) as SwaggerSchema],
      [publishedName(customListType(definition)), customList(definition, refs) as SwaggerSchema],
    ]),
  );
}

function reachable(schemas: Schemas, roots: readonly string[]): string[] {
  const found = new Set<string>();
  const visit = (schema: Schema): void => {
    if (schema.$ref) add(schema.$ref);
    for (const child of [schema.items, ...Object.values(schema.properties ?? {}), schema.additionalProperties])
      if (typeof child === 'object') visit(child);
  };
  const add = (type: string): void => {
    const schema = schemas[type];
    if (!schema || found.has(type)) return;
    found.add(type);
    visit(schema);
  };
  for (const root of roots) add(root);
  return [...found].sort();
}

function published(type: string, { schemas, descriptions }: Source, prefix: string): object {
  const texts = descriptions[type] ?? {};
  const scalar = scalarForm(type, prefix === '#/definitions/' ? 'v2' : 'v3');
  if (scalar) return { ...(texts[''] ? { description: texts[''] } : {}), ...scalar };
  const convert = (schema: Schema, description: string | undefined): Record<string, unknown> => {
    const { $ref, items, properties, additionalProperties, ...rest } = schema;
    // OpenAPI 3.0 allows nothing beside a reference, Swagger 2.0 clients read nothing else.
    const reference = $ref && { $ref: prefix + publishedName($ref) };
    if (reference && !description && Object.keys(rest).length === 0) return reference;
    if (reference)
      return { ...(description ? { description } : {}), ...(prefix === '#/definitions/' ? reference : { allOf: [reference] }), ...rest };
    const own = Object.entries(properties ?? {}).map(([name, property]) => [name, convert(property, texts[name] ?? everywhere[name])]);
    return {
      ...(description ? { description } : {}),
      ...rest,
      ...(items ? { items: convert(items, undefined) } : {}),
      ...(properties ? { properties: Object.fromEntries(own) } : {}),
      ...(additionalProperties === undefined
        ? {}
        : {
            additionalProperties:
              typeof additionalProperties === 'object' ? convert(additionalProperties, undefined) : additionalProperties,
          }),
    };
  };
  return convert(schemas[type] as Schema, texts['']);
}

/** `apps.v1.Deployment` → `io.k8s.api.apps.v1.Deployment`: the names clients know from published documents. */
export function publishedName(type: string): string {
  if (type.includes('/')) return customName(type);
  if (type.startsWith('meta.')) return `io.k8s.apimachinery.pkg.apis.${type}`;
  if (/^(api|util|runtime|version)\./.test(type)) return `io.k8s.apimachinery.pkg.${type}`;
  if (type.startsWith('apiextensions.')) return `io.k8s.apiextensions-apiserver.pkg.apis.${type}`;
  if (type.startsWith('apiregistration.')) return `io.k8s.kube-aggregator.pkg.apis.${type}`;
  return `io.k8s.api.${type}`;
}
