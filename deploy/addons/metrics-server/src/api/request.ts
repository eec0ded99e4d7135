import { badRequest, notAcceptable } from '@keelson/machinery';
import { apiVersion, group, version } from './objects.ts';

/** A request for metrics, in Kubernetes' terms. `name` and `namespace` are empty where there is none. */
export interface MetricsRequest {
  readonly verb: string;
  readonly resource: 'nodes' | 'pods';
  readonly namespace: string;
  readonly name: string;
  readonly query: URLSearchParams;
}

const verbs: Readonly<Record<string, string>> = { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
const path = new RegExp(`^/apis/${apiVersion}/(?:namespaces/([^/]+)/)?(nodes|pods)(?:/([^/]+))?/?$`);

/** Reads a method and URL; undefined when it is not about metrics. @throws StatusError BadRequest for an escape that is none. */
export function parseRequest(method: string, url: URL): MetricsRequest | undefined {
  const [whole, namespace = '', resource, name = ''] = path.exec(url.pathname) ?? [];
  if (whole === undefined || (resource !== 'nodes' && resource !== 'pods')) return undefined;
  if ((resource === 'nodes') !== (namespace === '') && resource === 'nodes') return undefined;
  if (resource === 'pods' && namespace === '' && name !== '') return undefined;
  const { searchParams: query } = url;
  const verb = verbs[method] ?? '';
  const collection = query.get('watch') === 'true' || query.get('watch') === '1' ? 'watch' : 'list';
  try {
    return {
      verb: verb === 'get' && name === '' ? collection : verb,
      resource,
      namespace: decodeURIComponent(namespace),
      name: decodeURIComponent(name),
      query,
    };
  } catch {
    throw badRequest('the path is badly escaped');
  }
}

/** What must be allowed to whoever asks. */
export function attributesOf({ verb, resource, namespace, name }: MetricsRequest): Readonly<Record<string, string>> {
  return { verb, group, version, resource, ...(namespace ? { namespace } : {}), ...(name ? { name } : {}) };
}

/** The first form a client names that there is; a table's version with it. @throws StatusError NotAcceptable. */
export function negotiate(accept: string): { readonly table: string | undefined } {
  if (accept === '') return { table: undefined };
  for (const clause of accept.split(',')) {
    const [type = '', ...rest] = clause.split(';').map((part) => part.trim());
    if (!['application/json', 'application/*', '*/*'].includes(type.toLowerCase())) continue;
    const parameters = new Map(rest.map((part) => part.split('=') as [string, string]));
    const as = parameters.get('as');
    if (as === undefined) return { table: undefined };
    if (as === 'Table' && parameters.get('g') === 'meta.k8s.io') return { table: `meta.k8s.io/${parameters.get('v') ?? 'v1'}` };
  }
  throw notAcceptable(['application/json']);
}
