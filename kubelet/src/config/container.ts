import type { Container, Pod } from '@keelson/types';
import type { ContainerConfig, Image, Mount } from '../cri/types.ts';
import { annotations, containerHash, labels } from '../pod/annotations.ts';
import { podSpec } from '../pod/containers.ts';
import { podName, podNamespace, podUid } from '../pod/naming.ts';
import { expand } from './expansion.ts';
import { logPath } from './paths.ts';
import { linuxResources } from './resources.ts';
import type { NodeSettings } from './sandbox.ts';
import { containerSecurity, namespaceOptions } from './security.ts';

export interface ContainerInputs {
  readonly pod: Pod;
  readonly container: Container;
  readonly attempt: number;
  /** The image as the runtime knows it, and the reference to run. */
  readonly image: Image | undefined;
  readonly imageRef: string;
  readonly env: ReadonlyMap<string, string>;
  readonly mounts: readonly Mount[];
  readonly devices: ContainerConfig['devices'];
  /** Names of the Container Device Interface. */
  readonly cdiDevices?: readonly string[];
  /** Of others than the kubelet, which it overrides. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly node: NodeSettings;
}

/** A container as the runtime is asked for it. @throws ConfigError when `runAsNonRoot` forbids it. */
export function containerConfig(inputs: ContainerInputs): ContainerConfig {
  const { pod, container, attempt, env, node } = inputs;
  const variable = (name: string): string | undefined => env.get(name);
  return {
    name: container.name,
    attempt,
    image: inputs.imageRef,
    command: (container.command ?? []).map((word) => expand(word, variable)),
    args: (container.args ?? []).map((word) => expand(word, variable)),
    workingDir: container.workingDir ?? '',
    env: Array.from(env, ([name, value]) => ({ name, value })),
    mounts: inputs.mounts,
    devices: inputs.devices,
    cdiDevices: inputs.cdiDevices ?? [],
    labels: {
      [labels.podName]: podName(pod),
      [labels.podNamespace]: podNamespace(pod),
      [labels.podUid]: podUid(pod),
      [labels.containerName]: container.name,
    },
    annotations: { ...inputs.annotations, ...containerAnnotations(pod, container, attempt) },
    logPath: logPath(container, attempt),
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    resources: linuxResources(pod, container, node.memoryBytes),
    namespaces: namespaceOptions(pod),
    security: containerSecurity(pod, container, inputs.image, `${node.paths.root}/seccomp`),
  };
}

/** What a kubelet that starts anew must know of a container whose pod it may no longer be able to read. */
function containerAnnotations(pod: Pod, container: Container, attempt: number): Readonly<Record<string, string>> {
  const result: Record<string, string> = {
    [annotations.hash]: containerHash(container),
    [annotations.restartCount]: String(attempt),
    [annotations.resources]: JSON.stringify(container.resources ?? {}),
    [annotations.terminationMessagePath]: container.terminationMessagePath ?? '/dev/termination-log',
    [annotations.terminationMessagePolicy]: container.terminationMessagePolicy ?? 'File',
    [annotations.podTerminationGracePeriod]: String(podSpec(pod).terminationGracePeriodSeconds ?? 30),
  };
  if (container.ports?.length) result[annotations.ports] = JSON.stringify(container.ports);
  if (container.lifecycle?.preStop) result[annotations.preStopHandler] = JSON.stringify(container.lifecycle.preStop);
  return result;
}
