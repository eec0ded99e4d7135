import type { Point, Scrape } from './parse.ts';

/** The last measurement of something, and the one before it from which its rate is taken. */
export interface Window {
  readonly last: Point;
  /** Absent while there was only one. */
  readonly before: Point | undefined;
}

/** What is known of a cluster. Immutable: each round of scrapes makes another. */
export interface Measured {
  readonly nodes: ReadonlyMap<string, Window>;
  /** By `namespace/name`, then container. */
  readonly pods: ReadonlyMap<string, ReadonlyMap<string, Window>>;
}

export interface Usage {
  /** End of the window, and its length; milliseconds. */
  readonly at: number;
  readonly window: number;
  readonly cores: number;
  readonly memoryBytes: number;
}

export const nothingMeasured: Measured = { nodes: new Map(), pods: new Map() };

/** A container this young (milliseconds) has its whole life for a window instead of waiting for a second measurement. */
const youngest = 10_000;

/** The next state after one round: what was not told of is forgotten. `resolution`: milliseconds between rounds. */
export function advance(state: Measured, scrapes: ReadonlyMap<string, Scrape>, resolution: number): Measured {
  const nodes = new Map<string, Window>();
  const pods = new Map<string, ReadonlyMap<string, Window>>();
  for (const [name, { node, pods: told }] of scrapes) {
    if (node) nodes.set(name, next(state.nodes.get(name), node));
    for (const [key, containers] of told) {
      const known = state.pods.get(key);
      pods.set(
        key,
        new Map([...containers].map(([container, point]) => [container, young(point, resolution) ?? next(known?.get(container), point)])),
      );
    }
  }
  return { nodes, pods };
}

function young(point: Point, resolution: number): Window | undefined {
  const age = point.at - point.startedAt;
  if (age < youngest || age >= resolution) return undefined;
  return { last: point, before: { ...point, at: point.startedAt, cpuSeconds: 0 } };
}

function next(known: Window | undefined, point: Point): Window {
  // What was started again since has nothing to do with what was measured before.
  if (!known || point.startedAt >= known.last.at) return { last: point, before: undefined };
  if (point.at > known.last.at) return { last: point, before: known.last };
  return { last: point, before: known.before && known.before.at < point.at ? known.before : undefined };
}

/** The usage over a window; undefined while there is none, or when the counter went back. */
export function usageOf({ last, before }: Window): Usage | undefined {
  if (!before || last.cpuSeconds < before.cpuSeconds) return undefined;
  const window = last.at - before.at;
  return { at: last.at, window, cores: ((last.cpuSeconds - before.cpuSeconds) * 1000) / window, memoryBytes: last.memoryBytes };
}

/** The usage of all of a pod's containers; undefined unless each has one. */
export function podUsage(containers: ReadonlyMap<string, Window> | undefined): ReadonlyMap<string, Usage> | undefined {
  if (!containers || containers.size === 0) return undefined;
  const usages = new Map<string, Usage>();
  for (const [name, window] of containers) {
    const usage = usageOf(window);
    if (!usage) return undefined;
    usages.set(name, usage);
  }
  return usages;
}
