import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clusterOn, expectConnected, impatientDeployment, untilShows } from './cluster.ts';
import { Lab, type Machine } from './lab.ts';
import { refusals } from './refusals.ts';
import { upgrades } from './upgrades.ts';

/** One control plane and two workers on one switch; a fourth machine stays outside. */
export function workers(): void {
  let lab: Lab;
  let admin: Machine;
  before(async () => {
    lab = new Lab({ name: 'w', machines: 4 });
    const members = { machines: lab.machines.slice(0, 3) };
    admin = await clusterOn(members, '--controller-manager-extra-args', 'node-monitor-grace-period=14s');
  });
  after(() => lab?.close());

  test('machines that join with a token are ready nodes, with identities and pod ranges of their own', async () => {
    const nodes = await admin.kubectl('get', 'nodes', '-o', 'jsonpath={range .items[*]}{.metadata.name} {.spec.podCIDR}{"\\n"}{end}');
    const rows = nodes
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' '));
    assert.deepEqual(
      rows.map(([name]) => name),
      ['m1', 'm2', 'm3'],
    );
    assert.equal(new Set(rows.map(([, range]) => range)).size, 3);
    const requests = await admin.kubectl(
      'get',
      'csr',
      '-o',
      'jsonpath={range .items[*]}{.spec.signerName} {.status.conditions[*].type}{"\\n"}{end}',
    );
    assert.match(requests, /^(kubernetes\.io\/kube-apiserver-client-kubelet Approved\n){2}$/);
    const { stdout } = await lab.machine(2).run('cat', `${lab.machine(2).root}/var/lib/kube-proxy/kubeconfig.conf`);
    assert.match(stdout, /name: kube-proxy/);
    assert.doesNotMatch(stdout, /client-certificate/);
  });

  test('pods on different machines talk by host routes, and a Service answers on each', async () => {
    await expectConnected({ machines: lab.machines.slice(0, 3) }, admin);
    const { stdout } = await admin.run('ip', 'route', 'show', 'proto', '178');
    assert.equal(stdout.split('\n').filter((line) => line.includes('via 10.88.0.')).length, 2);
  });

  describe('what must not join', () => refusals(() => ({ outside: lab.machine(4), admin })));

  describe('an upgrade', () => upgrades(() => ({ admin, worker: lab.machine(2) })));

  test('a machine dies: its pods move after the grace period, and nothing leads to it any more', async () => {
    await admin.apply(impatientDeployment);
    const nodes = [
      'get',
      'pods',
      '-l',
      'app=moving',
      '-o',
      'jsonpath={.items[*].spec.nodeName} {.items[*].status.containerStatuses[0].ready}',
    ];
    await untilShows(admin, nodes, /^(m2 m3|m3 m2) true true$/);
    lab.machine(3).kill();
    const alive = [...nodes, '--field-selector', 'spec.nodeName=m2'];
    await untilShows(admin, alive, /^m2 m2 true true$/, 60_000);
    await admin.kubectl('delete', 'node', 'm3');
    await untilShows(admin, ['get', 'nodes', '-o', 'name'], /^node\/m1\s+node\/m2\s*$/);
  });

  test('reset leaves nothing', async () => {
    await lab.machine(2).must('reset', '--force');
    assert.deepEqual(lab.machine(2).leftovers(), []);
    await admin.must('reset', '--force');
    assert.deepEqual(admin.leftovers(), []);
    await lab.machine(3).must('reset', '--force');
    assert.deepEqual(lab.machine(3).leftovers(), [], 'also of a machine that died');
  });
}
