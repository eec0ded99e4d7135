import type { Container, PodSpec, SecurityContext } from '@keelson/types';

/** What is being made: a container in a running pod, one in a copy of a pod, or a pod on a node. */
export type Style = 'ephemeral' | 'copy' | 'node';

/** A debugging profile as changes to the container and the pod it stands in. */
interface Profile {
  readonly security?: SecurityContext | 'none';
  /** Adds to the security context there is, instead of taking its place. */
  readonly capabilities?: readonly string[];
  /** On nodes: sees what the node sees. */
  readonly hostNamespaces?: boolean;
  readonly hostRoot?: boolean;
}

const restricted: SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

const host = { hostNamespaces: true, hostRoot: true };

const profiles: Readonly<Record<string, Readonly<Record<Style, Profile>>>> = {
  legacy: { ephemeral: {}, copy: {}, node: host },
  general: { ephemeral: { capabilities: ['SYS_PTRACE'] }, copy: { capabilities: ['SYS_PTRACE'] }, node: { security: 'none', ...host } },
  baseline: { ephemeral: { security: 'none' }, copy: { security: 'none' }, node: { security: 'none' } },
  restricted: { ephemeral: { security: restricted }, copy: { security: restricted }, node: { security: restricted } },
  netadmin: {
    ephemeral: { capabilities: ['NET_ADMIN', 'NET_RAW'] },
    copy: { capabilities: ['NET_ADMIN', 'NET_RAW'] },
    node: { capabilities: ['NET_ADMIN', 'NET_RAW'], hostNamespaces: true },
  },
  sysadmin: {
    ephemeral: { security: { privileged: true } },
    copy: { security: { privileged: true } },
    node: { security: { privileged: true }, ...host },
  },
};

export const profileNames: readonly string[] = Object.keys(profiles);

/** @throws Error for a name that no profile has. */
export function checkProfile(name: string): void {
  if (!Object.hasOwn(profiles, name)) throw new Error(`unknown profile: ${name}`);
}

function profileOf(name: string, style: Style): Profile {
  return profiles[name]?.[style] ?? {};
}

/** The container with what the profile lets it do. */
export function profiledContainer<C extends Container>(container: C, name: string, style: Style): C {
  const { security, capabilities, hostRoot } = profileOf(name, style);
  const mounts = hostRoot ? { volumeMounts: [...(container.volumeMounts ?? []), { mountPath: '/host', name: 'host-root' }] } : {};
  if (security) {
    const { securityContext: _, ...bare } = container;
    return { ...bare, ...mounts, ...(security === 'none' ? {} : { securityContext: security }) } as C;
  }
  if (!capabilities) return { ...container, ...mounts };
  const { securityContext = {} } = container;
  const add = [...new Set([...(securityContext.capabilities?.add ?? []), ...capabilities])];
  return { ...container, ...mounts, securityContext: { ...securityContext, capabilities: { ...securityContext.capabilities, add } } };
}

/** The pod around it: a copy shares its processes, unless it was told not to, and a node's pod is in the node's namespaces. */
export function profiledPod(spec: PodSpec, name: string, style: Style): PodSpec {
  const { hostNamespaces, hostRoot } = profileOf(name, style);
  const shares = style === 'copy' && name !== 'legacy' && spec.shareProcessNamespace === undefined;
  return {
    ...spec,
    ...(hostNamespaces ? { hostIPC: true, hostNetwork: true, hostPID: true } : {}),
    ...(hostRoot ? { volumes: [...(spec.volumes ?? []), { hostPath: { path: '/' }, name: 'host-root' }] } : {}),
    ...(shares ? { shareProcessNamespace: true } : {}),
  };
}
