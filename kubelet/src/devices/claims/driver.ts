import { type Clock, errorMessage, type Logger, sleep } from '@keelson/base';
import { CriClient, rpcMessage } from '../../cri/grpc/client.ts';
import {
  type Claim,
  DRAPluginDefinition,
  type NodePrepareResourceResponse,
  type NodeUnprepareResourceResponse,
} from '../../cri/grpc/codec/dra.ts';
import {
  DRAResourceHealthDefinition,
  HealthStatus,
  type NodeWatchResourcesResponse,
  type DeviceHealth as Told,
} from '../../cri/grpc/codec/drahealth.ts';
import type { DeviceHealth } from './health.ts';

const { nodePrepareResources, nodeUnprepareResources } = DRAPluginDefinition.methods;
const { nodeWatchResources } = DRAResourceHealthDefinition.methods;

/** How long, in milliseconds, a driver may take for one call, when a stream that broke is asked for again, and how long health holds. */
const timeout = 45_000;
const againAfter = 5_000;
const healthLasts = 30_000;
const longestMessage = 1024;

/** The interfaces of drivers that the kubelet speaks, by the names under which they register them. */
export const services: ReadonlyMap<string, string> = new Map([
  ['v1.DRAPlugin', 'k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin'],
  ['v1beta1.DRAPlugin', 'k8s.io.kubelet.pkg.apis.dra.v1beta1.DRAPlugin'],
]);

/** One running plugin of a driver of claimed devices. */
export class Driver {
  readonly endpoint: string;
  readonly #service: string;
  readonly #client: CriClient;
  readonly #gone = new AbortController();

  /** `endpoint`: an absolute path; `service`: in full. */
  constructor(endpoint: string, service: string, clock: Clock) {
    this.endpoint = endpoint;
    this.#service = service;
    this.#client = new CriClient(endpoint, clock);
  }

  /** What it says of each claim, by uid. @throws Error in Go's words. */
  async prepare(claims: readonly Claim[]): Promise<ReadonlyMap<string, NodePrepareResourceResponse>> {
    const answer = this.#client.call(this.#service, nodePrepareResources, { claims: [...claims] }, timeout);
    const { claims: prepared } = await worded(answer, 'NodePrepareResources');
    return new Map(prepared.map(({ uid, result = { devices: [], error: '' } }) => [uid, result]));
  }

  /** As `prepare`. */
  async unprepare(claims: readonly Claim[]): Promise<ReadonlyMap<string, NodeUnprepareResourceResponse>> {
    const answer = this.#client.call(this.#service, nodeUnprepareResources, { claims: [...claims] }, timeout);
    const { claims: unprepared } = await worded(answer, 'NodeUnprepareResources');
    return new Map(unprepared.map(({ uid, result = { error: '' } }) => [uid, result]));
  }

  /** Tells when its connection begins or ends. */
  follow(changed: (connected: boolean) => void): void {
    this.#client.follow(this.#gone.signal, changed);
  }

  /** Hears of its devices' health for as long as it runs; drivers need not tell. `silent`: it tells no more. */
  async watchHealth(clock: Clock, log: Logger, told: (devices: readonly DeviceHealth[]) => void, silent: () => void): Promise<void> {
    const { signal } = this.#gone;
    while (!signal.aborted) {
      const stream = this.#client.stream('v1alpha1.DRAResourceHealth', nodeWatchResources, {});
      stream.on('data', ({ devices }: NodeWatchResourcesResponse) => told(devices.map(healthOf)));
      const why = await new Promise<string>((resolve) => {
        stream.on('error', (error) => resolve(errorMessage(error)));
        stream.on('end', () => resolve(''));
      });
      log.debug('driver tells nothing of its devices', { endpoint: this.endpoint, why });
      silent();
      await sleep(clock, againAfter, signal).catch(() => undefined);
    }
  }

  close(): void {
    this.#gone.abort();
    this.#client.close();
  }
}

async function worded<T>(answer: Promise<T>, call: string): Promise<T> {
  return answer.catch((error: unknown) => {
    throw new Error(`${call}: ${rpcMessage(error)}`, { cause: error });
  });
}

function healthOf({ device, health, healthCheckTimeoutSeconds, message }: Told): DeviceHealth {
  const known = health === HealthStatus.HEALTHY ? 'Healthy' : health === HealthStatus.UNHEALTHY ? 'Unhealthy' : 'Unknown';
  const lasts = healthCheckTimeoutSeconds > 0n ? Number(healthCheckTimeoutSeconds) * 1000 : healthLasts;
  const short = message.length > longestMessage ? `${message.slice(0, longestMessage - 3)}...` : message;
  return { pool: device?.poolName ?? '', device: device?.deviceName ?? '', health: known, message: short, lasts };
}
