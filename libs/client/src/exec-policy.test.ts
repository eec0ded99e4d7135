import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkPluginPolicy, requireAllowed } from './exec-policy.ts';

const listed = (...commands: string[]) => ({ type: 'Allowlist', allowlist: commands.map((command) => ({ command })) });

test('a policy and its list go together', () => {
  for (const type of ['', 'AllowAll', 'DenyAll']) {
    checkPluginPolicy({ type, allowlist: undefined });
    assert.throws(() => checkPluginPolicy({ type, allowlist: [] }), /allowlist is non-nil$/);
  }
  checkPluginPolicy(listed('a', '/bin/b'));
  assert.throws(() => checkPluginPolicy({ type: 'Allowlist', allowlist: undefined }), /but allowlist is unspecified$/);
  assert.throws(() => checkPluginPolicy(listed()), /but allowlist is empty; use "DenyAll" policy instead$/);
  assert.throws(() => checkPluginPolicy(listed('a', '')), /empty allowlist entry #2$/);
  assert.throws(() => checkPluginPolicy(listed('/a//b/')), /^Error: non-normalized file path: "\/a\/\/b\/" vs "\/a\/b"$/);
  assert.throws(() => checkPluginPolicy({ type: 'x', allowlist: undefined }), /^Error: unknown plugin policy: "x"$/);
});

test('a program is allowed by its name or by where it is found', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'policy-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'login');
  writeFileSync(file, '');
  chmodSync(file, 0o755);
  const may = (command: string, ...allowed: string[]) => requireAllowed(command, listed(...allowed), folder);
  may('login', 'login');
  may('login', file);
  may(file, 'login');
  assert.throws(() => may('login', 'other'), { message: `plugin path "${file}" is not permitted by the credential plugin allowlist` });
  assert.throws(
    () => may('nope', 'other'),
    /^Error: plugin path "nope" cannot be resolved for .*: exec: "nope": executable file not found in \$PATH$/,
  );
  requireAllowed('anything', { type: '', allowlist: undefined });
  assert.throws(() => requireAllowed('login', { type: 'DenyAll', allowlist: undefined }), {
    message: 'plugin "login" not allowed: policy set to "DenyAll"',
  });
});
