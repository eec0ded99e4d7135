import type { EvictionSettings } from './manager.ts';
import { parseThresholds, withAllocatable } from './thresholds.ts';

/** Upstream's flags, as far as this kubelet is given them. */
export interface EvictionFlags {
  readonly 'eviction-hard': string;
  readonly 'eviction-soft'?: string;
  readonly 'eviction-soft-grace-period'?: string;
  readonly 'eviction-minimum-reclaim'?: string;
  /** `pods`: they are bounded together, and evicted before they come to the bound. */
  readonly 'enforce-node-allocatable'?: readonly string[];
  /** Seconds. */
  readonly 'eviction-max-pod-grace-period'?: number;
  /** Milliseconds. */
  readonly 'eviction-pressure-transition-period'?: number;
}

/** @throws Error naming the threshold that is none. */
export function evictionSettings(flags: EvictionFlags): EvictionSettings {
  const thresholds = parseThresholds({
    hard: flags['eviction-hard'],
    soft: flags['eviction-soft'],
    softGrace: flags['eviction-soft-grace-period'],
    minimumReclaim: flags['eviction-minimum-reclaim'],
  });
  const [maxPodGraceSeconds, transitionMs] = [flags['eviction-max-pod-grace-period'], flags['eviction-pressure-transition-period']];
  return {
    thresholds: flags['enforce-node-allocatable']?.includes('pods') ? withAllocatable(thresholds) : thresholds,
    ...(maxPodGraceSeconds === undefined ? {} : { maxPodGraceSeconds }),
    ...(transitionMs === undefined ? {} : { transitionMs }),
  };
}
