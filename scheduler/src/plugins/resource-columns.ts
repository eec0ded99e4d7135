import type { Column } from '../cache/columns.ts';
import type { Requests } from '../cache/resources.ts';
import type { NodeTable } from '../cache/table.ts';

/** A resource that is scored: what nodes have, what is taken, and what the pod would take. */
export interface Scored {
  readonly allocatable: Column;
  readonly taken: Column;
  readonly wanted: number;
  readonly weight: number;
}

/**
 * The columns of the resources to score by. `stated`: CPU and memory count as requested; else with defaults for what containers leave
 * unstated. A resource other than those and ephemeral storage counts for pods that request it only.
 */
export function scoredColumns(
  resources: readonly { readonly name: string; readonly weight: number }[],
  { amounts, nonzero }: Requests,
  table: NodeTable,
  stated: boolean,
): readonly Scored[] {
  const { allocatable, requested } = table;
  const taken = stated ? requested : table.nonzero;
  const wanted = stated ? amounts : nonzero;
  return resources.flatMap(({ name, weight }): Scored[] => {
    if (name === 'cpu' || name === 'memory') return [{ allocatable: allocatable[name], taken: taken[name], wanted: wanted[name], weight }];
    if (name === 'ephemeral-storage')
      return [{ allocatable: allocatable.ephemeral, taken: requested.ephemeral, wanted: amounts.ephemeral, weight }];
    const amount = amounts.scalars.get(name) ?? 0;
    if (amount === 0) return [];
    const columns = table.scalar(name);
    return [{ allocatable: columns.allocatable, taken: columns.requested, wanted: amount, weight }];
  });
}
