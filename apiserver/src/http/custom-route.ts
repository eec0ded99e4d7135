import { badRequest, methodNotSupported, notFound } from '@keelson/machinery';
import type { KindStore } from '../registry/kind-store.ts';
import type { RequestInfo } from './request-info.ts';
import type { ResourceRequest } from './resource-request.ts';

/** Whether there is no such path for custom resources: in a namespace, where they have none, or in none, where they are written or read by name. */
export function leadsNowhere({ isCustom, kind }: KindStore, { namespace, verb }: RequestInfo): boolean {
  if (!isCustom || kind.namespaced === (namespace !== '')) return false;
  return !kind.namespaced || (verb !== 'list' && verb !== 'watch');
}

const verbsOfParts: ReadonlySet<string> = new Set(['get', 'update', 'patch']);
const verbsWithName: ReadonlySet<string> = new Set(['get', 'update', 'patch', 'delete']);

/**
 * Upstream has no routes for custom resources: what the verb and the subresource make of a request is all that counts. Any method has a path,
 * HEAD is a GET, what follows a subresource is not looked at, and a name is not missed where something is created.
 * @throws StatusError NotFound for a subresource that is not enabled, MethodNotAllowed, or BadRequest where a name is missing.
 */
export function checkCustomRoute({ info: { verb, subresource, name }, store }: ResourceRequest): void {
  const { status, scale } = store.definition;
  const isEnabled = (subresource === 'status' && status) || (subresource === 'scale' && scale);
  if (subresource !== '' && !isEnabled) throw notFound(store.groupResource, name);
  const verbs: ReadonlySet<string> = subresource === '' ? store.verbs : verbsOfParts;
  if (!verbs.has(verb)) throw methodNotSupported(store.groupResource, verb);
  if (name === '' && verbsWithName.has(verb)) throw badRequest('name must be provided');
}
