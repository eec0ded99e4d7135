/** One measurement: core seconds used since the start, and bytes in use now. Times in milliseconds. */
export interface Point {
  readonly at: number;
  /** 0 when it was not told. */
  readonly startedAt: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

/** What one kubelet told: of its node, and of each pod (`namespace/name`) by container. */
export interface Scrape {
  readonly node: Point | undefined;
  readonly pods: ReadonlyMap<string, ReadonlyMap<string, Point>>;
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly at: number | undefined;
}

const line = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+(-?\d+))?\s*$/;
const label = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

function parseSample(text: string): Sample | undefined {
  const [, name, written = '', value, at] = line.exec(text) ?? [];
  if (name === undefined) return undefined;
  const labels = Object.fromEntries([...written.matchAll(label)].map(([, key, raw]) => [key, unescaped(raw ?? '')]));
  return { name, labels, value: Number(value), at: at === undefined ? undefined : Number(at) };
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

interface Parts {
  cpuSeconds?: number;
  memoryBytes?: number;
  at?: number;
  startedAt?: number;
}

const members: Readonly<Record<string, 'cpuSeconds' | 'memoryBytes'>> = {
  cpu_usage_seconds_total: 'cpuSeconds',
  memory_working_set_bytes: 'memoryBytes',
};

/**
 * Reads a kubelet's `/metrics/resource`. A node or container that lacks one of its two numbers is left out, and with a container its pod:
 * half a pod's usage would be taken for all of it. `now` stands in for samples without a time.
 */
export function parseScrape(text: string, now: number): Scrape {
  const node: Parts = {};
  const pods = new Map<string, Map<string, Parts>>();
  for (const row of text.split('\n')) {
    if (row === '' || row.startsWith('#')) continue;
    const sample = parseSample(row);
    if (!sample) continue;
    const [, subject, what = ''] = /^(node|container)_(.*)$/.exec(sample.name) ?? [];
    if (subject === 'node') take(node, what, sample, now);
    if (subject === 'container') take(containerIn(pods, sample.labels), what, sample, now);
  }
  return { node: pointOf(node), pods: completePods(pods) };
}

function containerIn(pods: Map<string, Map<string, Parts>>, labels: Readonly<Record<string, string>>): Parts {
  const key = `${labels.namespace ?? ''}/${labels.pod ?? ''}`;
  const containers = pods.get(key) ?? new Map<string, Parts>();
  pods.set(key, containers);
  const name = labels.container ?? '';
  const parts = containers.get(name) ?? {};
  containers.set(name, parts);
  return parts;
}

function take(parts: Parts, what: string, { value, at }: Sample, now: number): void {
  if (what === 'start_time_seconds') parts.startedAt = value * 1000;
  const member = members[what];
  if (!member) return;
  parts[member] = value;
  // The rate is of CPU time: its sample's time is the one that counts.
  if (member === 'cpuSeconds' || parts.at === undefined) parts.at = at ?? now;
}

function pointOf({ at, startedAt = 0, cpuSeconds, memoryBytes }: Parts): Point | undefined {
  if (at === undefined || cpuSeconds === undefined || memoryBytes === undefined) return undefined;
  return { at, startedAt, cpuSeconds, memoryBytes };
}

function completePods(pods: ReadonlyMap<string, ReadonlyMap<string, Parts>>): Map<string, Map<string, Point>> {
  const complete = new Map<string, Map<string, Point>>();
  for (const [key, containers] of pods) {
    const points = new Map(
      [...containers].flatMap(([name, parts]) => {
        const point = pointOf(parts);
        return point ? [[name, point] as const] : [];
      }),
    );
    if (points.size === containers.size) complete.set(key, points);
  }
  return complete;
}
