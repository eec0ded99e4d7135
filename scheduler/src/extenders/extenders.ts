import { errorMessage, type Logger } from '@keelson/base';
import type { Node, Pod } from '@keelson/types';
import type { Bound } from '../binder.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import type { Extender } from './config.ts';
import type { Ask } from './http.ts';
import {
  bindingArgs,
  checkAnswer,
  extenderArgs,
  isInterested,
  preemptionArgs,
  readFiltered,
  readPreemption,
  readPriorities,
  type Victims,
} from './protocol.ts';

/** An extender and the way to ask it. */
export interface AskedExtender {
  readonly extender: Extender;
  readonly ask: Ask;
}

/** Why an extender refuses a node; `resolvable`: evicting pods helps. */
export interface Refusal {
  readonly why: string | undefined;
  readonly resolvable: boolean;
}

/** What is left of the nodes asked about, and why the others are not, by name. */
export interface Kept {
  readonly nodes: readonly Node[];
  readonly refused: ReadonlyMap<string, Refusal>;
}

/** An extender's highest score is 10, where a plugin's is 100. */
const scale = 10;

/** All extenders, asked in their order. What an ignorable one fails to answer is as if it had not been asked. */
export class Extenders {
  readonly #all: readonly AskedExtender[];
  readonly #log: Logger;

  constructor(all: readonly AskedExtender[], log: Logger) {
    this.#all = all;
    this.#log = log;
  }

  /** Whether anybody wants to be asked before a pod's node is chosen. */
  concern(pod: Pod): boolean {
    return this.#all.some(
      ({ extender }) => (extender.filterVerb || extender.prioritizeVerb || extender.preemptVerb) && isInterested(extender, pod),
    );
  }

  /** @throws what kept one that is not ignorable from answering */
  async filter(pod: Pod, nodes: readonly Node[]): Promise<Kept> {
    let left = nodes;
    const refused = new Map<string, Refusal>();
    for (const { extender, ask } of this.#with('filterVerb', pod)) {
      if (left.length === 0) break;
      const asked = left;
      const filtered = await this.#unlessIgnorable(extender, async () =>
        readFiltered(extender, await ask(extender.filterVerb, extenderArgs(extender, pod, asked)), asked),
      );
      if (!filtered) continue;
      const names = new Set(filtered.names);
      for (const { metadata } of asked) {
        const name = metadata.name ?? '';
        const never = filtered.unresolvable.get(name);
        const why = never ?? filtered.failed.get(name);
        if (!names.has(name)) refused.set(name, { why, resolvable: never === undefined && why !== undefined });
      }
      left = asked.filter(({ metadata }) => names.has(metadata.name ?? ''));
    }
    return { nodes: left, refused };
  }

  /** Weighted, to be added to what plugins say. Whoever does not answer does not count. */
  async scores(pod: Pod, nodes: readonly Node[]): Promise<ReadonlyMap<string, number>> {
    const sums = new Map<string, number>();
    await Promise.all(
      this.#with('prioritizeVerb', pod).map(async ({ extender, ask }) => {
        try {
          const scores = readPriorities(await ask(extender.prioritizeVerb, extenderArgs(extender, pod, nodes)));
          for (const [name, score] of scores) sums.set(name, (sums.get(name) ?? 0) + score * extender.weight * scale);
        } catch (error) {
          this.#log.info('extender failed to prioritize', { extender: extender.urlPrefix, err: error });
        }
      }),
    );
    return sums;
  }

  /** What is left of nodes and their victims. @throws what kept one that is not ignorable from answering */
  async preempt(
    pod: Pod,
    candidates: readonly Victims[],
    podsOn: (node: string) => readonly PodInfo[] | undefined,
  ): Promise<readonly Victims[]> {
    let left = candidates;
    for (const { extender, ask } of this.#with('preemptVerb', pod)) {
      if (left.length === 0) break;
      const asked = left;
      left =
        (await this.#unlessIgnorable(extender, async () =>
          readPreemption(extender, await ask(extender.preemptVerb, preemptionArgs(extender, pod, asked)), podsOn),
        )) ?? asked;
    }
    return left;
  }

  /** The binding by whoever binds such pods; undefined when nobody does, or the one who does failed and is ignorable. Never rejects. */
  async bind(info: PodInfo, node: string): Promise<Bound | undefined> {
    for (const { extender, ask } of this.#with('bindVerb', info.pod)) {
      try {
        checkAnswer(await ask(extender.bindVerb, bindingArgs(info, node)));
        return { type: 'bound' };
      } catch (error) {
        if (!extender.ignorable) return { type: 'failed', why: errorMessage(error) };
        this.#log.info('skipping extender in bind as it returned error and has ignorable flag set', {
          extender: extender.urlPrefix,
          err: error,
        });
      }
    }
    return undefined;
  }

  #with(verb: 'filterVerb' | 'prioritizeVerb' | 'preemptVerb' | 'bindVerb', pod: Pod): readonly AskedExtender[] {
    return this.#all.filter(({ extender }) => extender[verb] !== '' && isInterested(extender, pod));
  }

  async #unlessIgnorable<T>({ ignorable, urlPrefix }: Extender, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!ignorable) throw error;
      this.#log.info('skipping extender as it returned error and has ignorable flag set', { extender: urlPrefix, err: error });
      return undefined;
    }
  }
}
