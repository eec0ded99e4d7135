import type { LogEntry } from './format.ts';

/** What of a log is asked for; the names are those of `PodLogOptions`. */
export interface LogQuery {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  /** Milliseconds since the epoch. */
  readonly since: number | undefined;
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
  readonly stream: 'All' | 'Stdout' | 'Stderr';
}

/** @throws Error naming the parameter that makes no sense. */
export function parseLogQuery(query: URLSearchParams, now: number): LogQuery {
  const count = (name: string, least: number): number | undefined => {
    const text = query.get(name);
    if (text === null || text === '') return undefined;
    const value = Number(text);
    if (!Number.isInteger(value) || value < least)
      throw new Error(`${name}: Invalid value: ${JSON.stringify(text)}: must be greater than or equal to ${least}`);
    return value;
  };
  const flag = (name: string): boolean => !['0', 'false'].includes((query.get(name) ?? 'false').toLowerCase());
  const seconds = count('sinceSeconds', 1);
  const time = query.get('sinceTime');
  if (seconds !== undefined && time) throw new Error('at most one of `sinceTime` or `sinceSeconds` may be specified');
  const stream = query.get('stream') || 'All';
  if (stream !== 'All' && stream !== 'Stdout' && stream !== 'Stderr')
    throw new Error(`stream: Unsupported value: ${JSON.stringify(stream)}`);
  return {
    follow: flag('follow'),
    previous: flag('previous'),
    timestamps: flag('timestamps'),
    since: seconds === undefined ? (time ? Date.parse(time) : undefined) : now - seconds * 1000,
    tailLines: count('tailLines', 0),
    limitBytes: count('limitBytes', 1),
    stream,
  };
}

/** Turns entries into what the client gets, entry by entry. */
export class LogSelection {
  readonly #query: LogQuery;
  #left: number;
  #midLine = false;

  constructor(query: LogQuery) {
    this.#query = query;
    this.#left = query.limitBytes ?? Number.POSITIVE_INFINITY;
  }

  /** As many bytes as were asked for have been given. */
  get full(): boolean {
    return this.#left <= 0;
  }

  take(entry: LogEntry): Buffer | undefined {
    const { since, stream, timestamps } = this.#query;
    if (stream !== 'All' && entry.stream !== stream.toLowerCase()) return undefined;
    if (since !== undefined && Date.parse(entry.time) < since) return undefined;
    const stamp = timestamps && !this.#midLine ? [Buffer.from(`${entry.time} `)] : [];
    this.#midLine = entry.partial;
    const bytes = Buffer.concat([...stamp, entry.text, ...(entry.partial ? [] : [Buffer.from('\n')])]).subarray(0, this.#left);
    this.#left -= bytes.length;
    return bytes;
  }
}
