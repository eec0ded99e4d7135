import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually } from '@keelson/testing';
import { onPath, RealCluster, root, run, whyNotReal } from './cluster.ts';

/*
 * examples/operator as its README tells: definition, roles and webhook of its own, with the official client, under its service account.
 */

const upstream = onPath('kubectl');
const skip = whyNotReal() ?? (upstream ? undefined : 'there is no kubectl on the PATH');
if (skip) process.stderr.write(`the operator: skipped, ${skip}\n`);

const folder = join(root, 'examples/operator');
const patience = { deadlineMs: 30_000 };

describe('an operator written with the official client', { skip: skip ?? false, timeout: 300_000 }, () => {
  const cluster = skip ? (undefined as unknown as RealCluster) : new RealCluster('oper', ['--runtime', 'model', '--nodes', '2']);
  let operator: ChildProcess | undefined;
  let said = '';

  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(upstream ?? '', ['--kubeconfig', cluster.kubeconfig, ...args]);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stdout}${stderr}${said}`);
    return stdout;
  };
  const until = async (what: string, ...args: readonly string[]): Promise<void> => {
    let last = '';
    const asWished = async (): Promise<boolean> => {
      last = await kubectl(...args).catch(String);
      return last === what;
    };
    await eventually(asWished, { ...patience, message: what }).catch(() => assert.equal(last, what, `${args.join(' ')}\n${said}`));
  };

  before(async () => {
    await cluster.up();
    await kubectl('apply', '-f', join(folder, 'deploy/crd.yaml'), '-f', join(folder, 'deploy/rbac.yaml'));
    await kubectl('wait', '--for=condition=Established', 'crd/sites.web.example.com');
    const kubeconfig = await ownKubeconfig(cluster, await kubectl('create', 'token', 'site-operator', '-n', 'site-operator'));
    const env = { ...process.env, KUBECONFIG: kubeconfig, WEBHOOK_HOST: '127.0.0.1' };
    operator = spawn('nsenter', [`--net=/run/netns/${cluster.netns}`, process.execPath, join(folder, 'src/main.ts')], { env });
    for (const stream of [operator.stdout, operator.stderr]) stream?.on('data', (chunk) => (said += chunk));
    await until('sites.web.example.com', 'get', 'validatingwebhookconfiguration', 'site-operator', '-o', 'jsonpath={.webhooks[0].name}');
  });
  after(async () => {
    operator?.kill('SIGTERM');
    await cluster.down();
  });

  test('makes what a site asks for, and says how it does', async () => {
    await kubectl('apply', '-f', join(folder, 'deploy/site.yaml'));
    await until('True', 'get', 'site', 'welcome', '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}');
    assert.match(await kubectl('get', 'sites'), /NAME +GREETING +READY +AGE\nwelcome +Hello +2 +\d+s/);
    assert.equal(await kubectl('get', 'service', 'welcome', '-o', 'jsonpath={.spec.ports[0].targetPort}'), '8080');
  });

  test('follows changes of the site, by scale too, and undoes those of others', async () => {
    await kubectl('scale', 'site/welcome', '--replicas=3');
    await until('3', 'get', 'deployment', 'welcome', '-o', 'jsonpath={.status.readyReplicas}');
    await kubectl('set', 'env', 'deployment/welcome', 'GREETING=Grr');
    await until('Hello', 'get', 'deployment', 'welcome', '-o', 'jsonpath={.spec.template.spec.containers[0].env[0].value}');
  });

  test('refuses by schema, by rule and by webhook', async () => {
    const patch = (spec: object): Promise<string> => kubectl('patch', 'site', 'welcome', '--type=merge', '-p', JSON.stringify({ spec }));
    await assert.rejects(
      patch({ replicas: 21 }),
      /spec\.replicas: Invalid value: 21: spec\.replicas in body should be less than or equal to 20/,
    );
    await assert.rejects(patch({ image: 'untagged' }), /spec: Invalid value: .*an image needs a tag/);
    await assert.rejects(
      patch({ greeting: 'humbug' }),
      /admission webhook "sites\.web\.example\.com" denied the request: "humbug" is no way/,
    );
  });

  test('does no more than its role allows', async () => {
    const may = async (...what: readonly string[]): Promise<string> =>
      (
        await run(upstream ?? '', [
          '--kubeconfig',
          cluster.kubeconfig,
          'auth',
          'can-i',
          ...what,
          '--as=system:serviceaccount:site-operator:site-operator',
        ])
      ).stdout.trim();
    assert.equal(await may('create', 'deployments.apps'), 'yes');
    assert.equal(await may('get', 'secrets'), 'no');
  });

  test('what was made goes with the site', async () => {
    await kubectl('delete', 'site', 'welcome', '--wait');
    await until('', 'get', 'deployments,services', '-l', 'app.kubernetes.io/name=welcome', '-o', 'name');
    assert.equal(operator?.exitCode, null, said);
  });
});

/** The administrator's kubeconfig with somebody else's credential. */
async function ownKubeconfig(cluster: RealCluster, token: string): Promise<string> {
  const text = readFileSync(cluster.kubeconfig, 'utf8');
  const own = text.replace(/( *)client-certificate-data: .*\n *client-key-data: .*\n/, `$1token: ${token.trim()}\n`);
  assert.notEqual(own, text);
  const file = join(cluster.dataDir, 'operator.kubeconfig');
  writeFileSync(file, own);
  return file;
}
