import type {
  FlowSchema,
  LimitedPriorityLevelConfiguration,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  ResourcePolicyRule,
  FlowcontrolV1Subject as Subject,
} from '@keelson/types';

/** Says, by "true", that the server keeps an object's spec as it is here. */
export const autoUpdate = 'apf.kubernetes.io/autoupdate-spec';

type Level = PriorityLevelConfiguration;

function level(name: string, spec: Level['spec']): Level {
  return { metadata: { name, annotations: { [autoUpdate]: 'true' } }, spec };
}

type Queues = readonly [queues: number, handSize: number];

function limited(name: string, nominalConcurrencyShares: number, lendablePercent: number, [queues, handSize]: Queues): Level {
  const limitResponse = { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } };
  return level(name, { type: 'Limited', limited: { nominalConcurrencyShares, lendablePercent, limitResponse } });
}

const rejecting: LimitedPriorityLevelConfiguration = {
  nominalConcurrencyShares: 5,
  lendablePercent: 0,
  limitResponse: { type: 'Reject' },
};

/** Every server has these two priority levels, and their specs are not to be changed. */
export const mandatoryLevels: readonly Level[] = [
  level('exempt', { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
  level('catch-all', { type: 'Limited', limited: rejecting }),
];

/** Those that a cluster has unless its administrator decides otherwise. */
export const suggestedLevels: readonly Level[] = [
  limited('system', 30, 33, [64, 6]),
  limited('node-high', 40, 25, [64, 6]),
  limited('leader-election', 10, 0, [16, 4]),
  limited('workload-high', 40, 50, [128, 6]),
  limited('workload-low', 100, 90, [128, 6]),
  limited('global-default', 20, 50, [128, 6]),
];

const group = (name: string): Subject => ({ kind: 'Group', group: { name } });
const user = (name: string): Subject => ({ kind: 'User', user: { name } });
const account = (name: string): Subject => ({ kind: 'ServiceAccount', serviceAccount: { name, namespace: 'kube-system' } });

const anybody = [group('system:unauthenticated'), group('system:authenticated')];
const controllerManager = user('system:kube-controller-manager');
const scheduler = user('system:kube-scheduler');

function everything(...subjects: Subject[]): PolicyRulesWithSubjects[] {
  const resourceRules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }];
  return [{ subjects, resourceRules, nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] }];
}

const verbs = ['get', 'create', 'update'];
const leases: ResourcePolicyRule = { verbs, apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] };

interface Place {
  readonly level: string;
  readonly precedence: number;
  readonly by?: 'ByUser' | 'ByNamespace';
}

function schema(name: string, { level: levelName, precedence, by }: Place, rules: PolicyRulesWithSubjects[]): FlowSchema {
  const distinguisher = by ? { distinguisherMethod: { type: by } } : {};
  return {
    metadata: { name, annotations: { [autoUpdate]: 'true' } },
    spec: { priorityLevelConfiguration: { name: levelName }, matchingPrecedence: precedence, ...distinguisher, rules },
  };
}

export const mandatorySchemas: readonly FlowSchema[] = [
  schema('exempt', { level: 'exempt', precedence: 1 }, everything(group('system:masters'))),
  schema('catch-all', { level: 'catch-all', precedence: 10_000, by: 'ByUser' }, everything(...anybody)),
];

const nodes = group('system:nodes');

export const suggestedSchemas: readonly FlowSchema[] = [
  schema('probes', { level: 'exempt', precedence: 2 }, [
    { subjects: anybody, nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }] },
  ]),
  schema('system-leader-election', { level: 'leader-election', precedence: 100, by: 'ByUser' }, [
    { subjects: [controllerManager, scheduler, account('*')], resourceRules: [leases] },
  ]),
  schema('system-node-high', { level: 'node-high', precedence: 400, by: 'ByUser' }, [
    {
      subjects: [nodes],
      resourceRules: [
        { verbs: ['*'], apiGroups: [''], resources: ['nodes', 'nodes/status'], clusterScope: true, namespaces: ['*'] },
        { verbs: ['*'], apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] },
      ],
    },
  ]),
  schema('system-nodes', { level: 'system', precedence: 500, by: 'ByUser' }, everything(nodes)),
  schema('kube-controller-manager', { level: 'workload-high', precedence: 800, by: 'ByNamespace' }, everything(controllerManager)),
  schema('kube-scheduler', { level: 'workload-high', precedence: 800, by: 'ByNamespace' }, everything(scheduler)),
  schema('kube-system-service-accounts', { level: 'workload-high', precedence: 900, by: 'ByNamespace' }, everything(account('*'))),
  schema('service-accounts', { level: 'workload-low', precedence: 9000, by: 'ByUser' }, everything(group('system:serviceaccounts'))),
  schema('global-default', { level: 'global-default', precedence: 9900, by: 'ByUser' }, everything(...anybody)),
];
