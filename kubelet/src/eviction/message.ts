import { canonicalQuantity, parseQuantity, quantityValue } from '@keelson/machinery';
import { type Candidate, memoryOf, writtenBy } from './candidate.ts';
import { type NodeResources, type StarvedResource, signalFacts } from './signals.ts';
import { availableText, binaryText, type Threshold, thresholdText } from './thresholds.ts';

interface Excess {
  readonly name: string;
  readonly usage: string;
  readonly request: string;
}

/** Why a pod is evicted for want of something of the node's: the message of its status, and the annotations of its event. Pure. */
export function starvationMessage(
  candidate: Candidate,
  resource: StarvedResource,
  due: readonly Threshold[],
  node: NodeResources,
): { readonly message: string; readonly annotations: Readonly<Record<string, string>> } {
  const pod = podExcess(candidate, resource);
  const containers = exceeding(candidate, resource);
  const told = (what: string, { name, usage, request }: Excess): string =>
    `${what} ${name} was using ${usage}, request is ${request}, has larger consumption of ${resource}. `;
  return {
    message: [
      `The node was low on resource: ${resource}. `,
      thresholdMet(resource, due, node),
      pod ? told('Pod', pod) : '',
      ...containers.map((each) => told('Container', each)),
    ].join(''),
    annotations: {
      ...(pod ? { offending_pod: pod.name, offending_pod_usage: pod.usage } : {}),
      offending_containers: containers.map(({ name }) => name).join(','),
      offending_containers_usage: containers.map(({ usage }) => usage).join(','),
      starved_resource: resource,
    },
  };
}

function thresholdMet(resource: StarvedResource, due: readonly Threshold[], node: NodeResources): string {
  const threshold = due.find(({ signal }) => signalFacts(signal)?.resource === resource);
  const observed = threshold && signalFacts(threshold.signal)?.observe(node);
  if (!threshold || !observed) return '';
  return `Threshold quantity: ${thresholdText(threshold, observed.total)}, available: ${availableText(threshold, observed)}. `;
}

/** A pod that asks for memory as a whole is told of as a whole, too. */
function podExcess(candidate: Candidate, resource: StarvedResource): Excess | undefined {
  const request = candidate.pod.spec?.resources?.requests?.memory;
  if (resource !== 'memory' || request === undefined) return undefined;
  return { name: candidate.pod.metadata?.name ?? '', usage: binaryText(memoryOf(candidate)), request: canonicalQuantity(request) };
}

function exceeding(candidate: Candidate, resource: StarvedResource): readonly Excess[] {
  if (resource !== 'memory' && resource !== 'ephemeral-storage') return [];
  const { containers = [], initContainers = [] } = candidate.pod.spec ?? {};
  return candidate.containers.flatMap((container) => {
    const declared = [...containers, ...initContainers].find(({ name }) => name === container.name);
    const used = resource === 'memory' ? container.memoryBytes : writtenBy(candidate, container).bytes;
    const request = declared?.resources?.requests?.[resource] ?? 0;
    if (!declared || used <= quantityValue(parseQuantity(request))) return [];
    return [{ name: container.name, usage: binaryText(used), request: canonicalQuantity(request) }];
  });
}
