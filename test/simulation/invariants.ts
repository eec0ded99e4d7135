import type { ClientRequest } from '@keelson/client';
import { Deployment, Pod, Service } from '@keelson/types';
import type { Cluster, Write } from '../src/index.ts';
import { isReady, readyPodsOf } from '../src/workloads.ts';

/** What must hold at every moment, and where it did not. */
export class Invariants {
  readonly broken: string[] = [];
  /** Set while nothing has gone wrong for a while: then controllers have no excuse for what they remove. */
  calm = false;
  readonly #cluster: Cluster;
  readonly #nodeOf = new Map<string, string>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    cluster.history.onWrite((write) => this.#onWrite(write));
    cluster.observers.add(({ name }, request) => {
      if (name.endsWith(':replicaset-controller')) this.#onRequest(request);
    });
  }

  /** The containers of a pod run on one node only. */
  async checkNodes(): Promise<void> {
    const seen = new Map<string, string>();
    for (const { name, runtime } of this.#cluster.nodes.values()) {
      for (const { labels, phase } of await runtime.containers.list()) {
        const uid = labels['io.kubernetes.pod.uid'] ?? '';
        const other = seen.get(uid);
        if (phase === 'running' && other !== undefined && other !== name) this.#tell(`pod ${uid} runs on ${other} and ${name}`);
        if (phase === 'running') seen.set(uid, name);
      }
    }
  }

  #onWrite({ kind, object, type }: Write): void {
    if (type === 'deleted') return;
    if (kind === 'v1/Pod') this.#checkPlace(object as Pod);
    if (kind === 'v1/Service') this.#checkAddresses();
  }

  #checkPlace({ metadata, spec }: Pod): void {
    const { uid = '', name } = metadata;
    const before = this.#nodeOf.get(uid);
    if (before !== undefined && before !== spec?.nodeName) this.#tell(`pod ${name} went from ${before} to ${spec?.nodeName}`);
    if (spec?.nodeName) this.#nodeOf.set(uid, spec.nodeName);
  }

  #checkAddresses(): void {
    const addresses = this.#cluster.history.list(Service).map(({ spec }) => spec?.clusterIP);
    if (new Set(addresses).size < addresses.length) this.#tell(`services share an address: ${addresses.join(' ')}`);
  }

  /** Taking a ready pod away must leave replicas - maxUnavailable of them, whatever the reason. */
  #onRequest({ method, path }: ClientRequest): void {
    const [, name = ''] = (this.calm && method === 'DELETE' && /\/pods\/([^/?]+)/.exec(path)) || [];
    const { history } = this.#cluster;
    const pod = name ? history.get(Pod, name) : undefined;
    if (!pod || !isReady(pod)) return;
    const app = pod.metadata.labels?.app ?? '';
    const { metadata, spec } = history.get(Deployment, app) ?? {};
    if (!spec || metadata?.deletionTimestamp) return;
    const { replicas = 1 } = spec;
    const left = readyPodsOf(this.#cluster, app).length - 1;
    const least = replicas - Math.max(Math.floor(replicas / 4), 0);
    if (left < least) this.#tell(`taking ${name} away leaves ${app} with ${left} of ${replicas}, at least ${least} were wanted`);
  }

  #tell(what: string): void {
    this.broken.push(`${new Date(this.#cluster.clock.now()).toISOString()} ${what}`);
  }
}
