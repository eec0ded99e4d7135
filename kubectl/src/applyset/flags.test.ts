import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gateIsOpen, requireApplySetAlone } from './flags.ts';

test('the gate opens for true alone, however it is written', () => {
  for (const value of ['true', 'TRUE', 'tRuE']) assert.equal(gateIsOpen({ KUBECTL_APPLYSET: value }), true);
  for (const value of ['1', 't', 'yes', 'false', '']) assert.equal(gateIsOpen({ KUBECTL_APPLYSET: value }), false);
  assert.equal(gateIsOpen({}), false);
});

test('what chooses for the older pruning does not go with a set', () => {
  const none = { all: false, selector: '', 'prune-allowlist': [] };
  requireApplySetAlone(none);
  assert.throws(() => requireApplySetAlone({ ...none, all: true }), { message: '--all is incompatible with --applyset' });
  assert.throws(() => requireApplySetAlone({ ...none, selector: 'a=b' }), { message: '--selector is incompatible with --applyset' });
  assert.throws(() => requireApplySetAlone({ ...none, 'prune-allowlist': ['core/v1/Secret'] }), {
    message: '--prune-allowlist is incompatible with --applyset',
  });
});
