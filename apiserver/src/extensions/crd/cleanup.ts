import { StatusError } from '@keelson/machinery';
import { systemUser } from '../../auth/types.ts';
import { cleanupFinalizer } from '../../kinds/apiextensions/cleanup-finalizer.ts';
import { remove } from '../../registry/delete.ts';
import type { KindStore } from '../../registry/kind-store.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Writable } from '../../registry/writable.ts';

/**
 * Deletes every object of a kind, and resolves to how many are still there: those with finalizers of their own.
 * @throws Error while some of them cannot be read.
 */
export async function removeInstances(registry: Registry, store: KindStore): Promise<number> {
  const found: Array<{ namespace: string; name: string }> = [];
  await registry.feed.fresh();
  if (store.cache.fault) throw store.cache.fault;
  store.cache.each(store.cache.prefix, ({ namespace, name }) => {
    found.push({ namespace, name });
    return true;
  });
  let left = 0;
  for (const { namespace, name } of found) {
    const request = { namespace, user: systemUser, dryRun: false, subresource: '', warnings: [] };
    const removal = await remove(registry, store.hub, name, {}, request).catch((error: unknown) => {
      if (error instanceof StatusError && error.code === 404) return { removed: true };
      throw error;
    });
    if (!removal.removed) left++;
  }
  return left;
}

export function withoutFinalizer(definition: Writable): Writable {
  const finalizers = (definition.metadata.finalizers ?? []).filter((one) => one !== cleanupFinalizer);
  return { ...definition, metadata: { ...definition.metadata, finalizers: finalizers.length > 0 ? finalizers : undefined } };
}
