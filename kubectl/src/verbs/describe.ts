import { labelSelectorMatcher } from '@keelson/machinery';
import type {
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  CronJob,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Endpoints,
  HorizontalPodAutoscaler,
  Job,
  Namespace,
  Node,
  Pod,
  PodDisruptionBudget,
  PriorityClass,
  ReplicaSet,
  ResourceQuota,
  Role,
  RoleBinding,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
  StorageClass,
} from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { autoscalerLines } from '../describe/autoscaler.ts';
import { describeCronJob, describeJob } from '../describe/batch.ts';
import { eventLines, eventsOf } from '../describe/events.ts';
import { budgetLines, priorityClassLines, quotaLines, storageClassLines } from '../describe/limits.ts';
import type { Lines } from '../describe/lines.ts';
import { describeNode } from '../describe/node.ts';
import { configMapLines, genericLines, namespaceLines, secretLines, serviceAccountLines } from '../describe/plain.ts';
import { podLines } from '../describe/pod.ts';
import { bindingLines, roleLines } from '../describe/rbac.ts';
import { describeService, endpointSliceLines, endpointsLines } from '../describe/service.ts';
import { describeDaemonSet, describeStatefulSet } from '../describe/sets.ts';
import { describeDeployment, describeReplicaSet } from '../describe/workload.ts';
import { ManyErrors, throwAll, UsageError } from '../errors.ts';
import { alignTabs } from '../printers/tabwriter.ts';
import { namesFiles } from '../resource/files.ts';
import {
  type Found,
  fetchTargets,
  isNotFound,
  listAll,
  resolveTargets,
  selectionFlags,
  selectionOf,
  type Target,
} from '../resource/targets.ts';
import { type AnyObject, type Context, defineVerb } from '../types.ts';

const describeFlags = {
  ...selectionFlags,
  'chunk-size': { type: 'int', default: 500, help: 'Return large lists in chunks rather than all at once. Pass 0 to disable.' },
  'show-events': { type: 'bool', default: true, help: 'If true, display events related to the described object.' },
} as const;

type Describer = (object: AnyObject, cluster: Cluster, now: number) => Lines | Promise<Lines>;

/** A describer for one kind. */
function of<T>(describe: (object: T, cluster: Cluster, now: number) => Lines | Promise<Lines>): Describer {
  return (object, cluster, now) => describe(object as T, cluster, now);
}

/** By `<kind>.<group>`. What is not here is described by its fields. */
const describers: Readonly<Record<string, Describer>> = {
  Pod: of<Pod>((pod, _, now) => podLines(pod, now)),
  Node: of<Node>((node, cluster, now) => describeNode(cluster, node, now)),
  Namespace: of<Namespace>(async (namespace, cluster) =>
    namespaceLines(namespace, (await cluster.mapper()).find('resourcequotas') !== undefined),
  ),
  ConfigMap: of<ConfigMap>(configMapLines),
  Secret: of<Secret>(secretLines),
  ServiceAccount: of<ServiceAccount>(serviceAccountLines),
  Service: of<Service>((service, cluster) => describeService(cluster, service)),
  Endpoints: of<Endpoints>(endpointsLines),
  'EndpointSlice.discovery.k8s.io': of<EndpointSlice>(endpointSliceLines),
  'Role.rbac.authorization.k8s.io': of<Role>(roleLines),
  'ClusterRole.rbac.authorization.k8s.io': of<ClusterRole>(roleLines),
  'RoleBinding.rbac.authorization.k8s.io': of<RoleBinding>(bindingLines),
  'ClusterRoleBinding.rbac.authorization.k8s.io': of<ClusterRoleBinding>(bindingLines),
  'Deployment.apps': of<Deployment>((deployment, cluster) => describeDeployment(cluster, deployment)),
  'ReplicaSet.apps': of<ReplicaSet>((set, cluster) => describeReplicaSet(cluster, set)),
  'DaemonSet.apps': of<DaemonSet>((set, cluster) => describeDaemonSet(cluster, set)),
  'StatefulSet.apps': of<StatefulSet>((set, cluster) => describeStatefulSet(cluster, set)),
  'Job.batch': of<Job>(describeJob),
  'CronJob.batch': of<CronJob>(describeCronJob),
  'PodDisruptionBudget.policy': of<PodDisruptionBudget>((budget) =>
    budgetLines(budget, labelSelectorMatcher(budget.spec?.selector ?? {}).toString()),
  ),
  ResourceQuota: of<ResourceQuota>(quotaLines),
  'PriorityClass.scheduling.k8s.io': of<PriorityClass>(priorityClassLines),
  'StorageClass.storage.k8s.io': of<StorageClass>(storageClassLines),
  'HorizontalPodAutoscaler.autoscaling': of<HorizontalPodAutoscaler>(autoscalerLines),
};

/** Kinds that nothing happens to: upstream prints no events for them. */
const eventless = new Set([
  ...['Namespace', 'ResourceQuota', 'Secret'],
  ...['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'].map((kind) => `${kind}.rbac.authorization.k8s.io`),
]);

export const verb = defineVerb({
  usage: 'describe (-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME) [options]',
  examples: ['# Describe a node', 'kubectl describe nodes kubernetes-node-emt8.c.myproject.internal'],
  flags: describeFlags,
  async run(context) {
    const { flags, cluster, shell, args } = context;
    if (args.length === 0 && !namesFiles(flags)) {
      throw new UsageError(
        'You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of supported resources.',
        'none',
      );
    }
    const unread: unknown[] = [];
    const targets = await resolveTargets(cluster, shell, selectionOf(context), unread);
    const { found, errors } = await fetchTargets(cluster, targets, selectionOf(context));
    const missing = targets.filter(({ name }) => name !== undefined && !found.some((each) => each.name === name));
    const prefixed = errors.length > 0 && errors.every(isNotFound) ? await byPrefix(context, missing) : [];
    const all = [...found, ...prefixed];
    const texts = await Promise.all(all.map((each) => describe(context, each)));
    shell.stdout.write(texts.join('\n\n'));
    if (unread.length > 0) throw new ManyErrors([...unread, ...errors]);
    throwAll(prefixed.length > 0 ? [] : errors);
    if (all.length > 0) return;
    const namespaced = !flags['all-namespaces'] && targets.every(({ mapping }) => mapping.namespaced);
    shell.stderr.write(namespaced ? `No resources found in ${cluster.namespace} namespace.\n` : 'No resources found\n');
  },
});

/** A name that is none may be the beginning of some. */
async function byPrefix({ cluster }: Context, targets: readonly Target[]): Promise<Found[]> {
  const lists = await Promise.all(
    targets.map(async ({ mapping, namespace, name: prefix = '' }) => {
      const items = await listAll(cluster, { mapping, namespace });
      return items
        .filter(({ metadata }) => metadata.name?.startsWith(prefix))
        .map((object) => ({ mapping, namespace: object.metadata.namespace, name: object.metadata.name ?? '', object, source: '' }));
    }),
  );
  return lists.flat();
}

async function describe({ cluster, shell, flags }: Context<typeof describeFlags>, { mapping, object }: Found): Promise<string> {
  const key = mapping.group ? `${mapping.kind}.${mapping.group}` : mapping.kind;
  const now = shell.clock.now();
  const whole = { ...object, apiVersion: mapping.apiVersion, kind: mapping.kind };
  const lines = await (describers[key] ?? genericLines)(whole, cluster, now);
  const withEvents = flags['show-events'] && !eventless.has(key);
  const events = withEvents ? eventLines(await eventsOf(cluster, whole, mapping.kind === 'Node' ? '' : undefined), now) : [];
  return alignTabs([...lines, ...events, ''].join('\n'));
}
