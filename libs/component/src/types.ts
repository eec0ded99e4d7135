import type { Clock, Logger, Random } from '@keelson/base';
import type { Registry } from 'prom-client';
import type { ConfigKind } from './config-kind.ts';
import type { InertFlags } from './inert.ts';

/** One option of a process: gives its type, default, documentation, flag (`--name`), environment variable and config-file key. */
export interface OptionSpec<T extends OptionValue = OptionValue> {
  /** A `duration` is written as Go writes them (`1m30s`) and read in milliseconds. */
  readonly type: 'string' | 'number' | 'boolean' | 'list' | 'duration';
  readonly default: T;
  readonly help: string;
  /** Shown in help as the value's name. */
  readonly placeholder?: string;
}

export type OptionValue = string | number | boolean | readonly string[];

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** Values by flag name without dashes, e.g. `options['secure-port']`. Lists are comma separated or repeated. */
export type OptionValues<S extends OptionSpecs> = { readonly [K in keyof S]: ValueTypes[S[K]['type']] };

/** By `type` rather than by the default, whose own type may be narrower: `[]`, `true`. */
interface ValueTypes {
  string: string;
  number: number;
  boolean: boolean;
  list: readonly string[];
  duration: number;
}

/** What a running component is given. */
export interface ComponentContext<S extends OptionSpecs> {
  readonly options: OptionValues<S>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Registry;
  /** Aborts on SIGTERM or SIGINT: finish what is in hand and return. */
  readonly signal: AbortSignal;
}

/** A process. The same entry runs as a process (`main`) or inside another one (`run`). */
export interface Component<S extends OptionSpecs> {
  /** `kube-scheduler`, … as it appears in logs, user agents and metrics. */
  readonly name: string;
  readonly options: S;
  /** Flags of Kubernetes' program that are taken without effect, besides those that all programs take so. */
  readonly inert?: InertFlags;
  /** The kind of Kubernetes' configuration file that `--config` may name instead of a list of flags. */
  readonly configKind?: ConfigKind;
  /** Resolves when the component has stopped. @throws what kept it from starting, in words a user can act on. */
  run(context: ComponentContext<S>): Promise<void>;
}
