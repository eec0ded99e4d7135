import { errorMessage, every } from '@keelson/base';
import { equal } from '@keelson/machinery';
import { ConfigMap } from '@keelson/types';
import { systemUser } from '../auth/types.ts';
import type { Registry } from '../registry/registry.ts';
import type { Writable } from '../registry/writable.ts';
import { createMissing, update } from '../registry/write.ts';

const namespace = 'kube-system';

export type Data = Readonly<Record<string, string>>;

/** Makes ConfigMap `kube-system/<name>` hold what is wanted, if it does not. @param wanted of what it holds; of nothing, where there is none. */
export async function ensureConfigMap(registry: Registry, name: string, wanted: (present?: Data) => Data): Promise<void> {
  const present = registry.read(ConfigMap, namespace, name);
  if (present && equal(present.data, wanted(present.data))) return;
  const store = registry.of(ConfigMap);
  const request = { namespace, user: systemUser, dryRun: false, subresource: '', warnings: [] };
  if (!present) return createMissing(registry, store, { metadata: { name }, data: wanted() } as Writable, request);
  const apply = (current: Writable): Writable => ({ ...current, data: wanted((current as ConfigMap).data) }) as Writable;
  await update(registry, store, name, { apply }, request);
}

/** Calls `ensure`, which may fail, every `interval` milliseconds until the signal. */
export async function keepConfigMap(
  { options: { clock, log } }: Registry,
  name: string,
  interval: number,
  ensure: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const failed = (error: unknown): void => log.warn(`could not keep ConfigMap ${namespace}/${name}`, { err: errorMessage(error) });
  await every(clock, interval, signal, ensure, failed);
}
