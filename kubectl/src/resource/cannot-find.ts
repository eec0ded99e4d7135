import { ApiError } from '@keelson/client';
import { Namespace } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import type { ApiResource } from './discovery.ts';

/** What a list was to be narrowed by. */
interface Selectors {
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** Answers what `list` does; a refusal or an absence says, as upstream's kubectl has it, what was looked for. */
export async function orCannotFind<T>(mapping: ApiResource, selectors: Selectors, list: () => Promise<T>): Promise<T> {
  try {
    return await list();
  } catch (error) {
    if (!(error instanceof ApiError) || (error.reason !== 'BadRequest' && error.reason !== 'NotFound')) throw error;
    throw new ApiError({ ...error.status, message: `${subject(mapping, selectors)}: ${error.message}` }, error.code);
  }
}

/** Answers what `get` does; of an object that is not there because its namespace is not, it is the namespace that is missing. */
export async function orNoNamespace<T>(cluster: Cluster, namespace: string | undefined, get: () => Promise<T>): Promise<T> {
  try {
    return await get();
  } catch (error) {
    if (!isNotFound(error) || !namespace || namespace === 'default') throw error;
    await cluster.api.get(Namespace, { name: namespace }).catch((missing: unknown) => {
      if (isNotFound(missing)) throw missing;
    });
    throw error;
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.reason === 'NotFound';
}

function subject({ group, version, resource }: ApiResource, { labelSelector = '', fieldSelector = '' }: Selectors): string {
  const place = JSON.stringify(`${group}/${version}, Resource=${resource}`);
  if (labelSelector === '' && fieldSelector === '') return `Unable to list ${place}`;
  return `Unable to find ${place} that match label selector ${JSON.stringify(labelSelector)}, field selector ${JSON.stringify(fieldSelector)}`;
}
