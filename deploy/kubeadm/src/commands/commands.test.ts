import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { seededRandom, systemClock } from '@keelson/base';
import { program } from './index.ts';

/** What it prints. Rejects with the sentence of a refusal. */
async function kubeadm(...args: readonly string[]): Promise<string> {
  let printed = '';
  const print = (text: string): void => {
    printed += text;
  };
  const deps = { clock: systemClock, random: seededRandom(1), print, warn: print, signal: new AbortController().signal };
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
    [['join', ...root], /an address of the cluster's API server is needed/],
    [['join', ...root, '--discovery-file', '/nowhere/k'], /\/nowhere\/k cannot be read/],
    [['token', 'create', ...root, 'nonsense'], /nonsense is no token/],
    [['token', 'delete', ...root, 'a b'], /a b is neither a token nor its first six characters/],
  ];
  for (const [args, sentence] of cases) await assert.rejects(kubeadm(...args), sentence, args.join(' '));
});

test('the version in every form', async () => {
  assert.match(await kubeadm('version'), /^kubeadm version: v1\.36\./);
  assert.equal(JSON.parse(await kubeadm('version', '-o', 'json')).clientVersion.minor, '36');
});

/** The path of a file with that content. */
async function fileOf(t: TestContext, content: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kubeadm-'));
  t.after(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'file.yaml'), content);
  return join(directory, 'file.yaml');
}

const initDocument = 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n';

test('a file goes with no flag that says what it says', async (t) => {
  const file = await fileOf(t, `${initDocument}skipPhases: [lunch]\n`);
  const init = ['init', ...root, '--config', file];
  await assert.rejects(kubeadm(...init, '--pod-network-cidr', '10.1.0.0/16', '--certificate-key', 'x'), {
    message: "can not mix '--config' with arguments [certificate-key pod-network-cidr]",
  });
  await assert.rejects(kubeadm('join', ...root, '--config', file, ...token), /can not mix '--config' with arguments \[token\]/);
  const beside = ['--node-name', 'a', '--ignore-preflight-errors', 'all', '--upload-certs', '--dry-run', '--overlay'];
  await assert.rejects(kubeadm(...init, ...beside), /there is no phase lunch/, 'the others stand beside it');
  await assert.rejects(
    kubeadm('init', ...root, '--config', '/nowhere/f'),
    /unable to read config from "\/nowhere\/f": open \/nowhere\/f: no such file/,
  );
});

test('the defaults that are printed are valid, and say nothing without effect', async (t) => {
  const init = await kubeadm('config', 'print', 'init-defaults');
  const joining = await kubeadm('config', 'print', 'join-defaults');
  assert.match(init, /^kind: InitConfiguration$[\s\S]*^---$[\s\S]*^kind: ClusterConfiguration$/m);
  const others = [await kubeadm('config', 'print', 'reset-defaults'), await kubeadm('config', 'print', 'upgrade-defaults')];
  for (const document of [init, joining, ...others, [init, joining, ...others].join('---\n')]) {
    assert.equal(await kubeadm('config', 'validate', '--config', await fileOf(t, document)), 'ok\n');
  }
});

test("components' defaults are printed beside", async (t) => {
  const both = await kubeadm('config', 'print', 'init-defaults', '--component-configs', 'KubeletConfiguration,KubeProxyConfiguration');
  assert.deepEqual(both.match(/^kind: .*$/gm)?.slice(2), ['kind: KubeletConfiguration', 'kind: KubeProxyConfiguration']);
  assert.match(await kubeadm('config', 'validate', '--config', await fileOf(t, both)), /^ok$/m);
  await assert.rejects(
    kubeadm('config', 'print', 'join-defaults', '--component-configs', 'Lunch'),
    /Lunch is none of KubeProxyConfiguration/,
  );
});

test('validate holds all documents of a file to their forms', async (t) => {
  const kubelet = '---\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
  const validate = async (document: string): Promise<string> => kubeadm('config', 'validate', '--config', await fileOf(t, document));
  assert.equal(
    await validate(`${initDocument}nodeRegistration: { imagePullPolicy: Never }\n${kubelet}maxPods: 50\nserializeImagePulls: true\n`),
    '[config] taken without effect: InitConfiguration.nodeRegistration.imagePullPolicy, KubeletConfiguration.serializeImagePulls\nok\n',
  );
  await assert.rejects(validate(`${initDocument}${kubelet}maxPod: 50\n`), /strict decoding error: unknown field "maxPod"/);
  await assert.rejects(validate('apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n'), /bootstrapToken or file must be set/);
  await assert.rejects(kubeadm('config', 'validate'), /the --config flag is mandatory/);
});

test('a file is migrated to standard output or to another file', async (t) => {
  const old = await fileOf(t, 'apiVersion: kubeadm.k8s.io/v1beta3\nkind: JoinConfiguration\n');
  await assert.rejects(kubeadm('config', 'migrate', '--old-config', old), /bootstrapToken or file must be set/);
  const cluster = await fileOf(t, 'apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nclusterName: blue\n');
  const printed = await kubeadm('config', 'migrate', '--old-config', cluster);
  assert.match(printed, /^apiVersion: kubeadm\.k8s\.io\/v1beta4\nbootstrapTokens:[\s\S]*^---$[\s\S]*^clusterName: blue$/m);
  const target = `${cluster}.new`;
  assert.equal(await kubeadm('config', 'migrate', '--old-config', cluster, '--new-config', target), '');
  assert.equal(await kubeadm('config', 'validate', '--config', target), 'ok\n');
  await assert.rejects(kubeadm('config', 'migrate'), /the --old-config flag is mandatory/);
  await assert.rejects(
    kubeadm('config', 'migrate', '--old-config', cluster, '--new-config', '/nowhere/f'),
    /failed to write the new configuration to the file "\/nowhere\/f"/,
  );
});

test('reset takes a file', async (t) => {
  const reset = 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ResetConfiguration\n';
  const asked = async (document: string, ...more: string[]): Promise<string> =>
    kubeadm('reset', ...root, '--config', await fileOf(t, document), ...more);
  const printed = await asked(`${reset}dryRun: true\nforce: true\ncertificatesDir: /srv/pki\nunmountFlags: [MNT_FORCE]\n`);
  assert.match(printed, /^\[config\] taken without effect: ResetConfiguration\.unmountFlags\n\[dry-run\] .*\/nowhere\/kubeadm\/srv\/pki/);
  assert.match(await asked(reset, '--dry-run'), /what is left of a node, its certificates in \/nowhere\/kubeadm\/etc\/kubernetes\/pki/);
  await assert.rejects(asked(reset, '--force', '--cri-socket', 'unix:///c'), /can not mix '--config' with arguments \[cri-socket force\]/);
  await assert.rejects(asked(initDocument), /no ResetConfiguration found in the supplied config/);
  await assert.rejects(asked(`${reset}certificatesDir: srv\n`), /certificatesDir: Invalid value: "srv": path is not absolute/);
  await assert.rejects(asked(`${reset}criSocket: tcp://c\n`), /criSocket: Invalid value: "tcp:\/\/c": only URL scheme "unix"/);
});

test('upgrades take a file', async (t) => {
  const upgrade = 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\n';
  const asked = async (name: string, document: string, ...more: string[]): Promise<string> =>
    kubeadm('upgrade', name, ...root, '--config', await fileOf(t, document), ...more);
  const missing = /this machine is part of no cluster: nothing below \/nowhere\/kubeadm says so/;
  await assert.rejects(asked('plan', upgrade, '-o', 'json', '--ignore-preflight-errors', 'all'), missing);
  await assert.rejects(asked('node', upgrade, '--dry-run', '--skip-phases', 'addon'), missing);
  await assert.rejects(asked('diff', upgrade), missing);
  await assert.rejects(asked('apply', upgrade, '--yes'), /Required arguments: \[version\]/);
  await assert.rejects(asked('apply', `${upgrade}apply: { kubernetesVersion: v1.36.0 }\n`, '--yes'), missing);
  await assert.rejects(asked('apply', `${upgrade}apply: { kubernetesVersion: v1.36.0, skipPhases: [lunch] }\n`), /there is no phase lunch/);
  await assert.rejects(asked('diff', upgrade, '-c', '1'), /can not mix '--config' with arguments \[context-lines\]/);
  await assert.rejects(asked('apply', upgrade, 'v1.36.0', '--force'), /can not mix '--config' with arguments \[force\]/);
});

test('the images are those of what runs as pods', async () => {
  assert.match(await kubeadm('config', 'images', 'list'), /^docker\.io\/keelson\/dns:\S+\nregistry\.k8s\.io\/pause:\S+\n$/);
  assert.match(
    await kubeadm('config', 'images', 'list', '-o', 'yaml'),
    /^apiVersion: output\.kubeadm\.k8s\.io\/v1alpha3\nimages:\n- \S+dns:/,
  );
});
