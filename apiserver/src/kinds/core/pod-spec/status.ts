import { type FieldPath, isDNS1123Subdomain, isQualifiedName, parseIp, repeats, validateIp } from '@keelson/machinery';
import type { Container, ContainerStatus, Pod, PodSpec } from '@keelson/types';
import type { Report } from '../../report.ts';
import { checkContainerStatuses } from './container-status.ts';
import { checkExtendedClaim } from './extended-claim.ts';

const ownConditions: ReadonlySet<string> = new Set(['Initialized', 'PodScheduled', 'Ready']);
const notNegative = 'must be a non-negative integer';

/** What a write of a pod's status is refused with. `at` is the status. */
export function checkPodStatus({ spec, status: next = {} }: Pod, old: Pod, at: FieldPath, report: Report): void {
  const { observedGeneration = 0, qosClass } = next;
  checkConditions(next.conditions ?? [], at, report);
  checkNomination(next.nominatedNodeName, old, at, report);
  if (observedGeneration < 0) report.invalid(at, 'observedGeneration', observedGeneration, notNegative);
  if (qosClass !== old.status?.qosClass && old.status?.qosClass) report.invalid(at, 'qosClass', qosClass ?? '', 'field is immutable');
  checkRestarts(next, old, at, report);
  checkClaims(next.resourceClaimStatuses, spec, at, report);
  if (next.extendedResourceClaimStatus)
    checkExtendedClaim(next.extendedResourceClaimStatus, spec, at.child('extendedResourceClaimStatus'), report);
  checkAddresses(next.podIPs, old.status?.podIPs, at, 'podIPs', report);
  const first = next.hostIPs?.[0];
  if (first && first.ip !== next.hostIP) report.invalid(at, 'hostIPs[0].ip', first.ip, 'must be equal to `hostIP`');
  checkAddresses(next.hostIPs, old.status?.hostIPs, at, 'hostIPs', report);
  checkContainerStatuses(next, spec, at, report);
}

type Status = NonNullable<Pod['status']>;

function checkConditions(conditions: NonNullable<Status['conditions']>, at: FieldPath, report: Report): void {
  for (const [index, { type, observedGeneration = 0 }] of conditions.entries()) {
    if (observedGeneration < 0) report.invalid(at, `conditions[${index}].observedGeneration`, observedGeneration, notNegative);
    if (!ownConditions.has(type)) report.problems(at, `conditions[${index}].Type`, type, isQualifiedName(type));
  }
}

/** A pod that has its node needs no other. */
function checkNomination(node: string | undefined, old: Pod, at: FieldPath, report: Report): void {
  if (!node || node === old.status?.nominatedNodeName) return;
  report.problems(at, 'nominatedNodeName', node, isDNS1123Subdomain(node));
  if (old.spec.nodeName) report.forbidden(at, 'nominatedNodeName', 'may not be set on pods that are already bound to a node');
}

/** What has ended for good does not run again. */
function checkRestarts(next: Status, { spec, status: old = {} }: Pod, at: FieldPath, report: Report): void {
  const all = [...spec.containers, ...(spec.initContainers ?? [])];
  const anyRestartsAll = all.some(({ restartPolicyRules }) => restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'));
  for (const [member, containers] of [
    ['containerStatuses', spec.containers],
    ['initContainerStatuses', spec.initContainers ?? []],
    ['ephemeralContainerStatuses', []],
  ] as const) {
    if (anyRestartsAll && member !== 'ephemeralContainerStatuses') continue;
    for (const [index, was] of (old[member] ?? []).entries()) {
      if (!was.state?.terminated || !isBack(next[member] ?? [], was.name)) continue;
      const container = containers.find(({ name }) => name === was.name);
      if (!container || !mayRestart(container, spec, was.state.terminated.exitCode))
        report.forbidden(at, `${member}[${index}].state`, 'may not be transitioned to non-terminated state');
    }
  }
}

/** By the first rule for its exit code, its own policy, or the pod's. */
function mayRestart({ restartPolicy, restartPolicyRules = [] }: Container, spec: PodSpec, code: number): boolean {
  const byRule = restartPolicyRules.some(({ exitCodes }) => {
    const named = exitCodes?.values?.includes(code) ?? false;
    return exitCodes?.operator === 'In' ? named : exitCodes?.operator === 'NotIn' && !named;
  });
  const policy = restartPolicy ?? spec.restartPolicy ?? 'Always';
  return byRule || policy === 'Always' || (policy === 'OnFailure' && code !== 0);
}

function isBack(statuses: readonly ContainerStatus[], name: string): boolean {
  const status = statuses.find((one) => one.name === name);
  return status !== undefined && !status.state?.terminated;
}

function checkClaims(statuses: Status['resourceClaimStatuses'] = [], spec: PodSpec, status: FieldPath, report: Report): void {
  const again = repeats(statuses, ({ name }) => name);
  for (const [index, { name, resourceClaimName }] of statuses.entries()) {
    const at = status.child('resourceClaimStatuses').index(index);
    if (!spec.resourceClaims?.some((claim) => claim.name === name))
      report.invalid(at, 'name', name, 'must match the name of an entry in `spec.resourceClaims`');
    if (again.has(index)) report.duplicate(at, 'name', name);
    if (resourceClaimName !== undefined) report.problems(at, 'resourceClaimName', resourceClaimName, isDNS1123Subdomain(resourceClaimName));
  }
}

type Addresses = readonly { readonly ip?: string | undefined }[];

function checkAddresses(list: Addresses | undefined, old: Addresses | undefined, at: FieldPath, where: string, report: Report): void {
  if (!list) return;
  const before = (old ?? []).map(({ ip = '' }) => ip);
  for (const [index, { ip = '' }] of list.entries()) report.add(validateIp(ip, at.child(where).index(index), before));
  const families = new Set(list.map(({ ip = '' }) => parseIp(ip)?.version));
  if (list.length > 1 && (list.length > 2 || families.size < 2))
    report.invalid(at, where, list, 'may specify no more than one IP for each IP family');
}
