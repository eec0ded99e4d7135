import type { FieldPath } from '@keelson/machinery';
import type { PodSpec, Sysctl } from '@keelson/types';
import type { Report } from '../../report.ts';

const segment = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const form = `(${segment}[\\./])*${segment}`;
const pattern = new RegExp(`^${form}$`);
const longest = 253;

/** Kernel settings of a pod: none of a namespace that the pod shares with its node. `at` is the security context. */
export function checkSysctls(
  sysctls: readonly Sysctl[],
  host: Pick<PodSpec, 'hostNetwork' | 'hostIPC'>,
  at: FieldPath,
  report: Report,
): void {
  for (const [index, sysctl] of sysctls.entries()) {
    const where = at.child('sysctls').index(index);
    const { name } = sysctl;
    if (!name) report.required(where, 'name');
    else if (name.length > longest || !pattern.test(name))
      report.invalid(where, 'name', name, `must have at most ${longest} characters and match regex ^${form}$`);
    else if (sysctls.find((other) => other.name === name) !== sysctl) report.duplicate(where, 'name', name);
    const namespace = namespaceOf((name ?? '').replaceAll('/', '.'));
    if (namespace === 'network' && host.hostNetwork) report.invalid(where, 'name', name, "may not be specified when 'hostNetwork' is true");
    if (namespace === 'ipc' && host.hostIPC) report.invalid(where, 'name', name, "may not be specified when 'hostIPC' is true");
  }
}

const ipcNames = ['kernel.shm', 'kernel.msg', 'kernel.sem', 'fs.mqueue.'];

function namespaceOf(sysctl: string): 'network' | 'ipc' | undefined {
  if (sysctl.startsWith('net.')) return 'network';
  return ipcNames.some((prefix) => sysctl.startsWith(prefix)) ? 'ipc' : undefined;
}
