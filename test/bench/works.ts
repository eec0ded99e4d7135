import { type Round, round, type Target } from './target.ts';

/** One line of PERFORMANCE.md's first table. */
interface Work {
  readonly name: string;
  readonly unit: string;
  /** Wants 3,000 objects and nothing else. */
  readonly filled?: boolean;
  /** @param ms how long, where that is not given by the work. */
  run(target: Target, ms: number): Promise<Round>;
}

const clients = 64;
/** Fewer, since each answer is long. */
const listers = 8;

const works: readonly Work[] = [
  { name: 'create ConfigMap', unit: '/s', filled: true, run: (target, ms) => round(clients, ms, () => target.create()) },
  { name: 'get', unit: '/s', filled: true, run: (target, ms) => round(clients, ms, (n) => target.get(n)) },
  { name: 'list 3,000 objects', unit: '/s', run: (target, ms) => round(listers, ms, () => target.list()) },
  { name: 'list by label, 10 % match', unit: '/s', run: (target, ms) => round(listers, ms, () => target.listByLabel()) },
  {
    name: 'watch: 100 watchers, 200 changes',
    unit: ' events/s',
    run: async (target) => ({ perSecond: await target.fanOut(100, 200, 16), times: [] }),
  },
];

/** What a work found: all rounds of each target, in the targets' order. */
export interface Found extends Pick<Work, 'name' | 'unit'> {
  readonly rounds: readonly (readonly Round[])[];
}

/** The machine is not equally fast all the time: so each gets its share of good and bad moments. */
const turns = 4;

/** Puts all works on all targets in turns, and leaves the targets empty. @param seconds for each work and target. */
export async function* inTurns(targets: readonly Target[], seconds: number): AsyncGenerator<Found> {
  for (const { name, unit, filled, run } of works) {
    if (filled) for (const target of targets) await target.fill();
    const rounds: Round[][] = targets.map(() => []);
    for (let turn = 0; turn < turns; turn++) {
      for (const [i, target] of targets.entries()) rounds[i]?.push(await run(target, (seconds * 1000) / turns));
    }
    yield { name, unit, rounds };
  }
  for (const target of targets) await target.clear();
}
