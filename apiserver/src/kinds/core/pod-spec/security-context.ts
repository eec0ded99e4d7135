import type { FieldPath } from '@keelson/machinery';
import type { AppArmorProfile, PodSpec, SeccompProfile, SecurityContext } from '@keelson/types';
import type { Report } from '../../report.ts';
import { localPath } from './paths.ts';
import { checkSysctls } from './sysctls.ts';
import { checkWindowsOptions } from './windows.ts';

const maxId = 2 ** 31 - 1;
const changePolicies = ['Always', 'OnRootMismatch'];
const groupPolicies = ['Merge', 'Strict'];
const seLinuxPolicies = ['MountOption', 'Recursive'];

/** A pod's security context, whatever its namespace's policies say. `at` is the pod's spec. */
export function checkPodSecurity(
  { securityContext, hostPID, shareProcessNamespace, ...spec }: PodSpec,
  pod: FieldPath,
  report: Report,
): void {
  const at = pod.child('securityContext');
  if (shareProcessNamespace && hostPID)
    report.invalid(at, 'shareProcessNamespace', true, 'ShareProcessNamespace and HostPID cannot both be enabled');
  if (!securityContext) return;
  const { fsGroup, runAsUser, runAsGroup, supplementalGroups, sysctls } = securityContext;
  checkId(fsGroup, at, 'fsGroup', report);
  checkId(runAsUser, at, 'runAsUser', report);
  checkId(runAsGroup, at, 'runAsGroup', report);
  if (supplementalGroups)
    for (const [index, group] of supplementalGroups.entries()) checkId(group, at, `supplementalGroups[${index}]`, report);
  if (sysctls) checkSysctls(sysctls, spec, at, report);
  checkOneOf(securityContext.fsGroupChangePolicy, changePolicies, at, 'fsGroupChangePolicy', report);
  checkSeccomp(securityContext.seccompProfile, at, report);
  checkWindowsOptions(securityContext.windowsOptions, at, report);
  checkAppArmor(securityContext.appArmorProfile, at, report);
  checkOneOf(securityContext.supplementalGroupsPolicy, groupPolicies, at, 'supplementalGroupsPolicy', report);
  checkOneOf(securityContext.seLinuxChangePolicy, seLinuxPolicies, at, 'seLinuxChangePolicy', report);
}

const procMounts = ['Default', 'Unmasked'];

/** A container's security context. `at` is the container. */
export function checkContainerSecurity(
  context: SecurityContext | undefined,
  { hostUsers = true }: PodSpec,
  container: FieldPath,
  report: Report,
): void {
  if (!context) return;
  const at = container.child('securityContext');
  const { runAsUser, runAsGroup, procMount, allowPrivilegeEscalation, privileged, capabilities } = context;
  checkId(runAsUser, at, 'runAsUser', report);
  checkId(runAsGroup, at, 'runAsGroup', report);
  checkOneOf(procMount, procMounts, at, 'procMount', report);
  if (hostUsers && procMount === 'Unmasked') report.invalid(at, 'procMount', procMount, '`hostUsers` must be false to use `Unmasked`');
  checkSeccomp(context.seccompProfile, at, report);
  if (allowPrivilegeEscalation === false) {
    if (privileged) report.invalid(at, '', context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true');
    if (capabilities?.add?.includes('CAP_SYS_ADMIN'))
      report.invalid(at, '', context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN');
  }
  checkWindowsOptions(context.windowsOptions, at, report);
  checkAppArmor(context.appArmorProfile, at, report);
}

/** A user or a group. */
export function checkId(id: number | undefined, at: FieldPath, where: string, report: Report): void {
  if (id !== undefined && (id < 0 || id > maxId)) report.invalid(at, where, id, `must be between 0 and ${maxId}, inclusive`);
}

function checkOneOf(value: string | undefined, supported: readonly string[], at: FieldPath, where: string, report: Report): void {
  if (value !== undefined && !supported.includes(value)) report.unsupported(at, where, value, supported);
}

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];

function checkSeccomp(profile: SeccompProfile | undefined, at: FieldPath, report: Report): void {
  if (!profile) return;
  const { type, localhostProfile } = profile;
  const local = 'seccompProfile.localhostProfile';
  if (!type) report.required(at, 'seccompProfile.type', 'type is required when seccompProfile is set');
  else if (!profileTypes.includes(type)) report.unsupported(at, 'seccompProfile.type', type, profileTypes);
  if (type !== 'Localhost') {
    if (localhostProfile !== undefined) report.invalid(at, local, profile, 'can only be set when seccomp type is Localhost');
  } else if (localhostProfile === undefined) report.required(at, local, 'must be set when seccomp type is Localhost');
  else localPath(localhostProfile, at, local, report);
}

/** Bytes; the longest path less one. */
const longestProfile = 4095;

function checkAppArmor(profile: AppArmorProfile | undefined, at: FieldPath, report: Report): void {
  if (!profile) return;
  const { type, localhostProfile } = profile;
  const local = 'appArmorProfile.localhostProfile';
  if (!type) {
    report.required(at, 'appArmorProfile.type', 'type is required when appArmorProfile is set');
    return;
  }
  if (!profileTypes.includes(type)) {
    report.unsupported(at, 'appArmorProfile.type', type, profileTypes);
    return;
  }
  if (type !== 'Localhost') {
    if (localhostProfile !== undefined) report.invalid(at, local, localhostProfile, 'can only be set when AppArmor type is Localhost');
    return;
  }
  if (!localhostProfile) {
    report.required(at, local, 'must be set when AppArmor type is Localhost');
    return;
  }
  if (localhostProfile.trim() !== localhostProfile) report.invalid(at, local, localhostProfile, 'must not be padded with whitespace');
  if (localhostProfile.length > longestProfile) report.tooLong(at, local, longestProfile);
}
