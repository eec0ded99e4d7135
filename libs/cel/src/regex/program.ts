import { type Assertion, isWord, type Node, parsePattern } from './parse.ts';

type Step =
  | { readonly op: 'char'; readonly test: (point: number) => boolean }
  | { readonly op: 'assert'; readonly test: Assertion }
  /** The first is preferred. */
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'match' };

/** Places in the text, in UTF-16 units. */
export interface Match {
  readonly start: number;
  readonly end: number;
}

/** What repetitions of repetitions may grow to. */
const mostSteps = 50_000;

/**
 * A regular expression as RE2 understands it, run in time linear in the text whatever the pattern: all ways to match are followed at once,
 * so a hostile pattern cannot hold the server.
 */
export class Regex {
  readonly #steps: readonly Step[];

  /** @throws Error in Go's words for a pattern that is none. */
  constructor(pattern: string) {
    const steps: Step[] = [];
    emit(parsePattern(pattern), steps);
    steps.push({ op: 'match' });
    this.#steps = steps;
  }

  test(text: string): boolean {
    return this.#run(text, 0, true) !== undefined;
  }

  /** The leftmost match from a place on; of several there, what Perl would find. */
  find(text: string, from = 0): Match | undefined {
    return this.#run(text, from, false);
  }

  #run(text: string, from: number, anyMatch: boolean): Match | undefined {
    let now = new Threads(this.#steps.length);
    let next = new Threads(this.#steps.length);
    let found: Match | undefined;
    for (let at = from; ; ) {
      if (!found) this.#follow(now, 0, at, { text, at });
      if (found && now.count === 0) return found;
      const point = text.codePointAt(at);
      const after = at + (point !== undefined && point > 0xffff ? 2 : 1);
      for (let i = 0; i < now.count; i++) {
        const step = this.#steps[now.step[i] ?? 0];
        const start = now.start[i] ?? 0;
        if (step?.op === 'match') {
          found = { start, end: at };
          if (anyMatch) return found;
          break;
        }
        if (step?.op === 'char' && point !== undefined && step.test(point))
          this.#follow(next, (now.step[i] ?? 0) + 1, start, { text, at: after });
      }
      if (point === undefined) return found;
      [now, next] = [next, now];
      next.clear();
      at = after;
    }
  }

  /** Adds a thread at a step, or where it leads without reading a character. */
  #follow(threads: Threads, first: number, start: number, place: Place): void {
    const pending = [first];
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      if (!threads.visit(index)) continue;
      const step = this.#steps[index];
      if (step?.op === 'jump') pending.push(step.to);
      else if (step?.op === 'split') pending.push(step.second, step.first);
      else if (step?.op === 'assert') {
        if (holds(step.test, place)) pending.push(index + 1);
      } else threads.add(index, start);
    }
  }
}

interface Place {
  readonly text: string;
  readonly at: number;
}

/** Ways to match that are still open, the preferred first; each step at most once. */
class Threads {
  readonly step: Int32Array;
  readonly start: Int32Array;
  readonly #seen: Int32Array;
  #round = 1;
  count = 0;

  constructor(size: number) {
    this.step = new Int32Array(size);
    this.start = new Int32Array(size);
    this.#seen = new Int32Array(size);
  }

  visit(step: number): boolean {
    if (this.#seen[step] === this.#round) return false;
    this.#seen[step] = this.#round;
    return true;
  }

  add(step: number, start: number): void {
    this.step[this.count] = step;
    this.start[this.count++] = start;
  }

  clear(): void {
    this.#round++;
    this.count = 0;
  }
}

function holds(test: Assertion, { text, at }: Place): boolean {
  const before = at > 0 && isWord(text.charCodeAt(at - 1));
  const after = at < text.length && isWord(text.charCodeAt(at));
  switch (test) {
    case 'text-start':
      return at === 0;
    case 'text-end':
      return at === text.length;
    case 'line-start':
      return at === 0 || text[at - 1] === '\n';
    case 'line-end':
      return at === text.length || text[at] === '\n';
    case 'word':
      return before !== after;
    case 'no-word':
      return before === after;
  }
}

function emit(node: Node, steps: Step[]): void {
  if (steps.length > mostSteps) throw new Error('error parsing regexp: expression too large');
  switch (node.kind) {
    case 'char':
      steps.push({ op: 'char', test: node.test });
      return;
    case 'assert':
      steps.push({ op: 'assert', test: node.test });
      return;
    case 'sequence':
      for (const part of node.parts) emit(part, steps);
      return;
    case 'choice':
      emitChoice(node.parts, steps);
      return;
    case 'repeat':
      emitRepeat(node, steps);
  }
}

function emitChoice(parts: readonly Node[], steps: Step[]): void {
  const jumps: { op: 'jump'; to: number }[] = [];
  for (const [i, part] of parts.entries()) {
    if (i === parts.length - 1) {
      emit(part, steps);
      break;
    }
    const split = { op: 'split' as const, first: steps.length + 1, second: 0 };
    steps.push(split);
    emit(part, steps);
    const jump = { op: 'jump' as const, to: 0 };
    jumps.push(jump);
    steps.push(jump);
    split.second = steps.length;
  }
  for (const jump of jumps) jump.to = steps.length;
}

function emitRepeat({ of, min, max, lazy }: Node & { kind: 'repeat' }, steps: Step[]): void {
  for (let i = 0; i < min; i++) emit(of, steps);
  const skips: (() => void)[] = [];
  const optional = (): { op: 'split'; first: number; second: number } => {
    const split = { op: 'split' as const, first: steps.length + 1, second: steps.length + 1 };
    steps.push(split);
    skips.push(() => {
      if (lazy) split.first = steps.length;
      else split.second = steps.length;
    });
    return split;
  };
  if (max === Infinity) {
    const start = steps.length;
    optional();
    emit(of, steps);
    steps.push({ op: 'jump', to: start });
  } else {
    for (let i = min; i < max; i++) {
      optional();
      emit(of, steps);
    }
  }
  for (const skip of skips) skip();
}

const known = new Map<string, Regex>();
const mostKnown = 1000;

/** The compiled pattern, kept: schemas and policies ask the same ones again and again. @throws Error for a pattern that is none. */
export function regexOf(pattern: string): Regex {
  const found = known.get(pattern);
  if (found) return found;
  const made = new Regex(pattern);
  if (known.size >= mostKnown) known.clear();
  known.set(pattern, made);
  return made;
}
