import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually } from '@keelson/testing';
import { onPath, RealCluster, root, whyNotReal } from './cluster.ts';
import { filledIn, firstMissing, onlyLooks, readTour, type Step } from './tour/document.ts';
import { Traveller } from './tour/traveller.ts';

/*
 * docs/tour.md, typed as it stands there: with our own kubectl, and with upstream's where there is one.
 */

const skip = whyNotReal() ?? (onPath('curl') ? undefined : 'curl is not installed');
if (skip) process.stderr.write(`the tour: skipped, ${skip}\n`);

const chapters = readTour(readFileSync(join(root, 'docs/tour.md'), 'utf8'));
const upstream = onPath('kubectl');
const kubectls = { keelson: join(root, 'kubectl/bin/kubectl.mjs'), ...(upstream ? { upstream } : {}) };

/** Milliseconds, of one command, and of looking again and again. */
const [commandDeadline, lookingDeadline] = [60_000, 60_000];

// Most of a tour is waiting: for a scrape, a scale, a grace period. So those who take it go at the same time.
describe('the tour', { skip: skip ?? false, concurrency: 2, timeout: 600_000 }, () => {
  for (const [name, kubectl] of Object.entries(kubectls)) describe(`with ${name} kubectl`, { concurrency: 1 }, () => travel(kubectl));
});

function travel(kubectl: string): void {
  const cluster = skip ? (undefined as unknown as RealCluster) : new RealCluster('tour', ['--addons', 'dns,metrics-server']);
  let traveller: Traveller;
  before(async () => {
    await cluster.up();
    traveller = new Traveller(kubectl, cluster);
  });
  after(async () => {
    await traveller?.close();
    const { code, stdout, stderr } = await cluster.down();
    assert.equal(code, 0, `down: ${stdout}${stderr}`);
  });

  let told = '';
  for (const { title, steps } of chapters) {
    test(title, async () => {
      for (const step of steps) told += await take(step, traveller, told);
    });
  }
}

/** Types what a step says, and answers what was printed. @throws when it does not go as told. */
async function take(step: Step, traveller: Traveller, told: string): Promise<string> {
  if (step.expected.length === 0 || !onlyLooks(step)) return takeOnce(step, traveller, told);
  let printed = '';
  const look = async (): Promise<boolean> => {
    printed = await takeOnce(step, traveller, told);
    return true;
  };
  await eventually(look, { deadlineMs: lookingDeadline, message: 'what is to be seen' });
  return printed;
}

async function takeOnce({ line, machine, commands, expected }: Step, traveller: Traveller, told: string): Promise<string> {
  let printed = '';
  for (const { text, exitCode } of commands) {
    const answer = await traveller.at(machine).type(filledIn(text, told), commandDeadline);
    printed += `${answer.printed}\n`;
    assert.equal(answer.code, exitCode, `docs/tour.md:${line}: ${text}: exit ${answer.code}\n${printed}`);
  }
  const missing = firstMissing(expected, printed);
  assert.equal(missing, undefined, `docs/tour.md:${line}: this was not printed: ${missing}\n${printed}`);
  return printed;
}
