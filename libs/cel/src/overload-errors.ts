import { EvaluationError } from './errors.ts';
import { kindOf, typeNameOf } from './values.ts';

const added = ['int', 'uint', 'double', 'string', 'bytes', 'list', 'duration', 'timestamp'];
const numbers = ['int', 'uint', 'double'];
const ordered = ['bool', ...numbers, 'string', 'bytes', 'duration', 'timestamp'];

/** What operators take on their left. */
const operands: Readonly<Record<string, readonly string[]>> = {
  ...{ '_+_': added, '_-_': [...numbers, 'duration', 'timestamp'], '_*_': numbers, '_/_': numbers, '_%_': ['int', 'uint'] },
  ...{ '-_': ['int', 'double'], '_<_': ordered, '_<=_': ordered, '_>_': ordered, '_>=_': ordered, size: [], sort: [] },
};

const plain = new Set(['!_', '@in', '_[_]', 'contains', 'startsWith', 'endsWith', 'matches']);
/** These are asked themselves, and say no more. */
const receivers = ['string', 'timestamp', 'duration'];

/** Why a function cannot be called with these values, in upstream's words, which tell more or less by how it finds the function. */
export function noSuchOverload(name: string, args: readonly unknown[]): EvaluationError {
  const words = 'no such overload';
  const types = args.map(typeNameOf);
  if (plain.has(name) || (operands[name] && [...operands[name], ...receivers].includes(kindOf(args[0])))) return new EvaluationError(words);
  return new EvaluationError(operands[name] ? `${words}: ${name}` : `${words}: ${name}(${types.join(', ')})`);
}
