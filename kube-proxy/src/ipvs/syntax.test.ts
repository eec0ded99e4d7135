import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { seededRandom, silentLogger } from '@keelson/base';
import { memoryRules } from '../iptables/memory.ts';
import { place, render } from '../testdata.ts';
import { mutate, type World, wantedOf } from '../testworld.ts';
import { IpvsBackend } from './ipvs.ts';
import { reason } from './kernel.ts';
import { changeTable, type MemoryIpvs, memoryIpvs, printTable } from './memory.ts';

/*
 * ipvsadm itself reads what we write, even where the kernel has no IPVS: a library loaded before the C library's stands for the kernel, and
 * prints each command that ipvsadm gives it. Those, replayed, must make the table that the model wants.
 */

const library = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/socket.h>
#define IP_VS(level, name) ((level) == 0 && (name) >= 64 + 1024 + 64)
int getsockopt(int s, int level, int name, void *value, socklen_t *size) {
  int (*real)(int, int, int, void *, socklen_t *) = dlsym(RTLD_NEXT, "getsockopt");
  if (!IP_VS(level, name)) return real(s, level, name, value, size);
  *(unsigned *)value = 0x010201;
  return 0;
}
int setsockopt(int s, int level, int name, const void *value, socklen_t size) {
  int (*real)(int, int, int, const void *, socklen_t) = dlsym(RTLD_NEXT, "setsockopt");
  if (!IP_VS(level, name)) return real(s, level, name, value, size);
  printf("%d ", name);
  for (socklen_t i = 0; i < size; i++) printf("%02x", ((const unsigned char *)value)[i]);
  printf("\\n");
  return 0;
}
`;

const why = impediment();
if (why) console.error(`SKIPPED: what ipvsadm makes of our lines: ${why}`);

function impediment(): string | undefined {
  const missing = [
    ['ipvsadm', '--help'],
    ['cc', '--version'],
  ].find(([program = '', flag = '']) => spawnSync(program, [flag]).error !== undefined);
  if (missing) return `${missing[0]} is not installed`;
  return process.getuid?.() === 0 ? undefined : 'not root';
}

const folder = mkdtempSync(join(tmpdir(), 'keelson-ipvs-'));
after(() => rmSync(folder, { recursive: true }));

interface Verdict {
  readonly commands: readonly string[];
  readonly complaint: string;
}

/** Runs `ipvsadm --restore`, with a kernel that takes everything. */
function restore(text: string): Verdict {
  const env = { ...process.env, LD_PRELOAD: join(folder, 'kernel.so') };
  const { stdout, stderr } = spawnSync('ipvsadm', ['--restore'], { input: text, env, encoding: 'utf8' });
  return { commands: stdout.split('\n').filter(Boolean), complaint: stderr.replace(/^\s+/gm, '') };
}

const verbs: Readonly<Record<number, string>> = { 2: '-A', 3: '-E', 4: '-D', 7: '-a', 8: '-d', 9: '-e' };
const protocols: Readonly<Record<number, string>> = { 6: '-t', 17: '-u', 132: '--sctp-service' };

/** Reads a command as the kernel does (`struct ip_vs_service_user`, `struct ip_vs_dest_user`), back into the words of `ipvsadm`. */
function understood(command: string): string {
  const [number, hex = ''] = command.split(' ');
  const bytes = Buffer.from(hex, 'hex');
  const socket = (at: number): string => `${[...bytes.subarray(at, at + 4)].join('.')}:${bytes.readUInt16BE(at + 4)}`;
  const verb = verbs[Number(number) - 64 - 1024 - 64] ?? '';
  const virtual = `${verb} ${protocols[bytes.readUInt16LE(0)]} ${socket(4)}`;
  if (verb === '-D') return virtual;
  const scheduler = bytes.toString('latin1', 16, 32).replace(/\0.*/, '');
  const isPersistent = (bytes.readUInt32LE(32) & 1) === 1;
  if (verb === '-A' || verb === '-E') return `${virtual} -s ${scheduler}${isPersistent ? ` -p ${bytes.readUInt32LE(36)}` : ''}`;
  const real = `${virtual} -r ${socket(44)}`;
  if (verb === '-d') return real;
  assert.equal(bytes.readUInt32LE(52) & 7, 0, 'masquerading');
  return `${real} -m -w ${bytes.readInt32LE(56)}`;
}

/** A kernel whose virtual servers are what ipvsadm understood. */
function throughIpvsadm(): MemoryIpvs {
  const kernel = memoryIpvs();
  kernel.restoreServers = async (text) => {
    const { commands, complaint } = restore(text);
    assert.equal(complaint, '', text);
    assert.equal(commands.length, text.trimEnd().split('\n').length, 'a command for each line');
    for (const command of commands) changeTable(kernel.table, understood(command));
  };
  return kernel;
}

describe('ipvsadm', { skip: why ?? false }, () => {
  before(() => {
    writeFileSync(join(folder, 'kernel.c'), library);
    execFileSync('cc', ['-shared', '-fPIC', '-o', join(folder, 'kernel.so'), join(folder, 'kernel.c'), '-ldl']);
  });

  const seed = Number(process.env.SEED ?? process.hrtime()[1]);
  it(`understands what we mean (SEED=${seed})`, async () => {
    const random = seededRandom(seed);
    const int = (below: number): number => Math.floor(random.next() * below);
    const world: World = { services: new Map(), slices: new Map() };
    const model = wantedOf(world);
    const [real, plain] = [throughIpvsadm(), memoryIpvs()];
    const backends = [real, plain].map(
      (kernel) => new IpvsBackend({ kernel, rules: memoryRules(), render, scheduler: 'rr', excluded: [], log: silentLogger }),
    );
    for (const backend of backends) await backend.resync([]);
    for (let step = 0; step < 60; step++) {
      const steps = Array.from({ length: 1 + int(4) }, () => model.update(mutate(world, int), place));
      for (const backend of backends) await backend.update(steps);
      assert.equal(printTable(real.table), printTable(plain.table), `after step ${step}`);
    }
  });

  it('says what is wrong with a line, and nothing when nothing is', () => {
    assert.equal(restore('-A -t 10.96.0.1:443 -s rr -p 10800\n').complaint, '');
    for (const [line, complaint] of [
      ['-A -q 1', /unknown option/],
      ['-a -t 10.96.0.1:443 -r 10.0.0.1:99999 -m -w 1', /illegal real server/],
      ['-A -t 10.96.0.1:99999 -s rr', /illegal virtual server/],
    ] as const) {
      assert.match(restore(`-A -t 10.96.0.1:443 -s rr\n${line}\n-D -t 10.96.0.1:443\n`).complaint, complaint);
      assert.match(reason('ipvsadm', { stderr: restore(`${line}\n`).complaint }), complaint, 'no sign of a kernel without IPVS');
    }
  });
});
