/** `a=b` and the like, as what they say. @param problem what is said before one that is no pair. @throws Error for such a one. */
export function pairsOf(texts: readonly string[], problem: string): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new Error(`${problem}: ${text}`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

/** The labels of `--labels=a=b,c=d`. @throws Error in kubectl's words. */
export function labelsOf(text: string): Record<string, string> {
  const texts = text.split(',');
  if (texts.some((each) => each.startsWith('='))) throw new Error('unexpected empty label key');
  return pairsOf(texts, 'unexpected label spec');
}
