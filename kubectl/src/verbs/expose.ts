import type { LabelSelector, LabelSelectorRequirement, PodSpec, PodTemplateSpec, ServicePort } from '@keelson/types';
import type { ApiResource } from '../resource/discovery.ts';
import { namesFiles } from '../resource/files.ts';
import { kindText } from '../resource/mapper.ts';
import { eachFound, type Found, fileFlags, selectionOf } from '../resource/targets.ts';
import { type AnyObject, type Context, defineVerb } from '../types.ts';
import { createObject, unvalidatedFlags } from './create/generator.ts';
import { overridden, overrideFlags } from './overrides.ts';
import { labelsOf } from './pairs.ts';
import { recordFlag } from './record.ts';

const flags = {
  ...fileFlags,
  ...recordFlag,
  ...unvalidatedFlags,
  ...overrideFlags,
  'cluster-ip': {
    type: 'string',
    help: "ClusterIP to be assigned to the service. Leave empty to auto-allocate, or set to 'None' to create a headless service.",
  },
  'external-ip': { type: 'string', help: 'Additional external IP address (not managed by Kubernetes) to accept for the service.' },
  'field-manager': { type: 'string', default: 'kubectl-expose', help: 'Name of the manager used to track field ownership.' },
  'load-balancer-ip': {
    type: 'string',
    help: 'IP to assign to the LoadBalancer. If empty, an ephemeral IP will be created and used (cloud-provider specific).',
  },
  labels: { type: 'string', short: 'l', help: 'Labels to apply to the service created by this call.' },
  name: { type: 'string', help: 'The name for the newly created object.' },
  port: { type: 'string', help: 'The port that the service should serve on. Copied from the resource being exposed, if unspecified' },
  protocol: { type: 'string', help: "The network protocol for the service to be created. Default is 'TCP'." },
  selector: { type: 'string', help: 'A label selector to use for this service. Only equality-based selector requirements are supported.' },
  'session-affinity': {
    type: 'string',
    help: "If non-empty, set the session affinity for the service to this; legal values: 'None', 'ClientIP'",
  },
  'target-port': {
    type: 'string',
    help: 'Name or number for the port on the container that the service should direct traffic to. Optional.',
  },
  type: { type: 'string', help: "Type for this service: ClusterIP, NodePort, LoadBalancer, or ExternalName. Default is 'ClusterIP'." },
} as const;

export const verb = defineVerb({
  usage:
    'expose (-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] [--type=type] [options]',
  flags,
  async run(context) {
    await eachFound(context.cluster, context.shell, { ...selectionOf(context), selector: '', local: namesFiles(context.flags) }, (found) =>
      overridden(serviceFor(context, found), context.flags).then((service) => createObject(context, service, 'exposed', false)),
    );
  },
});

/** Characters of a service's name; a name taken from what is exposed is cut there. */
const longestName = 63;

const exposable = new Set(['Deployment.apps', 'ReplicaSet.apps', 'Pod.', 'Service.', 'ReplicationController.']);

function serviceFor({ flags: asked }: Context<typeof flags>, { mapping, name, object }: Found): AnyObject {
  if (!exposable.has(`${mapping.kind}.${mapping.group}`))
    throw new Error(`cannot expose a ${mapping.group === '' ? mapping.kind : `${mapping.kind}.${mapping.group}`}`);
  const selector = asked.selector ? labelsOf(asked.selector) : selectorOf(object);
  if (Object.keys(selector).length === 0)
    throw new Error(`couldn't retrieve selectors via --selector flag or introspection: ${withoutSelector(mapping)}`);
  const ports = portsFor(object, asked);
  if (ports.length === 0) throw new Error("couldn't find port via --port flag or introspection");
  if (!['', 'None', 'ClientIP'].includes(asked['session-affinity']))
    throw new Error(`unknown session affinity: ${asked['session-affinity']}`);
  const labels = asked.labels !== '' ? labelsOf(asked.labels) : (object.metadata.labels ?? {});
  const spec = {
    ...(asked['cluster-ip'] ? { clusterIP: asked['cluster-ip'] } : {}),
    ...(asked['external-ip'] ? { externalIPs: [asked['external-ip']] } : {}),
    ...(asked['load-balancer-ip'] && asked.type === 'LoadBalancer' ? { loadBalancerIP: asked['load-balancer-ip'] } : {}),
    ports,
    selector,
    ...(asked['session-affinity'] ? { sessionAffinity: asked['session-affinity'] } : {}),
    ...(asked.type ? { type: asked.type } : {}),
  };
  const metadata = { ...(Object.keys(labels).length > 0 ? { labels } : {}), name: asked.name || name.slice(0, longestName) };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec, status: { loadBalancer: {} } };
}

function withoutSelector(mapping: ApiResource): string {
  const { kind } = mapping;
  if (kind === 'Service') return 'the service has no pod selector set';
  if (kind === 'Deployment' || kind === 'ReplicaSet') return `invalid ${kind.toLowerCase()}: no selectors, therefore cannot be exposed`;
  return `the ${kindText(mapping)} has no labels and cannot be exposed`;
}

function selectorOf({ kind, metadata, spec }: AnyObject): Record<string, string> {
  if (kind === 'Pod') return metadata.labels ?? {};
  const { selector = {} } = spec as { selector?: LabelSelector | Record<string, string> };
  if (kind === 'Service' || kind === 'ReplicationController') return selector as Record<string, string>;
  const { matchLabels = {}, matchExpressions = [] } = selector as LabelSelector;
  if (matchExpressions.length > 0 && Object.keys(matchLabels).length > 0)
    throw new Error(
      `couldn't retrieve selectors via --selector flag or introspection: couldn't convert expressions - "[${matchExpressions.map(goText).join(' ')}]" to map-based selector format`,
    );
  return matchLabels;
}

/** As Go's `%+v` has it. */
function goText({ key, operator, values = [] }: LabelSelectorRequirement): string {
  return `{Key:${key} Operator:${operator} Values:[${values.join(' ')}]}`;
}

interface PortFlags {
  readonly port: string;
  readonly protocol: string;
  readonly 'target-port': string;
}

function portsFor(object: AnyObject, { port, protocol, 'target-port': target }: PortFlags): object[] {
  const found = port ? port.split(',').map((each) => ({ port: Number(each), protocol: undefined })) : portsOf(object);
  const whole = found.map((each) => each.port).find(Number.isNaN);
  if (whole !== undefined) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(port)}: invalid syntax`);
  const text = (value: string): number | string => (/^\d+$/.test(value) ? Number(value) : value);
  return found.map((each, i) => ({
    ...(found.length > 1 ? { name: `port-${i + 1}` } : {}),
    port: each.port,
    protocol: protocol || each.protocol || 'TCP',
    targetPort: target ? text(target) : each.port,
  }));
}

function portsOf({ kind, spec }: AnyObject): { port: number; protocol: string | undefined }[] {
  if (kind === 'Service') return ((spec as { ports?: ServicePort[] }).ports ?? []).map(({ port, protocol }) => ({ port, protocol }));
  const pod = kind === 'Pod' ? (spec as PodSpec) : (spec as { template?: PodTemplateSpec }).template?.spec;
  return (pod?.containers ?? [])
    .flatMap(({ ports }) => ports ?? [])
    .map(({ containerPort, protocol }) => ({ port: containerPort, protocol }));
}
