import { type Clock, errorMessage, type Logger, type Random, sleep, timestamp } from '@keelson/base';
import { type Api, ApiError } from '@keelson/client';
import { type Change, type EventRecorder, type Informers, keyOf } from '@keelson/runtime';
import { type AllocationResult, DeviceClass, type Node, type Pod, ResourceClaim, ResourceSlice } from '@keelson/types';
import type { DynamicResourcesArgs } from '../config/plugin-args.ts';
import type { ClusterEvent } from '../plugins/types.ts';
import type { Reservation } from '../volumes/binder.ts';
import { type DeviceView, type PodDevices, podDevices, usesOf } from './claims.ts';
import { Inventory } from './inventory.ts';
import { Ledger } from './ledger.ts';
import { isOverdue, mustBeReady, readinessOf } from './readiness.ts';

const finalizer = 'resource.kubernetes.io/delete-protection';
const pollPeriod = 5000;
const attempts = 5;

export interface DeviceBinderDeps {
  readonly api: Api;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: Pick<EventRecorder, 'event'>;
  readonly log: Logger;
}

/** The cluster's claims of devices for the scheduler: what pods use, who was given what, and the writing of it. */
export class DeviceBinder {
  readonly #deps: DeviceBinderDeps;
  readonly #view: DeviceView;
  readonly #ledger: Ledger;
  readonly #listeners: readonly (() => () => void)[];

  /** `changed`: a claim, slice or class came or changed, so that pods refused for theirs may fit now. */
  constructor(deps: DeviceBinderDeps, changed: (event: ClusterEvent) => void) {
    this.#deps = deps;
    const { informers } = deps;
    const [claims, slices, classes] = [informers.for(ResourceClaim), informers.for(ResourceSlice), informers.for(DeviceClass)] as const;
    const ledger = new Ledger((key) => claims.store.get(key));
    const inventory = new Inventory();
    this.#ledger = ledger;
    this.#view = {
      claim: (key) => ledger.latest(key),
      isPending: (uid) => ledger.isDecided(uid),
      deviceClass: (name) => classes.store.get(name),
      ...{ inUse: ledger.inUse, inventory },
    };
    this.#listeners = [
      () => claims.onChange((change) => changed(this.#claimChanged(change))),
      () =>
        slices.onChange(({ type, object }) => {
          if (type === 'deleted') inventory.delete(object);
          else inventory.set(object);
          changed({ type: 'ResourceSliceChange' });
        }),
      () => classes.onChange(() => changed({ type: 'DeviceClassChange' })),
    ];
  }

  #claimChanged(change: Change<ResourceClaim>): ClusterEvent {
    const { type, object } = change;
    const before = type === 'updated' ? change.old : type === 'deleted' ? object : undefined;
    // One that was deleted and made anew between two looks has another uid.
    if (type === 'deleted') this.#ledger.lost(object);
    else this.#ledger.saw(object);
    if (before && before.metadata.uid !== object.metadata.uid) this.#ledger.lost(before);
    const freed = before?.status?.allocation !== undefined && (type === 'deleted' || !object.status?.allocation);
    return { type: 'ResourceClaimChange', key: keyOf(object), freed };
  }

  /** Follows changes from now on. Returns the way out. */
  listen(): () => void {
    const stops = this.#listeners.map((start) => start());
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Whether a claim the pod uses is missing: it is not even tried then. */
  lacksClaim(pod: Pod): boolean {
    return usesOf(pod, this.#view.claim).some(({ type }) => type === 'problem');
  }

  /** What stands behind a pod's claims; undefined when it uses none. */
  of(pod: Pod, { filterTimeout, bindingTimeout }: DynamicResourcesArgs): PodDevices | undefined {
    const { clock, random } = this.#deps;
    const isHopeless = (claim: ResourceClaim): boolean => {
      const { type } = readinessOf(claim);
      return type === 'failed' || (type === 'waiting' && isOverdue(claim, clock.now(), bindingTimeout));
    };
    const begin = (): (() => boolean) => {
      const until = filterTimeout === 0 ? Number.POSITIVE_INFINITY : clock.now() + filterTimeout;
      return () => clock.now() > until;
    };
    return podDevices(pod, this.#view, random, { isHopeless, begin });
  }

  /** Keeps the devices a pod gets on the node chosen for it. */
  reserve(pod: Pod, { claims, on }: PodDevices, node: Node): Reservation {
    const found = on(node);
    const results = found.type === 'results' ? [...found.results()] : [];
    const given = claims.map((claim) => ({ claim, allocation: claim.status?.allocation ? undefined : results.shift() }));
    for (const { claim, allocation } of given) if (allocation) this.#ledger.decide({ ...claim, status: { ...claim.status, allocation } });
    const bound: ResourceClaim[] = [];
    return {
      works: true,
      bind: async ({ devices: timeout }) => {
        for (const { claim, allocation } of given) bound.push(await this.#bindClaim(claim, allocation, pod));
        if (bound.some(mustBeReady)) await this.#allReady(bound, pod, node, timeout);
      },
      release: () => {
        for (const { claim } of given) this.#ledger.settle(claim);
        for (const claim of bound) void this.#unreserve(claim, pod);
      },
    };
  }

  /** Frees a claim of the pod's own that cannot be used on a node, so that it gets other devices. What came of it, in upstream's words. */
  remedy(devices: PodDevices | undefined, pod: Pod, nodes: readonly Node[]): string {
    if (!devices || devices.refusal !== undefined) return 'no new claims to deallocate';
    const stuck = new Set(nodes.flatMap((node) => devices.unusable(node)));
    const isOwn = ({ status }: ResourceClaim): boolean => (status?.reservedFor ?? []).every(({ uid }) => uid === pod.metadata.uid);
    const freed = devices.claims.find((claim) => stuck.has(claim) && isOwn(claim));
    if (!freed) return 'still not schedulable';
    const { api, log } = this.#deps;
    api
      .update(ResourceClaim, { ...freed, status: {} }, { subresource: 'status' })
      .catch((error) => log.warn('claim could not be deallocated', { claim: keyOf(freed), err: error }));
    return 'deallocation of ResourceClaim completed';
  }

  /** Writes what was chosen and that the pod uses it. @throws Error in upstream's words */
  async #bindClaim(claim: ResourceClaim, allocation: AllocationResult | undefined, pod: Pod): Promise<ResourceClaim> {
    const uid = pod.metadata.uid ?? '';
    if (claim.status?.reservedFor?.some((user) => user.uid === uid)) return claim;
    try {
      const written = await this.#write(claim, allocation, { resource: 'pods', name: pod.metadata.name ?? '', uid });
      this.#ledger.wrote(written);
      return written;
    } finally {
      this.#ledger.settle(claim);
    }
  }

  async #write(
    claim: ResourceClaim,
    allocation: AllocationResult | undefined,
    user: { readonly resource: string; readonly name: string; readonly uid: string },
  ): Promise<ResourceClaim> {
    const { api } = this.#deps;
    const { name = '', namespace } = claim.metadata;
    let current = claim;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#writeOnce(current, allocation, user);
      } catch (error) {
        if (!(error instanceof ApiError && error.code === 409) || attempt === attempts) throw error;
        current = await api.get(ResourceClaim, { name, namespace });
      }
    }
  }

  async #writeOnce(
    claim: ResourceClaim,
    allocation: AllocationResult | undefined,
    user: { readonly resource: string; readonly name: string; readonly uid: string },
  ): Promise<ResourceClaim> {
    const { api, clock } = this.#deps;
    if (claim.metadata.deletionTimestamp) throw new Error(`claim ${keyOf(claim)} got deleted in the meantime`);
    if (allocation && claim.status?.allocation) throw new Error(`claim ${keyOf(claim)} got allocated elsewhere in the meantime`);
    const { finalizers = [] } = claim.metadata;
    let current = claim;
    if (allocation && !finalizers.includes(finalizer))
      current = await api.update(ResourceClaim, { ...claim, metadata: { ...claim.metadata, finalizers: [...finalizers, finalizer] } });
    const given = { allocationTimestamp: timestamp(clock), ...(allocation ?? current.status?.allocation) };
    const status = { ...current.status, allocation: given, reservedFor: [...(current.status?.reservedFor ?? []), user] };
    return api.update(ResourceClaim, { ...current, status }, { subresource: 'status' });
  }

  /** @throws Error when the devices cannot be made ready, or are not in time */
  async #allReady(claims: readonly ResourceClaim[], pod: Pod, node: Node, timeout: number): Promise<void> {
    const { clock, events } = this.#deps;
    const about = { ...pod, apiVersion: 'v1', kind: 'Pod' };
    events.event(about, 'Normal', 'BindingConditionsPending', `waiting for binding conditions for device on node ${node.metadata.name}`);
    const until = clock.now() + timeout;
    for (;;) {
      const now = claims.map((claim) => readinessOf(this.#present(claim)));
      for (const one of now) if (one.type === 'failed') throw new Error(one.words);
      if (now.every(({ type }) => type === 'ready')) return;
      if (clock.now() >= until) throw new Error('device binding timeout');
      await sleep(clock, pollPeriod);
    }
  }

  /** @throws Error when it is gone */
  #present(claim: ResourceClaim): ResourceClaim {
    const found = this.#ledger.latest(keyOf(claim));
    if (!found || found.metadata.uid !== claim.metadata.uid)
      throw new Error(`resourceclaim.resource.k8s.io "${claim.metadata.name}" not found`);
    return found;
  }

  async #unreserve({ metadata }: ResourceClaim, pod: Pod): Promise<void> {
    const at = { name: metadata.name ?? '', namespace: metadata.namespace };
    const reservedFor = [{ $patch: 'delete', uid: pod.metadata.uid }];
    const patch = { metadata: { uid: metadata.uid }, status: { reservedFor } };
    // It is tried again with the pod's next cycle, or by the controller of claims once the pod is gone.
    await this.#deps.api
      .patch(ResourceClaim, at, 'application/strategic-merge-patch+json', patch, { subresource: 'status' })
      .then((written) => this.#ledger.wrote(written))
      .catch(() => undefined);
  }
}

/** In an error's words, what kept devices from being bound. */
export function deviceMessage(error: unknown): string {
  return `running PreBind plugin "DynamicResources": ${errorMessage(error)}`;
}
