import { compareStrings, humanDuration, parseTime } from '@keelson/machinery';
import type { ObjectMeta } from '@keelson/types';

/** A text whose cells end in tabs, to be aligned when it is whole. */
export type Lines = string[];

/** `Label:\tvalue`, indented by two spaces a level. */
export function field(level: number, label: string, value: unknown): string {
  return `${'  '.repeat(level)}${label}:\t${value ?? ''}`;
}

/** One value a line, the label beside the first. */
export function listed(level: number, label: string, values: readonly string[]): Lines {
  const [first = '<none>', ...rest] = values;
  return [field(level, label, first), ...rest.map((value) => `${'  '.repeat(level)}\t${value}`)];
}

function pairs(map: Readonly<Record<string, string>> | undefined | null): [string, string][] {
  return Object.entries(map ?? {}).sort(([a], [b]) => compareStrings(a, b));
}

/** @param inset what stands before each value. */
export function labelLines(
  level: number,
  labels: Readonly<Record<string, string>> | undefined | null,
  title = 'Labels',
  inset = '',
): Lines {
  const values = pairs(labels).map(([key, value]) => `${inset}${key}=${value}`);
  return listed(level, title, values.length > 0 ? values : [`${inset}<none>`]);
}

/** Pairs on one line: `a=b,c=d`. */
export function flat(map: Readonly<Record<string, string>> | undefined | null): string {
  return (
    pairs(map)
      .map(([key, value]) => `${key}=${value}`)
      .join(',') || '<none>'
  );
}

const hidden = new Set(['kubectl.kubernetes.io/last-applied-configuration']);
const widest = 140;

/** @param inset what stands before each key; the lines of a long value go without. */
export function annotationLines(level: number, annotations: Readonly<Record<string, string>> | undefined | null, inset = ''): Lines {
  const values = pairs(annotations)
    .filter(([key]) => !hidden.has(key))
    .flatMap(([key, value]) => {
      const text = value.replace(/\n$/, '');
      if (!text.includes('\n') && text.length + key.length + 2 <= widest) return [`${inset}${key}: ${text}`];
      const lines = text.split('\n').map((line) => `  ${line.length > widest - 2 ? `${line.slice(0, widest - 2)}...` : line}`);
      return [`${inset}${key}:`, ...lines];
    });
  return listed(level, 'Annotations', values.length > 0 ? values : [`${inset}<none>`]);
}

/** `Name`, `Namespace`, `Labels`, `Annotations`: how most descriptions begin. */
export function head({ name, namespace, labels, annotations }: ObjectMeta, more: readonly string[] = []): Lines {
  return [
    field(0, 'Name', name),
    ...(namespace ? [field(0, 'Namespace', namespace)] : []),
    ...more,
    ...labelLines(0, labels),
    ...annotationLines(0, annotations),
  ];
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** RFC 1123 in the machine's time zone, as Go's `RFC1123Z`; `<unset>` for none. */
export function timeText(time: string | undefined | null): string {
  const ms = parseTime(time);
  if (ms === undefined) return '<unset>';
  const date = new Date(ms);
  const day = `${days[date.getDay()]}, ${two(date.getDate())} ${months[date.getMonth()]} ${date.getFullYear()}`;
  return `${day} ${clockText(date)} ${offsetText(date)}`;
}

/** A time that upstream prints although there is none. */
export function timeOrZero(time: string | undefined | null): string {
  return time ? timeText(time) : 'Mon, 01 Jan 0001 00:00:00 +0000';
}

/** As Go prints a time by default: `2026-11-22 01:58:01 +0000 UTC`, in the machine's time zone. */
export function goTimeText(time: string | undefined | null): string {
  const ms = parseTime(time);
  if (ms === undefined) return '0001-01-01 00:00:00 +0000 UTC';
  const date = new Date(ms);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${clockText(date)} ${offsetText(date)} ${zoneName(date)}`;
}

const two = (value: number): string => String(value).padStart(2, '0');

const clockText = (date: Date): string => `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

function offsetText(date: Date): string {
  const offset = -date.getTimezoneOffset();
  return `${offset < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
}

/** The zone's letters where the runtime knows them, else its offset, as the time zone database has it. */
function zoneName(date: Date): string {
  for (const locale of ['en-US', 'en-GB', 'en-AU', 'en-IN', 'ja']) {
    const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }).formatToParts(date);
    const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
    if (/^[A-Z]+$/.test(name)) return name;
  }
  return offsetText(date).replace(/00$/, '');
}

/** `Running`, or since when the object is being deleted. @param now milliseconds since the epoch. */
export function phaseText({ deletionTimestamp }: ObjectMeta, phase: string | undefined, now: number): string {
  const deleted = parseTime(deletionTimestamp);
  return deleted === undefined ? (phase ?? '') : `Terminating (lasts ${humanDuration(now - deleted)})`;
}

/** A table under a heading. @param under the line below its titles: as many dashes as each is long, unless it is said otherwise. */
export function tableLines(
  level: number,
  header: readonly string[],
  rows: readonly (readonly unknown[])[],
  under: readonly string[] | false = header.map((title) => '-'.repeat(title.length)),
): Lines {
  return [header, ...(under ? [under] : []), ...rows].map((row) => '  '.repeat(level) + row.join('\t'));
}
