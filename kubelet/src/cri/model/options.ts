import type { Clock, Random } from '@keelson/base';
import type { ContainerConfig, ExecResult, SandboxConfig } from '../types.ts';

/** How a container of the model behaves. Every delay is milliseconds; what is left out has no delay, never ends or prints nothing. */
export interface Behaviour {
  /** From StartContainer to running. */
  readonly startDelayMs?: number;
  /** StartContainer fails with these words, as for a command that does not exist: the container ends with 128, `StartError`. */
  readonly startError?: string;
  /** From running to its own end; runs until stopped when absent. */
  readonly exitAfterMs?: number;
  readonly exitCode?: number;
  /** Of its own end; `Completed` or `Error` by the exit code when absent. */
  readonly reason?: string;
  readonly message?: string;
  /** From SIGTERM to its end. `Infinity` ignores SIGTERM. */
  readonly stopAfterMs?: number;
  /** Exit code after SIGTERM. */
  readonly stopExitCode?: number;
  /** Printed on standard output, each so long after it started. */
  readonly lines?: readonly { readonly afterMs: number; readonly text: string }[];
  readonly cpuMillicores?: number;
  readonly memoryBytes?: number;
  /** Written to its root file system. */
  readonly diskBytes?: number;
  /** What a command run inside answers: exec probes, `exec`. Exit code 0 and no output when absent. */
  readonly exec?: (command: readonly string[]) => ExecResult;
  /** What answers on a port of the pod: one reply for each piece received. Other ports refuse connections. */
  readonly ports?: Readonly<Record<number, (data: Buffer) => Buffer>>;
}

/** The calls that can be made to fail, by their CRI names. */
export type ModelCall =
  | 'RunPodSandbox'
  | 'StopPodSandbox'
  | 'RemovePodSandbox'
  | 'ListPodSandbox'
  | 'PodSandboxStatus'
  | 'CreateContainer'
  | 'StartContainer'
  | 'StopContainer'
  | 'RemoveContainer'
  | 'ListContainers'
  | 'ContainerStatus'
  | 'ListContainerStats'
  | 'PullImage'
  | 'ImageStatus'
  | 'ListImages'
  | 'RemoveImage'
  | 'ImageFsInfo'
  | 'ReopenContainerLog'
  | 'UpdateContainerResources'
  | 'ExecSync'
  | 'Exec'
  | 'Attach'
  | 'PortForward'
  | 'Status';

export interface ModelOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** IPv4 range that sandboxes take their addresses from; its first address is the bridge's and is not given out. */
  readonly podCidr: string;
  /** How each container behaves, asked once, when it is created. Every container runs until it is stopped when absent. */
  readonly behaviour?: (config: ContainerConfig, sandbox: SandboxConfig) => Behaviour;
  /** The images on the node at first; every image anyone asks for, when absent. */
  readonly images?: readonly string[];
  /** How long a pull takes, and why it fails if it does. Succeeds at once when absent. */
  readonly registry?: (image: string) => { readonly ms: number; readonly error?: string };
  /** From RunPodSandbox to a ready sandbox. */
  readonly sandboxDelayMs?: number;
}

/** One line a model container printed. */
export interface LogLine {
  readonly at: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}
