import { rfc3339 } from '@keelson/base';
import type { Registry } from '../registry/registry.ts';
import { ensureConfigMap, keepConfigMap } from './config-map.ts';

const name = 'kube-apiserver-legacy-service-account-token-tracking';

/** Milliseconds after which it is made anew when somebody took it away. */
const patience = 60_000;

/**
 * ConfigMap `kube-system/kube-apiserver-legacy-service-account-token-tracking`: the day from which on the use of tokens in Secrets is
 * noted. Whoever cleans them up must not take a token of before for one that is not used.
 */
export async function ensureTokenTracking(registry: Registry): Promise<void> {
  const today = (): string => rfc3339(registry.options.clock.now()).slice(0, 10);
  await ensureConfigMap(registry, name, (data = {}) => (isDate(data.since) ? data : { since: today() }));
}

/** Keeps it until the signal. */
export async function keepTokenTracking(registry: Registry, signal: AbortSignal): Promise<void> {
  await keepConfigMap(registry, name, patience, () => ensureTokenTracking(registry), signal);
}

function isDate(text: string | undefined): boolean {
  return text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));
}
