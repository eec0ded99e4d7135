import assert from 'node:assert/strict';
import { test } from 'node:test';
import { node } from '@keelson/testing';
import type { Endpoint, Node } from '@keelson/types';
import { type Spread, spreadOverZones, zoneLabel, zonesOf } from './zones.ts';

function machine(zone: string, cpu: string, labels: Record<string, string> = {}, ready = 'True'): Node {
  const place = zone ? { [zoneLabel]: zone } : {};
  return node({ labels: { ...place, ...labels }, status: { allocatable: { cpu }, conditions: [{ type: 'Ready', status: ready }] } });
}

const endpoints = (...zones: string[]): Endpoint[] =>
  zones.map((zone, i) => ({ addresses: [`10.0.0.${i + 1}`], ...(zone ? { zone } : {}), conditions: { ready: true } }));

test('zones count the CPU of ready nodes that do work', () => {
  const nodes = [machine('a', '2'), machine('a', '500m'), machine('b', '1'), machine('c', '8', {}, 'False')];
  const zones = zonesOf([...nodes, machine('', '4', { 'node-role.kubernetes.io/control-plane': '' })]);
  assert.deepEqual(
    zones,
    new Map([
      ['a', 2500],
      ['b', 1000],
    ]),
  );
});

for (const [why, nodes] of [
  ['in one zone', [machine('a', '2'), machine('a', '2')]],
  ['of which one has no zone', [machine('a', '2'), machine('b', '2'), machine('', '2')]],
  ['of which one tells no CPU', [machine('a', '2'), machine('b', '0')]],
] as const)
  test(`nothing is known of nodes ${why}`, () => assert.equal(zonesOf(nodes), undefined));

const even = new Map([
  ['a', 1000],
  ['b', 1000],
]);

test('an endpoint is for its own zone; zones with too many lend to those with too few', () => {
  const zonesFor = (spread: Spread): string => ('zones' in spread ? [...spread.zones.values()].sort().join('') : spread.fault);
  assert.equal(zonesFor(spreadOverZones(endpoints('a', 'b'), even)), 'ab');
  assert.equal(zonesFor(spreadOverZones(endpoints('a', 'a', 'a', 'a'), even)), 'aabb');
  assert.equal(zonesFor(spreadOverZones(endpoints('a', 'a', 'a', 'a', 'b', 'b', 'b'), even)), 'aaaabbb', 'half an endpoint is not moved');
  assert.equal(
    zonesFor(
      spreadOverZones(
        endpoints('a', 'a', 'a', 'b', 'b', 'b'),
        new Map([
          ['a', 2000],
          ['b', 1000],
        ]),
      ),
    ),
    'aaaabb',
  );
});

test('without what it takes it says why', () => {
  const fault = (some: Endpoint[], zones = even): string | undefined => {
    const spread = spreadOverZones(some, zones);
    return 'fault' in spread ? spread.fault : undefined;
  };
  assert.equal(fault(endpoints('a')), 'Insufficient number of endpoints (1 endpoints, 2 zones)');
  assert.equal(fault(endpoints('a', 'a', '', 'b')), 'One or more endpoints do not have a zone specified');
  assert.equal(
    fault(
      endpoints('a', 'b'),
      new Map([
        ['a', 9000],
        ['b', 1000],
      ]),
    ),
    'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (2 endpoints, 2 zones)',
  );
  assert.deepEqual(spreadOverZones(endpoints('a', 'b'), undefined), {
    fault: 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes',
  });
});
