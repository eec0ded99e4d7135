import type { Clock } from '@keelson/base';
import { type Api, ApiError, collectionPath, readJson, withQuery } from '@keelson/client';
import { attributesClasses, type Counted, countName, equal, quotaApplies, type Resources, totalUsage, usageOf } from '@keelson/machinery';
import {
  type Change,
  type ControllerDefinition,
  defineController,
  type Key,
  keyOf,
  mapped,
  type ReconcileContext,
  type Stores,
  self,
} from '@keelson/runtime';
import { Event, type Kind, type ListMeta, PersistentVolumeClaim, Pod, ResourceClaim, ResourceQuota, Service } from '@keelson/types';
import { discover } from '../../discovery.ts';

/** Kinds whose objects use more than the room they take: they are watched. Others are counted when it is time. */
const watched = [Pod, Service, PersistentVolumeClaim, ResourceClaim] as const;

/** Things that are only counted are counted again this often, in milliseconds. */
const recount = 5_000;

/**
 * Says in every quota's status how much of what it limits is in use. What is made is charged by the API server at once. Everything is
 * counted again every `resync` milliseconds.
 */
export function resourceQuotaController(workers: number, resync: number, clock: Clock): ControllerDefinition {
  return defineController({
    name: 'resourcequota',
    reads: [ResourceQuota, ...watched],
    writes: ['resourcequotas/status', Event],
    triggers: [
      { ...self(ResourceQuota), when: isWanting },
      ...watched.map((kind) =>
        mapped(kind as Kind<Pod>, quotasBeside, {
          // What stands beside no quota, as most does, need not be counted to know that.
          when: (change, stores) => quotasBeside(change.object, stores).length > 0 && usesOther(kind, change, clock.now()),
        }),
      ),
    ],
    workers,
    resyncEvery: resync,
    async reconcile(key, context) {
      const quota = context.of(ResourceQuota).get(key);
      if (!quota) return undefined;
      const { hard = {} } = quota.spec ?? {};
      const counts = await countOthers(quota, hard as Record<string, string>, context);
      const used = totalUsage(hard, [...watchedUsage(quota, context), ...counts]);
      const status = { hard, used };
      if (!equal(quota.status, status)) await context.api.update(ResourceQuota, { ...quota, status }, { subresource: 'status' });
      return counts.length > 0 ? { again: recount } : undefined;
    },
  });
}

/** A change of what is used alone is a charge: the object that was charged for may not be there to be counted yet. */
function isWanting(change: Change<ResourceQuota>): boolean {
  if (change.type !== 'updated') return true;
  const { spec, status } = change.object;
  return !equal(spec, change.old.spec) || status?.used === undefined || !equal(status.hard, spec?.hard);
}

/**
 * Whether an object of a watched kind now uses something else than what was charged for, or is another quota's. Counting at any other time is dangerous: what
 * was charged a moment ago may not be there to be counted, and what is then forgotten lets one more in than the limit allows.
 */
export function usesOther(kind: Counted, change: Change<unknown>, now: number): boolean {
  if (change.type !== 'updated') return change.type === 'deleted';
  return (
    !equal(usageOf(kind, change.object, now), usageOf(kind, change.old, now)) ||
    !equal(classesOf(kind, change.object), classesOf(kind, change.old))
  );
}

/** Quotas may be about claims of some classes. */
function classesOf({ resource }: Counted, object: unknown): readonly string[] {
  return resource === PersistentVolumeClaim.resource ? attributesClasses(object as PersistentVolumeClaim) : [];
}

function quotasBeside({ metadata }: { metadata: { namespace?: string | undefined } }, stores: Stores): readonly Key[] {
  return stores.of(ResourceQuota).list(metadata.namespace).map(keyOf);
}

function watchedUsage(quota: ResourceQuota, { of, clock }: ReconcileContext): Resources[] {
  const now = clock.now();
  return watched.flatMap((kind) =>
    of(kind as Kind<Pod>)
      .list(quota.metadata.namespace)
      .filter((object) => quotaApplies(quota, kind, object))
      .map((object) => usageOf(kind, object, now)),
  );
}

const legacy = ['configmaps', 'replicationcontrollers', 'resourcequotas', 'secrets'];

/** Usage of things that are limited by number only. */
async function countOthers(quota: ResourceQuota, hard: Readonly<Record<string, string>>, { api }: ReconcileContext): Promise<Resources[]> {
  const names = Object.keys(hard).filter((name) => legacy.includes(name) || (name.startsWith('count/') && !isWatched(name)));
  if (names.length === 0) return [];
  const { resources } = await discover(api);
  const namespace = quota.metadata.namespace ?? '';
  const usages: Resources[] = [];
  for (const { kind } of resources) {
    const wanted = names.includes(countName(kind)) || (kind.group === '' && names.includes(kind.resource));
    if (!wanted || !kind.namespaced || !quotaApplies(quota, kind, undefined)) continue;
    const usage = usageOf(kind, {}, 0);
    for (let count = await countOf(api, kind, namespace); count > 0; count--) usages.push(usage);
  }
  return usages.length > 0 ? usages : [{}];
}

function isWatched(name: string): boolean {
  return watched.some((kind) => countName(kind) === name);
}

const namesOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

/** How many there are, without reading them. A kind that went away has none. */
async function countOf(api: Api, kind: Counted & Kind<unknown>, namespace: string): Promise<number> {
  try {
    const path = withQuery(collectionPath(kind, namespace), { limit: 1 });
    const answer = await readJson(await api.raw({ method: 'GET', path, headers: { accept: namesOnly } }));
    const { items = [], metadata } = answer as { items?: unknown[]; metadata?: ListMeta };
    return items.length + (metadata?.remainingItemCount ?? 0);
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return 0;
    throw error;
  }
}
