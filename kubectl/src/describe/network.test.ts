import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  EndpointSlice,
  Endpoints,
  Ingress,
  IngressBackend,
  IngressClass,
  IPAddress,
  NetworkPolicy,
  Service,
  ServiceCIDR,
} from '@keelson/types';
import { alignTabs } from '../printers/tabwriter.ts';
import { ipAddressLines, serviceCidrLines } from './addresses.ts';
import { ingressClassLines, ingressLines } from './ingress.ts';
import type { Lines } from './lines.ts';
import { networkPolicyLines } from './network-policy.ts';
import { endpointSliceLines, endpointsLines, endpointsText, serviceLines } from './service.ts';

/* What upstream's kubectl 1.36 printed of the same objects. */

const printed = (lines: Lines): string[] =>
  alignTabs(lines.join('\n'))
    .split('\n')
    .map((line) => line.trimEnd());

const metadata = { name: 'ing', namespace: 'full' };

test('a NetworkPolicy, direction by direction', () => {
  const policy: NetworkPolicy = {
    metadata: { name: 'np', namespace: 'full' },
    spec: {
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          from: [
            { podSelector: { matchLabels: { a: 'b' } } },
            { namespaceSelector: {}, podSelector: { matchLabels: { q: 'r' } } },
            { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '10.2.0.0/16'] } },
          ],
          ports: [{ port: 80, protocol: 'TCP' }, { port: 'dns', protocol: 'UDP' }, { port: 100, endPort: 200 }, { protocol: 'SCTP' }],
        },
        {},
      ],
      egress: [],
    },
  };
  const lines = printed(networkPolicyLines(policy));
  assert.deepEqual(lines.slice(lines.indexOf('Spec:')), [
    'Spec:',
    '  PodSelector:     <none> (Allowing the specific traffic to all pods in this namespace)',
    '  Allowing ingress traffic:',
    '    To Port: 80/TCP',
    '    To Port: dns/UDP',
    '    To Port Range: 100-200/TCP',
    '    To Port: <nil>/SCTP',
    '    From:',
    '      PodSelector: a=b',
    '    From:',
    '      NamespaceSelector: <none>',
    '      PodSelector: q=r',
    '    From:',
    '      IPBlock:',
    '        CIDR: 10.0.0.0/8',
    '        Except: 10.1.0.0/16, 10.2.0.0/16',
    '    ----------',
    '    To Port: <any> (traffic allowed to all ports)',
    '    From: <any> (traffic not restricted by source)',
    '  Allowing egress traffic:',
    '    <none> (Selected pods are isolated for egress connectivity)',
    '  Policy Types: Ingress, Egress',
  ]);
  const one = printed(networkPolicyLines({ metadata, spec: { podSelector: {}, policyTypes: ['Ingress'] } }));
  assert.ok(one.includes('  Not affecting egress traffic'));
});

const backend = (name: string): IngressBackend => ({ service: { name, port: { number: 80 } } });
const textOf = ({ service, resource }: IngressBackend): string => service?.name ?? resource?.name ?? '';

test('an Ingress with hosts, a default and TLS', () => {
  const ingress: Ingress = {
    metadata: { ...metadata, annotations: { q: 'r' } },
    spec: {
      ...{ ingressClassName: 'ic', defaultBackend: backend('web') },
      tls: [{ hosts: ['a.example.com', 'b.example.com'], secretName: 'sec' }, { hosts: ['c.example.com'] }],
      rules: [
        { host: 'a.example.com', http: { paths: [{ path: '/a', pathType: 'Prefix', backend: backend('one') }] } },
        {
          http: {
            paths: [
              { path: '/', pathType: 'Prefix', backend: backend('np') },
              { pathType: 'Exact', backend: backend('two') },
            ],
          },
        },
        { host: 'd.example.com' },
      ],
    },
    status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }, { hostname: 'x.example.com' }, {}] } },
  };
  assert.deepEqual(printed(ingressLines(ingress, textOf)), [
    'Name:             ing',
    'Labels:           <none>',
    'Namespace:        full',
    'Address:          1.2.3.4,x.example.com',
    'Ingress Class:    ic',
    'Default backend:  web',
    'TLS:',
    '  sec terminates a.example.com,b.example.com',
    '  SNI routes c.example.com',
    'Rules:',
    '  Host           Path  Backends',
    '  ----           ----  --------',
    '  a.example.com',
    '                 /a   one',
    '  *',
    '                 /   np',
    '                     two',
    'Annotations:     q: r',
  ]);
});

test('an Ingress without rules sends all to its default', () => {
  const lines = printed(ingressLines({ metadata, spec: { rules: [{ host: 'x.y' }] } }, textOf));
  assert.deepEqual(lines.slice(-6), [
    'Default backend:  <default>',
    'Rules:',
    '  Host        Path  Backends',
    '  ----        ----  --------',
    '  *           *     <default>',
    'Annotations:  <none>',
  ]);
});

test('the ends of a port: those that are ready, three of them, by their first address', () => {
  const slice = (ports: object[] | undefined, ...addresses: string[]): EndpointSlice =>
    ({ metadata: {}, addressType: 'IPv4', ports, endpoints: addresses.map((address) => ({ addresses: [address, 'x'] })) }) as EndpointSlice;
  const ports = [{ name: 'a', port: 80 }, { port: 90 }];
  assert.equal(endpointsText('a', []), '<none>');
  assert.equal(endpointsText('b', [slice(ports, '1.1.1.1')]), '');
  assert.equal(endpointsText('', [slice(ports, 'fd00::1')]), '[fd00::1]:90');
  assert.equal(endpointsText('a', [slice(ports, '1', '2', '3', '4'), slice(ports, '5')]), '1:80,2:80,3:80 + 2 more...');
  assert.equal(endpointsText('a', [slice(undefined, '1')]), '1');
});

test('an IngressClass, a range of service addresses and one of them', () => {
  const ingressClass: IngressClass = {
    metadata: { name: 'ic' },
    spec: { controller: 'example.com/ic', parameters: { kind: 'P', name: 'pn' } },
  };
  assert.deepEqual(printed(ingressClassLines(ingressClass)).slice(3), [
    'Controller:   example.com/ic',
    'Parameters:',
    '  Kind:  P',
    '  Name:  pn',
  ]);
  const range: ServiceCIDR = {
    metadata: { name: 'extra' },
    spec: { cidrs: ['10.201.0.0/24', 'fd00:1::/112'] },
    status: {
      conditions: [{ type: 'Ready', status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready', lastTransitionTime: '' }],
    },
  };
  assert.deepEqual(printed(serviceCidrLines(range)).slice(3), [
    'CIDRs:        10.201.0.0/24, fd00:1::/112',
    'Status:',
    'Conditions:',
    '  Type   Status  LastTransitionTime               Reason  Message',
    '  ----   ------  ------------------               ------  -------',
    '  Ready  True    Mon, 01 Jan 0001 00:00:00 +0000          Kubernetes Service CIDR is ready',
  ]);
  const address: IPAddress = {
    metadata: { name: '10.201.0.9' },
    spec: { parentRef: { resource: 'services', namespace: 'full', name: 'web' } },
  };
  assert.deepEqual(printed(ipAddressLines(address)).slice(3), [
    'Parent Reference:',
    '  Group:',
    '  Resource:   services',
    '  Namespace:  full',
    '  Name:       web',
  ]);
});

test('a load balancer says how it is reached', () => {
  const service: Service = {
    metadata: { name: 'lb', namespace: 'full' },
    spec: { type: 'LoadBalancer', ports: [] },
    status: { loadBalancer: { ingress: [{ ip: '1.2.3.4', ipMode: 'VIP' }, { hostname: 'x.example.com' }] } },
  };
  assert.ok(printed(serviceLines(service, [])).includes('LoadBalancer Ingress:  1.2.3.4 (VIP), x.example.com'));
});

test('a service says by which protocol it is spoken to, and where its traffic goes', () => {
  const service: Service = {
    metadata: { name: 's' },
    spec: { ports: [{ port: 80, appProtocol: 'h2c' }], trafficDistribution: 'PreferSameNode' },
  };
  const lines = printed(serviceLines(service, []));
  assert.ok(lines.includes('AppProtocol:           h2c'), lines.join('\n'));
  assert.equal(lines.at(-1), 'Traffic Distribution:  PreferSameNode');
});

test('endpoints have an empty line after each subset, and slices no columns where they have nothing', () => {
  const endpoints: Endpoints = { metadata: { name: 'e' }, subsets: [{ notReadyAddresses: [{ ip: '10.1.1.10' }] }] };
  assert.deepEqual(printed(endpointsLines(endpoints)).slice(3), [
    'Subsets:',
    '  Addresses:          <none>',
    '  NotReadyAddresses:  10.1.1.10',
    '',
  ]);
  const slice: EndpointSlice = { metadata: { name: 's' }, addressType: 'IPv4', endpoints: [] };
  const whole: EndpointSlice = { ...slice, ports: [{ protocol: 'TCP' }], endpoints: [{ addresses: ['1.1.1.1', '1.1.1.2'] }] };
  assert.deepEqual(printed(endpointSliceLines(whole)).slice(4, 9), [
    'Ports:',
    '  Name     Port     Protocol',
    '  ----     ----     --------',
    '  <unset>  <unset>  TCP',
    'Endpoints:',
  ]);
  assert.ok(printed(endpointSliceLines(whole)).includes('  - Addresses:  1.1.1.1, 1.1.1.2'));
  assert.deepEqual(printed(endpointSliceLines(slice)).slice(-2), ['Ports: <unset>', 'Endpoints: <none>']);
});
