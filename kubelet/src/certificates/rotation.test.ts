import assert from 'node:assert/strict';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededRandom, silentLogger } from '@keelson/base';
import { createCA, issue } from '@keelson/pki';
import { SimulatedClock } from '@keelson/testing';
import { CertificateFiles, type HeldCertificate, heldCertificate } from './files.ts';
import { renewalAt } from './plan.ts';
import { Rotation } from './rotation.ts';

const hour = 3_600_000;

function temporary(t: { after(fn: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'keelson-certificates-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

async function certificate(clock: SimulatedClock): Promise<HeldCertificate> {
  const ca = await createCA({ commonName: 'kubernetes', days: 365, clock });
  const { certPem, keyPem } = await issue({ ca, commonName: 'system:node:a', usages: ['client'], days: 1, clock });
  return heldCertificate(keyPem + certPem);
}

/** What a rotation looks at: no more than the times. */
const heldFor10Hours = (clock: SimulatedClock): HeldCertificate => ({
  ...{ cert: 'c', key: 'k' },
  ...{ notBefore: clock.now(), notAfter: clock.now() + 10 * hour },
});

test('renewal is due between 70 and 90 per cent of a life, not for all at once', () => {
  const due = Array.from({ length: 1000 }, (_, seed) => renewalAt({ notBefore: 1000, notAfter: 2000 }, seededRandom(seed)));
  assert.ok(due.every((at) => at >= 1700 && at <= 1900));
  assert.ok(Math.max(...due) - Math.min(...due) > 150);
});

test('the current certificate is a link to the last, for its owner alone', async (t) => {
  const directory = temporary(t);
  const clock = new SimulatedClock(Date.UTC(2026, 0, 2, 3, 4, 5));
  const files = new CertificateFiles(join(directory, 'pki'), 'kubelet-client', clock);
  assert.equal(files.load(), undefined);
  const [first, second] = [await certificate(clock), await certificate(clock)];
  files.save(first);
  assert.deepEqual(files.load(), first);
  await clock.advance(1000);
  files.save(second);
  assert.deepEqual(files.load(), second);
  const names = ['kubelet-client-2026-01-02-03-04-05.pem', 'kubelet-client-2026-01-02-03-04-06.pem', 'kubelet-client-current.pem'];
  assert.deepEqual(readdirSync(join(directory, 'pki')).sort(), names);
  assert.ok(lstatSync(files.current).isSymbolicLink());
  assert.equal(statSync(files.current).mode & 0o777, 0o600);
  assert.match(readFileSync(files.current, 'utf8'), /^-----BEGIN CERTIFICATE-----[\s\S]+-----BEGIN PRIVATE KEY-----/);
});

test('a certificate is renewed before it ends, however often that fails at first', async () => {
  const clock = new SimulatedClock();
  const asked: number[] = [];
  const seen: HeldCertificate[] = [];
  let failures = 3;
  const start = clock.now();
  const current = heldFor10Hours(clock);
  const rotation = new Rotation(current, {
    ...{ clock, random: seededRandom(1), log: silentLogger, files: { save: () => undefined } },
    request: async () => {
      asked.push((clock.now() - start) / hour);
      if (failures-- > 0) throw new Error('not now');
      return heldFor10Hours(clock);
    },
    changed: (next) => void seen.push(next),
  });
  const stop = new AbortController();
  const running = rotation.run(stop.signal);
  await clock.advance(6.5 * hour);
  assert.deepEqual(asked, []);
  await clock.advance(3 * hour);
  assert.equal(asked.length, 4);
  assert.ok((asked[3] ?? 10) - (asked[0] ?? 0) < 0.01, 'tried again within seconds');
  assert.equal(rotation.current, seen[0]);
  await clock.advance(10 * hour);
  assert.equal(seen.length, 2, 'and again');
  stop.abort();
  await running;
  assert.equal(clock.pending, 0);
});

test('a first certificate is asked for at once', async () => {
  const clock = new SimulatedClock();
  const stop = new AbortController();
  const files = { save: () => undefined };
  const request = async () => heldFor10Hours(clock);
  const rotation = new Rotation(undefined, { clock, random: seededRandom(1), log: silentLogger, files, request, changed: () => undefined });
  const running = rotation.run(stop.signal);
  await clock.advance(0);
  assert.ok(rotation.current);
  stop.abort();
  await running;
});
