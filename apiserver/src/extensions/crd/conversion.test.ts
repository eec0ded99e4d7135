import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { systemClock } from '@keelson/base';
import { createCA, issue } from '@keelson/pki';
import { eventually } from '@keelson/testing';
import { Service } from '@keelson/types';
import { type Fixture, startServer } from '../../testing/fixture.ts';

interface Pet {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly hostPort?: string;
  readonly host?: string;
  readonly port?: string;
}

let server: Fixture;
let asked = 0;
const hook = { close: () => {} };
let conversion: object;
/** Takes the place of parts of the answer. */
let spoiled: object = {};
/** What is answered instead. */
let refusing: { readonly code: number; readonly text: string } | undefined;

/** v1 has `hostPort`, v2 has `host` and `port`. */
function convert(pet: Pet, apiVersion: string): Pet {
  const { hostPort, host, port, ...rest } = pet;
  if (apiVersion.endsWith('/v1')) return { ...rest, apiVersion, hostPort: `${host}:${port}` };
  const [h = '', p = ''] = (hostPort ?? '').split(':');
  return { ...rest, apiVersion, host: h, port: p };
}

before(async () => {
  server = await startServer();
  const clock = systemClock;
  const ca = await createCA({ commonName: 'hook-ca', days: 1, clock });
  const tls = await issue({ ca, commonName: 'hook', dnsNames: ['convert.default.svc'], usages: ['server'], days: 1, clock });
  const listener = createServer({ cert: tls.certPem, key: tls.keyPem }, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const review = JSON.parse(Buffer.concat(chunks).toString()) as {
      apiVersion: string;
      request: { uid: string; desiredAPIVersion: string; objects: Pet[] };
    };
    asked++;
    if (refusing) {
      response.writeHead(refusing.code).end(refusing.text);
      return;
    }
    const { uid, desiredAPIVersion, objects } = review.request;
    const convertedObjects = objects.map((pet) => convert(pet, desiredAPIVersion));
    const answer = {
      kind: 'ConversionReview',
      apiVersion: review.apiVersion,
      response: { uid, result: { status: 'Success' }, convertedObjects, ...spoiled },
    };
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  hook.close = () => {
    listener.closeAllConnections();
    listener.close();
  };
  const { port } = listener.address() as AddressInfo;
  const clientConfig = {
    service: { name: 'convert', namespace: 'default', path: '/', port },
    caBundle: Buffer.from(ca.certPem).toString('base64'),
  };
  conversion = { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } };
  await server.api.create(Service, {
    metadata: { name: 'convert', namespace: 'default' },
    spec: { type: 'ExternalName', externalName: '127.0.0.1' },
  });
});
after(async () => {
  hook.close();
  await server.close();
});

const schema = (...names: string[]): object => ({
  openAPIV3Schema: { type: 'object', properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) },
});

test('a webhook turns stored objects into the version that is read, one and many, read and watched', async () => {
  const versions = [
    { name: 'v1', served: true, storage: true, schema: schema('hostPort') },
    { name: 'v2', served: true, storage: false, schema: schema('host', 'port') },
  ];
  const spec = { group: 'pets.example.com', scope: 'Namespaced', names: { plural: 'pets', kind: 'Pet' }, versions, conversion };
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  await server.send('POST', definitions, { metadata: { name: 'pets.pets.example.com' }, spec });
  const at = (version: string): string => `/apis/pets.example.com/${version}/namespaces/default/pets`;
  await eventually(async () => (await server.send('GET', at('v2'))).status === 200, { message: 'pets are served' });
  const first = { apiVersion: 'pets.example.com/v1', kind: 'Pet', metadata: { name: 'one' }, hostPort: 'here:80' };
  assert.equal((await server.send('POST', at('v1'), first)).json<Pet>().hostPort, 'here:80');
  const second = { apiVersion: 'pets.example.com/v2', kind: 'Pet', metadata: { name: 'two' }, host: 'there', port: '81' };
  const made = await server.send('POST', at('v2'), second);
  assert.equal(made.json<Pet>().host, 'there', made.text);
  const { items } = (await server.send('GET', at('v2'))).json<{ items: Pet[] }>();
  assert.deepEqual(
    items.map(({ apiVersion, host, port }) => [apiVersion, host, port]),
    [
      ['pets.example.com/v2', 'here', '80'],
      ['pets.example.com/v2', 'there', '81'],
    ],
  );
  assert.equal((await server.send('GET', `${at('v1')}/two`)).json<Pet>().hostPort, 'there:81');
  const before = asked;
  await server.send('GET', at('v2'));
  assert.equal(asked, before, 'what was converted once is kept');
  const watched = await server.send('GET', `${at('v2')}?watch=1&timeoutSeconds=1`);
  const events = watched.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; object: Pet });
  assert.deepEqual(
    events.map(({ type, object }) => [type, object.host]),
    [
      ['ADDED', 'here'],
      ['ADDED', 'there'],
    ],
  );
});

test('what is only tried is converted, too', async () => {
  const path = '/apis/pets.example.com/v2/namespaces/default/pets/one?dryRun=All';
  const tried = await server.send('PATCH', path, { host: 'nowhere' }, { 'content-type': 'application/merge-patch+json' });
  assert.equal(tried.json<Pet>().host, 'nowhere');
});

test('what a webhook may not answer is told in upstream’s words', async () => {
  const converted = { apiVersion: 'pets.example.com/v2', kind: 'Pet' };
  const table: readonly [object, string][] = [
    [{ result: { status: 'Failure', message: 'no way' } }, ' failed: no way'],
    [{ result: { status: 'Failure' } }, " failed: response.result.status was 'Failure', not 'Success'"],
    [{ result: {} }, " failed: response.result.status was '', not 'Success'"],
    [{ convertedObjects: [] }, ' returned 0 objects, expected 1'],
    [
      { convertedObjects: [{ ...converted, apiVersion: 'pets.example.com/v1' }] },
      ' returned invalid object at index 0: invalid groupVersion (expected pets.example.com/v2, received pets.example.com/v1)',
    ],
    [
      { convertedObjects: [{ ...converted, kind: 'Cat' }] },
      ' returned invalid object at index 0: invalid kind (expected Pet, received Cat)',
    ],
    [{ convertedObjects: [converted] }, ' returned invalid object: must have the same name: odd != '],
  ];
  const at = (version: string): string => `/apis/pets.example.com/${version}/namespaces/default/pets`;
  const odd = { apiVersion: 'pets.example.com/v1', kind: 'Pet', metadata: { name: 'odd' }, hostPort: 'here:80' };
  await server.send('POST', at('v1'), odd);
  for (const [part, why] of table) {
    spoiled = part;
    const answer = await server.send('GET', `${at('v2')}/odd`);
    const { message, reason } = answer.json<{ message: string; reason?: string }>();
    assert.deepEqual([answer.status, message, reason], [500, `conversion webhook for pets.example.com/v1, Kind=Pet${why}`, undefined]);
  }
  spoiled = {};
});

test('a webhook that answers with no review says why, or its code does', async () => {
  const table: readonly [number, string, string][] = [
    [404, 'not here', 'the server could not find the requested resource'],
    [400, JSON.stringify({ kind: 'Status', apiVersion: 'v1', message: 'told' }), 'told'],
    [500, 'boom', 'an error on the server ("boom") has prevented the request from succeeding'],
    [200, '', '0-length response with status code: 200 and content type: '],
  ];
  for (const [code, text, why] of table) {
    refusing = { code, text };
    const made = { apiVersion: 'pets.example.com/v2', kind: 'Pet', metadata: { name: 'three' }, host: 'there', port: '81' };
    const answer = await server.send('POST', '/apis/pets.example.com/v2/namespaces/default/pets', made);
    const message = `conversion webhook for pets.example.com/v2, Kind=Pet failed: ${why}`;
    assert.deepEqual([answer.status, answer.json<{ message: string }>().message], [500, message]);
  }
  refusing = undefined;
});
