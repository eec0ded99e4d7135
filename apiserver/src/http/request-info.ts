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
  const parts = path.split('/').filter((part) => part !== '');
  const legacy = parts[0] === 'api';
  const prefix = legacy ? 2 : 3;
  if ((!legacy && parts[0] !== 'apis') || parts.length <= prefix) return plain(method, path, query);
  const [group, version] = legacy ? ['', parts[1] as string] : [parts[1] as string, parts[2] as string];
  const watching = parts[prefix] === 'watch' && parts.length > prefix + 1;
  const rest = parts.slice(watching ? prefix + 1 : prefix).map(decode);
  const place = locate(rest);
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
  const selector = query.get('fieldSelector');
  if (!selector) return '';
  return /(?:^|,)metadata\.name==?([^,=\\]+)(?:,|$)/.exec(selector)?.[1] ?? '';
}

function plain(method: string, path: string, query: URLSearchParams): RequestInfo {
  const none = { group: '', version: '', namespace: '', resource: '', subresource: '', name: '', rest: '' };
  return { isResource: false, verb: method.toLowerCase(), path, query, ...none };
}

/** A bad escape stays as it is: no name contains a percent sign, so it is not found. */
function decode(part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Query booleans as Go's strconv.ParseBool reads them; a bare `?watch` counts as true. */
export function isTrue(value: string | null): boolean {
  return value !== null && ['', '1', 't', 'T', 'true', 'TRUE', 'True'].includes(value);
}
