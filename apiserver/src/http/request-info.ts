import { parseFieldSelector } from '@keelson/machinery';

/** What a URL and method ask for, in Kubernetes' terms. */
export interface RequestInfo {
  readonly isResource: boolean;
  /** `get`, `list`, `watch`, `create`, … for resources; the lower-case method for anything else. */
  readonly verb: string;
  /** Whether the verb stands in the path, as in `/api/v1/watch/pods`: selectors then say nothing of what is authorised. */
  readonly verbInPath: boolean;
  readonly path: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** What follows the subresource: the path of a proxy request. */
  readonly rest: string;
  readonly query: URLSearchParams;
}

const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** What may stand before the resource in a path, in old releases. */
const specialVerbs = new Set(['watch', 'proxy']);

/** Subresources of namespaces themselves; anything else below `namespaces/x/` is a resource in that namespace. */
const namespaceSubresources = new Set(['status', 'finalize']);

/**
 * Reads a method and URL as Kubernetes does: `/api/v1/…` and `/apis/<group>/<version>/…` name resources, all else is a plain path.
 * The deprecated `/watch/` and `/proxy/` before a resource are its verb, whatever the method.
 */
export function parseRequest(method: string, url: string): RequestInfo {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  const parts = decode(path)
    .replace(/^\/+|\/+$/g, '')
    .split('/');
  const legacy = parts[0] === 'api';
  const prefix = legacy ? 2 : 3;
  if ((!legacy && parts[0] !== 'apis') || parts.length <= prefix) return plain(method, path, query);
  const [group, version] = legacy ? ['', parts[1] as string] : [parts[1] as string, parts[2] as string];
  const special = specialVerbs.has(parts[prefix] as string) && parts.length > prefix + 1 ? parts[prefix] : undefined;
  const place = locate(parts.slice(special ? prefix + 1 : prefix), special === 'proxy');
  const verb = special ?? verbOf(method, place, query);
  return { isResource: true, path, query, group, version, ...place, verb, verbInPath: special !== undefined };
}

type Place = Pick<RequestInfo, 'namespace' | 'resource' | 'subresource' | 'name' | 'rest'>;

function locate(parts: readonly string[], isProxy: boolean): Place {
  const inNamespace = parts[0] === 'namespaces' && parts.length > 2 && !namespaceSubresources.has(parts[2] as string);
  const [resource = '', name = '', ...rest] = inNamespace ? parts.slice(2) : parts;
  const namespace = parts[0] === 'namespaces' ? (parts[1] ?? '') : '';
  const subresource = isProxy ? '' : (rest.shift() ?? '');
  return { namespace, resource, name, subresource, rest: rest.join('/') };
}

function verbOf(method: string, { name }: Place, query: URLSearchParams): string {
  const verb = verbs[method] ?? '';
  if (verb === 'get' && name === '') return isTrue(query.get('watch')) ? 'watch' : 'list';
  return verb === 'delete' && name === '' ? 'deletecollection' : verb;
}

/** The name a list or watch is narrowed to by `fieldSelector=metadata.name=…`: authorisation by name then applies to it. */
export function selectedName({ verb, verbInPath, isResource, query }: RequestInfo): string {
  if (!isResource || verbInPath || (verb !== 'list' && verb !== 'watch')) return '';
  const name = exactName(query.get('fieldSelector') ?? '') ?? '';
  return segmentProblem(name) === undefined ? name : '';
}

/** The only name a field selector takes; undefined when it takes several, or is none. */
export function exactName(fieldSelector: string): string | undefined {
  try {
    return parseFieldSelector(fieldSelector).exactly('metadata.name');
  } catch {
    return undefined;
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
  return { isResource: false, verb: method.toLowerCase(), path, query, verbInPath: false, ...none };
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

const longRunning = new Set(['watch', 'log', 'exec', 'attach', 'portforward', 'proxy']);

/** Whether a request goes on after it was answered. */
export function isLongRunning({ verb, subresource }: RequestInfo): boolean {
  return longRunning.has(verb) || longRunning.has(subresource);
}

/** Query booleans as upstream reads them: whatever is said, but "0" and "false", is true. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}
