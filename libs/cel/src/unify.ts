import { type CelType, dyn, sameType } from './types.ts';

/** What types stand for that were not known. What was found since a mark can be forgotten again. */
class Found {
  readonly #types = new Map<string, CelType>();
  /** What each was before it was set, in order. */
  readonly #before: (readonly [name: string, type: CelType | undefined])[] = [];

  get(name: string): CelType | undefined {
    return this.#types.get(name);
  }

  set(name: string, type: CelType): void {
    this.#before.push([name, this.#types.get(name)]);
    this.#types.set(name, type);
  }

  get mark(): number {
    return this.#before.length;
  }

  forget(mark: number): void {
    for (const [name, type] of this.#before.splice(mark).reverse()) {
      if (type) this.#types.set(name, type);
      else this.#types.delete(name);
    }
  }
}

type Known = Pick<ReadonlyMap<string, CelType>, 'get'>;

/**
 * Types that are not known before, as those of the elements of `[]` and of functions that take any. What they stand for is found out along
 * the expression; what fits depends on what came before, in upstream's order.
 */
export class Unifier {
  readonly #found = new Found();
  #count = 0;

  /** A type that may still be any. */
  unknown(): CelType {
    return { kind: 'param', name: `_var${this.#count++}` };
  }

  /** Whether the first of each pair may stand for the second. What that tells of unknown types is kept when all may. */
  fits(pairs: readonly (readonly [CelType, CelType])[]): boolean {
    const { mark } = this.#found;
    const fit = pairs.every(([from, to]) => assignable(this.#found, from, to));
    if (!fit) this.#found.forget(mark);
    return fit;
  }

  /** The type as far as it is known. */
  known(type: CelType): CelType {
    return substitute(this.#found, type);
  }

  /** The type, any where it is still not known. */
  settled(type: CelType): CelType {
    return substitute(this.#found, type, dyn);
  }
}

/** A signature's type with types for its parameters. */
export function instantiate(type: CelType, parameters: ReadonlyMap<string, CelType>): CelType {
  return parameters.size === 0 ? type : substitute(parameters, type);
}

function isFree({ kind }: CelType): boolean {
  return kind === 'dyn' || kind === 'error';
}

function assignable(found: Found, from: CelType, to: CelType): boolean {
  if (to.kind === 'param') {
    const answer = bind(found, from, to);
    if (answer !== undefined) return answer;
  }
  if (from.kind === 'param') return bind(found, to, from) ?? false;
  if (isFree(from) || isFree(to)) return true;
  if (from.kind === 'null') return takesNull(to);
  if (to.kind === 'null') return takesNull(from);
  const [inside, other] = [partsOf(from), partsOf(to)];
  if (from.kind !== to.kind || nameOf(from) !== nameOf(to)) return false;
  return from.kind === 'type' || inside.every((part, i) => assignable(found, part, other[i] ?? dyn));
}

/** Whether the parameter may stand for the type; undefined when nothing says so, nor against it. */
function bind(found: Found, type: CelType, parameter: CelType & { kind: 'param' }): boolean | undefined {
  if (sameType(type, parameter)) return true;
  const known = found.get(parameter.name);
  if (!known) {
    if (mentions(found, parameter, type)) return undefined;
    found.set(parameter.name, type);
    return true;
  }
  if (sameType(type, known)) return true;
  if (!assignable(found, type, known)) return false;
  const wider = moreGeneral(type, known);
  if (!mentions(found, parameter, wider)) found.set(parameter.name, wider);
  return true;
}

/** Whether a type is made of a parameter, so that it cannot be what the parameter stands for. */
function mentions(found: Known, parameter: CelType, type: CelType): boolean {
  if (sameType(parameter, type)) return true;
  if (type.kind !== 'param') return partsOf(type).some((part) => mentions(found, parameter, part));
  const known = found.get(type.name);
  return known !== undefined && mentions(found, parameter, known);
}

/** Null may stand for what can be absent in upstream's protocol buffers. */
function takesNull({ kind }: CelType): boolean {
  return ['null', 'object', 'timestamp', 'duration', 'opaque', 'optional'].includes(kind);
}

/** The less telling of two types that fit each other. */
export function moreGeneral(a: CelType, b: CelType): CelType {
  return isLess(a, b) ? a : b;
}

/** Whether the first says no more than the second. */
function isLess(a: CelType, b: CelType): boolean {
  if (a.kind === 'dyn' || a.kind === 'param') return true;
  if (b.kind === 'dyn' || b.kind === 'param' || a.kind !== b.kind || nameOf(a) !== nameOf(b)) return false;
  const other = partsOf(b);
  return a.kind === 'type' || partsOf(a).every((part, i) => isLess(part, other[i] ?? dyn));
}

function nameOf(type: CelType): string {
  return 'name' in type ? type.name : type.kind;
}

function partsOf(type: CelType): readonly CelType[] {
  if (type.kind === 'map') return [type.key, type.value];
  return 'of' in type && type.of ? [type.of] : [];
}

/** @param rest what parameters become that stand for nothing yet; they stay when there is none. */
function substitute(found: Known, type: CelType, rest?: CelType): CelType {
  if (type.kind === 'param') {
    const known = found.get(type.name);
    return known ? substitute(found, known, rest) : (rest ?? type);
  }
  if (type.kind === 'map') {
    const [key, value] = [substitute(found, type.key, rest), substitute(found, type.value, rest)];
    return key === type.key && value === type.value ? type : { ...type, key, value };
  }
  if (!('of' in type) || !type.of) return type;
  const of = substitute(found, type.of, rest);
  return of === type.of ? type : { ...type, of };
}
