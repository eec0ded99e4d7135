import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseYaml } from '@keelson/machinery';
import { kinds } from './kinds/index.ts';
import { prefixOf } from './registry/kind-store.ts';
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
}

/** A store, and whether what lies at a key of it should be written again though it has not changed. */
export interface OpenStore {
  readonly store: Store;
  readonly isStale?: (key: string) => Promise<boolean>;
}

/**
 * Opens the store that the flags name, sealing what `--encryption-provider-config` says.
 * @throws Error that says which flag or file is at fault.
 */
export async function openStore(options: StoreOptions): Promise<OpenStore> {
  const file = options['encryption-provider-config'];
  const rules = file ? await encryptionRules(file) : undefined;
  const inner = await openBackend(options);
  if (!rules) return { store: inner };
  const { EncryptingStore } = await import('./storage/encryption/encrypting.ts');
  const store = new EncryptingStore(inner, { rules, resourceOf: resourceOf(), nonce: (length) => randomBytes(length) });
  return { store, isStale: (key) => store.isStale(key) };
}

async function encryptionRules(file: string) {
  const { parseEncryption } = await import('./storage/encryption/config.ts');
  try {
    return parseEncryption(parseYaml(await readFile(file, 'utf8')).value);
  } catch (error) {
    throw new Error(`--encryption-provider-config: ${file}: ${(error as Error).message}`, { cause: error });
  }
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

/** Store code is loaded by need: the etcd client costs start-up time that an embedded store does not owe. */
async function openBackend(options: StoreOptions): Promise<Store> {
  if (options['etcd-prefix'] !== '/registry') throw new Error(`--etcd-prefix=${options['etcd-prefix']}: only /registry is offered`);
  const backend = options['storage-backend'] || (options['etcd-servers'].length > 0 ? 'etcd3' : 'sqlite');
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
