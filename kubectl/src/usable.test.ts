import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubectl-usable-'));
after(() => rmSync(folder, { recursive: true }));

/** What `kubectl get cm` says of a configuration of one cluster and one user. */
async function told(user: object, cluster: object = { server: 'https://127.0.0.1:1' }, ...flags: string[]): Promise<string> {
  const file = join(folder, 'config');
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'it' },
    clusters: [{ name: 'c', cluster }],
    contexts: [{ name: 'it', context: { cluster: 'c', user: 'u' } }],
    users: [{ name: 'u', user }],
  };
  writeFileSync(file, JSON.stringify(config));
  let stderr = '';
  const shell = {
    env: {},
    stdout: { write: () => {} },
    stderr: {
      write: (text: string | Uint8Array) => {
        stderr += String(text);
      },
    },
  };
  assert.equal(await run(['get', 'cm', `--kubeconfig=${file}`, ...flags], shell), 1);
  return stderr;
}

test('one fault is told alone', async () => {
  assert.equal(
    await told({ token: 'a', username: 'b' }),
    'error: more than one authentication method found for u; found [token basicAuth], only one is allowed\n',
  );
  assert.equal(
    await told({ 'client-certificate-data': 'Zm9v' }),
    'error: client-key-data or client-key must be specified for u to use the clientCert authentication method.\n',
  );
  assert.equal(
    await told({}, { server: 'https://127.0.0.1:1', 'certificate-authority': '/nope' }),
    'error: unable to read certificate-authority /nope for c due to open /nope: no such file or directory\n',
  );
  assert.equal(await told({}, { 'tls-server-name': 'x' }), 'error: no server found for cluster "c"\n');
});

test("several faults are told together, the user's first", async () => {
  const user = { 'client-certificate': '/nope1', 'client-key': '/nope2' };
  assert.equal(
    await told(user, { server: 'https://127.0.0.1:1', 'certificate-authority': '/nope' }),
    [
      'Error in configuration: ',
      '* unable to read client-cert /nope1 for u due to open /nope1: no such file or directory',
      '* unable to read client-key /nope2 for u due to open /nope2: no such file or directory',
      '* unable to read certificate-authority /nope for c due to open /nope: no such file or directory\n',
    ].join('\n'),
  );
});

test('a credential program must be whole', async () => {
  const needed = (what: string): string => `error: ${what} must be specified for u to use exec authentication plugin\n`;
  const whole = { apiVersion: 'client.authentication.k8s.io/v1', command: 'nope', interactiveMode: 'Never' };
  assert.equal(await told({ exec: { ...whole, command: undefined } }), needed('command'));
  assert.equal(await told({ exec: { ...whole, apiVersion: undefined } }), needed('apiVersion'));
  assert.equal(await told({ exec: { ...whole, interactiveMode: undefined } }), needed('interactiveMode'));
  const beta = { ...whole, apiVersion: 'client.authentication.k8s.io/v1beta1', interactiveMode: undefined };
  assert.match(await told({ exec: beta }), /executable nope not found/);
  assert.equal(await told({ exec: { ...whole, interactiveMode: 'Odd' } }), 'error: invalid interactiveMode for u: "Odd"\n');
});

test('what is not base64, and what is no certificate', async () => {
  const file = join(folder, 'config');
  const server = { server: 'https://127.0.0.1:1' };
  assert.equal(
    await told({}, { ...server, 'certificate-authority-data': 'ab!' }),
    `error: error loading config file "${file}": illegal base64 data at input byte 2\n`,
  );
  assert.equal(
    await told({ 'client-certificate-data': 'Zm9v', 'client-key-data': 'Zm9v' }),
    'error: tls: failed to find any PEM data in certificate input\n',
  );
  assert.equal(
    await told({}, { ...server, 'certificate-authority-data': 'Zm9v' }),
    'error: unable to load root certificates: unable to parse bytes as PEM block\n',
  );
});
