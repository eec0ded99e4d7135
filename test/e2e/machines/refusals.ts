import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '@keelson/testing';
import { joinArguments } from './cluster.ts';
import { impostorOn } from './impostor.ts';
import type { Machine } from './lab.ts';

interface Parties {
  /** A machine that is no part of the cluster, and stays none. */
  readonly outside: Machine;
  readonly admin: Machine;
}

/** Each is refused with one clear sentence and a non-zero exit, and nothing half-made is left. */
export function refusals(parties: () => Parties): void {
  test('with the hash of another authority', async () => {
    const { outside, admin } = parties();
    const args = await newJoin(admin);
    const hash = args.indexOf('--discovery-token-ca-cert-hash') + 1;
    args[hash] = `sha256:${'0123456789abcdef'.repeat(4)}`;
    await refused(outside, args, /is not trusted: its certificate authority has the hash sha256:[0-9a-f]{64}, which/);
  });

  test('with no hash at all', async () => {
    const { outside, admin } = parties();
    const args = await newJoin(admin);
    await refused(outside, args.slice(0, args.indexOf('--discovery-token-ca-cert-hash')), /add --discovery-token-ca-cert-hash/);
  });

  test('with a token that has expired, or never was', async () => {
    const { outside, admin } = parties();
    const args = await newJoin(admin, '--ttl', '1s');
    const [id = ''] = (args[args.indexOf('--token') + 1] ?? '').split('.');
    const gone = async (): Promise<boolean> => !(await admin.must('token', 'list')).includes(id);
    await eventually(gone, { deadlineMs: 15_000, message: 'the token has expired' });
    await refused(outside, args, new RegExp(`does not know the token that begins with ${id}, or it has expired`));
  });

  test('with a token of the right name and the wrong secret', async () => {
    const { outside, admin } = parties();
    const args = await newJoin(admin);
    const token = args.indexOf('--token') + 1;
    args[token] = (args[token] ?? '').replace(/\..*/, '.0000000000000000');
    await refused(outside, args, /is not signed with the token that begins with/);
  });

  test('a server whose certificate another authority signed', async () => {
    const { outside, admin } = parties();
    const args = await newJoin(admin);
    const impostor = await impostorOn(admin, await admin.kubectl('get', 'configmap', '-n', 'kube-public', 'cluster-info', '-o', 'json'));
    args[1] = impostor.endpoint;
    await refused(outside, args, /is not trusted: the cluster's authority did not sign its certificate/);
    impostor.stop();
  });

  test('a machine that is part of the cluster already hears all that is in the way', async () => {
    const { admin } = parties();
    const { code, stderr } = await admin.kubeadm(...(await newJoin(admin)));
    assert.notEqual(code, 0);
    for (const check of ['Port-10250', 'Port-10256', 'FileAvailable-']) assert.ok(stderr.includes(`[ERROR ${check}`), stderr);
    assert.match(await admin.kubectl('get', 'nodes', '-o', 'name'), /node\/m1/, 'and stays as it was');
  });

  test('another control plane of a cluster that keeps its objects on one machine', async () => {
    const { outside, admin } = parties();
    const key = 'ab'.repeat(32);
    const args = [...(await newJoin(admin)), '--control-plane', '--certificate-key', key];
    await refused(outside, args, /another control plane cannot join: .* embedded store/);
  });
}

/** A new token's join command, as words behind `kubeadm`. */
async function newJoin(admin: Machine, ...flags: readonly string[]): Promise<string[]> {
  return joinArguments(await admin.must('token', 'create', '--print-join-command', ...flags));
}

async function refused(machine: Machine, args: readonly string[], sentence: RegExp): Promise<void> {
  const { code, stderr } = await machine.kubeadm(...args);
  assert.notEqual(code, 0);
  assert.match(stderr, sentence);
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
  assert.deepEqual(machine.leftovers(), []);
}
