import { type Clock, type Logger, type Random, sleep } from '@keelson/base';
import { type Api, createApi, type InProcessUser } from '@keelson/client';
import { createControllerManager, metadataOnly } from '@keelson/controller-manager';
import { createEventRecorder, createInformers, runWithLease } from '@keelson/runtime';
import { createScheduler } from '@keelson/scheduler';
import { Registry } from 'prom-client';
import type { Link } from './link.ts';

export interface ControlPlaneDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly connect: (user: InProcessUser) => Link;
  readonly random: (name: string) => Random;
}

/** What one run of a component works with. */
interface Run {
  readonly api: Api;
  readonly link: Link;
  /** The Api of a service account of kube-system. */
  readonly apiFor: (serviceAccount: string) => Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Milliseconds after which whatever watches over processes starts one again that ended. */
const restartAfter = 1_000;

/** One process of the control plane that leads while it holds its lease, and is started again whenever it loses it. */
export class Component {
  readonly name: string;
  readonly #user: InProcessUser;
  readonly #deps: ControlPlaneDeps;
  readonly #lease: string;
  readonly #work: (run: Run) => Promise<void>;
  #process: Process | undefined;
  /** Whether this one is at work, holding the lease. */
  leads = false;

  constructor(name: string, lease: string, user: string, deps: ControlPlaneDeps, work: (run: Run) => Promise<void>) {
    this.name = name;
    this.#lease = lease;
    this.#deps = deps;
    this.#work = work;
    this.#user = { name: user, groups: [] };
  }

  start(): void {
    if (this.#process) return;
    this.#process = new Process(this.#deps.connect, this.#user);
    void this.#supervise(this.#process);
  }

  /** As `kill -9`: nothing is said to the server any more, and the lease stays until it runs out. */
  kill(): void {
    this.#process?.kill(new Error(`${this.name} was killed`));
    this.#process = undefined;
  }

  /** Breaks its connections. */
  cut(): void {
    this.#process?.cut();
  }

  async #supervise(process: Process): Promise<void> {
    const { clock, log } = this.#deps;
    const { signal } = process;
    for (let attempt = 0; !signal.aborted; attempt++) {
      await this.#run(process, attempt).catch((error: unknown) => {
        if (!signal.aborted) log.warn(`${this.name} ended`, { err: error });
      });
      if (!signal.aborted) await sleep(clock, restartAfter, signal).catch(() => undefined);
    }
  }

  async #run(process: Process, attempt: number): Promise<void> {
    const { clock, log: parent, random: randomOf } = this.#deps;
    const { signal: killed, link } = process;
    const random = randomOf(`${this.name}/${attempt}`);
    const log = parent.child({ component: this.name });
    const api = createApi(link, { clock });
    const apiFor = (account: string): Api => createApi(process.account(account), { clock });
    const options = { lease: { namespace: 'kube-system', name: this.#lease }, identity: this.name };
    const work = async (signal: AbortSignal): Promise<void> => {
      this.leads = true;
      try {
        await this.#work({ api, link, apiFor, clock, random, log, signal });
      } finally {
        this.leads = false;
      }
    };
    await runWithLease(api, options, clock, log, killed, work, random);
  }
}

/** What a component has from its start to its end: its connections, and the signal that ends it. */
class Process {
  readonly link: Link;
  readonly #connect: (user: InProcessUser) => Link;
  readonly #accounts = new Map<string, Link>();
  readonly #killed = new AbortController();

  constructor(connect: (user: InProcessUser) => Link, user: InProcessUser) {
    this.#connect = connect;
    this.link = connect(user);
  }

  get signal(): AbortSignal {
    return this.#killed.signal;
  }

  /** The connection of a service account of kube-system. */
  account(name: string): Link {
    const groups = ['system:serviceaccounts', 'system:serviceaccounts:kube-system'];
    const link = this.#accounts.get(name) ?? this.#connect({ name: `system:serviceaccount:kube-system:${name}`, groups });
    this.#accounts.set(name, link);
    return link;
  }

  cut(): void {
    this.link.cut();
    for (const link of this.#accounts.values()) link.cut();
  }

  kill(reason: Error): void {
    this.link.close();
    for (const link of this.#accounts.values()) link.close();
    this.#killed.abort(reason);
  }
}

/** kube-controller-manager, each controller under its own service account. */
export function controllerManagerComponent(name: string, deps: ControlPlaneDeps): Component {
  const user = 'system:kube-controller-manager';
  return new Component(name, 'kube-controller-manager', user, deps, async ({ link, signal, ...run }) => {
    const metadata = createApi(metadataOnly(link), { clock: run.clock });
    await createControllerManager({ ...run, metadata, config: { rootCA: 'a certificate of this cluster' } }).run(signal);
  });
}

/** kube-scheduler. */
export function schedulerComponent(name: string, deps: ControlPlaneDeps): Component {
  return new Component(name, 'kube-scheduler', 'system:kube-scheduler', deps, async ({ api, clock, random, log, signal }) => {
    const informers = createInformers({ api, clock, random, log });
    const events = createEventRecorder({ api, component: 'default-scheduler', clock, log, signal });
    await createScheduler({ api, informers, clock, random, log, events, metrics: new Registry() }).run(signal);
  });
}
