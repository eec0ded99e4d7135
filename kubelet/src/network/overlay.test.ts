import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { syncHostRoutes } from './hostroutes.ts';
import {
  macOf,
  type Overlay,
  type OverlayState,
  overlayRoutes,
  parseDevice,
  parseForwarding,
  parseNeighbours,
  planOverlay,
  type Vtep,
  vtepOf,
} from './overlay.ts';

const vtep = (node: number, range = node): Vtep => {
  const found = vtepOf({ addresses: [`192.168.0.${node}`], podCidrs: [`10.1.${range}.0/24`] });
  assert.ok(found);
  return found;
};

describe('a node of the overlay', () => {
  test('is named by its Node object alone', () => {
    assert.deepEqual(vtepOf({ addresses: ['fd00::1', '192.168.0.10'], podCidrs: ['fd01::/64', '10.1.3.0/24'] }), {
      podCidr: '10.1.3.0/24',
      inner: '10.1.3.0',
      outer: '192.168.0.10',
      mac: '02:6b:c0:a8:00:0a',
    });
    assert.equal(macOf('10.0.0.255'), '02:6b:0a:00:00:ff');
  });

  test('that has no range yet, or no IPv4, has no part in it', () => {
    assert.equal(vtepOf({ addresses: ['192.168.0.1'], podCidrs: [] }), undefined);
    assert.equal(vtepOf({ addresses: ['fd00::1'], podCidrs: ['10.1.0.0/24'] }), undefined);
  });
});

describe('the plan', () => {
  const wanted: Overlay = { own: vtep(1), peers: [vtep(2)], mtu: 1450 };
  const none: OverlayState = { neighbours: new Map(), forwarding: new Map() };

  test('of a new overlay', () => {
    assert.deepEqual(
      planOverlay(wanted, none).map((command) => command.join(' ')),
      [
        'ip link add keelson.1 address 02:6b:c0:a8:00:01 mtu 1450 type vxlan id 1 local 192.168.0.1 dstport 8472 nolearning',
        'ip address add 10.1.1.0/32 dev keelson.1',
        'ip link set keelson.1 up',
        'ip neighbour replace 10.1.2.0 lladdr 02:6b:c0:a8:00:02 dev keelson.1 nud permanent',
        'bridge fdb replace 02:6b:c0:a8:00:02 dev keelson.1 dst 192.168.0.2',
      ],
    );
  });

  test('of no overlay', () => {
    assert.deepEqual(planOverlay(undefined, none), []);
    assert.deepEqual(planOverlay(undefined, applied(none, wanted)), [['ip', 'link', 'delete', 'keelson.1']]);
  });

  test('leads to what is wanted from anything, and then has nothing to do', () => {
    const seed = 7;
    const random = seededRandom(seed);
    const pick = (most: number): number => 1 + Math.floor(random.next() * most);
    let state = none;
    for (let round = 0; round < 300; round += 1) {
      // A range belongs to one node.
      const ranges = new Map(Array.from({ length: pick(6) }, () => [pick(20), pick(9) + 10]));
      const peers = new Map([...ranges].map(([range, node]) => [node, range]));
      const next: Overlay = {
        own: vtep(pick(2), pick(3) + 100),
        peers: [...peers].map(([node, range]) => vtep(node, range)),
        mtu: pick(2) * 1000,
      };
      state = applied(state, next);
      assert.deepEqual(planOverlay(next, state), [], `seed ${seed}, round ${round}`);
      assert.deepEqual([...state.neighbours.keys()].sort(), [...new Set(next.peers.map(({ inner }) => inner))].sort());
      assert.deepEqual([...state.forwarding.values()].sort(), next.peers.map(({ outer }) => outer).sort());
    }
  });
});

/** What the kernel makes of the plan's commands. */
function applied(before: OverlayState, wanted: Overlay): OverlayState {
  let device = before.device;
  let neighbours = new Map(before.neighbours);
  let forwarding = new Map(before.forwarding);
  const after = (words: readonly string[], word: string): string => words[words.indexOf(word) + 1] ?? '';
  for (const words of planOverlay(wanted, before)) {
    const [file, object, verb, subject = ''] = words;
    const inner = subject.replace('/32', '');
    if (object === 'link' && verb === 'delete') [device, neighbours, forwarding] = [undefined, new Map(), new Map()];
    if (object === 'link' && verb === 'add')
      device = { outer: after(words, 'local'), mac: after(words, 'address'), mtu: Number(after(words, 'mtu')), inner: [] };
    if (object === 'address' && device)
      device = { ...device, inner: verb === 'add' ? [...device.inner, inner] : device.inner.filter((one) => one !== inner) };
    if (object === 'neighbour' && verb === 'replace') neighbours.set(inner, after(words, 'lladdr'));
    if (object === 'neighbour' && verb === 'delete') assert.ok(neighbours.delete(inner));
    if (file === 'bridge' && verb === 'replace') forwarding.set(subject, after(words, 'dst'));
    if (file === 'bridge' && verb === 'delete') assert.ok(forwarding.delete(subject));
  }
  return { ...(device && { device }), neighbours, forwarding };
}

describe('what the kernel has', () => {
  test('is read from what ip and bridge print', () => {
    const info = '"linkinfo":{"info_kind":"vxlan","info_data":{"id":1,"local":"192.168.0.1","port":8472}}';
    const addresses = '"addr_info":[{"family":"inet","local":"10.1.1.0"},{"family":"inet6","local":"fe80::1"}]';
    assert.deepEqual(parseDevice(`[{},{"ifname":"keelson.1","mtu":1450,"address":"02:6b:c0:a8:00:01",${info},${addresses}}]`), {
      outer: '192.168.0.1',
      mac: '02:6b:c0:a8:00:01',
      mtu: 1450,
      inner: ['10.1.1.0'],
    });
    assert.equal(parseDevice(''), undefined);
    assert.equal(parseDevice('[{"ifname":"flannel.1"}]'), undefined);
    const neighbours = '[{"dst":"10.1.2.0","lladdr":"aa","state":["PERMANENT"]},{"dst":"10.1.3.0","lladdr":"bb","state":["STALE"]}]';
    assert.deepEqual(parseNeighbours(neighbours), new Map([['10.1.2.0', 'aa']]));
    assert.deepEqual(parseForwarding('[{"mac":"aa","dst":"192.168.0.2"},{"mac":"33:33:00:00:00:01"}]'), new Map([['aa', '192.168.0.2']]));
  });
});

test('routes lead through the interface to addresses that only it knows', async () => {
  const commands: string[] = [];
  await syncHostRoutes(overlayRoutes({ peers: [vtep(2)] }), async (file, args) => {
    commands.push([file, ...args].join(' '));
    return '';
  });
  assert.equal(commands.at(-1), 'ip -4 route replace 10.1.2.0/24 via 10.1.2.0 dev keelson.1 onlink proto 178');
});
