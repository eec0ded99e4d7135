import { errorMessage } from '@keelson/base';
import type { Expectations, Key, ReconcileContext } from '@keelson/runtime';
import { PersistentVolumeClaim, Pod, type StatefulSet } from '@keelson/types';
import { isAlreadyThere, isGone, isNamespaceEnding } from '../../api-errors.ts';
import type { Step } from './types.ts';

/** Carries out the steps of one set's plan, and says so in events about it. */
export class StepTaker {
  readonly #key: Key;
  readonly #set: StatefulSet;
  readonly #expectations: Expectations;
  readonly #context: ReconcileContext;

  constructor(key: Key, set: StatefulSet, expectations: Expectations, context: ReconcileContext) {
    this.#key = key;
    this.#set = set;
    this.#expectations = expectations;
    this.#context = context;
  }

  /** Resolves to what went wrong, if anything. In a namespace that ends, creations are refused and nothing is wrong. */
  async take(step: Step): Promise<unknown> {
    try {
      await this.#take(step);
      return undefined;
    } catch (error) {
      return isNamespaceEnding(error) ? undefined : error;
    }
  }

  async #take(step: Step): Promise<void> {
    switch (step.type) {
      case 'create':
        return this.#telling('create', step.pod, async () => {
          await this.#ensureClaims(step);
          this.#written(await this.#context.api.create(Pod, step.pod));
        });
      case 'update':
        return this.#telling('update', step.pod, async () => {
          await this.#ensureClaims(step);
          this.#written(await this.#context.api.update(Pod, step.pod));
        });
      case 'claims':
        await this.#ensureClaims(step);
        return;
      case 'delete':
        return this.#telling('delete', step.pod, () => this.#delete(step.pod));
      default:
        await this.#context.api.update(PersistentVolumeClaim, step.claim);
    }
  }

  #written(pod: Pod): void {
    this.#expectations.written(this.#key, this.#context.of(Pod), pod);
  }

  /** Of the pod that was looked at, not of one that has its name by now. */
  async #delete(pod: Pod): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata;
    try {
      await this.#context.api.delete(Pod, { name, namespace }, { preconditions: { uid } });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    this.#expectations.deleted(this.#key, this.#context.of(Pod), pod);
  }

  /** Every claim is tried. @throws what was wrong with any of them: their pod has to wait for the next. */
  async #ensureClaims({ pod, claims }: { pod: Pod; claims: readonly PersistentVolumeClaim[] }): Promise<void> {
    const failures: Error[] = [];
    for (const claim of claims) {
      try {
        await this.#ensureClaim(pod, claim);
      } catch (error) {
        if (isNamespaceEnding(error)) throw error;
        failures.push(error as Error);
      }
    }
    const [first, ...more] = failures;
    if (more.length > 0) throw new AggregateError(failures, `[${[...new Set(failures.map(errorMessage))].join(', ')}]`);
    if (first) throw first;
  }

  /** @throws also for a claim that is on its way out. */
  async #ensureClaim(pod: Pod, wanted: PersistentVolumeClaim): Promise<void> {
    const { api, of, events } = this.#context;
    const { name = '', namespace } = wanted.metadata;
    const there = of(PersistentVolumeClaim).get(`${namespace}/${name}`);
    if (there?.metadata.deletionTimestamp) throw new Error(`pvc ${name} is being deleted`);
    if (there) return;
    const about = `Claim ${name}`;
    const whose = `Pod ${pod.metadata.name} in StatefulSet ${this.#set.metadata.name}`;
    try {
      await api.create(PersistentVolumeClaim, wanted);
    } catch (error) {
      if (isAlreadyThere(error)) return;
      events.event(this.#set, 'Warning', 'FailedCreate', `create ${about} for ${whose} failed error: ${errorMessage(error)}`);
      if (isNamespaceEnding(error)) throw error;
      throw new Error(`failed to create PVC ${name}: ${errorMessage(error)}`, { cause: error });
    }
    events.event(this.#set, 'Normal', 'SuccessfulCreate', `create ${about} ${whose} success`);
  }

  async #telling(verb: 'create' | 'update' | 'delete', { metadata }: Pod, act: () => Promise<void>): Promise<void> {
    const { events } = this.#context;
    const what = `${verb} Pod ${metadata.name} in StatefulSet ${this.#set.metadata.name}`;
    const reason = verb.replace(/^./, (letter) => letter.toUpperCase());
    try {
      await act();
    } catch (error) {
      // A pod of that name that was not seen yet, or is somebody else's: it is tried again.
      if (verb === 'create' && isAlreadyThere(error)) throw error;
      if (!isNamespaceEnding(error)) events.event(this.#set, 'Warning', `Failed${reason}`, `${what} failed error: ${errorMessage(error)}`);
      throw error;
    }
    events.event(this.#set, 'Normal', `Successful${reason}`, `${what} successful`);
  }
}
