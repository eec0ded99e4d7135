import {
  type FieldError,
  type FieldPath,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldUnsupported,
  formatLabelSelector,
  invalidBy,
  isPortName,
  isPortNumber,
  parseCidr,
  path,
  rangeContains,
  validateCidr,
  validateLabelSelector,
} from '@keelson/machinery';
import { type IPBlock, NetworkPolicy, type NetworkPolicyPeer, type NetworkPolicyPort } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { oneOf } from '../field-checks.ts';
import { cidrWarnings } from '../ip-warnings.ts';
import type { KindDefinition } from '../types.ts';

const at = path('spec');

export const networkPolicyKind: KindDefinition<NetworkPolicy> = {
  kind: NetworkPolicy,
  generation: true,
  defaults(policy) {
    policy.spec ??= {};
    policy.spec.podSelector ??= {};
    const { ingress = [], egress = [] } = policy.spec;
    for (const { ports } of [...ingress, ...egress]) for (const port of ports ?? []) port.protocol ??= 'TCP';
    if (!policy.spec.policyTypes?.length) policy.spec.policyTypes = egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  validate: networkPolicyErrors,
  warnings: rangeWarnings,
  columns: [nameColumn, { name: 'Pod-Selector', type: 'string', cell: ({ spec }) => formatLabelSelector(spec?.podSelector) }, ageColumn],
};

function rangeWarnings({ spec = {} }: NetworkPolicy): string[] {
  const { ingress = [], egress = [] } = spec;
  const of = (peers: readonly NetworkPolicyPeer[] = [], place: string): string[] =>
    peers.flatMap(({ ipBlock }, index) => {
      if (!ipBlock) return [];
      const block = `${place}[${index}].ipBlock`;
      const except = (ipBlock.except ?? []).flatMap((range, i) => cidrWarnings(range, `${block}.except[${i}]`));
      return [...cidrWarnings(ipBlock.cidr, `${block}.cidr`), ...except];
    });
  return [
    ...ingress.flatMap(({ from }, index) => of(from, `spec.ingress[${index}].from`)),
    ...egress.flatMap(({ to }, index) => of(to, `spec.egress[${index}].to`)),
  ];
}

function networkPolicyErrors({ spec = {} }: NetworkPolicy, old?: NetworkPolicy): FieldError[] {
  const { ingress = [], egress = [], policyTypes = [] } = spec;
  const errors = validateLabelSelector(spec.podSelector, at.child('podSelector'));
  const before = rangesOf(old?.spec);
  for (const [index, { from, ports }] of ingress.entries()) {
    const where = at.child('ingress').index(index);
    errors.push(...portsErrors(ports, where.child('ports')), ...peersErrors(from, before, where.child('from')));
  }
  for (const [index, { to, ports }] of egress.entries()) {
    const where = at.child('egress').index(index);
    errors.push(...portsErrors(ports, where.child('ports')), ...peersErrors(to, before, where.child('to')));
  }
  const where = at.child('policyTypes');
  if (policyTypes.length > 2) return [...errors, fieldInvalid(where, policyTypes, 'may not specify more than two policyTypes')];
  return [...errors, ...policyTypes.flatMap((type, index) => oneOf(type, ['Ingress', 'Egress'], where.index(index)))];
}

function portsErrors(ports: readonly NetworkPolicyPort[] | undefined, where: FieldPath): FieldError[] {
  return (ports ?? []).flatMap((port, index) => portErrors(port, where.index(index)));
}

function portErrors({ protocol, port, endPort }: NetworkPolicyPort, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const protocols = ['TCP', 'UDP', 'SCTP'];
  if (protocol !== undefined && !protocols.includes(protocol)) errors.push(fieldUnsupported(where.child('protocol'), protocol, protocols));
  const end = where.child('endPort');
  if (typeof port === 'number') {
    errors.push(...invalidBy(isPortNumber(port), where.child('port'), port));
    if (endPort === undefined) return errors;
    if (endPort < port) errors.push(fieldInvalid(end, endPort, 'must be greater than or equal to `port`'));
    return [...errors, ...invalidBy(isPortNumber(endPort), end, endPort)];
  }
  if (endPort !== undefined) {
    const detail =
      port === undefined ? 'may not be specified when `port` is not specified' : 'may not be specified when `port` is non-numeric';
    errors.push(fieldInvalid(end, endPort, detail));
  }
  return port === undefined ? errors : [...errors, ...invalidBy(isPortName(port), where.child('port'), port)];
}

/** All ranges of a policy, excepted ones among them. */
function rangesOf({ ingress = [], egress = [] }: NonNullable<NetworkPolicy['spec']> = {}): string[] {
  const peers = [...ingress.flatMap(({ from }) => from ?? []), ...egress.flatMap(({ to }) => to ?? [])];
  return peers.flatMap(({ ipBlock }) => (ipBlock ? [ipBlock.cidr, ...(ipBlock.except ?? [])] : []));
}

function peersErrors(peers: readonly NetworkPolicyPeer[] | undefined, before: readonly string[], where: FieldPath): FieldError[] {
  return (peers ?? []).flatMap((peer, index) => peerErrors(peer, before, where.index(index)));
}

function peerErrors(
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
  before: readonly string[],
  where: FieldPath,
): FieldError[] {
  const errors = [
    ...validateLabelSelector(podSelector, where.child('podSelector')),
    ...validateLabelSelector(namespaceSelector, where.child('namespaceSelector')),
    ...(ipBlock ? blockErrors(ipBlock, before, where.child('ipBlock')) : []),
  ];
  if (!podSelector && !namespaceSelector && !ipBlock) errors.push(fieldRequired(where, 'must specify a peer'));
  else if (ipBlock && (podSelector || namespaceSelector))
    errors.push(fieldForbidden(where, 'may not specify both ipBlock and another peer'));
  return errors;
}

function blockErrors({ cidr, except = [] }: IPBlock, before: readonly string[], where: FieldPath): FieldError[] {
  if (!cidr) return [fieldRequired(where.child('cidr'))];
  const errors = validateCidr(cidr, where.child('cidr'), before);
  const range = parseCidr(cidr);
  if (!range || errors.length > 0) return errors;
  return except.flatMap((text, index) => {
    const place = where.child('except').index(index);
    const problems = validateCidr(text, place, before);
    const inner = parseCidr(text);
    if (!inner || problems.length > 0) return problems;
    const within = rangeContains(range, { version: inner.address.version, value: inner.first }) && range.prefix < inner.prefix;
    return within ? [] : [fieldInvalid(place, text, 'must be a strict subset of `cidr`')];
  });
}
