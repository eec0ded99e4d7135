import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import { seededRandom, silentLogger, systemClock } from '@keelson/base';
import { eventually, SimulatedClock } from '@keelson/testing';
import { Secret } from '@keelson/types';
import { Reader, type WireValue } from '../../../http/protobuf/protobuf-wire.ts';
import { resourceOf } from '../../../open-store.ts';
import { startServer } from '../../../testing/fixture.ts';
import { createMemoryStore } from '../../memory/memory.ts';
import { EncryptingStore } from '../encrypting.ts';
import { type Encryption, openEncryption } from '../file.ts';
import { aescbc, aesgcm, isSealedWith } from '../transform.ts';
import { FakeService } from './fake-service.ts';
import { connectPlugin } from './plugin.ts';
import { KmsProvider } from './provider.ts';
import type { KmsService } from './types.ts';

const directory = await mkdtemp(join(tmpdir(), 'keelson-kms-'));
const end = new AbortController();
after(async () => {
  end.abort();
  await rm(directory, { recursive: true });
});

const bytes = (from: number, to: number): Buffer => Buffer.from(Array.from({ length: to - from }, (_, at) => from + at));
const place = '/registry/secrets/a/b';

function providerOf(service: KmsService, clock = new SimulatedClock(), secret: (length: number) => Buffer = randomBytes): KmsProvider {
  return new KmsProvider('plugin', { service, clock, secret, random: seededRandom(1), log: silentLogger });
}

test('what is stored is what others make of the same keys: cipher and protobuf bytes are those of independent programs', async () => {
  const service = new FakeService();
  service.encrypt = async () => ({
    ciphertext: Buffer.from('sealed'),
    keyID: 'key-1',
    annotations: new Map([['a.example.com', Buffer.from('b')]]),
  });
  const provider = providerOf(service, new SimulatedClock(), () => bytes(0, 32));
  await provider.check();
  const cases = [
    [
      provider.transformer(),
      bytes(32, 76),
      'azhzOmVuYzprbXM6djI6cGx1Z2luOgpBICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9AQUJDREVGR0hJSktxYUfUyh45/UZU4Hl/sqtrQ6VcuK8SBWtleS0xGgZzZWFsZWQiEgoNYS5leGFtcGxlLmNvbRIBYigB',
    ],
    [aesgcm('k', bytes(0, 32)), bytes(64, 76), 'azhzOmVuYzphZXNnY206djE6azpAQUJDREVGR0hJSkuU2MJWQ1C66DzMei0E3WqCw74XQlM='],
    [aescbc('k', bytes(0, 32)), bytes(0, 16), 'azhzOmVuYzphZXNjYmM6djE6azoAAQIDBAUGBwgJCgsMDQ4PyxqAwygOjo7c7vUUsbO0CA=='],
  ] as const;
  for (const [transformer, nonce, expected] of cases) {
    assert.equal(transformer.nonceLength, nonce.length);
    const stored = transformer.seal(Buffer.from('value'), place, nonce);
    assert.equal(stored.toString('base64'), expected);
    assert.equal(transformer.open(stored, place).toString(), 'value');
  }
});

test('a value moved, changed, or of an older kind of key', async () => {
  const service = new FakeService();
  const writer = providerOf(service);
  await writer.check();
  const stored = writer.transformer().seal(Buffer.from('value'), place, randomBytes(44));
  const reader = providerOf(service).transformer();
  await reader.prepare?.(stored);
  assert.equal(reader.prepare?.(stored), undefined, 'asked once');
  assert.equal(service.opened, 1);
  assert.equal(reader.open(stored, place).toString(), 'value');
  assert.throws(() => reader.open(stored, `${place}c`));
  assert.ok(!isSealedWith(stored, { ...reader, prefix: Buffer.from('k8s:enc:kms:v2:other:') }));
});

test('while its service does not answer, values are read, and written for three minutes', async () => {
  const [service, clock] = [new FakeService(), new SimulatedClock()];
  const provider = providerOf(service, clock);
  const seal = () => provider.transformer().seal(Buffer.from('value'), place, randomBytes(44));
  assert.throws(seal, /got unexpected nil transformer/);
  await provider.check();
  const stored = seal();
  service.fault = 'gone';
  await clock.advance(25_000);
  await assert.rejects(provider.check(), {
    message: 'failed to perform status section of the healthz check for KMS Provider plugin, error: gone',
  });
  seal();
  await clock.advance(156_000);
  assert.throws(seal, /^Error: encryptedDEKSource with keyID hash "sha256:[0-9a-f]{64}" expired at .* \(current time is .*\)$/);
  assert.equal(provider.transformer().open(stored, place).toString(), 'value');
  service.fault = '';
  await provider.check();
  assert.ok(provider.transformer().isCurrent?.(seal()));
  service.keyID = 'key-2';
  await clock.advance(25_000);
  await provider.check();
  assert.equal(provider.transformer().isCurrent?.(stored), false);
  service.status = async () => ({ version: 'v3', healthz: 'ill', keyID: '' });
  await clock.advance(25_000);
  await assert.rejects(provider.check(), {
    message:
      'kmsv2 Provider plugin is not healthy, error: [got unexpected healthz status: ill, expected KMSv2 API version v2, got v3, got invalid KMSv2 KeyID hash "": keyID is empty]',
  });
});

/** A plugin behind a real socket, that seals with a key of its own. */
async function startPlugin(path: string): Promise<{ keyID: string; decrypted: number; stop: () => void }> {
  const key = randomBytes(32);
  const state = { keyID: 'key-1', decrypted: 0, stop: () => server.forceShutdown() };
  const field = (number: number, value: Buffer | string): Buffer => {
    const content = Buffer.from(value);
    return Buffer.concat([Buffer.of((number << 3) | 2, content.length), content]);
  };
  const raw = (bytes: Buffer): Buffer => bytes;
  const method = (name: string) => ({
    ...{ path: `/v2.KeyManagementService/${name}`, requestStream: false, responseStream: false },
    ...{ requestSerialize: raw, requestDeserialize: raw, responseSerialize: raw, responseDeserialize: raw },
  });
  const definition: ServiceDefinition = { Status: method('Status'), Encrypt: method('Encrypt'), Decrypt: method('Decrypt') };
  const answering =
    (answer: (fields: Map<number, WireValue[]>) => Buffer) =>
    ({ request }: { request: Buffer }, done: (error: null, bytes: Buffer) => void): void =>
      done(null, answer(new Reader(request).fields()));
  const first = (fields: Map<number, WireValue[]>): Buffer => fields.get(1)?.[0] as Buffer;
  const server = new Server();
  server.addService(definition, {
    Status: answering(() => Buffer.concat([field(1, 'v2'), field(2, 'ok'), field(3, state.keyID)])),
    Encrypt: answering((fields) => {
      const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
      return Buffer.concat([field(1, cipher.update(first(fields))), field(2, state.keyID)]);
    }),
    Decrypt: answering((fields) => {
      state.decrypted++;
      return field(1, createDecipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(first(fields)));
    }),
  });
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
  );
  return state;
}

const configuration = (providers: readonly object[]): string =>
  JSON.stringify({
    kind: 'EncryptionConfiguration',
    apiVersion: 'apiserver.config.k8s.io/v1',
    resources: [{ resources: ['secrets'], providers }],
  });

test('secrets are sealed by a plugin: two servers read each other, its key is followed, and /healthz tells of it', async () => {
  const socket = join(directory, 'kms.sock');
  const plugin = await startPlugin(socket);
  const file = join(directory, 'one.yaml');
  await writeFile(file, configuration([{ kms: { apiVersion: 'v2', name: 'p', endpoint: `unix://${socket}` } }, { identity: {} }]));
  const inner = createMemoryStore();
  const open = async () => {
    const encryption = await openEncryption({
      ...{ file, reload: false, clock: systemClock, random: seededRandom(1), log: silentLogger, signal: end.signal },
    });
    const store = new EncryptingStore(inner, { rules: encryption.rules, resourceOf: resourceOf(), nonce: randomBytes });
    return startServer({ store, isStale: (key) => store.isStale(key), checks: encryption.checks });
  };
  const stored = async (): Promise<string> => (await inner.get('/registry/secrets/default/s'))?.value.toString('latin1') ?? '';
  const metadata = { name: 's', namespace: 'default' };
  const one = await open();
  await one.api.create(Secret, { metadata, stringData: { a: 'b' } });
  assert.match(await stored(), /^k8s:enc:kms:v2:p:/);
  assert.equal(plugin.decrypted, 0);
  const two = await open();
  assert.equal((await two.api.get(Secret, metadata)).data?.a, 'Yg==');
  assert.equal(plugin.decrypted, 1);
  assert.equal((await two.send('GET', '/healthz/kms-providers')).text, 'ok');
  assert.match((await two.send('GET', '/readyz?verbose')).text, /\[\+\]kms-providers ok/);
  plugin.keyID = 'key-2';
  const three = await open();
  await three.api.update(Secret, await three.api.get(Secret, metadata));
  assert.match(await stored(), /key-2/);
  plugin.stop();
  await Promise.all([one, two, three].map((server) => server.close()));
});

test('a service that cannot be reached is told of, in the words of its socket', async () => {
  const service = connectPlugin({ name: 'p', endpoint: `unix://${join(directory, 'none.sock')}`, timeout: 2_000 }, systemClock);
  await assert.rejects(
    providerOf(service).check(),
    /failed to perform status section of the healthz check for KMS Provider plugin, error: rpc error: code = Unavailable desc = /,
  );
  service.close();
});

test('a file that changed is read again, and holds once its services are well', async () => {
  const clock = new SimulatedClock();
  const file = join(directory, 'two.yaml');
  const service = new FakeService();
  const write = async (providers: readonly object[]): Promise<void> => {
    await writeFile(`${file}.new`, configuration(providers));
    await rename(`${file}.new`, file);
  };
  const key = { keys: [{ name: 'k', secret: Buffer.alloc(32).toString('base64') }] };
  await write([{ identity: {} }]);
  const encryption: Encryption = await openEncryption({
    ...{ file, reload: true, clock, random: seededRandom(1), log: silentLogger, signal: end.signal, connect: () => service },
  });
  const prefixes = (): string[] => encryption.rules().flatMap(({ transformers }) => transformers.map(({ prefix }) => prefix.toString()));
  const becomes = (expected: readonly string[]): Promise<true> =>
    eventually(async () => {
      await clock.advance(5_000);
      return prefixes().join() === expected.join();
    });
  assert.deepEqual(
    encryption.checks.map(({ name }) => name),
    ['kms-providers'],
  );
  await write([{ aescbc: key }, { identity: {} }]);
  await becomes(['k8s:enc:aescbc:v1:k:', '']);
  service.fault = 'gone';
  await write([{ kms: { apiVersion: 'v2', name: 'p', endpoint: 'unix:///x' } }]);
  for (let minute = 0; minute < 3; minute++) await clock.advance(60_000);
  assert.deepEqual(prefixes(), ['k8s:enc:aescbc:v1:k:', ''], 'not while it is not well');
  service.fault = '';
  await becomes(['k8s:enc:kms:v2:p:']);
  await encryption.checks[0]?.check();
});
