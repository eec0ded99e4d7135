import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@keelson/client';
import { cells } from '../testing/exercise.ts';
import { controllerRevisionKind } from './apps/controller-revision.ts';
import { deploymentKind } from './apps/deployment.ts';
import { cronJobKind } from './batch/cron-job.ts';
import { configMapKind } from './core/config-map.ts';
import { endpointsKind } from './core/endpoints.ts';
import { eventKind } from './core/event.ts';
import { secretKind } from './core/secret.ts';
import { endpointSliceKind } from './discovery/endpoint-slice.ts';
import { roleBindingKind } from './rbac/bindings.ts';
import type { KindDefinition } from './types.ts';

function shows<T extends KubeObject>(definition: KindDefinition<T>, object: object, expected: object): void {
  assert.partialDeepStrictEqual(cells(definition, { metadata: { name: 'x' }, ...object }), expected);
}

test('counts are numbers, though the columns of some say they are text', () => {
  shows(configMapKind, { data: { a: '' }, binaryData: { b: '' } }, { Data: 2 });
  shows(secretKind, { data: { a: '' } }, { Data: 1 });
  shows(controllerRevisionKind, { revision: 3 }, { Revision: 3 });
  shows(deploymentKind, { spec: { template: {} }, status: { updatedReplicas: 2 } }, { 'Up-to-date': 2, Available: 0 });
  shows(eventKind, { involvedObject: {}, count: 0 }, { Count: 1 });
  shows(eventKind, { involvedObject: {}, count: 4, series: { count: 7 } }, { Count: 7 });
});

test('events: what of, and who says so', () => {
  const about = (involvedObject: object, rest: object, expected: object): void => shows(eventKind, { involvedObject, ...rest }, expected);
  about({ kind: 'Pod', name: 'a' }, { source: { component: 'kubelet', host: 'n' } }, { Object: 'pod/a', Source: 'kubelet, n' });
  about({ kind: 'Pod' }, { reportingComponent: 'r', reportingInstance: 'i' }, { Object: 'pod', Source: 'r, i' });
  about({ name: 'a' }, { source: { component: '' }, reportingComponent: 'r' }, { Object: '/a', Source: 'r' });
});

test('what is not there', () => {
  shows(cronJobKind, { spec: { jobTemplate: { spec: { template: {} } } } }, { Selector: '<none>' });
  shows(endpointsKind, {}, { Endpoints: '<none>' });
  shows(endpointsKind, { subsets: [{ notReadyAddresses: [{ ip: '10.0.0.1' }] }] }, { Endpoints: '' });
  const ports = [{ name: 'a', port: 80 }, { name: 'b' }, {}];
  shows(endpointSliceKind, { addressType: 'IPv4', endpoints: [], ports }, { Ports: '80,b,*' });
  const subjects = [{ kind: 'ServiceAccount', name: 'a' }];
  shows(roleBindingKind, { roleRef: { kind: 'Role', name: 'r' }, subjects }, { ServiceAccounts: '/a' });
});
