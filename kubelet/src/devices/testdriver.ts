import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ClaimsRequest,
  DRAPluginDefinition,
  type NodePrepareResourceResponse,
  type NodeUnprepareResourceResponse,
} from '../cri/grpc/codec/dra.ts';
import { type DeviceHealth, DRAResourceHealthDefinition } from '../cri/grpc/codec/drahealth.ts';
import { RegistrationDefinition } from '../cri/grpc/codec/pluginregistration.ts';
import { type Service, serveSocket } from '../cri/grpc/server.ts';

export interface TestClaimDriverOptions {
  readonly name: string;
  /** The kubelet's root directory. */
  readonly root: string;
  /** By the claims' uids; what is absent is skipped. */
  readonly prepared: Record<string, NodePrepareResourceResponse>;
  /** Of the interface, `v1` unless told. */
  readonly version?: 'v1' | 'v1beta1';
}

/** A driver of claimed devices for tests, speaking as a real one does. Tells what it was asked. */
export class TestClaimDriver {
  /** `method name name …` of every call, oldest first. */
  readonly calls: string[] = [];
  /** What the kubelet said of its registration. */
  readonly registered: { readonly pluginRegistered: boolean; readonly error: string }[] = [];
  /** What its next answers wait for. */
  busy: Promise<void> | undefined;
  readonly unprepared: Record<string, NodeUnprepareResourceResponse> = {};
  readonly #options: TestClaimDriverOptions;
  #health: ((message: object) => void) | undefined;
  #close: (() => void)[] = [];

  constructor(options: TestClaimDriverOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { name, root, version = 'v1' } = this.#options;
    const endpoint = join(root, 'plugins', name, 'dra.sock');
    const info = { type: 'DRAPlugin', name, endpoint, supportedVersions: [`${version}.DRAPlugin`] };
    const note = async (status: TestClaimDriver['registered'][number]): Promise<object> => {
      this.registered.push(status);
      return {};
    };
    const answers = { getInfo: async () => info, notifyRegistrationStatus: note };
    const socket = join(root, 'plugins_registry', `${name}-reg.sock`);
    this.#close = [
      await serveSocket(endpoint, [this.#claims(version), this.#watch()]),
      await serveSocket(socket, [{ name: 'pluginregistration.Registration', definition: RegistrationDefinition, answers }]),
      () => void rm(socket, { force: true }),
    ];
  }

  /** Says how its devices are; false while nobody listens. */
  tell(devices: readonly Partial<DeviceHealth>[]): boolean {
    const rest = { health: 0, lastUpdatedTime: 0n, healthCheckTimeoutSeconds: 0n, message: '' };
    this.#health?.({ devices: devices.map((device) => ({ ...rest, ...device })) });
    return this.#health !== undefined;
  }

  /** Its process ends, and leaves its registration behind. */
  crash(): void {
    this.#close[0]?.();
  }

  stop(): void {
    for (const close of this.#close) close();
  }

  #claims(version: string): Service {
    const { prepared } = this.#options;
    const note = async (method: string, { claims }: ClaimsRequest): Promise<void> => {
      this.calls.push([method, ...claims.map(({ name }) => name)].join(' '));
      await this.busy;
    };
    const answers = {
      nodePrepareResources: async (request: ClaimsRequest) => {
        await note('prepare', request);
        return { claims: request.claims.flatMap(({ uid }) => (prepared[uid] ? [{ uid, result: prepared[uid] }] : [])) };
      },
      nodeUnprepareResources: async (request: ClaimsRequest) => {
        await note('unprepare', request);
        // Nothing to say: as drivers written in Go leave it out.
        return { claims: request.claims.map(({ uid }) => ({ uid, result: this.unprepared[uid] })) };
      },
    };
    return { name: `k8s.io.kubelet.pkg.apis.dra.${version}.DRAPlugin`, definition: DRAPluginDefinition, answers };
  }

  #watch(): Service {
    const nodeWatchResources = async (_: never, send: (message: object) => void, signal: AbortSignal): Promise<void> => {
      this.#health = send;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    };
    return { name: 'v1alpha1.DRAResourceHealth', definition: DRAResourceHealthDefinition, answers: {}, streams: { nodeWatchResources } };
  }
}
