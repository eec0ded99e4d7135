import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { systemClock } from '@keelson/base';
import { type OptionValues, parseFlags, resolveOptions } from '@keelson/component';
import { type Credential, createCA, issue, parseBundle } from '@keelson/pki';
import { eventually, recordingLogger, SimulatedClock } from '@keelson/testing';
import { ConfigMap } from '@keelson/types';
import { authoritiesOf } from './auth/trust.ts';
import { type CertificateFiles, followCertificateFiles, openCertificateFiles } from './certificate-files.ts';
import { listen, type RunningServer } from './http/listener/server.ts';
import { apiserverOptions } from './options.ts';
import { type Fixture, startServer } from './testing/fixture.ts';

const clock = new SimulatedClock(systemClock.now());
const log = recordingLogger();
const directory = mkdtempSync(join(tmpdir(), 'keelson-certificates-'));
const at = (name: string): string => join(directory, name);
const write = (name: string, text: string): void => writeFileSync(at(name), text);
const authority = (commonName: string): Promise<Credential> => createCA({ commonName, days: 1, clock });
const certificate = (ca: Credential, commonName: string, usage: 'client' | 'server'): Promise<Credential> =>
  issue({ ca, commonName, organizations: ['system:masters'], ips: ['127.0.0.1'], usages: [usage], days: 1, clock });

const [first, second, proxies, newProxies] = await Promise.all(['ca', 'new-ca', 'front-proxy-ca', 'new-front-proxy-ca'].map(authority));
assert.ok(first && second && proxies && newProxies);
const [serving, renewed] = [await certificate(first, 'serving', 'server'), await certificate(first, 'renewed', 'server')];
const [alice, bob] = [await certificate(first, 'alice', 'client'), await certificate(second, 'bob', 'client')];

const stop = new AbortController();
let server: Fixture;
let listener: RunningServer;
let following: Promise<void>;
before(async () => {
  write('crt', serving.certPem);
  write('key', serving.keyPem);
  write('ca', first.certPem);
  write('proxy-ca', proxies.certPem);
  const files = await open();
  server = await startServer({ clock, trust: () => files.trust.value });
  const { handle, upgrade } = server.server;
  listener = await listen({
    ...{ host: '127.0.0.1', port: 0, ...files.serving.value, clientCA: authoritiesOf(files.trust.value), handle, upgrade },
    tls: { minVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
  });
  following = followCertificateFiles(files, listener, { clock, log, signal: stop.signal });
});
after(async () => {
  stop.abort();
  await following;
  for (const socket of sockets) socket.destroy();
  await Promise.all([server.close(), listener.close()]);
  rmSync(directory, { recursive: true });
});

function open(...more: string[]): Promise<CertificateFiles> {
  const argv = [`--tls-cert-file=${at('crt')}`, `--tls-private-key-file=${at('key')}`, `--client-ca-file=${at('ca')}`];
  const parsed = parseFlags(apiserverOptions, [...argv, `--requestheader-client-ca-file=${at('proxy-ca')}`, ...more]);
  assert.ok('flags' in parsed);
  const resolved = resolveOptions('kube-apiserver', apiserverOptions, { flags: parsed.flags, env: {} });
  const { options } = resolved as { options: OptionValues<typeof apiserverOptions> };
  return openCertificateFiles(options, { host: '127.0.0.1', serviceAddress: '10.96.0.1' }, clock);
}

/** Has the files looked at until a look has told something. */
async function look(): Promise<void> {
  const { length } = log.entries;
  await eventually(async () => {
    await clock.advance(10_000);
    return log.entries.length > length;
  });
}

const sockets: TLSSocket[] = [];

async function dial(as?: Credential, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const credential = as ? { cert: as.certPem, key: as.keyPem } : {};
  const socket = connect({ host: '127.0.0.1', port: listener.port, rejectUnauthorized: false, ...credential, ...options });
  sockets.push(socket.on('error', () => undefined));
  await once(socket, 'secureConnect');
  return socket;
}

/** What is answered on a connection to one more request. */
async function ask(socket: TLSSocket, headers = ''): Promise<string> {
  let text = '';
  const hear = (chunk: Buffer): void => {
    text += chunk.toString('latin1');
  };
  socket.on('data', hear).write(`GET /api/v1/namespaces/default HTTP/1.1\r\nhost: x\r\n${headers}\r\n`);
  await eventually(() => /\r\n\r\n\{.*\}/s.test(text), { message: text });
  socket.off('data', hear);
  return text;
}

async function statusOf(as: Credential, headers = ''): Promise<number> {
  const socket = await dial(as);
  const answer = await ask(socket, headers);
  return Number(answer.split(' ')[1]);
}

async function shown(): Promise<string> {
  const socket = await dial();
  const { subject = '' } = socket.getPeerX509Certificate() ?? {};
  return /CN=(.*)/.exec(subject)?.[1] ?? '';
}

test('a renewed certificate is shown to new connections, once its key has followed; versions and suites stay', async () => {
  assert.equal(await shown(), 'serving');
  write('crt', renewed.certPem);
  await look();
  assert.equal(await shown(), 'serving');
  write('key', renewed.keyPem);
  await look();
  assert.equal(await shown(), 'renewed');
  const socket = await dial(undefined, { maxVersion: 'TLSv1.2' });
  assert.equal(socket.getCipher().name, 'ECDHE-ECDSA-AES256-GCM-SHA384');
  await assert.rejects(dial(undefined, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }));
});

test('what is no authority changes nothing', async () => {
  for (const nothing of ['nonsense', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']) {
    write('ca', nothing);
    await look();
    assert.equal(await statusOf(alice), 200);
  }
  write('ca', first.certPem);
});

test('a new authority is believed and the one before no more: by connections that are open, too, and those that resume', async () => {
  assert.deepEqual([await statusOf(alice), await statusOf(bob)], [200, 401]);
  const [open, early, watch] = [await dial(alice), await dial(alice, { maxVersion: 'TLSv1.2' }), await dial(alice)];
  assert.match(await ask(open), /^HTTP\/1\.1 200 /);
  let events = '';
  watch.on('data', (chunk) => (events += chunk)).write('GET /api/v1/configmaps?watch=true HTTP/1.1\r\nhost: x\r\n\r\n');
  await eventually(() => events.includes('extension-apiserver-authentication'));
  write('ca', second.certPem);
  await look();
  assert.deepEqual([await statusOf(alice), await statusOf(bob)], [401, 200]);
  const refused = await ask(open);
  assert.match(refused, /^HTTP\/1\.1 401 /);
  assert.match(refused, /\r\nconnection: close\r\n/i, 'a certificate that is believed needs a new connection');
  assert.match(await ask(early), /^HTTP\/1\.1 401 /, 'what was verified before the change was verified against another authority');
  const resumed = await dial(alice, { maxVersion: 'TLSv1.2', session: early.getSession() });
  assert.match(await ask(resumed), /^HTTP\/1\.1 401 /);
  await server.api.create(ConfigMap, { metadata: { name: 'after', namespace: 'default' } });
  await eventually(() => events.includes('"name":"after"'), { message: 'a watch that is open lives on' });
});

test('proxies of a new authority are believed, those of the one before no more', async () => {
  const [before, now] = [await certificate(proxies, 'p', 'client'), await certificate(newProxies, 'p', 'client')];
  const jane = 'x-remote-user: jane\r\nx-remote-group: system:masters\r\n';
  assert.deepEqual([await statusOf(before, jane), await statusOf(now, jane)], [200, 401]);
  const open = await dial(before);
  assert.match(await ask(open, jane), /^HTTP\/1\.1 200 /);
  write('proxy-ca', newProxies.certPem);
  await look();
  assert.deepEqual([await statusOf(before, jane), await statusOf(now, jane)], [401, 200]);
  assert.match(await ask(open, jane), /^HTTP\/1\.1 401 /);
});

test('extensions are told of both', async () => {
  const names = (pem = ''): string[] => parseBundle(pem).map(({ subject }) => subject);
  const told = async (): Promise<string> => {
    const { data } = await server.api.get(ConfigMap, { name: 'extension-apiserver-authentication', namespace: 'kube-system' });
    return [names(data?.['client-ca-file']), names(data?.['requestheader-client-ca-file'])].join(' ');
  };
  await eventually(async () => {
    await clock.advance(10_000);
    return (await told()) === 'CN=ca,CN=new-ca CN=front-proxy-ca,CN=new-front-proxy-ca';
  });
});

test('a start says which files it cannot use', async () => {
  write('other-key', serving.keyPem);
  await assert.rejects(
    open(`--tls-private-key-file=${at('other-key')}`),
    /^Error: cannot use .*\/crt, .*\/other-key: .*key values mismatch/,
  );
  write('none', 'nothing');
  await assert.rejects(open(`--client-ca-file=${at('none')}`), /--client-ca-file holds no certificate/);
  await assert.rejects(open(`--client-ca-file=${at('absent')}`), /^Error: cannot read .*\/absent: ENOENT/);
  await assert.rejects(open(`--proxy-client-cert-file=${at('crt')}`), /must be given together/);
});
