import { parseQuantity, podRequests, quantityMilliValue, quantityValue } from '@keelson/machinery';
import type { Node, Pod } from '@keelson/types';
import { podSpec } from './containers.ts';

/** A resource of the node that a pod does not get: thousandths of a core, bytes, or pieces. */
export interface Shortage {
  readonly resource: string;
  readonly requested: number;
  readonly used: number;
  readonly capacity: number;
}

/** What there is too little of for a pod beside what others have, in the order in which Kubernetes looks. */
export function shortages(pod: Pod, others: readonly { occupied(): Pod }[], node: Node): readonly Shortage[] {
  const allocatable = node.status?.allocatable ?? {};
  const capacityOf = (resource: string): number => (allocatable[resource] === undefined ? 0 : units(resource, allocatable[resource]));
  const slots = capacityOf('pods');
  const full = others.length + 1 > slots ? [{ resource: 'pods', requested: 1, used: others.length, capacity: slots }] : [];
  const wanted = [...requests(pod)].filter(
    ([resource, amount]) => amount > 0 && (allocatable[resource] !== undefined || !isExtended(resource)),
  );
  const used = wanted.length > 0 ? others.map((other) => requests(other.occupied())) : [];
  const short = wanted
    .map(([resource, requested]) => {
      const taken = used.reduce((sum, each) => sum + (each.get(resource) ?? 0), 0);
      return { resource, requested, used: taken, capacity: capacityOf(resource) };
    })
    .filter(({ requested, used: taken, capacity }) => requested > capacity - taken);
  return [...full, ...short.sort((a, b) => rank(a.resource) - rank(b.resource))];
}

/** What a pod asks for, in the units of `Shortage`. */
export function requests(pod: Pod): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(podRequests(pod)).map(([resource, amount]) => [
      resource,
      resource === 'cpu' ? quantityMilliValue(amount) : quantityValue(amount),
    ]),
  );
}

function units(resource: string, amount: string | number): number {
  const quantity = parseQuantity(amount);
  return resource === 'cpu' ? quantityMilliValue(quantity) : quantityValue(quantity);
}

function rank(resource: string): number {
  const at = ['cpu', 'memory', 'ephemeral-storage'].indexOf(resource);
  return at < 0 ? 3 : at;
}

/** Not Kubernetes' own. One that the node does not have is the cluster's, and no business of the node. */
function isExtended(resource: string): boolean {
  return resource.includes('/') && !resource.includes('kubernetes.io/');
}

export interface HostPort {
  readonly ip: string;
  readonly port: number;
  readonly protocol: string;
}

export function hostPorts(pod: Pod): readonly HostPort[] {
  const spec = podSpec(pod);
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...sidecars, ...(spec.containers ?? [])].flatMap(({ ports }) =>
    (ports ?? []).flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? [{ ip: hostIP || '0.0.0.0', port: Number(hostPort), protocol: protocol ?? 'TCP' }] : [],
    ),
  );
}

/** A port is one pod's at a time, on the address it names or on all of them. */
export function portsCollide(a: readonly HostPort[], b: readonly HostPort[]): boolean {
  return a.some((one) =>
    b.some(
      (other) =>
        one.port === other.port &&
        one.protocol === other.protocol &&
        (one.ip === other.ip || one.ip === '0.0.0.0' || other.ip === '0.0.0.0'),
    ),
  );
}
