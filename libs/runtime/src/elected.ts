import type { Clock, Logger, Random } from '@keelson/base';
import type { Api } from '@keelson/client';
import { runWithLease } from './leader.ts';

/** Values of the `--leader-elect*` flags; times in milliseconds. */
export interface ElectionFlags {
  readonly 'leader-elect': boolean;
  readonly 'leader-elect-lease-duration': number;
  readonly 'leader-elect-renew-deadline': number;
  readonly 'leader-elect-retry-period': number;
  readonly 'leader-elect-resource-name': string;
  readonly 'leader-elect-resource-namespace': string;
}

export interface Electorate {
  readonly options: ElectionFlags;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Runs `work` as the flags say: at once, or while leading. `host` begins the identity, as upstream; `onChange` is told of leading (1) and
 * not (0). Settles as `runWithLease` does.
 */
export async function runElected(
  { options: flags, clock, random, log, signal }: Electorate,
  api: Api,
  host: string,
  onChange: (name: string, leading: 0 | 1) => void,
  work: (leading: AbortSignal) => Promise<void>,
): Promise<void> {
  if (!flags['leader-elect']) return work(signal);
  const name = flags['leader-elect-resource-name'];
  const election = {
    lease: { name, namespace: flags['leader-elect-resource-namespace'] },
    identity: `${host}_${random.uuid()}`,
    leaseDuration: flags['leader-elect-lease-duration'],
    renewDeadline: flags['leader-elect-renew-deadline'],
    retryPeriod: flags['leader-elect-retry-period'],
  };
  onChange(name, 0);
  const lead = async (leading: AbortSignal): Promise<void> => {
    onChange(name, 1);
    await work(leading).finally(() => onChange(name, 0));
  };
  await runWithLease(api, election, clock, log, signal, lead, random);
}
