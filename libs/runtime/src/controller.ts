import { assert, type Clock, errorMessage, every, type Logger, type Random, sleep, WorkQueue } from '@keelson/base';
import { type Api, ApiError, type KubeObject } from '@keelson/client';
import type { Kind } from '@keelson/types';
import { restrictApi } from './access.ts';
import { kindKey } from './informers.ts';
import type {
  AnyKind,
  AnyTrigger,
  Change,
  ControllerDefinition,
  EventRecorder,
  Informer,
  Informers,
  Key,
  ReconcileContext,
  Store,
  Stores,
} from './types.ts';

/** What happens in a controller's queue, in the terms of the `workqueue_*` metrics. Times in milliseconds. */
export type Observation =
  | { readonly type: 'added'; readonly depth: number }
  | { readonly type: 'started'; readonly depth: number }
  | { readonly type: 'finished'; readonly took: number; readonly error: unknown }
  | { readonly type: 'retried' };

export interface ControllerDeps {
  readonly api: Api;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The recorder of a controller, whose events name it as their source: `replicaset-controller`. */
  readonly events: (component: string) => EventRecorder;
  readonly signal: AbortSignal;
  readonly observe?: (controller: string, observation: Observation) => void;
}

const defaultWorkers = 5;

/** Checks a definition and returns it. @throws when it is triggered by a kind that it does not declare to read. */
export function defineController(definition: ControllerDefinition): ControllerDefinition {
  const reads = new Set(definition.reads.map(kindKey));
  for (const { kind } of definition.triggers) {
    assert(reads.has(kindKey(kind)), `controller ${definition.name} reads ${kind.kind}, which triggers it`);
  }
  return definition;
}

/** Runs controllers on shared informers until the signal aborts and all work in hand is finished. */
export async function runControllers(definitions: readonly ControllerDefinition[], deps: ControllerDeps): Promise<void> {
  const controllers = definitions.map((definition) => new RunningController(definition, deps));
  try {
    await deps.informers.start(deps.signal);
  } catch (error) {
    if (deps.signal.aborted) return;
    throw error;
  }
  await Promise.all(controllers.map((controller) => controller.run()));
}

class RunningController {
  readonly #definition: ControllerDefinition;
  readonly #deps: ControllerDeps;
  readonly #log: Logger;
  readonly #queue: WorkQueue;
  readonly #informers = new Map<string, Informer<KubeObject>>();
  readonly #stores: Stores;

  constructor(definition: ControllerDefinition, deps: ControllerDeps) {
    this.#definition = definition;
    this.#deps = deps;
    this.#log = deps.log.child({ controller: definition.name });
    this.#queue = new WorkQueue(deps.clock);
    this.#stores = { of: (kind) => this.#storeOf(kind) };
    for (const kind of definition.reads) this.#informers.set(kindKey(kind), this.#informerOf(kind));
  }

  /** Resolves when the signal has aborted and the workers are done. */
  async run(): Promise<void> {
    const { signal, clock } = this.#deps;
    if (signal.aborted) return;
    const { name, triggers, workers = defaultWorkers, resyncEvery } = this.#definition;
    const unsubscribe = triggers.map((trigger) => this.#subscribe(trigger));
    signal.addEventListener('abort', () => this.#queue.close(), { once: true });
    const context = this.#context();
    const work = Array.from({ length: workers }, () => this.#work(context));
    if (resyncEvery) void this.#resync(resyncEvery);
    this.#log.debug(`${name} started`, { workers, at: clock.now() });
    await Promise.all(work);
    for (const leave of unsubscribe) leave();
  }

  #context(): ReconcileContext {
    const { api, clock, random, signal, events } = this.#deps;
    const { name } = this.#definition;
    const of = this.#stores.of;
    return { of, api: restrictApi(api, this.#definition), clock, random, signal, log: this.#log, events: events(`${name}-controller`) };
  }

  #informerOf(kind: AnyKind): Informer<KubeObject> {
    const indexes = this.#definition.triggers
      .filter((trigger) => kindKey(trigger.kind) === kindKey(kind))
      .map((trigger) => trigger.indexes);
    return this.#deps.informers.for(kind as Kind<KubeObject>, { indexes: Object.assign({}, ...indexes) });
  }

  #storeOf<T>(kind: Kind<T>): Store<T> {
    const informer = this.#informers.get(kindKey(kind));
    assert(informer, `controller ${this.#definition.name} declares that it reads ${kind.kind}`);
    // The map is by kind: the store under `kind` is of T.
    return informer.store as unknown as Store<T>;
  }

  #subscribe(trigger: AnyTrigger): () => void {
    const informer = this.#informers.get(kindKey(trigger.kind));
    assert(informer, `controller ${this.#definition.name} reads ${trigger.kind.kind}, which triggers it`);
    return informer.onChange((change: Change<unknown>) => {
      if (trigger.when && !trigger.when(change, this.#stores)) return;
      // Who lost the object has work to do as well as who got it; and who has it still has it once.
      const before = change.type === 'updated' ? trigger.keys(change.old, this.#stores) : [];
      for (const key of new Set([...trigger.keys(change.object, this.#stores), ...before])) this.#add(key);
    });
  }

  #add(key: Key): void {
    this.#queue.add(key);
    this.#observe({ type: 'added', depth: this.#queue.depth });
  }

  async #resync(period: number): Promise<void> {
    const [first] = this.#definition.triggers;
    if (!first) return;
    const { clock, signal } = this.#deps;
    const addAll = (): void => {
      for (const object of this.#storeOf(first.kind).list()) for (const key of first.keys(object, this.#stores)) this.#add(key);
    };
    // The start looked at everything.
    await sleep(clock, period, signal).catch(() => undefined);
    await every(clock, period, signal, addAll, (err) => this.#log.error(`resync failed: ${errorMessage(err)}`, { err }));
  }

  async #work(context: ReconcileContext): Promise<void> {
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      this.#observe({ type: 'started', depth: this.#queue.depth });
      const started = this.#deps.clock.now();
      const error = await this.#reconcile(key, context);
      this.#queue.done(key);
      this.#observe({ type: 'finished', took: this.#deps.clock.now() - started, error });
    }
  }

  /** Returns what reconciling threw, having put the key on its back-off. */
  async #reconcile(key: Key, context: ReconcileContext): Promise<unknown> {
    try {
      const outcome = await this.#definition.reconcile(key, context);
      this.#queue.forget(key);
      if (outcome) this.#queue.addAfter(key, outcome.again);
      return undefined;
    } catch (err) {
      if (this.#deps.signal.aborted) return err;
      const level = isOrdinary(err) ? 'debug' : 'error';
      this.#log[level](`error syncing ${key}: ${errorMessage(err)}`, level === 'debug' ? { key } : { key, err });
      this.#queue.retry(key);
      this.#observe({ type: 'retried' });
      return err;
    }
  }

  #observe(observation: Observation): void {
    this.#deps.observe?.(this.#definition.name, observation);
  }
}

/** Answers that a controller gets for having seen an older state than the server: trying again is all it takes. */
function isOrdinary(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 409 || error.code === 404);
}
