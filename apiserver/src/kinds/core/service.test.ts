import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Service, type Status } from '@keelson/types';
import { type Answer, type Fixture, startServer } from '../../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer({ serviceCIDR: '10.10.0.0/24', nodePorts: { from: 30_000, to: 30_009 } });
});
after(() => server.close());

const namespace = 'default';
const path = '/api/v1/namespaces/default/services';
const post = (name: string, spec: object): Promise<Answer> =>
  server.send('POST', path, { metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });
const created = async (name: string, spec: object = {}): Promise<Service> => {
  const answer = await post(name, spec);
  assert.equal(answer.status, 201, answer.text);
  return answer.json<Service>();
};
const message = async (answer: Promise<Answer>): Promise<string> => (await answer).json<Status>().message ?? '';
const remove = (name: string): Promise<unknown> => server.api.delete(Service, { name, namespace });

test('every service gets an address of its own, of the upper part of the range', async () => {
  const services = await Promise.all(Array.from({ length: 100 }, (_, n) => created(`many-${n}`)));
  const ips = services.map(({ spec }) => spec?.clusterIP ?? '');
  assert.equal(new Set(ips).size, 100);
  assert.ok(
    ips.every((ip) => /^10\.10\.0\.\d+$/.test(ip) && Number(ip.split('.')[3]) > 16),
    ips.join(),
  );
  assert.deepEqual(services[0]?.spec?.clusterIPs, [ips[0]]);
  await Promise.all(services.map(({ metadata }) => remove(metadata.name ?? '')));
});

test('a named address is taken once, and free again when its service is gone', async () => {
  const wish = { clusterIP: '10.10.0.10' };
  const both = await Promise.all([post('one', wish), post('two', wish)]);
  assert.deepEqual(both.map(({ status }) => status).sort(), [201, 422]);
  const refused = both.find(({ status }) => status === 422)?.json<Status>();
  assert.match(
    refused?.message ?? '',
    /^Service "(one|two)" is invalid: spec\.clusterIPs: Invalid value: \["10\.10\.0\.10"\]: failed to allocate IP 10\.10\.0\.10: provided IP is already allocated$/,
  );
  await remove(both[0]?.status === 201 ? 'one' : 'two');
  await created('one', wish);
  await remove('one');
  assert.match(
    await message(post('far', { clusterIP: '10.11.0.1' })),
    /failed to allocate IP 10\.11\.0\.1: the provided network does not match the current range$/,
  );
  assert.match(await message(post('odd', { clusterIP: 'x' })), /spec\.clusterIPs\[0\]: Invalid value: "x": must be a valid IP address/);
});

test('node ports: given, named, refused when taken or out of range, and gone with the type', async () => {
  const one = await created('np', { type: 'NodePort' });
  const port = one.spec?.ports?.[0]?.nodePort ?? 0;
  assert.ok(port >= 30_000 && port <= 30_009);
  const taken = (n: number): object => ({ type: 'NodePort', ports: [{ port: 80, nodePort: n }] });
  assert.equal(
    await message(post('np2', taken(port))),
    `Service "np2" is invalid: spec.ports[0].nodePort: Invalid value: ${port}: provided port is already allocated`,
  );
  assert.equal(
    await message(post('np2', taken(80))),
    'Service "np2" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-30009',
  );
  const udp = { type: 'NodePort', ports: [{ port: 80, protocol: 'UDP', nodePort: port }] };
  assert.match(await message(post('udp', udp)), /provided port is already allocated$/, 'a number is taken whatever its protocol');
  const names = ['tcp', 'udp'].map((name) => ({ name, port: 53, protocol: name.toUpperCase() }));
  const twins = (await created('twins', { type: 'NodePort', ports: names })).spec.ports ?? [];
  assert.equal(twins[0]?.nodePort, twins[1]?.nodePort, 'one service shares it among protocols');
  const same = await server.api.update(Service, { ...one, metadata: { ...one.metadata, labels: { a: 'b' } } });
  assert.equal(same.spec?.ports?.[0]?.nodePort, port);
  const plain = await server.api.patch(Service, { name: 'np', namespace }, 'application/merge-patch+json', {
    spec: { type: 'ClusterIP', ports: [{ port: 80 }] },
  });
  assert.equal(plain.spec?.ports?.[0]?.nodePort, undefined);
  await server.api.list(Service);
  await created('np3', taken(port));
  for (const name of ['np', 'twins', 'np3']) await remove(name);
});

test('when the ports run out, the service is refused and holds nothing', async () => {
  const ports = Array.from({ length: 10 }, (_, n) => ({ name: `p${n}`, port: 80 + n }));
  await created('all', { type: 'NodePort', ports });
  const answer = await post('none', { type: 'NodePort', clusterIP: '10.10.0.11' });
  assert.equal(answer.json<Status>().message, 'Internal error occurred: failed to allocate a nodePort: range is full');
  await created('its-address', { clusterIP: '10.10.0.11' });
  for (const name of ['all', 'its-address']) await remove(name);
});

test('dry runs and refused writes take nothing', async () => {
  for (let n = 0; n < 3; n++)
    assert.equal(
      (
        await server.send('POST', `${path}?dryRun=All`, {
          metadata: { name: 'dry' },
          spec: { clusterIP: '10.10.0.12', ports: [{ port: 80 }] },
        })
      ).status,
      201,
    );
  await created('held', { clusterIP: '10.10.0.12' });
  assert.equal((await post('held', { clusterIP: '10.10.0.13' })).status, 409);
  await created('after', { clusterIP: '10.10.0.13' });
  for (const name of ['held', 'after']) await remove(name);
});

test('an address stays with its service; headless and external ones have none', async () => {
  const service = await created('stays');
  const { clusterIP = '' } = service.spec ?? {};
  const { clusterIP: _ip, clusterIPs: _ips, ...spec } = service.spec ?? {};
  assert.equal((await server.api.update<Service>(Service, { ...service, spec })).spec?.clusterIP, clusterIP);
  assert.match(
    await message(
      server.send(
        'PATCH',
        `${path}/stays`,
        { spec: { clusterIP: '10.10.0.14', clusterIPs: ['10.10.0.14'] } },
        { 'content-type': 'application/merge-patch+json' },
      ),
    ),
    /spec\.clusterIPs\[0\]: Invalid value: \["10\.10\.0\.14"\]: may not change once set/,
  );
  const headless = await created('headless', { clusterIP: 'None' });
  assert.deepEqual([headless.spec?.clusterIP, headless.spec?.clusterIPs], ['None', ['None']]);
  await created('headless-2', { clusterIP: 'None' });
  const external = await created('external', { type: 'ExternalName', externalName: 'example.com', ports: [] });
  assert.deepEqual([external.spec?.clusterIP, external.spec?.clusterIPs], [undefined, undefined]);
});

test('what was handed out is known again after a restart', async () => {
  const { spec } = await created('restart', { clusterIP: '10.10.0.15', type: 'NodePort' });
  const again = await startServer({ store: server.store, serviceCIDR: '10.10.0.0/24', nodePorts: { from: 30_000, to: 30_009 } });
  const wish = { clusterIP: '10.10.0.15', type: 'NodePort', ports: [{ port: 80, nodePort: spec?.ports?.[0]?.nodePort }] };
  const answer = await again.send('POST', path, { metadata: { name: 'x' }, spec: wish });
  await again.close();
  assert.equal(answer.status, 422);
  assert.match(answer.text, /provided IP is already allocated.*provided port is already allocated/);
});
