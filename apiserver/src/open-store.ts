import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { HealthCheck } from '@keelson/component';
import { kinds } from './kinds/index.ts';
import type { KindDefinition } from './kinds/types.ts';
import { prefixOf } from './registry/kind-store.ts';
import { fromStrangers, type KeyedKind } from './registry/strangers.ts';
import type { Encryption, EncryptionFileOptions } from './storage/encryption/file.ts';
import type { Store } from './storage/types.ts';

/** Flags that say where objects are kept, and how. */
export interface StoreOptions {
  readonly 'storage-backend': string;
  readonly 'storage-file': string;
  readonly 'etcd-servers': readonly string[];
  readonly 'etcd-prefix': string;
  readonly 'etcd-cafile': string;
  readonly 'etcd-certfile': string;
  readonly 'etcd-keyfile': string;
  readonly 'encryption-provider-config': string;
  readonly 'encryption-provider-config-automatic-reload': boolean;
}

/** A store, and whether what lies at a key of it should be written again though it has not changed. */
export interface OpenStore {
  readonly store: Store;
  readonly isStale?: (key: string) => Promise<boolean>;
  /** Of the services that hold the store's keys. */
  readonly checks?: readonly HealthCheck[];
}

/** What a store that asks others for its keys is given. */
export type StoreSurroundings = Pick<EncryptionFileOptions, 'clock' | 'random' | 'log' | 'signal'>;

/**
 * Opens the store that the flags name, sealing what `--encryption-provider-config` says. Over etcd, what upstream's server wrote is read too.
 * @throws Error that says which flag or file is at fault.
 */
export async function openStore(options: StoreOptions, around: StoreSurroundings): Promise<OpenStore> {
  const opened = await openSealed(options, around);
  if (backendOf(options) !== 'etcd3') return opened;
  const { TranslatingStore } = await import('./storage/translating.ts');
  return { ...opened, store: new TranslatingStore(opened.store, fromStrangers(kindAt())) };
}

async function openSealed(options: StoreOptions, around: StoreSurroundings): Promise<OpenStore> {
  const [file, reload] = [options['encryption-provider-config'], options['encryption-provider-config-automatic-reload']];
  if (!file && reload) throw new Error('--encryption-provider-config-automatic-reload must be set with --encryption-provider-config');
  const encryption = file ? await encryptionIn({ ...around, file, reload }) : undefined;
  const inner = await openBackend(options);
  if (!encryption) return { store: inner };
  const { EncryptingStore } = await import('./storage/encryption/encrypting.ts');
  const { rules, checks } = encryption;
  const store = new EncryptingStore(inner, { rules, resourceOf: resourceOf(), nonce: (length) => randomBytes(length) });
  return { store, checks, isStale: (key) => store.isStale(key) };
}

async function encryptionIn(options: EncryptionFileOptions): Promise<Encryption> {
  const { openEncryption } = await import('./storage/encryption/file.ts');
  try {
    return await openEncryption(options);
  } catch (error) {
    throw new Error(`--encryption-provider-config: ${options.file}: ${(error as Error).message}`, { cause: error });
  }
}

function keyed({ kind: { kind, apiVersion }, defaults }: KindDefinition): KeyedKind {
  return { kind, apiVersion, ...(defaults ? { defaults } : {}) };
}

/** The built-in kind of the objects below a key. */
function kindAt(): (key: string) => KeyedKind | undefined {
  const known = new Map(kinds.map((definition) => [prefixOf(definition), keyed(definition)]));
  return (key) => {
    const [, root, first, second] = key.split('/');
    return known.get(`/${root}/${first}/`) ?? known.get(`/${root}/${first}/${second}/`);
  };
}

/** The resource that a key belongs to, as `secrets` or `deployments.apps`; of custom resources too, whose keys name group and plural. */
export function resourceOf(): (key: string) => string | undefined {
  const known = new Map(kinds.map((definition) => [prefixOf(definition), named(definition.kind)]));
  return (key) => {
    const [, root, first = '', second = ''] = key.split('/');
    const builtIn = known.get(`/${root}/${first}/`) ?? known.get(`/${root}/${first}/${second}/`);
    return builtIn ?? (first.includes('.') && second ? `${second}.${first}` : undefined);
  };
}

function named({ group, resource }: { readonly group: string; readonly resource: string }): string {
  return group ? `${resource}.${group}` : resource;
}

function backendOf(options: StoreOptions): string {
  return options['storage-backend'] || (options['etcd-servers'].length > 0 ? 'etcd3' : 'sqlite');
}

/** Store code is loaded by need: the etcd client costs start-up time that an embedded store does not owe. */
async function openBackend(options: StoreOptions): Promise<Store> {
  if (options['etcd-prefix'] !== '/registry') throw new Error(`--etcd-prefix=${options['etcd-prefix']}: only /registry is offered`);
  const backend = backendOf(options);
  if (backend === 'memory') return (await import('./storage/memory/memory.ts')).createMemoryStore();
  if (backend === 'sqlite') return (await import('./storage/sqlite/sqlite.ts')).createSqliteStore({ path: options['storage-file'] });
  if (backend !== 'etcd3') throw new Error(`--storage-backend: "${backend}" is unknown; use sqlite, etcd3 or memory`);
  if (options['etcd-servers'].length === 0) throw new Error('--etcd-servers must be given with --storage-backend=etcd3');
  const { createEtcdStore } = await import('./storage/etcd/etcd.ts');
  const [ca, cert, key] = await Promise.all([options['etcd-cafile'], options['etcd-certfile'], options['etcd-keyfile']].map(readOptional));
  return createEtcdStore({ endpoints: options['etcd-servers'], ...(ca ? { tls: { ca, ...(cert && key ? { cert, key } : {}) } } : {}) });
}

async function readOptional(path: string): Promise<Buffer | undefined> {
  return path ? readFile(path) : undefined;
}
