import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, problems, statusProblems, updateProblems } from '../../testing/exercise.ts';
import { endpointSliceKind } from '../discovery/endpoint-slice.ts';
import { runtimeClassKind } from '../node/runtime-class.ts';
import { endpointsKind } from './endpoints.ts';
import { nodeKind } from './node.ts';
import { serviceKind } from './service.ts';

const linkLocal = 'may not be in the link-local range (169.254.0.0/16, fe80::/10)';

test('nodes that cannot be, and what of them stays', () => {
  const of = (spec: object, status?: object) => problems(nodeKind, { spec, ...(status ? { status } : {}) });
  assert.deepEqual(
    of({
      taints: [
        { key: 'a', effect: 'NoSchedule' },
        { key: 'a', effect: 'NoExecute' },
      ],
      podCIDRs: ['10.0.0.0/24', 'fd00::/64'],
    }),
    [],
  );
  assert.deepEqual(of({ taints: [{ key: 'a', effect: 'Never' }, { key: 'b' }] }), [
    'metadata.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    'metadata.taints[1].effect: Required value',
  ]);
  const twice = { key: 'a', effect: 'NoSchedule' };
  assert.deepEqual(of({ taints: [twice, twice] }), [
    'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule"}: taints must be unique by key and effect pair',
  ]);
  assert.deepEqual(of({ podCIDRs: ['10.0.0.0/24', '10.0.1.0/24'] }), [
    'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.1.0/24"]: may specify no more than one CIDR for each IP family',
  ]);
  assert.deepEqual(of({}, { capacity: { cpu: '-1' }, allocatable: {} }), [
    'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0',
  ]);
  assert.deepEqual(of({ podCIDRs: ['10.0.0.0/24', '10.0.0.0/24'] }).slice(1), ['spec.podCIDRs[1]: Duplicate value: "10.0.0.0/24"']);
  const placed = { spec: { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'], providerID: 'a' } };
  assert.deepEqual(
    updateProblems(nodeKind, placed, ({ spec = {} }) => Object.assign(spec, { podCIDR: '10.0.1.0/24', providerID: 'b' })),
    [
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
      'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ],
  );
  const address = { type: 'InternalIP', address: '10.0.0.1' };
  assert.deepEqual(statusProblems(nodeKind, {}, { addresses: [address, address] }), [
    'status.addresses[1]: Duplicate value: {"type":"InternalIP","address":"10.0.0.1"}',
  ]);
});

test('a node cannot ask any more for a configuration of its kubelet', () => {
  const config = { assigned: { configMap: { name: 'a' } } };
  const { spec, status } = created(nodeKind, { spec: { configSource: config.assigned, unschedulable: true }, status: { config } });
  assert.deepEqual([spec?.configSource, spec?.unschedulable, status?.config], [undefined, true, undefined]);
});

test('endpoints that cannot be', () => {
  const of = (...subsets: object[]) => problems(endpointsKind, { subsets });
  assert.deepEqual(of({ addresses: [{ ip: '10.0.0.1', hostname: 'a' }], ports: [{ port: 80 }] }), []);
  assert.deepEqual(of({ ports: [{ port: 80 }] }), ['subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`']);
  assert.deepEqual(of({ addresses: [{ ip: 'a' }, { ip: '0.0.0.0' }], ports: [{ port: 1, appProtocol: 'a b' }] }).slice(0, 3), [
    'subsets[0].addresses[0].ip: Invalid value: "a": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    'subsets[0].addresses[0].ip: Invalid value: "a": must be a valid IP address',
    'subsets[0].addresses[1].ip: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)',
  ]);
  assert.deepEqual(of({ addresses: [{ ip: '169.254.0.1' }], ports: [{ port: 0 }, { name: 'b', port: 1 }] }), [
    `subsets[0].addresses[0].ip: Invalid value: "169.254.0.1": ${linkLocal}`,
    'subsets[0].ports[0].name: Required value',
    'subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
  ]);
});

test('endpoint slices that cannot be', () => {
  const of = (slice: object) => problems(endpointSliceKind, { addressType: 'IPv4', endpoints: [], ...slice });
  assert.deepEqual(of({ endpoints: [{ addresses: ['10.0.0.1'], hints: { forZones: [{ name: 'a' }] } }], ports: [{ port: 80 }] }), []);
  assert.deepEqual(of({ endpoints: [{ addresses: ['fd00::1', '169.254.0.1'] }] }), [
    'endpoints[0].addresses[0]: Invalid value: "fd00::1": must be an IPv4 address',
    `endpoints[0].addresses[1]: Invalid value: "169.254.0.1": ${linkLocal}`,
  ]);
  assert.deepEqual(of({ ports: [{}, {}] }), ['ports[1].name: Duplicate value: ""']);
  assert.deepEqual(of({ ports: [{ name: 'a', protocol: 'ICMP' }] }), [
    'ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
  ]);
  const zones = Array.from({ length: 9 }, (_one, index) => ({ name: `z${index}` }));
  assert.deepEqual(of({ endpoints: [{ addresses: ['10.0.0.1'], hints: { forZones: zones } }] }), [
    'endpoints[0].hints.forZones: Too many: 9: must have at most 8 items',
  ]);
});

test('what balancers say of a service', () => {
  const status = (spec: object, ingress: object) =>
    statusProblems(serviceKind, { spec: { ports: [{ port: 80 }], ...spec } }, { loadBalancer: { ingress: [ingress] } });
  const balanced = { type: 'LoadBalancer' };
  assert.deepEqual(status(balanced, { ip: '203.0.113.1' }), []);
  assert.deepEqual(status(balanced, { hostname: 'a.example.com' }), []);
  assert.deepEqual(status({}, { ip: '203.0.113.1' }), [
    "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'",
  ]);
  assert.deepEqual(status(balanced, { hostname: 'a.example.com', ipMode: 'VIP' }), [
    'status.loadBalancer.ingress[0].ipMode: Forbidden: may not be specified when `ip` is not set',
  ]);
  assert.deepEqual(status(balanced, { ip: '203.0.113.1', ipMode: 'Mirror' }), [
    'status.loadBalancer.ingress[0].ipMode: Unsupported value: "Mirror": supported values: "Proxy", "VIP"',
  ]);
});

test('tolerations of runtime classes', () => {
  assert.deepEqual(problems(runtimeClassKind, { handler: 'a', scheduling: { tolerations: [{ key: 'a', effect: 'Often' }] } }), [
    'scheduling.tolerations.tolerations[0].effect: Unsupported value: "Often": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
  ]);
});
