import { type Clock, errorMessage, type Logger } from '@keelson/base';
import type { Api } from '@keelson/client';
import { type Container, type Pod, ResourceClaim, type ResourceStatus } from '@keelson/types';
import type { Claim as Asked, NodePrepareResourceResponse } from '../../cri/grpc/codec/dra.ts';
import { podSpec } from '../../pod/containers.ts';
import { podNamespace, podUid } from '../../pod/naming.ts';
import { StateFile } from '../file.ts';
import { type Claim, ClaimBook, type ClaimDevice } from './book.ts';
import { checkpointText, readCheckpoint } from './checkpoint.ts';
import type { ClaimDrivers } from './drivers.ts';
import { type DeviceHealth, HealthBook } from './health.ts';
import { containerUses, devicesFor, driversOf, usesOf, whyNot } from './plan.ts';
import { Turns } from './turns.ts';

export interface ClaimDeps {
  readonly api: Pick<Api, 'get'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly drivers: Pick<ClaimDrivers, 'get'>;
  /** The absolute path of the file that outlives the kubelet. */
  readonly file: string;
  /** Uids of the pods that have not ended; undefined while not all are known. */
  active(): ReadonlySet<string> | undefined;
  /** These pods' devices changed. */
  changed(uids: readonly string[]): void;
}

/** What one driver is asked for, and what each answer is about. */
type Batches = ReadonlyMap<string, readonly Claim[]>;

/** Devices that pods claim: made ready before a pod's containers, and given back after them. */
export class ClaimManager {
  readonly #deps: ClaimDeps;
  readonly #file: StateFile;
  readonly #health = new HealthBook();
  /** By claim: who comes waits for who leaves. */
  readonly #turns = new Turns();
  #book = new ClaimBook();

  constructor(deps: ClaimDeps) {
    this.#deps = deps;
    this.#file = new StateFile(deps.file);
  }

  /** Takes up what the kubelet before knew. */
  async start(): Promise<void> {
    try {
      const text = await this.#file.read();
      if (text !== undefined) this.#book = new ClaimBook(readCheckpoint(text));
    } catch (error) {
      this.#deps.log.warn('cannot read which claims are in use', { error: errorMessage(error) });
    }
  }

  /** @throws Error in Kubernetes' words. */
  async prepare(pod: Pod): Promise<void> {
    const found = await this.#find(pod);
    if (found.length === 0) return;
    // Nothing is known to be in use before all of it can be: a pod that cannot begin leaves nothing to give back.
    for (const claim of found) for (const driver of driversOf(claim)) this.#deps.drivers.get(driver);
    const keys = found.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    await this.#turns.run(keys, () => this.#prepare(podUid(pod), found));
  }

  async #prepare(pod: string, found: readonly ResourceClaim[]): Promise<void> {
    const claims = found.map((claim) => this.#book.use(identityOf(claim), driversOf(claim), pod));
    await this.#save();
    const open = claims.filter(({ prepared }) => !prepared);
    for (const [name, batch] of batchesOf(open)) await this.#prepareWith(name, batch);
    for (const claim of open) this.#book.finish(claim);
    await this.#save();
  }

  /** @throws Error in Kubernetes' words. */
  async unprepare(pod: Pod): Promise<void> {
    await this.#release(podUid(pod));
  }

  /** Gives back what pods used that have ended while nobody looked. */
  async reconcile(): Promise<void> {
    const active = this.#deps.active();
    if (!active) return;
    const gone = new Set(this.#book.all.flatMap(({ pods }) => [...pods]).filter((uid) => !active.has(uid)));
    for (const uid of gone) {
      await this.#release(uid).catch((error: unknown) =>
        this.#deps.log.info('cannot give back the devices of a pod', { uid, error: errorMessage(error) }),
      );
    }
  }

  /** Names of the Container Device Interface. @throws Error in Kubernetes' words. */
  cdiDevices(pod: Pod, container: Container): readonly string[] {
    const names = containerUses(pod, container).flatMap(({ claim: name, request }) => {
      const claim = this.#book.get(podNamespace(pod), name);
      if (!claim) throw new Error(`internal error: unable to get claim info for ResourceClaim ${name} in namespace ${podNamespace(pod)}`);
      return devicesFor(claim, request).flatMap(({ cdi }) => cdi);
    });
    return [...new Set(names)];
  }

  /** The claims that a container uses, as far as they are known here. */
  claimsOf(pod: Pod, container: Container): readonly Claim[] {
    try {
      const names = new Set(containerUses(pod, container).map(({ claim }) => claim));
      return [...names].flatMap((name) => this.#book.get(podNamespace(pod), name) ?? []);
    } catch {
      // Its claims are not made yet: it uses none.
      return [];
    }
  }

  /** How a driver's devices are; undefined: it tells no more. */
  heard(driver: string, devices: readonly DeviceHealth[] | undefined): void {
    if (!devices) {
      this.#health.forget(driver);
      return;
    }
    const changed = this.#health.tell(driver, devices, this.#deps.clock.now());
    const concerned = this.#book.all.filter(({ drivers }) =>
      drivers.get(driver)?.some((one) => changed.some(({ pool, device }) => pool === one.pool && device === one.device)),
    );
    this.#deps.changed([...new Set(concerned.flatMap(({ pods }) => [...pods]))]);
  }

  health(pod: Pod): ReadonlyMap<string, readonly ResourceStatus[]> {
    const statuses = (podSpec(pod).containers ?? []).map((container) => {
      const asked = container.resources?.claims ?? [];
      const list = asked.map(({ name, request }) => ({
        name: request ? `claim:${name}/${request}` : `claim:${name}`,
        resources: this.#healthOf(pod, name, request ?? ''),
      }));
      return [container.name, list.filter(({ resources }) => resources.length > 0)] as const;
    });
    return new Map(statuses.filter(([, list]) => list.length > 0));
  }

  #healthOf(pod: Pod, entry: string, request: string): NonNullable<ResourceStatus['resources']> {
    const made = pod.status?.resourceClaimStatuses?.find(({ name }) => name === entry)?.resourceClaimName;
    const named = podSpec(pod).resourceClaims?.find(({ name }) => name === entry)?.resourceClaimName;
    const claim = this.#book.get(podNamespace(pod), made ?? named ?? '');
    const found = (claim ? devicesFor(claim, request) : []).map(({ driver, pool, device, cdi }) => {
      const { health, message } = this.#health.of(driver, pool, device, this.#deps.clock.now());
      return { resourceID: cdi[0] ?? `${driver}/${pool}/${device}`, health, ...(message ? { message } : {}) };
    });
    return [...new Map(found.toReversed().map((one) => [one.resourceID, one])).values()].toReversed();
  }

  /** The pod's claims as the server has them. @throws Error in Kubernetes' words unless it may use each. */
  async #find(pod: Pod): Promise<readonly ResourceClaim[]> {
    const found: ResourceClaim[] = [];
    for (const use of usesOf(pod)) {
      const claim = await this.#deps.api.get(ResourceClaim, { namespace: podNamespace(pod), name: use.claim }).catch((error: unknown) => {
        throw new Error(`fetch ResourceClaim ${use.claim}: ${errorMessage(error)}`, { cause: error });
      });
      const problem = whyNot(pod, claim, use);
      if (problem !== undefined) throw new Error(problem);
      found.push(claim);
    }
    return found;
  }

  async #prepareWith(name: string, batch: readonly Claim[]): Promise<void> {
    const answers = await this.#deps.drivers.get(name).prepare(batch.map(askedOf));
    for (const [claim, { devices }] of checked('NodePrepareResources', batch, answers)) this.#book.provide(claim, name, devicesOf(devices));
  }

  async #release(pod: string): Promise<void> {
    const keys = this.#book.of(pod).map(({ namespace, name }) => `${namespace}/${name}`);
    if (keys.length > 0) await this.#turns.run(keys, () => this.#giveBack(pod));
  }

  async #giveBack(pod: string): Promise<void> {
    const used = this.#book.of(pod);
    for (const claim of used.filter(({ pods }) => pods.size > 1)) this.#book.leave(claim, pod);
    const last = used.filter(({ pods }) => pods.size === 1);
    for (const [name, batch] of batchesOf(last)) {
      const answers = await this.#deps.drivers.get(name).unprepare(batch.map(askedOf));
      checked('NodeUnprepareResources', batch, answers);
    }
    for (const claim of last) this.#book.remove(claim);
    await this.#save();
  }

  async #save(): Promise<void> {
    await this.#file
      .write(() => checkpointText(this.#book.all))
      .catch((error: unknown) => {
        throw new Error(`checkpoint ResourceClaim state: ${errorMessage(error)}`, { cause: error });
      });
  }
}

/** The claims in which each driver has a part. */
function batchesOf(claims: readonly Claim[]): Batches {
  const names = new Set(claims.flatMap(({ drivers }) => [...drivers.keys()]));
  return new Map([...names].map((name) => [name, claims.filter(({ drivers }) => drivers.has(name))]));
}

/** Each claim with its answer. @throws Error in Kubernetes' words unless there is a good one to each. */
function checked<T extends { readonly error: string }>(
  call: string,
  batch: readonly Claim[],
  answers: ReadonlyMap<string, T>,
): readonly (readonly [Claim, T])[] {
  const found = [...answers].map(([uid, answer]) => {
    const claim = batch.find((one) => one.uid === uid);
    if (!claim) throw new Error(`${call} returned result for unknown claim UID ${uid}`);
    if (answer.error !== '') throw new Error(`${call} failed for ResourceClaim ${claim.name}: ${answer.error}`);
    return [claim, answer] as const;
  });
  const skipped = batch.length - found.length;
  if (skipped > 0) throw new Error(`${call} skipped ${skipped} ResourceClaims`);
  return found;
}

function identityOf({ metadata }: ResourceClaim): Pick<Claim, 'uid' | 'name' | 'namespace'> {
  return { uid: metadata.uid ?? '', name: metadata.name ?? '', namespace: metadata.namespace ?? '' };
}

function askedOf({ namespace, uid, name }: Claim): Asked {
  return { namespace, uid, name };
}

function devicesOf(devices: NodePrepareResourceResponse['devices']): readonly ClaimDevice[] {
  return devices.map(({ poolName, deviceName, shareId, requestNames, cdiDeviceIds }) => {
    return { pool: poolName, device: deviceName, ...(shareId === undefined ? {} : { shareId }), requests: requestNames, cdi: cdiDeviceIds };
  });
}
