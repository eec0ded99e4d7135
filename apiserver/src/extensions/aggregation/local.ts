import type { Logger } from '@keelson/base';
import { equal, StatusError } from '@keelson/machinery';
import { APIService, type APIServiceSpec } from '@keelson/types';
import { systemUser } from '../../auth/types.ts';
import { groupPriority, versionPriority } from '../../discovery/priorities.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Writable } from '../../registry/writable.ts';
import { create, update } from '../../registry/write.ts';

const label = 'kube-aggregator.kubernetes.io/automanaged';
const aggregatorGroup = 'apiregistration.k8s.io';

/** The APIServices that say which groups this server serves itself, by name; that of APIServices is understood. */
export function localServices(served: Iterable<{ readonly group: string; readonly version: string }>): ReadonlyMap<string, APIServiceSpec> {
  const specs = new Map<string, APIServiceSpec>();
  for (const { group, version } of served) {
    if (group === aggregatorGroup) continue;
    const priorities = { groupPriorityMinimum: groupPriority(group), versionPriority: versionPriority(group, version) };
    specs.set(`${version}.${group}`, { ...(group ? { group } : {}), version, ...priorities });
  }
  return specs;
}

/**
 * Makes them, or puts back what changed; one that an administrator has taken over, by removing its label, is left alone.
 * @throws Error that names those that are missing, once all have been tried.
 */
export async function ensureLocalServices(registry: Registry, log: Logger): Promise<void> {
  const served = [...registry.stores].map(({ kind }) => kind);
  const missing: string[] = [];
  const all = [...localServices(served)].map(([name, spec]) =>
    ensure(registry, name, spec).catch((err: unknown) => {
      log.warn('could not register a local group version', { name, err });
      missing.push(name);
    }),
  );
  await Promise.all(all);
  if (missing.length > 0) throw new Error(`missing APIService: [${missing.join(' ')}]`);
}

async function ensure(registry: Registry, name: string, spec: APIServiceSpec): Promise<void> {
  const store = registry.of(APIService);
  const request = { namespace: '', user: systemUser, dryRun: false, subresource: '', warnings: [] };
  const present = registry.read(APIService, '', name);
  if (!present) {
    const object = { metadata: { name, labels: { [label]: 'onstart' } }, spec } as Writable;
    await create(registry, store, object, request).catch((error: unknown) => {
      // Another API server was faster.
      if (!(error instanceof StatusError) || error.code !== 409) throw error;
    });
  } else if (present.metadata.labels?.[label] !== undefined && !equal(present.spec, spec)) {
    await update(registry, store, name, { apply: (current) => ({ ...current, spec }) }, request);
  }
}
