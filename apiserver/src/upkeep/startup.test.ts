import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '@keelson/base';
import { eventually, SimulatedClock } from '@keelson/testing';
import { Startup } from './startup.ts';

const late = async (startup: Startup): Promise<string[]> => {
  const failed: string[] = [];
  for (const { name, check } of startup.checks()) {
    try {
      await check();
    } catch {
      failed.push(name);
    }
  }
  return failed;
};

test('each check waits for its own part; what failed is tried again', async () => {
  const clock = new SimulatedClock();
  const startup = new Startup({ clock, log: silentLogger, signal: new AbortController().signal });
  const before = await late(startup);
  assert.ok(before.includes('poststarthook/rbac/bootstrap-roles') && before.includes('poststarthook/bootstrap-controller'));
  assert.ok(!before.includes('poststarthook/priority-and-fairness-filter'), 'nothing is left to do');
  const gone = async (): Promise<string[]> => before.filter((name) => !rest.includes(name));
  let rest: string[] = [];
  let broken = true;
  const work = async (): Promise<void> => {
    if (broken) throw new Error('broken');
  };

  await startup.run('roles', work);
  await startup.run('localServices', async () => undefined);
  await startup.run('kubernetesService', work);
  rest = await late(startup);
  assert.deepEqual(await gone(), [
    'poststarthook/bootstrap-controller',
    'poststarthook/kube-apiserver-autoregistration',
    'autoregister-completion',
  ]);
  broken = false;
  await eventually(async () => {
    await clock.advance(1_000);
    return !(await late(startup)).includes('poststarthook/rbac/bootstrap-roles');
  });
});
