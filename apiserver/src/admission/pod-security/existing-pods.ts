import { compareStrings } from '@keelson/machinery';
import type { Pod } from '@keelson/types';
import { evaluate, reasonsOf } from './evaluate.ts';
import { type LevelVersion, levelVersionText } from './levels.ts';

/** The most pods that are looked at when a namespace becomes stricter. */
const most = 3_000;

export interface ExistingPods {
  readonly namespace: string;
  /** Only those that are not exempt. */
  readonly pods: readonly Pod[];
  /** How many there are; more than `pods` where not all could be read in time. */
  readonly total: number;
}

/**
 * What is told to whoever makes a namespace stricter than some of its pods: they go on, but none like them will start. Pods with the same
 * faults share a line; of one controller's pods, one is looked at before all others.
 */
export function existingPodWarnings({ namespace, pods, total }: ExistingPods, enforce: LevelVersion): string[] {
  const looked = onePerController(pods).slice(0, most);
  const byFault = new Map<string, string[]>();
  for (const { metadata, spec } of looked) {
    const findings = evaluate(enforce, { annotations: metadata.annotations ?? {}, spec });
    if (findings.length === 0) continue;
    const fault = reasonsOf(findings);
    byFault.set(fault, [...(byFault.get(fault) ?? []), metadata.name ?? '']);
  }
  const lines = [...byFault].map(([fault, names]) => `${shown(names.sort(compareStrings))}: ${fault}`);
  const level = levelVersionText(enforce);
  return [
    ...(looked.length < total
      ? [`new PodSecurity enforce level only checked against the first ${looked.length} of ${total} existing pods`]
      : []),
    ...(lines.length > 0 ? [`existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${level}"`] : []),
    ...lines.sort(compareStrings),
  ];
}

function onePerController(pods: readonly Pod[]): Pod[] {
  const seen = new Set<string>();
  const [first, others]: [Pod[], Pod[]] = [[], []];
  for (const pod of pods) {
    const uid = pod.metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
    (uid !== undefined && seen.has(uid) ? others : first).push(pod);
    if (uid !== undefined) seen.add(uid);
  }
  return [...first, ...others];
}

function shown([first, ...others]: readonly string[]): string {
  if (others.length === 0) return first ?? '';
  return `${first} (and ${others.length} other pod${others.length === 1 ? '' : 's'})`;
}
