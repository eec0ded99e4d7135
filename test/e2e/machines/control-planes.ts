import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '@keelson/base';
import { createCA, issue } from '@keelson/pki';
import { eventually } from '@keelson/testing';
import { joinArguments, untilShows, webPod } from './cluster.ts';
import { Lab, type Machine } from './lab.ts';

const day = { days: 1, clock: systemClock };

/** Three control planes, each beside a member of an etcd. */
export function controlPlanes(): void {
  let lab: Lab;
  let admin: Machine;
  let members: number[] = [];
  before(async () => {
    lab = new Lab({ name: 'c', machines: 3 });
    const etcd = await startEtcd(lab);
    members = etcd.pids;
    admin = lab.machine(1);
    const printed = await admin.must(
      'init',
      '--skip-phases',
      'addon',
      '--upload-certs',
      '--control-plane-endpoint',
      admin.address,
      ...etcd.flags,
    );
    const [, controlPlane = ''] = printed.split('More control planes join with:');
    const args = joinArguments(controlPlane.slice(0, controlPlane.indexOf('Machines join')));
    await Promise.all(lab.machines.slice(1).map((machine) => machine.must(...args)));
  });
  after(() => lab?.close());

  test('each is a control plane that answers for the whole cluster', async () => {
    for (const machine of lab.machines) {
      const nodes = await machine.kubectl(
        '--server',
        `https://${machine.address}:6443`,
        'get',
        'nodes',
        '-l',
        'node-role.kubernetes.io/control-plane',
        '-o',
        'name',
      );
      assert.match(nodes, /^node\/m1\s+node\/m2\s+node\/m3\s*$/);
    }
  });

  test('Service kubernetes leads to all of them', async () => {
    const all = lab.machines.map(({ address }) => address).join(' ');
    const escaped = new RegExp(`^${all.replaceAll('.', String.raw`\.`)}$`);
    await untilShows(admin, ['get', 'endpoints', 'kubernetes', '-o', 'jsonpath={.subsets[0].addresses[*].ip}'], escaped);
  });

  test('a member of etcd dies and writes go on', async () => {
    process.kill(members[2] ?? 0, 'SIGKILL');
    let tries = 0;
    for (const machine of lab.machines) {
      const at = ['--server', `https://${machine.address}:6443`];
      // What was under way to the member that died may fail, and what comes before another leads; what follows does not.
      const write = (): Promise<string> => machine.kubectl(...at, 'create', 'configmap', `by-${machine.name}-${++tries}`);
      await eventually(write, { deadlineMs: 60_000, message: `${machine.name} writes` });
    }
    const names = await admin.kubectl('get', 'configmaps', '-o', 'name');
    for (const { name } of lab.machines) assert.match(names, new RegExp(`/by-${name}-`));
  });

  test('the scheduler and the controller manager that lead are killed: others lead within the lease', async () => {
    await expectSuccession(lab, admin, ['kube-scheduler', 'kube-controller-manager']);
  });

  test('pods are made and placed as before', async () => {
    await admin.apply(webPod('after', 'm2').replace('nodeName: m2', 'tolerations: [{ operator: Exists }]'));
    await untilShows(admin, ['get', 'pod', 'after', '-o', 'jsonpath={.status.containerStatuses[0].ready}'], /^true$/);
  });
}

interface Lease {
  readonly holderIdentity: string;
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly leaseDurationSeconds: number;
}

async function leaseOf(admin: Machine, name: string): Promise<Lease> {
  return JSON.parse(await admin.kubectl('get', 'lease', name, '-n', 'kube-system', '-o', 'jsonpath={.spec}')) as Lease;
}

/** Kills those that lead, and waits for others to. */
async function expectSuccession(lab: Lab, admin: Machine, components: readonly string[]): Promise<void> {
  const before = await Promise.all(components.map((component) => leaseOf(admin, component)));
  for (const [index, component] of components.entries()) {
    const leader = lab.machines.find(({ name }) => before[index]?.holderIdentity.startsWith(`${name}_`));
    assert.ok(leader, `${before[index]?.holderIdentity} is on one of the machines`);
    process.kill(leader.pid(component), 'SIGKILL');
  }
  for (const [index, component] of components.entries()) {
    const old = before[index];
    assert.ok(old);
    const another = async (): Promise<Lease | false> => {
      const now = await leaseOf(admin, component);
      return now.holderIdentity !== '' && now.holderIdentity !== old.holderIdentity && now;
    };
    const now = await eventually(another, { deadlineMs: 40_000, message: `another ${component} leads than ${old.holderIdentity}` });
    const silence = (Date.parse(now.acquireTime) - Date.parse(old.renewTime)) / 1000;
    // It may have been renewed once more than we saw; those who wait try every two seconds, and a little more.
    assert.ok(silence < old.leaseDurationSeconds + 2 * 2.4 + 2, `nobody led ${component} for ${silence} s`);
  }
}

/** A member on each machine, with TLS for peers and clients. Resolves to their process ids and the flags of `kubeadm init`. */
async function startEtcd(lab: Lab): Promise<{ readonly pids: number[]; readonly flags: readonly string[] }> {
  const ca = await createCA({ commonName: 'etcd-ca', ...day });
  const client = await issue({ commonName: 'kube-apiserver-etcd-client', usages: ['client'], ca, ...day });
  const peers = lab.machines.map(({ name, address }) => `${name}=https://${address}:2380`).join(',');
  const pids: number[] = [];
  for (const machine of lab.machines) {
    const folder = join(machine.root, 'etcd');
    const { certPem, keyPem } = await issue({ commonName: 'etcd', ips: [machine.address], usages: ['server', 'client'], ca, ...day });
    const files = {
      'ca.crt': ca.certPem,
      'member.crt': certPem,
      'member.key': keyPem,
      'client.crt': client.certPem,
      'client.key': client.keyPem,
    };
    mkdirSync(folder);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content, { mode: 0o600 });
    pids.push(machine.start('etcd', ...memberFlags(machine, folder, peers)));
  }
  const folder = join(lab.machine(1).root, 'etcd');
  const servers = lab.machines.map(({ address }) => `https://${address}:2379`).join(',');
  const files = ['ca', 'cert', 'key'].map((what, index) => [
    `--etcd-${what}file`,
    join(folder, ['ca.crt', 'client.crt', 'client.key'][index] ?? ''),
  ]);
  await eventually(
    async () => (await lab.machine(1).run('curl', '-sk', '-m', '1', `https://${lab.machine(3).address}:2379/health`)).code !== 7,
    {
      deadlineMs: 15_000,
      message: 'etcd listens',
    },
  );
  return { pids, flags: ['--etcd-servers', servers, ...files.flat()] };
}

function memberFlags({ name, address }: Machine, folder: string, peers: string): string[] {
  const tls = (prefix: string): string[] => [
    `--${prefix}cert-file=${folder}/member.crt`,
    `--${prefix}key-file=${folder}/member.key`,
    `--${prefix}trusted-ca-file=${folder}/ca.crt`,
    `--${prefix}client-cert-auth=true`,
  ];
  return [
    `--name=${name}`,
    `--data-dir=${folder}/data`,
    `--listen-client-urls=https://${address}:2379`,
    `--advertise-client-urls=https://${address}:2379`,
    `--listen-peer-urls=https://${address}:2380`,
    `--initial-advertise-peer-urls=https://${address}:2380`,
    `--initial-cluster=${peers}`,
    '--initial-cluster-state=new',
    ...tls(''),
    ...tls('peer-'),
  ];
}
