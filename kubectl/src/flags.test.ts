import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstPositional, parseArguments } from './flags.ts';

const specs = {
  namespace: { type: 'string', short: 'n', help: '' },
  stdin: { type: 'bool', short: 'i', help: '' },
  tty: { type: 'bool', short: 't', help: '' },
  replicas: { type: 'int', help: '' },
  filename: { type: 'list', short: 'f', help: '' },
  'from-literal': { type: 'array', help: '' },
  'dry-run': { type: 'string', default: 'none', implied: 'unchanged', help: '' },
  timeout: { type: 'duration', help: '' },
} as const;

const values = (...argv: string[]): Record<string, unknown> => ({ ...parseArguments(argv, specs).values });

test('flags in all their forms', () => {
  assert.equal(values('--namespace', 'a').namespace, 'a');
  assert.equal(values('--namespace=a=b').namespace, 'a=b');
  for (const form of [['-n', 'a'], ['-na'], ['-n=a']]) assert.equal(values(...form).namespace, 'a');
  assert.equal(values('-n=').namespace, '=');
  assert.deepEqual([values('-it').stdin, values('-it').tty, values('--stdin=false').stdin], [true, true, false]);
  assert.deepEqual(values('-f', 'a,b', '-f', 'c').filename, ['a', 'b', 'c']);
  assert.deepEqual(values('--from-literal=a=b,c')['from-literal'], ['a=b,c']);
  assert.deepEqual(
    [values()['dry-run'], values('--dry-run')['dry-run'], values('--dry-run=server')['dry-run']],
    ['none', 'unchanged', 'server'],
  );
  assert.deepEqual([values('--timeout=1m30s').timeout, values('--timeout=0').timeout], [90_000, 0]);
  assert.throws(() => values('--timeout=5'), /^UsageError: invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"$/);
});

test('positional arguments anywhere, and all after a double dash', () => {
  const { args, dash, changed } = parseArguments(['web', '-n', 'a', 'x', '--', 'ls', '-l'], specs);
  assert.deepEqual(args, ['web', 'x', 'ls', '-l']);
  assert.equal(dash, 2);
  assert.deepEqual([...changed], ['namespace']);
});

test('the verb is found behind global flags', () => {
  assert.equal(firstPositional(['-n', 'a', '--stdin', 'get', 'pods'], specs), 3);
  assert.equal(firstPositional(['--dry-run', 'get'], specs), 1);
  assert.equal(firstPositional(['--', 'get'], specs), -1);
});

test('what pflag says of wrong flags', () => {
  const says = (argv: string[], message: string): void => assert.throws(() => parseArguments(argv, specs), { message });
  says(['--nope'], 'unknown flag: --nope');
  says(['-iz'], "unknown shorthand flag: 'z' in -z");
  says(['--namespace'], 'flag needs an argument: --namespace');
  says(['-n'], "flag needs an argument: 'n' in -n");
  says(['--replicas=x'], 'invalid argument "x" for "--replicas" flag: strconv.ParseInt: parsing "x": invalid syntax');
});
