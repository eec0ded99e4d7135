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
    help: 'Automatically delete resource objects, that do not appear in the configs and are created by either apply or create --save-config.',
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
];
/** Only where no namespace was named. */
const ordinaryCluster: readonly string[] = ['core/v1/Namespace', 'core/v1/PersistentVolume'];

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
  'prune-allowlist': allowlist = [],
}: {
  readonly prune: boolean;
  readonly all: boolean;
  readonly selector: string;
  readonly 'prune-allowlist'?: readonly string[];
}): void {
  if (all && selector !== '') throw new Error('cannot set --all and --selector at the same time');
  if (!prune) return;
  for (const text of allowlist)
    if (text.split('/').length !== 3) throw new Error(`invalid GroupVersionKind format: ${text}, please follow <group/version/kind>`);
  if (all || selector !== '') return;
  throw new Error(
    'all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector',
  );
}

/** What was applied once, is selected, and was not applied now. @throws Error for a kind that is not served. */
export async function prunable(cluster: Cluster, request: PruneRequest): Promise<{ mapping: ApiResource; object: AnyObject }[]> {
  const { applied, selector, allowlist } = request;
  const visited = new Set(applied.map(identity));
  const namespaces = new Set(applied.flatMap(({ namespace }) => namespace ?? []));
  const mapper = await cluster.mapper();
  const standard = cluster.namespaceGiven ? ordinary : [...ordinary, ...ordinaryCluster];
  const mappings = (allowlist.length > 0 ? allowlist : standard).map((text) => {
    const { apiVersion, kind } = parseKind(text);
    const mapping = mapper.ofKind(apiVersion, kind);
    if (!mapping) throw new Error(`no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`);
    return mapping;
  });
  const found: { mapping: ApiResource; object: AnyObject }[] = [];
  for (const mapping of mappings) {
    for (const namespace of mapping.namespaced ? namespaces : [undefined]) {
      const objects = await listAll(cluster, { mapping, namespace }, selector);
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

function identity({ mapping, namespace = '', name = '' }: Target): string {
  return [mapping.group, mapping.kind, namespace, name].join('/');
}

/** Deletes what is prunable, and tells of each as `pruned`. */
export async function prune(cluster: Cluster, request: PruneRequest, print: (object: AnyObject, operation: string) => void): Promise<void> {
  const options = { propagationPolicy: 'Background', ...(request.dryRun === 'server' ? { dryRun: true } : {}) } as const;
  for (const { mapping, object } of await prunable(cluster, request)) {
    const { name = '', namespace } = object.metadata;
    if (request.dryRun !== 'client') await cluster.api.delete(mapping, { name, namespace }, options);
    print(object, 'pruned');
  }
}

/** Reads `core/v1/ConfigMap`. @throws Error in kubectl's words. */
function parseKind(text: string): { apiVersion: string; kind: string } {
  const [group, version, kind, ...more] = text.split('/');
  if (!group || !version || !kind || more.length > 0)
    throw new Error(`invalid GroupVersionKind format: ${text}, please follow <group/version/kind>`);
  return { apiVersion: group === 'core' ? version : `${group}/${version}`, kind };
}
