import { type Clock, errorMessage, type Logger, sleep, timestamp } from '@keelson/base';
import { type Api, ApiError } from '@keelson/client';
import { Node } from '@keelson/types';
import { type NodeView, nodeObject, nodeStatus, withoutOldDevices } from './object.ts';

const updateEvery = 10_000;
/** A node that is not ready yet is looked at this often, so that it is Ready as soon as it can be. */
const hurryEvery = 200;
/** An unchanged status is written this often; the lease says in between that the node lives. */
const reportEvery = 300_000;

const machineLabels = ['kubernetes.io/os', 'kubernetes.io/arch'];

/** Keeps the Node object of this node: made at once with its first status, then kept up to date. */
export class Registration {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #view: () => Promise<NodeView>;
  #node: Node | undefined;
  #written = '';
  #writtenAt = 0;
  #wake: (() => void) | undefined;

  constructor(api: Api, clock: Clock, log: Logger, view: () => Promise<NodeView>) {
    this.#api = api;
    this.#clock = clock;
    this.#log = log;
    this.#view = view;
  }

  /** The Node as the server last gave it. */
  get node(): Node | undefined {
    return this.#node;
  }

  /** Registers, trying again with back-off until it works or the signal aborts. Where others make the Node, waits for it. */
  async register(signal: AbortSignal): Promise<void> {
    for (let delay = 100; !signal.aborted; delay = Math.min(delay * 2, 7_000)) {
      try {
        return await this.#registerOnce();
      } catch (error) {
        this.#log.warn('cannot register node', { error: errorMessage(error) });
        await sleep(this.#clock, delay, signal).catch(() => undefined);
      }
    }
  }

  /** Writes the status whenever something of it changed, until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    while (!signal.aborted) {
      await this.#waitForTurn();
      if (!signal.aborted)
        await this.update().catch((error: unknown) => this.#log.warn('cannot write node status', { error: errorMessage(error) }));
    }
  }

  /** Something worth telling at once: the next turn comes now. */
  poke(): void {
    this.#wake?.();
  }

  /** @throws ApiError when the server refuses. */
  async update(): Promise<void> {
    await this.#update(await this.#view());
  }

  async #update(view: NodeView, begins = false): Promise<void> {
    const present = await this.#api.get(Node, { name: view.identity.name }).catch(() => this.#node);
    await this.#correct(view, present);
    await this.#write(begins ? withoutOldDevices(view, present?.status) : view, present);
  }

  async #write(view: NodeView, present: Node | undefined): Promise<void> {
    const status = nodeStatus(view, present?.status, timestamp(this.#clock));
    const content = withoutHeartbeat(status);
    const overruled = status?.conditions?.some(
      ({ type, status: own }) => present?.status?.conditions?.find((one) => one.type === type)?.status !== own,
    );
    if (!overruled && content === this.#written && this.#clock.now() - this.#writtenAt < reportEvery) return;
    try {
      const key = { name: view.identity.name };
      this.#node = await this.#api.patch(Node, key, 'application/strategic-merge-patch+json', { status }, { subresource: 'status' });
    } catch (error) {
      if (error instanceof ApiError && error.code === 404 && view.identity.register !== false) return this.#registerOnce();
      throw error;
    }
    this.#written = content;
    this.#writtenAt = this.#clock.now();
  }

  /** What a Node says of its machine is the kubelet's to know, whoever changed it, as in Kubernetes. */
  async #correct(view: NodeView, present: Node | undefined): Promise<void> {
    const known = nodeObject(view, timestamp(this.#clock)).metadata?.labels;
    const wrong = machineLabels.filter((name) => present && present.metadata?.labels?.[name] !== known?.[name]);
    if (wrong.length === 0) return;
    const labels = Object.fromEntries(wrong.map((name) => [name, known?.[name]]));
    this.#node = await this.#api.patch(Node, { name: view.identity.name }, 'application/strategic-merge-patch+json', {
      metadata: { labels },
    });
  }

  async #registerOnce(): Promise<void> {
    const view = await this.#view();
    if (view.identity.register === false) return this.#update(view, true);
    const wanted = nodeObject(view, timestamp(this.#clock));
    try {
      this.#node = await this.#api.create(Node, wanted);
      this.#written = withoutHeartbeat(wanted.status);
      this.#writtenAt = this.#clock.now();
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 409) throw error;
      // Known from before: its labels are brought up to date, its taints and annotations are others' by now.
      const key = { name: view.identity.name };
      this.#node = await this.#api.patch(Node, key, 'application/strategic-merge-patch+json', {
        metadata: { labels: wanted.metadata?.labels },
      });
      await this.#update(view, true);
    }
  }

  #waitForTurn(): Promise<void> {
    return new Promise((resolve) => {
      const ready = this.#node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
      const timer = this.#clock.after(ready ? updateEvery : hurryEvery, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

function withoutHeartbeat(status: Node['status']): string {
  return JSON.stringify(status, (key, value: unknown) => (key === 'lastHeartbeatTime' ? undefined : value));
}
