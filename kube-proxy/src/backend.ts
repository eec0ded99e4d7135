import type { WantedService } from './model/types.ts';

/** What a service came to; undefined when it is gone or nothing is to be done for it. */
export interface ServiceStep {
  /** `namespace/name`. */
  readonly key: string;
  readonly service: WantedService | undefined;
}

/** What rules depend on besides services. */
export interface Surroundings {
  /** This node's own address, once its Node says so. */
  readonly nodeIP: string | undefined;
  /** Ranges that services get their addresses from, as far as they were looked for. */
  readonly serviceRanges: readonly string[];
}

/** One packet filter. It remembers what it made of every service, so that a change costs what it changes. */
export interface Backend {
  /** Brings these services to what is wanted now. @throws when the kernel refuses; `resync` must follow. */
  update(steps: readonly ServiceStep[]): Promise<void>;
  /** Compares all that the kernel holds of ours with what these, all services, need, and sends the difference. @throws when refused. */
  resync(services: Iterable<WantedService>, surroundings: Surroundings): Promise<void>;
  /** Whether what was made still stands, as far as a cheap look tells. Also finishes what had to wait. False: `resync` must follow. */
  intact(): Promise<boolean>;
  /** Deletes all that is ours; everybody else's stays. */
  cleanup(): Promise<void>;
}
