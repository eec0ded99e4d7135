import type { FlagSpec, FlagSpecs } from '../flags.ts';
import { globalFlags } from '../globals.ts';
import type { Verb, VerbEntry } from '../types.ts';

/** Where on a command line the cursor is. */
export interface Position {
  /** Names of the verbs that were called; empty before the first. */
  readonly path: readonly string[];
  readonly verb: Verb | undefined;
  /** Verbs that may be called next. */
  readonly entries: readonly VerbEntry[];
  /** Arguments before the cursor that are neither verbs nor flags. */
  readonly args: readonly string[];
  /** Values of the flags before the cursor, by long name. */
  readonly flags: ReadonlyMap<string, string>;
  /** The flag whose value is being written. */
  readonly flag: string | undefined;
  /** The beginning of what is being written. */
  readonly current: string;
  readonly specs: FlagSpecs;
  /** After `--`, where nothing is a flag. */
  readonly beyond: boolean;
  /** Whether a flag was given that the verb does not know, and whether one that is its own. */
  readonly unknown: boolean;
  readonly changesVerb: boolean;
}

/** Reads the words before the cursor; the last of them is the one being written. */
export async function locate(words: readonly string[], verbs: readonly VerbEntry[]): Promise<Position> {
  const last = words.at(-1) ?? '';
  const { waiting, ...found } = await readWords(words.slice(0, -1), verbs);
  const { verb, entries, args, flags, beyond } = found;
  const [, long, attached] = beyond ? [] : (/^--([^=]+)=(.*)$/s.exec(last) ?? []);
  const specs = specsOf(verb);
  const given = [...flags.keys(), ...(long === undefined ? [] : [long])];
  return {
    ...{ ...found, current: attached ?? last, specs, flag: long ?? waiting },
    entries: args.length === 0 && !beyond ? entries : [],
    unknown: given.some((name) => !Object.hasOwn(specs, name)),
    changesVerb: given.some((name) => Object.hasOwn(verb?.flags ?? {}, name)),
  };
}

interface Read extends Pick<Position, 'path' | 'verb' | 'entries' | 'args' | 'flags' | 'beyond'> {
  /** The flag whose value is to come next. */
  readonly waiting: string | undefined;
}

async function readWords(words: readonly string[], verbs: readonly VerbEntry[]): Promise<Read> {
  const path: string[] = [];
  const args: string[] = [];
  const flags = new Map<string, string>();
  let beyond = false;
  let [verb, entries, waiting]: [Verb | undefined, readonly VerbEntry[], string | undefined] = [undefined, verbs, undefined];
  for (const word of words) {
    if (waiting !== undefined) {
      flags.set(waiting, word);
      waiting = undefined;
    } else if (word === '--' && !beyond) {
      beyond = true;
    } else if (word.startsWith('-') && word !== '-' && !beyond) {
      waiting = noteFlag(word, specsOf(verb), flags);
    } else {
      const entry = args.length === 0 ? entries.find(({ name, aliases }) => name === word || aliases?.includes(word)) : undefined;
      if (!entry) args.push(word);
      else {
        verb = await entry.load();
        path.push(entry.name);
        entries = verb.subverbs ?? [];
      }
    }
  }
  return { path, verb, entries, args, flags, waiting, beyond };
}

function specsOf(verb: Verb | undefined): FlagSpecs {
  return { ...globalFlags, ...verb?.flags };
}

/** Notes a flag, and returns its name when its value is yet to come. */
function noteFlag(word: string, specs: FlagSpecs, flags: Map<string, string>): string | undefined {
  const at = word.indexOf('=');
  const text = at === -1 ? word : word.slice(0, at);
  const short = ([, spec]: [string, FlagSpec]): boolean => spec.short === text[1];
  const found = text.startsWith('--') ? text.slice(2) : (Object.entries(specs).find(short)?.[0] ?? text);
  const attached = at !== -1 ? word.slice(at + 1) : text.startsWith('--') ? '' : text.slice(2);
  const spec = specs[found];
  if (spec && takesValue(spec) && attached === '' && at === -1) return found;
  flags.set(found, attached);
  return undefined;
}

function takesValue(spec: FlagSpec): boolean {
  return spec.type !== 'bool' && !('implied' in spec);
}
