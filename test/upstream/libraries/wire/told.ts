/** What an answer comes to: an object or text, what strict reading complains of, or why there is none. */
export interface Told {
  readonly value?: unknown;
  readonly faults?: readonly string[];
  readonly error?: string;
}

/** Both answers, reduced to where they differ when both are objects: whole ones would tell nobody anything. */
export function apart(theirs: Told, ours: Told): readonly [theirs: Told, ours: Told] {
  if (theirs.error !== undefined || ours.error !== undefined) return theirs.error === ours.error ? [{}, {}] : [only(theirs), only(ours)];
  const [a, b] = [leaves(theirs.value), leaves(ours.value)];
  const places = [...new Set([...a.keys(), ...b.keys()])].filter((place) => a.get(place) !== b.get(place)).slice(0, most);
  const at = (from: ReadonlyMap<string, string>): unknown =>
    Object.fromEntries(places.map((place) => [place, from.get(place) ?? 'absent']));
  const same = JSON.stringify(theirs.faults ?? []) === JSON.stringify(ours.faults ?? []);
  const told = (from: ReadonlyMap<string, string>, { faults = [] }: Told): Told => ({ value: at(from), ...(same ? {} : { faults }) });
  return [told(a, theirs), told(b, ours)];
}

/** Places that are shown of many that differ. */
const most = 4;

function only({ error, faults }: Told): Told {
  return error === undefined ? { value: 'an object', ...(faults ? { faults } : {}) } : { error };
}

/** Every value that holds no other, by its place, as JSON. */
function leaves(value: unknown, at = '', found = new Map<string, string>()): ReadonlyMap<string, string> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entries.length === 0) found.set(at, JSON.stringify(value) ?? 'absent');
  for (const [name, inner] of entries) leaves(inner, `${at}/${name}`, found);
  return found;
}
