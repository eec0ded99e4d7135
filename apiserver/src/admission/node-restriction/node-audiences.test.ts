import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  ClusterRole,
  ClusterRoleBinding,
  CSIDriver,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ServiceAccount,
} from '@keelson/types';
import { type Fixture, startServer } from '../../testing/fixture.ts';

let server: Fixture;
const namespace = 'default';

before(async () => {
  server = await startServer();
  const { api } = server;
  await api.create(Node, { metadata: { name: 'n1' }, spec: {} });
  await api.create(ServiceAccount, { metadata: { name: 'worker', namespace } });
  const tokenRequests = [{ audience: 'vault' }];
  await api.create(CSIDriver, { metadata: { name: 'csi.example.com' }, spec: { tokenRequests } });
  await api.create(PersistentVolume, {
    metadata: { name: 'pv' },
    spec: {
      ...{ capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'x' },
      csi: { driver: 'csi.example.com', volumeHandle: 'h' },
    },
  });
});
after(() => server.close());

const claimSpec = { volumeName: 'pv', storageClassName: 'x', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };

/** A pod of the node with these volumes; answers why the node gets no token for it, empty when it does. */
async function asking(name: string, volumes: object[]): Promise<(audiences?: string[]) => Promise<string>> {
  const containers = [{ name: 'c', image: 'c' }];
  const spec = { nodeName: 'n1', serviceAccountName: 'worker', automountServiceAccountToken: false, containers, volumes };
  const { metadata } = await server.api.create(Pod, { metadata: { name, namespace }, spec } as Pod);
  const groups = ['system:nodes', 'system:authenticated'];
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/worker/token`;
  return async (audiences) => {
    const bound = { kind: 'Pod', apiVersion: 'v1', name, uid: metadata.uid };
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { ...(audiences && { audiences }), boundObjectRef: bound },
    };
    const answer = await server
      .transport('system:node:n1', groups)
      .send({ method: 'POST', path, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    const chunks: Buffer[] = [];
    for await (const chunk of answer.chunks) chunks.push(chunk);
    const { message = '' } = JSON.parse(Buffer.concat(chunks).toString()) as { message?: string };
    return answer.status === 201 ? '' : message;
  };
}

const refused = (audience: string): string =>
  `serviceaccounts "worker" is forbidden: audience "${audience}" not found in pod spec volume, system:node:n1 is not authorized to ` +
  'request tokens for this audience';
const projected = (audience?: string): object => ({
  name: 'token',
  projected: { sources: [{ serviceAccountToken: { path: 'token', ...(audience && { audience }) } }] },
});

test('a node gets tokens for whom the volumes of the pod name, and for nobody else', async () => {
  const own = await asking('own', [projected()]);
  assert.equal(await own(), '');
  assert.equal(await own(['vault']), refused('vault'));
  const other = await asking('other', [projected('vault')]);
  assert.equal(await other(['vault']), '');
  assert.equal(await other(), refused(''));
  assert.equal(await other(['vault', 'x']), 'serviceaccounts "worker" is forbidden: node may only request 0 or 1 audiences');
});

test('drivers of volumes name audiences, too: inline, claimed or made with the pod', async () => {
  await server.api.create(PersistentVolumeClaim, { metadata: { name: 'claimed', namespace }, spec: claimSpec });
  await server.api.create(PersistentVolumeClaim, { metadata: { name: 'made-v', namespace }, spec: claimSpec });
  const volumes = {
    inline: { csi: { driver: 'csi.example.com' } },
    claimed: { persistentVolumeClaim: { claimName: 'claimed' } },
    made: { ephemeral: { volumeClaimTemplate: { spec: { ...claimSpec, volumeName: undefined } } } },
  };
  for (const [name, source] of Object.entries(volumes)) {
    const ask = await asking(name, [{ name: 'v', ...source }]);
    assert.equal(await ask(['vault']), '', name);
    assert.equal(await ask(['other']), refused('other'), name);
  }
});

test('a role may let nodes ask for an audience that no volume names', async () => {
  const ask = await asking('images', []);
  assert.equal(await ask(['registry']), refused('registry'));
  const rule = { apiGroups: [''], resources: ['registry'], verbs: ['request-serviceaccounts-token-audience'] };
  await server.api.create(ClusterRole, { metadata: { name: 'images' }, rules: [rule] });
  await server.api.create(ClusterRoleBinding, {
    metadata: { name: 'images' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'images' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' }],
  });
  assert.equal(await ask(['registry']), '');
});
