import { type Clock, errorMessage, type Logger, microTimestamp, type Random, sleep, systemRandom } from '@keelson/base';
import { type Api, ApiError } from '@keelson/client';
import { Lease } from '@keelson/types';
import { unlessAborted } from './abort.ts';
import type { LeaderElectionOptions } from './types.ts';

/** How much longer than the retry period a candidate waits at most, so that candidates spread. */
const jitter = 1.2;

/**
 * Waits for the lease, runs `onLead` while holding it and gives it back. Resolves when the signal aborted or `onLead` resolved. Rejects
 * with what `onLead` threw, or when the lease could not be renewed in time: then `onLead`'s signal aborts first, and the process should end,
 * as another may lead already. Others' leases are judged by when this clock saw them change, never by the times they carry.
 */
export async function runWithLease(
  api: Api,
  options: LeaderElectionOptions,
  clock: Clock,
  log: Logger,
  signal: AbortSignal,
  onLead: (signal: AbortSignal) => Promise<void>,
  random: Random = systemRandom,
): Promise<void> {
  const candidate = new Candidate(api, options, clock, log);
  const { retryPeriod = 2000 } = options;
  log.info(`attempting to acquire leader lease ${candidate.name}...`);
  while (!(await candidate.tryAcquireOrRenew(signal))) {
    if (signal.aborted) return;
    await sleep(clock, retryPeriod * (1 + jitter * random.next()), signal).catch(() => undefined);
    if (signal.aborted) return;
  }
  log.info(`successfully acquired lease ${candidate.name}`);
  await lead(candidate, options, clock, signal, onLead);
}

async function lead(
  candidate: Candidate,
  { renewDeadline = 10_000, retryPeriod = 2000 }: LeaderElectionOptions,
  clock: Clock,
  signal: AbortSignal,
  onLead: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const leading = new AbortController();
  const renewing = new AbortController();
  const stop = (): void => leading.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const lost = renew(candidate, clock, renewDeadline, retryPeriod, renewing.signal).then((error) => {
    leading.abort(error);
    return error;
  });
  try {
    const work = onLead(leading.signal);
    const error = await Promise.race([lost, work.then(() => undefined)]);
    if (!error) return;
    // Whoever ignores the signal must not keep the process from ending.
    work.catch(() => undefined);
    throw error;
  } finally {
    renewing.abort();
    signal.removeEventListener('abort', stop);
    if (!(await lost)) await candidate.release();
  }
}

/** Renews until told to stop; the error tells that the lease is lost. One request that is never answered does not cost the lease. */
async function renew(candidate: Candidate, clock: Clock, deadline: number, period: number, stop: AbortSignal): Promise<Error | undefined> {
  let renewed = clock.now();
  for (;;) {
    await sleep(clock, period, stop).catch(() => undefined);
    if (stop.aborted) return undefined;
    const limit = new AbortController();
    const patience = Math.min(renewed + deadline - clock.now(), deadline / 2);
    const timer = clock.after(patience, () => limit.abort(new Error('timed out waiting for the condition')));
    const held = await candidate.tryAcquireOrRenew(AbortSignal.any([stop, limit.signal]));
    timer.cancel();
    if (stop.aborted) return undefined;
    if (held) renewed = clock.now();
    else if (clock.now() - renewed >= deadline) return new Error(`leader election lost: failed to renew lease ${candidate.name}`);
  }
}

class Candidate {
  readonly name: string;
  readonly #api: Api;
  readonly #options: LeaderElectionOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  #observed: Lease | undefined;
  #observedAt = 0;

  constructor(api: Api, options: LeaderElectionOptions, clock: Clock, log: Logger) {
    this.#api = api;
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.name = `${options.lease.namespace}/${options.lease.name}`;
  }

  /** True when this candidate holds the lease afterwards. Never rejects: an error is logged and is no lease. */
  async tryAcquireOrRenew(signal: AbortSignal): Promise<boolean> {
    try {
      if (this.#isMine() && this.#isValid()) return await this.#renewKnown(signal);
      return await this.#takeIfFree(signal);
    } catch (error) {
      if (!signal.aborted) this.#log.error(`error retrieving or updating lease lock ${this.name}: ${errorMessage(error)}`);
      return false;
    }
  }

  /** Lets the next candidate in without waiting. Failing that, it waits for the lease to run out. */
  async release(): Promise<void> {
    if (!this.#isMine()) return;
    const now = microTimestamp(this.#clock);
    try {
      await this.#write({ holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now });
    } catch (error) {
      this.#log.error(`failed to release lock ${this.name}: ${errorMessage(error)}`);
    }
  }

  /** Renews from what is known of the lease; a conflict says that it must be looked at again. */
  async #renewKnown(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#write(this.#renewed(), signal);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return this.#takeIfFree(signal);
    }
  }

  async #takeIfFree(signal: AbortSignal): Promise<boolean> {
    // The call itself cannot be aborted, and a server that does not answer must not keep a lost lease from being noticed.
    const lease = await unlessAborted(signal, this.#look());
    if (!lease) return this.#create(signal);
    this.#observe(lease);
    const { holderIdentity, leaseTransitions = 0 } = lease.spec ?? {};
    if (this.#isMine()) await this.#write(this.#renewed(), signal);
    else if (holderIdentity && this.#isValid()) return false;
    else await this.#write({ ...this.#mine(), leaseTransitions: leaseTransitions + 1 }, signal);
    return true;
  }

  async #look(): Promise<Lease | undefined> {
    try {
      return await this.#api.get(Lease, this.#options.lease);
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return undefined;
      throw error;
    }
  }

  async #create(signal: AbortSignal): Promise<boolean> {
    const { name, namespace } = this.#options.lease;
    const spec = { ...this.#mine(), leaseTransitions: 0 };
    const metadata = { name, ...(namespace ? { namespace } : {}) };
    this.#observe(await this.#api.create(Lease, { apiVersion: Lease.apiVersion, kind: Lease.kind, metadata, spec }, { signal }));
    return true;
  }

  async #write(spec: NonNullable<Lease['spec']>, signal?: AbortSignal): Promise<void> {
    if (!this.#observed) return;
    const next = { ...this.#observed, spec: { ...this.#observed.spec, ...spec } };
    this.#observe(await this.#api.update(Lease, next, { signal }));
  }

  #mine(): NonNullable<Lease['spec']> {
    const now = microTimestamp(this.#clock);
    const { identity, leaseDuration = 15_000 } = this.#options;
    return { holderIdentity: identity, leaseDurationSeconds: Math.floor(leaseDuration / 1000), acquireTime: now, renewTime: now };
  }

  /** The same leadership, still alive. */
  #renewed(): NonNullable<Lease['spec']> {
    const { acquireTime: _, ...rest } = this.#mine();
    return rest;
  }

  #observe(lease: Lease): void {
    const changed = JSON.stringify(lease.spec) !== JSON.stringify(this.#observed?.spec);
    this.#observed = lease;
    if (changed) this.#observedAt = this.#clock.now();
  }

  #isMine(): boolean {
    return this.#observed?.spec?.holderIdentity === this.#options.identity;
  }

  /** By the holder's own duration, counted from when this clock saw the lease change. */
  #isValid(): boolean {
    const seconds = this.#observed?.spec?.leaseDurationSeconds ?? 0;
    return this.#observedAt + seconds * 1000 > this.#clock.now();
  }
}
