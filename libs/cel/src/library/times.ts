import { each, fn, type Overload } from '../declare.ts';
import { type Face, faceOf } from '../time.ts';
import type { Duration, Timestamp } from '../values.ts';

const parts: Readonly<Record<string, (face: Face) => number>> = {
  getFullYear: ({ year }) => year,
  getMonth: ({ month }) => month,
  getDate: ({ day }) => day,
  getDayOfMonth: ({ day }) => day - 1,
  getDayOfWeek: ({ weekday }) => weekday,
  getDayOfYear: ({ yearDay }) => yearDay,
  getHours: ({ hours }) => hours,
  getMinutes: ({ minutes }) => minutes,
  getSeconds: ({ seconds }) => seconds,
  getMilliseconds: ({ milliseconds }) => milliseconds,
};

const units = { getHours: 3_600_000_000_000n, getMinutes: 60_000_000_000n, getSeconds: 1_000_000_000n, getMilliseconds: 1_000_000n };

export const times: readonly Overload[] = [
  ...Object.entries(parts).flatMap(([name, part]) =>
    each([`timestamp.${name}(): int`, `timestamp.${name}(string): int`], (time: Timestamp, zone?: string) =>
      BigInt(part(faceOf(time, zone))),
    ),
  ),
  ...Object.entries(units).map(([name, unit]) => fn(`duration.${name}(): int`, ({ nanos }: Duration) => nanos / unit)),
];
