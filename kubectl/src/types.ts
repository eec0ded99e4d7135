import type { Clock, Random } from '@keelson/base';
import type { Transport } from '@keelson/client';
import type { KubernetesObject } from '@keelson/types';
import type { Cluster } from './cluster.ts';
import type { FlagSpecs, FlagValues } from './flags.ts';

/** Any Kubernetes object, of which only the head is known. */
export interface AnyObject extends KubernetesObject {
  [field: string]: unknown;
}

export interface Output {
  write(text: string | Uint8Array): unknown;
}

/** What kubectl uses of the world around it. */
export interface Shell {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Read only when asked to. A terminal, when it is one, can be put into raw mode. */
  readonly stdin: AsyncIterable<Buffer | string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  /** Calls this instead of the server that the kubeconfig names: a cluster in the same process. */
  readonly transport?: Transport | undefined;
  /** Ends watches, followed logs and waits. */
  readonly signal: AbortSignal;
}

/** What a verb works with. */
export interface Context<F extends FlagSpecs = FlagSpecs> {
  readonly flags: FlagValues<F>;
  /** Names of the flags that were given. */
  readonly changed: ReadonlySet<string>;
  /** Each flag as it was given, in its long form: `--namespace=x`. */
  readonly given: readonly string[];
  readonly args: readonly string[];
  /** How many of `args` stand before `--`; -1 without one. */
  readonly dash: number;
  /** `kubectl rollout status`. */
  readonly path: string;
  readonly shell: Shell;
  readonly cluster: Cluster;
}

/** How one verb is called and what it does. Its exit code is 0 unless it answers another. */
export interface Verb<F extends FlagSpecs = FlagSpecs> {
  /** After `kubectl `, as `--help` ends. */
  readonly usage: string;
  readonly description?: string;
  readonly examples?: readonly string[];
  readonly flags: F;
  readonly subverbs?: readonly VerbEntry[];
  /**
   * Where help goes when none of the subverbs is named: to standard error, or to standard output, and the command has failed all the same;
   * `always`: to standard output whatever is named, as if it had been asked for.
   */
  readonly bare?: 'stderr' | 'stdout' | 'always';
  run?(context: Context<F>): Promise<number | undefined> | Promise<void>;
}

/** A verb in a list: what help says of it, and where it is when it is called. */
export interface VerbEntry {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** Names of commands that are not there, for which this one is suggested. */
  readonly suggestFor?: readonly string[];
  /** The heading it stands under in `kubectl help`. */
  readonly group?: string;
  readonly summary: string;
  load(): Promise<Verb>;
}

/** Checks a verb against its own flags and forgets them, so that verbs of any flags stand in one list. */
export function defineVerb<const F extends FlagSpecs>(verb: Verb<F>): Verb {
  return verb as unknown as Verb;
}
