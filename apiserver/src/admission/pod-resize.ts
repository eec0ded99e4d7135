import { equal, forbidden, parseQuantity, podRequests, quantityMilliValue, quantityValue, zeroQuantity } from '@keelson/machinery';
import { Node, Pod } from '@keelson/types';
import type { AdmissionPlugin } from './types.ts';

/** A bound pod is not resized to what its node could never give it, nor where nodes cannot do it. */
export const podResizeValidator: AdmissionPlugin = {
  name: 'PodResizeValidator',
  async validate({ operation, store, subresource, object, old, registry, name }) {
    if (operation !== 'UPDATE' || subresource !== 'resize' || store.kind.typeName !== Pod.typeName) return;
    const [pod, before] = [object as Pod, old as Pod];
    const { nodeName = '' } = pod.spec;
    if (nodeName === '' || equal(pod.spec, before.spec)) return;
    const node = await registry.readFresh(Node, '', nodeName);
    const problem = node ? (shortage(pod, node) ?? systemProblem(node)) : `node ${JSON.stringify(nodeName)} not found`;
    if (problem) throw forbidden(store.groupResource, name, problem);
  },
};

function shortage(pod: Pod, { status }: Node): string | undefined {
  const requests = podRequests(pod);
  const texts = [
    { name: 'cpu', amount: quantityMilliValue },
    { name: 'memory', amount: quantityValue },
  ].flatMap(({ name, amount }) => {
    const [asked, there] = [amount(requests[name] ?? zeroQuantity), amount(parseQuantity(status?.allocatable?.[name] ?? '0'))];
    return asked > there ? [`${name}, requested: ${asked}, allocatable: ${there}`] : [];
  });
  return texts.length > 0 ? `Node didn't have enough allocatable resources: ${texts.join('; ')}` : undefined;
}

function systemProblem({ metadata: { name = '', labels } }: Node): string | undefined {
  const system = labels?.['kubernetes.io/os'] ?? '';
  return system === 'linux'
    ? undefined
    : `pod resize is only supported on linux nodes, node ${JSON.stringify(name)} is ${JSON.stringify(system)}`;
}
