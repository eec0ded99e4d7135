import type { Pod } from '@keelson/types';
import { podSpec } from './containers.ts';

/** Which of the kernel's settings pods may have for themselves, by name or by the beginning of it. */
export interface SysctlAllowlist {
  readonly names: readonly string[];
  readonly prefixes: readonly string[];
}

/** Those that touch nobody but the pod; every kernel that this program runs on has them per namespace. */
const safe = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
];

/** @param unsafe names, or beginnings that end in `*`. @throws Error for what the kernel does not hold per namespace. */
export function sysctlAllowlist(unsafe: readonly string[]): SysctlAllowlist {
  const patterns = unsafe.map(sysctlName);
  for (const pattern of patterns) {
    const many = pattern.endsWith('*');
    if (!namespaceOf(many ? pattern.slice(0, -1) : pattern))
      throw new Error(`the ${many ? 'sysctls' : 'sysctl'} "${pattern}" are not known to be namespaced`);
  }
  return {
    names: [...safe, ...patterns.filter((pattern) => !pattern.endsWith('*'))],
    prefixes: patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1)),
  };
}

/** With dots between its parts: where slashes separate them, dots are part of a name, as of an interface's. */
export function sysctlName(name: string): string {
  const separator = /[./]/.exec(name)?.[0];
  return separator === '/' ? name.replace(/[./]/g, (each) => (each === '/' ? '.' : '/')) : name;
}

/** What keeps the pod from a setting that it asks for, in Kubernetes' words. */
export function forbiddenSysctl(pod: Pod, { names, prefixes }: SysctlAllowlist): string | undefined {
  const { securityContext, hostNetwork, hostIPC } = podSpec(pod);
  for (const { name: asked } of securityContext?.sysctls ?? []) {
    const name = sysctlName(asked);
    if (!names.includes(name) && !prefixes.some((prefix) => name.startsWith(prefix))) return `"${name}" not allowlisted`;
    const namespace = namespaceOf(name);
    if ((namespace === 'ipc' && hostIPC) || (namespace === 'net' && hostNetwork))
      return `"${name}" not allowed with host ${namespace} enabled`;
  }
  return undefined;
}

function namespaceOf(name: string): 'ipc' | 'net' | undefined {
  if (name === 'kernel.sem' || ['kernel.shm', 'kernel.msg', 'fs.mqueue.'].some((prefix) => name.startsWith(prefix))) return 'ipc';
  return name.startsWith('net.') ? 'net' : undefined;
}
