import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configFile, type OptionSpecs, parseFlags, resolveOptions } from './index.ts';

const specs = {
  'secure-port': { type: 'number', default: 10259, help: 'Port' },
  'leader-elect': { type: 'boolean', default: true, help: 'Elect' },
  'bind-address': { type: 'string', default: '0.0.0.0', help: 'Address', placeholder: 'ip' },
  controllers: { type: 'list', default: ['*'], help: 'Controllers' },
} as const satisfies OptionSpecs;

function run(argv: readonly string[], env: Record<string, string> = {}, config?: unknown) {
  const parsed = parseFlags(specs, argv);
  if ('message' in parsed) return parsed.message;
  const resolved = resolveOptions('kube-scheduler', specs, { flags: parsed.flags, env, config });
  return resolved.kind === 'run'
    ? { ...resolved.options, v: resolved.verbosity }
    : resolved.kind === 'invalid'
      ? resolved.message
      : resolved.text;
}
const defaults = { 'secure-port': 10259, 'leader-elect': true, 'bind-address': '0.0.0.0', controllers: ['*'], v: 0 };

test('flags in every form that Kubernetes takes', () => {
  assert.deepEqual(run([]), defaults);
  assert.deepEqual(run(['--secure-port=1', '--leader-elect=false', '--bind_address', '::']), {
    ...defaults,
    'secure-port': 1,
    'leader-elect': false,
    'bind-address': '::',
  });
  assert.deepEqual(run(['--leader-elect=F', '--leader-elect']), defaults);
  assert.deepEqual(run(['--controllers=a,b', '--controllers', 'c']), { ...defaults, controllers: ['a', 'b', 'c'] });
  assert.deepEqual(run(['--controllers=', '--bind-address=a=b\nc']), { ...defaults, controllers: [], 'bind-address': 'a=b\nc' });
  for (const verbose of [['-v', '4'], ['-v4'], ['-v=4'], ['--v=4'], ['--v', '4']]) assert.deepEqual(run(verbose), { ...defaults, v: 4 });
});

test('what is wrong is said in one sentence', () => {
  assert.equal(run(['--foo']), 'unknown flag: --foo');
  assert.equal(run(['--constructor=1']), 'unknown flag: --constructor');
  assert.equal(run(['-x']), 'unknown flag: -x');
  assert.equal(run(['start']), 'unexpected argument: start');
  assert.equal(run(['--leader-elect', 'false']), 'unexpected argument: false');
  assert.equal(run(['--secure-port']), 'flag needs an argument: --secure-port');
  assert.equal(run(['--secure-port=x']), 'invalid argument "x" for "--secure-port" flag: must be a number');
  assert.equal(run(['--leader-elect=maybe']), 'invalid argument "maybe" for "--leader-elect" flag: must be true or false');
  assert.equal(
    run([], { KEELSON_KUBE_SCHEDULER_SECURE_PORT: '' }),
    'invalid argument "" for variable KEELSON_KUBE_SCHEDULER_SECURE_PORT: must be a number',
  );
  assert.equal(run([], {}, { port: 1 }), 'config file: unknown flag: port');
  assert.equal(run([], {}, ['a']), 'config file: must be a mapping of flag names to values');
});

test('flag over environment over file over default', () => {
  const config = { 'secure-port': 1, 'bind-address': 'file', controllers: ['x', 'y'], v: 2 };
  const env = { KEELSON_KUBE_SCHEDULER_SECURE_PORT: '2', KEELSON_KUBE_SCHEDULER_LEADER_ELECT: 'false' };
  assert.deepEqual(run(['--secure-port=3'], env, config), {
    'secure-port': 3,
    'leader-elect': false,
    'bind-address': 'file',
    controllers: ['x', 'y'],
    v: 2,
  });
});

test('a component may give --config a meaning of its own', () => {
  const flags = new Map([['config', ['f.yaml']]]);
  assert.equal(configFile('kubelet', specs, { flags, env: {} }), 'f.yaml');
  const own = { ...specs, config: { type: 'string', default: '', help: 'KubeletConfiguration' } } as const;
  assert.equal(configFile('kubelet', own, { flags, env: {} }), undefined);
  const resolved = resolveOptions('kubelet', own, { flags, env: {} });
  assert.equal(resolved.kind === 'run' && resolved.options.config, 'f.yaml');
});

test('help lists every flag with its default', () => {
  const text = String(run(['-h', '--secure-port=1']));
  assert.match(text, /^Usage:\n {2}kube-scheduler \[flags\]\n\nFlags:\n {6}--bind-address ip {5,}Address \(default "0\.0\.0\.0"\)\n/);
  assert.match(text, /--controllers strings +Controllers \(default \[\*\]\)/);
  assert.match(text, /-h, --help +Print/);
  assert.match(String(run(['--version'])), /^Kubernetes v1\.36\.\d+/);
  assert.match(String(run(['--version=raw'])), /^version\.Info\{Major:"1", Minor:"36".*GitVersion:"v1\.36\..*\}\n$/);
});
