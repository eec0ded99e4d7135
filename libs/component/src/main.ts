import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, errorMessage, isAbort, type Logger, type Random, silentLogger, systemClock, systemRandom } from '@keelson/base';
import { parseYaml } from '@keelson/machinery';
import { Registry } from 'prom-client';
import { mergeConfig, readConfigKind } from './config-kind.ts';
import { inertFlags } from './inert.ts';
import { createLogger } from './log.ts';
import { ProcessRegistry } from './metrics.ts';
import { configFile, defaultOf, parseFlags, type Resolved, resolveOptions } from './options.ts';
import type { Component, OptionSpecs, OptionValues } from './types.ts';

/** What differs from a component's defaults when it runs inside another process. */
export interface Overrides<S extends OptionSpecs> {
  readonly options?: Partial<OptionValues<S>>;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Logger;
  readonly metrics?: Registry;
  readonly signal: AbortSignal;
}

/** Runs a component inside this process. Settles as its `run` does. */
export function runIn<S extends OptionSpecs>(component: Component<S>, overrides: Overrides<S>): Promise<void> {
  const defaults = Object.fromEntries(Object.entries(component.options).map(([name, spec]) => [name, defaultOf(spec)]));
  return component.run({
    options: { ...defaults, ...overrides.options } as OptionValues<S>,
    clock: overrides.clock ?? systemClock,
    random: overrides.random ?? systemRandom,
    log: overrides.log ?? silentLogger,
    metrics: overrides.metrics ?? new Registry(),
    signal: overrides.signal,
  });
}

/**
 * A process's main program: options from its command line, logs on standard error, SIGTERM and SIGINT to the signal (a second one
 * ends it at once). Exits 0 when the component has stopped, 1 with one sentence when it could not run. Never returns.
 */
export async function runMain<S extends OptionSpecs>(component: Component<S>): Promise<never> {
  const { resolved, ineffective } = readOptions(component, process.argv.slice(2));
  if (resolved.kind === 'print') {
    process.stdout.write(resolved.text);
    process.exit(0);
  }
  if (resolved.kind === 'invalid') return fail(component.name, resolved.message);
  const clock = systemClock;
  const log = createLogger({ component: component.name, verbosity: resolved.verbosity, clock });
  if (ineffective.length > 0) log.info('taken without effect', { options: ineffective });
  exitOnUncaught(log);
  const signal = abortOnSignals(log);
  try {
    await component.run({ options: resolved.options, clock, random: systemRandom, log, metrics: new ProcessRegistry(), signal });
  } catch (error) {
    if (!(signal.aborted && isAbort(error))) {
      log.debug('failed', { err: error });
      return fail(component.name, errorMessage(error));
    }
  }
  process.exit(0);
}

interface Read<S extends OptionSpecs> {
  readonly resolved: Resolved<S>;
  /** Flags and fields of the configuration file that change nothing. */
  readonly ineffective: readonly string[];
}

function readOptions<S extends OptionSpecs>(component: Component<S>, argv: readonly string[]): Read<S> {
  const { name, options: specs } = component;
  const parsed = parseFlags(specs, argv, inertFlags(component.inert));
  if ('message' in parsed) return { resolved: { kind: 'invalid', message: parsed.message }, ineffective: [] };
  const { flags, ineffective } = parsed;
  const sources = { flags, env: process.env };
  const file = configFile(name, specs, sources);
  const dropIns = component.configKind?.dropIns === undefined ? undefined : flags.get(component.configKind.dropIns)?.at(-1);
  if (file === undefined && !dropIns) return { resolved: resolveOptions(name, specs, sources), ineffective };
  try {
    const document = readConfig(file, dropIns);
    const read = component.configKind && readConfigKind(document, component.configKind);
    const resolved = resolveOptions(name, specs, { ...sources, config: read?.values ?? document });
    return { resolved, ineffective: [...ineffective, ...(read?.ineffective ?? [])] };
  } catch (error) {
    return { resolved: { kind: 'invalid', message: `cannot read config file ${file ?? dropIns}: ${firstLine(error)}` }, ineffective };
  }
}

/** The file, changed by those of the drop-in folder in the order of their names. */
function readConfig(file: string | undefined, dropIns: string | undefined): unknown {
  const names = dropIns ? readdirSync(dropIns, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.conf')) : [];
  const files = [...(file === undefined ? [] : [file]), ...names.sort().map((name) => join(dropIns ?? '', name))];
  return files.map((path): unknown => parseYaml(readFileSync(path, 'utf8')).value ?? {}).reduce(mergeConfig, {});
}

function fail(name: string, message: string): never {
  process.stderr.write(`${name}: ${message}\n`);
  process.exit(1);
}

function firstLine(error: unknown): string {
  return errorMessage(error).split('\n')[0] ?? '';
}

function exitOnUncaught(log: Logger): void {
  const die = (kind: string) => (error: unknown) => {
    log.error(kind, { err: error });
    process.exit(1);
  };
  process.on('uncaughtException', die('uncaught exception'));
  process.on('unhandledRejection', die('unhandled rejection'));
}

function abortOnSignals(log: Logger): AbortSignal {
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(1);
    log.info('stopping', { signal });
    stop.abort();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return stop.signal;
}
