import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { silentLogger } from '@keelson/base';
import { kernelConntrack } from './conntrack.ts';

const netns = `kpt-ct-${process.pid}`;
const inside = ['nsenter', `--net=/run/netns/${netns}`, 'conntrack'];

const why = impediment();
if (why) console.error(`SKIPPED: connections in a real kernel: ${why}`);

function impediment(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  try {
    execFileSync('conntrack', ['--version'], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'add', `${netns}p`], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'del', `${netns}p`], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'needs conntrack and the right to make network namespaces';
  }
}

const conntrack = (...args: string[]): string => {
  const [file = '', ...rest] = inside;
  return execFileSync(file, [...rest, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
};

/** A client's connection to `to`, which goes to `endpoint`. */
function remember(to: string, endpoint: string): void {
  const [address = '', port = ''] = to.split(':');
  conntrack('-I', '-p', 'udp', '-s', '192.0.2.1', '--sport', '1111', '-d', address, '--dport', port, '-t', '60', '-g', `${endpoint}:53`);
}

const left = (): string[] =>
  [...conntrack('-L', '-p', 'udp').matchAll(/dst=(\S+) sport=1111 dport=(\d+)/g)].map(([, ip, port]) => `${ip}:${port}`);

describe('connections in a real kernel', { skip: why ?? false }, () => {
  before(() => execFileSync('ip', ['netns', 'add', netns]));
  after(() => execFileSync('ip', ['netns', 'del', netns]));

  it('forgets those of an address and those of a node port, and no others', async () => {
    remember('10.96.0.10:53', '10.244.1.1');
    remember('10.96.0.11:53', '10.244.1.1');
    remember('192.0.2.9:30053', '10.244.1.1');
    remember('192.0.2.9:30054', '10.244.1.1');
    const complaints: string[] = [];
    const kernel = kernelConntrack({ ...silentLogger, warn: (message) => void complaints.push(message) }, inside);
    await kernel.forget([
      { address: '10.96.0.10', endpoint: '10.244.1.1' },
      { nodePort: 30_053, endpoint: '10.244.1.1' },
    ]);
    assert.deepEqual([left().sort(), complaints], [['10.96.0.11:53', '192.0.2.9:30054'], []]);
    await kernel.forget([
      { address: '10.96.0.11', endpoint: '10.244.1.2' },
      { nodePort: 30_054, endpoint: '10.244.1.2' },
    ]);
    assert.deepEqual([left().length, complaints], [2, []]);
    await kernel.forget([{ address: '10.96.0.11' }, { nodePort: 30_054 }]);
    assert.deepEqual([left(), complaints], [[], []]);
  });
});
