import { errorMessage, every, sleep, timestamp } from '@keelson/base';
import { Service, ServiceCIDR } from '@keelson/types';
import { systemUser } from '../auth/types.ts';
import { parseEntry } from '../registry/entry.ts';
import { repairMarkers } from '../registry/markers.ts';
import type { Registry } from '../registry/registry.ts';
import { createMissing, update } from '../registry/write.ts';
import type { WriteRequest } from '../registry/written.ts';

/** Name of the range the servers were started with. */
const name = 'kubernetes';
/** Milliseconds between looks for claims without their marks, as upstream. */
const repairInterval = 180_000;
/** Milliseconds between looks for the range itself, as upstream. */
const settleInterval = 10_000;

const request: WriteRequest = { namespace: '', user: systemUser, dryRun: false, subresource: '', warnings: [] };

/** Ranges that services get their addresses from: of all ServiceCIDRs that are ready; while there is none, those of the flags. */
export function readyRanges(registry: Registry, flags: readonly string[]): readonly string[] {
  const { cache } = registry.of(ServiceCIDR);
  if (cache.size === 0) return flags;
  const ranges: string[] = [];
  cache.each(cache.prefix, (entry) => {
    const { metadata, spec, status } = parseEntry<ServiceCIDR>(entry);
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    // Without a condition it counts as ready, as upstream: whoever sets it may not run yet.
    if (!metadata.deletionTimestamp && (ready?.status ?? 'True') === 'True') ranges.push(...(spec?.cidrs ?? []));
    return true;
  });
  return ranges;
}

/** Makes the ServiceCIDR of the flags, ready. Another that is there is left as it is, with a warning. */
export async function ensureServiceCIDR(registry: Registry, cidrs: readonly string[]): Promise<void> {
  const found = await settleServiceCIDR(registry, cidrs);
  if (found.join() !== cidrs.join())
    registry.options.log.warn('ServiceCIDR kubernetes is not what --service-cluster-ip-range says', { found, cidrs });
}

/** Makes it again where somebody has taken it away, until the signal. The first look is one interval away. */
export async function keepServiceCIDR(registry: Registry, cidrs: readonly string[], signal: AbortSignal): Promise<void> {
  const { clock, log } = registry.options;
  const failed = (error: unknown): void => log.warn('could not make ServiceCIDR kubernetes', { err: errorMessage(error) });
  await sleep(clock, settleInterval, signal).catch(() => undefined);
  await every(clock, settleInterval, signal, () => settleServiceCIDR(registry, cidrs), failed);
}

/** One of the first family alone gets the second. Answers the ranges it has then. */
async function settleServiceCIDR(registry: Registry, cidrs: readonly string[]): Promise<readonly string[]> {
  const store = registry.of(ServiceCIDR);
  const present = await registry.readFresh(ServiceCIDR, '', name);
  const found = present?.spec?.cidrs ?? [];
  const grows = found.length === 1 && cidrs.length === 2 && found[0] === cidrs[0];
  if (present && grows) await update(registry, store, name, { apply: (current) => ({ ...current, spec: { cidrs: [...cidrs] } }) }, request);
  const now = present && !grows ? found : cidrs;
  if (present?.status?.conditions?.length || present?.metadata.deletionTimestamp) return now;
  if (!present) await createMissing(registry, store, { metadata: { name }, spec: { cidrs: [...cidrs] } }, request);
  const lastTransitionTime = timestamp(registry.options.clock);
  const message = 'Kubernetes default Service CIDR is ready';
  const status = { conditions: [{ type: 'Ready', status: 'True', reason: '', message, lastTransitionTime }] };
  await update(registry, store, name, { apply: (current) => ({ ...current, status }) }, { ...request, subresource: 'status' });
  return now;
}

/** Puts the marks of claimed addresses in step with the services that claim them. */
export function repairServiceAddresses(registry: Registry): Promise<void> {
  return repairMarkers(registry, registry.of(Service));
}

/** Keeps them so, until the signal. The first look is one interval away. */
export async function keepServiceAddresses(registry: Registry, signal: AbortSignal): Promise<void> {
  const { clock, log } = registry.options;
  const failed = (error: unknown): void => log.warn('could not repair the addresses of services', { err: errorMessage(error) });
  await sleep(clock, repairInterval, signal).catch(() => undefined);
  await every(clock, repairInterval, signal, () => repairServiceAddresses(registry), failed);
}
