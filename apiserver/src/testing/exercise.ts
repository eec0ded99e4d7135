import { seededRandom } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { copyOf, type FieldError, formatFieldError } from '@keelson/machinery';
import type { ObjectMeta } from '@keelson/types';
import type { KindDefinition, WriteContext } from '../kinds/types.ts';

/** When everything in these tests happens. */
export const testTime = '2026-01-02T03:04:05Z';
export const testUid = '11111111-2222-4333-8444-555555555555';

const context: WriteContext = {
  clock: { now: () => Date.parse(testTime), after: () => ({ cancel() {} }) },
  random: seededRandom(1),
  user: { name: 'jane', uid: '7', groups: ['devs', 'system:authenticated'], extra: { scopes: ['a'] } },
};

type Any = KubeObject & { metadata: ObjectMeta; spec?: object; status?: object };

/** An object as it is when a create reaches validation: named, filled in and prepared. Its kind's type is taken on trust. */
export function created<T extends KubeObject>(definition: KindDefinition<T>, object: object): T {
  const { namespaced } = definition.kind;
  const given = copyOf(object) as Any;
  const metadata = { name: 'x', ...(namespaced ? { namespace: 'default' } : {}), uid: testUid, ...given.metadata };
  const whole = { ...given, metadata } as unknown as T;
  definition.defaults?.(whole);
  definition.dropUnserved?.(whole);
  definition.prepareCreate?.(whole, context);
  return whole;
}

/** The object's spec after a create. */
export function specOf<T extends KubeObject>(definition: KindDefinition<T>, spec: object): unknown {
  return JSON.parse(JSON.stringify((created(definition, { spec }) as Any).spec));
}

/** What a create is refused with, as messages. */
export function problems<T extends KubeObject>(definition: KindDefinition<T>, object: object): string[] {
  return texts(definition.validate?.(created(definition, object)));
}

/** What an update is refused with: `change` is given a copy of what was created. */
export function updateProblems<T extends KubeObject>(definition: KindDefinition<T>, object: object, change: (next: T) => void): string[] {
  const { old, next } = changed(definition, object, change);
  definition.defaults?.(next);
  definition.dropUnserved?.(next, old);
  definition.prepareUpdate?.(next, old, context);
  return texts([...(definition.validate?.(next, old) ?? []), ...(definition.validateUpdate?.(next, old) ?? [])]);
}

/** What an update of the status is refused with. */
export function statusProblems<T extends KubeObject>(
  definition: KindDefinition<T>,
  object: object,
  status: object,
  before?: object,
): string[] {
  const { old, next } = changed(definition, object, () => {});
  if (before) (old as unknown as Any).status = before;
  (next as unknown as Any).status = copyOf(status);
  definition.status?.prepareUpdate?.(next, old, context);
  return texts(definition.status?.validateUpdate?.(next, old));
}

/** Cells of the object's columns by name. */
export function cells<T extends KubeObject>(definition: KindDefinition<T>, object: object): Record<string, unknown> {
  const whole = object as T;
  const now = Date.parse(testTime);
  return Object.fromEntries((definition.columns ?? []).map((column) => [column.name, column.cell(whole, now)]));
}

function changed<T extends KubeObject>(definition: KindDefinition<T>, object: object, change: (next: T) => void): { old: T; next: T } {
  const old = created(definition, object);
  (old as unknown as Any).metadata.resourceVersion = '1';
  const next = copyOf(old);
  change(next);
  return { old, next };
}

function texts(errors: readonly FieldError[] | undefined): string[] {
  return (errors ?? []).map(formatFieldError);
}
