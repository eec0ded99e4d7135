import type { FieldPath } from '@keelson/machinery';
import type { PodSecurityContext, PodSpec, SecurityContext } from '@keelson/types';
import type { Report } from '../../report.ts';
import { everyContainer } from './every-container.ts';

const systems = ['linux', 'windows'];

/** A pod that says which system it is for has nothing of the other's. */
export function checkOS(spec: PodSpec, at: FieldPath, report: Report): void {
  if (!spec.os) return;
  const { name } = spec.os;
  if (!name) report.required(at, 'os.name', 'cannot be empty');
  else if (!systems.includes(name)) report.unsupported(at, 'os', name, systems);
  else if (name === 'linux') checkLinux(spec, at, report);
  else checkWindows(spec, at, report);
}

function checkLinux(spec: PodSpec, at: FieldPath, report: Report): void {
  const refuse = (where: string): void => report.forbidden(at, where, 'windows options cannot be set for a linux pod');
  if (spec.securityContext?.windowsOptions) refuse('securityContext.windowsOptions');
  for (const [{ securityContext }, member, index] of everyContainer(spec))
    if (securityContext?.windowsOptions) refuse(`${member}[${index}].securityContext.windowsOptions`);
}

const ofPods: readonly (keyof PodSecurityContext)[] = [
  ...(['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'fsGroup', 'fsGroupChangePolicy', 'sysctls', 'runAsUser'] as const),
  ...(['runAsGroup', 'supplementalGroups', 'supplementalGroupsPolicy', 'seLinuxChangePolicy'] as const),
];
const ofContainers: readonly (keyof SecurityContext)[] = [
  ...(['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'capabilities', 'readOnlyRootFilesystem', 'privileged'] as const),
  ...(['allowPrivilegeEscalation', 'procMount', 'runAsUser', 'runAsGroup'] as const),
];

function checkWindows(spec: PodSpec, at: FieldPath, report: Report): void {
  const refuse = (where: string): void => report.forbidden(at, where, 'cannot be set for a windows pod');
  const { securityContext: own, hostUsers, hostPID, hostIPC, shareProcessNamespace } = spec;
  if (hostUsers !== undefined) refuse('hostUsers');
  if (hostPID) refuse('hostPID');
  if (hostIPC) refuse('hostIPC');
  if (shareProcessNamespace !== undefined) refuse('shareProcessNamespace');
  for (const member of ofPods) if (isSet(own?.[member])) refuse(`securityContext.${member}`);
  for (const [{ securityContext }, list, index] of everyContainer(spec))
    for (const member of ofContainers) if (isSet(securityContext?.[member])) refuse(`${list}[${index}].securityContext.${member}`);
}

function isSet(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined;
}
