import { Counter, Gauge, type Registry } from 'prom-client';
import type { Account } from './account.ts';
import type { Level, Levels } from './levels.ts';
import type { Held } from './priority-and-fairness.ts';
import { showTallies, type Tally } from './tally.ts';

type Labels = Readonly<Record<string, string>>;
type Value = readonly [labels: Labels, value: number];

interface Shown {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
}

/** Shows what the levels and accounts hold when the metrics are read: while requests are served nothing is computed for them. */
export function showFairness(registry: Registry, levels: Levels<Held>): void {
  showAccounts(registry, levels);
  showRequests(registry, levels);
  showLevels(registry, levels);
}

const labelsOf = ({ level, schema }: Account): Labels => ({ priority_level: level, flow_schema: schema });

const counted = ['priority_level', 'flow_schema'];
const present: readonly (readonly [name: string, help: string, read: (account: Account) => number])[] = [
  ['current_inqueue_requests', 'Requests that wait.', ({ waiting }) => waiting],
  ['current_inqueue_seats', 'Seats that waiting requests ask for.', ({ waitingSeats }) => waitingSeats],
  ['current_executing_requests', 'Requests that execute; watches, until they have begun.', ({ executing }) => executing],
  ['current_executing_seats', 'Seats that executing requests take.', ({ executingSeats }) => executingSeats],
];

function showAccounts(registry: Registry, levels: Levels<Held>): void {
  const each = (read: (account: Account) => number) => (): Value[] =>
    [...levels.accounts].map((account) => [labelsOf(account), read(account)]);
  const rejections = (account: Account): Value[] =>
    [...account.rejected].map(([reason, count]) => [{ ...labelsOf(account), reason }, count]);
  const dispatched = each((account) => account.dispatched);
  const labelNames = counted;
  counter(registry, { name: 'dispatched_requests_total', help: 'Requests that came to execute.', labelNames }, dispatched);
  const rejected = { name: 'rejected_requests_total', help: 'Requests sent away, by reason.', labelNames: [...counted, 'reason'] };
  counter(registry, rejected, () => [...levels.accounts].flatMap(rejections));
  for (const [name, help, read] of present) gauge(registry, { name, help, labelNames }, each(read));
}

function showRequests(registry: Registry, levels: Levels<Held>): void {
  const show = (name: string, help: string, tallies: (account: Account) => readonly (readonly [Labels, Tally])[]): void =>
    showTallies(registry, `apiserver_flowcontrol_${name}`, help, () =>
      [...levels.accounts].flatMap((account) =>
        tallies(account).map(([labels, tally]) => ({ labels: { ...labelsOf(account), ...labels }, tally })),
      ),
    );
  show('request_wait_duration_seconds', 'How long requests waited in a queue.', ({ waited }) => [
    [{ execute: 'true' }, waited.true],
    [{ execute: 'false' }, waited.false],
  ]);
  show('request_execution_seconds', 'How long requests executed; watches, until they had begun.', ({ executed }) => [
    [{ type: 'regular' }, executed.regular],
    [{ type: 'watch' }, executed.watch],
  ]);
  show('request_queue_length_after_enqueue', 'Length of a queue when a request had joined it.', ({ lengths }) => [[{}, lengths]]);
  show('work_estimated_seats', 'Seats that requests were given.', ({ widths }) => [[{}, widths]]);
}

function showLevels(registry: Registry, levels: Levels<Held>): void {
  const show = (name: string, help: string, of: (level: Level<Held>) => number): void =>
    gauge(registry, { name, help, labelNames: ['priority_level'] }, () =>
      [...levels.all].map((level) => [{ priority_level: level.name }, of(level)]),
    );
  show('nominal_limit_seats', 'Seats a priority level is configured to have.', ({ limits }) => limits.nominal);
  show('lower_limit_seats', 'The least seats lending leaves a priority level.', ({ limits }) => limits.lower);
  show('upper_limit_seats', 'The most seats a priority level comes to by borrowing.', ({ limits }) => limits.upper);
  show('current_limit_seats', 'Seats a priority level has now.', ({ current }) => current);
  show('target_seats', 'Seats a priority level should have come to.', ({ target }) => target);
  show('demand_seats_high_watermark', 'The most seats wanted at once in the last period.', ({ highestDemand }) => highestDemand);
  show('demand_seats_smoothed', 'Seats wanted, slow to fall.', ({ smoothedDemand }) => smoothedDemand);
  gauge(registry, { name: 'seat_fair_frac', help: 'Of its target what each priority level gets.', labelNames: [] }, () => [
    [{}, levels.fraction],
  ]);
}

function gauge(registry: Registry, { name, help, labelNames }: Shown, read: () => readonly Value[]): void {
  new Gauge({
    ...{ name: `apiserver_flowcontrol_${name}`, help, labelNames, registers: [registry] },
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.set(labels, value);
    },
  });
}

function counter(registry: Registry, { name, help, labelNames }: Shown, read: () => readonly Value[]): void {
  new Counter({
    ...{ name: `apiserver_flowcontrol_${name}`, help, labelNames, registers: [registry] },
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.inc(labels, value);
    },
  });
}
