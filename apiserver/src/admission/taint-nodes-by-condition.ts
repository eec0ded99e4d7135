import { Node } from '@keelson/types';
import type { AdmissionPlugin } from './types.ts';

const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

/** A new node takes no pods before the node lifecycle controller has seen it ready; a node that arrives ready needs no such wait. */
export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  admit({ operation, store, subresource, object }) {
    if (operation !== 'CREATE' || store.kind.typeName !== Node.typeName || subresource !== '') return;
    const node = object as Node;
    if (node.spec.taints?.some(({ key, effect }) => key === taint.key && effect === taint.effect)) return;
    node.spec.taints = [...(node.spec.taints ?? []), { ...taint }];
  },
};
