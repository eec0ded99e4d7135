import { copyOf } from '@keelson/machinery';
import { PriorityClass } from '@keelson/types';
import { systemUser } from '../auth/types.ts';
import { systemPriorityClasses } from '../kinds/scheduling/priority-class.ts';
import type { Registry } from '../registry/registry.ts';
import type { Writable } from '../registry/writable.ts';
import { createMissing } from '../registry/write.ts';

/** Makes the priority classes that every cluster has, where they are missing. */
export async function bootstrapPriorityClasses(registry: Registry): Promise<void> {
  const store = registry.of(PriorityClass);
  const request = { namespace: '', user: systemUser, dryRun: false, subresource: '', warnings: [] };
  const missing = systemPriorityClasses.filter(({ metadata }) => !registry.read(PriorityClass, '', metadata.name ?? ''));
  await Promise.all(missing.map((own) => createMissing(registry, store, copyOf(own) as Writable, request)));
}
