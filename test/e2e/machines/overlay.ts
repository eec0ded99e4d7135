import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@keelson/testing';
import { clusterOn, expectConnected } from './cluster.ts';
import { Lab, type Machine } from './lab.ts';

/** One control plane and two workers with a router between them that knows no pods. */
export function overlay(): void {
  let lab: Lab;
  let admin: Machine;
  before(async () => {
    lab = new Lab({ name: 'o', machines: 3, routed: true });
    admin = await clusterOn(lab, '--overlay');
  });
  after(() => lab?.close());

  test('pods on different networks talk through VXLAN, and a Service answers on each machine', async () => {
    await expectConnected(lab, admin);
    const { stdout } = await lab.machine(2).run('ip', '-s', '-j', 'link', 'show', 'keelson.1');
    const [device] = JSON.parse(stdout) as { mtu: number; stats64: { rx: { packets: number } } }[];
    assert.equal(device?.mtu, 1450);
    assert.ok((device?.stats64.rx.packets ?? 0) > 0);
  });

  test('a machine that goes is forgotten by the others', async () => {
    await lab.machine(3).must('reset', '--force');
    assert.deepEqual(lab.machine(3).leftovers(), []);
    const entries = async (): Promise<string[]> => {
      const shown = await Promise.all(
        ['ip neighbour show dev keelson.1 nud permanent', 'bridge fdb show dev keelson.1', 'ip route show dev keelson.1'].map((command) =>
          lab.machine(2).run(...command.split(' ')),
        ),
      );
      return shown.flatMap(({ stdout }) => stdout.split('\n').filter(Boolean));
    };
    assert.equal((await entries()).length, 6, 'three of each other machine');
    await admin.kubectl('delete', 'node', 'm3');
    await eventually(async () => (await entries()).length === 3, { deadlineMs: 10_000, message: 'only entries of one machine are left' });
  });
}
