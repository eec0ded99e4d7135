import type { Cost } from './costs.ts';
import { type CelType, parseType, splitTypes, typeText } from './types.ts';

/** One way to call a function. */
export interface Overload {
  readonly name: string;
  /** Called on its first argument. */
  readonly member: boolean;
  /** The receiver first. */
  readonly params: readonly CelType[];
  /** Names of types that may be any. */
  readonly parameters: readonly string[];
  readonly result: CelType;
  run(args: readonly unknown[]): unknown;
  readonly cost?: Cost;
  /** Values are given to it as they are: it knows itself what to do with others than types promise. */
  readonly unguarded?: true;
}

/** Functions by name. */
export type Functions = ReadonlyMap<string, readonly Overload[]>;

/**
 * A function by its signature: `size(string): int`, or for a method `list<T>.sum(): T`.
 * @param run given the receiver first. @throws EvaluationError when it cannot be computed.
 */
export function fn<A extends readonly unknown[]>(signature: string, run: (...args: A) => unknown, cost?: Cost): Overload {
  const [, head = '', inside = '', result = ''] = /^(.*?)\(([^()]*)\): (.*)$/.exec(signature) ?? [];
  const { receiver, name } = split(head);
  const params = [...(receiver === undefined ? [] : [receiver]), ...splitTypes(inside)].map(parseType);
  return {
    ...{
      name,
      member: receiver !== undefined,
      params,
      result: parseType(result),
      parameters: parametersOf([...params, parseType(result)]),
    },
    ...(cost ? { cost } : {}),
    run: (args) => run(...(args as A)),
  };
}

function parametersOf(params: readonly CelType[]): readonly string[] {
  const names = params
    .map((type) => typeText(type))
    .join()
    .match(/\b[A-Z]\b/g);
  return [...new Set(names)];
}

/** The receiver's type and the function's name. `math.abs` is a name: what stands before its dot is no type. */
function split(head: string): { receiver?: string; name: string } {
  const dot = head.lastIndexOf('.');
  if (dot < 0 || namespaces.has(head.slice(0, dot))) return { name: head };
  return { receiver: head.slice(0, dot), name: head.slice(dot + 1) };
}

const namespaces = new Set(['sets', 'lists', 'ip', 'format', 'jsonpatch', 'cel', 'optional', 'strings']);

/** The same function with several signatures. */
export function each<A extends readonly unknown[]>(signatures: readonly string[], run: (...args: A) => unknown, cost?: Cost): Overload[] {
  return signatures.map((signature) => fn(signature, run, cost));
}

export function functions(...libraries: readonly (readonly Overload[])[]): Functions {
  const found = new Map<string, Overload[]>();
  for (const overload of libraries.flat()) found.set(overload.name, [...(found.get(overload.name) ?? []), overload]);
  return found;
}
