import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom, systemRandom } from '@keelson/base';
import { root } from '../e2e/cluster.ts';
import type { Comparison, Difference } from './comparison.ts';
import { fetchLibraries } from './newer.ts';
import { Oracle } from './oracle.ts';

/*
 * `node test/upstream/libraries.ts [--seed N] [--cases N] [AREA…]`: asks upstream's own libraries of 1.36 and ours the same questions, in all
 * areas of `libraries/` or those named, and tells what is answered differently. Ends with 1 when there is a difference nobody gave a reason
 * for. Some minutes after the first build, which takes five.
 */
const { values, positionals } = parseArgs({
  options: { seed: { type: 'string' }, cases: { type: 'string', default: '2000' } },
  allowPositionals: true,
});
const seed = Number(values.seed ?? Math.floor(systemRandom.next() * 1e6));
const folder = join(import.meta.dirname, 'libraries');

const say = (what: string): void => void process.stdout.write(`${what}\n`);

async function areas(): Promise<readonly string[]> {
  if (positionals.length > 0) return positionals;
  const found = await readdir(folder, { withFileTypes: true });
  return found.filter((entry) => entry.isDirectory() && entry.name !== 'lines').map(({ name }) => name);
}

function describe({ question, theirs, ours, reason }: Difference): string {
  const told = (
    [
      ['asked', question],
      ['upstream', theirs],
      ['ours', ours],
    ] as const
  ).map(([who, what]) => `  ${who.padEnd(8)} ${JSON.stringify(what)}`);
  return [reason === undefined ? 'DIFFERS' : `differs (${reason})`, ...told].join('\n');
}

const libraries = await fetchLibraries(join(root, '.cache/upstream/newer'), say);
say(`seed ${seed}`);
for (const area of await areas()) {
  const { compare } = (await import(join(folder, area, 'compare.ts'))) as { compare: Comparison };
  const oracle = new Oracle(await libraries.build(`keelson/${area}`));
  const { asked, differences } = await compare({ oracle, libraries, random: seededRandom(seed), cases: Number(values.cases) });
  oracle.close();
  const unexplained = differences.filter(({ reason }) => reason === undefined);
  for (const difference of unexplained.slice(0, 20)) say(describe(difference));
  const reasons = [...new Set(differences.flatMap(({ reason }) => reason ?? []))];
  say(`${area}: ${asked} asked, ${unexplained.length} differ, ${differences.length - unexplained.length} differ for a reason`);
  for (const reason of reasons) say(`  ${reason}`);
  if (unexplained.length > 0) process.exitCode = 1;
}
