import { compareStrings, parseTime } from '@keelson/machinery';
import type { ObjectMeta } from '@keelson/types';

/** A text whose cells end in tabs, to be aligned when it is whole. */
export type Lines = string[];

/** `Label:\tvalue`, indented by two spaces a level. */
export function field(level: number, label: string, value: unknown): string {
  return `${'  '.repeat(level)}${label}:\t${value ?? ''}`;
}

/** A heading above indented lines, or `<none>` beside it. */
export function section(level: number, label: string, lines: readonly string[]): Lines {
  return lines.length === 0 ? [field(level, label, '<none>')] : [`${'  '.repeat(level)}${label}:`, ...lines];
}

/** One value a line, the label beside the first. */
export function listed(level: number, label: string, values: readonly string[]): Lines {
  const [first = '<none>', ...rest] = values;
  return [field(level, label, first), ...rest.map((value) => `${'  '.repeat(level)}\t${value}`)];
}

function pairs(map: Readonly<Record<string, string>> | undefined | null): [string, string][] {
  return Object.entries(map ?? {}).sort(([a], [b]) => compareStrings(a, b));
}

export function labelLines(level: number, labels: Readonly<Record<string, string>> | undefined | null, title = 'Labels'): Lines {
  return listed(
    level,
    title,
    pairs(labels).map(([key, value]) => `${key}=${value}`),
  );
}

const hidden = new Set(['kubectl.kubernetes.io/last-applied-configuration']);
const widest = 140;

export function annotationLines(level: number, annotations: Readonly<Record<string, string>> | undefined | null): Lines {
  const values = pairs(annotations)
    .filter(([key]) => !hidden.has(key))
    .flatMap(([key, value]) => {
      const text = value.replace(/\n$/, '');
      if (!text.includes('\n') && text.length + key.length + 2 <= widest) return [`${key}: ${text}`];
      return [`${key}:`, ...text.split('\n').map((line) => `  ${line.length > widest - 2 ? `${line.slice(0, widest - 2)}...` : line}`)];
    });
  return listed(level, 'Annotations', values);
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
  const two = (value: number): string => String(value).padStart(2, '0');
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const day = `${days[date.getDay()]}, ${two(date.getDate())} ${months[date.getMonth()]} ${date.getFullYear()}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone}`;
}

/** A table under a heading, with a line of dashes under its own: never fewer than four, as upstream has them under `Age`. */
export function tableLines(level: number, header: readonly string[], rows: readonly (readonly unknown[])[], dashes = true): Lines {
  const pad = '  '.repeat(level);
  const under = dashes ? [pad + header.map((title) => '-'.repeat(Math.max(title.length, 4))).join('\t')] : [];
  return [pad + header.join('\t'), ...under, ...rows.map((row) => pad + row.join('\t'))];
}
