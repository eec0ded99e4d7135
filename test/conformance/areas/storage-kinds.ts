import assert from 'node:assert/strict';
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  StorageClass,
  VolumeAttachment,
} from '@keelson/types';
import type { Context } from '../context.ts';
import { everyOperation, lifecycle, operations } from '../operations.ts';
import type { Labelled } from '../resource.ts';
import { across, discovered, withAnnotations, within, withLabels } from '../resource.ts';
import type { Specs } from '../specs.ts';

const v1 = 'storage.k8s.io/v1';
const inline = '[sig-storage] CSIInlineVolumes';
const volumes = '[sig-storage] PersistentVolumes CSI Conformance';
const attachments = '[sig-storage] VolumeAttachment Conformance';

export const storageKinds: Specs = {
  async [`${inline} should support CSIVolumeSource in Pod API`](c) {
    const pods = within<Pod>(c, 'v1', 'pods');
    const name = 'pod-csi-inline-volumes';
    const mounts = ['csi-inline-vol1', 'csi-inline-vol2'].map((volume) => ({ name: volume, mountPath: `/mnt/${volume}` }));
    const pod = {
      metadata: { name },
      spec: {
        volumes: [
          { name: 'csi-inline-vol1', csi: { driver: 'e2e.example.com' } },
          { name: 'csi-inline-vol2', csi: { driver: 'e2e.example.com', fsType: 'ext4', readOnly: true } },
        ],
        containers: [{ name, image: 'busybox', command: ['sh', '-c', 'ls /mnt/*'], volumeMounts: mounts }],
      },
    };
    const made = await pods.create(pod);
    assert.equal((await pods.ask('POST', '', pod)).status, 409);
    assert.equal((await pods.get(name)).metadata.uid, made.metadata.uid);
    assert.equal((await pods.items()).length, 1);
    const patched = await pods.patch(name, { metadata: { annotations: { patched: 'true' } } }, 'merge');
    assert.equal(patched.metadata.annotations?.patched, 'true');
    await pods.remove(name);
    const after = await pods.ask('GET', name);
    assert.ok(after.status === 404 || after.json<Pod>().metadata.deletionTimestamp, after.text);
  },

  async [`${inline} should run through the lifecycle of a CSIDriver`](c) {
    const drivers = across<CSIDriver>(c, v1, 'csidrivers');
    const mark = c.unique('e2e');
    const make = (modes: string[]) => ({
      metadata: { name: c.unique('inline-driver'), labels: { 'e2e-test': mark } },
      spec: { volumeLifecycleModes: modes, fsGroupPolicy: 'ReadWriteOnceWithFSType' },
    });
    const bodies = [make(['Ephemeral']), make(['Persistent', 'Ephemeral'])] as const;
    for (const body of bodies) {
      const made = await drivers.lend(body);
      assert.equal((await drivers.get(body.metadata.name)).metadata.uid, made.metadata.uid);
    }
    assert.equal((await drivers.ask('POST', '', bodies[0])).status, 409);
    const [first, second] = bodies.map(({ metadata }) => metadata.name) as [string, string];
    assert.equal((await drivers.patch(second, { metadata: { labels: { [second]: 'patched' } } })).metadata.labels?.[second], 'patched');
    const updated = await drivers.update(second, (present) => withLabels(present, { [second]: 'updated' }));
    assert.equal(updated.metadata.labels?.[second], 'updated');
    assert.equal((await drivers.items(`e2e-test=${mark}`)).length, 2);
    await drivers.remove(first);
    await drivers.gone(first);
    await drivers.removeAll(`${second}=updated`);
    await drivers.gone(second);
  },

  async '[sig-storage] CSINodes CSI Conformance should run through the lifecycle of a csinode'(c) {
    const drivers = [{ name: 'e2e-test.storage.k8s.io', nodeID: 'node', topologyKeys: ['example.com/zone'], allocatable: { count: 1 } }];
    await lifecycle(c, across<CSINode>(c, v1, 'csinodes'), (name) => ({ metadata: { name }, spec: { drivers } }));
  },

  async '[sig-storage] CSIStorageCapacity should support CSIStorageCapacities API operations'(c) {
    await discovered(c, 'storage.k8s.io', 'v1', ['csistoragecapacities']);
    const places = {
      resource: within<CSIStorageCapacity>(c, v1, 'csistoragecapacities'),
      everywhere: across<CSIStorageCapacity>(c, v1, 'csistoragecapacities'),
    };
    await operations(c, places, (labels) => ({ metadata: { generateName: 'e2e-example-csisc-', labels }, storageClassName: 'example' }));
  },

  async '[sig-storage] StorageClasses CSI Conformance should run through the lifecycle of a StorageClass'(c) {
    await lifecycle(c, across<StorageClass>(c, v1, 'storageclasses'), (name) => ({
      metadata: { name },
      provisioner: 'e2e-fake-provisioner',
    }));
  },

  async '[sig-storage] VolumeAttributesClass [FeatureGate:VolumeAttributesClass] should run through the lifecycle of a VolumeAttributesClass'(
    c,
  ) {
    const resource = across(c, v1, 'volumeattributesclasses');
    const kind = { apiVersion: v1, kind: 'VolumeAttributesClass' };
    const make = (name: string) => ({ ...kind, metadata: { name }, driverName: 'e2e-fake-csi-driver', parameters: { foo: 'bar' } });
    await lifecycle(c, resource, make);
    const marked = { metadata: { labels: { foo: 'bar' } } };
    await everyOperation(c, {
      ...{ group: 'storage.k8s.io', resource },
      initial: make(c.unique('test')) as Labelled,
      changed: (present) => withLabels(present, marked.metadata.labels),
      patches: { strategic: marked, merge: marked },
    });
  },

  async [`${attachments} should run through the lifecycle of a VolumeAttachment`](c) {
    const make = await attachment(c);
    await lifecycle(c, across<VolumeAttachment>(c, v1, 'volumeattachments'), make);
  },

  async [`${attachments} should apply changes to a volumeattachment status`](c) {
    const resource = across<VolumeAttachment>(c, v1, 'volumeattachments');
    const name = c.unique('va');
    await resource.lend((await attachment(c))(name));
    const patched = await resource.patch(name, { metadata: { labels: { [name]: 'patched' } } }, 'merge');
    assert.equal(patched.metadata.labels?.[name], 'patched');
    assert.equal((await resource.get(`${name}/status`)).status?.attached, false);
    assert.equal((await resource.patch(`${name}/status`, { status: { attached: true } }, 'merge')).status?.attached, true);
    const updated = await resource.update(name, (present) => ({ ...present, status: { ...present.status, attached: false } }), '/status');
    assert.equal(updated.status?.attached, false);
    await resource.remove(name);
    await resource.count(`${name}=patched`, 0);
  },

  async [`${volumes} should run through the lifecycle of a PV and a PVC`](c) {
    const { pvs, pvcs, make } = volumesOf(c);
    const first = await make();
    for (const [resource, name] of [
      [pvs, first.pv],
      [pvcs, first.pvc],
    ] as const) {
      const patched = await resource.patch(name, { metadata: { labels: { [name]: 'patched' } } });
      assert.equal(patched.metadata.labels?.[name], 'patched');
      assert.equal((await resource.get(name)).metadata.name, name);
      assert.equal((await resource.items(`${name}=patched`)).length, 1);
    }
    await pvcs.remove(first.pvc);
    await pvcs.count(`${first.pvc}=patched`, 0);
    await pvs.remove(first.pv);
    await pvs.count(`${first.pv}=patched`, 0);
    const second = await make();
    const mark = { e2e: c.unique('updated') };
    const selector = `e2e=${mark.e2e}`;
    await pvs.update(second.pv, (present) => withLabels(present, mark));
    await pvcs.update(second.pvc, (present) => withLabels(present, mark));
    assert.equal((await pvs.items(selector)).length, 1);
    assert.equal((await across<PersistentVolumeClaim>(c, 'v1', 'persistentvolumeclaims').items(selector)).length, 1);
    await pvcs.removeAll(selector);
    await pvcs.count(selector, 0);
    await pvs.removeAll(selector);
    await pvs.count(selector, 0);
  },

  async [`${volumes} should apply changes to a pv/pvc status`](c) {
    const { pvs, pvcs, make } = volumesOf(c);
    const { pv, pvc } = await make();
    await pvs.until(pv, ({ status }) => status?.phase === 'Bound');
    await pvcs.until(pvc, ({ status }) => status?.phase === 'Bound');
    assert.equal((await pvcs.get(`${pvc}/status`)).status?.phase, 'Bound');
    assert.equal((await pvs.get(`${pv}/status`)).status?.phase, 'Bound');
    const condition = { type: 'StatusPatched', status: 'True', reason: 'E2E patchStatus', message: 'Set from an E2E test' };
    const claim = await pvcs.patch(`${pvc}/status`, { status: { conditions: [condition] } }, 'merge');
    assert.deepEqual(
      claim.status?.conditions?.map(({ type, reason }) => [type, reason]),
      [['StatusPatched', 'E2E patchStatus']],
    );
    const body = {
      metadata: { annotations: { patchedpvstatus: 'true' } },
      status: { message: 'StatusPatched', reason: 'E2E patchStatus' },
    };
    const volume = await pvs.patch(`${pv}/status`, body, 'merge');
    assert.deepEqual([volume.status?.message, volume.status?.reason], ['StatusPatched', 'E2E patchStatus']);
    const more = { ...condition, type: 'StatusUpdate', reason: 'E2E updateStatus' };
    const claimUpdated = await pvcs.update(
      pvc,
      (present) => ({ ...present, status: { ...present.status, conditions: [more] } }),
      '/status',
    );
    assert.deepEqual(
      claimUpdated.status?.conditions?.map(({ type }) => type),
      ['StatusUpdate'],
    );
    const volumeUpdated = await pvs.update(
      pv,
      (present) => withAnnotations({ ...present, status: { ...present.status, reason: 'E2E updateStatus' } }, { updated: 'true' }),
      '/status',
    );
    assert.equal(volumeUpdated.status?.reason, 'E2E updateStatus');
    await pvcs.remove(pvc);
    await pvcs.gone(pvc);
    await pvs.remove(pv);
    await pvs.gone(pv);
  },
};

async function attachment(c: Context): Promise<(name: string) => object> {
  const nodes = await across<Node>(c, 'v1', 'nodes').items();
  const nodeName = nodes[0]?.metadata.name;
  const source = { persistentVolumeName: c.unique('pv') };
  return (name) => ({
    metadata: { name, uid: name },
    spec: { attacher: 'e2e-test.storage.k8s.io', nodeName, source },
    status: { attached: false },
  });
}

/** Volumes and claims that can only be bound to each other. */
function volumesOf(c: Context) {
  const pvs = across<PersistentVolume>(c, 'v1', 'persistentvolumes');
  const pvcs = within<PersistentVolumeClaim>(c, 'v1', 'persistentvolumeclaims');
  const storage = '1Gi';
  const make = async (): Promise<{ pv: string; pvc: string }> => {
    const [pv, pvc, storageClassName] = [c.unique('pv'), c.unique('pvc'), c.unique('class')];
    const shared = { accessModes: ['ReadWriteOnce'], storageClassName };
    const csi = { driver: 'e2e-driver.example.com', volumeHandle: 'e2e-conformance' };
    const retained = { persistentVolumeReclaimPolicy: 'Retain', csi };
    await pvs.lend({ metadata: { name: pv }, spec: { ...shared, capacity: { storage }, ...retained } });
    await pvcs.create({ metadata: { name: pvc }, spec: { ...shared, resources: { requests: { storage } } } });
    return { pv, pvc };
  };
  return { pvs, pvcs, make };
}
