import { formatLabelSelector } from '@keelson/machinery';
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '@keelson/types';
import { field, goTimeText, head, type Lines } from './lines.ts';

export function networkPolicyLines({ metadata, spec }: NetworkPolicy): Lines {
  const { podSelector, policyTypes = [], ingress = [], egress = [] } = spec ?? {};
  const all = '<none> (Allowing the specific traffic to all pods in this namespace)';
  const selector = formatLabelSelector(podSelector);
  return [
    ...head(metadata, [field(0, 'Created on', goTimeText(metadata.creationTimestamp))]),
    'Spec:',
    `  PodSelector:     ${selector === '<none>' ? all : selector}`,
    ...rulesLines(
      policyTypes.includes('Ingress'),
      'ingress',
      ingress.map(({ ports = [], from = [] }) => ruleLines(ports, 'From', 'source', from)),
    ),
    ...rulesLines(
      policyTypes.includes('Egress'),
      'egress',
      egress.map(({ ports = [], to = [] }) => ruleLines(ports, 'To', 'destination', to)),
    ),
    `  Policy Types: ${policyTypes.join(', ') || '<none>'}`,
  ];
}

/** The rules of one direction, a line between two. */
function rulesLines(concerned: boolean, direction: string, rules: readonly Lines[]): Lines {
  if (!concerned) return [`  Not affecting ${direction} traffic`];
  const title = `  Allowing ${direction} traffic:`;
  if (rules.length === 0) return [title, `    <none> (Selected pods are isolated for ${direction} connectivity)`];
  return [title, ...rules.flatMap((rule, index) => (index === 0 ? rule : ['    ----------', ...rule]))];
}

function ruleLines(ports: readonly NetworkPolicyPort[], way: string, end: string, peers: readonly NetworkPolicyPeer[]): Lines {
  return [
    ...(ports.length === 0 ? ['    To Port: <any> (traffic allowed to all ports)'] : ports.map(portLine)),
    ...(peers.length === 0
      ? [`    ${way}: <any> (traffic not restricted by ${end})`]
      : peers.flatMap((peer) => [`    ${way}:`, ...peerLines(peer)])),
  ];
}

function portLine({ port, endPort, protocol = 'TCP' }: NetworkPolicyPort): string {
  return endPort === undefined ? `    To Port: ${port ?? '<nil>'}/${protocol}` : `    To Port Range: ${port}-${endPort}/${protocol}`;
}

function peerLines({ namespaceSelector, podSelector, ipBlock }: NetworkPolicyPeer): Lines {
  if (ipBlock && !namespaceSelector && !podSelector) {
    return ['      IPBlock:', `        CIDR: ${ipBlock.cidr}`, `        Except: ${(ipBlock.except ?? []).join(', ')}`];
  }
  return [
    ...(namespaceSelector ? [`      NamespaceSelector: ${formatLabelSelector(namespaceSelector)}`] : []),
    ...(podSelector ? [`      PodSelector: ${formatLabelSelector(podSelector)}`] : []),
  ];
}
