/** One device of a claim as its driver made it ready. */
export interface ClaimDevice {
  readonly pool: string;
  readonly device: string;
  /** Which share of a device that several use. */
  readonly shareId?: string | undefined;
  /** The requests it is for; none: all. */
  readonly requests: readonly string[];
  /** Names of the Container Device Interface. */
  readonly cdi: readonly string[];
}

/** A claim that pods of the node use. */
export interface Claim {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly pods: ReadonlySet<string>;
  /** What its drivers made ready; each that has a part in it stands here. */
  readonly drivers: ReadonlyMap<string, readonly ClaimDevice[]>;
  /** By this kubelet: what one before made ready is asked for again, which drivers must put up with. */
  readonly prepared: boolean;
}

/** The claims in use on the node. */
export class ClaimBook {
  readonly #claims = new Map<string, Claim>();

  constructor(claims: readonly Claim[] = []) {
    for (const claim of claims) this.#set(claim);
  }

  get all(): readonly Claim[] {
    return [...this.#claims.values()];
  }

  get(namespace: string, name: string): Claim | undefined {
    return this.#claims.get(`${namespace}/${name}`);
  }

  /** A pod is going to use a claim. @throws Error in Kubernetes' words while another claim of that name is in use. */
  use(wanted: Pick<Claim, 'uid' | 'name' | 'namespace'>, drivers: readonly string[], pod: string): Claim {
    const known = this.get(wanted.namespace, wanted.name);
    if (known && known.uid !== wanted.uid)
      throw new Error(
        `old ResourceClaim with same name ${wanted.name} and different UID ${known.uid} still exists (previous pod force-deleted?!)`,
      );
    const fresh = { ...wanted, pods: new Set<string>(), drivers: new Map(drivers.map((driver) => [driver, []])), prepared: false };
    const claim = known ?? fresh;
    return this.#set({ ...claim, pods: new Set([...claim.pods, pod]) });
  }

  /** What a driver made ready for a claim, in the place of what it said before. */
  provide({ namespace, name }: Claim, driver: string, devices: readonly ClaimDevice[]): void {
    const claim = this.get(namespace, name);
    if (claim) this.#set({ ...claim, drivers: new Map([...claim.drivers, [driver, devices]]) });
  }

  finish({ namespace, name }: Claim): void {
    const claim = this.get(namespace, name);
    if (claim) this.#set({ ...claim, prepared: true });
  }

  /** A pod uses a claim no more that others use. */
  leave({ namespace, name, ...claim }: Claim, pod: string): void {
    this.#set({ ...claim, namespace, name, pods: new Set([...claim.pods].filter((uid) => uid !== pod)) });
  }

  remove({ namespace, name }: Claim): void {
    this.#claims.delete(`${namespace}/${name}`);
  }

  /** The claims that a pod uses. */
  of(pod: string): readonly Claim[] {
    return this.all.filter(({ pods }) => pods.has(pod));
  }

  #set(claim: Claim): Claim {
    this.#claims.set(`${claim.namespace}/${claim.name}`, claim);
    return claim;
  }
}
