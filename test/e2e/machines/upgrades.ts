import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { untilShows } from './cluster.ts';
import type { Machine } from './lab.ts';

interface Parties {
  readonly admin: Machine;
  readonly worker: Machine;
}

const configMap = ['get', 'configmap', '-n', 'kube-system', '-o', 'json'];
const settings = [...configMap, 'kubeadm-config'];
const capacities = ['get', 'nodes', 'm1', 'm2', '-o', 'jsonpath={.items[*].status.capacity.pods}'];
const containers = ['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].status.containerStatuses[0].containerID}'];

/** What the cluster agrees on reaches its machines, whose pods go on. Pods of `web` are there. */
export function upgrades(parties: () => Parties): void {
  let kept: string;
  before(async () => {
    kept = await parties().admin.kubectl(...settings);
  });
  after(() => put(parties().admin, kept, '', ''));

  test('apply and node start everything anew, with what the cluster agrees on; pods and what leads to them stay', async () => {
    const { admin, worker } = parties();
    const running = await admin.kubectl(...containers);
    const before = ['kube-apiserver', 'kube-scheduler', 'kubelet', 'kube-proxy'].map((name) => admin.pid(name));
    await put(admin, await admin.kubectl(...configMap, 'kubelet-config'), 'clusterDomain', 'maxPods: 61\\nclusterDomain');
    assert.match(await worker.must('upgrade', 'diff'), /^\+maxPods: 61$/m);

    const printed = await admin.must('upgrade', 'apply', 'v1.36.0', '--yes');
    assert.match(printed, /^\[upgrade\/control-plane\] certificate for serving the Kubernetes API renewed$/m);
    assert.match(printed, /^\[upgrade\] SUCCESS! A control plane node of your cluster was upgraded to "v1\.36\.0"\.$/m);
    assert.match(await worker.must('upgrade', 'node'), /The configuration for this node was successfully upgraded!/);

    await untilShows(admin, capacities, /^61 61$/);
    const after = ['kube-apiserver', 'kube-scheduler', 'kubelet', 'kube-proxy'].map((name) => admin.pid(name));
    for (const [index, pid] of after.entries()) assert.notEqual(pid, before[index]);
    assert.equal(await admin.kubectl(...containers), running);
    const service = await admin.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
    for (const machine of [admin, worker])
      assert.match((await machine.run('curl', '-s', '-m', '3', `http://${service}/`)).stdout, /^web-m/);
    assert.match(await admin.must('upgrade', 'plan'), /Awesome, you're up-to-date!/);
    assert.equal(JSON.parse(await admin.must('upgrade', 'plan', '-o', 'json')).kind, 'UpgradePlan');
    assert.equal(await worker.must('upgrade', 'diff'), '');
  });

  test('a control plane that cannot start is taken back', async () => {
    const { admin } = parties();
    await put(admin, kept, 'apiServer: {}', 'apiServer: { extraArgs: [{ name: audit-policy-file, value: /nowhere }] }');
    const { code, stderr } = await admin.kubeadm('upgrade', 'apply', 'v1.36.0', '--yes', '--certificate-renewal=false');
    assert.notEqual(code, 0);
    assert.match(stderr, /tried to recover everything into the earlier state\. Errors faced: kube-apiserver ended: .*\/nowhere/);
    assert.match(await admin.kubectl('get', 'nodes', '-o', 'name'), /node\/m1/);
  });
}

/** Puts a ConfigMap into the cluster, with one text in it for another. */
async function put(admin: Machine, json: string, from: string, to: string): Promise<void> {
  const { metadata, data, ...others } = JSON.parse(json.replace(from, to)) as {
    metadata: { name: string; namespace: string };
    data: object;
  };
  const { name, namespace } = metadata;
  await admin.apply(JSON.stringify({ ...others, metadata: { name, namespace }, data }));
}
