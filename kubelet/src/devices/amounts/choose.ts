import type { Holdings } from './holdings.ts';
import { idsOf } from './holdings.ts';
import type { Inventory } from './inventory.ts';

/** What a container asks for of one resource. */
export interface Wish {
  readonly podUid: string;
  readonly container: string;
  readonly resource: string;
  readonly amount: number;
  /** Devices of the pod's init containers, which it may have. */
  readonly reusable: ReadonlySet<string>;
}

/** What can be done about a wish: it is fulfilled already, cannot be, or can be by `taken` and as many of `available` as are missing. */
export type Choice =
  | { readonly type: 'fulfilled' }
  | { readonly type: 'refused'; readonly message: string }
  | { readonly type: 'open'; readonly taken: readonly string[]; readonly missing: number; readonly available: readonly string[] };

/** The checks, their order and their messages are those of Kubernetes' device manager. */
export function choose(wish: Wish, inventory: Inventory, holdings: Holdings): Choice {
  const { podUid, container, resource, amount, reusable } = wish;
  const held = holdings.of(podUid, container).get(resource);
  const own = held ? idsOf(held) : new Set<string>();
  if (held && own.size !== amount)
    return refused(`pod "${podUid}" container "${container}" changed request for resource "${resource}" from ${own.size} to ${amount}`);
  const healthy = inventory.healthy(resource);
  if (!healthy) return refused(`cannot allocate unregistered device ${resource}`);
  if (healthy.size === 0) return refused(`no healthy devices present; cannot allocate unhealthy devices ${resource}`);
  if (!own.isSubsetOf(healthy))
    return refused(`previously allocated devices are no longer healthy; cannot allocate unhealthy devices ${resource}`);
  if (held || amount === 0) return { type: 'fulfilled' };
  const taken = [...reusable].sort().slice(0, amount);
  const missing = amount - taken.length;
  if (missing === 0) return { type: 'open', taken, missing, available: [] };
  const available = [...healthy.difference(holdings.inUse(resource))].sort();
  if (available.length < missing)
    return refused(`requested number of devices unavailable for ${resource}. Requested: ${missing}, Available: ${available.length}`);
  return { type: 'open', taken, missing, available };
}

/** The devices a container gets: those its plugin prefers first, as far as they are to be had. */
export function complete(
  { taken, missing, available }: Extract<Choice, { type: 'open' }>,
  preferred: readonly string[],
): readonly string[] {
  const liked = available.filter((id) => preferred.includes(id));
  const others = available.filter((id) => !preferred.includes(id));
  return [...taken, ...[...liked, ...others].slice(0, missing)];
}

function refused(message: string): Choice {
  return { type: 'refused', message };
}
