import { isDNS1123Subdomain, isPortName, isPortNumber } from '@keelson/machinery';
import { type AnyObject, type Context, defineVerb, type Verb, type VerbEntry } from '../../types.ts';
import { generator, nameOf, requireFlags } from './generator.ts';

const tcpFlag = { tcp: { type: 'list', help: "Port pairs can be specified as '<port>:<targetPort>'." } } as const;

function service(context: Context, type: string, ports: readonly object[], more: object = {}): AnyObject {
  const name = nameOf(context);
  const labels = { app: name };
  const spec = { ...(ports.length > 0 ? { ports } : {}), selector: labels, type, ...more };
  return { apiVersion: 'v1', kind: 'Service', metadata: { labels, name }, spec, status: { loadBalancer: {} } };
}

/** Ports of `80`, `80:8080` and `80:name`. */
function portsOf(pairs: readonly string[], nodePort = 0): object[] {
  return pairs.map((pair) => {
    const [port = '', target = port] = pair.split(':');
    const number = portNumber(port);
    const node = nodePort === 0 ? {} : { nodePort };
    return { name: pair.replaceAll(':', '-'), ...node, port: number, protocol: 'TCP', targetPort: targetOf(target) };
  });
}

function portNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (Number(text) > 65_535) throw new Error(`strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`);
  return Number(text);
}

function targetOf(text: string): number | string {
  const number = /^\d+$/.test(text);
  const problems = number ? isPortNumber(Number(text)) : isPortName(text);
  if (problems.length > 0 && text !== '0') throw new Error(problems.join(','));
  return number ? Number(text) : text;
}

function required(pairs: readonly string[]): readonly string[] {
  if (pairs.length === 0) throw new Error('at least one tcp port specifier must be provided');
  return pairs;
}

const clusterIP: Verb = generator(
  'service clusterip NAME [--tcp=<port>:<targetPort>]',
  {
    ...tcpFlag,
    clusterip: { type: 'string', help: "Assign your own ClusterIP or set to 'None' for a 'headless' service (no loadbalancing)." },
  },
  (context) => {
    const { clusterip, tcp } = context.flags;
    nameOf(context);
    const ports = portsOf(clusterip === 'None' ? tcp : required(tcp));
    return service(context as unknown as Context, 'ClusterIP', ports, clusterip ? { clusterIP: clusterip } : {});
  },
);

const nodePort: Verb = generator(
  'service nodeport NAME [--tcp=port:targetPort]',
  { ...tcpFlag, 'node-port': { type: 'int', help: 'Port used to expose the service on each node in a cluster.' } },
  (context) => service(context as unknown as Context, 'NodePort', portsOf(required(context.flags.tcp), context.flags['node-port'])),
);

const loadBalancer: Verb = generator('service loadbalancer NAME [--tcp=port:targetPort]', tcpFlag, (context) =>
  service(context as unknown as Context, 'LoadBalancer', portsOf(required(context.flags.tcp))),
);

const externalName: Verb = generator(
  'service externalname NAME --external-name external.name',
  { ...tcpFlag, 'external-name': { type: 'string', help: 'External name of service' } },
  (context) => {
    requireFlags(context, 'external-name');
    const { 'external-name': external, tcp } = context.flags;
    if (isDNS1123Subdomain(external).length > 0) throw new Error(`invalid service external name ${external}`);
    return service(context as unknown as Context, 'ExternalName', portsOf(tcp), { externalName: external });
  },
);

const subverbs: readonly VerbEntry[] = [
  { name: 'clusterip', summary: 'Create a ClusterIP service', load: async () => clusterIP },
  { name: 'externalname', summary: 'Create an ExternalName service', load: async () => externalName },
  { name: 'loadbalancer', summary: 'Create a LoadBalancer service', load: async () => loadBalancer },
  { name: 'nodeport', summary: 'Create a NodePort service', load: async () => nodePort },
];

export const verb: Verb = defineVerb({
  usage: 'create service [flags] [options]',
  flags: {},
  subverbs,
});
