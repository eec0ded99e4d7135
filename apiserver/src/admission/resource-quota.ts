import { errorMessage } from '@keelson/base';
import {
  type Counted,
  charge,
  forbidden,
  growth,
  limitedBy,
  missingAmounts,
  quotaApplies,
  type Resources,
  StatusError,
  usageOf,
} from '@keelson/machinery';
import { Pod, ResourceQuota } from '@keelson/types';
import { systemUser } from '../auth/types.ts';
import type { Writable } from '../registry/writable.ts';
import { update } from '../registry/write.ts';
import { type LimitedResource, missingQuota } from './limited-resources.ts';
import { listObjects } from './objects.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

/** Of these a change can use more than before. Of anything else only its being there counts. */
const growing: ReadonlySet<string> = new Set(['services', 'persistentvolumeclaims']);

/** Charges a namespace's quotas for what is about to be made; what is gone is given back by a controller's count. The last plugin. */
export function resourceQuota(limited: readonly LimitedResource[]): AdmissionPlugin {
  return {
    name: 'ResourceQuota',
    async validate(attributes) {
      const { store, operation, subresource, namespace, object } = attributes;
      const { group, resource } = store.kind;
      const resized = group === '' && resource === 'pods' && subresource === 'resize';
      if (!store.kind.namespaced || !object || (subresource !== '' && !resized)) return;
      if (operation !== 'CREATE' && !(operation === 'UPDATE' && group === '' && (resized || growing.has(resource)))) return;
      const quotas = listObjects(attributes.registry, ResourceQuota, namespace);
      if (limited.length > 0) checkLimited(limited, quotas, attributes);
      if (quotas.length === 0) return;
      const charges = quotas.flatMap((quota) => chargeOf(quota, attributes));
      // None is charged where another is exceeded.
      for (const { quota, requested } of charges) charged(quota, requested, attributes);
      for (const { quota, requested } of charges) await pay(quota, requested, attributes);
    },
  };
}

function checkLimited(
  limited: readonly LimitedResource[],
  quotas: readonly ResourceQuota[],
  { store, object, old, registry, name }: AdmissionAttributes,
): void {
  const counted: Counted = store.groupResource;
  const now = registry.options.clock.now();
  const usage = growth(usageOf(counted, object, now), old && usageOf(counted, old, now));
  const here = quotas.filter((quota) => quotaApplies(quota, counted, object));
  const missing = missingQuota(limited, counted, { object, usage, quotas: here });
  if (missing) throw forbidden(store.groupResource, name, missing);
}

interface Charge {
  readonly quota: ResourceQuota;
  readonly requested: Resources;
}

/** What a quota is to be charged with, if anything. @throws StatusError Forbidden for a pod that does not say what it needs. */
function chargeOf(quota: ResourceQuota, { store, object, old, registry, name }: AdmissionAttributes): Charge[] {
  const counted: Counted = store.groupResource;
  if (!quotaApplies(quota, counted, object)) return [];
  if (store.kind.typeName === Pod.typeName) {
    const missing = missingAmounts(quota, object as Pod);
    if (missing) throw forbidden(store.groupResource, name, missing);
  }
  const now = registry.options.clock.now();
  const before = old && quotaApplies(quota, counted, old) ? usageOf(counted, old, now) : undefined;
  const requested = growth(limitedBy(quota.status?.hard ?? quota.spec?.hard, usageOf(counted, object, now)), before);
  return Object.keys(requested).length > 0 ? [{ quota, requested }] : [];
}

/** The quota with `requested` added to what is used. @throws StatusError Forbidden when that is too much. */
function charged(quota: ResourceQuota, requested: Resources, { store, name }: AdmissionAttributes): ResourceQuota {
  try {
    return { ...quota, status: { ...quota.status, used: charge(quota, requested) } };
  } catch (error) {
    throw forbidden(store.groupResource, name, errorMessage(error));
  }
}

/** Adds to what is used, unless that is too much; again, when somebody else was charged in between. */
async function pay(quota: ResourceQuota, requested: Resources, attributes: AdmissionAttributes): Promise<void> {
  const { registry, namespace, dryRun } = attributes;
  const apply = (current: Writable): Writable => charged(current as ResourceQuota, requested, attributes) as Writable;
  const request = { namespace, user: systemUser, dryRun, subresource: 'status', warnings: [] };
  try {
    await update(registry, registry.of(ResourceQuota), quota.metadata.name ?? '', { apply, inTurn: true }, request);
  } catch (error) {
    // A quota that was deleted meanwhile limits nothing.
    if (!(error instanceof StatusError) || error.code !== 404) throw error;
  }
}
