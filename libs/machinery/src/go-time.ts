import { quoteBytes } from '@keelson/base';

/** What of a time comes next, as Go's layouts name it, what that may look like, and within which bounds. */
interface Step {
  readonly name: string;
  readonly pattern: RegExp;
  readonly bounds?: readonly [low: number, high: number, what: string];
}

const seconds: readonly Step[] = [
  { name: '2006', pattern: /^\d{4}/ },
  { name: '-', pattern: /^-/ },
  { name: '01', pattern: /^\d\d/, bounds: [1, 12, 'month'] },
  { name: '-', pattern: /^-/ },
  { name: '02', pattern: /^\d\d/ },
  { name: 'T', pattern: /^T/ },
  { name: '15', pattern: /^\d\d?/, bounds: [0, 23, 'hour'] },
  { name: ':', pattern: /^:/ },
  { name: '04', pattern: /^\d\d/, bounds: [0, 59, 'minute'] },
  { name: ':', pattern: /^:/ },
  { name: '05', pattern: /^\d\d/, bounds: [0, 59, 'second'] },
];
const zone: Step = { name: 'Z07:00', pattern: /^(?:Z|[+-]\d\d:\d\d)/ };

interface Layout {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Digits of a second that are written. */
  readonly digits: 0 | 6;
}

const whole: Layout = {
  name: '2006-01-02T15:04:05Z07:00',
  steps: [...seconds, { name: '', pattern: /^(?:[.,]\d+)?/ }, zone],
  digits: 0,
};
const micro: Layout = {
  name: '2006-01-02T15:04:05.000000Z07:00',
  steps: [...seconds, { name: '.000000', pattern: /^[.,]\d{6}/ }, zone],
  digits: 6,
};

/** The text of a time as metav1.Time has it, in UTC and to the second, of one in RFC 3339. @throws Error in the words of Go's package time. */
export function canonicalTime(text: string): string {
  return canonical(text, whole);
}

/** As `canonicalTime`, of a metav1.MicroTime: to the microsecond, whose six digits have to be there. */
export function canonicalMicroTime(text: string): string {
  return canonical(text, micro);
}

function canonical(text: string, layout: Layout): string {
  const parts: string[] = [];
  let rest = text;
  for (const step of layout.steps) {
    const [found] = step.pattern.exec(rest) ?? [];
    if (found === undefined)
      throw new Error(`parsing time ${quoteBytes(text)} as "${layout.name}": cannot parse ${quoteBytes(rest)} as "${step.name}"`);
    const [low, high, what] = step.bounds ?? [0, Number.POSITIVE_INFINITY, ''];
    if (Number(found) < low || Number(found) > high) throw new Error(`parsing time ${quoteBytes(text)}: ${what} out of range`);
    parts.push(found);
    rest = rest.slice(found.length);
  }
  if (rest !== '') throw new Error(`parsing time ${quoteBytes(text)}: extra text: ${quoteBytes(rest)}`);
  return inUtc(text, parts, layout.digits);
}

/** @param parts as the steps of a layout took them. */
function inUtc(text: string, parts: readonly string[], digits: number): string {
  const [year, , month, , day, , hour, , minute, , second, fraction = '', offset = ''] = parts;
  const written = new Date(0);
  written.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (written.getUTCDate() !== Number(day)) throw new Error(`parsing time ${quoteBytes(text)}: day out of range`);
  const away = offset === 'Z' ? 0 : Number(`${offset[0]}1`) * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4)));
  written.setUTCHours(Number(hour), Number(minute) - away, Number(second));
  const shown = written.toISOString().slice(0, -'.000Z'.length);
  return digits === 0 ? `${shown}Z` : `${shown}.${fraction.slice(1)}Z`;
}
