import type { Logger } from '@keelson/base';
import type { Api } from '@keelson/client';
import { type Node, Pod } from '@keelson/types';
import { type Bound, bind } from './binder.ts';
import type { PodInfo } from './cache/pod-info.ts';
import type { Around } from './cycle/cycle.ts';
import { type DeviceBinder, deviceMessage } from './devices/binder.ts';
import type { Extenders } from './extenders/extenders.ts';
import { bindingMessage, type Reservation, type Timeouts, type VolumeBinder } from './volumes/binder.ts';

export interface BindCycleDeps {
  readonly api: Api;
  readonly log: Logger;
  readonly extenders?: Extenders | undefined;
  readonly volumes: VolumeBinder;
  readonly devices: DeviceBinder;
}

/** What a pod gets besides its node, and how it is told when it does not. */
interface Reserved {
  readonly of: Reservation;
  readonly why: (error: unknown) => string;
}

/** What is left to do for a pod that has its node: its volumes, its devices, then the binding. */
export class BindCycle {
  readonly #deps: BindCycleDeps;
  #bindings = 0;

  constructor(deps: BindCycleDeps) {
    this.#deps = deps;
  }

  /** Bindings under way. Who waits for volumes or devices takes nobody's place. */
  get bindings(): number {
    return this.#bindings;
  }

  /** What the pod gets on the node is kept for it from now on. `run` never rejects, and gives it back unless the pod is bound. */
  reserve(info: PodInfo, node: Node, { volumes, devices }: Around): { run(timeouts: Timeouts): Promise<Bound> } {
    const reserved: Reserved[] = [
      ...(volumes ? [{ of: this.#deps.volumes.reserve(volumes, node), why: bindingMessage }] : []),
      ...(devices ? [{ of: this.#deps.devices.reserve(info.pod, devices, node), why: deviceMessage }] : []),
    ];
    const run = async (timeouts: Timeouts): Promise<Bound> => {
      const bound = await this.#run(info, node.metadata.name ?? '', reserved, timeouts);
      if (bound.type !== 'bound') for (const { of } of reserved) of.release();
      return bound;
    };
    return { run };
  }

  async #run(info: PodInfo, node: string, reserved: readonly Reserved[], timeouts: Timeouts): Promise<Bound> {
    if (reserved.some(({ of }) => of.works)) await this.#expect(info, node);
    for (const { of, why } of reserved) {
      try {
        await of.bind(timeouts);
      } catch (error) {
        return { type: 'failed', why: why(error) };
      }
    }
    this.#bindings++;
    try {
      return (await this.#deps.extenders?.bind(info, node)) ?? (await bind(this.#deps.api, info, node));
    } finally {
      this.#bindings--;
    }
  }

  /** Until it is bound the pod says where it is to go. */
  async #expect({ key, namespace, pod }: PodInfo, node: string): Promise<void> {
    if (pod.status?.nominatedNodeName === node) return;
    const at = { name: pod.metadata.name ?? '', namespace };
    const patch = { status: { nominatedNodeName: node } };
    await this.#deps.api
      .patch(Pod, at, 'application/strategic-merge-patch+json', patch, { subresource: 'status' })
      .catch((error) => this.#deps.log.warn('pod status could not be written', { pod: key, err: error }));
  }
}
