import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from './run.ts';

async function kubectl(...argv: string[]): Promise<string> {
  let text = '';
  const stream = { write: (chunk: string | Uint8Array) => (text += String(chunk)) };
  const code = await run(argv, { env: { KUBERC: 'off', KUBECONFIG: '/nonexistent', PATH: '' }, stdout: stream, stderr: stream });
  return `${text}exit ${code}`;
}

const suggested = (name: string, ...near: string[]): string =>
  `error: unknown command "${name}" for "kubectl"\n\nDid you mean this?\n\t${near.join('\n\t')}\nexit 1`;

test('commands are suggested for those that are not there: similar ones, and those that do what others call so', async () => {
  assert.equal(await kubectl('list'), suggested('list', 'get', 'wait'));
  assert.equal(await kubectl('rm'), suggested('rm', 'run', 'delete', 'cp'));
  assert.equal(await kubectl('ap'), suggested('ap', 'top', 'cp', 'apply', 'api-versions', 'api-resources'));
  assert.equal(await kubectl('GETT'), suggested('GETT', 'set', 'get'));
  assert.equal(await kubectl('show'), 'error: unknown command "show" for "kubectl"\nexit 1');
});

test('a flag nobody knows takes what follows it', async () => {
  assert.equal(await kubectl('--foo', 'list'), "error: unknown flag: --foo\nSee 'kubectl --help' for usage.\nexit 1");
});

test('--dry-run with a truth value, or none, does what it did and is warned of', async () => {
  const make = (flag: string): Promise<string> => kubectl('create', 'namespace', 'x', flag, '-o', 'name');
  assert.match(
    await make('--dry-run=true'),
    /^W\d{4} .*\] --dry-run=true is deprecated \(boolean value\) and can be replaced with --dry-run=client\.\nnamespace\/x\nexit 0$/,
  );
  assert.match(await make('--dry-run'), /\] --dry-run is deprecated and can be replaced with --dry-run=client\.\n/);
  assert.match(await make('--dry-run=foo'), /^error: Invalid dry-run value \(foo\)/);
});

test('--record is warned of, and leaves the command with the object', async () => {
  const made = await kubectl('run', 'x', '--image=y', '--record', '--dry-run=client', '-o', 'jsonpath={.metadata.annotations}');
  assert.equal(
    made,
    'Flag --record has been deprecated, --record will be removed in the future\n' +
      '{"kubernetes.io/change-cause":"kubectl run x --image=y --record=true --dry-run=client --output=jsonpath={.metadata.annotations}"}exit 0',
  );
});
