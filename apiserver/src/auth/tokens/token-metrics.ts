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
  const counted = (name: string, help: string): Counter => new Counter({ name: `serviceaccount_${name}_total`, help, registers });
  const uses = {
    auto: counted('legacy_auto_token_uses', 'Cumulative auto-generated legacy tokens used'),
    manual: counted('legacy_manual_token_uses', 'Cumulative manually created legacy tokens used'),
    invalidAuto: counted('invalid_legacy_auto_token_uses', 'Cumulative invalid auto-generated legacy tokens used'),
  };
  return {
    stale: () => stale.inc(),
    legacy(use) {
      uses[use].inc();
      if (use !== 'invalidAuto') legacy.inc();
    },
  };
}
