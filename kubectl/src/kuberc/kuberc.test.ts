import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../run.ts';

const kubeconfig = 'apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\ncurrent-context: here\n';

async function withFolder(work: (kubectl: (...argv: string[]) => Promise<string>, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kuberc-'));
  writeFileSync(join(folder, 'config'), kubeconfig);
  const env = { HOME: folder, KUBECONFIG: join(folder, 'config'), KUBERC: join(folder, 'rc') };
  const kubectl = async (...argv: string[]): Promise<string> => {
    let text = '';
    const stream = { write: (chunk: string | Uint8Array) => (text += String(chunk)) };
    const code = await run(argv, { env, stdout: stream, stderr: stream });
    return code === 0 ? text : `${text}exit ${code}`;
  };
  await work(kubectl, folder).finally(() => rmSync(folder, { recursive: true }));
}

test('kuberc set writes defaults and aliases, and says what is there already', () =>
  withFolder(async (kubectl, folder) => {
    const [command, option] = ['--command=config view', '--option=output=json'];
    writeFileSync(join(folder, 'rc'), 'apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n');
    assert.equal(await kubectl('kuberc', 'set', '--section=defaults', command, option), `Updated ${folder}/rc\n`);
    assert.match(await kubectl('kuberc', 'set', '--section=defaults', command), /^error: defaults for command "config view" already exist/);
    await kubectl('kuberc', 'set', '--section=aliases', '--name=where', '--command=config', '--appendarg=current-context');
    assert.match(
      readFileSync(join(folder, 'rc'), 'utf8'),
      /^aliases:\n- appendArgs:\n {2}- current-context\n {2}command: config\n {2}name: where/m,
    );
    assert.match(await kubectl('kuberc', 'set', '--section=aliases', '--command=get'), /--name is required when --section=aliases/);
    await kubectl('kuberc', 'set', '--section=aliases', '--name=bare', '--command=get');
    assert.match(readFileSync(join(folder, 'rc'), 'utf8'), /^- command: get\n {2}name: bare\napiVersion/m);
    const plugins = (...flags: string[]): Promise<string> => kubectl('kuberc', 'set', '--section=credentialplugin', ...flags);
    assert.match(await plugins('--policy=x'), /^error: {2}--policy must be {2}"AllowAll", "DenyAll", or "Allowlist", got: x\n/);
    assert.match(
      await plugins('--policy=Allowlist', '--allowlist-entry=name=x'),
      /^error: allowlist entry field "name" is deprecated, use "command" instead\n/,
    );
  }));

test('defaults hold where a flag is not given; an alias stands for its command', () =>
  withFolder(async (kubectl, folder) => {
    writeFileSync(
      join(folder, 'rc'),
      `apiVersion: kubectl.config.k8s.io/v1beta1
kind: Preference
defaults:
- command: config view
  options:
  - {name: output, default: json}
aliases:
- {name: where, command: config current-context}
- {name: get, command: config view}
`,
    );
    assert.match(await kubectl('config', 'view'), /^\{/);
    assert.match(await kubectl('config', 'view', '-o', 'yaml'), /^apiVersion/);
    assert.equal(await kubectl('where'), 'here\n');
  }));

test('a preference that is none stops kubectl only where it was asked for', () =>
  withFolder(async (kubectl, folder) => {
    writeFileSync(join(folder, 'rc'), 'kind: Preference\n');
    assert.match(
      await kubectl('config', 'current-context'),
      /^error occurred while applying preferences kuberc error kuberc: no valid preferences found in .*rc, use --v=5 to see details/,
    );
    assert.match(await kubectl('kuberc', 'view'), /^error occurred while applying preferences kuberc error kuberc: no valid/);
    assert.match(await kubectl('config', 'current-context', `--kuberc=${folder}/none`), /open .*none: no such file or directory/);
  }));

test('of several documents the first that is a preference counts; what is too much in it is only warned of', () =>
  withFolder(async (kubectl, folder) => {
    const unknown = 'apiVersion: kubectl.config.k8s.io/none\nkind: Preference\n';
    const known =
      'apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\naliases:\n- {name: where, command: config current-context, x: y}\n';
    writeFileSync(join(folder, 'rc'), `---\n${unknown}---\n${known}unknown: invalid\n---\n${unknown}`);
    assert.equal(
      await kubectl('where'),
      `kuberc: ignoring strict decoding error in ${folder}/rc: strict decoding error: unknown field "aliases[0].x", unknown field "unknown"\nhere\n`,
    );
    assert.match(await kubectl('where', '-v=5'), /strict decoding error for entry 1 in .*: no kind "Preference" is registered/);
  }));

test('an empty file holds no preferences, which is told only to who listens', () =>
  withFolder(async (kubectl, folder) => {
    writeFileSync(join(folder, 'rc'), '');
    assert.equal(await kubectl('config', 'current-context', '--v', '4'), 'here\n');
    for (const loud of [['-v=5'], ['-v5'], ['--v', '6'], ['-v', '5']])
      assert.match(await kubectl('config', 'current-context', ...loud), /\] kuberc: no preferences found in .*rc\nhere\n$/);
  }));

test('which credential programs may run is kept to', () =>
  withFolder(async (kubectl, folder) => {
    const user = '{exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-login, interactiveMode: Never}}';
    const cluster = '{server: "http://127.0.0.1:1"}';
    writeFileSync(
      join(folder, 'config'),
      `clusters: [{name: c, cluster: ${cluster}}]\nusers: [{name: u, user: ${user}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n`,
    );
    const asked = async (policy: string): Promise<string> => {
      writeFileSync(join(folder, 'rc'), `apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n${policy}`);
      return kubectl('version');
    };
    assert.match(
      await asked('credentialPluginPolicy: DenyAll\n'),
      /getting credentials: plugin "no-such-login" not allowed: policy set to "DenyAll"\n/,
    );
    assert.match(await asked('credentialPluginPolicy: AllowAll\n'), /getting credentials: exec: executable no-such-login not found\n/);
    assert.match(await asked('credentialPluginPolicy: x\n'), /applying preferences unknown plugin policy: "x"/);
  }));
