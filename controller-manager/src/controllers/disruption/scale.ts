import type { Api } from '@keelson/client';
import { readJson } from '@keelson/client';
import { controllerOf } from '@keelson/machinery';
import type { Stores } from '@keelson/runtime';
import {
  type APIResourceList,
  Deployment,
  type Kind,
  type ObjectMeta,
  type OwnerReference,
  type Pod,
  ReplicaSet,
  ReplicationController,
  type Scale,
  StatefulSet,
} from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { refersTo } from '../../claims.ts';

export interface Sizes {
  /** How many pods the controllers want together. */
  readonly wanted: number;
  /** Names of pods that nobody controls. */
  readonly unmanaged: readonly string[];
}

/**
 * Adds up what the controllers of pods want, each counted once; of ReplicaSets that a Deployment owns, the Deployment.
 * @throws Error for a pod whose controller is gone or has no scale.
 */
export async function sizesOf(pods: readonly Pod[], stores: Stores, api: Api): Promise<Sizes> {
  const sizes = new Map<string, number>();
  const seen = new Set<string>();
  const unmanaged: string[] = [];
  for (const { metadata } of pods) {
    const owner = controllerOf(metadata);
    if (!owner) unmanaged.push(metadata.name ?? '');
    if (!owner || seen.has(owner.uid)) continue;
    const found = sizeInStore(owner, metadata.namespace, stores) ?? (await scaleOf(owner, metadata.namespace, api));
    if (!found) throw new Error(`found no controllers for pod ${JSON.stringify(metadata.name)}`);
    seen.add(owner.uid);
    sizes.set(found.uid, found.replicas);
  }
  return { wanted: [...sizes.values()].reduce((sum, size) => sum + size, 0), unmanaged };
}

interface Size {
  /** Of whoever says how many there are to be. */
  readonly uid: string;
  readonly replicas: number;
}

/** The kinds whose pods have a size of their own. */
const sized = [ReplicaSet, StatefulSet, ReplicationController] as const;

type Sized = { metadata: ObjectMeta; spec?: { replicas?: number | undefined } | undefined };

/** Undefined when the owner is of another kind, or is not there. */
function sizeInStore(owner: OwnerReference, namespace: string | undefined, { of }: Stores): Size | undefined {
  const find = (kind: Kind<Sized>, { name, uid }: OwnerReference): Sized | undefined => {
    const object = of(kind).get(`${namespace}/${name}`);
    return object?.metadata.uid === uid ? object : undefined;
  };
  const kind = sized.find((one) => refersTo(owner, one));
  const object = kind && find(kind as Kind<Sized>, owner);
  if (!object) return undefined;
  const above = controllerOf(object.metadata);
  const ruler = above && refersTo(above, Deployment) ? find(Deployment as Kind<Sized>, above) : object;
  return ruler && { uid: ruler.metadata.uid ?? '', replicas: ruler.spec?.replicas ?? 1 };
}

/**
 * Asks the server, whatever the owner is. Undefined when it is not there.
 * @throws Error when there is no such kind, or it has no scale.
 */
async function scaleOf(
  { apiVersion, kind, name, uid }: OwnerReference,
  namespace: string | undefined,
  api: Api,
): Promise<Size | undefined> {
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { resources = [] } = (await getJson<Partial<APIResourceList>>(api, base)) ?? {};
  const resource = resources.find((one) => one.kind === kind && !one.name.includes('/'))?.name;
  if (resource === undefined) throw new Error(`no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`);
  if (!resources.some((one) => one.name === `${resource}/scale`)) {
    const group = apiVersion.includes('/') ? `.${apiVersion.slice(0, apiVersion.indexOf('/'))}` : '';
    throw new Error(`${resource}${group} does not implement the scale subresource`);
  }
  const scale = await getJson<Scale>(api, `${base}/namespaces/${namespace}/${resource}/${name}/scale`);
  return scale?.metadata?.uid === uid ? { uid, replicas: scale.spec?.replicas ?? 0 } : undefined;
}

/** Undefined when there is nothing at the path. */
async function getJson<T>(api: Api, path: string): Promise<T | undefined> {
  try {
    return (await readJson(await api.raw({ method: 'GET', path, headers: { accept: 'application/json' } }))) as T;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
