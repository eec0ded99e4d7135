import type { Random } from '@keelson/base';
import type { DeviceClass, Node, Pod, ResourceClaim } from '@keelson/types';
import { type Allocation, allocate } from './allocate.ts';
import type { InUse } from './in-use.ts';
import type { Inventory } from './inventory.ts';
import { selects } from './pools.ts';

/** Users a claim may have at the same time. */
const mostUsers = 256;

/** The cluster's claims and devices, as last seen and as decided a moment ago. */
export interface DeviceView {
  /** By `namespace/name`. */
  claim(key: string): ResourceClaim | undefined;
  /** Devices are chosen for it, and the server does not say so yet. By uid. */
  isPending(uid: string): boolean;
  /** What claims have, pending ones among them. */
  readonly inUse: InUse;
  readonly inventory: Inventory;
  deviceClass(name: string): DeviceClass | undefined;
}

/** All of a pod's claims of devices that scheduling looks at. */
export interface PodDevices {
  readonly claims: readonly ResourceClaim[];
  /** Why the pod can go nowhere, whichever the node. */
  readonly refusal: string | undefined;
  /** Devices for the claims that have none, on a node. @throws Error for claims that cannot be understood */
  on(node: Node): Allocation;
  /** Claims with devices that cannot be used on a node, or not be bound. */
  unusable(node: Node): readonly ResourceClaim[];
}

/** A claim a pod uses, or why it cannot be: then the pod is not even tried. */
export type Use = { readonly type: 'claim'; readonly claim: ResourceClaim } | { readonly type: 'problem'; readonly words: string };

/** The claims a pod uses, in its order. Entries that need none are left out. */
export function usesOf(pod: Pod, claim: DeviceView['claim']): readonly Use[] {
  return (pod.spec?.resourceClaims ?? []).flatMap((entry): Use[] => {
    const told = pod.status?.resourceClaimStatuses?.find(({ name }) => name === entry.name);
    if (entry.resourceClaimName) return [readUse(pod, entry.resourceClaimName, false, claim)];
    if (!told) return [problem(`pod "${pod.metadata.namespace}/${pod.metadata.name}": ResourceClaim not created yet`)];
    return told.resourceClaimName ? [readUse(pod, told.resourceClaimName, true, claim)] : [];
  });
}

/** Keys of the claims a pod uses, as far as they are known. */
export function claimKeysOf({ metadata, spec, status }: Pod): readonly string[] {
  const told = status?.resourceClaimStatuses ?? [];
  const names = (spec?.resourceClaims ?? []).flatMap(
    ({ name, resourceClaimName }) => resourceClaimName ?? told.find((one) => one.name === name)?.resourceClaimName ?? [],
  );
  return names.map((name) => `${metadata.namespace ?? ''}/${name}`);
}

function readUse({ metadata }: Pod, name: string, own: boolean, find: DeviceView['claim']): Use {
  const key = `${metadata.namespace ?? ''}/${name}`;
  const claim = find(key);
  if (!claim) return problem(`resourceclaim.resource.k8s.io "${name}" not found`);
  if (claim.metadata.deletionTimestamp) return problem(`resourceclaim "${name}" is being deleted`);
  if (own && !claim.metadata.ownerReferences?.some(({ controller, uid }) => controller && uid === metadata.uid))
    return problem(`ResourceClaim ${key} was not created for pod ${metadata.namespace}/${metadata.name} (pod is not owner)`);
  return { type: 'claim', claim };
}

function problem(words: string): Use {
  return { type: 'problem', words };
}

/** What time does to claims. */
export interface Patience {
  /** Its devices will not be made ready for a node any more. */
  isHopeless(claim: ResourceClaim): boolean;
  /** Begins the time for one node: the answer tells whether that is over. */
  begin(): () => boolean;
}

/** What stands behind a pod's claims of devices; undefined when it uses none. */
export function podDevices(pod: Pod, view: DeviceView, random: Random, { isHopeless, begin }: Patience): PodDevices | undefined {
  const uses = usesOf(pod, view.claim);
  if (uses.length === 0) return undefined;
  const claims = uses.flatMap((use) => (use.type === 'claim' ? [use.claim] : []));
  const missing = uses.find((use) => use.type === 'problem')?.words;
  const refusal = missing ?? claims.map((claim) => refusalBy(claim, pod, view)).find((words) => words !== undefined);
  const wanting = claims.filter(({ status }) => !status?.allocation);
  const found = new Map<Node, Allocation>();
  return {
    claims,
    refusal,
    on(node) {
      const known = found.get(node) ?? allocate(wanting, node, { ...view, random, isOver: begin() });
      found.set(node, known);
      return known;
    },
    unusable: (node) => claims.filter((claim) => isElsewhere(claim, node) || isHopeless(claim)),
  };
}

function isElsewhere({ status }: ResourceClaim, node: Node): boolean {
  const where = status?.allocation?.nodeSelector;
  return where !== undefined && !selects(where, node);
}

function refusalBy({ metadata, spec, status }: ResourceClaim, pod: Pod, view: DeviceView): string | undefined {
  const users = status?.reservedFor ?? [];
  if (status?.allocation) {
    const full = users.length >= mostUsers && !users.some(({ uid }) => uid === pod.metadata.uid);
    return full ? 'resourceclaim in use' : undefined;
  }
  const key = `${metadata.namespace}/${metadata.name}`;
  if (view.isPending(metadata.uid ?? '')) return `resource claim ${key} is in the process of being allocated`;
  for (const { name, exactly, firstAvailable = [] } of spec.devices?.requests ?? []) {
    const ways = exactly ? [{ name, ...exactly }] : firstAvailable.map((one) => ({ ...one, name: `${name}/${one.name}` }));
    if (ways.length === 0) return `resource claim ${key}, request ${name}: unknown request type`;
    for (const way of ways)
      if (!view.deviceClass(way.deviceClassName)) return `request ${way.name}: device class ${way.deviceClassName} does not exist`;
  }
  return undefined;
}
