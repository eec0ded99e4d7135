import { errorMessage } from '@keelson/base';
import { type ControllerDefinition, defineController, type ReconcileContext, self } from '@keelson/runtime';
import { Event, Node } from '@keelson/types';
import { CidrPool } from './plan.ts';

interface Allocation {
  readonly uid: string | undefined;
  readonly cidrs: readonly string[];
}

/** Gives each node its part of the cluster's pod range. One pool for each IP family. */
export function nodeIpamController(
  clusterCIDRs: readonly string[],
  masks: { readonly 4: number; readonly 6: number },
): ControllerDefinition {
  const pools = clusterCIDRs.map((cidr) => new CidrPool(cidr, masks[cidr.includes(':') ? 6 : 4]));
  const known = new Map<string, Allocation>();
  return defineController({
    name: 'node_ipam',
    reads: [Node],
    writes: [Node, Event],
    triggers: [self(Node, ({ type, object }) => type === 'deleted' || known.get(object.metadata.name ?? '')?.uid !== object.metadata.uid)],
    // One after the other: what one takes, the next must see.
    workers: 1,
    async reconcile(name, context) {
      const node = context.of(Node).get(name);
      if (known.get(name)?.uid !== node?.metadata.uid) forget(name);
      learn(context.of(Node).list());
      if (node && !known.has(name)) await assign(node, context);
      return undefined;
    },
  });

  function forget(name: string): void {
    for (const cidr of known.get(name)?.cidrs ?? []) for (const pool of pools) pool.release(cidr);
    known.delete(name);
  }

  /** What nodes have is taken, before anything is given away. */
  function learn(nodes: readonly Node[]): void {
    for (const { metadata, spec } of nodes) {
      const cidrs = spec.podCIDRs ?? (spec.podCIDR ? [spec.podCIDR] : []);
      if (cidrs.length === 0 || known.has(metadata.name ?? '')) continue;
      for (const cidr of cidrs) for (const pool of pools) pool.occupy(cidr);
      known.set(metadata.name ?? '', { uid: metadata.uid, cidrs });
    }
  }

  async function assign(node: Node, { api, events, log }: ReconcileContext): Promise<void> {
    const { name = '' } = node.metadata;
    const cidrs = pools.map((pool) => pool.allocate());
    const given = cidrs.filter((cidr) => cidr !== undefined);
    const giveBack = (): void => {
      for (const cidr of given) for (const pool of pools) pool.release(cidr);
    };
    if (given.length < pools.length) {
      giveBack();
      events.event(node, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`);
      throw new Error('CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range');
    }
    try {
      const change = { spec: { podCIDR: given[0], podCIDRs: given } };
      await api.patch(Node, { name }, 'application/strategic-merge-patch+json', change);
      known.set(name, { uid: node.metadata.uid, cidrs: given });
      log.info('set node PodCIDR', { node: name, podCIDRs: given });
    } catch (error) {
      giveBack();
      events.event(node, 'Normal', 'CIDRAssignmentFailed', `Node ${name} status is now: CIDRAssignmentFailed`);
      throw new Error(`failed to set the pod CIDR of node ${name}: ${errorMessage(error)}`, { cause: error });
    }
  }
}
