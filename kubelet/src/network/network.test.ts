import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Run, runCommand } from './command.ts';
import { cniConflist } from './conflist.ts';
import { hostPortLeftovers } from './hostports.ts';
import { syncHostRoutes } from './hostroutes.ts';
import { teardown, writeConflist } from './kubenet.ts';
import { parseRoutes, planRoutes, wantedRoutes } from './routes.ts';

test('the network list names the bridge, the ranges and a default route of each family', () => {
  const list = JSON.parse(cniConflist({ podCidrs: ['10.1.0.0/24', 'fd00::/64'], bridge: 'cni0', mtu: 1450, ipamDir: '/x/ipam' }));
  assert.deepEqual(list.plugins, [
    {
      type: 'bridge',
      bridge: 'cni0',
      mtu: 1450,
      isGateway: true,
      ipMasq: false,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        dataDir: '/x/ipam',
        ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00::/64' }]],
        routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true }, snat: true },
  ]);
});

test('routes lead to the other nodes that have a range and an address of its family', () => {
  const nodes = [
    { name: 'a', addresses: ['192.168.0.1'], podCidrs: ['10.1.0.0/24'] },
    { name: 'b', addresses: ['192.168.0.2', 'fd01::2'], podCidrs: ['10.1.1.0/24', 'fd00:1::/64'] },
    { name: 'c', addresses: ['192.168.0.3'], podCidrs: [] },
    { name: 'd', addresses: ['fd01::4'], podCidrs: ['10.1.3.0/24'] },
  ];
  assert.deepEqual(wantedRoutes(nodes, 'a'), [
    { destination: '10.1.1.0/24', via: '192.168.0.2' },
    { destination: 'fd00:1::/64', via: 'fd01::2' },
  ]);
});

test('only what differs is changed', () => {
  const route = (destination: string, via: string) => ({ destination, via });
  const present = [route('10.1.1.0/24', '192.168.0.2'), route('10.1.2.0/24', '192.168.0.3'), route('10.1.9.0/24', '192.168.0.9')];
  const wanted = [route('10.1.1.0/24', '192.168.0.2'), route('10.1.2.0/24', '192.168.0.33'), route('10.1.4.0/24', '192.168.0.4')];
  assert.deepEqual(planRoutes(wanted, present), { replace: [wanted[1], wanted[2]], remove: [present[2]] });
});

test('what ip prints is read, also when there is nothing', () => {
  assert.deepEqual(parseRoutes(''), []);
  assert.deepEqual(parseRoutes('[{"dst":"10.1.1.7","gateway":"192.168.0.2"},{"dst":"default"}]'), [
    { destination: '10.1.1.7/32', via: '192.168.0.2' },
  ]);
});

test('chains of host ports go when no pod has one', () => {
  const idle = [
    '-P PREROUTING ACCEPT',
    '-N CNI-HOSTPORT-DNAT',
    '-N CNI-HOSTPORT-MASQ',
    '-N KUBE-SERVICES',
    '-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
    '-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ',
    '-A PREROUTING -j KUBE-SERVICES',
    '-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE',
  ].join('\n');
  assert.deepEqual(
    hostPortLeftovers(idle).map((words) => words.slice(2).join(' ')),
    [
      '-D PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
      '-D POSTROUTING -m comment --comment CNI portfwd requiring masquerade -j CNI-HOSTPORT-MASQ',
      '-F CNI-HOSTPORT-DNAT',
      '-F CNI-HOSTPORT-MASQ',
      '-X CNI-HOSTPORT-DNAT',
      '-X CNI-HOSTPORT-MASQ',
    ],
  );
  assert.deepEqual(hostPortLeftovers(`${idle}\n-A CNI-HOSTPORT-DNAT -p tcp -j CNI-DN-1`), []);
  assert.deepEqual(hostPortLeftovers('-P PREROUTING ACCEPT'), []);
});

const privileged = process.getuid?.() === 0 && process.platform === 'linux';

test('routes, forwarding and teardown in a namespace of their own', { skip: privileged ? false : 'needs root on Linux' }, async (t) => {
  const name = `kubenet-${process.pid}`;
  const directory = await mkdtemp(join(tmpdir(), 'kubenet-'));
  await runCommand('ip', ['netns', 'add', name]);
  t.after(async () => {
    await runCommand('ip', ['netns', 'delete', name]);
    await rm(directory, { recursive: true });
  });
  const inside: Run = (file, args) => runCommand('nsenter', [`--net=/run/netns/${name}`, file, ...args]);
  const routes = async () =>
    parseRoutes(await inside('ip', ['-j', 'route', 'show'])).map(({ destination, via }) => `${destination} ${via}`);
  await inside('ip', ['link', 'add', 'cni9', 'type', 'bridge']);
  await inside('ip', ['address', 'add', '192.168.7.1/24', 'dev', 'cni9']);
  await inside('ip', ['link', 'set', 'cni9', 'up']);
  await inside('ip', ['route', 'add', '10.9.0.0/24', 'via', '192.168.7.9']);

  await syncHostRoutes(
    [
      { destination: '10.1.1.0/24', via: '192.168.7.2' },
      { destination: '10.1.2.0/24', via: '192.168.7.3' },
    ],
    inside,
  );
  await syncHostRoutes([{ destination: '10.1.1.0/24', via: '192.168.7.4' }], inside);
  assert.deepEqual(await routes(), ['10.1.1.0/24 192.168.7.4', '10.9.0.0/24 192.168.7.9']);

  const kubenet = fileURLToPath(new URL('./kubenet.ts', import.meta.url));
  const code = `import { enableForwarding } from ${JSON.stringify(kubenet)}; await enableForwarding(['10.1.0.0/24']);`;
  await inside(process.execPath, ['--input-type=module', '--eval', code]);
  assert.equal((await inside('cat', ['/proc/sys/net/ipv4/ip_forward'])).trim(), '1');
  assert.equal((await inside('cat', ['/proc/sys/net/bridge/bridge-nf-call-iptables'])).trim(), '1');

  const config = { podCidrs: ['10.1.0.0/24'], bridge: 'cni9', mtu: 1500, ipamDir: join(directory, 'ipam') };
  const path = await writeConflist(join(directory, 'cni'), config);
  assert.equal(await readFile(path, 'utf8'), cniConflist(config));
  await teardown({ confDir: join(directory, 'cni'), ipamDir: config.ipamDir, bridge: 'cni9' }, inside);
  assert.deepEqual(await readdir(join(directory, 'cni')), []);
  assert.deepEqual(await routes(), []);
  assert.doesNotMatch(execFileSync('nsenter', [`--net=/run/netns/${name}`, 'ip', 'link'], { encoding: 'utf8' }), /cni9/);
  await teardown({ confDir: join(directory, 'cni'), ipamDir: config.ipamDir, bridge: 'cni9' }, inside);
});
