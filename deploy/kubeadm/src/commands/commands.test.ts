import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, systemClock } from '@keelson/base';
import { program } from './index.ts';

/** What it prints. Rejects with the sentence of a refusal. */
async function kubeadm(...args: readonly string[]): Promise<string> {
  let printed = '';
  const print = (text: string): void => {
    printed += text;
  };
  const deps = { clock: systemClock, random: seededRandom(1), print, signal: new AbortController().signal };
  await program(deps).parseAsync([...args], { from: 'user' });
  return printed;
}

const root = ['--root', '/nowhere/kubeadm'];
const token = ['--token', 'abcdef.0123456789abcdef'];
const pin = ['--discovery-token-ca-cert-hash', `sha256:${'0'.repeat(64)}`];

test('a token is generated and told nobody', async () => {
  assert.match(await kubeadm('token', 'generate'), /^[a-z0-9]{6}\.[a-z0-9]{16}\n$/);
});

test('values that mean nothing are refused before anything is looked at', async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['init', ...root, '--pod-network-cidr', '10.244.0.1/16'], /--pod-network-cidr: 10\.244\.0\.1\/16 is no IPv4 range/],
    [['init', ...root, '--token', 'nonsense'], /--token must be six characters/],
    [['init', ...root, '--skip-phases', 'lunch'], /there is no phase lunch/],
    [['init', ...root, '--etcd-servers', 'https://e:2379', '--etcd-cafile', 'x'], /go together/],
    [['init', 'phase', 'lunch', ...root], /there is no phase lunch/],
    [['init', 'phase', 'upload-certs', ...root], /this machine is no control plane: nothing below \/nowhere\/kubeadm/],
    [['join', 'host:6443', ...root], /a bootstrap token is needed/],
    [['join', 'host:6443', ...root, ...token], /add --discovery-token-ca-cert-hash/],
    [['join', 'host:6443', ...root, ...token, '--discovery-token-ca-cert-hash', 'sha1:0'], /sha1:0 is not sha256: and 64/],
    [['join', 'host:6443', ...root, ...token, ...pin, '--control-plane'], /--control-plane needs --certificate-key/],
    [['token', 'create', ...root, 'nonsense'], /nonsense is no token/],
    [['token', 'delete', ...root, 'a b'], /a b is neither a token nor its first six characters/],
  ];
  for (const [args, sentence] of cases) await assert.rejects(kubeadm(...args), sentence, args.join(' '));
});

test('the version in every form', async () => {
  assert.match(await kubeadm('version'), /^kubeadm version: v1\.36\./);
  assert.equal(JSON.parse(await kubeadm('version', '-o', 'json')).clientVersion.minor, '36');
});
