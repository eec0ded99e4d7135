import type { Container, ContainerRestartRule, EphemeralContainer, Pod, PodSpec } from '@keelson/types';
import type { ContainerState, SandboxStatus } from '../cri/types.ts';

/** `init` ends before the next begins; `sidecar` is an init container that keeps running. */
export type ContainerRole = 'init' | 'sidecar' | 'main' | 'ephemeral';

/** What the runtime holds of one pod, newest first. An exited container's `message` is its termination message where it left one. */
export interface PodObservation {
  readonly sandboxes: readonly SandboxStatus[];
  readonly containers: readonly ContainerState[];
}

/** An init container that is kept running beside the main ones. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

export function podSpec(pod: Pod): PodSpec {
  if (!pod.spec) throw new Error(`pod ${pod.metadata?.namespace}/${pod.metadata?.name} has no spec`);
  return pod.spec;
}

/** An ephemeral container is a container that targets another; everything that starts it treats it as one. */
export function asContainer(ephemeral: EphemeralContainer): Container {
  const { targetContainerName: _, ...container } = ephemeral;
  return container as Container;
}

/** All containers of a pod with their roles, in the order they start. */
export function allContainers(pod: Pod): readonly { readonly container: Container; readonly role: ContainerRole }[] {
  const spec = podSpec(pod);
  return [
    ...(spec.initContainers ?? []).map((container) => ({
      container,
      role: isSidecar(container) ? ('sidecar' as const) : ('init' as const),
    })),
    ...(spec.containers ?? []).map((container) => ({ container, role: 'main' as const })),
    ...(spec.ephemeralContainers ?? []).map((container) => ({ container: asContainer(container), role: 'ephemeral' as const })),
  ];
}

/** The newest instance of a container, in any of the pod's sandboxes or in one. */
export function latest(observed: PodObservation, name: string, sandboxId?: string): ContainerState | undefined {
  return observed.containers.find((c) => c.name === name && (sandboxId === undefined || c.sandboxId === sandboxId));
}

/** Newest first, as `PodObservation` promises: by attempt, then by time of creation. */
export function newestFirst<T extends { readonly attempt: number; readonly createdAt: number }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt);
}

/** The first of a container's restart rules that speaks of this exit code. */
export function ruleFor({ restartPolicyRules }: Container, exitCode: number): ContainerRestartRule | undefined {
  return restartPolicyRules?.find(
    ({ exitCodes }) => exitCodes && (exitCodes.values ?? []).includes(exitCode) === (exitCodes.operator === 'In'),
  );
}

/** Whether an ended container is to run again, by its own rules, its own policy or the pod's, in this order (as in Kubernetes). */
export function shouldRestart(pod: Pod, container: Container, role: ContainerRole, exitCode: number): boolean {
  if (role === 'ephemeral') return false;
  if (role === 'sidecar') return true;
  if (ruleFor(container, exitCode)) return true;
  const policy = container.restartPolicy ?? podSpec(pod).restartPolicy ?? 'Always';
  if (policy === 'Never') return false;
  return role === 'init' || policy === 'OnFailure' ? exitCode !== 0 : true;
}
