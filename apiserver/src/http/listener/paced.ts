/** What is begun in one turn of the event loop, at most. */
const perTurn = 32;

/**
 * Gives a function that begins what it is given, in order and little at a time. Else a hundred writes that come together would all be worked on
 * before the first is answered, and whoever asked or watches would have nothing to do meanwhile (docs/decisions/what-a-request-costs.md).
 */
export function paced(): (begin: () => void) => void {
  const waiting: (() => void)[] = [];
  let begun = 0;
  const nextTurn = (): void => {
    const now = waiting.splice(0, perTurn);
    begun = now.length;
    if (begun > 0) setImmediate(nextTurn);
    for (const begin of now) begin();
  };
  return (begin) => {
    if (begun === perTurn) {
      waiting.push(begin);
      return;
    }
    if (begun === 0) setImmediate(nextTurn);
    begun += 1;
    begin();
  };
}
