import { everyOperation, type Trial } from '../operations.ts';
import type { Labelled } from '../resource.ts';
import { across, within, withLabels } from '../resource.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-node] [DRA] CRUD Tests resource.k8s.io/v1';
const group = 'resource.k8s.io';
const apiVersion = `${group}/v1`;
const mark = { 'test.resource.example.com': 'test' };
const labelled = (object: Labelled): Labelled => withLabels(object, mark);
const marked = { metadata: { labels: mark } };
const labelPatches: Trial['patches'] = {
  strategic: marked,
  apply: marked,
  merge: marked,
  json: [{ op: 'add', path: '/metadata/labels/test.resource.example.com', value: 'test' }],
};
const selector = (driver: string) => ({ cel: { expression: `device.driver == ${JSON.stringify(driver)}` } });
const requests = { devices: { requests: [{ name: 'req-0', exactly: { deviceClassName: 'example.com' } }] } };
const allocation = {
  devices: { results: [{ request: 'req-0', driver: 'dra.example.com', pool: 'pool', device: 'device-0' }] },
  nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['some-node'] }] }] },
};

export const dra: Specs = {
  async [`${area} DeviceClass`](c) {
    const resource = across(c, apiVersion, 'deviceclasses');
    const spec = { selectors: [selector('one.example.com')] };
    const changed = { spec: { selectors: [selector('two.example.com')] } };
    await everyOperation(c, {
      ...{ group, resource },
      initial: { apiVersion, kind: 'DeviceClass', metadata: { name: c.unique('test') }, spec } as Labelled,
      changed: (present) => ({ ...present, ...changed }),
      patches: {
        ...{ strategic: changed, apply: changed, merge: changed },
        json: [{ op: 'replace', path: '/spec/selectors/0', value: selector('two.example.com') }],
      },
    });
  },

  async [`${area} ResourceClaim`](c) {
    const status = { status: { allocation } };
    await everyOperation(c, {
      ...{ group, resource: within(c, apiVersion, 'resourceclaims'), everywhere: across(c, apiVersion, 'resourceclaims') },
      initial: { apiVersion, kind: 'ResourceClaim', metadata: { name: 'test' }, spec: requests } as Labelled,
      changed: labelled,
      patches: labelPatches,
      withStatus: (present) => ({ ...present, ...status }),
      statusPatches: {
        ...{ strategic: status, apply: status, merge: status },
        json: [{ op: 'add', path: '/status', value: { allocation } }],
      },
    });
  },

  async [`${area} ResourceClaimTemplate`](c) {
    await everyOperation(c, {
      ...{ group, resource: within(c, apiVersion, 'resourceclaimtemplates'), everywhere: across(c, apiVersion, 'resourceclaimtemplates') },
      initial: { apiVersion, kind: 'ResourceClaimTemplate', metadata: { name: 'test' }, spec: { spec: requests } } as Labelled,
      changed: labelled,
      patches: labelPatches,
    });
  },

  async [`${area} ResourceSlice`](c) {
    const resource = across(c, apiVersion, 'resourceslices');
    const pool = { name: 'cluster', resourceSliceCount: 1 };
    const device = { name: 'device-0' };
    const spec = { driver: 'dra.example.com', allNodes: true, pool };
    await everyOperation(c, {
      ...{ group, resource },
      initial: { apiVersion, kind: 'ResourceSlice', metadata: { name: c.unique('test') }, spec } as Labelled,
      changed: (present) => ({ ...present, spec: { ...spec, devices: [device] } }),
      patches: {
        strategic: { spec: { devices: [device] } },
        apply: { spec: { ...spec, devices: [device] } },
        merge: { spec: { devices: [device] } },
        json: [{ op: 'add', path: '/spec/devices', value: [device] }],
      },
    });
  },
};
