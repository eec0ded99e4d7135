import { Backoff, type Clock, errorMessage, type Logger, sleep } from '@keelson/base';
import type { HealthCheck } from '@keelson/component';

/** What must have been tried once, and what must have succeeded, before the server is ready: as far as upstream's waits for it. */
const parts = {
  addressRanges: 'tried',
  addressRepair: 'tried',
  definitions: 'done',
  extensionAuthentication: 'tried',
  fairnessLevels: 'done',
  fairnessObjects: 'done',
  kubernetesService: 'tried',
  localServices: 'done',
  namespaces: 'tried',
  priorityClasses: 'done',
  registeredServices: 'done',
  roles: 'done',
  tokenTracking: 'tried',
} as const;

export type Part = keyof typeof parts;

/** Checks by upstream's names, in its order, and the part each waits for. Without a part, nothing is left to do once there is a server. */
const hooks: ReadonlyArray<readonly [name: string, part?: Part]> = [
  ['poststarthook/start-apiserver-admission-initializer'],
  ['poststarthook/generic-apiserver-start-informers'],
  ['poststarthook/priority-and-fairness-config-consumer', 'fairnessLevels'],
  ['poststarthook/priority-and-fairness-filter'],
  ['poststarthook/storage-object-count-tracker-hook'],
  ['poststarthook/start-apiextensions-informers'],
  ['poststarthook/start-apiextensions-controllers', 'definitions'],
  ['poststarthook/crd-informer-synced', 'definitions'],
  ['poststarthook/start-system-namespaces-controller', 'namespaces'],
  ['poststarthook/peer-endpoint-reconciler-controller'],
  ['poststarthook/start-cluster-authentication-info-controller', 'extensionAuthentication'],
  ['poststarthook/start-kube-apiserver-identity-lease-controller'],
  ['poststarthook/start-kube-apiserver-identity-lease-garbage-collector'],
  ['poststarthook/storage-readiness'],
  ['poststarthook/start-legacy-token-tracking-controller', 'tokenTracking'],
  ['poststarthook/start-service-ip-repair-controllers', 'addressRepair'],
  ['poststarthook/rbac/bootstrap-roles', 'roles'],
  ['poststarthook/scheduling/bootstrap-system-priority-classes', 'priorityClasses'],
  ['poststarthook/priority-and-fairness-config-producer', 'fairnessObjects'],
  ['poststarthook/bootstrap-controller', 'kubernetesService'],
  ['poststarthook/start-kubernetes-service-cidr-controller', 'addressRanges'],
  ['poststarthook/aggregator-reload-proxy-client-cert'],
  ['poststarthook/start-kube-aggregator-informers'],
  ['poststarthook/apiservice-status-local-available-controller'],
  ['poststarthook/apiservice-status-remote-available-controller'],
  ['poststarthook/apiservice-registration-controller', 'registeredServices'],
  ['poststarthook/apiservice-discovery-controller'],
  ['poststarthook/kube-apiserver-autoregistration', 'localServices'],
  ['autoregister-completion', 'localServices'],
  ['poststarthook/apiservice-openapi-controller'],
  ['poststarthook/apiservice-openapiv3-controller'],
];

/** Milliseconds between one try of a part and the next. */
const tries = { initial: 1_000, max: 30_000 };

export interface StartupOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** What an API server sets going at its start, part by part, and what its readiness tells of each. */
export class Startup {
  readonly #options: StartupOptions;
  readonly #ready = new Set<Part>();

  constructor(options: StartupOptions) {
    this.#options = options;
  }

  /** Resolves when a part was tried once. What failed is tried again, beside everything else, until it succeeds or the signal aborts. */
  async run(part: Part, work: () => Promise<unknown>): Promise<void> {
    if (!(await this.#try(part, work))) void this.#again(part, work);
  }

  checks(): HealthCheck[] {
    const check = (part: Part | undefined): void => {
      if (part && !this.#ready.has(part)) throw new Error('not finished');
    };
    return hooks.map(([name, part]) => ({ name, check: () => check(part) }));
  }

  async #again(part: Part, work: () => Promise<unknown>): Promise<void> {
    const { clock, signal } = this.#options;
    const backoff = new Backoff(tries, clock);
    do await sleep(clock, backoff.next(''), signal).catch(() => undefined);
    while (!signal.aborted && !(await this.#try(part, work)));
  }

  async #try(part: Part, work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      this.#ready.add(part);
      return true;
    } catch (error) {
      if (!this.#options.signal.aborted) this.#options.log.error('bootstrap incomplete; trying again', { part, err: errorMessage(error) });
      if (parts[part] === 'tried') this.#ready.add(part);
      return false;
    }
  }
}
