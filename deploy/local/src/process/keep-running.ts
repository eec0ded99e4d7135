import { Backoff, type Clock, errorMessage, sleep } from '@keelson/base';
import { lastWords } from './processes.ts';

export interface Supervision {
  readonly clock: Clock;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What is to run, and how it is started again. */
export interface Supervised {
  readonly dataDir: string;
  /** The names of those that run. */
  alive(): Promise<ReadonlySet<string>>;
  readonly starters: ReadonlyMap<string, () => Promise<unknown>>;
}

const everyMs = 500;

/** Starts again, with back-off, whatever ends. Resolves when the signal aborts; what runs goes on. */
export async function keepRunning({ dataDir, alive, starters }: Supervised, { clock, say, signal }: Supervision): Promise<void> {
  const backoff = new Backoff({ initial: 500, max: 30_000, resetAfter: 60_000 }, clock);
  const due = new Map<string, number>();
  while (!signal.aborted) {
    const present = await alive();
    for (const [name, again] of starters) {
      if (present.has(name) || clock.now() < (due.get(name) ?? 0)) continue;
      say(`${name} ended and is started again: ${await lastWords(dataDir, name, 1)}`);
      due.set(name, clock.now() + backoff.next(name));
      await again().catch((error: unknown) => say(`${name} could not be started: ${errorMessage(error)}`));
    }
    await sleep(clock, everyMs, signal).catch(() => undefined);
  }
}
