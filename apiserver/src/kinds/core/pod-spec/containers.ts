import { type FieldPath, isDNS1123Label, isSidecar, repeats } from '@keelson/machinery';
import type { Container, EphemeralContainer, PodSpec } from '@keelson/types';
import type { Report } from '../../report.ts';
import { checkEnv } from './env.ts';
import { checkHandlers } from './handlers.ts';
import { checkMounts } from './mounts.ts';
import { checkHostPorts, checkPorts } from './ports.ts';
import { checkPullPolicy } from './pull-policy.ts';
import { checkResources } from './resources.ts';
import { checkResize, checkRestart } from './restart.ts';
import { checkContainerSecurity } from './security-context.ts';

const messagePolicies = ['File', 'FallbackToLogsOnError'];

/** All containers of a pod. `at` is its spec. */
export function checkContainers(spec: PodSpec, at: FieldPath, report: Report): void {
  const { containers = [], initContainers, ephemeralContainers } = spec;
  if (containers.length === 0) report.required(at, 'containers');
  const again = repeats(containers, ({ name }) => name);
  for (const [index, container] of containers.entries()) {
    const where = at.child('containers').index(index);
    checkContainer(container, spec, where, report);
    if (again.has(index)) report.duplicate(where, 'name', container.name ?? '');
    checkHandlers(container, spec, where, report);
    checkRestart(container, where, report);
  }
  checkHostPorts(containers, at, 'containers', report);
  if (initContainers) {
    const taken = takenBy(initContainers, containers);
    for (const [index, container] of initContainers.entries()) checkInit(container, index, taken.has(index), spec, at, report);
  }
  if (ephemeralContainers) checkEphemeral(ephemeralContainers, [...containers, ...(initContainers ?? [])], spec, at, report);
}

function checkEphemeral(
  containers: readonly EphemeralContainer[],
  others: readonly Container[],
  spec: PodSpec,
  at: FieldPath,
  report: Report,
): void {
  const [taken, targets] = [takenBy(containers, others), new Set(others.map(({ name }) => name))];
  for (const [index, container] of containers.entries()) {
    const where = at.child('ephemeralContainers').index(index);
    checkContainer(container as Container, spec, where, report);
    checkImageSpace(container, where, report);
    const { name, targetContainerName: target } = container;
    if (taken.has(index)) report.duplicate(where, 'name', name);
    if (target && !targets.has(target)) report.notFound(where, 'targetContainerName', target);
    checkUnsuited(container, where, report);
  }
}

interface Named {
  readonly name?: string | undefined;
}

/** The places of containers whose name one of the others has, or one before them. */
function takenBy(containers: readonly Named[], others: readonly Named[]): ReadonlySet<number> {
  const places = repeats([...others, ...containers], ({ name }) => name);
  return new Set([...places].map((place) => place - others.length));
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
  checkEnv(container, at, report);
  checkMounts(container, volumes, at, report);
  checkPullPolicy(container.imagePullPolicy, at, 'imagePullPolicy', report);
  checkResources(container, spec, at, report);
  if (container.resizePolicy?.length) checkResize(container.resizePolicy, spec, at, report);
  checkContainerSecurity(container.securityContext, spec, at, report);
}

const ofSidecars = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;

/** They run one after the other: only within one of them ports collide. Upstream counts them from that one. */
function checkInit(container: Container, index: number, isTaken: boolean, spec: PodSpec, parent: FieldPath, report: Report): void {
  const at = parent.child('initContainers').index(index);
  checkContainer(container, spec, at, report);
  checkRestart(container, at, report);
  const { name } = container;
  if (name && isTaken) report.duplicate(at, 'name', name);
  checkHostPorts([container], parent, 'initContainers', report);
  if (isSidecar(container)) {
    checkHandlers(container, spec, at, report);
    return;
  }
  for (const member of ofSidecars)
    if (container[member]) report.forbidden(at, member, 'may not be set for init containers without restartPolicy=Always');
  for (const [place, { restartPolicy: policy }] of (container.resizePolicy ?? []).entries())
    if (policy === 'RestartContainer')
      report.invalid(
        at,
        `resizePolicy[${place}].restartPolicy`,
        policy,
        "must not be set to 'RestartContainer' for non-sidecar initContainers",
      );
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

function checkUnsuited(container: EphemeralContainer, at: FieldPath, report: Report): void {
  const refuse = (where: string): void => report.forbidden(at, where, 'cannot be set for an Ephemeral Container');
  for (const member of unsuited) if (isSet(container[member])) refuse(member);
  for (const [place, { subPath, subPathExpr }] of (container.volumeMounts ?? []).entries()) {
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
