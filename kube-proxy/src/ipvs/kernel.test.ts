import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { silentLogger } from '@keelson/base';
import { kernelRules } from '../iptables/kernel.ts';
import { wantedService } from '../model/services.ts';
import { endpoint, place, render, service, slice } from '../testdata.ts';
import { device } from './contract.ts';
import { IpvsBackend } from './ipvs.ts';
import { kernelIpvs } from './kernel.ts';
import { memoryIpvs } from './memory.ts';

const why = impediment();
if (why) console.error(`SKIPPED: IPVS' sets and chains in a real kernel: ${why}`);

function impediment(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  const missing = ['ip', 'ipset', 'iptables-nft'].find((program) => spawnSync(program, ['-V']).error !== undefined);
  return missing && `${missing} is not installed`;
}

const netns = `kpi-${process.pid}`;
const enter = ['nsenter', `--net=/run/netns/${netns}`];
const inside = (...command: string[]): string => execFileSync(enter[0] ?? '', [...enter.slice(1), ...command], { encoding: 'utf8' });

const everything = {
  type: 'LoadBalancer',
  clusterIP: '10.96.0.12',
  externalIPs: ['198.51.100.1'],
  externalTrafficPolicy: 'Local',
  healthCheckNodePort: 30999,
  loadBalancerSourceRanges: ['203.0.113.7/24', '0.0.0.0/0', '192.0.2.1/32'],
  ports: [
    { name: 'p', port: 443, nodePort: 30443, protocol: 'TCP' },
    { name: 'u', port: 53, nodePort: 30053, protocol: 'UDP' },
    { name: 's', port: 99, nodePort: 30099, protocol: 'SCTP' },
  ],
};

describe("IPVS' sets and chains in a real kernel", { skip: why ?? false }, () => {
  before(() => {
    execFileSync('ip', ['netns', 'add', netns]);
    // Any device can hold the addresses; not every kernel has dummies.
    inside('ip', 'link', 'add', device, 'type', 'bridge');
  });
  after(() => execFileSync('ip', ['netns', 'del', netns]));

  it('what is saved is what was wanted, and cleanup leaves nothing', async () => {
    const { servers, restoreServers } = memoryIpvs();
    const kernel = { ...kernelIpvs(enter), servers, restoreServers, nodeAddresses: () => ['192.0.2.1'] };
    const rules = await kernelRules('nft', enter);
    const backend = new IpvsBackend({ kernel, rules, render, scheduler: 'rr', excluded: [], log: silentLogger });
    const all = wantedService(
      service('all', everything, { loadBalancer: { ingress: [{ ip: '198.51.100.2' }] } }),
      [slice('all', [endpoint(1, 1), endpoint(2, 2)])],
      place,
    );
    const web = wantedService(service('web'), [slice('web', [endpoint(1, 1)])], place);
    assert.ok(all && web);
    await backend.resync([all]);
    assert.equal(await backend.intact(), true, 'after a fresh start');
    await backend.update([{ key: web.key, service: web }]);
    assert.equal(await backend.intact(), true, 'with another service');
    inside('ipset', 'del', 'KUBE-CLUSTER-IP', '10.96.0.12,tcp:443');
    assert.equal(await backend.intact(), false, 'somebody meddled');
    await backend.resync([web]);
    assert.equal(await backend.intact(), true, 'with one service less');
    assert.match(inside('ipset', 'list', 'KUBE-CLUSTER-IP'), /\n10\.96\.0\.10,tcp:80\n$/);
    await backend.cleanup();
    assert.ok(!(await rules.save()).includes('KUBE-'));
    assert.equal(inside('ipset', 'save'), '');
    assert.equal(await kernel.addresses(device), undefined);
  });
});
