import { byteLength, type FieldPath, repeats } from '@keelson/machinery';
import type { Container, ContainerStatus, Pod, PodSpec } from '@keelson/types';
import type { Report } from '../../report.ts';
import { checkId } from './security-context.ts';

type Allocated = NonNullable<ContainerStatus['allocatedResourcesStatus']>[number];

const health = ['Healthy', 'Unhealthy', 'Unknown'];
const longestMessage = 1024;

/** What a kubelet says of its containers' users, and of the health of what they were given. `at` is the pod's status. */
export function checkContainerStatuses(status: NonNullable<Pod['status']>, spec: PodSpec, at: FieldPath, report: Report): void {
  for (const [member, containers] of [
    ['containerStatuses', spec.containers],
    ['initContainerStatuses', spec.initContainers ?? []],
    ['ephemeralContainerStatuses', undefined],
  ] as const)
    for (const [index, one] of (status[member] ?? []).entries()) {
      const where = at.child(member).index(index);
      checkUser(one, spec.os?.name ?? 'linux', where, report);
      const { allocatedResourcesStatus: allocated } = one;
      if (!allocated?.length) continue;
      if (!containers) report.forbidden(where, 'allocatedResourcesStatus', 'must not be specified in container status');
      else {
        const container = containers.find(({ name }) => name === one.name);
        for (const [place, resource] of allocated.entries())
          checkAllocated(resource, container, where.child('allocatedResourcesStatus').index(place), report);
      }
    }
}

function checkUser({ user }: ContainerStatus, os: string, at: FieldPath, report: Report): void {
  if (!user?.linux) return;
  if (os === 'windows') report.forbidden(at, 'user.linux', 'cannot be set for a windows pod');
  if (os !== 'linux') return;
  const { uid, gid, supplementalGroups = [] } = user.linux;
  const where = at.child('user.linux');
  checkId(uid, where, 'uid', report);
  checkId(gid, where, 'gid', report);
  for (const [index, group] of supplementalGroups.entries()) checkId(group, where, `supplementalGroups[${index}]`, report);
}

/** `claim:<claim>/<request>` for what comes of a claim, else a resource the container asks for. */
function checkAllocated({ name, resources = [] }: Allocated, container: Container | undefined, at: FieldPath, report: Report): void {
  const { claims = [], requests = {} } = container?.resources ?? {};
  const ofClaims = claims.map((claim) => `claim:${claim.name}${claim.request ? `/${claim.request}` : ''}`);
  const ofClaim = name.startsWith('claim:');
  if (container && !(ofClaim ? ofClaims.includes(name) : Object.hasOwn(requests, name)))
    report.invalid(
      at,
      'name',
      name,
      ofClaim
        ? "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty"
        : "must match one of the container's resource requests",
    );
  const again = repeats(resources, ({ resourceID }) => resourceID);
  for (const [index, resource] of resources.entries()) {
    const where = at.child('resources').index(index);
    if (!health.includes(resource.health ?? '')) report.unsupported(where, 'health', resource.health ?? '', health);
    if (resource.message === '') report.required(where, 'message', 'must be non-empty if specified');
    else if (byteLength(resource.message ?? '') > longestMessage) report.tooLong(where, 'message', longestMessage);
    if (again.has(index)) report.duplicate(where, 'resourceID', resource.resourceID);
  }
}
