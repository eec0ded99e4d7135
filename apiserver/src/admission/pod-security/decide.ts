import { type FieldError, formatFieldErrors } from '@keelson/machinery';
import type { Container, Pod } from '@keelson/types';
import type { Finding, PodShape } from './check.ts';
import { detailsOf, evaluate } from './evaluate.ts';
import { type LevelVersion, levelVersionText, type Mode, type Policy, sameLevelVersion } from './levels.ts';

/** One profile held against one pod. */
export interface Evaluation {
  readonly mode: Mode;
  readonly levelVersion: LevelVersion;
  readonly allowed: boolean;
}

/** What is to be said of a pod. */
export interface Judgement {
  /** Why it may not be; undefined when it may. */
  readonly refusal: string | undefined;
  readonly warnings: readonly string[];
  /** For the audit log; the keys without their prefix. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Those worth counting. */
  readonly evaluations: readonly Evaluation[];
}

/**
 * Holds a pod against what its namespace asks.
 * @param errors what was wrong with the namespace's labels.
 * @param enforced false for what pods are made from: that may be as it likes, and only its pods may not.
 */
export function judge({ policy, errors }: { policy: Policy; errors: readonly FieldError[] }, pod: PodShape, enforced: boolean): Judgement {
  const made: { levelVersion: LevelVersion; findings: readonly Finding[] }[] = [];
  const findingsOf = (mode: Mode): readonly Finding[] => {
    const levelVersion = policy[mode];
    const known = made.find((one) => sameLevelVersion(one.levelVersion, levelVersion))?.findings;
    if (known) return known;
    const findings = evaluate(levelVersion, pod);
    made.push({ levelVersion, findings });
    return findings;
  };
  const violation = (mode: Mode, lead: string, findings: readonly Finding[]): string =>
    `${lead} PodSecurity "${levelVersionText(policy[mode])}": ${detailsOf(findings)}`;
  const enforcing = enforced ? findingsOf('enforce') : [];
  const auditing = findingsOf('audit');
  const refused = enforcing.length > 0;
  const warning = refused ? [] : findingsOf('warn');
  const evaluations: Evaluation[] = [
    ...(enforced ? [{ mode: 'enforce' as const, levelVersion: policy.enforce, allowed: !refused }] : []),
    ...(auditing.length > 0 ? [{ mode: 'audit' as const, levelVersion: policy.audit, allowed: false }] : []),
    ...(warning.length > 0 ? [{ mode: 'warn' as const, levelVersion: policy.warn, allowed: false }] : []),
  ];
  const annotations = {
    ...(errors.length > 0 ? { error: `Failed to parse policy: ${formatFieldErrors(errors)}` } : {}),
    ...(enforced ? { 'enforce-policy': levelVersionText(policy.enforce) } : {}),
    ...(auditing.length > 0 ? { 'audit-violations': violation('audit', 'would violate', auditing) } : {}),
  };
  return {
    refusal: refused ? violation('enforce', 'violates', enforcing) : undefined,
    warnings: warning.length > 0 ? [violation('warn', 'would violate', warning)] : [],
    annotations,
    evaluations,
  };
}

/** Whether an update of a pod is worth another look. Of what a pod is made of, only images and added containers can change. */
export function isSignificant({ spec: next }: Pod, { spec: old }: Pod): boolean {
  return (
    differ(next.containers, old.containers) ||
    differ(next.initContainers ?? [], old.initContainers ?? []) ||
    (next.ephemeralContainers ?? []).some(({ name, image }) => old.ephemeralContainers?.find((one) => one.name === name)?.image !== image)
  );
}

function differ(next: readonly Container[], old: readonly Container[]): boolean {
  return next.length !== old.length || next.some(({ image }, i) => image !== old[i]?.image);
}
