import { errorMessage, every, rfc3339 } from '@keelson/base';
import { ConfigMap } from '@keelson/types';
import type { Registry } from '../registry/registry.ts';
import { createMissing, update, type Writable } from '../registry/write.ts';
import { systemUser } from './types.ts';

const namespace = 'kube-system';
const name = 'kube-apiserver-legacy-service-account-token-tracking';

/** Milliseconds after which it is made anew when somebody took it away. */
const patience = 60_000;

/**
 * ConfigMap `kube-system/kube-apiserver-legacy-service-account-token-tracking`: the day from which on the use of tokens in Secrets is
 * noted. Whoever cleans them up must not take a token of before for one that is not used.
 */
export async function ensureTokenTracking(registry: Registry): Promise<void> {
  const present = registry.read(ConfigMap, namespace, name);
  if (present && isDate(present.data?.since)) return;
  const request = { namespace, user: systemUser, dryRun: false, subresource: '', warnings: [] };
  const data = { since: rfc3339(registry.options.clock.now()).slice(0, 10) };
  const store = registry.of(ConfigMap);
  if (!present) return createMissing(registry, store, { metadata: { name }, data } as Writable, request);
  await update(registry, store, name, { apply: (current) => ({ ...current, data }) as Writable }, request);
}

/** Keeps it until the signal. */
export async function keepTokenTracking(registry: Registry, signal: AbortSignal): Promise<void> {
  const { clock, log } = registry.options;
  const failed = (error: unknown): void => log.warn(`could not keep ConfigMap ${namespace}/${name}`, { err: errorMessage(error) });
  await every(clock, patience, signal, () => ensureTokenTracking(registry), failed);
}

function isDate(text: string | undefined): boolean {
  return text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));
}
