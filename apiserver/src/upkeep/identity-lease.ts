import { createHash, randomUUID } from 'node:crypto';
import { errorMessage, every, microTimestamp } from '@keelson/base';
import { parseTime } from '@keelson/machinery';
import { Lease } from '@keelson/types';
import { systemUser } from '../auth/types.ts';
import { remove } from '../registry/delete.ts';
import { sharedEntry } from '../registry/entry.ts';
import type { Registry } from '../registry/registry.ts';
import type { Writable } from '../registry/writable.ts';
import { create, update } from '../registry/write.ts';

const namespace = 'kube-system';
const program = 'kube-apiserver';
const label = 'apiserver.kubernetes.io/identity';

/** Seconds for which a server counts as there after its last sign of life, which it gives every ten. */
const lasts = 3600;
const renewEvery = 10_000;

/** Milliseconds between looks for leases of servers that are gone. */
const cleanEvery = 3_600_000;

/** The name of the server of a machine, the same after every start, as upstream makes it: `apiserver-` and a hash. */
export function identityOf(hostname: string): string {
  const hash = createHash('sha256');
  for (const part of [hostname, program]) {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(Buffer.byteLength(part));
    hash.update(length).update(part);
  }
  return `apiserver-${base32(hash.digest().subarray(0, 16))}`;
}

/** Lower case, without padding. */
function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const digits = bits.match(/.{1,5}/g) ?? [];
  return digits.map((five) => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

/**
 * Keeps Lease `kube-system/apiserver-<hash>`, by which the servers of a cluster are known, and every hour takes away those of servers that
 * have run out. Until the signal: the lease of a server that stops stays, as upstream's.
 */
export async function keepIdentityLease(registry: Registry, hostname: string, signal: AbortSignal): Promise<void> {
  const { clock, log } = registry.options;
  const name = identityOf(hostname);
  const holder = `${name}_${randomUUID()}`;
  const failed = (error: unknown): void => log.warn(`could not keep Lease ${namespace}/${name}`, { err: errorMessage(error) });
  await Promise.all([
    every(clock, renewEvery, signal, () => renew(registry, { name, holder, hostname }), failed),
    every(clock, cleanEvery, signal, () => clean(registry), failed),
  ]);
}

interface Identity {
  readonly name: string;
  readonly holder: string;
  readonly hostname: string;
}

const request = { namespace, user: systemUser, dryRun: false, subresource: '', warnings: [] };

async function renew(registry: Registry, { name, holder, hostname }: Identity): Promise<void> {
  const store = registry.of(Lease);
  const own = { [label]: program, 'kubernetes.io/hostname': hostname };
  const spec = { holderIdentity: holder, leaseDurationSeconds: lasts, renewTime: microTimestamp(registry.options.clock) };
  if (!registry.read(Lease, namespace, name)) {
    await create(registry, store, { metadata: { name, labels: own }, spec } as Writable, request);
    return;
  }
  const apply = ({ metadata, ...rest }: Writable): Writable =>
    ({ ...rest, metadata: { ...metadata, labels: { ...metadata.labels, ...own } }, spec }) as Writable;
  await update(registry, store, name, { apply }, request);
}

async function clean(registry: Registry): Promise<void> {
  const store = registry.of(Lease);
  const gone: Lease['metadata'][] = [];
  store.cache.each(store.keyOf(namespace, ''), (entry) => {
    const { metadata, spec } = sharedEntry<Lease>(entry);
    if (metadata.labels?.[label] === program && !isAlive(spec, registry.options.clock.now())) gone.push(metadata);
    return true;
  });
  for (const { name = '', uid, resourceVersion } of gone)
    await remove(registry, store, name, { preconditions: { uid, resourceVersion } }, request);
}

/** One that does not say when it ends has ended. */
function isAlive(spec: Lease['spec'], now: number): boolean {
  const renewed = parseTime(spec?.renewTime);
  return renewed !== undefined && spec?.leaseDurationSeconds !== undefined && renewed + spec.leaseDurationSeconds * 1000 >= now;
}
