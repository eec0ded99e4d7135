import { type Component, type OptionSpecs, runMain } from '../index.ts';

const options = { mode: { type: 'string', default: 'wait', help: 'What to do' } } as const satisfies OptionSpecs;

const component: Component<typeof options> = {
  name: 'keelson-test',
  options,
  async run({ options: { mode }, log, signal, clock, metrics }) {
    if (mode === 'fail') throw new Error('cannot open /etc/ca.crt: no such file');
    if (mode === 'crash') queueMicrotask(() => Promise.reject(new Error('a bug')));
    if (mode === 'metrics') return void process.stdout.write(await metrics.metrics());
    const idle = clock.after(60_000, () => undefined);
    log.debug('unseen');
    log.info('running', { mode, err: new Error('e') });
    if (mode === 'stuck') return new Promise(() => undefined);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    idle.cancel();
  },
};

await runMain(component);
