import type { Container, Lifecycle, Probe } from '@keelson/types';
import {
  type Check,
  containersOf,
  containersThat,
  exceptInUserNamespace,
  type Finding,
  named,
  type PodShape,
  plural,
  quoted,
  setters,
  sorted,
} from './check.ts';
import { appArmorProfile, seccompAnnotations, seccompBaseline, seLinuxOptions } from './profiles.ts';

const seLinuxTypes = ['container_t', 'container_init_t', 'container_kvm_t'];

const safeSysctls = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
];
const safeSysctls27 = [...safeSysctls, 'net.ipv4.ip_local_reserved_ports'];
const safeSysctls29 = [
  ...safeSysctls27,
  ...['net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes'],
];
const safeSysctls32 = [...safeSysctls29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];

const defaultCapabilities = [
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP'],
  ...['SETUID', 'SYS_CHROOT'],
];

/** What `baseline` forbids: the known ways out of a container. In the order in which their findings are told. */
export const baseline: readonly Check[] = [
  { id: 'appArmorProfile', versions: [{ since: 0, find: appArmorProfile }] },
  { id: 'capabilities_baseline', versions: [{ since: 0, find: capabilities }] },
  { id: 'hostNamespaces', versions: [{ since: 0, find: hostNamespaces }] },
  { id: 'hostPathVolumes', versions: [{ since: 0, find: hostPathVolumes }] },
  { id: 'hostPorts', versions: [{ since: 0, find: hostPorts }] },
  { id: 'hostProbesAndHostLifecycle', versions: [{ since: 34, find: probedHosts }] },
  { id: 'privileged', versions: [{ since: 0, find: privileged }] },
  {
    id: 'procMount',
    versions: [
      { since: 0, find: procMount },
      { since: 35, find: exceptInUserNamespace(procMount) },
    ],
  },
  {
    id: 'seLinuxOptions',
    versions: [
      { since: 0, find: seLinuxOptions(seLinuxTypes) },
      { since: 31, find: seLinuxOptions([...seLinuxTypes, 'container_engine_t']) },
    ],
  },
  {
    id: 'seccompProfile_baseline',
    versions: [
      { since: 0, find: seccompAnnotations },
      { since: 19, find: seccompBaseline },
    ],
  },
  {
    id: 'sysctls',
    versions: [
      { since: 0, find: sysctls(safeSysctls) },
      { since: 27, find: sysctls(safeSysctls27) },
      { since: 29, find: sysctls(safeSysctls29) },
      { since: 32, find: sysctls(safeSysctls32) },
    ],
  },
  { id: 'windowsHostProcess', versions: [{ since: 0, find: hostProcess }] },
];

function capabilities(pod: PodShape): Finding | undefined {
  const added = ({ securityContext }: Container): string[] =>
    (securityContext?.capabilities?.add ?? []).filter((one) => !defaultCapabilities.includes(one));
  const bad = containersThat(pod, (container) => added(container).length > 0);
  if (bad.length === 0) return undefined;
  const what = quoted(sorted(containersOf(pod.spec).flatMap(added)));
  return { reason: 'non-default capabilities', detail: `${named(bad)} must not include ${what} in securityContext.capabilities.add` };
}

function hostNamespaces({ spec }: PodShape): Finding | undefined {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name]);
  return used.length > 0 ? { reason: 'host namespaces', detail: used.map((name) => `${name}=true`).join(', ') } : undefined;
}

function hostPathVolumes({ spec }: PodShape): Finding | undefined {
  const bad = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
  return bad.length > 0 ? { reason: 'hostPath volumes', detail: `${plural('volume', bad.length)} ${quoted(bad)}` } : undefined;
}

function hostPorts(pod: PodShape): Finding | undefined {
  const portsOf = ({ ports = [] }: Container): string[] => ports.flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []));
  const bad = containersThat(pod, (container) => portsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const ports = sorted(containersOf(pod.spec).flatMap(portsOf));
  return { reason: 'hostPort', detail: `${named(bad)} ${use(bad)} ${plural('hostPort', ports.length)} ${ports.join(', ')}` };
}

function use(who: readonly string[]): string {
  return who.length === 1 ? 'uses' : 'use';
}

/** Probes and hooks are made by the kubelet, from the node: told another host, they reach what the pod may not. */
function probedHosts(pod: PodShape): Finding | undefined {
  const hostsOf = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): string[] =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap(handlerHosts);
  const bad = sorted(containersThat(pod, (container) => hostsOf(container).length > 0));
  if (bad.length === 0) return undefined;
  const hosts = sorted(containersOf(pod.spec).flatMap(hostsOf));
  const what = `${plural('probe or lifecycle host', hosts.length)} ${quoted(hosts)}`;
  return { reason: 'probe or lifecycle host', detail: `${named(bad)} ${use(bad)} ${what}` };
}

function handlerHosts(handler: Probe | NonNullable<Lifecycle['preStop']> | undefined): string[] {
  return [handler?.httpGet?.host, handler?.tcpSocket?.host].filter((host): host is string => Boolean(host));
}

function privileged(pod: PodShape): Finding | undefined {
  const bad = containersThat(pod, ({ securityContext }) => securityContext?.privileged === true);
  return bad.length > 0 ? { reason: 'privileged', detail: `${named(bad)} must not set securityContext.privileged=true` } : undefined;
}

/** Also what `restricted` asks, in a user namespace too. */
export function procMount(pod: PodShape): Finding | undefined {
  const mountOf = ({ securityContext }: Container): string => securityContext?.procMount ?? 'Default';
  const bad = containersThat(pod, (container) => mountOf(container) !== 'Default');
  if (bad.length === 0) return undefined;
  const types = sorted(
    containersOf(pod.spec)
      .map(mountOf)
      .filter((mount) => mount !== 'Default'),
  );
  return { reason: 'procMount', detail: `${named(bad)} must not set securityContext.procMount to ${quoted(types)}` };
}

function sysctls(safe: readonly string[]): (pod: PodShape) => Finding | undefined {
  return ({ spec }) => {
    const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !safe.includes(name));
    return bad.length > 0 ? { reason: 'forbidden sysctls', detail: bad.join(', ') } : undefined;
  };
}

function hostProcess(pod: PodShape): Finding | undefined {
  const isSet = ({ securityContext }: Pick<Container, 'securityContext'>): boolean => securityContext?.windowsOptions?.hostProcess === true;
  const who = setters(pod.spec.securityContext?.windowsOptions?.hostProcess === true, containersThat(pod, isSet));
  return who ? { reason: 'hostProcess', detail: `${who} must not set securityContext.windowsOptions.hostProcess=true` } : undefined;
}
