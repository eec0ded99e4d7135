import type { SandboxStatus } from '../cri/types.ts';
import { podSpec } from './containers.ts';
import type { StepInput } from './types.ts';

/** What to do about the pod's sandbox before its containers are looked at. */
export type SandboxDecision =
  | { readonly type: 'keep'; readonly sandbox: SandboxStatus }
  /** None is usable: end what is left of the old ones, then make number `attempt`. */
  | { readonly type: 'create'; readonly attempt: number; readonly stale: readonly SandboxStatus[] };

/**
 * Keeps the newest sandbox while it is the only ready one and has the network it was made for (as Kubernetes' `podSandboxChanged`).
 * Two ready ones are left by a kubelet that died between making one and seeing it: all go, a new one comes.
 */
export function decideSandbox(input: StepInput): SandboxDecision {
  const [newest] = input.observed.sandboxes;
  if (!newest) return { type: 'create', attempt: 0, stale: [] };
  const ready = input.observed.sandboxes.filter((sandbox) => sandbox.ready);
  const hasNetwork = podSpec(input.pod).hostNetwork === true || newest.ips.length > 0;
  if (newest.ready && ready.length === 1 && hasNetwork) return { type: 'keep', sandbox: newest };
  return { type: 'create', attempt: newest.attempt + 1, stale: ready };
}
