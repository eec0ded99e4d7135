import { type FieldPath, isDNS1123Label, isSidecar } from '@keelson/machinery';
import type { Container, EphemeralContainer, PodSpec } from '@keelson/types';
import type { Report } from '../../report.ts';
import { checkEnv } from './env.ts';
import { checkHandlers } from './handlers.ts';
import { checkMounts } from './mounts.ts';
import { checkHostPorts, checkPorts } from './ports.ts';
import { checkPullPolicy } from './pull-policy.ts';
import { checkResources } from './resources.ts';
import { checkRestart } from './restart.ts';
import { checkContainerSecurity } from './security-context.ts';

const messagePolicies = ['File', 'FallbackToLogsOnError'];

/** All containers of a pod. `at` is its spec. */
export function checkContainers(spec: PodSpec, at: FieldPath, report: Report): void {
  const { containers = [], initContainers, ephemeralContainers } = spec;
  if (containers.length === 0) report.required(at, 'containers');
  for (const [index, container] of containers.entries()) {
    const where = at.child('containers').index(index);
    checkContainer(container, spec, where, report);
    if (containers.findIndex(({ name }) => name === container.name) < index) report.duplicate(where, 'name', container.name ?? '');
    checkHandlers(container, spec, where, report);
    checkRestart(container, spec, where, report);
  }
  checkHostPorts(containers, at, 'containers', report);
  if (initContainers) for (const index of initContainers.keys()) checkInit(index, spec, at, report);
  if (ephemeralContainers)
    for (const [index, container] of ephemeralContainers.entries())
      checkEphemeral(container, index, spec, at.child('ephemeralContainers').index(index), report);
}

function checkContainer(container: Container, spec: PodSpec, at: FieldPath, report: Report): void {
  const { name, image, terminationMessagePolicy: policy } = container;
  const { volumes = [] } = spec;
  if (!name) report.required(at, 'name');
  else report.problems(at, 'name', name, isDNS1123Label(name));
  if (!image) report.required(at, 'image');
  if (!policy) report.required(at, 'terminationMessagePolicy');
  else if (!messagePolicies.includes(policy)) report.unsupported(at, 'terminationMessagePolicy', policy, messagePolicies);
  checkPorts(container, at, report);
  checkEnv(container, volumes, at, report);
  checkMounts(container, volumes, at, report);
  checkPullPolicy(container.imagePullPolicy, at, 'imagePullPolicy', report);
  checkResources(container, spec, at, report);
  checkContainerSecurity(container.securityContext, spec, at, report);
}

const ofSidecars = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;

/** They run one after the other: only within one of them ports collide. Upstream counts them from that one. */
function checkInit(index: number, spec: PodSpec, parent: FieldPath, report: Report): void {
  const { containers = [], initContainers = [] } = spec;
  const container = initContainers[index] as Container;
  const at = parent.child('initContainers').index(index);
  checkContainer(container, spec, at, report);
  checkRestart(container, spec, at, report, true);
  const { name } = container;
  const isTaken = containers.some((one) => one.name === name) || initContainers.findIndex((one) => one.name === name) < index;
  if (name && isTaken) report.duplicate(at, 'name', name);
  checkHostPorts([container], parent, 'initContainers', report);
  if (isSidecar(container)) {
    checkHandlers(container, spec, at, report);
    return;
  }
  for (const member of ofSidecars)
    if (container[member]) report.forbidden(at, member, 'may not be set for init containers without restartPolicy=Always');
}

const unsuited = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
] as const;

function checkEphemeral(container: EphemeralContainer, index: number, spec: PodSpec, at: FieldPath, report: Report): void {
  checkContainer(container as Container, spec, at, report);
  checkImageSpace(container, at, report);
  const { name, targetContainerName: target, volumeMounts = [] } = container;
  const others = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const isTaken = others.some((one) => one.name === name) || (spec.ephemeralContainers ?? []).findIndex((one) => one.name === name) < index;
  if (isTaken) report.duplicate(at, 'name', name);
  if (target && !others.some((one) => one.name === target)) report.notFound(at, 'targetContainerName', target);
  const refuse = (where: string): void => report.forbidden(at, where, 'cannot be set for an Ephemeral Container');
  for (const member of unsuited) if (isSet(container[member])) refuse(member);
  for (const [place, { subPath, subPathExpr }] of volumeMounts.entries()) {
    if (subPath) refuse(`volumeMounts[${place}].subPath`);
    if (subPathExpr) refuse(`volumeMounts[${place}].subPathExpr`);
  }
}

/** An empty object is what defaults leave behind. */
function isSet(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : value !== undefined;
}

/** What pods are asked beyond their templates. `at` is the container. */
export function checkImageSpace({ image = '' }: Pick<Container, 'image'>, at: FieldPath, report: Report): void {
  if (image.trim() !== image) report.invalid(at, 'image', image, 'must not have leading or trailing whitespace');
}
