import { seededRandom } from '@keelson/base';
import { createCluster } from '../src/index.ts';
import { differences } from './convergence.ts';
import { Invariants } from './invariants.ts';
import { below, pick, trouble, usual, type World } from './operations.ts';

export interface Outcome {
  /** What was done, and when. */
  readonly operations: readonly string[];
  /** Every change of the cluster's store. */
  readonly transcript: readonly string[];
  /** Invariants that did not hold. */
  readonly broken: readonly string[];
  /** Simulated milliseconds from the end of all trouble until everything was as wanted. */
  readonly convergedAfter: number;
}

/** Milliseconds after trouble in which controllers may still act on what was before. */
const calmAfter = 60_000;
/** A container that crashed often waits five minutes, an evicted pod as long. */
const convergenceLimit = 1_200_000;

/**
 * Runs a cluster of five nodes for `minutes` simulated minutes of random operations: users' alone for a while, then trouble among them,
 * and so on. Then everything is started again and must come to what users want.
 * @throws Error when it does not.
 */
export async function simulate(seed: number, minutes: number): Promise<Outcome> {
  const random = seededRandom(seed);
  const cluster = await createCluster({
    seed,
    nodes: Array.from({ length: 5 }, () => ({ model: { behaviour: () => behaviour(random) } })),
  });
  const world: World = { cluster, random, wanted: new Map(), silentNodes: new Set() };
  const invariants = new Invariants(cluster);
  const operations: string[] = [];
  try {
    await operate(world, invariants, operations, cluster.clock.now() + minutes * 60_000);
    for (const name of world.silentNodes) cluster.node(name).startKubelet();
    const began = cluster.clock.now();
    let left: readonly string[] = [];
    const converged = async (): Promise<boolean> => {
      left = await differences(world);
      return left.length === 0;
    };
    await cluster.until('everything is as wanted', converged, convergenceLimit).catch((error: Error) => {
      throw new Error(`${left.join('\n')}\n${operations.join('\n')}\n${error.message}`, { cause: error });
    });
    await invariants.checkNodes();
    const convergedAfter = cluster.clock.now() - began;
    return { operations, transcript: cluster.history.transcript, broken: invariants.broken, convergedAfter };
  } finally {
    await cluster.stop();
  }
}

async function operate(world: World, invariants: Invariants, operations: string[], until: number): Promise<void> {
  const { cluster, random, silentNodes } = world;
  const { clock } = cluster;
  let troubledAt = clock.now() - calmAfter;
  while (clock.now() < until) {
    const quiet = Math.floor(clock.now() / 150_000) % 2 === 0;
    const all = quiet ? usual : [...usual, ...trouble];
    invariants.calm = silentNodes.size === 0 && clock.now() - troubledAt > calmAfter;
    const operation = pick(random, all);
    if (operation && trouble.includes(operation)) invariants.calm = false;
    const done = await operation?.(world);
    if (operation && trouble.includes(operation)) troubledAt = clock.now();
    if (done) operations.push(`${new Date(clock.now()).toISOString()} ${done}`);
    await cluster.advance(random.next() < 0.2 ? 0 : below(random, 15_000));
    await invariants.checkNodes();
  }
}

/** Slow to start, slow to stop, now and then deaf. */
function behaviour(random: World['random']): { startDelayMs: number; stopAfterMs: number } {
  return { startDelayMs: below(random, 2000), stopAfterMs: random.next() < 0.1 ? Number.POSITIVE_INFINITY : below(random, 3000) };
}
