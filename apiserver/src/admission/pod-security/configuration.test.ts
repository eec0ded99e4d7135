import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { noAdmissionSettings, readAdmissionSettings } from '../configuration.ts';
import { parsePodSecurity } from './configuration.ts';
import { parseVersion, policyOf, privileged } from './levels.ts';

const head = { apiVersion: 'pod-security.admission.config.k8s.io/v1', kind: 'PodSecurityConfiguration' };

test('defaults and exemptions are read', () => {
  const { defaults, exemptions } = parsePodSecurity({
    ...head,
    defaults: { enforce: 'baseline', 'enforce-version': 'v1.30', warn: 'restricted' },
    exemptions: { usernames: ['alice'], namespaces: ['kube-system'] },
  });
  assert.deepEqual(defaults, {
    enforce: { level: 'baseline', minor: 30 },
    audit: { level: 'privileged', minor: Infinity },
    warn: { level: 'restricted', minor: Infinity },
  });
  assert.deepEqual(exemptions, { usernames: ['alice'], runtimeClasses: [], namespaces: ['kube-system'] });
});

const wrong: readonly (readonly [document: unknown, message: string | RegExp])[] = [
  [null, 'PodSecurityConfiguration: must be a mapping'],
  [{ ...head, kind: 'Other' }, /^expected a PodSecurityConfiguration of .*\/v1, found Other of /],
  [{ ...head, default: {} }, 'strict decoding error: unknown field "default"'],
  [{ ...head, defaults: { enforced: 'x' } }, 'strict decoding error: unknown field "defaults.enforced"'],
  [{ ...head, defaults: { audit: 'strict' } }, 'defaults.audit: Invalid value: "strict": must be one of privileged, baseline, restricted'],
  [{ ...head, defaults: { 'warn-version': 'v1' } }, 'defaults.warn-version: Invalid value: "v1": must be "latest" or "v1.x"'],
  [{ ...head, exemptions: { usernames: ['a', 'a'] } }, 'exemptions.usernames[1]: Duplicate value: "a"'],
  [{ ...head, exemptions: { usernames: [''] } }, 'exemptions.usernames[0]: Required value'],
  [{ ...head, exemptions: { namespaces: ['A'] } }, /^exemptions\.namespaces\[0\]: Invalid value: "A": a lowercase RFC 1123 label/],
];

test('what cannot be read is refused', () => {
  for (const [document, message] of wrong) assert.throws(() => parsePodSecurity(document), { message });
});

test('versions are latest or v1.NN', () => {
  const texts = ['latest', 'v1.0', 'v1.36', 'v1.01', 'v2.0', '1.3', 'v1.', ''];
  assert.deepEqual(texts.map(parseVersion), [Infinity, 0, 36, undefined, undefined, undefined, undefined, undefined]);
});

test('labels that cannot be read are strict where they are enforced, and open where they are told of', () => {
  const labels = Object.fromEntries(
    ['enforce', 'audit', 'warn', 'warn-version'].map((name) => [`pod-security.kubernetes.io/${name}`, 'x']),
  );
  const { policy, errors } = policyOf(labels, privileged);
  assert.deepEqual([policy.enforce.level, policy.audit.level, policy.warn.level], ['restricted', 'privileged', 'privileged']);
  assert.equal(errors.length, 4);
});

test('the file names plugins, and files of plugins beside it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'keelson-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'admission.yaml');
  const write = (plugins: object[]): Promise<void> =>
    writeFile(file, JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins }));
  await write([{ name: 'PodSecurity', path: 'ps.yaml' }]);
  await writeFile(join(folder, 'ps.yaml'), JSON.stringify({ ...head, defaults: { enforce: 'restricted' } }));
  assert.equal((await readAdmissionSettings(file)).podSecurity.defaults.enforce.level, 'restricted');
  await write([{ name: 'PodSecurity', configuration: { ...head, defaults: { enforce: 'baseline' } } }]);
  assert.equal((await readAdmissionSettings(file)).podSecurity.defaults.enforce.level, 'baseline');
  await write([{ name: 'Priority', path: 'x' }]);
  await assert.rejects(readAdmissionSettings(file), {
    message: `--admission-control-config-file ${file}: plugin "Priority" takes no configuration`,
  });
  assert.deepEqual(await readAdmissionSettings(''), { ...noAdmissionSettings, enabled: [] });
});
