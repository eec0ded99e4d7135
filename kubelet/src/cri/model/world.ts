import type { Clock, Random, Timer } from '@keelson/base';
import type { OutputQueue } from '../output.ts';
import type { ContainerConfig, ContainerState, Image, LinuxResources, SandboxConfig, SandboxStatus } from '../types.ts';
import { RuntimeError } from '../types.ts';
import { Addresses } from './addresses.ts';
import type { Behaviour, LogLine, ModelCall, ModelOptions } from './options.ts';

export interface SandboxRecord {
  readonly config: SandboxConfig;
  /** Replaced, never changed: lists hand it out as it is. */
  status: SandboxStatus;
  readonly containers: Set<string>;
}

export interface ContainerRecord {
  readonly sandbox: SandboxRecord;
  readonly config: ContainerConfig;
  readonly behaviour: Behaviour;
  resources: LinuxResources;
  /** Replaced, never changed: lists hand it out as it is. */
  state: ContainerState;
  /** Its next end: its own, or the one a stop caused. */
  ending: { readonly at: number; readonly timer: Timer } | undefined;
  /** Lines still to be printed. */
  readonly printing: Timer[];
  readonly onExit: Array<() => void>;
  readonly lines: LogLine[];
  readonly attached: Set<OutputQueue>;
}

/** What one model runtime remembers, and the rules that its calls have in common. */
export class World {
  readonly clock: Clock;
  readonly random: Random;
  readonly options: ModelOptions;
  readonly addresses: Addresses;
  readonly sandboxes = new Map<string, SandboxRecord>();
  readonly containers = new Map<string, ContainerRecord>();
  readonly images = new Map<string, Image>();
  /** Names of sandboxes and containers that exist: a second one of the same name is refused, as containerd does. */
  readonly names = new Map<string, string>();
  readonly listeners = new Set<(sandboxId: string) => void>();
  readonly failures = new Map<ModelCall, RuntimeError[]>();

  constructor(options: ModelOptions) {
    this.clock = options.clock;
    this.random = options.random;
    this.options = options;
    this.addresses = new Addresses(options.podCidr);
  }

  /** Every call passes here first. @throws the next failure that a test asked for. */
  enter(call: ModelCall): void {
    const failure = this.failures.get(call)?.shift();
    if (failure) throw failure;
  }

  wait(ms: number): Promise<void> {
    return ms > 0 ? new Promise((resolve) => void this.clock.after(ms, resolve)) : Promise.resolve();
  }

  /** 64 hexadecimal digits, as containerd's. */
  newId(): string {
    return Array.from({ length: 8 }, () =>
      Math.floor(this.random.next() * 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    ).join('');
  }

  changed(sandboxId: string): void {
    for (const listener of this.listeners) listener(sandboxId);
  }

  reserve(name: string, id: string): void {
    const holder = this.names.get(name);
    if (holder !== undefined)
      throw new RuntimeError('Unknown', `failed to reserve name ${JSON.stringify(name)}: it is reserved for ${JSON.stringify(holder)}`);
    this.names.set(name, id);
  }

  sandbox(id: string): SandboxRecord {
    const record = this.sandboxes.get(id);
    if (!record) throw new RuntimeError('NotFound', `an error occurred when try to find sandbox: not found: ${id}`);
    return record;
  }

  container(id: string): ContainerRecord {
    const record = this.containers.get(id);
    if (!record) throw new RuntimeError('NotFound', `an error occurred when try to find container ${JSON.stringify(id)}: not found`);
    return record;
  }

  running(id: string): ContainerRecord {
    const record = this.container(id);
    if (record.state.phase !== 'running') throw new RuntimeError('Unknown', `container is in ${criPhase(record.state.phase)} state`);
    return record;
  }

  print(record: ContainerRecord, text: string): void {
    record.lines.push({ at: this.clock.now(), stream: 'stdout', text });
    for (const queue of record.attached) queue.push('stdout', Buffer.from(`${text}\n`));
  }

  /** Ends a container now. Nothing happens when it has ended already. */
  exit(record: ContainerRecord, exitCode: number, reason: string, message = ''): void {
    if (record.state.phase === 'exited') return;
    this.cancel(record);
    record.state = { ...record.state, phase: 'exited', finishedAt: this.clock.now(), exitCode, reason, message };
    for (const queue of record.attached) queue.end();
    record.attached.clear();
    for (const resolve of record.onExit.splice(0)) resolve();
    this.changed(record.state.sandboxId);
  }

  /** Drops what a container would still have done by itself. */
  cancel(record: ContainerRecord): void {
    record.ending?.timer.cancel();
    record.ending = undefined;
    for (const timer of record.printing.splice(0)) timer.cancel();
  }

  /** Ends a container in `ms`, unless it ends sooner anyway. */
  exitIn(record: ContainerRecord, ms: number, exitCode: number, reason: string, message = ''): void {
    const at = this.clock.now() + ms;
    if (ms === Number.POSITIVE_INFINITY || (record.ending && record.ending.at <= at)) return;
    record.ending?.timer.cancel();
    record.ending = { at, timer: this.clock.after(ms, () => this.exit(record, exitCode, reason, message)) };
  }
}

export function criPhase(phase: ContainerState['phase']): string {
  return `CONTAINER_${phase.toUpperCase()}`;
}

/** The reason containerd gives where it has no better one. */
export function exitReason(exitCode: number): string {
  return exitCode === 0 ? 'Completed' : 'Error';
}
