import { type Clock, errorMessage, type Logger, rfc3339, sleep } from '@keelson/base';
import { type Api, ApiError, type KubeObject } from '@keelson/client';
import { Event } from '@keelson/types';
import { EventCorrelator, type EventSubject, type Occurrence, type Told } from './event-correlator.ts';
import type { EventRecorder } from './types.ts';

export interface EventRecorderOptions {
  readonly api: Api;
  /** Who tells: `replicaset-controller`, `kubelet`. */
  readonly component: string;
  /** The node, for those that run on one. */
  readonly host?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
}

/** Events that wait to be sent; more are dropped. */
const queueLength = 10_000;

/**
 * Where more than `flood` wait, they make way for the work they tell of: they are sent once nothing new has been told for `quiet`, or when they
 * are `oldest` old; milliseconds.
 */
const flood = 25;
const quiet = 100;
const oldest = 2000;

const attempts = 12;
const retryDelay = 10_000;

/**
 * Sends Events one after the other in the background, with client-go's joining, flood limit and retries. Of very many, all but the first wait
 * until there is time for them.
 */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new QueuedEventRecorder(options);
}

class QueuedEventRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #correlator: EventCorrelator;
  readonly #queue: (Occurrence & { readonly at: number })[] = [];
  #sending = false;
  #lastTold = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#correlator = new EventCorrelator(`${options.component}/${options.host ?? ''}`);
  }

  event(about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string, detail?: { fieldPath?: string }): void {
    const { log, clock } = this.#options;
    log.debug('event', { object: about.metadata.name, kind: about.kind, type, reason, message });
    if (this.#queue.length >= queueLength) {
      log.warn('unable to record event: too many queued events, dropped event', { reason });
      return;
    }
    this.#lastTold = clock.now();
    this.#queue.push({ about: subjectOf(about, detail?.fieldPath), type, reason, message, at: this.#lastTold });
    if (!this.#sending) void this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    for (let next = this.#queue.shift(); next && !this.#options.signal?.aborted; next = this.#queue.shift()) {
      const told = this.#correlator.correlate(next, next.at);
      if (!told) continue;
      await this.#makeWay(next.at);
      await this.#send(next, told);
    }
    this.#sending = false;
  }

  /** Waits while there is a flood. `at`: when what is to be sent happened. */
  async #makeWay(at: number): Promise<void> {
    const { clock, signal } = this.#options;
    while (this.#queue.length >= flood) {
      const wait = Math.min(this.#lastTold + quiet, at + oldest) - clock.now();
      // More than `quiet`: the clock was set back.
      if (wait <= 0 || wait > quiet) return;
      await sleep(clock, wait, signal).catch(() => undefined);
      if (signal?.aborted) return;
    }
  }

  async #send(occurrence: Occurrence, told: Told): Promise<void> {
    const { clock, log, signal } = this.#options;
    for (let attempt = 1; attempt <= attempts && !signal?.aborted; attempt++) {
      try {
        return await this.#record(occurrence, told);
      } catch (error) {
        if (error instanceof ApiError) return this.#refused(error, told);
        log.warn(`unable to write event (may retry after sleeping): ${errorMessage(error)}`, { event: told.name });
        if (attempt < attempts) await sleep(clock, retryDelay, signal).catch(() => undefined);
      }
    }
  }

  async #record(occurrence: Occurrence, told: Told): Promise<void> {
    const { api } = this.#options;
    const namespace = namespaceOf(occurrence.about);
    if (told.count > 1) {
      const { count, message } = told;
      const change = { count, message, lastTimestamp: rfc3339(told.last) };
      try {
        await api.patch(Event, { name: told.name, namespace }, 'application/strategic-merge-patch+json', change);
        return;
      } catch (error) {
        // Events live for an hour: the one that was to be counted up may be gone.
        if (!(error instanceof ApiError) || error.code !== 404) throw error;
      }
    }
    await api.create(Event, eventOf(occurrence, told, this.#options));
  }

  #refused(error: ApiError, told: Told): void {
    const { log } = this.#options;
    if (error.reason === 'AlreadyExists') return;
    const ending = error.status.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating');
    log[ending ? 'debug' : 'warn'](`server rejected event (will not retry): ${error.message}`, { event: told.name });
  }
}

function subjectOf(about: KubeObject, fieldPath: string | undefined): EventSubject {
  const { namespace, name = '', uid = '', resourceVersion } = about.metadata;
  return {
    apiVersion: about.apiVersion ?? '',
    kind: about.kind ?? '',
    name,
    uid,
    ...(namespace ? { namespace } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
    ...(fieldPath ? { fieldPath } : {}),
  };
}

/** Events about cluster-scoped objects are kept in `default`. */
function namespaceOf(about: EventSubject): string {
  return about.namespace ?? 'default';
}

function eventOf(
  { about, type, reason }: Occurrence,
  told: Told,
  { component, host }: Pick<EventRecorderOptions, 'component' | 'host'>,
): Event {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: told.name, namespace: namespaceOf(about) },
    involvedObject: { ...about },
    type,
    reason,
    message: told.message,
    source: { component, ...(host ? { host } : {}) },
    firstTimestamp: rfc3339(told.first),
    lastTimestamp: rfc3339(told.last),
    count: told.count,
    reportingComponent: component,
    reportingInstance: host ?? '',
  };
}
