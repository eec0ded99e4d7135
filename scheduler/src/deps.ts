import type { Clock, Logger, Random } from '@keelson/base';
import type { Api } from '@keelson/client';
import type { EventRecorder, Informers } from '@keelson/runtime';
import type { Registry } from 'prom-client';
import type { Extenders } from './extenders/extenders.ts';
import type { Profile } from './profiles.ts';
import type { Delays } from './queue/queue.ts';

export interface SchedulerDeps {
  readonly api: Api;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly metrics: Registry;
  /** Pods that name none of these are left to other schedulers; the default one unless told. */
  readonly profiles?: readonly Profile[];
  /** How long pods wait in the queue; as upstream unless told. */
  readonly delays?: Delays;
  /** Asked besides; nobody unless told. */
  readonly extenders?: Extenders;
}
