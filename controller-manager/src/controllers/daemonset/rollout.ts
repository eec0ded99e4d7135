import type { Pod } from '@keelson/types';
import { isRolling, maxSurge, maxUnavailable } from './bounds.ts';
import { isAvailable, type NodeView, type Steps, sides, type View } from './plan.ts';

const nothing: Steps = { create: [], remove: [] };

/** Daemons of an older template to remove, or nodes to start newer ones on beside them, as far as the strategy allows now. */
export function planRollout(view: View): Steps {
  const { set } = view;
  if (!isRolling(set.spec)) return nothing;
  const nodes = view.nodes.filter(({ shouldRun, pods }) => shouldRun || pods.length > 0).map((node) => pairOn(view, node));
  const wanted = view.nodes.filter(({ shouldRun }) => shouldRun).length;
  const surge = maxSurge(set, wanted);
  return surge > 0 ? surging(view, nodes, surge, wanted) : replacing(view, nodes, maxUnavailable(set, wanted));
}

/** What is on a node while the template changes. */
interface Pair {
  readonly node: NodeView;
  readonly old: Pod | undefined;
  readonly fresh: Pod | undefined;
  /** More than one of a kind: one has to go first. */
  readonly crowded: boolean;
}

function pairOn(view: View, node: NodeView): Pair {
  const { old, fresh } = sides(view, node.pods);
  return { node, old: old[0], fresh: fresh[0], crowded: old.length > 1 || fresh.length > 1 };
}

/** Old daemons that serve nobody go at once; of the others as many as may be missing. What comes after them is started when they are gone. */
function replacing(view: View, nodes: readonly Pair[], most: number): Steps {
  const useless: Pod[] = [];
  const serving: Pod[] = [];
  let missing = 0;
  for (const { old, fresh, crowded } of nodes) {
    if (!crowded && old && !fresh && isAvailable(view, old)) {
      serving.push(old);
      continue;
    }
    if (!crowded && old && !fresh) useless.push(old);
    if (crowded || old || !fresh || !isAvailable(view, fresh)) missing++;
  }
  return { create: [], remove: [...useless, ...serving.slice(0, Math.max(0, most - missing))] };
}

/**
 * New daemons beside old ones: at once where the old one serves nobody, else as many as may be too many. Old ones go when the new are
 * available, and those on nodes that are for the set no more when as many serve elsewhere as are wanted.
 */
function surging(view: View, nodes: readonly Pair[], most: number, wanted: number): Steps {
  const urgent: string[] = [];
  const others: string[] = [];
  const remove: Pod[] = [];
  const misplaced: Pod[] = [];
  let [surplus, serving] = [0, 0];
  for (const { node, old, fresh, crowded } of nodes) {
    const [oldServes, freshServes] = [old, fresh].map((pod) => pod !== undefined && isAvailable(view, pod));
    if (crowded) {
      surplus++;
      continue;
    }
    if (old ? oldServes : freshServes) serving++;
    if (!old) continue;
    if (fresh && !freshServes) surplus++;
    else if (fresh) remove.push(old);
    else if (!node.shouldRun) (oldServes ? misplaced : remove).push(old);
    else (oldServes ? others : urgent).push(node.name);
  }
  remove.push(...misplaced.slice(0, Math.max(0, serving - wanted)));
  return { create: [...urgent, ...others.slice(0, Math.max(0, most - surplus))], remove };
}
