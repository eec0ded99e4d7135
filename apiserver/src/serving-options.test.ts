import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { systemClock } from '@keelson/base';
import { inProcessTransport, readText } from '@keelson/client';
import { type OptionValues, parseFlags, resolveOptions } from '@keelson/component';
import { createCA, issue } from '@keelson/pki';
import { forBrowsers } from './http/listener/browsers.ts';
import { draining } from './http/listener/drain.ts';
import { listen, type RunningServer } from './http/listener/server.ts';
import { servingOptions, servingSettings } from './serving-options.ts';
import { type Fixture, startServer } from './testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

function valuesOf(...argv: string[]): OptionValues<typeof servingOptions> {
  const parsed = parseFlags(servingOptions, argv);
  assert.ok('flags' in parsed);
  const resolved = resolveOptions('kube-apiserver', servingOptions, { flags: parsed.flags, env: {} });
  assert.equal(resolved.kind, 'run');
  return (resolved as { options: OptionValues<typeof servingOptions> }).options;
}

const settings = (...argv: string[]) => servingSettings(valuesOf(...argv));

test('flags that cannot be meant are refused in upstream’s words', () => {
  for (const [flag, why] of [
    ['--goaway-chance=0.5', '--goaway-chance can not be less than 0 or greater than 0.02'],
    ['--request-timeout=-1s', '--request-timeout can not be negative value'],
    ['--min-request-timeout=-1', '--min-request-timeout can not be negative value'],
    [
      '--cors-allowed-origins=example.com',
      '--cors-allowed-origins has an invalid regular expression: regular expression does not pin to start/end of host in the origin header',
    ],
    ['--tls-min-version=1.3', 'unknown tls version "1.3"'],
    ['--tls-cipher-suites=TLS_X_WITH_Y', "Cipher suite TLS_X_WITH_Y not supported or doesn't exist"],
  ] as const)
    assert.throws(() => settings(flag), { message: why });
  assert.throws(() => settings('--strict-transport-security-directives=forever'), /^Error: --strict-transport-security-directives invalid/);
  assert.deepEqual(settings('--goaway-chance=0.02').limits, {
    requestTimeout: 60_000,
    minRequestTimeout: 1_800_000,
    deleteCollectionWorkers: 32,
  });
});

test('pages of allowed origins may ask, and are told so without a credential', async () => {
  const { browsers } = settings('--cors-allowed-origins=//example\\.com(:|$)', '--strict-transport-security-directives=max-age=60,preload');
  const transport = inProcessTransport(forBrowsers(server.server.handle, browsers));
  const ask = (method: string, origin: string) =>
    transport.send({ method: method as 'GET', path: '/api/v1/pods', headers: { origin, 'access-control-request-method': 'GET' } });
  const preflight = await ask('OPTIONS', 'https://example.com:8443');
  assert.equal(preflight.status, 204);
  assert.deepEqual(preflight.headers, {
    'strict-transport-security': 'max-age=60; preload',
    'access-control-allow-origin': 'https://example.com:8443',
    'access-control-allow-methods': 'POST, GET, OPTIONS, PUT, DELETE, PATCH',
    'access-control-allow-headers':
      'Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since',
    'access-control-expose-headers': 'Date',
    'access-control-allow-credentials': 'true',
    'cache-control': 'no-cache, private',
  });
  const get = await ask('GET', 'https://example.com');
  assert.deepEqual([get.status, get.headers['access-control-allow-origin']], [403, 'https://example.com']);
  const other = await ask('OPTIONS', 'https://example.com.evil.org');
  assert.equal(other.headers['access-control-allow-origin'], undefined);
  assert.equal(other.headers['strict-transport-security'], 'max-age=60; preload');
  assert.notEqual(other.status, 204);
});

test('a server that ends sends newcomers away, and is quiet when the last is served', async () => {
  const end = new AbortController();
  const held = Promise.withResolvers<void>();
  const drain = draining(async (request, response) => {
    if (request.url === '/slow') await held.promise;
    response.writeHead(200);
    response.end('served');
  }, end.signal);
  const transport = inProcessTransport(drain.handle);
  const slow = transport.send({ method: 'GET', path: '/slow' });
  end.abort();
  const away = await transport.send({ method: 'GET', path: '/api' });
  assert.deepEqual([away.status, away.headers['retry-after'], away.headers.connection], [429, '5', 'close']);
  assert.equal(await readText(away), 'The apiserver is shutting down, please try again later.\n');
  assert.equal((await transport.send({ method: 'GET', path: '/readyz' })).status, 200);
  held.resolve();
  assert.equal((await slow).status, 200);
  await drain.quiet();
});

test('the listener speaks the versions and suites it is told to', async () => {
  const ca = await createCA({ commonName: 'kubernetes', days: 1, clock: systemClock });
  const serving = await issue({ ca, commonName: 'x', ips: ['127.0.0.1'], usages: ['server'], days: 1, clock: systemClock });
  const { handle, upgrade } = server.server;
  const start = (...argv: string[]): Promise<RunningServer> =>
    listen({
      ...{ host: '127.0.0.1', port: 0, cert: serving.certPem, key: serving.keyPem, clientCA: ca.certPem, handle, upgrade },
      tls: settings(...argv).tls,
    });
  const spoken = async ({ port }: RunningServer, maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<string> => {
    const socket = connect({ host: '127.0.0.1', port, ca: ca.certPem, maxVersion });
    try {
      await once(socket, 'secureConnect');
      return socket.getCipher().name;
    } finally {
      socket.destroy();
    }
  };
  const modern = await start('--tls-min-version=VersionTLS13');
  assert.match(await spoken(modern, 'TLSv1.3'), /^TLS_/);
  await assert.rejects(spoken(modern, 'TLSv1.2'));
  const algorithm = serving.keyPem.includes('RSA') ? 'RSA' : 'ECDSA';
  const chosen = await start(`--tls-cipher-suites=TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384`);
  assert.match(await spoken(chosen, 'TLSv1.2'), new RegExp(`^ECDHE-(RSA|${algorithm})-AES256-GCM-SHA384$`));
  await Promise.all([modern.close(), chosen.close()]);
});

test('a server tells others to go when its end is near, while it is alive', async () => {
  const ending = new AbortController();
  const one = await startServer({ ending: ending.signal });
  assert.equal((await one.send('GET', '/readyz')).status, 200);
  ending.abort();
  assert.equal((await one.send('GET', '/readyz')).status, 500);
  assert.equal((await one.send('GET', '/livez')).status, 200);
  assert.match((await one.send('GET', '/readyz/shutdown')).text, /process is shutting down/);
  await one.close();
});
