import type { Clock, Logger, Random } from '@keelson/base';
import { createApi, type InProcessUser } from '@keelson/client';
import { versionInfo } from '@keelson/component';
import {
  createProxy,
  IptablesBackend,
  memoryNft,
  memoryRules,
  NftablesBackend,
  noConntrack,
  noHealthPorts,
  proxyMetrics,
} from '@keelson/kube-proxy';
import { createKubelet, type Kubelet, MemoryHost, ModelRuntime, modelMachine, modelProber, type PodNetwork } from '@keelson/kubelet';
import type { ModelOptions } from '@keelson/kubelet/cri';
import { createEventRecorder, createInformers } from '@keelson/runtime';
import { Registry } from 'prom-client';
import type { Link } from './link.ts';

/** What a node is like. */
export interface NodeParts {
  readonly labels?: Readonly<Record<string, string>>;
  /** `key=value:Effect`. */
  readonly taints?: readonly string[];
  /** 8 CPUs unless told. */
  readonly cpus?: number;
  /** How containers behave, what is slow. */
  readonly model?: Partial<ModelOptions>;
  /** Made by the kubelet; somebody else's when absent. */
  readonly network?: PodNetwork;
  /** kube-proxy's rules are a table of nftables. */
  readonly nftables?: boolean;
  /** No kube-proxy runs here. */
  readonly withoutProxy?: boolean;
}

export interface ModelNodeDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly connect: (user: InProcessUser) => Link;
  readonly random: (name: string) => Random;
}

/**
 * A node without a machine: the kubelet over the model runtime, and kube-proxy over tables in memory. What runs in the runtime goes on
 * while the kubelet is stopped, as containers do.
 */
export class ModelNode {
  readonly name: string;
  readonly runtime: ModelRuntime;
  readonly rules = memoryRules();
  readonly nft = memoryNft();
  readonly host = new MemoryHost();
  readonly #number: number;
  readonly #parts: NodeParts;
  readonly #deps: ModelNodeDeps;
  readonly #kubeletLink: Link;
  readonly #proxyLink: Link;
  #kubelet: { readonly agent: Kubelet; readonly stop: AbortController; readonly ended: Promise<void> } | undefined;
  #proxy: AbortController | undefined;

  constructor(number: number, parts: NodeParts, deps: ModelNodeDeps) {
    this.name = `node-${number}`;
    this.#number = number;
    this.#parts = parts;
    this.#deps = deps;
    this.#kubeletLink = deps.connect({ name: `system:node:${this.name}`, groups: ['system:nodes'] });
    this.#proxyLink = deps.connect({ name: 'system:kube-proxy', groups: [] });
    const podCidr = podRange(number);
    this.runtime = new ModelRuntime({ clock: deps.clock, random: deps.random(`${this.name}/runtime`), podCidr, ...parts.model });
  }

  /** The kubelet that runs, if one does. */
  get kubelet(): Kubelet | undefined {
    return this.#kubelet?.agent;
  }

  startKubelet(): void {
    if (this.#kubelet) return;
    const stop = new AbortController();
    const agent = this.#createKubelet(stop.signal);
    const ended = agent.run(stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
    this.#kubelet = { agent, stop, ended };
  }

  /** As a kubelet whose process ends: nothing more is said or done, containers run on. Resolves when its loops have ended. */
  async stopKubelet(): Promise<void> {
    const running = this.#kubelet;
    this.#kubelet = undefined;
    running?.stop.abort(new Error('kubelet stopped'));
    this.#kubeletLink.cut();
    await running?.ended;
  }

  startProxy(): void {
    if (this.#proxy || this.#parts.withoutProxy) return;
    const stop = new AbortController();
    this.#proxy = stop;
    this.#createProxy()
      .run(stop.signal)
      .catch((error: unknown) => {
        if (!stop.signal.aborted) throw error;
      });
  }

  stopProxy(): void {
    this.#proxy?.abort(new Error('kube-proxy stopped'));
    this.#proxy = undefined;
  }

  /** Breaks the connections of its kubelet and its proxy. */
  cut(): void {
    this.#kubeletLink.cut();
    this.#proxyLink.cut();
  }

  /** Takes the node off the network, or puts it back. Its processes run on. */
  sever(severed: boolean): void {
    this.#kubeletLink.sever(severed);
    this.#proxyLink.sever(severed);
  }

  #createKubelet(signal: AbortSignal): Kubelet {
    const { clock, log, random: randomOf } = this.#deps;
    const { name, runtime, host } = this;
    const random = randomOf(`${name}/kubelet`);
    const api = createApi(this.#kubeletLink, { clock });
    const machine = modelMachine(name);
    return createKubelet({
      ...{ clock, random, log: log.child({ component: 'kubelet', node: name }), api, runtime, host },
      informers: createInformers({ api, clock, random, log }),
      events: createEventRecorder({ api, component: 'kubelet', host: name, clock, log, signal }),
      prober: modelProber(runtime.streams),
      machine: { ...machine, cpus: this.#parts.cpus ?? machine.cpus },
      network: this.#parts.network,
      config: this.#config(),
    });
  }

  #config(): Parameters<typeof createKubelet>[0]['config'] {
    const { name } = this;
    return {
      node: {
        ...{ name, hostname: name, ips: [`10.0.${Math.floor(this.#number / 250)}.${(this.#number % 250) + 2}`] },
        labels: this.#parts.labels ?? {},
        taints: this.#parts.taints ?? [],
        ...{ podCIDR: podRange(this.#number), maxPods: 110, port: 10_250, version: versionInfo.gitVersion },
      },
      paths: { root: '/var/lib/kubelet', logs: '/var/log/pods' },
      cluster: { servers: ['10.96.0.10'], domain: 'cluster.local' },
      resolvConf: { servers: [], searches: [], options: [] },
      ...{ hostsFile: '', cgroupRoot: '/', manifests: '', eviction: {}, parallel: 8 },
    };
  }

  #createProxy(): ReturnType<typeof createProxy> {
    const { clock, log, random: randomOf } = this.#deps;
    const api = createApi(this.#proxyLink, { clock });
    const own = log.child({ component: 'kube-proxy', node: this.name });
    const render = { clusterCIDR: '10.128.0.0/9', masqueradeAll: false, masqueradeEgress: false, masqueradeBit: 14 };
    const iptables = { ...render, serviceRange: '10.96.0.0/16', localhostNodePorts: false };
    const onCleanupFailure = (): void => own.error('chains could not be deleted');
    return createProxy({
      informers: createInformers({ api, clock, random: randomOf(`${this.name}/proxy`), log: own }),
      backend: this.#parts.nftables
        ? new NftablesBackend({ nft: this.nft, render, nodePortAddresses: [], clock, log: own, onCleanupFailure })
        : new IptablesBackend({ rules: this.rules, render: iptables, log: own }),
      watchServiceRanges: this.#parts.nftables ?? false,
      ...{ clock, log: own, conntrack: noConntrack, healthPorts: noHealthPorts },
      metrics: proxyMetrics(new Registry()),
      nodeName: this.name,
      minSyncPeriod: 1000,
      syncPeriod: 30_000,
    });
  }
}

/** Room for 32,768 nodes of 254 pods each. */
function podRange(number: number): string {
  return `10.${128 + Math.floor(number / 256)}.${number % 256}.0/24`;
}
