import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { seededRandom, silentLogger, systemClock } from '@keelson/base';
import { type Api, createApi, loadKubeconfig, type Transport, transportFor } from '@keelson/client';
import { createInformers, type Informers, type Store } from '@keelson/runtime';
import { eventually } from '@keelson/testing';
import { ConfigMap, type ContainerStatus, Event, Pod, Secret, ServiceAccount } from '@keelson/types';
import * as k8s from '@kubernetes/client-node';
import { type Kubectl, kubectls, RealCluster } from '../cluster.ts';

export const namespace = 'default';
export const image = 'busybox:1.37';
export const patience = 90_000;

/** A container that runs a script. */
export function shell(script: string, more: object = {}): object {
  return { name: 'c', image, command: ['sh', '-c', script], ...more };
}

/** A container that runs until it is told to end. */
export function idle(more: object = {}): object {
  return shell('trap "exit 0" TERM; while :; do sleep 0.1; done', more);
}

/** What the subtests work with. */
export class Bench {
  readonly cluster = new RealCluster('pods');
  /** On the node, for hostPath volumes. */
  readonly work = mkdtempSync(join(tmpdir(), 'keelson-pods-'));
  readonly #stop = new AbortController();
  #kubectl: Kubectl | undefined;
  #transport: Transport | undefined;
  #api: Api | undefined;
  #informers: Informers | undefined;
  readonly #config = new k8s.KubeConfig();

  async up(): Promise<void> {
    await this.cluster.up();
    this.#config.loadFromFile(this.cluster.kubeconfig);
    this.#kubectl = kubectls(this.cluster)[0];
    this.#transport = transportFor(loadKubeconfig(this.cluster.kubeconfig));
    this.#api = createApi(this.#transport);
    this.#informers = createInformers({ api: this.#api, clock: systemClock, random: seededRandom(1), log: silentLogger });
    this.#informers.for(Pod);
    this.#informers.for(Event);
    await this.#informers.start(this.#stop.signal);
    await eventually(() => this.api.get(ServiceAccount, { namespace, name: 'default' }), { deadlineMs: patience });
  }

  async down(): Promise<void> {
    this.#stop.abort();
    this.#transport?.close();
    const { code, stdout, stderr } = await this.cluster.down();
    rmSync(this.work, { recursive: true, force: true });
    assert.equal(code, 0, `down: ${stdout}${stderr}`);
  }

  get api(): Api {
    return present(this.#api);
  }

  get kubectl(): Kubectl {
    return present(this.#kubectl);
  }

  get #pods(): Store<Pod> {
    return present(this.#informers).for(Pod).store;
  }

  async create(name: string, spec: object, metadata: object = {}): Promise<Pod> {
    const full = { terminationGracePeriodSeconds: 1, ...spec };
    return this.api.create(Pod, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, ...metadata },
      spec: full,
    } as unknown as Pod);
  }

  pod(name: string): Pod | undefined {
    return this.#pods.get(`${namespace}/${name}`);
  }

  /** The pod once `holds` is true of it. */
  async until(name: string, what: string, holds: (pod: Pod) => unknown, deadlineMs = patience): Promise<Pod> {
    const check = (): Pod | undefined => {
      const pod = this.pod(name);
      return pod && holds(pod) ? pod : undefined;
    };
    return eventually(check, { deadlineMs, message: `${name}: ${what}` }).catch((error: Error) => {
      throw new Error(`${error.message}\n${JSON.stringify(this.pod(name)?.status, undefined, 1)}`);
    });
  }

  running(name: string): Promise<Pod> {
    return this.until(
      name,
      'runs',
      (pod) => pod.status?.phase === 'Running' && pod.status.containerStatuses?.every(({ state }) => state?.running),
    );
  }

  ready(name: string): Promise<Pod> {
    return this.until(name, 'is ready', isReady);
  }

  ended(name: string): Promise<Pod> {
    return this.until(name, 'has ended', ({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed');
  }

  /** Runs a pod to its end and returns what its first container printed. */
  async output(name: string, spec: object, metadata: object = {}): Promise<string> {
    await this.create(name, { restartPolicy: 'Never', ...spec }, metadata);
    const { status } = await this.ended(name);
    const log = await this.log(name, `container=${status?.containerStatuses?.[0]?.name}`);
    assert.equal(status?.phase, 'Succeeded', `${name}: ${log}${JSON.stringify(status)}`);
    return log;
  }

  log(name: string, query = ''): Promise<string> {
    return this.#text(`/api/v1/namespaces/${namespace}/pods/${name}/log?${query}`);
  }

  /** What the kubelet's own server answers, through the API server. */
  kubelet(path: string): Promise<string> {
    return this.#text(`/api/v1/nodes/${this.cluster.netns}/proxy/${path}`);
  }

  async #text(path: string): Promise<string> {
    const response = await this.api.raw({ method: 'GET', path });
    const chunks: Buffer[] = [];
    for await (const chunk of response.chunks) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }

  async exec(name: string, script: string, container = 'c', stdin?: Buffer): Promise<string> {
    const [out, err] = [new PassThrough(), new PassThrough()];
    const chunks: Buffer[] = [];
    out.on('data', (chunk: Buffer) => chunks.push(chunk));
    err.on('data', (chunk: Buffer) => chunks.push(chunk));
    const ended = Promise.withResolvers<k8s.V1Status>();
    const input = stdin ? Readable.from([stdin]) : null;
    const socket = await new k8s.Exec(this.#config).exec(
      namespace,
      name,
      container,
      ['sh', '-c', script],
      out,
      err,
      input,
      false,
      ended.resolve,
    );
    const status = await ended.promise;
    socket.close();
    const text = Buffer.concat(chunks).toString();
    assert.equal(status.status, 'Success', `${script}: ${text}${JSON.stringify(status)}`);
    return text;
  }

  async event(name: string, reason: string, message = /^/): Promise<Event> {
    const { metadata } = await this.until(name, 'is known', () => true);
    const uid = present(metadata?.uid);
    const found = (): Event | undefined => this.#events(uid).find((event) => event.reason === reason && message.test(event.message ?? ''));
    return eventually(found, { deadlineMs: patience, message: `${name}: event ${reason} ${message}` }).catch((error: Error) => {
      throw new Error(
        `${error.message}\n${this.#events(uid)
          .map((each) => `${each.reason}: ${each.message}`)
          .join('\n')}`,
      );
    });
  }

  #events(uid: string): readonly Event[] {
    return present(this.#informers)
      .for(Event)
      .store.list()
      .filter((event) => event.involvedObject.uid === uid);
  }

  async remove(name: string, gracePeriodSeconds?: number): Promise<void> {
    await this.api.delete(Pod, { namespace, name }, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds });
  }

  async gone(name: string): Promise<void> {
    await eventually(() => this.pod(name) === undefined, { deadlineMs: patience, message: `${name} is gone` });
  }

  patch(name: string, patch: object): Promise<Pod> {
    return this.api.patch(Pod, { namespace, name }, 'application/strategic-merge-patch+json', patch);
  }

  async configMap(name: string, data: Record<string, string>, binaryData: Record<string, string> = {}): Promise<void> {
    await this.api.create(ConfigMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace },
      data,
      binaryData,
    } as unknown as ConfigMap);
  }

  async secret(name: string, stringData: Record<string, string>): Promise<void> {
    await this.api.create(Secret, { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData } as unknown as Secret);
  }
}

export function present<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

export function statusOf(pod: Pod | undefined, name = 'c'): ContainerStatus {
  const all = [pod?.status?.containerStatuses, pod?.status?.initContainerStatuses, pod?.status?.ephemeralContainerStatuses].flatMap(
    (list) => list ?? [],
  );
  return present(all.find((each) => each.name === name));
}

export function lines(text: string): string[] {
  return text.split('\n').filter(Boolean);
}

export function variables(text: string): Record<string, string> {
  return Object.fromEntries(
    lines(text).flatMap((line) => (line.includes('=') ? [[line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]] : [])),
  );
}

export const fieldRef = (fieldPath: string): object => ({ valueFrom: { fieldRef: { fieldPath } } });
export const resourceRef = (resource: string, divisor?: string): object => ({ valueFrom: { resourceFieldRef: { resource, divisor } } });

export type Subtests = Readonly<Record<string, (bench: Bench) => Promise<void>>>;
