import type { Pod } from '@keelson/types';
import type { SandboxConfig } from '../cri/types.ts';
import { labels } from '../pod/annotations.ts';
import { podSpec } from '../pod/containers.ts';
import { podName, podNamespace, podUid } from '../pod/naming.ts';
import { sysctlName } from '../pod/sysctls.ts';
import { type ClusterDns, type DnsSettings, podDns } from './dns.ts';
import { hostnameOf } from './hosts.ts';
import { type Paths, podLogDirectory } from './paths.ts';
import { podCgroup } from './resources.ts';
import { namespaceOptions, sandboxSecurity } from './security.ts';

/** What of the node goes into every sandbox and container. */
export interface NodeSettings {
  readonly paths: Paths;
  readonly cluster: ClusterDns;
  readonly resolvConf: DnsSettings;
  readonly cgroupRoot: string;
  readonly memoryBytes: number;
}

/** The sandbox of a pod, made anew for the `attempt`th time. `runtimeHandler`: from its RuntimeClass, empty for the default. */
export function sandboxConfig(pod: Pod, attempt: number, node: NodeSettings, runtimeHandler: string): SandboxConfig {
  const spec = podSpec(pod);
  const host = spec.hostNetwork === true;
  return {
    name: podName(pod),
    namespace: podNamespace(pod),
    uid: podUid(pod),
    attempt,
    hostname: host ? '' : hostnameOf(pod, node.cluster.domain).kernel,
    logDirectory: podLogDirectory(node.paths, pod),
    dns: podDns(pod, node.cluster, node.resolvConf),
    portMappings: host ? [] : portMappings(pod),
    labels: podLabels(pod),
    annotations: pod.metadata?.annotations ?? {},
    cgroupParent: podCgroup(pod, node.cgroupRoot),
    namespaces: namespaceOptions(pod),
    sysctls: Object.fromEntries((spec.securityContext?.sysctls ?? []).map(({ name, value }) => [sysctlName(name), value])),
    security: sandboxSecurity(pod, `${node.paths.root}/seccomp`),
    runtimeHandler,
  };
}

/** The pod's own labels, and those by which the kubelet and tools over CRI find what belongs to it. */
function podLabels(pod: Pod): Readonly<Record<string, string>> {
  const own = { [labels.podName]: podName(pod), [labels.podNamespace]: podNamespace(pod), [labels.podUid]: podUid(pod) };
  return { ...pod.metadata?.labels, ...own };
}

function portMappings(pod: Pod): SandboxConfig['portMappings'] {
  const spec = podSpec(pod);
  const sidecars = (spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  return [...sidecars, ...(spec.containers ?? [])].flatMap((container) =>
    (container.ports ?? []).map((port) => ({
      protocol: port.protocol ?? 'TCP',
      containerPort: Number(port.containerPort),
      hostPort: Number(port.hostPort ?? 0),
      hostIP: port.hostIP ?? '',
    })),
  );
}
