import { type Clock, errorMessage, type LogFields, type Logger, type Random, silentLogger, sleep } from '@keelson/base';
import { type Api, createApi, type Kubeconfig, loadKubeconfig, renderKubeconfig, transportFor } from '@keelson/client';
import { replaceFile } from '@keelson/deploy-local';
import type { Layout } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { ServiceHost } from '../services/host.ts';

/** What every phase works with. */
export interface Context {
  readonly machine: Machine;
  readonly layout: Layout;
  readonly host: ServiceHost;
  readonly clock: Clock;
  readonly random: Random;
  /** Told what is being done, a line at a time. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** One step of a command. */
export interface Phase<C extends Context> {
  /** As `--skip-phases` names it. */
  readonly name: string;
  run(context: C): Promise<void>;
}

/** Runs phases in their order, but for those to be skipped. */
export async function runPhases<C extends Context>(phases: readonly Phase<C>[], context: C, skipped: readonly string[]): Promise<void> {
  for (const { name, run } of phases) {
    context.signal.throwIfAborted();
    if (skipped.includes(name)) continue;
    const say = (line: string): void => context.say(`[${name}] ${line}`);
    await run({ ...context, say });
  }
}

/** A logger whose messages are lines of progress. */
export function telling(say: (line: string) => void): Logger {
  const line = (message: string, fields: LogFields = {}): void => say([message, Object.values(fields)[0]].flat().join(' '));
  return { ...silentLogger, info: line, warn: line, error: line };
}

/** The address of the machine's own API server. */
export function localServer({ address, bindPort }: Machine): string {
  return `https://${address}:${bindPort}`;
}

/** The address that stays while control planes come and go; the machine's own server where none was named. */
export function stableServer(machine: Machine): string {
  const { controlPlaneEndpoint } = machine.cluster;
  return controlPlaneEndpoint === '' ? localServer(machine) : `https://${controlPlaneEndpoint}`;
}

/** Where one of a control plane's kubeconfigs leads: its own processes keep to their own server, everybody else to the address that stays. */
export function kubeconfigServer(machine: Machine, name: string): string {
  return ['controller-manager', 'scheduler'].includes(name) ? localServer(machine) : stableServer(machine);
}

/** Calls an API server as the user of one of the machine's kubeconfigs, at the address in it unless another is given. */
export async function withApi<T>(context: Context, kubeconfig: string, use: (api: Api) => Promise<T>, server?: string): Promise<T> {
  const transport = transportFor(loadKubeconfig(context.layout.kubeconfig(kubeconfig)), undefined, server === undefined ? {} : { server });
  try {
    return await use(createApi(transport, { clock: context.clock }));
  } finally {
    transport.close();
  }
}

export async function writeKubeconfig(path: string, config: Kubeconfig): Promise<void> {
  await replaceFile(path, renderKubeconfig(config));
}

interface Wait<T> {
  /** For the message when it takes too long: `the node to be ready`. */
  readonly what: string;
  /** The process that has to live until then. */
  readonly service: string;
  /** Undefined: not yet. What it throws counts as that. */
  readonly attempt: () => Promise<T | undefined>;
}

const pollMs = 100;
const patienceMs = 90_000;

/** Asks until there is an answer. @throws when the process ends, with the end of its log, or the time is over. */
export async function waitFor<T>({ host, clock, signal }: Context, { what, service, attempt }: Wait<T>): Promise<T> {
  const deadline = clock.now() + patienceMs;
  let last: unknown;
  for (;;) {
    signal.throwIfAborted();
    const answer = await attempt().catch((error: unknown) => {
      last = error;
      return undefined;
    });
    if (answer !== undefined) return answer;
    if (!(await host.isAlive(service))) throw new Error(`${service} ended: ${await host.lastWords(service)}`);
    if (clock.now() > deadline) {
      const why = last === undefined ? '' : ` (${errorMessage(last)})`;
      throw new Error(`waited ${patienceMs / 1000} s for ${what}${why}; ${service} says: ${await host.lastWords(service)}`);
    }
    await sleep(clock, pollMs, signal);
  }
}
