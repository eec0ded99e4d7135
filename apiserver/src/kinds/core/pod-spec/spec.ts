import { type FieldPath, isDNS1123Label, isDNS1123Subdomain, isQualifiedName, path, repeats, validateLabels } from '@keelson/machinery';
import type { ObjectMeta, PodResourceClaim, PodSchedulingGate, PodSpec } from '@keelson/types';
import type { Report } from '../../report.ts';
import { containerResourceNameErrors } from '../resource-names.ts';
import { checkAffinity } from './affinity.ts';
import { mirror } from './annotations.ts';
import { checkContainers } from './containers.ts';
import { checkDNS, checkNames } from './dns.ts';
import { checkEnvFiles } from './env.ts';
import { everyContainer } from './every-container.ts';
import { checkOS } from './os.ts';
import { checkPodResources } from './pod-resources.ts';
import { checkHostNetworkPorts } from './ports.ts';
import { checkAmounts } from './resources.ts';
import { checkPodSecurity } from './security-context.ts';
import { checkSpread } from './spread.ts';
import { checkTolerations } from './tolerations.ts';
import { checkVolumes } from './volumes.ts';
import { checkHostProcess } from './windows.ts';

const restartPolicies = ['Always', 'OnFailure', 'Never'];
const preemptionPolicies = ['PreemptLowerPriority', 'Never'];
const longestDeadline = 2 ** 31 - 1;

/** Whose spec it is: a pod, with its name once it has one, or undefined for a template. */
export type Owner = Pick<ObjectMeta, 'name' | 'annotations'> | undefined;

/** Everything a pod spec can be refused for, in upstream's order. */
export function checkPodSpec(spec: PodSpec, owner: Owner, at: FieldPath, report: Report): void {
  if (spec.terminationGracePeriodSeconds === undefined) report.required(at, 'terminationGracePeriodSeconds');
  const volumes = checkVolumes(spec.volumes ?? [], owner && (owner.name ?? ''), at, report);
  if (spec.resourceClaims) checkClaims(spec.resourceClaims, owner, at, report);
  checkContainers({ ...spec, volumes }, at, report);
  checkPodResources(spec, at.child('resources'), report);
  if (spec.hostNetwork) checkHostNetworkPorts(spec, owner !== undefined, at, report);
  checkChoice(spec.restartPolicy ?? '', restartPolicies, at, 'restartPolicy', report);
  checkDNS(spec, at, report);
  if (spec.nodeSelector) report.add(validateLabels(spec.nodeSelector, at.child('nodeSelector')));
  checkPodSecurity(spec, at, report);
  checkScheduling(spec, at, report);
  checkHostProcess(spec, at, report);
  if (spec.hostUsers === false) checkUsers(spec, at, report);
  checkReferences(spec, at, report);
  checkNames(spec, at, report);
  if (spec.overhead) checkAmounts({ limits: spec.overhead }, containerResourceNameErrors, at.child('overhead'), report);
  checkOS(spec, at, report);
  checkEnvFiles(spec, at, report);
}

function checkChoice(value: string, supported: readonly string[], at: FieldPath, where: string, report: Report): void {
  if (value === '') report.required(at, where);
  else if (!supported.includes(value)) report.unsupported(at, where, value, supported);
}

function checkScheduling(spec: PodSpec, at: FieldPath, report: Report): void {
  const { affinity, readinessGates, schedulingGates, topologySpreadConstraints, tolerations, preemptionPolicy } = spec;
  if (affinity) checkAffinity(affinity, at.child('affinity'), report);
  if (readinessGates)
    for (const [index, { conditionType = '' }] of readinessGates.entries())
      report.problems(at, `readinessGates[${index}].conditionType`, conditionType, isQualifiedName(conditionType));
  if (schedulingGates) checkGates(schedulingGates, at, report);
  if (topologySpreadConstraints) checkSpread(topologySpreadConstraints, at, report);
  if (tolerations) checkTolerations(tolerations, at, report);
  if (preemptionPolicy !== undefined) checkChoice(preemptionPolicy, preemptionPolicies, at, 'preemptionPolicy', report);
}

function checkGates(gates: readonly PodSchedulingGate[], at: FieldPath, report: Report): void {
  const again = repeats(gates, ({ name }) => name);
  for (const [index, { name = '' }] of gates.entries()) {
    report.problems(at, `schedulingGates[${index}]`, name, isQualifiedName(name));
    if (again.has(index)) report.duplicate(at, `schedulingGates[${index}]`, name);
  }
}

/** A pod with users of its own shares nothing with its node that those would not fit. */
function checkUsers(spec: PodSpec, at: FieldPath, report: Report): void {
  const { hostNetwork, hostPID, hostIPC } = spec;
  const why = 'when `hostUsers` is false';
  if (hostNetwork) report.forbidden(at, 'hostNetwork', why);
  if (hostPID) report.forbidden(at, 'HostPID', why);
  if (hostIPC) report.forbidden(at, 'HostIPC', why);
  for (const [{ volumeDevices }, member, index] of everyContainer(spec))
    if (volumeDevices?.length) report.forbidden(at, `${member}[${index}].volumeDevices`, why);
}

const references = ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName'] as const;

function checkReferences(spec: PodSpec, at: FieldPath, report: Report): void {
  for (const member of references) {
    const name = spec[member];
    if (name || (name !== undefined && member === 'runtimeClassName')) report.problems(at, member, name, isDNS1123Subdomain(name));
  }
  const { activeDeadlineSeconds: deadline } = spec;
  if (deadline !== undefined && (deadline < 1 || deadline > longestDeadline))
    report.invalid(at, 'activeDeadlineSeconds', deadline, `must be between 1 and ${longestDeadline}, inclusive`);
}

function checkClaims(claims: readonly PodResourceClaim[], owner: Owner, spec: FieldPath, report: Report): void {
  if (owner?.annotations?.[mirror] !== undefined) {
    for (const _claim of claims) report.forbidden(path(), '', 'static pods do not support resource claims');
    return;
  }
  for (const [index, claim] of claims.entries()) {
    const at = spec.child('resourceClaims').index(index);
    const { name, resourceClaimName: own, resourceClaimTemplateName: template } = claim;
    if (!name) report.required(at, 'name');
    else if (claims.find((other) => other.name === name) !== claim) report.duplicate(at, 'name', name);
    else report.problems(at, 'name', name, isDNS1123Label(name));
    if (own !== undefined && template !== undefined)
      report.invalid(at, '', claim, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified');
    if (own === undefined && template === undefined)
      report.invalid(at, '', claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`');
    if (own !== undefined) report.problems(at, 'resourceClaimName', own, isDNS1123Subdomain(own));
    if (template !== undefined) report.problems(at, 'resourceClaimTemplateName', template, isDNS1123Subdomain(template));
  }
}
