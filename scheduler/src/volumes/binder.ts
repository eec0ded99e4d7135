import { type Clock, errorMessage } from '@keelson/base';
import type { Api } from '@keelson/client';
import { type Change, type Informers, isLater } from '@keelson/runtime';
import {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  type Node,
  PersistentVolume,
  PersistentVolumeClaim,
  type Pod,
  StorageClass,
  VolumeAttachment,
} from '@keelson/types';
import type { ClusterEvent, ObjectEvent } from '../plugins/types.ts';
import { type Choice, choose, selectedNode } from './choose.ts';
import { podVolumes } from './claims.ts';
import type { PodVolumes, VolumeView } from './types.ts';

const byNode = 'node';

/** How long volumes may take to be bound, and devices to be ready; milliseconds. */
export interface Timeouts {
  readonly volumes: number;
  readonly devices: number;
}

/** What was decided for a pod's claims. Others do not get these volumes until it is settled. */
export interface Reservation {
  /** There is something to be written before the pod is bound. */
  readonly works: boolean;
  /** Writes the decision and resolves when all is ready. @throws Error in Kubernetes' words when it is not in time */
  bind(timeouts: Timeouts): Promise<void>;
  /** Takes back what was not written. */
  release(): void;
}

/** The claims and volumes of the cluster for the scheduler: what pods use, what is given to whom, and the writing of it. */
export class VolumeBinder {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #view: VolumeView;
  readonly #claims;
  /** Chosen a moment ago: claim keys by volume name. Until the server says the same. */
  readonly #assumed = new Map<string, string>();
  readonly #waiting = new Set<() => void>();
  readonly #listeners: readonly (() => () => void)[];

  /** `changed`: a claim, volume or class came or changed, so that pods refused for theirs may fit now. */
  constructor(deps: { readonly api: Api; readonly informers: Informers; readonly clock: Clock }, changed: (event: ClusterEvent) => void) {
    const { api, informers, clock } = deps;
    this.#api = api;
    this.#clock = clock;
    const [claims, volumes, classes] = [
      informers.for(PersistentVolumeClaim),
      informers.for(PersistentVolume),
      informers.for(StorageClass),
    ] as const;
    const [csiNodes, drivers, capacities] = [informers.for(CSINode), informers.for(CSIDriver), informers.for(CSIStorageCapacity)] as const;
    const attachments = informers.for(VolumeAttachment, { indexes: { [byNode]: ({ spec }) => [spec.nodeName] } });
    this.#claims = claims.store;
    this.#view = {
      claim: (key) => claims.store.get(key),
      volume: (name) => volumes.store.get(name),
      storageClass: (name) => classes.store.get(name),
      csiNode: (name) => csiNodes.store.get(name),
      attachments: (node) => attachments.store.byIndex(byNode, node),
      tellsCapacity: (driver) => drivers.store.get(driver)?.spec.storageCapacity === true,
      capacities: () => capacities.store.list(),
      candidates: (own) => volumes.store.list().filter((volume) => this.#isFor(volume, own)),
    };
    const told = (event: ClusterEvent): void => {
      changed(event);
      for (const look of [...this.#waiting]) look();
    };
    this.#listeners = [
      () => claims.onChange(({ object }) => told({ type: 'ClaimChange', key: keyOf(object) })),
      () =>
        volumes.onChange((change) => {
          if (change.object.spec?.claimRef) this.#assumed.delete(change.object.metadata.name ?? '');
          tell('VolumeChange', change, told);
        }),
      () => classes.onChange((change) => tell('StorageClassChange', change, told)),
      () => csiNodes.onChange((change) => tell('CSINodeChange', change, told)),
      () => drivers.onChange((change) => tell('CSIDriverChange', change, told)),
      () => capacities.onChange((change) => tell('CSICapacityChange', change, told)),
      () => attachments.onChange(({ type }) => type === 'deleted' && told({ type: 'AttachmentDelete' })),
    ];
  }

  /** Follows changes from now on. Returns the way out. */
  listen(): () => void {
    const stops = this.#listeners.map((start) => start());
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** What stands behind a pod's claims; undefined when it uses none. */
  of(pod: Pod): PodVolumes | undefined {
    return podVolumes(pod, this.#view);
  }

  /** Keeps the volumes a pod gets on the node chosen for it. */
  reserve(volumes: PodVolumes | undefined, node: Node): Reservation {
    const choices = volumes ? (choose(volumes.delayed, volumes.candidates, node) ?? []) : [];
    for (const choice of choices) {
      if (choice.type === 'volume') this.#assumed.set(choice.volume.metadata.name ?? '', keyOf(choice.claim));
    }
    return {
      works: choices.length > 0,
      bind: async ({ volumes: timeout }) => {
        if (choices.length === 0) return;
        const written = await Promise.all(choices.map((choice) => this.#write(choice, node)));
        await this.#allBound(written, node, timeout);
      },
      release: () => {
        for (const choice of choices) if (choice.type === 'volume') this.#assumed.delete(choice.volume.metadata.name ?? '');
      },
    };
  }

  #isFor({ metadata }: PersistentVolume, claims: readonly PersistentVolumeClaim[]): boolean {
    const given = this.#assumed.get(metadata.name ?? '');
    return given === undefined || claims.some((claim) => keyOf(claim) === given);
  }

  /** Resolves to the claim as it was written last, or read. */
  async #write(choice: Choice, node: Node): Promise<PersistentVolumeClaim> {
    const { claim } = choice;
    if (choice.type === 'volume') await this.#hold(choice.volume, claim);
    else if (claim.metadata.annotations?.[selectedNode] === undefined)
      return this.#api.update(PersistentVolumeClaim, annotated(claim, { [selectedNode]: node.metadata.name ?? '' }));
    return claim;
  }

  /** The binder of volumes brings a claim together with the volume that is held for it. */
  async #hold(volume: PersistentVolume, { metadata }: PersistentVolumeClaim): Promise<void> {
    const { name, namespace, uid, resourceVersion } = metadata;
    if (volume.spec?.claimRef?.uid === uid) return;
    const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid, resourceVersion };
    const held = annotated(volume, { 'pv.kubernetes.io/bound-by-controller': 'yes' });
    await this.#api.update(PersistentVolume, { ...held, spec: { ...held.spec, claimRef } } as PersistentVolume);
  }

  #allBound(claims: readonly PersistentVolumeClaim[], node: Node, timeout: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      try {
        if (claims.every((claim) => this.#isBound(claim, node))) resolve();
      } catch (error) {
        reject(error);
      }
    };
    const timer = this.#clock.after(timeout, () => reject(new Error('binding volumes: context deadline exceeded')));
    this.#waiting.add(look);
    look();
    return promise.finally(() => {
      timer.cancel();
      this.#waiting.delete(look);
    });
  }

  /** @throws Error when waiting longer is of no use. */
  #isBound(before: PersistentVolumeClaim, node: Node): boolean {
    const claim = this.#claims.get(keyOf(before));
    if (!claim || claim.metadata.uid !== before.metadata.uid)
      throw new Error(`binding volumes: persistentvolumeclaim "${before.metadata.name}" not found`);
    if (claim.metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined && claim.spec.volumeName) return true;
    // A provisioner that cannot serve the node takes the annotation away, so that another node is chosen.
    const asked = before.metadata.annotations?.[selectedNode] !== undefined;
    const seen = isLater(claim.metadata.resourceVersion ?? '', before.metadata.resourceVersion ?? '');
    if (asked && seen && claim.metadata.annotations?.[selectedNode] !== node.metadata.name)
      throw new Error(`binding volumes: selectedNode annotation reset for PVC "${before.metadata.name}"`);
    return false;
  }
}

/** What is gone helps nobody. */
function tell<T extends string, Of>(type: T, change: Change<Of>, told: (event: ObjectEvent<T, Of>) => void): void {
  if (change.type === 'deleted') return;
  told({ type, object: change.object, ...(change.type === 'updated' ? { before: change.old } : {}) });
}

/** In an error's words, what kept volumes from being bound. */
export function bindingMessage(error: unknown): string {
  return `running PreBind plugin "VolumeBinding": ${errorMessage(error)}`;
}

function keyOf({ metadata }: PersistentVolumeClaim): string {
  return `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
}

function annotated<T extends PersistentVolume | PersistentVolumeClaim>(object: T, more: Record<string, string>): T {
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...more } } };
}
