import type { Pod } from '@keelson/types';
import { podCgroupLimits } from '../config/resources.ts';
import type { ContainerState, SandboxStatus } from '../cri/types.ts';
import type { PodMemory, StepInput } from './types.ts';

/** Half past nothing: what tests call time zero. */
export const t0 = Date.UTC(2026, 0, 1);

/** A pod `default/web` with uid `u1`; `spec` and `metadata` over the plainest one. */
export function testPod(spec: object = {}, metadata: object = {}, status: object = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', uid: 'u1', generation: 1, ...metadata },
    spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30, containers: [{ name: 'app', image: 'nginx:1' }], ...spec },
    status: { phase: 'Pending', qosClass: 'BestEffort', ...status },
  } as unknown as Pod;
}

export function testSandbox(change: Partial<SandboxStatus> = {}): SandboxStatus {
  return {
    id: 's0',
    name: 'web',
    namespace: 'default',
    uid: 'u1',
    attempt: 0,
    ready: true,
    createdAt: t0,
    labels: {},
    annotations: {},
    ips: ['10.0.0.2'],
    ...change,
  };
}

export function testContainer(change: Partial<ContainerState> = {}): ContainerState {
  return {
    id: 'c0',
    sandboxId: 's0',
    name: 'app',
    attempt: 0,
    image: 'nginx:1',
    imageRef: 'sha256:1',
    phase: 'running',
    createdAt: t0,
    labels: {},
    annotations: {},
    startedAt: t0,
    finishedAt: 0,
    exitCode: 0,
    reason: '',
    message: '',
    logPath: '',
    ...change,
  };
}

export function exited(exitCode: number, change: Partial<ContainerState> = {}): ContainerState {
  return testContainer({ phase: 'exited', exitCode, finishedAt: t0 + 1000, reason: exitCode === 0 ? 'Completed' : 'Error', ...change });
}

export function testMemory(change: Partial<PodMemory> = {}): PodMemory {
  return {
    operations: new Set(),
    crashes: new Map(),
    failures: new Map(),
    kills: new Map(),
    volumesMounted: true,
    volumesHeld: change.volumesMounted ?? true,
    volumesStale: false,
    verdict: undefined,
    allocation: undefined,
    pending: undefined,
    actuated: new Map(),
    cgroup: podCgroupLimits(testPod()),
    status: undefined,
    ...change,
  };
}

export function testInput(change: Partial<StepInput> = {}): StepInput {
  return {
    pod: testPod(),
    observed: { sandboxes: [testSandbox()], containers: [] },
    memory: testMemory(),
    probes: new Map(),
    removed: false,
    node: { hostIPs: ['192.168.0.1'] },
    now: t0 + 2000,
    ...change,
  };
}
