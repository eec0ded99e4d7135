import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { seededRandom, systemClock } from '@keelson/base';
import { defaultSettings } from '../commands/config.ts';
import { program } from '../commands/index.ts';
import { layoutOf } from '../layout.ts';
import { loadMachine, type Machine, saveMachine } from '../machine.ts';
import { rendered } from '../output.ts';
import { runUpgrade, type UpgradeContext } from '../phases/upgrade.ts';
import type { ServiceHost } from '../services/host.ts';
import { differences } from './differences.ts';
import { clusterProblems, healthUrl } from './health.ts';
import { planText, upgradePlan } from './report.ts';

const documents = {
  kubeletConfiguration: { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' },
  kubeProxyConfiguration: { apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration' },
};
const node = (name: string, version: string, isControlPlane: boolean) => ({ name, version, isControlPlane, isReady: true });

test('a plan names what every machine runs, and what others have to do themselves', () => {
  const nodes = [node('m1', 'v1.35.0', true), node('m2', 'v1.35.0', false), node('m3', 'v1.36.0', false)];
  const state = { server: 'v1.35.0', version: 'v1.35.0', nodes, settings: defaultSettings, documents };
  const text = planText(upgradePlan(state, 'v1.36.0'), 'v1.36.0');
  assert.match(
    text,
    /\(by kubeadm upgrade node\):\nCOMPONENT {3}NODE {6}CURRENT {3}TARGET\nkubelet {5}m2 {8}v1\.35\.0 {3}v1\.36\.0\n\nUpgrade to/,
  );
  assert.match(text, /series:\n\nCOMPONENT {17}NODE {6}CURRENT {3}TARGET\nkube-apiserver {12}m1 {8}v1\.35\.0 {3}v1\.36\.0\n/);
  assert.match(text, /^kube-proxy {26}v1\.35\.0 {3}v1\.36\.0$/m);
  assert.match(text, /^\tkubeadm upgrade apply v1\.36\.0$/m);
  const all = [node('m1', 'v1.36.0', true)];
  const plan = upgradePlan({ ...state, server: 'v1.36.0', version: 'v1.36.0', nodes: all }, 'v1.36.0');
  assert.match(planText(plan, 'v1.36.0'), /^Awesome, you're up-to-date/);
  assert.deepEqual(Object.keys(plan), ['configVersions']);
});

test('programs are given a plan in the shape of upstream', () => {
  const nodes = [node('m1', 'v1.35.0', true), node('m2', 'v1.35.0', false)];
  const state = { server: 'v1.35.0', version: 'v1.35.0', nodes, settings: { ...defaultSettings, kubeProxyDisabled: true } };
  const { kubeletConfiguration } = documents;
  const plan = upgradePlan({ ...state, documents: { kubeletConfiguration } }, 'v1.36.0');
  assert.equal(
    rendered('yaml', 'UpgradePlan', plan),
    `apiVersion: output.kubeadm.k8s.io/v1alpha3
availableUpgrades:
- components:
${[['kubelet', 'm2'], ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet'].map((name) => [name, 'm1'])]
  .map(([name, at]) => `  - currentVersion: v1.35.0\n    name: ${name}\n    newVersion: v1.36.0\n    nodeName: ${at}\n`)
  .join('')}  - currentVersion: v1.36.0
    name: kubeadm
    newVersion: v1.36.0
  description: version in the v1.36 series
configVersions:
- currentVersion: ""
  group: kubeproxy.config.k8s.io
  manualUpgradeRequired: false
  preferredVersion: v1alpha1
- currentVersion: v1beta1
  group: kubelet.config.k8s.io
  manualUpgradeRequired: false
  preferredVersion: v1beta1
kind: UpgradePlan
`,
  );
  const json = rendered('json', 'UpgradePlan', plan);
  assert.match(json, /^\{\n {4}"kind": "UpgradePlan",\n {4}"apiVersion": "output\.kubeadm\.k8s\.io\/v1alpha3",\n/);
  assert.match(json, /"name": "kubelet",\n {20}"currentVersion": "v1\.35\.0",\n {20}"newVersion": "v1\.36\.0",\n {20}"nodeName": "m2"\n/);
  const older = upgradePlan({ ...state, documents: { kubeletConfiguration: { apiVersion: 'kubelet.config.k8s.io/v1alpha1' } } }, 'v1.36.0');
  assert.equal(older.configVersions[1]?.manualUpgradeRequired, true);
});

test('an ailing cluster is not upgraded', () => {
  assert.deepEqual(clusterProblems({ nodes: [node('m1', 'v', true), { ...node('m2', 'v', false), isReady: false }] }, 'ok'), []);
  const problems = clusterProblems({ nodes: [{ ...node('m1', 'v', true), isReady: false }] }, 'no');
  assert.deepEqual(
    problems.map(({ check }) => check),
    ['APIServerHealth', 'ControlPlaneNodesReady'],
  );
});

test('processes are asked for their health where they listen', () => {
  const url = (...args: string[]): string | undefined => healthUrl({ name: 'kube-scheduler', program: 'scheduler', args });
  assert.equal(url('--bind-address=127.0.0.1'), 'https://127.0.0.1:10259/healthz');
  assert.equal(url('--bind-address=127.0.0.1', '--bind-address=0.0.0.0', '--secure-port=1'), 'https://127.0.0.1:1/healthz');
  assert.equal(healthUrl({ name: 'kubelet', program: 'kubelet', args: [] }), undefined);
});

/** A worker's machine, and a host that only remembers what it was asked. */
async function worker(t: TestContext): Promise<{ machine: Machine; host: ServiceHost; asked: string[] }> {
  const root = await mkdtemp(join(tmpdir(), 'upgrade-'));
  t.after(() => rm(root, { recursive: true }));
  const machine: Machine = {
    root,
    role: 'worker',
    nodeName: 'w',
    address: '192.0.2.2',
    bindPort: 6443,
    criSocket: '',
    cluster: defaultSettings,
  };
  await saveMachine(machine);
  const asked: string[] = [];
  const told = (what: string) => async (name: unknown) =>
    void asked.push(`${what} ${typeof name === 'string' ? name : (name as { name: string }).name}`);
  const host: ServiceHost = {
    startRuntime: async () => '',
    start: told('start'),
    stop: told('stop'),
    isAlive: async () => true,
    keepRunning: async (services) => void asked.push(`keep ${services.map(({ name }) => name).join(' ')}`),
    definition: async (service) => ({ path: '/unit', current: '--old\n', wanted: `${service.args.join('\n')}\n` }),
    lastWords: async () => '',
  };
  return { machine, host, asked };
}

test('what is different is shown of command lines and files', async (t) => {
  const { machine, host } = await worker(t);
  const text = await differences(machine, host, 1);
  assert.match(
    text,
    /^--- \/unit \(kubelet\)\n\+\+\+ new command line\n@@ .* @@\n-{3}old\n\+--config=.*var\/lib\/kubelet\/config\.yaml\n/m,
  );
  const { kubeletConfig } = layoutOf(machine.root);
  assert.match(text, new RegExp(`^--- ${kubeletConfig}\n\\+\\+\\+ new file\n@@ -0,0 `, 'm'));
});

test('what goes wrong is taken back', async (t) => {
  const { machine, host, asked } = await worker(t);
  const changed: Machine = { ...machine, kubeletConfiguration: { maxPods: 7 } };
  const told: string[] = [];
  const context: UpgradeContext = {
    ...{ machine: changed, before: machine, layout: layoutOf(machine.root), host, clock: systemClock, random: seededRandom(1) },
    ...{ say: (line) => void told.push(line), signal: new AbortController().signal, renewCertificates: false },
  };
  const early = { name: 'early', run: () => Promise.reject(new Error('no programs')), prepares: true } as const;
  await assert.rejects(runUpgrade([early], context, []), /^Error: no programs$/);
  assert.deepEqual(asked, [], 'nothing has been stopped yet');

  await runUpgrade([{ name: 'one', run: async ({ say }) => say('done') }], context, []);
  assert.deepEqual([told, asked], [['[one] done'], ['stop supervisor', 'keep kubelet kube-proxy']]);
  assert.deepEqual(await loadMachine(machine.root), changed);

  asked.length = 0;
  const failing = { name: 'two', run: () => Promise.reject(new Error('out of luck')) };
  await assert.rejects(runUpgrade([failing], context, []), /recover everything into the earlier state\. Errors faced: out of luck/);
  assert.deepEqual(asked, [
    ...['stop supervisor', 'stop kube-proxy', 'stop kubelet', 'start kubelet', 'start kube-proxy', 'keep kubelet kube-proxy'],
  ]);
  assert.deepEqual(await loadMachine(machine.root), machine);
  assert.doesNotMatch(await readFile(context.layout.kubeletConfig, 'utf8'), /maxPods/);
});

test('what cannot be upgraded is refused before anything is asked', async (t) => {
  const { machine } = await worker(t);
  const kubeadm = async (...args: readonly string[]): Promise<void> => {
    const print = (): void => undefined;
    const deps = { clock: systemClock, random: seededRandom(1), print, warn: print, signal: new AbortController().signal };
    await program(deps).parseAsync(['upgrade', ...args], { from: 'user' });
  };
  const all = ['--ignore-preflight-errors', 'all'];
  await assert.rejects(
    kubeadm('plan', '--root', '/nowhere/kubeadm'),
    /this machine is part of no cluster: nothing below \/nowhere\/kubeadm/,
  );
  await assert.rejects(
    kubeadm('plan', '--root', machine.root, ...all),
    /this machine is no control plane: here it is kubeadm upgrade node/,
  );
  await assert.rejects(kubeadm('apply', '--root', machine.root), /Required arguments: \[version\]/);
  await assert.rejects(kubeadm('apply', 'v1.36.0', '--root', machine.root, '--skip-phases', 'lunch'), /there is no phase lunch/);
  await writeFile(layoutOf(machine.root).machine, JSON.stringify({ ...machine, role: 'control-plane' }));
  await assert.rejects(kubeadm('plan', '--root', machine.root, ...all), /the cluster cannot be asked what it is/);
});
