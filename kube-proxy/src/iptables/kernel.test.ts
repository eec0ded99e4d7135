import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { wantedService } from '../model/services.ts';

import { endpoint, place, render, service, slice } from '../testdata.ts';
import { fullChange, serviceChange } from './change.ts';
import { cleanup } from './cleanup.ts';
import type { Rules } from './contract.ts';
import { type Flavour, kernelRules } from './kernel.ts';
import { noRules, type ServiceRules } from './rules.ts';
import { parseSave } from './save.ts';
import { script } from './script.ts';
import { renderService } from './service.ts';

const why = impediment();
if (why) console.error(`SKIPPED: kube-proxy rules in a real kernel: ${why}`);

function impediment(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  try {
    for (const probe of ['iptables-nft', 'iptables-legacy', 'socat'])
      execFileSync(probe, [probe === 'socat' ? '-V' : '--version'], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'add', `kpt-probe-${process.pid}`], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'del', `kpt-probe-${process.pid}`], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'needs iptables-nft, iptables-legacy, socat and the right to make network namespaces';
  }
}

/** A node's namespace with two pods behind a bridge and an outside client, all leading nowhere else. */
const names = {
  node: `kpt-node-${process.pid}`,
  pod1: `kpt-p1-${process.pid}`,
  pod2: `kpt-p2-${process.pid}`,
  out: `kpt-out-${process.pid}`,
};
const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });
const inside = (name: string, ...command: string[]): string =>
  execFileSync('ip', ['netns', 'exec', name, ...command], { encoding: 'utf8' });
const servers: ChildProcess[] = [];

function build(): void {
  for (const name of Object.values(names)) {
    ip('netns', 'add', name);
    inside(name, 'ip', 'link', 'set', 'lo', 'up');
  }
  inside(names.node, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  inside(names.node, 'ip', 'link', 'add', 'br0', 'type', 'bridge');
  inside(names.node, 'ip', 'addr', 'add', '10.244.1.254/24', 'dev', 'br0');
  inside(names.node, 'ip', 'link', 'set', 'br0', 'up');
  for (const [i, pod] of [names.pod1, names.pod2].entries()) {
    connect(pod, `p${i}`, `10.244.1.${i + 1}/24`, '10.244.1.254');
    inside(names.node, 'ip', 'link', 'set', `p${i}`, 'master', 'br0');
    inside(names.node, 'bridge', 'link', 'set', 'dev', `p${i}`, 'hairpin', 'on');
    servers.push(
      spawn('ip', ['netns', 'exec', pod, 'socat', 'TCP-LISTEN:8080,fork,reuseaddr', `SYSTEM:echo pod${i + 1} $SOCAT_PEERADDR`], {
        stdio: 'ignore',
      }),
    );
  }
  connect(names.out, 'out', '192.0.2.2/24', '192.0.2.1');
  inside(names.node, 'ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'out');
  // The kernel looks for a route before it translates what the node itself sends; here no default route serves.
  inside(names.node, 'ip', 'route', 'add', '10.96.0.0/16', 'dev', 'out');
}

function connect(name: string, link: string, address: string, gateway: string): void {
  ip('link', 'add', link, 'netns', names.node, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  inside(names.node, 'ip', 'link', 'set', link, 'up');
  inside(name, 'ip', 'addr', 'add', address, 'dev', 'eth0');
  inside(name, 'ip', 'link', 'set', 'eth0', 'up');
  inside(name, 'ip', 'route', 'add', '10.0.0.0/8', 'via', gateway);
  inside(name, 'ip', 'route', 'replace', '192.0.2.0/24', ...(name === names.out ? ['dev', 'eth0'] : ['via', gateway]));
}

/** What the server says to a client in `from`; the connection's failure as text when there is none. */
function ask(from: string, address: string): string {
  try {
    return execFileSync('ip', ['netns', 'exec', from, 'socat', '-T2', '-', `TCP:${address},connect-timeout=2`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  } catch (error) {
    return /refused|timed out|unreachable/i.exec(String((error as { stderr?: unknown }).stderr))?.[0] ?? 'failed';
  }
}

const rulesOf = (...args: Parameters<typeof wantedService>): ServiceRules => {
  const wanted = wantedService(...args);
  return wanted ? renderService(wanted, render) : noRules;
};

const endpoints = [endpoint(1, 1), endpoint(1, 2)];
const nodePort = service('web', { type: 'NodePort', ports: [{ name: 'p', port: 80, nodePort: 30080, protocol: 'TCP' }] });
const web = rulesOf(nodePort, [slice('web', endpoints)], place);
const empty = rulesOf(service('empty', { clusterIP: '10.96.0.11' }), [], place);
const everything = rulesOf(
  service(
    'all',
    {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.12',
      externalIPs: ['198.51.100.1'],
      externalTrafficPolicy: 'Local',
      internalTrafficPolicy: 'Local',
      healthCheckNodePort: 30999,
      loadBalancerSourceRanges: ['203.0.113.0/24'],
      sessionAffinity: 'ClientIP',
      ports: [{ name: 'p', port: 443, nodePort: 30443, protocol: 'TCP' }],
    },
    { loadBalancer: { ingress: [{ ip: '198.51.100.2' }] } },
  ),
  [slice('all', [endpoint(1, 1), endpoint(2, 2), endpoint(3, 3)])],
  place,
);
const udp = rulesOf(
  service('dns', {
    clusterIP: '10.96.0.13',
    ports: [
      { name: 'p', port: 53, protocol: 'UDP' },
      { port: 54, protocol: 'UDP' },
    ],
  }),
  [slice('dns', endpoints, 53, 'UDP')],
  place,
);

async function full(rules: Rules, services: readonly ServiceRules[], options = render): Promise<number> {
  const changes = fullChange(parseSave(await rules.save()), options, services);
  for (const change of changes) await rules.restore(script([change]));
  return changes.length;
}

describe('rules in a real kernel', { skip: why ?? false }, () => {
  before(build);
  after(() => {
    for (const server of servers) server.kill();
    for (const name of Object.values(names)) ip('netns', 'del', name);
  });

  for (const flavour of ['nft', 'legacy'] satisfies Flavour[]) {
    it(`${flavour}: what is saved is what was wanted, and cleanup leaves nothing`, async () => {
      const rules = await kernelRules(flavour, ['ip', 'netns', 'exec', names.node]);
      const options = { ...render, masqueradeEgress: true };
      await full(rules, [web, empty, everything, udp], options);
      assert.deepEqual(fullChange(parseSave(await rules.save()), options, [web, empty, everything, udp]), []);
      await rules.restore(script([serviceChange(everything, noRules), serviceChange(udp, noRules), serviceChange(empty, noRules)]));
      assert.deepEqual(fullChange(parseSave(await rules.save()), options, [web]), []);
      await cleanup(rules);
      assert.ok(!(await rules.save()).includes('KUBE-'));
    });

    it(`${flavour}: cluster IP and node port reach both pods, the rest is refused`, async () => {
      const rules = await kernelRules(flavour, ['ip', 'netns', 'exec', names.node]);
      await full(rules, [web, empty]);
      const asked = (from: string, address: string): string[] => Array.from({ length: 16 }, () => ask(from, address));
      assert.deepEqual(new Set(asked(names.node, '10.96.0.10:80').map((answer) => answer.split(' ')[0])), new Set(['pod1', 'pod2']));
      assert.deepEqual(
        new Set(asked(names.pod1, '10.96.0.10:80')),
        new Set(['pod1 10.244.1.254', 'pod2 10.244.1.1']),
        'hairpin is masqueraded, the rest is not',
      );
      assert.deepEqual(new Set(asked(names.out, '192.0.2.1:30080')), new Set(['pod1 10.244.1.254', 'pod2 10.244.1.254']));
      assert.equal(ask(names.node, '10.96.0.11:80'), 'refused', 'no endpoints');
      assert.equal(ask(names.pod1, '10.96.77.77:80'), 'refused', 'unassigned, from a pod');
      assert.equal(ask(names.node, '10.96.77.77:80'), 'refused', 'unassigned, from the node');
      await cleanup(rules);
    });
  }
});
