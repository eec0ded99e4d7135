import { randomBytes, randomUUID } from 'node:crypto';

/** Chance is an argument: everything that draws receives a `Random`. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** An RFC 4122 version 4 identifier, as in `metadata.uid`. */
  uuid(): string;
}

export const systemRandom: Random = {
  next: () => drawn(6).readUIntBE(0, 6) / 2 ** 48,
  uuid: () => randomUUID(),
};

/** Bytes from the system that nobody was given yet: asking it costs more than a name is long. */
let pool = Buffer.alloc(0);

function drawn(size: number): Buffer {
  if (pool.length < size) pool = randomBytes(4096);
  const bytes = pool.subarray(0, size);
  pool = pool.subarray(size);
  return bytes;
}

/** A repeatable sequence from one seed (mulberry32), for tests and simulations. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const hex = (digits: number): string => Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join('');
  return { next, uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[Math.floor(next() * 4)]}${hex(3)}-${hex(12)}` };
}

const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** `length` characters of the alphabet Kubernetes uses for generated names: no vowels, no 0, 1 or 3. */
export function randomSuffix(random: Random, length = 5): string {
  return Array.from({ length }, () => alphabet[Math.floor(random.next() * alphabet.length)]).join('');
}
