import type { Overload } from './declare.ts';
import { noSuchOverload } from './overload-errors.ts';
import type { CelType } from './types.ts';
import { fits } from './values.ts';

/** Chooses by the values: what types chose may still not fit them, where types were not known. Mostly it is the one of the last time. */
export function chooser(overloads: readonly Overload[]): (args: readonly unknown[]) => Overload {
  let last: Overload | undefined;
  return (args) => {
    if (last && takes(last, args)) return last;
    last = overloads.find((one) => takes(one, args));
    if (!last) throw noSuchOverload(overloads[0]?.name ?? '', args);
    return last;
  };
}

function takes({ params, unguarded }: Overload, args: readonly unknown[]): boolean {
  return unguarded ?? params.every((type, i) => fits(args[i], type));
}

export function takesAll(kind: string): boolean {
  return kind === 'dyn' || kind === 'param';
}

export function isCertain(type: CelType | undefined): boolean {
  if (type?.kind === 'list') return isCertain(type.of);
  if (type?.kind === 'map') return isCertain(type.key) && isCertain(type.value);
  return type !== undefined && !['dyn', 'error', 'param', 'null'].includes(type.kind);
}
