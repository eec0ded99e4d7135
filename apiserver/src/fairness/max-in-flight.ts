import { type Arrival, answerTooMany, type Gate, type Handle, needsNoSeat } from './gate.ts';

/** Requests at once; 0 stands for any number. */
export interface InFlightLimits {
  readonly reading: number;
  readonly writing: number;
}

const readingVerbs = new Set(['get', 'list', 'watch']);

/** What there is without priority and fairness: two counts, and who comes when one is full is sent away. Administrators never are. */
export function maxInFlight(limits: InFlightLimits): Gate {
  const counts = { reading: 0, writing: 0 };
  return {
    async serve(arrival: Arrival, handle: Handle) {
      const { info, user } = arrival;
      const kind = readingVerbs.has(info.verb) ? 'reading' : 'writing';
      const free = limits[kind] === 0 || info.verb === 'watch' || needsNoSeat(info);
      if (free) return handle(() => undefined);
      if (counts[kind] >= limits[kind] && !user.groups.includes('system:masters')) return answerTooMany(arrival);
      counts[kind]++;
      try {
        await handle(() => undefined);
      } finally {
        counts[kind]--;
      }
    },
  };
}
