import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLogger, systemClock } from '@keelson/base';
import { RegistrationDefinition } from '../cri/grpc/codec/pluginregistration.ts';
import { serveSocket } from '../cri/grpc/server.ts';
import type { PluginHandler } from './types.ts';
import { PluginWatcher } from './watcher.ts';

async function setUp(t: TestContext, handler: Partial<PluginHandler> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'kubelet-plugins-'));
  const calls: string[] = [];
  const told: string[] = [];
  const closing: (() => void)[] = [];
  t.after(async () => {
    for (const close of closing) close();
    await rm(directory, { recursive: true, force: true });
  });
  const handlers = {
    Known: {
      whyNot: () => undefined,
      register: async ({ name, endpoint }) => void calls.push(`register ${name} ${endpoint}`),
      deregister: ({ name }) => void calls.push(`deregister ${name}`),
      ...handler,
    } satisfies PluginHandler,
  };
  /** A plugin's registration socket. */
  const plugin = async (type: string, endpoint: string): Promise<string> => {
    const socket = join(directory, 'x/reg.sock');
    const note = async ({ pluginRegistered, error }: { pluginRegistered: boolean; error: string }): Promise<object> => {
      told.push(`${pluginRegistered} ${error}`);
      return {};
    };
    const answers = { getInfo: async () => ({ type, name: 'p', endpoint, supportedVersions: ['1'] }), notifyRegistrationStatus: note };
    closing.push(await serveSocket(socket, [{ name: 'pluginregistration.Registration', definition: RegistrationDefinition, answers }]));
    return socket;
  };
  return { watcher: new PluginWatcher({ clock: systemClock, log: silentLogger, directory, handlers }), calls, told, plugin };
}

test('a plugin is registered once, again when it is made anew, and forgotten when its socket is gone', async (t) => {
  const { watcher, calls, told, plugin } = await setUp(t);
  const socket = await plugin('Known', '/e');
  await watcher.look();
  await chmod(socket, 0o600);
  await watcher.look();
  assert.deepEqual([calls, told], [['register p /e'], ['true ']]);
  await plugin('Known', '');
  await watcher.look();
  assert.deepEqual(calls.slice(1), ['deregister p', `register p ${socket}`]);
  await rm(socket);
  await watcher.look();
  assert.deepEqual(calls.slice(3), ['deregister p']);
});

test('a plugin that is of no use is told so once', async (t) => {
  const { watcher, calls, told, plugin } = await setUp(t, { whyNot: () => 'too old' });
  await plugin('Known', '/e');
  await watcher.look();
  await watcher.look();
  const socket = await plugin('Strange', '/e');
  await watcher.look();
  assert.deepEqual(told, [
    'false RegisterPlugin error -- plugin validation failed with err: too old',
    `false RegisterPlugin error -- no handler registered for plugin type: Strange at socket ${socket}`,
  ]);
  assert.deepEqual(calls, []);
});

test('one that cannot be registered now is tried again; while nobody is ready it hears nothing', async (t) => {
  const answers = [() => Promise.reject(new Error('not yet')), () => Promise.resolve()];
  let ready = false;
  const { watcher, told, plugin } = await setUp(t, { ready: () => ready, register: () => answers.shift()?.() ?? Promise.reject() });
  await plugin('Known', '/e');
  await watcher.look();
  assert.deepEqual(told, []);
  ready = true;
  await watcher.look();
  await watcher.look();
  await watcher.look();
  assert.deepEqual(told, ['false RegisterPlugin error -- plugin registration failed with err: not yet', 'true ']);
});
