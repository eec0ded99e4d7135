import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cells, created, problems, specOf, updateProblems } from '../../testing/exercise.ts';
import { ingressKind } from './ingress.ts';
import { ingressClassKind } from './ingress-class.ts';
import { ipAddressKind } from './ip-address.ts';
import { networkPolicyKind } from './network-policy.ts';
import { serviceCIDRKind } from './service-cidr.ts';

const backend = { service: { name: 'web', port: { number: 80 } } };
const ingress = (spec: object, metadata: object = {}) => ({ metadata, spec });
const withPath = (path: object) =>
  ingress({ rules: [{ host: 'a.example.com', http: { paths: [{ pathType: 'Prefix', path: '/', backend, ...path }] } }] });

test('ingresses that cannot be', () => {
  const at = 'spec.rules[0].http.paths[0]';
  const cases: [object, string[]][] = [
    [withPath({}), []],
    [ingress({ defaultBackend: backend, tls: [{ hosts: ['*.example.com'], secretName: 'cert' }] }), []],
    [ingress({}), ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified']],
    [ingress({ rules: [{ host: '10.0.0.1' }] }), ['spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address']],
    [ingress({ rules: [{ http: { paths: [] } }] }), ['spec.rules[0].http.paths: Required value']],
    [withPath({ pathType: undefined }), [`${at}.pathType: Required value: pathType must be specified`]],
    [
      withPath({ pathType: 'Glob' }),
      [`${at}.pathType: Unsupported value: "Glob": supported values: "Exact", "ImplementationSpecific", "Prefix"`],
    ],
    [withPath({ path: 'a' }), [`${at}.path: Invalid value: "a": must be an absolute path`]],
    [withPath({ path: '/a//b' }), [`${at}.path: Invalid value: "/a//b": must not contain '//'`]],
    [withPath({ path: '/a/..' }), [`${at}.path: Invalid value: "/a/..": cannot end with '/..'`]],
    [withPath({ pathType: 'ImplementationSpecific', path: undefined }), []],
    [withPath({ backend: {} }), [`${at}.backend: Invalid value: "": resource or service backend is required`]],
    [withPath({ backend: { service: { name: 'web' } } }), [`${at}.backend: Required value: port name or number is required`]],
    [
      withPath({ backend: { service: { name: 'web', port: { name: 'http', number: 80 } } } }),
      [`${at}.backend: Invalid value: "": cannot set both port name & port number`],
    ],
    [withPath({ backend: { resource: { kind: '', name: 'a' } } }), [`${at}.backend.resource.kind: Required value: kind is required`]],
    [
      ingress({ defaultBackend: backend, ingressClassName: 'a' }, { annotations: { 'kubernetes.io/ingress.class': 'b' } }),
      ['annotations.kubernetes.io/ingress.class: Invalid value: "b": must match `ingressClassName` when both are specified'],
    ],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(ingressKind, object), expected);
});

test('columns of ingresses', () => {
  const hosts = ['a', 'b', 'c', 'd'].map((host) => ({ host }));
  const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1' }, { hostname: 'lb.example.com' }] } };
  const { Age: _age, ...shown } = cells(ingressKind, { metadata: { name: 'x' }, spec: { rules: hosts, tls: [{}] }, status });
  assert.deepEqual(shown, {
    Name: 'x',
    Class: '<none>',
    Hosts: 'a,b,c + 1 more...',
    Address: '192.0.2.1,lb.example.com',
    Ports: '80, 443',
  });
});

test('ingress classes', () => {
  const parameters = { apiGroup: 'example.com', kind: 'Params', name: 'p' };
  assert.deepEqual(specOf(ingressClassKind, { controller: 'example.com/c', parameters }), {
    controller: 'example.com/c',
    parameters: { ...parameters, scope: 'Cluster' },
  });
  const cases: [object, string[]][] = [
    [{ controller: 'example.com/c' }, []],
    [{}, ['spec.controller: Required value']],
    [{ controller: 'c' }, ['spec.controller: Invalid value: "c": must be a domain-prefixed path (such as "acme.io/foo")']],
    [
      { controller: 'example.com/c', parameters: { ...parameters, scope: 'Namespace' } },
      ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
    ],
    [
      { controller: 'example.com/c', parameters: { ...parameters, scope: 'Cluster', namespace: 'a' } },
      ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
    ],
  ];
  for (const [spec, expected] of cases) assert.deepEqual(problems(ingressClassKind, { spec }), expected);
  assert.deepEqual(
    updateProblems(ingressClassKind, { spec: { controller: 'example.com/c' } }, (next) => {
      next.spec = { controller: 'example.com/d' };
    }),
    ['spec.controller: Invalid value: "example.com/d": field is immutable'],
  );
  assert.equal(cells(ingressClassKind, { metadata: {}, spec: { controller: 'a', parameters } }).Parameters, 'Params.example.com/p');
});

test('a network policy applies to what it has rules for', () => {
  assert.deepEqual(created(networkPolicyKind, {}).spec, { podSelector: {}, policyTypes: ['Ingress'] });
  assert.deepEqual(specOf(networkPolicyKind, { egress: [{ ports: [{ port: 53 }] }] }), {
    podSelector: {},
    policyTypes: ['Ingress', 'Egress'],
    egress: [{ ports: [{ port: 53, protocol: 'TCP' }] }],
  });
});

test('network policies that cannot be', () => {
  const ingressOf = (rule: object) => ({ spec: { ingress: [rule] } });
  const at = 'spec.ingress[0]';
  const cases: [object, string[]][] = [
    [ingressOf({ from: [{ podSelector: {}, namespaceSelector: {} }], ports: [{ port: 80, endPort: 90 }, { port: 'http' }] }), []],
    [ingressOf({ from: [{}] }), [`${at}.from[0]: Required value: must specify a peer`]],
    [
      ingressOf({ from: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }] }),
      [`${at}.from[0]: Forbidden: may not specify both ipBlock and another peer`],
    ],
    [
      ingressOf({ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }] }),
      [`${at}.from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of \`cidr\``],
    ],
    [
      ingressOf({ from: [{ ipBlock: { cidr: 'all' } }] }),
      [`${at}.from[0].ipBlock.cidr: Invalid value: "all": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`],
    ],
    [
      ingressOf({ ports: [{ port: 90, endPort: 80 }] }),
      [`${at}.ports[0].endPort: Invalid value: 80: must be greater than or equal to \`port\``],
    ],
    [
      ingressOf({ ports: [{ endPort: 80 }] }),
      [`${at}.ports[0].endPort: Invalid value: 80: may not be specified when \`port\` is not specified`],
    ],
    [
      ingressOf({ ports: [{ protocol: 'HTTP' }] }),
      [`${at}.ports[0].protocol: Unsupported value: "HTTP": supported values: "TCP", "UDP", "SCTP"`],
    ],
    [{ spec: { policyTypes: ['Both'] } }, ['spec.policyTypes[0]: Unsupported value: "Both": supported values: "Ingress", "Egress"']],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(networkPolicyKind, object), expected);
});

test('ranges and addresses of services', () => {
  const range = (...cidrs: string[]) => problems(serviceCIDRKind, { spec: { cidrs } });
  assert.deepEqual(range('10.0.0.0/16', 'fd00::/112'), []);
  assert.deepEqual(range(), ['spec.cidrs: Required value: at least one CIDR required']);
  assert.match(range('10.0.0.0/16', '10.1.0.0/16')[0] ?? '', /may specify no more than one IP for each IP family/);
  assert.match(range('10.0.0.1/16')[0] ?? '', /^spec\.cidrs\[0\]: Invalid value: "10\.0\.0\.1\/16": must not have bits set/);
  assert.match(range('::ffff:10.0.0.0/112')[0] ?? '', /must not have an IPv4-mapped IPv6 address$/);
  assert.match(range('010.0.0.0/16')[0] ?? '', /must not have leading 0s in IP or prefix length$/);
  const one = ['10.0.0.0/16'];
  const both = [...one, 'fd00::/112'];
  const change = (from: string[], to: string[]): string[] =>
    updateProblems(serviceCIDRKind, { spec: { cidrs: from } }, (next) => {
      next.spec = { cidrs: to };
    });
  assert.deepEqual([change(one, one), change(one, both), change(both, both)], [[], [], []]);
  assert.deepEqual(change(one, ['10.0.0.0/15']), ['spec.cidrs[0]: Invalid value: "10.0.0.0/15": field is immutable']);
  assert.deepEqual(change(one, ['10.0.0.0/15', 'fd00::/112']), ['spec.cidrs[0]: Invalid value: "10.0.0.0/15": field is immutable']);
  assert.deepEqual(change(both, one), ['spec.cidrs: Invalid value: ["10.0.0.0/16"]: field is immutable']);
  assert.deepEqual(problems(ipAddressKind, { metadata: { name: '10.0.0.1' }, spec: {} }), ['spec.parentRef: Required value']);
  assert.deepEqual(ipAddressKind.name?.('10.0.0.1', false), []);
  assert.deepEqual(ipAddressKind.name?.('a', false), ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']);
  assert.deepEqual(ipAddressKind.name?.('2001:DB8::1', false), ['must be in canonical form ("2001:db8::1")']);
  const parentRef = { resource: 'services', namespace: 'default', name: 'web' };
  assert.equal(cells(ipAddressKind, { metadata: {}, spec: { parentRef } }).ParentRef, 'services/default/web');
});
