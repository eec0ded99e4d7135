import type { Container, PodSpec } from '@keelson/types';

/** A pod, or what pods are to be made from. */
export interface PodShape {
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

/** What a check does not like. */
export interface Finding {
  readonly reason: string;
  readonly detail: string;
}

export type Find = (pod: PodShape) => Finding | undefined;

/** One check of the Pod Security Standards, under upstream's id. */
export interface Check {
  readonly id: string;
  /** Oldest first. */
  readonly versions: readonly CheckVersion[];
  /** The check it takes the place of in the stricter profile, where it has a version. */
  readonly overrides?: string;
}

export interface CheckVersion {
  /** The minor of the first version of the profile that has it so. */
  readonly since: number;
  readonly find: Find;
}

/** Every container of a pod, in the order in which they are named: those that come first, those that stay, those that were added. */
export function containersOf({ initContainers = [], containers, ephemeralContainers = [] }: PodSpec): readonly Container[] {
  return [...initContainers, ...containers, ...(ephemeralContainers as readonly Container[])];
}

/** Names of the containers for which `test` holds. */
export function containersThat({ spec }: PodShape, test: (container: Container) => boolean): string[] {
  return containersOf(spec)
    .filter(test)
    .map(({ name }) => name);
}

export function plural(word: string, count: number): string {
  return count === 1 ? word : `${word}s`;
}

export function quoted(items: Iterable<string>): string {
  return [...items].map((item) => `"${item}"`).join(', ');
}

/** Each once, in order. */
export function sorted(items: Iterable<string>): string[] {
  return [...new Set(items)].sort();
}

/** `container "a"`, `containers "a", "b"`. */
export function named(containers: readonly string[]): string {
  return `${plural('container', containers.length)} ${quoted(containers)}`;
}

/** `pod and containers "a", "b"`: who set what; undefined when nobody did. */
export function setters(pod: boolean, containers: readonly string[], others: readonly string[] = []): string | undefined {
  const all = [...(pod ? ['pod'] : []), ...(containers.length > 0 ? [named(containers)] : []), ...others];
  return all.length > 0 ? all.join(' and ') : undefined;
}

/** A pod that says it is for Windows is not asked for what only Linux has. */
export function exceptOnWindows(find: Find): Find {
  return (pod) => (pod.spec.os?.name === 'windows' ? undefined : find(pod));
}

/** In a user namespace of its own, root is not the machine's. */
export function exceptInUserNamespace(find: Find): Find {
  return (pod) => (pod.spec.hostUsers === false ? undefined : find(pod));
}
