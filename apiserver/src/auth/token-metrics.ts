import { Counter, type Registry } from 'prom-client';
import type { TokenMetrics } from './service-account.ts';

/** Counts service-account tokens that should be of the past, under upstream's names. */
export function createTokenMetrics(registry: Registry): TokenMetrics {
  const registers = [registry];
  const stale = new Counter({
    name: 'serviceaccount_stale_tokens_total',
    help: 'Cumulative stale projected service account tokens used',
    registers,
  });
  const legacy = new Counter({
    name: 'serviceaccount_legacy_tokens_total',
    help: 'Cumulative legacy service account tokens used',
    registers,
  });
  return { stale: () => stale.inc(), legacy: () => legacy.inc() };
}
