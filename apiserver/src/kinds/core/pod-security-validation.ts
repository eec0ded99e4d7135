import { type FieldError, type FieldPath, fieldDuplicate, fieldInvalid, fieldRequired, fieldUnsupported } from '@keelson/machinery';
import type { PodSpec } from '@keelson/types';

type SecurityContext = NonNullable<PodSpec['securityContext']>;

const maxId = 2 ** 31 - 1;
const segment = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const name = `(${segment}[\\./])*${segment}`;
const namePattern = new RegExp(`^${name}$`);
const changePolicies = ['Always', 'OnRootMismatch'];
const groupPolicies = ['Merge', 'Strict'];

/** What is wrong with a pod's security context, whatever its namespace's policies say. */
export function podSecurityErrors({ securityContext, hostNetwork, hostIPC }: PodSpec, at: FieldPath): FieldError[] {
  if (!securityContext) return [];
  const { runAsUser, runAsGroup, fsGroup, supplementalGroups = [], fsGroupChangePolicy, supplementalGroupsPolicy } = securityContext;
  return [
    ...idErrors(runAsUser, at.child('runAsUser')),
    ...idErrors(runAsGroup, at.child('runAsGroup')),
    ...idErrors(fsGroup, at.child('fsGroup')),
    ...supplementalGroups.flatMap((group, index) => idErrors(group, at.child('supplementalGroups').index(index))),
    ...among(fsGroupChangePolicy, changePolicies, at.child('fsGroupChangePolicy')),
    ...among(supplementalGroupsPolicy, groupPolicies, at.child('supplementalGroupsPolicy')),
    ...sysctlErrors(securityContext, { network: hostNetwork === true, ipc: hostIPC === true }, at.child('sysctls')),
  ];
}

function idErrors(id: number | undefined, at: FieldPath): FieldError[] {
  if (id === undefined || (id >= 0 && id <= maxId)) return [];
  return [fieldInvalid(at, id, `must be between 0 and ${maxId}, inclusive`)];
}

const among = (value: string | undefined, supported: readonly string[], at: FieldPath): FieldError[] =>
  value === undefined || supported.includes(value) ? [] : [fieldUnsupported(at, value, supported)];

function sysctlErrors(
  { sysctls = [] }: SecurityContext,
  host: { readonly network: boolean; readonly ipc: boolean },
  at: FieldPath,
): FieldError[] {
  const seen = new Set<string>();
  return sysctls.flatMap((sysctl, index) => {
    const where = at.index(index).child('name');
    if (!sysctl.name) return [fieldRequired(where)];
    const errors: FieldError[] = [];
    if (sysctl.name.length > 253 || !namePattern.test(sysctl.name))
      errors.push(fieldInvalid(where, sysctl.name, `must have at most 253 characters and match regex ^${name}$`));
    else if (seen.has(sysctl.name)) errors.push(fieldDuplicate(where, sysctl.name));
    const of = namespaceOf(sysctl.name.replaceAll('/', '.'));
    if (of && host[of])
      errors.push(fieldInvalid(where, sysctl.name, `may not be specified when 'host${of === 'ipc' ? 'IPC' : 'Network'}' is true`));
    seen.add(sysctl.name);
    return errors;
  });
}

const ipcNames = ['kernel.shm', 'kernel.msg', 'kernel.sem', 'fs.mqueue.'];

function namespaceOf(sysctl: string): 'network' | 'ipc' | undefined {
  if (sysctl.startsWith('net.')) return 'network';
  return ipcNames.some((prefix) => sysctl.startsWith(prefix)) ? 'ipc' : undefined;
}
