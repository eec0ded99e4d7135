/** 32 bits that tell flows apart: FNV-1a over the UTF-16 units of `text`, from `seed` on. */
export function hashOf(text: string, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * Shuffle sharding: shows `visit` as many as `size` different cards of 0 … `deck` − 1, until it answers true; always the same for a flow
 * and as good as drawn by chance. Two flows seldom have the same hand, so a quiet one nearly always has a queue to itself.
 */
export function deal(flow: number, deck: number, size: number, visit: (card: number) => boolean): void {
  const hand: number[] = [];
  const wanted = Math.min(size, deck);
  // Sooner or later each card is drawn: the sums run through all 32-bit numbers, and so do what they are scrambled to.
  for (let sum = flow; hand.length < wanted; sum = (sum + 0x9e3779b9) | 0) {
    const card = scramble(sum) % deck;
    if (hand.includes(card)) continue;
    if (visit(card)) return;
    hand.push(card);
  }
}

/** Spreads 32 bits over 32 bits: the last step of MurmurHash3. */
function scramble(value: number): number {
  let bits = value >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
