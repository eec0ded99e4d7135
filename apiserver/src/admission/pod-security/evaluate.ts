import { baseline } from './baseline.ts';
import type { Check, Find, Finding, PodShape } from './check.ts';
import type { LevelVersion } from './levels.ts';
import { restricted } from './restricted.ts';

/** The newest version of the profiles: what `latest`, and every version to come, means. */
const newest = Math.max(...[...baseline, ...restricted].flatMap(({ versions }) => versions.map(({ since }) => since)));

const known = new Map<string, readonly Find[]>();

/** What a profile does not like about a pod; nothing when the pod conforms. */
export function evaluate(levelVersion: LevelVersion, pod: PodShape): Finding[] {
  return findersOf(levelVersion).flatMap((find) => find(pod) ?? []);
}

/** As it is told of one pod: `hostPort (container "a" uses hostPort 80), privileged (…)`. */
export function detailsOf(findings: readonly Finding[]): string {
  return findings.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(', ');
}

/** As it is told of many. */
export function reasonsOf(findings: readonly Finding[]): string {
  return findings.map(({ reason }) => reason).join(', ');
}

function findersOf({ level, minor: asked }: LevelVersion): readonly Find[] {
  const minor = Math.min(asked, newest);
  const key = `${level} ${minor}`;
  const made = known.get(key) ?? select(level, minor);
  known.set(key, made);
  return made;
}

function select(level: LevelVersion['level'], minor: number): Find[] {
  const at = ({ versions }: Check): Find[] => {
    const found = versions.findLast(({ since }) => since <= minor);
    return found ? [found.find] : [];
  };
  if (level === 'privileged') return [];
  if (level === 'baseline') return baseline.flatMap(at);
  const stricter = restricted.filter((check) => at(check).length > 0);
  const weaker = baseline.filter(({ id }) => !stricter.some(({ overrides }) => overrides === id));
  return [...weaker, ...stricter].flatMap(at);
}
