import { type FieldPath, isDNS1123Subdomain, isQualifiedName, parseIp, repeats } from '@keelson/machinery';
import type { ContainerStatus, Pod } from '@keelson/types';
import type { Report } from '../../report.ts';

const notAddress = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

const ownConditions: ReadonlySet<string> = new Set(['ContainersReady', 'Initialized', 'PodScheduled', 'Ready']);

/** What a write of a pod's status is refused with. `at` is the status. */
export function checkPodStatus({ status: next = {} }: Pod, old: Pod, at: FieldPath, metadata: FieldPath, report: Report): void {
  const { nominatedNodeName: node, qosClass, conditions } = next;
  if (conditions)
    for (const [index, { type }] of conditions.entries())
      if (!ownConditions.has(type)) report.problems(metadata, `conditions[${index}].Type`, type, isQualifiedName(type));
  if (node && node !== old.status?.nominatedNodeName) report.problems(at, 'nominatedNodeName', node, isDNS1123Subdomain(node));
  if (qosClass !== old.status?.qosClass && old.status?.qosClass) report.invalid(at, 'qosClass', qosClass ?? '', 'field is immutable');
  checkRestarts(next, old, at, report);
  checkClaims(next.resourceClaimStatuses, old, at, report);
  checkAddresses(next.podIPs, at, 'podIPs', report);
  checkAddresses(next.hostIPs, at, 'hostIPs', report);
  const first = next.hostIPs?.[0];
  if (first && first.ip !== next.hostIP) report.invalid(at, 'hostIPs[0].ip', first.ip, 'must be equal to `hostIP`');
}

/** What has ended for good does not run again, unless its own policy says so. */
function checkRestarts(next: NonNullable<Pod['status']>, { spec, status: old = {} }: Pod, at: FieldPath, report: Report): void {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  if (containers.some(({ restartPolicyRules }) => restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'))) return;
  const returns = (name: string): boolean => containers.find((one) => one.name === name)?.restartPolicy !== undefined;
  const policy = spec.restartPolicy ?? 'Always';
  for (const [member, own] of [
    ['containerStatuses', policy],
    ['initContainerStatuses', policy],
    ['ephemeralContainerStatuses', 'Never'],
  ] as const) {
    if (own === 'Always') continue;
    for (const [index, was] of (old[member] ?? []).entries()) {
      if (!was.state?.terminated || returns(was.name)) continue;
      if (own === 'OnFailure' && was.state.terminated.exitCode !== 0) continue;
      if (isBack(next[member] ?? [], was.name))
        report.forbidden(at, `${member}[${index}].state`, 'may not be transitioned to non-terminated state');
    }
  }
}

function isBack(statuses: readonly ContainerStatus[], name: string): boolean {
  return statuses.some((status) => status.name === name && !status.state?.terminated);
}

type ClaimStatuses = NonNullable<Pod['status']>['resourceClaimStatuses'];

function checkClaims(statuses: ClaimStatuses, { spec }: Pod, status: FieldPath, report: Report): void {
  for (const [index, { name, resourceClaimName }] of (statuses ?? []).entries()) {
    const at = status.child('resourceClaimStatuses').index(index);
    if (!spec.resourceClaims?.some((claim) => claim.name === name))
      report.invalid(at, 'name', name, 'must match the name of an entry in `spec.resourceClaims`');
    if (resourceClaimName !== undefined) report.problems(at, 'name', resourceClaimName, isDNS1123Subdomain(resourceClaimName));
  }
}

function checkAddresses(list: readonly { ip?: string | undefined }[] | undefined, at: FieldPath, where: string, report: Report): void {
  if (!list) return;
  const families = new Set<number>();
  for (const [index, { ip = '' }] of list.entries()) {
    const parsed = parseIp(ip);
    if (parsed) families.add(parsed.version);
    else report.invalid(at, `${where}[${index}]`, ip, notAddress);
  }
  if (list.length < 2) return;
  if (list.length > 2 || families.size < 2) report.invalid(at, where, list, 'may specify no more than one IP for each IP family');
  for (const index of repeats(list, ({ ip }) => ip)) report.duplicate(at, `${where}[${index}]`, list[index]);
}
