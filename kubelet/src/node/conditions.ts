import type { NodeCondition } from '@keelson/types';
import type { RuntimeInfo } from '../cri/types.ts';

export interface NodeHealth {
  /** undefined: the runtime does not answer. */
  readonly runtime: RuntimeInfo | undefined;
  /** Why pods cannot get a network, as far as the kubelet itself is to make it. */
  readonly networkProblem: string | undefined;
  readonly memoryPressure: boolean;
  readonly diskPressure: boolean;
  readonly pidPressure: boolean;
}

interface Finding {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** A node's conditions with Kubernetes' reasons and messages; unchanged ones keep the time of their last transition. */
export function nodeConditions(health: NodeHealth, before: readonly NodeCondition[], now: string): NodeCondition[] {
  const findings = [
    pressure(
      'MemoryPressure',
      health.memoryPressure,
      'KubeletHasSufficientMemory',
      'sufficient memory available',
      'KubeletHasInsufficientMemory',
      'insufficient memory available',
    ),
    pressure(
      'DiskPressure',
      health.diskPressure,
      'KubeletHasNoDiskPressure',
      'no disk pressure',
      'KubeletHasDiskPressure',
      'disk pressure',
    ),
    pressure(
      'PIDPressure',
      health.pidPressure,
      'KubeletHasSufficientPID',
      'sufficient PID available',
      'KubeletHasInsufficientPID',
      'insufficient PID available',
    ),
    ready(health),
  ];
  return findings.map((finding) => {
    const old = before.find(({ type }) => type === finding.type);
    const since = old?.status === finding.status ? (old.lastTransitionTime ?? now) : now;
    const { type, status, reason, message } = finding;
    return { type, status, lastHeartbeatTime: now, lastTransitionTime: since, reason, message } as NodeCondition;
  });
}

function pressure(type: string, present: boolean, calmReason: string, calm: string, pressedReason: string, pressed: string): Finding {
  return {
    type,
    status: present ? 'True' : 'False',
    reason: present ? pressedReason : calmReason,
    message: `kubelet has ${present ? pressed : calm}`,
  };
}

function ready({ runtime, networkProblem }: NodeHealth): Finding {
  const problems: string[] = [];
  if (!runtime) problems.push('container runtime is down');
  else if (!runtime.ready) problems.push(`container runtime is not ready: ${runtime.message}`);
  const network = networkProblem ?? (runtime && !runtime.networkReady ? runtime.message : undefined);
  if (network !== undefined)
    problems.push(`container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:${network}`);
  if (problems.length === 0) return { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' };
  const message = problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`;
  return { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message };
}
