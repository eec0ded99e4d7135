import { objectPath, readJson } from '@keelson/client';
import type { Cluster } from '../cluster.ts';
import type { AnyObject } from '../types.ts';
import type { Target } from './targets.ts';

const tables = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/** A subresource of one object: itself, or as a `Table`. @throws Error in kubectl's words for a collection, which has none. */
export async function getSubresource<T = AnyObject>(
  cluster: Cluster,
  { mapping, namespace, name }: Target,
  subresource: string,
  as: 'object' | 'table' = 'object',
): Promise<T> {
  if (name === undefined) throw new Error('subresource cannot be used when bulk resources are specified');
  const headers = as === 'table' ? { accept: tables } : {};
  const path = objectPath(mapping, { name, namespace }, subresource);
  return (await readJson(await cluster.api.raw({ method: 'GET', path, headers }))) as T;
}
