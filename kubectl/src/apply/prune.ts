import { errorMessage } from '@keelson/base';
import type { DeleteQuery } from '@keelson/client';
import { compareStrings } from '@keelson/machinery';
import type { Cluster } from '../cluster.ts';
import type { FlagSpecs } from '../flags.ts';
import type { DryRun } from '../printers/result.ts';
import type { ApiResource } from '../resource/discovery.ts';
import { listAll, type Target } from '../resource/targets.ts';
import type { AnyObject } from '../types.ts';
import { lastAppliedAnnotation } from './plan.ts';

export const pruneFlags = {
  all: { type: 'bool', help: 'Select all resources in the namespace of the specified resource types.' },
  prune: {
    type: 'bool',
    help: 'Automatically delete previously applied resource objects that do not appear in the provided configs. For alpha1, use with either -l or --all. For alpha2, use with --applyset.',
  },
  'prune-allowlist': { type: 'array', help: 'Overwrite the default allowlist with <group/version/kind> for --prune' },
} as const satisfies FlagSpecs;

/** What is looked through when nothing else is said. */
const ordinary: readonly string[] = [
  ...['ConfigMap', 'Endpoints', 'PersistentVolumeClaim', 'Pod', 'ReplicationController', 'Secret', 'Service'].map(
    (kind) => `core/v1/${kind}`,
  ),
  ...['Job', 'CronJob'].map((kind) => `batch/v1/${kind}`),
  'networking.k8s.io/v1/Ingress',
  ...['DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'].map((kind) => `apps/v1/${kind}`),
  ...['Namespace', 'PersistentVolume'].map((kind) => `core/v1/${kind}`),
];

/** What was applied, and what else is to be looked at. */
export interface PruneRequest {
  readonly applied: readonly Target[];
  readonly selector: string;
  readonly allowlist: readonly string[];
  readonly dryRun: DryRun;
}

/** @throws Error in kubectl's words when nothing says what may be pruned. */
export function requirePruneScope({
  prune,
  all,
  selector,
}: {
  readonly prune: boolean;
  readonly all: boolean;
  readonly selector: string;
}): void {
  if (!prune || all || selector !== '') return;
  throw new Error(
    'all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector',
  );
}

/** The resources of `--prune-allowlist`, or of those looked through without it. @throws Error in kubectl's words. */
export async function allowedToPrune(cluster: Cluster, allowlist: readonly string[]): Promise<ApiResource[]> {
  const kinds = (allowlist.length > 0 ? allowlist : ordinary).map(parseKind);
  const mapper = await cluster.mapper();
  return kinds.map(({ apiVersion, kind }) => {
    const mapping = mapper.ofKind(apiVersion, kind);
    if (!mapping) throw new Error(`no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`);
    return mapping;
  });
}

interface Prunable {
  readonly mapping: ApiResource;
  readonly object: AnyObject;
}

/** What was applied once, is selected, and was not applied now: namespace by namespace, and at last what is in none. @throws Error for a kind that is not served. */
export async function prunable(cluster: Cluster, { applied, selector, allowlist }: PruneRequest): Promise<Prunable[]> {
  const visited = new Set(applied.map(identity));
  const namespaces = [...new Set(applied.flatMap(({ namespace }) => namespace ?? []))].sort(compareStrings);
  const mappings = await allowedToPrune(cluster, allowlist);
  const found: Prunable[] = [];
  for (const namespace of [...namespaces, undefined]) {
    for (const mapping of mappings.filter(({ namespaced }) => namespaced === (namespace !== undefined))) {
      const objects = await listAll(cluster, { mapping, namespace }, selector).catch((error: unknown) => {
        throw pruneError(mapping, error);
      });
      const stale = objects.filter(
        ({ metadata }) =>
          metadata.annotations?.[lastAppliedAnnotation] !== undefined &&
          !visited.has(identity({ mapping, namespace: metadata.namespace, name: metadata.name })),
      );
      found.push(...stale.map((object) => ({ mapping, object })));
    }
  }
  return found;
}

function pruneError({ group, version, kind, namespaced }: ApiResource, error: unknown): Error {
  return new Error(
    `error pruning ${namespaced ? 'namespaced' : 'nonNamespaced'} object ${group}/${version}, Kind=${kind}: ${errorMessage(error)}`,
  );
}

function identity({ mapping, namespace = '', name = '' }: Target): string {
  return [mapping.group, mapping.kind, namespace, name].join('/');
}

/** Deletes what is prunable, and tells of each as `pruned`. */
export async function prune(
  cluster: Cluster,
  request: PruneRequest & { readonly deletion: DeleteQuery },
  print: (object: AnyObject, operation: string) => void,
): Promise<void> {
  for (const { mapping, object } of await prunable(cluster, request)) {
    const { name = '', namespace } = object.metadata;
    try {
      if (request.dryRun !== 'client') await cluster.api.delete(mapping, { name, namespace }, request.deletion);
    } catch (error) {
      throw pruneError(mapping, error);
    }
    print(object, 'pruned');
  }
}

/** Reads `core/v1/ConfigMap`; the core group may be left empty. @throws Error in kubectl's words. */
function parseKind(text: string): { apiVersion: string; kind: string } {
  const [group, version = '', kind, ...more] = text.split('/');
  if (kind === undefined || more.length > 0)
    throw new Error(`invalid GroupVersionKind format: ${text}, please follow <group/version/kind>`);
  return { apiVersion: group === 'core' || group === '' ? version : `${group}/${version}`, kind };
}
