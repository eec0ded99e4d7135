import { endpointName, isWithin, labelsBelow, parsePodAddress, parseReverse, reverseZone, serviceName, versionOf } from './names.ts';
import type { Answer, DnsEndpoint, DnsPort, DnsService, Model, Question, ZoneRecord } from './types.ts';

/** The version of the naming rules that answers follow. */
const schemaVersion = '1.1.0';
/** As far as one ExternalName may lead to the next. */
const longestChain = 8;

/**
 * The answer to a question about the cluster's domain or about an address that it uses; undefined when the question is somebody else's.
 * Names and records as Kubernetes' DNS specification 1.1 has them, and details that it leaves open as CoreDNS has them.
 */
export function zone(model: Model, question: Question): Answer | undefined {
  if (isWithin(question.name, model.domain)) return inDomain(model, question, longestChain);
  const ip = parseReverse(question.name);
  return ip === undefined ? undefined : reverse(model, question, ip);
}

function inDomain(model: Model, question: Question, chain: number): Answer {
  const labels = labelsBelow(question.name, model.domain);
  const rest = labels.slice(0, -1);
  switch (labels.at(-1)) {
    case undefined:
      return apex(model, question);
    case 'svc':
      return services(model, question, rest, chain);
    case 'pod':
      return pods(model, question, rest);
    case 'dns':
      return nameserver(model, question, rest);
    case 'dns-version':
      if (rest.length > 0) return noName(model);
      return found(model, question.type === 'TXT' ? [{ ...of(model, question), type: 'TXT', data: schemaVersion }] : []);
    default:
      return noName(model);
  }
}

function apex(model: Model, question: Question): Answer {
  if (question.type === 'SOA') return found(model, [soa(model, model.domain)]);
  if (question.type === 'NS') return found(model, [{ ...of(model, question), type: 'NS', data: `ns.dns.${model.domain}` }]);
  return found(model, []);
}

/** `ns.dns`: the name server's own address. */
function nameserver(model: Model, question: Question, rest: readonly string[]): Answer {
  if (rest.length === 0) return found(model, []);
  if (rest.length > 1 || rest[0] !== 'ns') return noName(model);
  return found(model, addresses(model, question, model.service('kube-system', 'kube-dns')?.clusterIPs ?? []));
}

/** `[endpoint | _port._protocol] [service] [namespace]`, to the left of `svc`. */
function services(model: Model, question: Question, labels: readonly string[], chain: number): Answer {
  const [namespace, name, ...rest] = labels.toReversed();
  if (namespace === undefined) return found(model, []);
  if (name === undefined) return model.hasNamespace(namespace) ? found(model, []) : noName(model);
  const service = model.service(namespace, name);
  if (!service) return noName(model);
  const [first, second] = rest;
  if (first === undefined) return wholeService(model, question, service, chain);
  if (service.externalName !== undefined || rest.length > 2) return noName(model);
  if (second !== undefined) return onePort(model, question, service, { protocol: first, port: second });
  return oneEndpoint(model, question, service, first);
}

function wholeService(model: Model, question: Question, service: DnsService, chain: number): Answer {
  if (service.externalName !== undefined) return external(model, question, service.externalName, chain);
  const headless = service.clusterIPs.length === 0;
  const endpoints = headless ? model.endpoints(service.namespace, service.name) : [];
  if (headless && endpoints.length === 0) return noName(model);
  if (question.type === 'SRV')
    return headless ? endpointPorts(model, question, service, endpoints) : ports(model, question, service, service.ports);
  return found(model, addresses(model, question, headless ? endpoints.map(({ ip }) => ip) : service.clusterIPs));
}

function onePort(
  model: Model,
  question: Question,
  service: DnsService,
  asked: { readonly protocol: string; readonly port: string },
): Answer {
  const wanted = ({ name, protocol }: DnsPort): boolean => `_${protocol}` === asked.protocol && name !== '' && `_${name}` === asked.port;
  if (service.clusterIPs.length > 0) {
    const matching = service.ports.filter(wanted);
    if (matching.length === 0) return noName(model);
    return question.type === 'SRV' ? ports(model, question, service, matching) : found(model, []);
  }
  const endpoints = model
    .endpoints(service.namespace, service.name)
    .map((endpoint) => ({ ...endpoint, ports: endpoint.ports.filter(wanted) }))
    .filter((endpoint) => endpoint.ports.length > 0);
  if (endpoints.length === 0) return noName(model);
  return question.type === 'SRV' ? endpointPorts(model, question, service, endpoints) : found(model, []);
}

function oneEndpoint(model: Model, question: Question, service: DnsService, host: string): Answer {
  const endpoints = model.endpoints(service.namespace, service.name).filter((endpoint) => endpoint.host === host);
  if (endpoints.length === 0) return noName(model);
  if (question.type === 'SRV') return endpointPorts(model, question, service, endpoints);
  return found(
    model,
    addresses(
      model,
      question,
      endpoints.map(({ ip }) => ip),
    ),
  );
}

function ports(model: Model, question: Question, service: DnsService, offered: readonly DnsPort[]): Answer {
  const target = serviceName(model.domain, service);
  const answers = offered.map(({ port }) => srv(model, question, { port, target, of: offered.length }));
  return { ...found(model, answers), additionals: answers.length > 0 ? allAddresses(model, target, service.clusterIPs) : [] };
}

function endpointPorts(model: Model, question: Question, service: DnsService, endpoints: readonly DnsEndpoint[]): Answer {
  const targets = endpoints.flatMap((endpoint) =>
    endpoint.ports.map(({ port }) => ({ port, target: endpointName(model.domain, service, endpoint.host) })),
  );
  // An endpoint with addresses of both families stands here twice.
  const offered = [...new Map(targets.map((one) => [`${one.target} ${one.port}`, one])).values()];
  const additionals = endpoints.flatMap(({ host, ip }) => allAddresses(model, endpointName(model.domain, service, host), [ip]));
  const answers = offered.map((one) => srv(model, question, { ...one, of: offered.length }));
  return { ...found(model, answers), additionals: answers.length > 0 ? additionals : [] };
}

function external(model: Model, question: Question, target: string, chain: number): Answer {
  if (versionOf(target) !== undefined) return found(model, addresses(model, question, [target]));
  const cname: ZoneRecord = { ...of(model, question), type: 'CNAME', data: target };
  if (question.type === 'CNAME') return found(model, [cname]);
  if (!isWithin(target, model.domain)) return { ...found(model, [cname]), follow: target };
  if (chain === 0) return { rcode: 'SERVFAIL', answers: [], authorities: [], additionals: [] };
  const rest = inDomain(model, { ...question, name: target }, chain - 1);
  return { ...rest, answers: rest.rcode === 'SERVFAIL' ? [] : [cname, ...rest.answers] };
}

/** `1-2-3-4 [namespace]`, to the left of `pod`: any address, whether a pod has it or not. */
function pods(model: Model, question: Question, labels: readonly string[]): Answer {
  const [namespace, host, ...rest] = labels.toReversed();
  if (namespace === undefined) return found(model, []);
  if (!model.hasNamespace(namespace) || rest.length > 0) return noName(model);
  if (host === undefined) return found(model, []);
  const ip = parsePodAddress(host);
  return ip === undefined ? noName(model) : found(model, addresses(model, question, [ip]));
}

function reverse(model: Model, question: Question, ip: string): Answer | undefined {
  const names = model.servicesAt(ip).map((service) => serviceName(model.domain, service));
  if (names.length === 0) {
    for (const endpoint of model.endpointsAt(ip)) {
      names.push(endpointName(model.domain, { namespace: endpoint.namespace, name: endpoint.service }, endpoint.host));
    }
  }
  if (names.length === 0) return undefined;
  const pointers = names.map((name): ZoneRecord => ({ ...of(model, question), type: 'PTR', data: name }));
  return found(model, question.type === 'PTR' ? pointers : [], reverseZone(ip));
}

function of({ ttl }: Model, { name }: Question): { name: string; ttl: number } {
  return { name, ttl };
}

function srv(
  model: Model,
  question: Question,
  { port, target, of: count }: { readonly port: number; readonly target: string; readonly of: number },
): ZoneRecord {
  const weight = Math.max(1, Math.floor(100 / count));
  return { ...of(model, question), type: 'SRV', data: { priority: 0, weight, port, target } };
}

/** The address records of the type that was asked for, if that was one. */
function addresses(model: Model, { name, type }: Question, ips: readonly string[]): ZoneRecord[] {
  return allAddresses(model, name, [...new Set(ips)]).filter((record) => record.type === type);
}

function allAddresses({ ttl }: Model, name: string, ips: readonly string[]): ZoneRecord[] {
  return ips.map((ip) => ({ name, ttl, type: versionOf(ip) === 6 ? 'AAAA' : 'A', data: ip }));
}

function found(model: Model, answers: readonly ZoneRecord[], apexName = model.domain): Answer {
  return { rcode: 'NOERROR', answers, authorities: answers.length === 0 ? [soa(model, apexName)] : [], additionals: [] };
}

function noName(model: Model): Answer {
  return { rcode: 'NXDOMAIN', answers: [], authorities: [soa(model, model.domain)], additionals: [] };
}

/** In an answer that has nothing, it says how long that may be believed. */
function soa({ domain, ttl, serial }: Model, name: string): ZoneRecord {
  const data = {
    mname: `ns.dns.${domain}`,
    rname: `hostmaster.${domain}`,
    serial,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: ttl,
  };
  return { name, ttl, type: 'SOA', data };
}
