import { parseFieldSelector } from '@keelson/machinery';
import type { RequestInfo } from './types.ts';

const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Subresources of namespaces themselves; anything else below `namespaces/x/` is a resource in that namespace. */
const namespaceSubresources = new Set(['status', 'finalize']);

/**
 * Reads a method and URL as Kubernetes does: `/api/v1/…` and `/apis/<group>/<version>/…` name resources, all else is a plain path.
 * The deprecated `/watch/` prefix is understood.
 */
export function parseRequest(method: string, url: string): RequestInfo {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  const parts = decode(path)
    .split('/')
    .filter((part) => part !== '');
  const legacy = parts[0] === 'api';
  const prefix = legacy ? 2 : 3;
  if ((!legacy && parts[0] !== 'apis') || parts.length <= prefix) return plain(method, path, query);
  const [group, version] = legacy ? ['', parts[1] as string] : [parts[1] as string, parts[2] as string];
  const watching = parts[prefix] === 'watch' && parts.length > prefix + 1;
  const place = locate(parts.slice(watching ? prefix + 1 : prefix));
  return { isResource: true, path, query, group, version, ...place, verb: verbOf(method, place, query, watching) };
}

type Place = Pick<RequestInfo, 'namespace' | 'resource' | 'subresource' | 'name' | 'rest'>;

function locate(parts: readonly string[]): Place {
  const inNamespace =
    parts[0] === 'namespaces' && parts.length > 2 && !(namespaceSubresources.has(parts[2] as string) && parts.length === 3);
  const [resource = '', name = '', subresource = '', ...rest] = inNamespace ? parts.slice(2) : parts;
  const namespace = inNamespace || resource === 'namespaces' ? (parts[1] ?? '') : '';
  return { namespace, resource, name, subresource, rest: rest.join('/') };
}

function verbOf(method: string, { name, subresource }: Place, query: URLSearchParams, watching: boolean): string {
  const verb = verbs[method] ?? '';
  if (verb === 'get' && watching) return 'watch';
  if (verb === 'get' && name === '') return isTrue(query.get('watch')) ? 'watch' : 'list';
  if (verb === 'get' && subresource === '' && isTrue(query.get('watch'))) return 'watch';
  return verb === 'delete' && name === '' ? 'deletecollection' : verb;
}

/** The name a collection request is narrowed to by `fieldSelector=metadata.name=…`: authorisation by name then applies to it. */
export function selectedName({ verb, isResource, query }: RequestInfo): string {
  if (!isResource || !['list', 'watch', 'deletecollection'].includes(verb)) return '';
  try {
    const name = parseFieldSelector(query.get('fieldSelector') ?? '').exactly('metadata.name') ?? '';
    return segmentProblem(name) === undefined ? name : '';
  } catch {
    return '';
  }
}

/** Why a text can be no name in a path; undefined when it can. In upstream's words. */
export function segmentProblem(name: string): string | undefined {
  if (name === '.' || name === '..') return `may not be '${name}'`;
  const found = ['/', '%', '\0'].find((character) => name.includes(character));
  return found === undefined ? undefined : `may not contain '${found === '\0' ? '\\x00' : found}'`;
}

function plain(method: string, path: string, query: URLSearchParams): RequestInfo {
  const none = { group: '', version: '', namespace: '', resource: '', subresource: '', name: '', rest: '' };
  return { isResource: false, verb: method.toLowerCase(), path, query, ...none };
}

/** All of it before it is taken apart, as Go does: what another server behind this one finds in a path, was authorised. */
function decode(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    // A bad escape stays as it is: no name contains a percent sign.
    return path;
  }
}

/** Query booleans as Go's strconv.ParseBool reads them; a bare `?watch` counts as true. */
export function isTrue(value: string | null): boolean {
  return value !== null && ['', '1', 't', 'T', 'true', 'TRUE', 'True'].includes(value);
}
