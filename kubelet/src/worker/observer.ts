import type { Container, ContainerState, PodIdentity, Runtime, Sandbox, SandboxStatus } from '../cri/types.ts';
import { labels } from '../pod/annotations.ts';
import { newestFirst, type PodObservation } from '../pod/containers.ts';

interface Holding {
  readonly identity: PodIdentity;
  /** Ids with a fingerprint of what the last list said of them. */
  readonly sandboxes: Map<string, string>;
  readonly containers: Map<string, string>;
  /** Statuses that cannot change any more. */
  readonly ended: Map<string, ContainerState>;
}

/** Completes an ended container's state with its own last words. */
export type LastWords = (container: ContainerState) => Promise<ContainerState>;

/**
 * What the runtime holds of which pod. A relist costs two calls for the whole node; only pods for which it shows a change are then
 * looked at closely.
 */
export class Observer {
  readonly #runtime: Runtime;
  readonly #lastWords: LastWords;
  readonly #pods = new Map<string, Holding>();
  readonly #owners = new Map<string, string>();
  /** Made since the present relist was asked for: its answer may not know of them. */
  readonly #fresh = new Set<string>();

  constructor(runtime: Runtime, lastWords: LastWords) {
    this.#runtime = runtime;
    this.#lastWords = lastWords;
  }

  /** Pods of which the runtime holds anything. */
  get pods(): readonly PodIdentity[] {
    return Array.from(this.#pods.values(), (holding) => holding.identity);
  }

  /** Whose sandbox or container it is. */
  ownerOf(id: string): string | undefined {
    return this.#owners.get(id);
  }

  /** Lists everything and returns the uids of pods for which something came, went or changed. */
  async relist(): Promise<ReadonlySet<string>> {
    this.#fresh.clear();
    const [sandboxes, containers] = await Promise.all([this.#runtime.sandboxes.list(), this.#runtime.containers.list()]);
    const changed = new Set<string>();
    const seen = new Set<string>();
    const put = (uid: string, id: string, fingerprint: string, into: Map<string, string>): void => {
      if (into.get(id) !== fingerprint) changed.add(uid);
      into.set(id, fingerprint);
      seen.add(id);
      this.#owners.set(id, uid);
    };
    for (const sandbox of sandboxes) put(sandbox.uid, sandbox.id, String(sandbox.ready), this.#holding(sandbox).sandboxes);
    for (const container of containers) {
      const holding = this.#holding(identityOf(container));
      put(holding.identity.uid, container.id, container.phase, holding.containers);
    }
    this.#forgetUnseen(seen, changed);
    return changed;
  }

  /** The present state of one pod, straight from the runtime. */
  async inspect(uid: string): Promise<PodObservation> {
    const holding = this.#pods.get(uid);
    if (!holding) return { sandboxes: [], containers: [] };
    const [sandboxes, containers] = await Promise.all([
      Promise.all(Array.from(holding.sandboxes.keys(), (id) => this.#sandbox(holding, id))),
      Promise.all(Array.from(holding.containers.keys(), (id) => this.#container(holding, id))),
    ]);
    return {
      sandboxes: newestFirst(sandboxes.filter((s) => s !== undefined)),
      containers: newestFirst(containers.filter((c) => c !== undefined)),
    };
  }

  /** Notes what was just made, ahead of the next list. */
  addSandbox(identity: PodIdentity, id: string): void {
    this.#holding(identity).sandboxes.set(id, 'true');
    this.#fresh.add(id);
    this.#owners.set(id, identity.uid);
  }

  addContainer(identity: PodIdentity, id: string): void {
    this.#holding(identity).containers.set(id, '');
    this.#fresh.add(id);
    this.#owners.set(id, identity.uid);
  }

  /** Notes what was just removed. */
  drop(id: string): void {
    const holding = this.#pods.get(this.#owners.get(id) ?? '');
    holding?.sandboxes.delete(id);
    holding?.containers.delete(id);
    holding?.ended.delete(id);
    this.#owners.delete(id);
  }

  async #sandbox(holding: Holding, id: string): Promise<SandboxStatus | undefined> {
    const status = await this.#runtime.sandboxes.status(id);
    if (status) holding.sandboxes.set(id, String(status.ready));
    else this.#forget(holding.sandboxes, id);
    return status;
  }

  async #container(holding: Holding, id: string): Promise<ContainerState | undefined> {
    const known = holding.ended.get(id);
    if (known) return known;
    const state = await this.#runtime.containers.status(id);
    if (!state) {
      this.#forget(holding.containers, id);
      return undefined;
    }
    holding.containers.set(id, state.phase);
    if (state.phase !== 'exited') return state;
    const complete = await this.#lastWords(state);
    holding.ended.set(id, complete);
    return complete;
  }

  #holding(identity: PodIdentity): Holding {
    const known = this.#pods.get(identity.uid);
    if (known) return known;
    const { name, namespace, uid } = identity;
    const fresh = { identity: { name, namespace, uid }, sandboxes: new Map(), containers: new Map(), ended: new Map() };
    this.#pods.set(uid, fresh);
    return fresh;
  }

  #forgetUnseen(seen: ReadonlySet<string>, changed: Set<string>): void {
    for (const [uid, holding] of this.#pods) {
      for (const ids of [holding.sandboxes, holding.containers]) {
        for (const id of ids.keys()) {
          if (seen.has(id) || this.#fresh.has(id)) continue;
          this.#forget(ids, id);
          holding.ended.delete(id);
          changed.add(uid);
        }
      }
      if (holding.sandboxes.size + holding.containers.size === 0) this.#pods.delete(uid);
    }
  }

  #forget(ids: Map<string, string>, id: string): void {
    ids.delete(id);
    this.#owners.delete(id);
  }
}

function identityOf(object: Sandbox | Container): PodIdentity {
  const { labels: own } = object;
  return { name: own[labels.podName] ?? '', namespace: own[labels.podNamespace] ?? '', uid: own[labels.podUid] ?? '' };
}
