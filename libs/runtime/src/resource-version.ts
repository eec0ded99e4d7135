/**
 * Whether revision `a` is later than `b`. Revisions are decimal numbers of any length; of others nothing is known and false is said.
 */
export function isLater(a: string, b: string): boolean {
  if (!isNumber(a) || !isNumber(b)) return false;
  return a.length === b.length ? a > b : a.length > b.length;
}

/** Whether everything up to revision `wanted` has been seen by one who is at `at`. */
export function hasReached(at: string, wanted: string): boolean {
  return at === wanted || isLater(at, wanted);
}

function isNumber(text: string): boolean {
  return /^[1-9]\d*$|^0$/.test(text);
}
