import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import { servingFiles } from './serving-certificate.ts';

const clock = new SimulatedClock(Date.parse('2026-01-01T00:00:00Z'));
const names = { host: '192.0.2.1', serviceAddress: '10.0.0.1' };
const none = { 'tls-cert-file': '', 'tls-private-key-file': '', 'cert-dir': '' };

describe('the files of the serving certificate', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'keelson-serving-'));
  after(() => rm(directory, { recursive: true }));

  test('are made in --cert-dir for all names of the server, and found there the next time', async () => {
    const flags = { ...none, 'cert-dir': join(directory, 'made') };
    const made = await servingFiles(flags, names, clock);
    const written = await Promise.all(made.map((path) => readFile(path, 'utf8')));
    const certificate = new X509Certificate(written[0] ?? '');
    for (const name of ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost']) assert.ok(certificate.checkHost(name));
    for (const ip of ['127.0.0.1', names.host, names.serviceAddress]) assert.ok(certificate.checkIP(ip));
    assert.equal((await stat(join(directory, 'made', 'apiserver.key'))).mode & 0o777, 0o600);
    assert.deepEqual(await servingFiles(flags, names, clock), made);
    assert.deepEqual(await Promise.all(made.map((path) => readFile(path, 'utf8'))), written);
  });

  test('are those that are named, both of them', async () => {
    const [cert, key] = [join(directory, 'a.crt'), join(directory, 'a.key')];
    const flags = { ...none, 'tls-cert-file': cert, 'tls-private-key-file': key };
    assert.deepEqual(await servingFiles(flags, names, clock), [cert, key]);
    await assert.rejects(servingFiles({ ...flags, 'tls-private-key-file': '' }, names, clock), /must be given together/);
  });

  test('cannot be made where --cert-dir is none', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    await assert.rejects(servingFiles({ ...none, 'cert-dir': join(file, 'x') }, names, clock), /cannot write a serving certificate/);
    await assert.rejects(servingFiles(none, names, clock), /--cert-dir is empty/);
  });
});
