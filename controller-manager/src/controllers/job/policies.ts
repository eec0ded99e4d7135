import type {
  ContainerStatus,
  JobSpec,
  Pod,
  PodCondition,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
} from '@keelson/types';
import { IndexSet } from './indexes.ts';
import { isPodFailed } from './pods.ts';

/** What a job's `podFailurePolicy` says of a failed pod. */
export interface Verdict {
  /** The rule's action; undefined when none matched. */
  readonly action: 'Count' | 'FailIndex' | 'FailJob' | 'Ignore' | undefined;
  /** Why the job fails, when the action is FailJob. */
  readonly message?: string;
}

/** The first rule that matches decides. */
export function judge({ podFailurePolicy }: Pick<JobSpec, 'podFailurePolicy'>, pod: Pod): Verdict {
  for (const [index, rule] of (podFailurePolicy?.rules ?? []).entries()) {
    const match = matchOf(rule, pod);
    if (match === undefined) continue;
    const action = rule.action as NonNullable<Verdict['action']>;
    return action === 'FailJob' ? { action, message: `${match} matching ${action} rule at index ${index}` } : { action };
  }
  return { action: undefined };
}

/** Whether a failed pod counts towards the limits of failures. */
export function counts(spec: Pick<JobSpec, 'podFailurePolicy'>, pod: Pod): boolean {
  return judge(spec, pod).action !== 'Ignore';
}

/** Why failed pods end the whole job, if one of them does. */
export function failJobMessage(spec: JobSpec, pods: readonly Pod[]): string | undefined {
  if (!spec.podFailurePolicy) return undefined;
  for (const pod of pods) {
    const message = isPodFailed(pod, { spec }) ? judge(spec, pod).message : undefined;
    if (message !== undefined) return message;
  }
  return undefined;
}

/** What of the pod the rule matches, in words. */
function matchOf({ onExitCodes, onPodConditions }: PodFailurePolicyRule, { metadata, status }: Pod): string | undefined {
  const name = `${metadata.namespace}/${metadata.name}`;
  if (onExitCodes) {
    const containers = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
    const container = containers.find((one) => matchesExit(onExitCodes, one));
    return container && `Container ${container.name} for pod ${name} failed with exit code ${container.state?.terminated?.exitCode}`;
  }
  const wanted = onPodConditions ?? [];
  const matches = (one: PodCondition): boolean =>
    wanted.some(({ type, status: state = 'True' }) => one.type === type && one.status === state);
  const condition = status?.conditions?.find(matches);
  return condition && `Pod ${name} has condition ${condition.type}`;
}

/** A container that ended well matches nothing. */
function matchesExit(
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
  { name, state }: ContainerStatus,
): boolean {
  const code = state?.terminated?.exitCode ?? 0;
  if (code === 0 || (containerName !== undefined && containerName !== name)) return false;
  return values.includes(code) === (operator === 'In');
}

/** The message of the first rule of `successPolicy` that the succeeded indexes meet. */
export function successMessage({ successPolicy, completions = 0 }: JobSpec, succeeded: IndexSet): string | undefined {
  for (const [index, { succeededIndexes, succeededCount }] of (successPolicy?.rules ?? []).entries()) {
    const required = succeededIndexes === undefined ? undefined : IndexSet.parse(succeededIndexes, completions);
    const have = required ? required.countShared(succeeded) : succeeded.size;
    const need = succeededCount ?? required?.size;
    if (need !== undefined && have >= need) return `Matched rules at index ${index}`;
  }
  return undefined;
}
