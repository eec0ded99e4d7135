import { Tally } from './tally.ts';

const seconds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
const lengths = [0, 10, 25, 50, 100, 250, 500, 1000];
const widths = [1, 2, 4, 10];

/** Why a request was sent away. */
export type Reason = 'queue-full' | 'concurrency-limit' | 'time-out' | 'cancelled';

/** What became of the requests that one FlowSchema sent to one priority level. */
export class Account {
  readonly schema: string;
  readonly level: string;
  dispatched = 0;
  readonly rejected = new Map<Reason, number>();
  waiting = 0;
  waitingSeats = 0;
  executing = 0;
  executingSeats = 0;
  /** Seconds in a queue, of those that came to execute and of those that did not. */
  readonly waited = { true: new Tally(seconds), false: new Tally(seconds) };
  /** Seconds on a seat. */
  readonly executed = { regular: new Tally(seconds), watch: new Tally(seconds) };
  /** Requests in a queue when one had joined it. */
  readonly lengths = new Tally(lengths);
  readonly widths = new Tally(widths);

  constructor(schema: string, level: string) {
    this.schema = schema;
    this.level = level;
  }

  reject(reason: Reason): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
  }
}
