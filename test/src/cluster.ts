import { type ApiServer, createMemoryStore, createServer } from '@keelson/apiserver';
import { type Clock, type Random, seededRandom, sleep } from '@keelson/base';
import { type Api, type ClientRequest, createApi, type InProcessUser } from '@keelson/client';
import { versionInfo } from '@keelson/component';
import { eventually, type RecordingLogger, recordingLogger, SimulatedClock } from '@keelson/testing';
import { Node, ServiceAccount } from '@keelson/types';
import { Registry } from 'prom-client';
import { type Component, type ControlPlaneDeps, controllerManagerComponent, schedulerComponent } from './control-plane.ts';
import { describeCluster } from './describe.ts';
import { History } from './history.ts';
import { Links } from './link.ts';
import { ModelNode, type NodeParts } from './model-node.ts';
import { simulatedTokens } from './tokens.ts';

export interface ClusterOptions {
  /** How many nodes there are at first, or what each is like; 3 unless told. */
  readonly nodes?: number | readonly NodeParts[];
  /** From which all chance follows; 1 unless told. */
  readonly seed?: number;
  /** A `SimulatedClock` of its own unless told. */
  readonly clock?: Clock;
}

const defaultLimit = 60_000;

/**
 * A whole cluster in one process: API server over the memory store, controllers, scheduler, and nodes that are models, each reaching the
 * server under its real identity. On a simulated clock, the same seed and the same calls give the same cluster, byte for byte.
 * Resolves once its nodes are ready. Stop it when done.
 */
export async function createCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = new Cluster(options);
  const { nodes = 3 } = options;
  await cluster.startServer();
  cluster.controllerManager.start();
  cluster.scheduler.start();
  for (const parts of typeof nodes === 'number' ? Array.from({ length: nodes }, () => ({})) : nodes) cluster.addNode(parts);
  await cluster.until('the nodes are ready', () => [...cluster.nodes.values()].every(({ name }) => cluster.isReady(name)));
  await cluster.until('default has its service account', () => cluster.history.get(ServiceAccount, 'default'));
  return cluster;
}

export class Cluster {
  readonly clock: Clock;
  /** As system:masters. */
  readonly api: Api;
  readonly history: History;
  readonly nodes = new Map<string, ModelNode>();
  readonly scheduler: Component;
  readonly controllerManager: Component;
  readonly log: RecordingLogger = recordingLogger();
  /** Requests on their way to the server, for who wants to know who did what. */
  readonly observers = new Set<(user: InProcessUser, request: ClientRequest) => void>();
  readonly #seed: number;
  readonly #store: ReturnType<typeof createMemoryStore>;
  readonly #links: Links;
  readonly #end = new AbortController();
  #server: { readonly server: ApiServer; readonly stop: AbortController } | undefined;
  #nodeCount = 0;

  constructor({ seed = 1, clock = new SimulatedClock() }: ClusterOptions) {
    this.clock = clock;
    this.#seed = seed;
    this.#store = createMemoryStore({ clock });
    this.history = new History(clock);
    void this.history.follow(this.#store, this.#end.signal);
    this.#links = new Links((user, request) => {
      for (const observe of this.observers) observe(user, request);
    });
    this.api = createApi(this.#links.open({ name: 'admin', groups: ['system:masters'] }), { clock });
    this.scheduler = this.createScheduler('scheduler-1');
    this.controllerManager = controllerManagerComponent('controller-manager-1', this.#deps());
  }

  /** A scheduler that is not started yet. */
  createScheduler(name: string): Component {
    return schedulerComponent(name, this.#deps());
  }

  /** A new node, with its kubelet and kube-proxy started; named `node-<n>`, from 1. */
  addNode(parts: NodeParts = {}): ModelNode {
    const node = new ModelNode(++this.#nodeCount, parts, this.#deps());
    this.nodes.set(node.name, node);
    node.startKubelet();
    node.startProxy();
    return node;
  }

  /** @throws when there is no such node. */
  node(name: string): ModelNode {
    const node = this.nodes.get(name);
    if (!node) throw new Error(`there is no node ${name}`);
    return node;
  }

  isReady(name: string): boolean {
    return this.history.get(Node, name)?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  }

  /** Starts an API server over the cluster's store: at first, or after `stopServer`. */
  async startServer(): Promise<void> {
    const stop = new AbortController();
    const { clock, log } = this;
    const server = await createServer({
      ...{ store: this.#store, clock, log: log.child({ component: 'kube-apiserver' }), metrics: new Registry(), version: versionInfo },
      random: this.#random(`apiserver/${this.history.transcript.length}`),
      serviceCIDR: '10.96.0.0/16',
      nodePorts: { from: 30_000, to: 32_767 },
      disabledAdmission: [],
      tokens: () => simulatedTokens(clock),
      kubelets: { send: noKubelets, dial: noKubelets },
      compactionInterval: 300_000,
      signal: stop.signal,
    });
    await server.bootstrap({ address: '10.0.0.1', port: 6443 });
    this.#server = { server, stop };
    this.#links.serve(server.handle);
  }

  /** As `kill -9` of the API server: connections break and none can be made. */
  async stopServer(): Promise<void> {
    const running = this.#server;
    this.#server = undefined;
    this.#links.serve(undefined);
    running?.stop.abort(new Error('server stopped'));
    await running?.server.stopped;
  }

  /**
   * Lets time pass until `condition` answers something truthy and resolves to that. `limit` is milliseconds of the cluster's clock.
   * @throws Error with `what` and the state of the cluster when it does not within `limit`.
   */
  async until<T>(what: string, condition: () => T | Promise<T>, limit = defaultLimit): Promise<Exclude<T, false | null | undefined>> {
    const { clock } = this;
    try {
      if (!(clock instanceof SimulatedClock)) return await eventually(condition, { deadlineMs: limit, message: what });
      return await untilSimulated(clock, condition, clock.now() + limit);
    } catch (error) {
      throw new Error(`not within ${limit / 1000} s: ${what}\n${describeCluster(this)}`, { cause: error });
    }
  }

  /** Lets `ms` milliseconds pass. */
  async advance(ms: number): Promise<void> {
    const { clock } = this;
    if (clock instanceof SimulatedClock) await clock.advance(ms);
    else await sleep(clock, ms);
  }

  /** Ends everything; nothing of it runs on. */
  async stop(): Promise<void> {
    this.scheduler.kill();
    this.controllerManager.kill();
    for (const node of this.nodes.values()) {
      node.stopProxy();
      await node.stopKubelet();
      node.runtime.close();
    }
    await this.stopServer();
    this.#links.close();
    this.#end.abort();
    await this.#store.close();
  }

  #deps(): ControlPlaneDeps {
    return { clock: this.clock, log: this.log, connect: (user) => this.#links.open(user), random: (name) => this.#random(name) };
  }

  /** A sequence for each that draws, so that what one does never changes what another draws. */
  #random(name: string): Random {
    return seededRandom([...name].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193), 0x811c9dc5 ^ this.#seed));
  }
}

async function untilSimulated<T>(clock: SimulatedClock, condition: () => T | Promise<T>, deadline: number) {
  await clock.settle();
  for (;;) {
    const answer = await condition();
    if (answer) return answer as Exclude<T, false | null | undefined>;
    // To the next timer, whichever that is.
    let looks = 0;
    await clock.runUntil(() => ++looks > 1, deadline - clock.now());
  }
}

function noKubelets(): Promise<never> {
  return Promise.reject(new Error('kubelets that are models serve nothing'));
}
