import { isPodScheduled, isPodTerminal, isPodTerminating, newControllerRef } from '@keelson/machinery';
import {
  Pod,
  type PodResourceClaim,
  type ResourceClaim,
  type ResourceClaimConsumerReference,
  type ResourceClaimTemplate,
} from '@keelson/types';

const podClaimAnnotation = 'resource.kubernetes.io/pod-claim-name';
const finalizer = 'resource.kubernetes.io/delete-protection';

/** Room for a hyphen and five random characters in a name of 63. */
const longestBase = 57;

/** Users a claim may have at the same time. */
const mostUsers = 256;

/** Whether nothing of the pod runs, nor ever will. */
export function isPodDone(pod: Pod): boolean {
  return isPodTerminal(pod) || (isPodTerminating(pod) && !isPodScheduled(pod));
}

/** What stands in the status of a pod: under which name its claim goes. A pod claim without one needs none. */
export function statusEntry({ status }: Pod, { name }: PodResourceClaim): { readonly resourceClaimName?: string | undefined } | undefined {
  return status?.resourceClaimStatuses?.find((one) => one.name === name);
}

/** The name of the claim that a pod claim stands for, if it is known yet. */
export function claimNameOf(pod: Pod, podClaim: PodResourceClaim): string | undefined {
  return podClaim.resourceClaimName ?? statusEntry(pod, podClaim)?.resourceClaimName;
}

/** The pod a claim was made for. */
export function owningPod({ metadata }: ResourceClaim): { readonly name: string; readonly uid: string } | undefined {
  return metadata.ownerReferences?.find(({ controller, kind, apiVersion }) => controller && kind === Pod.kind && apiVersion === 'v1');
}

/** Whether a claim is the one made for this entry of the pod. */
export function isMadeFor(claim: ResourceClaim, { metadata }: Pod, { name }: PodResourceClaim): boolean {
  return owningPod(claim)?.uid === metadata.uid && claim.metadata.annotations?.[podClaimAnnotation] === name;
}

/** The claim to be made from a template. When the names are too long, both give way. */
export function claimFrom(template: ResourceClaimTemplate, { metadata }: Pod, podClaim: PodResourceClaim): ResourceClaim {
  const { metadata: wanted, spec } = template.spec;
  const name = metadata.name ?? '';
  const length = name.length + 1 + podClaim.name.length;
  const cut = (part: string): string => (length > longestBase ? part.slice(0, Math.floor((part.length * longestBase) / length)) : part);
  return {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaim',
    metadata: {
      generateName: `${cut(name)}-${cut(podClaim.name)}-`,
      namespace: metadata.namespace,
      labels: wanted?.labels,
      annotations: { ...wanted?.annotations, [podClaimAnnotation]: podClaim.name },
      ownerReferences: [newControllerRef(metadata, Pod)],
    },
    spec,
  };
}

/** The claim with the pod among its users; undefined when it is so, or cannot be: only what is allocated is used. */
export function reservedFor(claim: ResourceClaim, { metadata, spec }: Pod): ResourceClaim | undefined {
  const { allocation, reservedFor: users = [] } = claim.status ?? {};
  const { name = '', uid = '' } = metadata;
  if (!spec.nodeName || !allocation || claim.metadata.deletionTimestamp || users.length >= mostUsers) return undefined;
  if (users.some((user) => user.uid === uid)) return undefined;
  return { ...claim, status: { ...claim.status, reservedFor: [...users, { resource: 'pods', name, uid }] } };
}

/** What a claim needs, one after the other. */
export interface ClaimPlan {
  /** Its status is to be this: users that are gone, and with the last of them the allocation. */
  readonly status?: NonNullable<ResourceClaim['status']>;
  /** Its finalizers are to be these. */
  readonly finalizers?: readonly string[];
  readonly remove: boolean;
}

/**
 * `users`: those of its users that still are. `namesake`: the pod of the name of the one it was made for, if there is one. What was allocated
 * by others than the scheduler, who leave no finalizer, they take back themselves.
 */
export function planClaim(claim: ResourceClaim, users: readonly ResourceClaimConsumerReference[], namesake: Pod | undefined): ClaimPlan {
  const { metadata, status = {} } = claim;
  const before = status.reservedFor ?? [];
  const freed = users.length === 0 && (before.length > 0 || metadata.deletionTimestamp !== undefined);
  const { finalizers = [] } = metadata;
  const deallocated = freed && finalizers.includes(finalizer);
  const { allocation, devices, reservedFor: _, ...rest } = status;
  const kept = deallocated ? {} : { ...(allocation ? { allocation } : {}), ...(devices ? { devices } : {}) };
  const next = { ...rest, ...kept, ...(users.length > 0 ? { reservedFor: [...users] } : {}) };
  const changed = users.length < before.length || (deallocated && allocation !== undefined);
  const abandoned = namesake !== undefined && (namesake.metadata.uid !== owningPod(claim)?.uid || isPodDone(namesake));
  return {
    ...(changed ? { status: next } : {}),
    ...(deallocated ? { finalizers: finalizers.filter((one) => one !== finalizer) } : {}),
    remove: users.length === 0 && !metadata.deletionTimestamp && abandoned,
  };
}
