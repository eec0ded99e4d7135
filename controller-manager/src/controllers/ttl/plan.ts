export const ttlAnnotation = 'node.alpha.kubernetes.io/ttl';

/** How long kubelets may keep Secrets and ConfigMaps, in seconds, by the number of nodes. Ranges overlap so that one node more or less does not change it back and forth. */
const levels = [
  { atLeast: 0, atMost: 100, seconds: 0 },
  { atLeast: 90, atMost: 500, seconds: 15 },
  { atLeast: 450, atMost: 1000, seconds: 30 },
  { atLeast: 900, atMost: 2000, seconds: 60 },
  { atLeast: 1800, atMost: 10_000, seconds: 300 },
] as const;

/** The level for so many nodes, coming from another. */
export function levelFor(nodes: number, before: number): number {
  let level = before;
  while (level < levels.length - 1 && nodes > (levels[level]?.atMost ?? Infinity)) level++;
  while (level > 0 && nodes < (levels[level]?.atLeast ?? 0)) level--;
  return level;
}

/** The value of a node's annotation at a level. */
export function secondsAt(level: number): string {
  return String(levels[level]?.seconds ?? 0);
}
