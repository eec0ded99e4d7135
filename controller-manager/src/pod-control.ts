import { errorMessage } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import type { Expectations, Key, ReconcileContext } from '@keelson/runtime';
import { Pod } from '@keelson/types';
import { isGone, isNamespaceEnding } from './api-errors.ts';
import { slowStart } from './slow-start.ts';

/** Makes and deletes pods for their owner, and says so in events about it, as upstream's controllers of pods do. */
export class PodControl {
  readonly #expectations: Expectations;

  /** What is written is expected to be seen before the owner's key is worked on again. */
  constructor(expectations: Expectations) {
    this.#expectations = expectations;
  }

  /** Makes pods, more and more at once. Resolves to the first error, after which none is begun: the rest would fail the same way. */
  create(key: Key, owner: KubeObject, pods: Iterable<Pod>, context: ReconcileContext): Promise<unknown> {
    return slowStart(pods, (pod) => this.#createOne(key, owner, pod, context));
  }

  /** Deletes pods all at once. Resolves to the first error. Those that are gone already are no error. */
  async delete(key: Key, owner: KubeObject, pods: readonly Pod[], context: ReconcileContext): Promise<unknown> {
    const errors = await Promise.all(pods.map((pod) => this.#deleteOne(key, owner, pod, context)));
    return errors.find((one) => one !== undefined);
  }

  /** In a namespace that ends, pods are refused and nothing is wrong. */
  async #createOne(key: Key, owner: KubeObject, pod: Pod, { api, events, of }: ReconcileContext): Promise<unknown> {
    try {
      const made = await api.create(Pod, pod);
      this.#expectations.written(key, of(Pod), made);
      events.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${made.metadata.name}`);
      return undefined;
    } catch (error) {
      if (isNamespaceEnding(error)) return undefined;
      events.event(owner, 'Warning', 'FailedCreate', `Error creating: ${errorMessage(error)}`);
      return error;
    }
  }

  async #deleteOne(key: Key, owner: KubeObject, pod: Pod, { api, events, of }: ReconcileContext): Promise<unknown> {
    const { name = '', namespace } = pod.metadata;
    try {
      await api.delete(Pod, { name, namespace });
      this.#expectations.deleted(key, of(Pod), pod);
      events.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
      return undefined;
    } catch (error) {
      if (isGone(error)) {
        this.#expectations.deleted(key, of(Pod), pod);
        return undefined;
      }
      events.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${errorMessage(error)}`);
      return error;
    }
  }
}
