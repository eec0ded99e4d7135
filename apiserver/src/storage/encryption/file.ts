import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Clock, errorMessage, type Logger, type Random, sleep } from '@keelson/base';
import type { HealthCheck } from '@keelson/component';
import { parseYaml } from '@keelson/machinery';
import { type EncryptionRule, parseEncryption } from './config.ts';
import { connectPlugin } from './kms/plugin.ts';
import { KmsProvider } from './kms/provider.ts';
import type { KmsEndpoint, KmsService } from './kms/types.ts';
import type { Transformer } from './transform.ts';

export interface EncryptionFileOptions {
  readonly file: string;
  /** Whether it is read again when it changes. */
  readonly reload: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Reaches a service; by its plugin's socket, unless told. */
  readonly connect?: (endpoint: KmsEndpoint) => KmsService;
}

export interface Encryption {
  /** Those that hold now. */
  readonly rules: () => readonly EncryptionRule[];
  /** Of the services whose keys are used. */
  readonly checks: readonly HealthCheck[];
}

/** Milliseconds between looks at the file, the sooner after one that failed. */
const looks = { usual: 60_000, again: 10_000 };
/** Milliseconds: how long new services have to become well, at least, and between looks at them. */
const patience = { least: 10_000, between: 100 };

/** What one reading of the file came to. */
interface Loaded {
  readonly text: string;
  readonly rules: readonly EncryptionRule[];
  readonly providers: readonly KmsProvider[];
  /** Milliseconds its services may take together, twice. */
  readonly grace: number;
  readonly stop: AbortController;
}

/**
 * What `--encryption-provider-config` says, now and, where it is read again, from then on: new rules hold once all their services are well.
 * @throws Error about the file, in upstream's words.
 */
export async function openEncryption(options: EncryptionFileOptions): Promise<Encryption> {
  let loaded = await load(options);
  if (options.reload)
    void followFile(
      options,
      () => loaded,
      (next) => {
        loaded = next;
      },
    );
  const hasService = loaded.providers.length > 0;
  const check: HealthCheck = { name: 'kms-providers', check: () => checkAll(loaded.providers) };
  return { rules: () => loaded.rules, checks: options.reload || hasService ? [check] : [] };
}

async function load(options: EncryptionFileOptions): Promise<Loaded> {
  const { file, reload, clock, random, log } = options;
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new Error(
      `error while parsing file: error while loading file: error reading encryption provider configuration file "${file}": ${error.message}`,
    );
  });
  const stop = new AbortController();
  const providers: KmsProvider[] = [];
  let grace = 0;
  const kms = (endpoint: KmsEndpoint): Transformer => {
    const service = options.connect ? options.connect(endpoint) : connectPlugin(endpoint, clock);
    const provider = new KmsProvider(endpoint.name, { service, clock, random, log, secret: (length) => randomBytes(length) });
    providers.push(provider);
    grace += 2 * endpoint.timeout;
    return provider.transformer();
  };
  try {
    if (text === '') throw new Error(`error while loading file: encryption provider configuration file "${file}" is empty`);
    const rules = parseEncryption(parseYaml(text).value, { kms, reload });
    for (const provider of providers)
      await provider.check().catch((error: unknown) => log.error('kms plugin failed health check probe', { err: errorMessage(error) }));
    for (const provider of providers) void provider.run(AbortSignal.any([stop.signal, options.signal]));
    return { text, rules, providers, grace, stop };
  } catch (error) {
    for (const provider of providers) void provider.run(AbortSignal.abort());
    throw new Error(`error while parsing file: ${errorMessage(error)}`, { cause: error });
  }
}

/** @throws Error that names each service that is not well. */
async function checkAll(providers: readonly KmsProvider[]): Promise<void> {
  const faults: string[] = [];
  for (const [index, provider] of providers.entries())
    await provider.check().catch((error: unknown) => faults.push(`kms-provider-${index}: ${errorMessage(error)}`));
  if (faults.length > 0) throw new Error(faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`);
}

async function followFile(options: EncryptionFileOptions, current: () => Loaded, take: (next: Loaded) => void): Promise<void> {
  const { file, clock, log, signal } = options;
  let wait = looks.usual;
  while (!signal.aborted) {
    await sleep(clock, wait, signal).catch(() => undefined);
    if (signal.aborted) return;
    wait = looks.usual;
    try {
      const before = current();
      if ((await readFile(file, 'utf8')) === before.text) continue;
      const next = await load(options);
      await whenWell(next, options);
      take(next);
      log.info('encryption configuration read again', { file });
      clock.after(before.grace, () => before.stop.abort());
    } catch (error) {
      log.error(`error processing encryption config file ${file}`, { err: errorMessage(error) });
      wait = looks.again;
    }
  }
}

/** @throws Error, with its services left alone, when they do not become well. */
async function whenWell({ providers, grace, stop }: Loaded, { clock, signal }: EncryptionFileOptions): Promise<void> {
  const end = clock.now() + Math.max(grace, patience.least);
  for (;;) {
    try {
      return await checkAll(providers);
    } catch (error) {
      if (clock.now() >= end) {
        stop.abort();
        throw new Error(`health check for new transformers failed, polling error context deadline exceeded: ${errorMessage(error)}`);
      }
      await sleep(clock, patience.between, signal);
    }
  }
}
