import { rfc3339 } from '@keelson/base';
import { equal, setCondition } from '@keelson/machinery';
import type { Namespace, NamespaceCondition } from '@keelson/types';

export const finalizer = 'kubernetes';

/** What an attempt to empty a namespace met. */
export interface Emptying {
  readonly discoveryFailures: readonly string[];
  readonly failures: readonly string[];
  /** Objects still there, by resource: `pods.`, `deployments.apps`. */
  readonly remaining: ReadonlyMap<string, number>;
  /** Objects that a finalizer holds, by finalizer. */
  readonly held: ReadonlyMap<string, number>;
}

export function isEmptied({ discoveryFailures, failures, remaining }: Emptying): boolean {
  return discoveryFailures.length === 0 && failures.length === 0 && remaining.size === 0;
}

/** The conditions that tell why a namespace is still there; undefined when they tell it already. */
export function planConditions(namespace: Namespace, emptying: Emptying, now: number): NamespaceCondition[] | undefined {
  const before = namespace.status?.conditions;
  let conditions = before ?? [];
  for (const condition of conditionsOf(emptying)) {
    const old = conditions.find(({ type }) => type === condition.type);
    if (old && old.status === condition.status && old.message === condition.message && old.reason === condition.reason) continue;
    conditions = setCondition(conditions, condition, rfc3339(now));
  }
  return equal(before, conditions) ? undefined : conditions;
}

function conditionsOf({ discoveryFailures, failures, remaining, held }: Emptying): NamespaceCondition[] {
  const count = (counts: ReadonlyMap<string, number>, words: string): string =>
    [...counts]
      .map(([name, n]) => `${name} ${words.replace('#', String(n))}`)
      .sort()
      .join(', ');
  return [
    discoveryFailures.length > 0
      ? bad('NamespaceDeletionDiscoveryFailure', 'DiscoveryFailed', discoveryMessage(discoveryFailures))
      : good('NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'),
    good('NamespaceDeletionGroupVersionParsingFailure', 'ParsedGroupVersions', 'All legacy kube types successfully parsed'),
    failures.length > 0
      ? bad('NamespaceDeletionContentFailure', 'ContentDeletionFailed', contentMessage(failures))
      : good('NamespaceDeletionContentFailure', 'ContentDeleted', 'All content successfully deleted, may be waiting on finalization'),
    remaining.size > 0
      ? bad(
          'NamespaceContentRemaining',
          'SomeResourcesRemain',
          `Some resources are remaining: ${count(remaining, 'has # resource instances')}`,
        )
      : good('NamespaceContentRemaining', 'ContentRemoved', 'All content successfully removed'),
    held.size > 0
      ? bad(
          'NamespaceFinalizersRemaining',
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${count(held, 'in # resource instances')}`,
        )
      : good('NamespaceFinalizersRemaining', 'ContentHasNoFinalizers', 'All content-preserving finalizers finished'),
  ];
}

function discoveryMessage(failures: readonly string[]): string {
  return `Discovery failed for some groups, ${failures.length} failing: unable to retrieve the complete list of server APIs: ${failures.join(', ')}`;
}

function contentMessage(failures: readonly string[]): string {
  return `Failed to delete all resource types, ${failures.length} remaining: ${failures.toSorted().join(', ')}`;
}

function good(type: string, reason: string, message: string): NamespaceCondition {
  return { type, status: 'False', reason, message };
}

function bad(type: string, reason: string, message: string): NamespaceCondition {
  return { type, status: 'True', reason, message };
}
